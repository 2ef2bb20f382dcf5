"""A half year with 45 units, each month mails with workbooks: what digest, bulletin, summary workbook, the letters to
the leads of the groups and the screen say of the county is what was sent, counted by hand here.

The model below knows what each unit sent and when, and nothing of the program. Towns 0 to 8 report from June on, town 9
from September; town 3 sends nothing for August and town 5 nothing for October, town 4 is late each month; town 7 has
registered nothing. Every second department reports.
"""

import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest

from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.reporting.board import board_context, page
from bot.jobs.reporting.bulletins import document_of, edition, summary_of
from bot.jobs.reporting.digesting import digest
from bot.jobs.reporting.group_reports import report_to_groups
from bot.record import people, schema
from tests import mails
from tests.books import MERGES, RULES, official
from tests.bots import (
    appoint,
    archived,
    at,
    build_hasty,
    config,
    first_run,
    flat,
    letters,
    never,
    read_mailbox,
    rows,
)
from tests.cases import parts

TOWNS = [unit.name for unit in RULES.units.units if unit.kind == "town"]
DEPARTMENTS = [unit.name for unit in RULES.units.units if unit.kind == "department"]
MONTHS = ["2017-06", "2017-07", "2017-08", "2017-09", "2017-10", "2017-11"]
MONDAYS = ["2017-07-10", "2017-08-07", "2017-09-11", "2017-10-09", "2017-11-06", "2017-12-11"]
TO_GROUPS = ["2017-07-12", "2017-08-11", "2017-09-12", "2017-10-13", "2017-11-10", "2017-12-12"]
LABELS = ["规模以上企业", "高危企业", "其他生产经营单位", "全部生产经营单位"]
BEGAN, ENDS = date(2017, 5, 30), [date(2017, 12, 31), date(2017, 12, 31), date(2018, 12, 31), date(2017, 12, 31)]
ASKED = [100, 100, 100, 50]
BASES = {town: [40 + i, 20 + i, 100 + 3 * i] for i, town in enumerate(TOWNS) if i != 7}
Sums = list[int]


def sent(unit: str, n: int) -> Sums | None:
    """By category, of the month number n; None where nothing was sent."""
    if unit in DEPARTMENTS:
        i = DEPARTMENTS.index(unit)
        return None if i % 2 else [i % 3 + n, i % 2, 4 + n]
    i = TOWNS.index(unit)
    if (i == 9 and n < 3) or (i, n) in ((3, 2), (5, 4)):
        return None
    return [5 + i + 3 * n, 4 + 2 * n, 20 + 2 * i + (0 if i == 6 else 7 * n)]


def counts(unit: str, n: int) -> Sums | None:
    """What counts of a unit for month n: the last that it sent; with all together as the fourth."""
    found = [s for m in range(n + 1) if (s := sent(unit, m))]
    return [*found[-1], sum(found[-1])] if found else None


def rate(part: int, whole: int, target: int) -> str:
    percent = Decimal(part) * 100 / Decimal(whole)
    shown = percent.quantize(Decimal("0.1"), ROUND_HALF_UP)
    if any(percent < limit <= shown for limit in (target, 100)):
        shown = percent.quantize(Decimal("0.1"), ROUND_DOWN)
    return f"{shown}".removesuffix(".0") + "%"


def last_day(month: str) -> date:
    year, number = int(month[:4]), int(month[5:])
    return date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)


def lag(part: int, whole: int, k: int, on: date) -> str:
    asked = Decimal(ASKED[k]) * (on - BEGAN).days / (ENDS[k] - BEGAN).days
    short = (asked - Decimal(part) * 100 / whole) / ASKED[k] * 100
    return "进度严重滞后" if short >= 30 else "进度滞后" if short >= 10 else "进度正常"


def grown(by: int, since: str) -> str:
    return f"与{since}持平" if by == 0 else f"比{since}{'增加' if by > 0 else '减少'}{abs(by)}家"


def progress(n: int) -> list[str]:
    """The four lines of the county, as the digest says them."""
    now = {town: s for town in TOWNS if (s := counts(town, n))}
    before = {town: s for town in TOWNS if n and (s := counts(town, n - 1))}
    rated = [town for town in now if town in BASES]
    lines = []
    for k, label in enumerate(LABELS):
        said = f"{label}：已达标{sum(s[k] for s in now.values())}家"
        if before:
            said += "，" + grown(sum(now[town][k] - before[town][k] for town in before), "上次周报")
        part = sum(now[town][k] for town in rated)
        whole = sum(BASES[town][k] if k < 3 else sum(BASES[town]) for town in rated)
        said += f"，按其中已登记基础数的{len(rated)}个镇（街、区）计算：已达标{part}家，基础数{whole}家"
        said += f"，达标率{rate(part, whole, ASKED[k])}"
        end, gap = ENDS[k], -(-ASKED[k] * whole // 100) - part
        left = (end.year - 2017) * 12 + end.month - int(MONTHS[n][5:])
        said += f"，目标为{end.year}年{end.month}月{end.day}日前达到{ASKED[k]}%，"
        if gap <= 0:
            said += "已达到目标。"
        else:
            month = "最后一个月需新增" if left == 1 else "每月需新增"
            said += f"还差{gap}家，{month}{-(-gap // left)}家，{lag(part, whole, k, last_day(MONTHS[n]))}。"
        lines.append(said)
    return lines


def over_whom(n: int) -> str:
    now = [town for town in TOWNS if counts(town, n)]
    silent = [town for town in TOWNS if town not in now]
    carried = sum(sent(town, n) is None for town in now)
    said = f"以下各数为{'已报送的' if silent else '全部'}{len(now)}个镇（街、区）合计"
    said += f"（其中{carried}个沿用以前月份数）" if carried else ""
    said += f"，尚未报送的{'、'.join(silent)}未计入。" if silent else "。"
    new = [town for town in now if n and not counts(town, n - 1)]
    if new:
        first = sum((counts(town, n) or [0] * 4)[3] for town in new)
        said += f"增减只比较两次均有数字的单位，另有{len(new)}个镇（街、区）首次报送，共{first}家，不计为增加。"
    return said


def departments(n: int) -> str:
    found = [s[3] for unit in DEPARTMENTS if (s := counts(unit, n))]
    apart = sum(found) - sum(s[3] for town in TOWNS if (s := counts(town, n)))
    silent = len(DEPARTMENTS) - len(found)
    return (
        f"县直部门填报合计{sum(found)}家（已报送{len(found)}个，尚未报送{silent}个），"
        f"比镇（街、区）合计{'多' if apart > 0 else '少'}{abs(apart)}家；与镇（街、区）所报范围相同，"
        "仅供核对，不计入全县合计。"
    )


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build_hasty(config(tmp_path)) as made:
        first_run(made, at("2017-06-01T09:00"))
        appoint(made, *((unit, "某某", address(unit)) for unit in (*TOWNS, *DEPARTMENTS)))
        with made.record.begin() as conn:
            for town, (above, risk, other) in BASES.items():
                base = {"above_scale": above, "high_risk": risk, "other": other}
                people.register_base(conn, town, "annex4", base, at("2017-06-08T10:00"))
        yield made


def send(bot: Bot, n: int) -> None:
    after = "2017-" + f"{int(MONTHS[n][5:]) + 1:02d}"
    for unit in (*TOWNS, *DEPARTMENTS):
        if s := sent(unit, n):
            day = "06T07:00" if unit == TOWNS[4] else "03T10:00"
            archived(bot, report(unit, n, s), at(f"{after}-{day}"))
    tally = work(bot, at(f"{after}-06T08:00"), never)
    expected = sum(sent(unit, n) is not None for unit in (*TOWNS, *DEPARTMENTS))
    assert (tally.worked, tally.failed) == (expected, 0)
    of_month = [row for row in rows(bot, schema.report) if row.period == MONTHS[n]]
    assert [row.outcome for row in of_month] == ["accepted"] * expected


def address(unit: str) -> str:
    return f"{(TOWNS + DEPARTMENTS).index(unit)}@units.test"


def report(unit: str, n: int, s: Sums) -> bytes:
    """The mail of a unit with its workbook: what it has in a category stands at one level."""
    month = int(MONTHS[n][5:])
    form = official([0, s[0], 0, 0, 0, s[1], 0, 0, 0, 0, 0, s[2]], sums=s, total=sum(s), unit=unit)
    form[1], form[2][-1] = [f"（截至{month}月）"], f"填报时间：2017年{month + 1}月3日"
    book = parts.workbook(("附件4", form, MERGES))
    return mails.mail(address(unit), f"{unit}{month}月附件4", ("附件4.xlsx", book))


def test_every_number_of_the_county_is_what_was_sent(bot: Bot) -> None:
    for n, monday in enumerate(MONDAYS):
        now = at(f"{monday}T08:35")
        send(bot, n)
        # the digest: this and nothing else between the heading and the groups
        assert digest(bot, now)
        told = flat([row for row in letters(bot) if row.letter == "digest"][-1].mime)
        county = told.partition("【达标进度】")[2].partition("【各督查组")[0]
        assert county == over_whom(n) + "".join(progress(n)) + departments(n), MONTHS[n]
        the_bulletin_says(bot, n, now)
        the_summary_says(bot, n, now)
        the_groups_are_told(bot, n, at(f"{TO_GROUPS[n]}T09:30"))
        the_screen_says(bot, n, now)


def the_bulletin_says(bot: Bot, n: int, now: Any) -> None:
    with bot.record.read() as conn:
        document = docx.Document(io.BytesIO(document_of(bot, edition(bot, conn, MONTHS[n], now))))
    levels, targets, towns, others = [[[c.text for c in r.cells] for r in t.rows][1:] for t in document.tables]
    units = {town: counts(town, n) for town in TOWNS}
    before = {town: counts(town, n - 1) if n else None for town in TOWNS}
    for k in range(4):
        both = [(b, u) for town in TOWNS if (b := before[town]) and (u := units[town])]
        old, new = sum(b[k] for b, _ in both), sum(u[k] for _, u in both)
        whole = sum(s[k] for s in units.values() if s)
        assert levels[k][-3:] == [str(whole), *([str(old), str(new - old)] if both else ["—", "—"])]
        if k < 3:  # what is all of a category stands at its second level, or in its last column
            at_level = ["0", "0", "0", str(whole)] if k == 2 else ["0", str(whole), "0", "0"]
            assert levels[k][1:5] == at_level
        part, base, gap = of_county(n, k)
        day = f"{ENDS[k].year}年{ENDS[k].month}月{ENDS[k].day}日"
        said = [str(part), str(base), rate(part, base, ASKED[k]), f"{ASKED[k]}%", day]
        assert targets[k][1:6] == said
        assert targets[k][6] == (str(gap) if gap > 0 else "已达到")
    shown = {row[1]: row for row in (*towns, *others)}
    for unit in (*TOWNS, *DEPARTMENTS):
        s, b = counts(unit, n), counts(unit, n - 1) if n else None
        row = shown[unit]
        assert row[2:6] == ([str(x) for x in s] if s else ["—"] * 4)
        assert row[6] == (str(s[3] - b[3]) if s and b and sent(unit, n) else "—")
        base = sum(BASES[unit]) if unit in BASES else 0
        assert row[7] == (rate(s[3], base, 50) if s and base else "—")
    exact = {t: Decimal(s[3]) / sum(BASES[t]) for t in BASES if sent(t, n) and (s := counts(t, n))}
    assert {u: row[0] for u, row in shown.items()} == {
        u: str(1 + sum(x > exact[u] for x in exact.values())) if u in exact else "—" for u in shown
    }


def of_county(n: int, k: int) -> tuple[int, int, int]:
    """Of the towns that have a number and a base: reached, base, and what is missing to the target."""
    rated = [(s, BASES[town]) for town in BASES if (s := counts(town, n))]
    part = sum(s[k] for s, _ in rated)
    base = sum(b[k] if k < 3 else sum(b) for _, b in rated)
    return part, base, -(-ASKED[k] * base // 100) - part


def the_summary_says(bot: Bot, n: int, now: Any) -> None:
    """The workbook beside the bulletin: its values, and what its formulas add up."""
    with bot.record.read() as conn:
        book = openpyxl.load_workbook(io.BytesIO(summary_of(bot, edition(bot, conn, MONTHS[n], now))))
    levels, growth, targets, ranks = ([list(r) for r in book[s].values] for s in ("汇总", "环比", "目标", "排名"))
    units = {unit: (counts(unit, n), counts(unit, n - 1) if n else None) for unit in (*TOWNS, *DEPARTMENTS)}
    for unit, (s, before) in units.items():
        (row,) = [row for row in levels if row[1] == unit]
        assert [row[c] for c in (3, 8, 15)] == (s[:3] if s else [None] * 3), (unit, n)
        (row,) = [row for row in growth if row[1] == unit]
        assert [row[c] for c in (3, 6, 9)] == (s[:3] if s else [None] * 3), (unit, n)
        assert [row[c] for c in (2, 5, 8)] == (before[:3] if before else [None] * 3), (unit, n)
        (row,) = [row for row in ranks if row[2] == unit]
        assert row[3] == (s[3] if s else None)
        assert row[5] == (sum(BASES[unit]) if unit in BASES else None)
    for k, label in enumerate(LABELS):
        (row,) = [row for row in targets if row[0] == label]
        part, base, gap = of_county(n, k)
        assert row[1] == sum(s[k] for town in TOWNS if (s := units[town][0]))
        assert (row[2], row[4], row[9]) == (base, ASKED[k] / 100, part)
        assert f"{Decimal(str(row[3])) * 100:.1f}".removesuffix(".0") + "%" == rate(part, base, ASKED[k])
        assert row[6] == max(gap, 0)
        assert row[8] == sum(counts(town, n) is not None for town in BASES)


def the_groups_are_told(bot: Bot, n: int, now: Any) -> None:
    """Each lead of what its areas sent, and of nothing else."""
    read_mailbox(bot, now)
    assert report_to_groups(bot, now) == len(RULES.units.groups)
    told = {row.to: flat(row.mime) for row in letters(bot) if row.letter == "group_report"}
    for group in RULES.units.groups:
        text = told[address(group.lead)]
        arrived = [area for area in group.areas if sent(area, n)]
        late = [area for area in arrived if area == TOWNS[4]]
        said = f"应报{len(group.areas)}个单位，已报{len(arrived)}个"
        said += f"，其中按时{len(arrived) - len(late)}个" if arrived else ""
        assert said in text, (group.name, n)
        for area in group.areas:
            own = text.partition(f"【{area}】")[2].partition("【")[0]
            s, before = counts(area, n), counts(area, n - 1) if n else None
            if s is None:
                assert "尚无已登记的数字。" in own and "已达标" not in own
                continue
            for k, label in enumerate(LABELS):
                last = f"2017年{int(MONTHS[max((m for m in range(n) if sent(area, m)), default=0)][5:])}月"
                line = f"{label}：已达标{s[k]}家"
                line += "，" + grown(s[k] - before[k], last) if before and sent(area, n) else ""
                if area in BASES:
                    base = BASES[area][k] if k < 3 else sum(BASES[area])
                    line += f"，基础数{base}家，达标率{rate(s[k], base, ASKED[k])}" if sent(area, n) else ""
                assert line in own, (line, own)


def the_screen_says(bot: Bot, n: int, now: Any) -> None:
    shown = re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", page(bot, board_context(bot, now), now).partition("<body>")[2]))
    sums = [sum(s[k] for town in TOWNS if (s := counts(town, n))) for k in range(4)]
    for label, whole in zip(LABELS, sums, strict=True):
        assert f"{label}已达标{whole}家" in shown
    assert departments(n) in shown
    assert ("连续2个月零增长" in shown) is False  # 营丘's other enterprises stand still, its total does not
    assert (f"连续{n + 1}个月逾期" in shown) is (n > 0)  # town 4 is late each month

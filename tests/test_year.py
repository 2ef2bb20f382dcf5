"""A year of forty liaisons who write as people do: who heard what, and what counted, is told by a model.

The model knows each person's mails and nothing of the program. It says for every mail which letter its sender gets and
which line the office reads; for every reminder that the unit had not reported; and for every month what counts.
Scenes, words and clients are drawn at random, the same in each run. A few months of some units by default, June to June
of forty with BOT_SOAK=1.
"""

import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.jobs.attending import bundle
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.jobs.reporting.digesting import digest
from bot.record import schema, versions
from tests.books import RULES
from tests.bots import (
    FakeSender,
    appoint,
    archived,
    at,
    attentions,
    build_hasty,
    config,
    first_run,
    header,
    letters,
    never,
    read_mailbox,
    rows,
    text_of,
)
from tests.mails import CLIENTS, book, foxmail, mail

SOAK = os.environ.get("BOT_SOAK") == "1"
MONTHS = [f"2017-{m:02}" for m in range(6, 13)] + [f"2018-{m:02}" for m in range(1, 7)]
UNITS = [unit.name for unit in RULES.units.units]
UNITS = UNITS[:40] if SOAK else UNITS[4:16]
MONTHS = MONTHS if SOAK else MONTHS[:4]
STAFF = "staff@demo.test"
COUNTED = re.compile(r"附件4（截至(\d{4})年(\d+)月）：应报\d+，已报(\d+)")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


SAME = ("我单位本月无变化", "本月与上月一致，无新增", "没变化", "经核实无变化。", "数据不变", "无变化")
QUESTIONS = ("请问表格打不开怎么办？", "请问附件3还要报吗？", "请问“其他”一栏怎么填？")
THANKS = ("收到，谢谢！", "谢谢", "好的，收到。", "收到")
SUCCESSORS = ("王芳", "张伟", "刘洋", "陈静")


@dataclass
class Unit:
    """A unit's person as the model knows him: what counts of each month, and since when."""

    name: str
    address: str
    client: Callable[[str, str], str]
    extra: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)
    until: dict[str, datetime] = field(default_factory=dict)
    let_off: set[str] = field(default_factory=set)
    person: str = "李明"

    def passes_to(self, address: str, chance: random.Random) -> None:
        """Another person takes over, who writes with a program that does not sign for the first one."""
        self.person = chance.choice([name for name in SUCCESSORS if name != self.person])
        self.address, self.client = address, chance.choice([c for c in CLIENTS if c is not foxmail])


@dataclass
class Year:
    """The office, its forty units, and what was expected and was not."""

    bot: Bot
    chance: random.Random
    units: list[Unit]
    sender: FakeSender = field(default_factory=FakeSender)
    seen: int = 0

    def arrives(self, data: bytes, now: datetime) -> tuple[list[tuple[str, str]], list[str], list[str]]:
        """The letters that a mail leads to, the lines before the office, and what became of its reports."""
        before = [len(rows(self.bot, t)) for t in (schema.letter, schema.attention, schema.report)]
        archived(self.bot, data, now)
        tally = work(self.bot, now, never)
        assert tally.failed == 0
        made = letters(self.bot)[before[0] :]
        found = rows(self.bot, schema.report)[before[2] :]
        return (
            [(row.letter, row.to) for row in made],
            [kind for kind, _ in attentions(self.bot)[before[1] :]],
            [f"{row.outcome} {row.why}".strip() for row in found],
        )

    def hears(self, data: bytes, who: Unit | str, now: datetime, letter: str | None, *office: str) -> None:
        """A mail arrives: its sender gets this letter or none, the office reads these lines and no other."""
        to = who if isinstance(who, str) else who.address
        got, told, _ = self.arrives(data, now)
        wanted = [(letter, to)] if letter else []
        assert (got, sorted(told)) == (wanted, sorted(office)), (now, to, header(data, "Subject"))

    def answers(self, unit: Unit, own: str, *files: tuple[str, bytes], kinds: tuple[str, ...] = ()) -> bytes:
        """A reply to the last letter of these kinds, as its client quotes; a mail of its own where there is none."""
        to = [row for row in letters(self.bot) if row.to == unit.address and (not kinds or row.letter in kinds)]
        if not to:
            return mail(unit.address, "附件4", *files, text=own, message_id=self.number())
        subject, text = header(to[-1].mime, "Subject"), text_of(to[-1].mime)
        prefix = self.chance.choice(("回复：", "Re: ", "回复:", "答复: "))
        return mail(
            unit.address, prefix + subject, *files, text=unit.client(own, text), message_id=self.number(),
            headers={"In-Reply-To": header(to[-1].mime, "Message-ID")},
        )  # fmt: skip

    def noticed(self, mime: bytes, now: datetime) -> None:
        """The office's notice counts who has reported; it names nobody of them as missing, nor who has time yet."""
        text = text_of(mime)
        for about in re.split(r"(?=附件4《)", text)[1:]:
            found = re.search(r"截至(\d{4})年\s*(\d+)月", about)
            assert found
            month = f"{found[1]}-{int(found[2]):02}"
            reported = {unit.name for unit in self.units if month in unit.since}
            assert int(re.search(r"已报(\d+)个", about)[1]) == len(reported), (now, month)  # type: ignore[index]
            named = set(re.findall(r"^\d+\. (\S+?)（", about, re.M))
            later = {
                unit.name
                for unit in self.units
                if month in unit.let_off or (month in unit.until and now <= unit.until[month])
            }
            assert named and not named & (reported | later), (now, month)

    def orders(self, text: str, now: datetime) -> list[tuple[str, str]]:
        """An order of the staff by a mail of its own, confirmed when it is asked back. The letters that follow."""
        self.hears(mail(STAFF, "指令", text=text, message_id=self.number()), STAFF, now, "confirm_order")
        asked = [row for row in letters(self.bot) if row.letter == "confirm_order"][-1]
        confirms = self.chance.choice(("确认", "确认，请办理", "是", "同意", "ok"))
        subject, words = (
            f"回复：{header(asked.mime, 'Subject')}",
            self.chance.choice(CLIENTS)(confirms, text_of(asked.mime)),
        )
        data = mail(STAFF, subject, text=words, message_id=self.number(),
                    headers={"In-Reply-To": header(asked.mime, "Message-ID")})  # fmt: skip
        made, told, _ = self.arrives(data, now + MINUTE)
        assert told == []
        return sorted(made)

    def number(self) -> str:
        self.seen += 1
        return f"<{self.seen}@town.test>"

    def new_address(self) -> str:
        return f"n{self.chance.randrange(10**9)}@new.test"

    def morning(self, now: datetime) -> None:
        """What the calendar asks for. Nobody who has reported is reminded."""
        read_mailbox(self.bot, now)
        remind(self.bot, now)
        digest(self.bot, now)
        bundle(self.bot, now)
        before = len(self.sender.sent)
        send_due(self.bot, self.sender.open, now, never)
        by_mime = {row.mime: row for row in letters(self.bot)[-400:]}
        by_name = {unit.name: unit for unit in self.units}
        for to, mime, _ in self.sender.sent[before:]:
            row = by_mime[mime]
            if row.letter == "digest" and (said := COUNTED.search(header(mime, "Subject"))):
                month = f"{said[1]}-{int(said[2]):02}"
                assert int(said[3]) == sum(month in unit.since for unit in self.units), (now, header(mime, "Subject"))
            if row.letter == "overdue_notice":
                self.noticed(mime, now)
            if not row.letter.startswith("reminder"):
                continue
            for name, form, period, _ in row.obligations:
                unit = by_name[name]
                overdue = row.letter == "reminder_overdue" and form == "annex4" and period in unit.until
                assert not overdue or now > unit.until[period], (now, to, name, period)
                assert form != "annex4" or period not in unit.let_off, (now, to, name, period)
                assert form != "annex4" or period not in unit.since, (now, to, name, period, row.letter)


def file(unit: Unit, month: str, *, total: int = 32) -> tuple[str, bytes]:
    shown = f"{month[:4]}年{int(month[5:])}"
    return f"附件4（{unit.name}{int(month[5:])}月）.xlsx", book(unit.name, shown, total=total, extra=unit.extra)


# The scenes: what one person does about one month. Each is a list of (days after the month's end, what he does).
Act = Callable[[Year, Unit, str, datetime], None]
Step = tuple[float, Act]


def counted(unit: Unit, month: str, now: datetime) -> None:
    unit.counts[month] = unit.extra
    unit.since.setdefault(month, now)


def sends(year: Year, unit: Unit, month: str, now: datetime) -> None:
    unit.extra += year.chance.randrange(3)
    year.hears(year.answers(unit, "请查收。", file(unit, month)), unit, now, "receipt")
    counted(unit, month, now)


def sends_wrong(year: Year, unit: Unit, month: str, now: datetime) -> None:
    year.hears(year.answers(unit, "报表见附件", file(unit, month, total=39)), unit, now, "returned")


def sends_again(year: Year, unit: Unit, month: str, now: datetime) -> None:
    year.hears(year.answers(unit, "再发一次", file(unit, month)), unit, now, "duplicate")


def says_the_same(year: Year, unit: Unit, month: str, now: datetime) -> None:
    before = [m for m in unit.counts if m < month]
    asked = [row for row in letters(year.bot) if row.to == unit.address and _asks(row, month)]
    if not before or not asked or len(before) < MONTHS.index(month):
        sends(year, unit, month, now)
        return
    words, last = year.chance.choice(SAME), asked[-1]
    subject = f"回复：{header(last.mime, 'Subject')}"
    data = mail(unit.address, subject, text=unit.client(words, text_of(last.mime)), message_id=year.number(),
                headers={"In-Reply-To": header(last.mime, "Message-ID")})  # fmt: skip
    unit.extra = unit.counts[max(before)]
    year.hears(data, unit, now, "receipt")
    counted(unit, month, now)


def _asks(row: object, month: str) -> bool:
    about = [(form, period) for _, form, period, _ in row.obligations]  # type: ignore[attr-defined]
    return row.letter.startswith("reminder") and about == [("annex4", month)]  # type: ignore[attr-defined]


def asks(year: Year, unit: Unit, month: str, now: datetime) -> None:
    words = year.chance.choice(QUESTIONS)
    year.hears(mail(unit.address, "咨询", text=words, message_id=year.number()), unit, now, "noted", "liaison_question")


def thanks(year: Year, unit: Unit, month: str, now: datetime) -> None:
    year.hears(year.answers(unit, year.chance.choice(THANKS), kinds=("receipt",)), unit, now, None)


def forgets_the_file(year: Year, unit: Unit, month: str, now: datetime) -> None:
    words = f"您好，{int(month[5:])}月份报表已填好，请查收附件。"
    data = mail(unit.address, f"{int(month[5:])}月份报表", text=words, message_id=year.number())
    year.hears(data, unit, now, "no_attachment", "missing_attachment")


def is_away(year: Year, unit: Unit, month: str, now: datetime) -> None:
    data = mail(unit.address, "自动回复：您好", text="我正在休假。", message_id=year.number(),
                headers={"Auto-Submitted": "auto-replied"})  # fmt: skip
    year.hears(data, unit, now, None)


def sends_a_draft(year: Year, unit: Unit, month: str, now: datetime) -> None:
    data = year.answers(unit, "这是初稿，请勿登记。", file(unit, month))
    year.hears(data, unit, now, "waiting", "held_back")


def asks_for_time(year: Year, unit: Unit, month: str, now: datetime) -> None:
    data = mail(unit.address, "延期申请", text="我单位正在合并，能否晚几天报送？", message_id=year.number())
    year.hears(data, unit, now, "noted", "liaison_request")
    until = now.replace(day=10)
    made = year.orders(f"延期 {unit.name} {month} 至 {until:%Y-%m-%d} 单位合并", now + 5 * MINUTE)
    assert made == sorted([("decided", unit.address), ("orders", STAFF)])
    unit.until[month] = until.replace(hour=23, minute=59)


def hands_over(year: Year, unit: Unit, month: str, now: datetime) -> None:
    before, successor = unit.address, year.new_address()
    unit.passes_to(successor, year.chance)
    data = mail(before, "移交", text=f"移交 {unit.person} 13812345678 {successor}", message_id=year.number())
    year.hears(data, before, now, "waiting", "liaison")
    asked = [row.id for row in rows(year.bot, schema.attention) if row.kind == "liaison" and row.unit == unit.name][-1]
    made = year.orders(f"{asked} 通过", now + 5 * MINUTE)
    assert ("orders", STAFF) in made and {to for _, to in made} <= {STAFF, before, successor}


def telephones(year: Year, unit: Unit, month: str, now: datetime) -> None:
    unit.extra += 1
    figures = f"0 2 5 1 1 0 3 0 0 1 12 {7 + unit.extra}"
    made = year.orders(f"登记 {unit.name} {int(month[5:])}月 {figures}", now)
    assert made == sorted([("receipt", unit.address), ("orders", STAFF)])
    counted(unit, month, now)


def reports_zero(year: Year, unit: Unit, month: str, now: datetime) -> None:
    data = mail(unit.address, f"{int(month[5:])}月月报", text="零报告", message_id=year.number())
    year.hears(data, unit, now, "unclear")


def sends_the_month_before(year: Year, unit: Unit, month: str, now: datetime) -> None:
    before = MONTHS[MONTHS.index(month) - 1] if month != MONTHS[0] else ""
    if before not in unit.counts:
        return
    last, unit.extra = unit.extra, unit.counts[before]
    year.hears(year.answers(unit, "请查收。", file(unit, before)), unit, now, "duplicate")
    unit.extra = last


def takes_back(year: Year, unit: Unit, month: str, now: datetime) -> None:
    number = int(month[5:])
    data = mail(unit.address, f"撤回: 附件4（{unit.name}{number}月）", text="", message_id=year.number())
    year.hears(data, unit, now, "noted", "liaison_recall")
    made = year.orders(f"撤回 {unit.name} {number}月", now + 5 * MINUTE)
    assert made == sorted([("decided", unit.address), ("orders", STAFF)])
    del unit.counts[month], unit.since[month]


def asks_to_be_let_off(year: Year, unit: Unit, month: str, now: datetime) -> None:
    data = mail(unit.address, "申请免报", text="我单位正在合并，申请本月免报。", message_id=year.number())
    year.hears(data, unit, now, "noted", "liaison_request")
    mistyped = mail(STAFF, "指令", text=f"免抱 {unit.name} {month} 机构合并", message_id=year.number())
    year.hears(mistyped, STAFF, now + 2 * MINUTE, "orders")
    made = year.orders(f"免报 {unit.name} {month} 机构合并", now + 5 * MINUTE)
    assert made == sorted([("decided", unit.address), ("orders", STAFF)])
    unit.let_off.add(month)


def is_asked_after_all(year: Year, unit: Unit, month: str, now: datetime) -> None:
    """The office undoes its last order, which was about this unit, where nothing has come between."""
    made = year.orders("撤销", now)
    assert made == sorted([("decided", unit.address), ("orders", STAFF)])
    unit.let_off.remove(month)


def is_let_off_by_mistake(year: Year, unit: Unit, month: str, now: datetime) -> None:
    made = year.orders(f"免报 {unit.name} {month} 机构合并", now)
    assert made == sorted([("decided", unit.address), ("orders", STAFF)])
    unit.let_off.add(month)
    is_asked_after_all(year, unit, month, now + 5 * MINUTE)


def is_answered(year: Year, unit: Unit, month: str, now: datetime) -> None:
    asks(year, unit, month, now)
    number = rows(year.bot, schema.attention)[-1].id
    made = year.orders(f"{number} 回复 请用WPS打开，电话联系也可以", now + 5 * MINUTE)
    assert made == sorted([("relayed", unit.address), ("orders", STAFF)])


def has_a_successor(year: Year, unit: Unit, month: str, now: datetime) -> None:
    """He writes from an address that nobody knows; the office appoints him."""
    before, successor = unit.address, year.new_address()
    unit.passes_to(successor, year.chance)
    own = f"您好，以后由我联系。\n\n--\n{unit.person}\n{unit.name}\n13812345678"
    data = mail(successor, "您好", text=own, message_id=year.number())
    year.hears(data, successor, now, None, "stranger_words")
    made = year.orders(f"联络员 {unit.name} {unit.person} 13812345678 {successor}", now + 5 * MINUTE)
    assert made == sorted([("orders", STAFF), ("welcome", successor), ("thanks", before)])


def complains(year: Year, unit: Unit, month: str, now: datetime) -> None:
    data = mail(unit.address, "意见", text="你们的工作态度太差了。", message_id=year.number())
    year.hears(data, unit, now, None, "liaison_words")


def spam(year: Year, unit: Unit, month: str, now: datetime) -> None:
    year.hears(mail("shop@spam.test", "发票", text="代开发票", message_id=year.number()), "shop@spam.test", now, None)


def mornings(year: Year, _unit: Unit, _month: str, now: datetime) -> None:
    year.morning(now)


SCENES: tuple[tuple[int, tuple[Step, ...]], ...] = (
    (6, ((2, sends),)),
    (3, ((1.5, sends_wrong), (2.5, sends))),
    (5, ((4.4, says_the_same),)),
    (2, ((3, sends), (3.1, thanks))),
    (2, ((2, sends), (2.2, sends_again))),
    (2, ((2, asks), (4, sends))),
    (2, ((1, forgets_the_file), (3, sends))),
    (1, ((2, is_away), (9, sends))),
    (1, ((2, sends_a_draft), (3.5, sends))),
    (2, ((12, sends),)),
    (1, ((3, complains), (4, sends))),
    (1, ((2, spam), (2.1, sends))),
    (2, ((2, asks_for_time), (8.5, sends))),
    (1, ((1, hands_over), (3, sends))),
    (1, ((4, telephones),)),
    (1, ((2, reports_zero), (3, sends))),
    (1, ((2, sends_the_month_before), (3.5, sends))),
    (1, ((2, sends), (3, takes_back), (4, sends))),
    (1, ((3, asks_to_be_let_off),)),
    (1, ((2, is_let_off_by_mistake), (4, sends))),
    (1, ((2, is_answered), (4, sends))),
    (1, ((1, has_a_successor), (3, sends))),
    (1, ()),
)


@pytest.fixture
def year(tmp_path: Path) -> Iterator[Year]:
    chance = random.Random(20170605)
    campaign = {"first_period": MONTHS[0], "last_period": MONTHS[-1]}
    with build_hasty(config(tmp_path, campaign=campaign)) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        units = [Unit(name, f"p{n}@unit{n}.test", chance.choice(CLIENTS)) for n, name in enumerate(UNITS)]
        for unit in units:
            appoint(bot, (unit.name, "李明", unit.address))
        yield Year(bot, chance, units)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_year_of_people(year: Year) -> None:
    for month in MONTHS:
        first = at(f"{month}-25T09:00")  # the month's letters begin before its end
        ended = at(f"{month}-28T00:00").replace(day=1) + 32 * DAY
        ended = ended.replace(day=1)
        plan: list[tuple[datetime, int, Unit | None, Act]] = []
        for unit in year.units:
            (steps,) = year.chance.choices([s for _, s in SCENES], [w for w, _ in SCENES])
            for days, act in steps:
                now = ended + days * DAY + year.chance.randrange(540) * MINUTE / 10 + timedelta(hours=8)
                plan.append((now, len(plan), unit, act))
        for day in range((ended - first).days + 20):
            now = (first + day * DAY).replace(hour=9, minute=30)
            plan.append((now, len(plan), None, mornings))
        for now, _, who, act in sorted(plan, key=lambda item: item[:2]):
            act(year, who or year.units[0], month, now)
        with year.bot.record.read() as conn:
            for unit in year.units:
                found = versions.accepted(conn, "annex4", unit.name, month)
                got = found.numbers["other"]["ungraded"] - 7 if found else None
                assert got == unit.counts.get(month), (unit.name, month)
    assert sum(len(unit.counts) for unit in year.units) > len(MONTHS) * len(UNITS) * 2 // 3

"""A form that the code has never seen, from the workbook to the digest, by one file in rules/ alone.

Hazards found in a month: five kinds, three states, owed by the departments until the 25th of the same month. Of June
that is a Sunday: reminders on 06-21 and 06-23, then on 06-26, 06-28 and 07-04. July's is a Tuesday, due on 07-25.
"""

import io
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.__main__ import main
from bot.config import load_config
from bot.demo.filling import fill_in
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.jobs.reporting.digesting import digest
from bot.model.forms import Form
from bot.model.mail import Attachment
from bot.reading.documents import documents
from bot.reading.guard import Reader
from bot.record import schema
from bot.rules.forms import FormRule
from bot.rules.load import load_file
from tests.books import ANNEX4, Rows, Span, texts_of, values_of
from tests.bots import (
    ROOT,
    appoint,
    archived,
    at,
    build,
    config_file,
    files_of,
    first_run,
    flat,
    header,
    letters,
    never,
    read_mailbox,
    rows,
)
from tests.mails import book, mail
from tests.papers import html_table, para, word, word_table

HAZARDS = load_file(ROOT / "tests" / "forms" / "hazards.toml", FormRule)
EDU, FIN, TOWN = "教育局", "财政局", "五图街道"
LI, WANG, ZHAO = "li@edu.test", "wang@fin.test", "zhao@town.test"
STAFF = "staff@demo.test"
COUNTS = (1, 0, 2, 3, 0, 0, 0, 1, 0, 4, 2, 0, 0, 0, 5)  # 3, 3, 1, 6, 5: 18 in all
FEWER = (1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
OTHERS_WORDS = ("家", "累计", "达标", "截至", "附件4", "规模", "None")  # what only annex 4 says


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation as it ships, and one more file in its rules."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    shutil.copy(ROOT / "tests" / "forms" / "hazards.toml", tmp_path / "rules")
    return config_file(tmp_path / "office", paths={"rules": str(tmp_path / "rules")})


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(config: Path, reader: Reader) -> Iterator[Bot]:
    """Since the 12th of June, with a liaison at two departments and a town."""
    with build(load_config(config)) as made:
        first_run(made, at("2017-06-12T09:00"))
        appoint(made, (EDU, "李明", LI), (FIN, "王芳", WANG), (TOWN, "赵云", ZHAO))
        yield replace(made, reader=reader)


@pytest.fixture
def call(config: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A command of ``python -m bot``; what it printed."""
    monkeypatch.setenv("BOT_CONFIG", str(config))

    def calling(*args: str | Path) -> str:
        monkeypatch.setattr(sys, "argv", ["bot", *map(str, args)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            sys.exit(main())
        assert not ended.value.code
        return capfd.readouterr().out

    return calling


Call = Callable[..., str]


def workbook(call: Call, folder: Path, unit: str, period: str = "2017-06", counts: tuple[int, ...] = COUNTS) -> bytes:
    """The prefilled workbook of the command, as a liaison fills it in."""
    path = folder / f"{unit}-{period}.xlsx"
    call("form", "hazards", "--unit", unit, "--period", period, "-o", path)
    return filled(path.read_bytes(), counts)


def filled(data: bytes, counts: tuple[int, ...] = COUNTS) -> bytes:
    return fill_in(data, HAZARDS, counts, date(2017, 6, 22))


def changed(data: bytes, **cells: int | str) -> bytes:
    """The workbook with other cells."""
    opened = openpyxl.load_workbook(io.BytesIO(data))
    for address, value in cells.items():
        opened.worksheets[0][address] = value
    out = io.BytesIO()
    opened.save(out)
    return out.getvalue()


def send(bot: Bot, sender: str, when: str, *files: tuple[str, bytes], **about: Any) -> Any:
    """A mail that is worked off as it arrives; the letter that answers it."""
    archived(bot, mail(sender, about.pop("subject", "报送隐患月报"), *files, text=f"请查收。{when}", **about), at(when))
    assert (work(bot, at(when), never).failed, letters(bot)[-1].to) == (0, sender)
    return letters(bot)[-1]


def run(bot: Bot, when: str) -> list[Any]:
    """One look at the clock after a good poll; the letters that are new."""
    before = len(letters(bot))
    read_mailbox(bot, at(when))
    remind(bot, at(when))
    return letters(bot)[before:]


def subject(letter: Any) -> str:
    return header(letter.mime, "Subject").partition("〔")[0]


def forms_in(bot: Bot, name: str, data: bytes) -> tuple[Form, ...]:
    (document,) = documents([Attachment(name, data)], bot.reader, bot.rules)
    return document.forms


def in_order(form: Form) -> tuple[int | None, ...]:
    return tuple(count for columns in values_of(form).values() for count in columns.values())


def paper_text(path: Path) -> str:
    """Everything that is written in a Word file."""
    with zipfile.ZipFile(path) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))


def test_no_code_no_letter_and_no_other_rule_knows_the_form() -> None:
    for folder, pattern in (("bot", "*.py"), ("templates", "*.*"), ("rules", "*.toml")):
        for path in (ROOT / folder).rglob(pattern):
            text = paper_text(path) if path.suffix == ".docx" else path.read_text(encoding="utf-8")
            assert "hazard" not in text.casefold() and "隐患" not in text, path


def test_from_the_workbook_to_the_receipt(bot: Bot, call: Call, tmp_path: Path) -> None:
    # given the prefilled workbook, filled in; when it is mailed
    letter = send(bot, LI, "2017-06-22T10:00", ("隐患.xlsx", workbook(call, tmp_path, EDU)))
    # then it is registered, and the receipt says so in the form's words and with its numbers
    assert (letter.letter, subject(letter)) == ("receipt", "【已登记】教育局隐患排查月报（2017年6月）")
    said = flat(letter.mime)
    for sentence in (
        "【隐患排查月报安全隐患排查治理情况月报表】",
        "所属月份：2017年6月",
        "报送期限：2017年6月25日（按时报送）",
        "登记的隐患数量（单位：处）：",
        "消防安全：已整改1，整改中0，未整改2，小计3",
        "其他隐患：已整改0，整改中0，未整改5，小计5",
        "全部合计：18",
    ):
        assert sentence in said
    assert not [word_ for word_ in OTHERS_WORDS if word_ in said]
    (row,) = rows(bot, schema.report)
    assert (row.form, row.unit, row.period, row.version, row.on_time) == ("hazards", EDU, "2017-06", 1, True)
    # when a correction follows, then it is the next version, and what changed is said
    letter = send(bot, LI, "2017-06-23T10:00", ("隐患.xlsx", workbook(call, tmp_path, EDU, counts=(9, *COUNTS[1:]))))
    assert "消防安全·已整改：原为1，现为9" in flat(letter.mime)
    assert rows(bot, schema.report)[-1].version == 2


def test_a_wrong_sum_comes_back_marked_and_is_mended(bot: Bot, call: Call, tmp_path: Path) -> None:
    # given a workbook whose first sum was typed over
    wrong = changed(workbook(call, tmp_path, FIN), B8=30)
    # when it is mailed
    letter = send(bot, WANG, "2017-06-22T10:00", ("隐患.xlsx", wrong))
    # then it is returned with the form's own words and with the sender's table, the wrong cell explained
    assert subject(letter) == "【请更正】财政局隐患排查月报（2017年6月）有1处需要更正"
    sentence = "“消防安全小计”写的是30处，而三种治理状态相加为3处，请核对。"
    assert f"单元格B8：{sentence}" in flat(letter.mime)
    ((name, data),) = files_of(letter.mime)
    assert name == "请更正-隐患排查月报-财政局-2017年6月.xlsx"
    cell = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]["B8"]
    assert cell.comment is not None and cell.comment.text == sentence
    # when that workbook is sent back as it is, it is as wrong as before; with the right sum
    again = send(bot, WANG, "2017-06-22T14:00", (name, data), subject=f"回复：{header(letter.mime, 'Subject')}")
    assert again.letter == "returned"
    data = changed(data, B8=3)
    letter = send(bot, WANG, "2017-06-22T15:00", (name, data), subject=f"回复：{header(letter.mime, 'Subject')}")
    # then it counts
    assert (letter.letter, rows(bot, schema.report)[-1].outcome) == ("receipt", "accepted")
    assert in_order(forms_in(bot, name, data)[0]) == COUNTS


def test_who_does_not_owe_it_is_told_so_and_is_no_part_of_the_sum(bot: Bot, call: Call, tmp_path: Path) -> None:
    # given a department's report; when a town sends the same form
    send(bot, LI, "2017-06-22T10:00", ("隐患.xlsx", workbook(call, tmp_path, EDU)))
    letter = send(bot, ZHAO, "2017-06-22T11:00", ("隐患.xlsx", workbook(call, tmp_path, TOWN)))
    # then nothing is lost, and it learns that it need not
    assert letter.letter == "receipt"
    assert "“五图街道”不在应报单位之列；来表已登记备查，不计入全县汇总" in flat(letter.mime)
    # and the office sees it, beside the county's sum
    assert digest(bot, at("2017-06-26T09:31"))
    said = flat(letters(bot)[-1].mime)
    assert "应报35个单位，已报1个，其中按时1个。" in said
    assert "全部合计：18" in said
    assert re.search(r"五图街道（2017年6月）：首次报送，全部合计18处[^.]*（不在应报单位之列，未计入汇总）", said)


def test_the_ladder_leads_to_departments_alone_at_the_form_s_own_deadline(bot: Bot) -> None:
    # given nobody who reports; when the days go by until annex 4 has its first reminder
    days = [at("2017-06-13T09:00") + timedelta(days=n) for n in range(17)]
    made = {day.strftime("%m-%d"): run(bot, day.strftime("%Y-%m-%dT%H:%M")) for day in days}
    # then the stages are those of the 25th, for the two departments that can be written to
    assert {
        day: [letter.key for letter in new if letter.letter.startswith("reminder")] for day, new in made.items() if new
    } == {
        day: [f"reminder:jiaoyu:hazards:2017-06:{stage}", f"reminder:caizheng:hazards:2017-06:{stage}"]
        for day, stage in (("06-21", "before-3"), ("06-23", "due"), ("06-26", "after-1"), ("06-28", "after-3"))
    }
    # with the form's own workbook, which is read back as an empty form of June
    letter = made["06-21"][0]
    assert (letter.to, subject(letter)) == (LI, "【报送提醒】教育局隐患排查月报（2017年6月）请于6月25日前报送")
    ((name, data),) = files_of(letter.mime)
    assert name == "隐患排查月报-教育局-2017年6月.xlsx"
    (form,) = forms_in(bot, name, data)
    assert (form.form, set(in_order(form)), texts_of(form)["unit"]) == ("hazards", {None}, EDU)
    said = flat(letter.mime)
    assert "填当月数，没有的填“0”，小计、全部合计自动计算" in said
    assert "填写填报日期，核对排查负责人和联系电话，保存" in said
    assert not [word_ for word_ in OTHERS_WORDS if word_ in said]


def test_the_overdue_notice_names_the_form(bot: Bot, call: Call, tmp_path: Path) -> None:
    # given one department that has reported; when the deadline has passed
    send(bot, LI, "2017-06-22T10:00", ("隐患.xlsx", workbook(call, tmp_path, EDU)))
    (notice,) = [letter for letter in run(bot, "2017-06-26T09:00") if letter.to == STAFF]
    # then the office is told of the others, and of no town
    assert notice.key == f"overdue_notice:hazards:2017-06:after-1:{STAFF}"
    assert subject(notice) == "【逾期未报】隐患排查月报（2017年6月）34个单位逾期1天未报"
    said = flat(notice.mime)
    assert "隐患排查月报《安全隐患排查治理情况月报表》（2017年6月）报送期限为2017年6月25日，现已逾期1天" in said
    assert FIN in said
    assert not [name for name in (EDU, TOWN, "截至", "附件4") if name in said]


def test_status_asks_for_either_form(bot: Bot, call: Call, tmp_path: Path) -> None:
    send(bot, LI, "2017-06-22T10:00", ("隐患.xlsx", workbook(call, tmp_path, EDU)))
    when = ("--period", "2017-06", "--now", "2017-06-27T09:00", "--json")
    shape = json.loads(call("status", "--form", "hazards", *when))
    assert (shape["form"], shape["deadline"], shape["rates"]["expected"]) == (
        "hazards",
        "2017-06-25T23:59:59+08:00",
        35,
    )
    states = {unit["unit"]: (unit["state"], unit["total"]) for unit in shape["units"]}
    assert (states[EDU], states[FIN], TOWN in states) == (("accepted", 18), ("missing", None), False)
    # without the option it is the form with targets
    shape = json.loads(call("status", *when))
    assert (shape["form"], shape["rates"]) == ("annex4", {"expected": 45, "received": 0, "on_time": 0})
    assert "hazards 2017-06, due 2017-06-25" in call("status", "--form", "hazards", *when[:-1])


def test_a_digest_for_each_form(bot: Bot, call: Call, tmp_path: Path) -> None:
    # given one report of each form, and a mail that nobody can read
    send(bot, LI, "2017-06-22T10:00", ("隐患.xlsx", workbook(call, tmp_path, EDU)))
    send(bot, ZHAO, "2017-06-29T10:00", ("附件4.xlsx", book()), subject="报送附件4")
    send(bot, WANG, "2017-06-29T11:00", ("坏.xlsx", b"PK\x03\x04 broken"), subject="隐患月报坏件")
    # when the week is over
    assert digest(bot, at("2017-07-03T09:31"))
    first, second = letters(bot)[-2:]
    # then each form has its letter; the first is that with targets, and tells how the mail went
    assert [first.key, second.key] == [f"digest:2017-W27:{STAFF}", f"digest:2017-W27:hazards:{STAFF}"]
    assert "附件4（截至2017年6月）：应报45，已报1" in subject(first)
    assert "隐患排查月报（2017年6月）：应报35，已报1" in subject(second)
    assert "达标进度" in flat(first.mime) and "隐患月报坏件" in flat(first.mime) and "隐患排查" not in flat(first.mime)
    # and the other has its own numbers, and nothing of targets that do not name it
    said = flat(second.mime)
    assert "机械设备：已整改4，整改中2，未整改0，小计6" in said
    assert "教育局（2017年6月）：首次报送，全部合计18处" in said
    assert not [word_ for word_ in (*OTHERS_WORDS, "目标", "基础数", "隐患月报坏件", "邮件收发") if word_ in said]
    # when a week later one more has come, then the sum has it, and a first report is no growth
    send(bot, WANG, "2017-07-05T10:00", ("隐患.xlsx", workbook(call, tmp_path, FIN)))
    digest(bot, at("2017-07-10T09:31"))
    said = flat(letters(bot)[-1].mime)
    assert "另有1个县直部门首次报送，共18处，不计为增加。全部合计36处，与上次周报持平。" in said
    assert "财政局（逾期10天）" in said


def table(counts: tuple[int, ...] = COUNTS) -> tuple[list[str], Rows, list[Span], list[str]]:
    """The form as one draws it in a Word file or a mail: texts, rows, merged cells, texts."""
    heads: Rows = [["隐患类别"], ["治理状态"], ["处数"], ["小计"]]
    merges: list[Span] = []
    for n, group in enumerate(HAZARDS.groups):
        heads[0] += [group.label, None, None]
        heads[1] += [column.label for column in HAZARDS.columns]
        heads[2] += [f"{count}处" for count in counts[3 * n : 3 * n + 3]]
        heads[3] += [sum(counts[3 * n : 3 * n + 3]), None, None]
        merges += [(row, 3 * n + 1, row, 3 * n + 3) for row in (0, 3)]
    heads.append(["全部合计", sum(counts), *[None] * 14])
    above = ["安全隐患排查治理情况月报表", "（统计月份：2017年6月）", "排查单位：教育局    填报日期：2017年6月22日"]
    return above, heads, [*merges, (4, 1, 4, 15)], ["排查负责人：李明    联系电话：6221234"]


def test_a_word_file_is_read_with_the_form_s_measure(bot: Bot) -> None:
    above, heads, merges, below = table()
    body = "".join(map(para, above)) + word_table(heads, merges) + "".join(map(para, below))
    letter = send(bot, LI, "2017-06-22T10:00", ("隐患.docx", word(body)))
    assert (letter.letter, rows(bot, schema.report)[-1].reporter) == ("receipt", "李明")
    assert "全部合计：18" in flat(letter.mime)


def test_a_table_in_the_mail_itself_is_read(bot: Bot) -> None:
    above, heads, merges, below = table()
    html = "".join(f"<p>{line}</p>" for line in above) + html_table(heads, merges) + f"<p>{below[0]}</p>"
    data = mail(LI, "报送隐患月报").replace(b"Content-Type: text/plain", b"Content-Type: text/html")
    head, _, _ = data.partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Transfer-Encoding: \w+", b"Content-Transfer-Encoding: 8bit", head)
    archived(bot, head + b"\r\n\r\n" + html.encode(), at("2017-06-22T10:00"))
    work(bot, at("2017-06-22T10:00"), never)
    (row,) = rows(bot, schema.report)
    assert (row.form, row.unit, row.outcome) == ("hazards", EDU, "accepted")
    assert "全部合计：18" in flat(letters(bot)[-1].mime)


def test_two_forms_in_one_mail_are_told_apart(bot: Bot, call: Call, tmp_path: Path) -> None:
    # given both forms from one department in one mail
    files = (("一.xlsx", workbook(call, tmp_path, EDU)), ("二.xlsx", book(EDU)))
    # when it arrives
    letter = send(bot, LI, "2017-06-29T10:00", *files, subject="报表两份")
    # then each is registered as what it is, late or not by its own deadline
    assert [(row.form, row.outcome, row.on_time) for row in rows(bot, schema.report)] == [
        ("hazards", "accepted", False),
        ("annex4", "accepted", True),
    ]
    said = flat(letter.mime)
    assert "隐患排查月报、附件4等2份报表" in subject(letter)
    assert "登记的隐患数量（单位：处）" in said and "登记的累计完成数量（单位：家）" in said
    # and one workbook with both, a sheet each, is read the same
    joined = openpyxl.load_workbook(io.BytesIO(files[0][1]))
    sheet = joined.create_sheet("附件4")
    for cells in openpyxl.load_workbook(io.BytesIO(files[1][1])).worksheets[0].iter_rows():
        for cell in cells:
            sheet.cell(cell.row or 1, cell.column or 1).value = cell.value
    out = io.BytesIO()
    joined.save(out)
    assert [form.form for form in forms_in(bot, "两表.xlsx", out.getvalue())] == ["hazards", "annex4"]


def test_each_month_begins_anew(bot: Bot, call: Call, tmp_path: Path) -> None:
    # given June's numbers of two departments
    send(bot, LI, "2017-06-22T10:00", ("隐患.xlsx", workbook(call, tmp_path, EDU)))
    send(bot, WANG, "2017-06-22T11:00", ("隐患.xlsx", workbook(call, tmp_path, FIN)))
    # when July is reminded of, then its workbook does not hold them: they would be sent once more
    (letter,) = [
        letter for letter in run(bot, "2017-07-20T09:00") if letter.to == LI and "hazards:2017-07" in letter.key
    ]
    assert "上次报送" not in flat(letter.mime).partition("附件4《")[0]
    (blank,) = [data for name, data in files_of(letter.mime) if name == "隐患排查月报-教育局-2017年7月.xlsx"]
    assert set(in_order(forms_in(bot, "空.xlsx", blank)[0])) == {None}
    # when fewer are reported than in June
    letter = send(bot, LI, "2017-07-20T10:00", ("隐患.xlsx", filled(blank, FEWER)))
    # then nothing is to be explained
    assert letter.letter == "receipt"
    assert "核实" not in flat(letter.mime)
    assert not rows(bot, schema.finding)
    # and the digest adds up what has come of July alone
    digest(bot, at("2017-07-24T09:31"))
    said = flat(letters(bot)[-1].mime)
    assert "隐患排查月报（2017年7月" in said and "全部合计：2【" in said
    assert "此前" not in said


def test_one_letter_for_a_person_about_both_forms(bot: Bot) -> None:
    # given an outage until both forms have a stage to be reminded of
    made = run(bot, "2017-06-30T09:00")
    # when it ends, then a department's liaison has one letter, most urgent first, and a town's has only annex 4 in it
    by_address = {letter.to: letter for letter in made if letter.to != STAFF}
    assert len([letter for letter in made if letter.to != STAFF]) == 3
    both, alone = by_address[LI], by_address[ZHAO]
    assert both.key == "reminder:jiaoyu:annex4:2017-06:before-3,jiaoyu:hazards:2017-06:after-3"
    assert subject(both) == "【逾期催报】教育局隐患排查月报（2017年6月）、附件4（截至2017年6月）请尽快报送"
    assert [name for name, _ in files_of(both.mime)] == [
        "隐患排查月报-教育局-2017年6月.xlsx",
        "附件4-教育局-2017年6月.xlsx",
    ]
    said = flat(both.mime)
    assert "下列2份报表中，有1份已过报送期限，请您尽快报送；其余尚在期限之内，请您按时报送。" in said
    assert "附件4填累计数，隐患排查月报填当月数" in said
    assert said.index("报送期限：2017年6月25日（已逾期5天）") < said.index("报送期限：2017年7月5日（还有5天）")
    assert "隐患" not in flat(alone.mime)
    # and none of it is said twice
    assert run(bot, "2017-06-30T10:00") == []


def test_annex_4_is_what_it_was(bot: Bot) -> None:
    letter = send(bot, ZHAO, "2017-06-29T10:00", ("附件4.xlsx", book()), subject="报送附件4")
    assert subject(letter) == "【已登记】五图街道附件4（截至2017年6月）"
    assert "登记的累计完成数量（单位：家）" in flat(letter.mime)
    assert bot.rules.forms["annex4"] == ANNEX4

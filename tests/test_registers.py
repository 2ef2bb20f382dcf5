"""Registers, lists of liaisons and documents: from the mail that brings them to what follows from them."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest

from bot.deciding.registers import row_changes
from bot.jobs.intake import work
from bot.jobs.orders import settling
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.jobs.standing import lines
from bot.model.forms import Cell
from bot.model.people import Liaison
from bot.reading.guard import Reader
from bot.record import people, questions, schema
from tests.books import RULES, xlsx
from tests.bots import (
    appoint,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    files_of,
    first_run,
    flat,
    header,
    letters,
    never,
    read_mailbox,
    rows,
    settled,
)
from tests.mails import mail, report
from tests.registers import ABOVE, HIGH, OTHERS, annex2, annex3, liaison_list

WUTU, QIAOGUAN = "五图街道", "乔官镇"
LI, WANG = "li@wutu.test", "wang@qiaoguan.test"
NOW = at("2017-06-07T10:00")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield begun(replace(made, reader=reader))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        yield begun(replace(made, reader=reader))


def begun(bot: Bot) -> Bot:
    first_run(bot, at("2017-05-31T09:00"))
    appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG), on="2017-05-31")
    return bot


def sent(
    bot: Bot, *sheets: list[list[Cell]], sender: str = LI, subject: str = "报送基础台账", when: datetime = NOW
) -> None:
    """A workbook arrives and is worked off."""
    data = xlsx(*((rows_, ()) for rows_ in sheets))
    archived(bot, mail(sender, subject, ("台账.xlsx", data)), when)
    assert work(bot, when, never).failed == 0


def last(bot: Bot) -> tuple[str, str]:
    row = letters(bot)[-1]
    return row.letter, flat(row.mime)


def bases(bot: Bot) -> dict[str, dict[str, int]]:
    with bot.record.read() as conn:
        return people.bases(conn, "annex4")


def states(bot: Bot, form: str, now: datetime = NOW) -> dict[str, str]:
    with bot.record.read() as conn:
        return {line.unit.name: line.state for line in lines(bot, conn, form, "once", now)}


# Registers.


def test_registers_are_recorded_receipted_and_give_the_base(any_bot: Bot) -> None:
    sent(any_bot, annex2(), annex3())
    assert [(r.form, r.unit, r.period, r.outcome, r.version) for r in rows(any_bot, schema.report)] == [
        ("annex2", WUTU, "once", "accepted", 1),
        ("annex3", WUTU, "once", "accepted", 1),
    ]
    kept = rows(any_bot, schema.report)[0].content
    assert kept[0] == {
        "table": "above_scale",
        "name": "昌乐华泰化工有限公司",
        "legal_representative": "张三",
        "employees": 320,
        "industry": "化工",
        "note": "高危",
    }
    assert bases(any_bot) == {WUTU: {"above_scale": 3, "high_risk": 2, "other": 7}}
    letter, text = last(any_bot)
    assert letter == "receipt"
    assert "单位数：规模以上3，高危2，合计5" in text
    assert "其中注明“高危”的1家" in text
    assert "单位数：其他生产经营单位7，合计7" in text
    assert "报送期限：2017年6月8日（按时报送）" in text
    assert "截至月份" not in text
    assert states(any_bot, "annex2")[WUTU] == "accepted"


def test_a_report_of_more_than_is_registered_is_asked_about(bot: Bot) -> None:
    sent(bot, annex2(), annex3())
    archived(bot, report(LI), at("2017-07-03T10:00"))
    work(bot, at("2017-07-03T10:00"), never)
    text = last(bot)[1]
    assert "“规模以上企业”累计达标8家，超过登记的基础数3家" in text
    assert "达标率" in text


def test_a_new_version_shows_what_came_went_and_changed(bot: Bot) -> None:
    sent(bot, annex2())
    changed = [(*ABOVE[0][:2], 350, *ABOVE[0][3:]), ABOVE[1], ("昌乐新源热电有限公司", "周九", 88, "电力", "")]
    sent(bot, annex2(changed), when=at("2017-08-01T10:00"))
    letter, text = last(bot)
    assert letter == "receipt"
    assert "与上一版相比：新增1家，减少1家，内容变动1家" in text
    assert "新增：昌乐新源热电有限公司（规模以上）" in text
    assert "减少：潍坊新方精密机械有限公司（规模以上）" in text
    assert "变动：昌乐华泰化工有限公司（规模以上，从业人员数量有变动）" in text
    # and the same once more is the same, in another order of rows too
    assert [r.version for r in rows(bot, schema.report)] == [1, 2]
    sent(bot, annex2(changed), subject="再报", when=at("2017-08-02T10:00"))
    assert last(bot)[0] == "duplicate"


def test_what_changed_is_told_by_name_whatever_the_order() -> None:
    rule = RULES.registers["annex3"]

    def row(name: str, **more: Any) -> dict[str, Any]:
        return {"table": "other", "name": name, "employees": 1, "note": "", **more}

    before = [row("甲厂"), row("乙　厂"), row("丙厂")]
    after = [row("乙厂"), row("丙厂", employees=2, note="新"), row("丁厂")]
    assert [(c.what, c.name, c.columns) for c in row_changes(before, after, rule)] == [
        ("came", "丁厂", ()),
        ("went", "甲厂", ()),
        ("changed", "丙厂", ("从业人员数量", "备注")),
    ]


def test_errors_return_the_register_with_the_cells_marked_and_it_is_read_when_mended(bot: Bot) -> None:
    above = [*ABOVE, ("昌乐县盛世纸业有限公司", "李四", 210, "造纸", ""), ("", "无名", 3, "机械", "")]
    high = [*HIGH, ("昌乐华泰化工有限公司", "张三", "约300", "化工", "")]
    sent(bot, annex2(above, high))
    row = letters(bot)[-1]
    text = flat(row.mime)
    assert row.letter == "returned"
    assert "“规模以上”中“昌乐县盛世纸业有限公司”重复填写（单元格B6已填），请保留一行" in text
    assert "“规模以上”第5行没有填写单位名称" in text
    assert "“昌乐华泰化工有限公司”同时填入“规模以上”和“高危”。规模以上且属高危的，只填写表（一）" in text
    assert "“高危”中“昌乐华泰化工有限公司”的从业人员数量写的是“约300”，无法确定是多少" in text
    assert bases(bot) == {}
    assert states(bot, "annex2")[WUTU] == "returned"
    # the workbook that goes back has everything, and the wrong cells coloured with their comments
    ((name, data),) = files_of(row.mime)
    assert name == "请更正-附件2-五图街道.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    comments = {cell.value: cell.comment.text for line in sheet.iter_rows() for cell in line if cell.comment}
    assert set(comments) == {"昌乐县盛世纸业有限公司", None, "昌乐华泰化工有限公司", "约300"}
    # mended where it is coloured, and sent back as it is
    book = openpyxl.load_workbook(io.BytesIO(data))
    for line in book.worksheets[0].iter_rows():
        if any(cell.comment for cell in line):
            for cell in line:
                cell.value = None
    out = io.BytesIO()
    book.save(out)
    archived(bot, mail(LI, "更正", (name, out.getvalue())), at("2017-06-08T10:00"))
    work(bot, at("2017-06-08T10:00"), never)
    assert last(bot)[0] == "receipt"
    assert bases(bot)[WUTU] == {"above_scale": 3, "high_risk": 2}


def test_the_same_enterprise_in_the_other_register_or_at_another_unit_is_told(bot: Bot) -> None:
    sent(bot, annex2())
    sent(bot, annex2([*ABOVE[:1]], [], unit="乔官镇"), sender=WANG)
    text = last(bot)[1]
    assert "“昌乐华泰化工有限公司”在五图街道报送的登记表中也有登记，请核实归属" in text
    assert "未见“高危”表或表中没有单位，按0家登记" in text
    sent(bot, annex3([*OTHERS, HIGH[0]]))
    assert "“昌乐县五图加油站”在贵单位报送的附件2中已有登记" in last(bot)[1]


def test_an_empty_register_is_returned(bot: Bot) -> None:
    sent(bot, annex3([]))
    assert last(bot)[0] == "returned"
    assert "表中没有填写任何单位" in last(bot)[1]


def test_towns_are_reminded_of_registers_with_a_workbook_and_departments_are_not(bot: Bot) -> None:
    appoint(bot, ("教育局", "赵师", "zhao@edu.test"), on="2017-05-31")
    now = at("2017-06-05T09:00")  # three working days before June 8th
    read_mailbox(bot, now)
    remind(bot, now)
    to_li = [row for row in letters(bot) if row.to == LI]
    assert [name for row in to_li for name, _ in files_of(row.mime)] == ["附件2-五图街道.xlsx", "附件3-五图街道.xlsx"]
    text = flat(to_li[0].mime)
    assert "附件2《规模以上和高危生产经营单位基础情况表》" in text
    assert "逐行填写" in text
    assert "无变化" not in text
    assert "附件2" not in flat(next(row for row in letters(bot) if row.to == "zhao@edu.test").mime)
    # the workbook that went out comes back filled in
    name, data = files_of(to_li[0].mime)[0]
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    starts = [line[0].row for line in sheet.iter_rows() if line[0].value == 1]
    for start, enterprises in zip(starts, (ABOVE, HIGH), strict=True):
        for offset, enterprise in enumerate(enterprises):
            for column, value in enumerate(enterprise, start=2):
                sheet.cell(start + offset, column).value = value
    out = io.BytesIO()
    book.save(out)
    archived(bot, mail(LI, "回复", (name, out.getvalue())), now)
    work(bot, now, never)
    assert last(bot)[0] == "receipt"
    assert bases(bot)[WUTU] == {"above_scale": 3, "high_risk": 2}


# Liaisons.


def accepted(bot: Bot, report_id: int, now: datetime, unit: str | None = None) -> str | None:
    """What becomes of a report that waits when the office says yes."""
    return settled(bot, report_id, now, **({"unit": unit} if unit else {}))


def liaisons(bot: Bot, unit: str = WUTU, on: str = "2017-06-08") -> list[Liaison]:
    with bot.record.read() as conn:
        return people.liaisons_of(conn, unit, datetime.fromisoformat(on).date())


def test_a_change_of_liaison_waits_for_the_office_and_then_counts(any_bot: Bot) -> None:
    # given
    sent(any_bot, liaison_list(), subject="更换联络员")
    letter, text = last(any_bot)
    assert letter == "waiting"
    assert "联络员变更须经我办确认后生效" in text
    assert [kind for kind, _ in attentions(any_bot)] == ["liaison"]
    assert [p.name for p in liaisons(any_bot)] == ["李明"]
    (question,) = [r for r in rows(any_bot, schema.report) if r.outcome == "waiting"]
    # when the office says yes
    outcome = accepted(any_bot, question.id, at("2017-06-08T09:00"))
    # then
    assert outcome == "accepted"
    assert liaisons(any_bot) == [Liaison(WUTU, "周八", "13900000001", "zhou@wutu.test")]
    assert [p.name for p in liaisons(any_bot, on="2017-06-07")] == ["李明"]
    assert [r.letter for r in letters(any_bot)[-2:]] == ["welcome", "thanks"]  # to the one and to the other
    assert accepted(any_bot, question.id, at("2017-06-08T09:00")) is None


def test_the_first_list_of_a_stranger_waits_and_then_makes_him_known(bot: Bot) -> None:
    sent(bot, liaison_list("吴十", "红河镇", 13700000001, ""), sender="wu@honghe.test", subject="联络员名单")
    assert last(bot)[0] == "waiting"
    (question,) = [r for r in rows(bot, schema.report) if r.outcome == "waiting"]
    accepted(bot, question.id, NOW)
    # without an address in the list it is the one that it came from
    assert liaisons(bot, "红河镇") == [Liaison("红河镇", "吴十", "13700000001", "wu@honghe.test")]
    archived(bot, report("wu@honghe.test", "红河镇"), at("2017-07-03T10:00"))
    work(bot, at("2017-07-03T10:00"), never)
    assert last(bot)[0] == "receipt"


def test_a_list_that_says_nothing_new_is_taken_at_once(bot: Bot) -> None:
    sent(bot, liaison_list("李明", WUTU, 13800000000, LI), subject="联络员名单")
    assert last(bot)[0] == "receipt"
    assert attentions(bot) == []


def test_one_liaison_a_unit(bot: Bot) -> None:
    two: list[list[Cell]] = [*liaison_list(), ["郑七", WUTU, 13600000001, "zheng@wutu.test"]]
    sent(bot, two, subject="联络员名单")
    (question,) = [r for r in rows(bot, schema.report) if r.outcome == "waiting"]
    assert accepted(bot, question.id, NOW) == "returned"
    assert "每个单位只确定1名联络员，名单中有2名" in last(bot)[1]
    assert [p.name for p in liaisons(bot)] == ["李明"]


def test_a_unit_whose_liaison_the_office_entered_owes_no_list(bot: Bot) -> None:
    found = states(bot, "liaisons")
    assert (found[WUTU], found["红河镇"]) == ("accepted", "missing")


def test_a_dismissed_question_is_open_no_more_and_the_unit_owes(bot: Bot) -> None:
    archived(bot, report("stranger@mail.test"), at("2017-07-03T10:00"))
    work(bot, at("2017-07-03T10:00"), never)
    (question,) = rows(bot, schema.report)
    with bot.record.read() as conn:
        assert [x.state for x in lines(bot, conn, "annex4", "2017-06", NOW) if x.unit.name == WUTU] == ["waiting"]
    with bot.record.begin() as conn:
        assert settling.dismiss(conn, question.id, NOW, by="office")
    with bot.record.read() as conn:
        assert [x.state for x in lines(bot, conn, "annex4", "2017-06", NOW) if x.unit.name == WUTU] == ["open"]
    assert len(letters(bot)) == 1


def test_a_report_of_a_stranger_counts_from_the_day_it_came_once_the_office_says_so(bot: Bot) -> None:
    archived(bot, report("stranger@mail.test"), at("2017-07-05T20:00"))
    work(bot, at("2017-07-05T20:00"), never)
    (question,) = rows(bot, schema.report)
    assert accepted(bot, question.id, at("2017-07-10T09:00"), unit=QIAOGUAN) == "accepted"
    with bot.record.read() as conn:
        line = next(x for x in lines(bot, conn, "annex4", "2017-06", NOW) if x.unit.name == QIAOGUAN)
    assert (line.state, line.on_time, line.total) == ("accepted", True, 32)
    assert letters(bot)[-1].to == "stranger@mail.test"


# Documents.


def plan(text: str = "实施方案全文……") -> bytes:
    word = docx.Document()
    word.add_paragraph(text)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("subject", "name"),
    [("报送材料", "五图街道安全生产标准化建设实施方案.docx"), ("五图街道报送标准化建设实施方案", "方案.docx")],
)
def test_a_plan_is_known_by_its_name_or_the_subject_and_archived(bot: Bot, subject: str, name: str) -> None:
    archived(bot, mail(LI, subject, (name, plan())), at("2017-06-05T10:00"))
    work(bot, at("2017-06-05T10:00"), never)
    letter, text = last(bot)
    assert letter == "receipt"
    assert "五图街道实施方案经核对已登记" in text
    assert f"文件：{name}" in text
    assert "报送期限：2017年6月5日（按时报送）" in text
    assert "累计" not in text
    assert states(bot, "plan")[WUTU] == "accepted"


@pytest.mark.parametrize(
    ("subject", "name"),
    [("高崖库区标准化建设实施方案", "方案.docx"), ("报送方案", "高崖水库库区标准化建设实施方案.docx")],
)
def test_who_serves_two_units_names_the_one_whose_plan_it_is(bot: Bot, subject: str, name: str) -> None:
    zheng = "zheng@shouyangshan.test"
    both = ("首阳山旅游度假区", "高崖水库库区")
    appoint(bot, *((unit, "郑秀英", zheng) for unit in both), on="2017-05-31")
    archived(bot, mail(zheng, "标准化建设实施方案", ("方案.docx", plan("首阳山、高崖"))), at("2017-06-05T09:00"))
    work(bot, at("2017-06-05T09:00"), never)
    assert "请在邮件主题中写明单位名称" in last(bot)[1]
    archived(bot, mail(zheng, subject, (name, plan("高崖"))), at("2017-06-05T10:00"))
    work(bot, at("2017-06-05T10:00"), never)
    assert last(bot)[0] == "receipt"
    found = states(bot, "plan")
    assert (found[both[1]], found[both[0]]) == ("accepted", "missing")


def test_the_same_plan_again_is_a_duplicate_and_another_a_new_version(bot: Bot) -> None:
    first, other = plan("甲"), plan("乙")
    for number, data in enumerate((first, first, other)):
        archived(bot, mail(LI, f"标准化建设实施方案{number}", ("方案.docx", data)), at("2017-06-05T10:00"))
        work(bot, at("2017-06-05T10:00"), never)
    assert [row.letter for row in letters(bot)] == ["receipt", "duplicate", "receipt"]
    assert [row.version for row in rows(bot, schema.report)] == [1, 2]


def test_an_answer_to_the_letter_that_asks_for_a_plan_is_one(bot: Bot) -> None:
    now = at("2017-06-05T09:00")
    read_mailbox(bot, now)
    remind(bot, now)
    asked = next(row for row in letters(bot) if row.to == LI and "实施方案" in flat(row.mime))
    archived(bot, mail(LI, f"Re: {asked.subject}", ("附件.docx", plan())), now)
    work(bot, now, never)
    assert states(bot, "plan")[WUTU] == "accepted"


@pytest.mark.parametrize(
    ("sender", "subject", "name"),
    [
        ("stranger@mail.test", "标准化建设实施方案", "方案.docx"),
        (LI, "消防安全实施方案", "消防方案.docx"),
        (LI, "标准化建设实施方案和附件4", "附件4说明.docx"),
    ],
)
def test_other_documents_are_left_alone(bot: Bot, sender: str, subject: str, name: str) -> None:
    archived(bot, mail(sender, subject, (name, plan())), at("2017-06-05T10:00"))
    work(bot, at("2017-06-05T10:00"), never)
    assert rows(bot, schema.report) == []


def test_a_plan_that_cannot_be_opened_is_asked_for_again(bot: Bot) -> None:
    archived(bot, mail(LI, "标准化建设实施方案", ("方案.docx", plan()[:200])), at("2017-06-05T10:00"))
    work(bot, at("2017-06-05T10:00"), never)
    assert last(bot)[0] == "unreadable"
    assert states(bot, "plan")[WUTU] in ("open", "missing")


def base(bot: Bot) -> dict[str, int] | None:
    with bot.record.read() as conn:
        return people.bases_of(conn, "annex4", WUTU)


def answers(bot: Bot, text: str, when: datetime) -> None:
    """The liaison replies to the last letter."""
    subject = "Re: " + header(letters(bot)[-1].mime, "Subject")
    archived(bot, mail(LI, subject, text=text, message_id=f"<{when.timestamp()}@town.test>"), when)
    assert work(bot, when, never).failed == 0


NEW = [("五图街道新增第一厂", "甲", 5, "机械", ""), ("五图街道新增第二厂", "乙", 6, "机械", "")]
TWO_DAYS = timedelta(days=2)


def test_a_list_that_loses_most_of_its_rows_is_asked_about_and_moves_nothing(bot: Bot) -> None:
    sent(bot, annex3())
    assert base(bot) == {"other": 7}
    sent(bot, annex3(NEW), subject="本月新增2家", when=NOW + TWO_DAYS)
    letter = letters(bot)[-1]
    assert letter.letter == "confirm"
    assert "来表附件3列有2家，而贵单位此前登记的为7家" in flat(letter.mime)
    assert "是全部名单还是新增名单" in header(letter.mime, "Subject")
    assert base(bot) == {"other": 7}
    # and 确认 says neither
    answers(bot, "确认", NOW + TWO_DAYS)
    assert base(bot) == {"other": 7}


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("新增", 9),
        ("您好，是新增的，谢谢！\n李明", 9),
        ("本月新增企业", 9),
        ("全部", 2),
        ("是全部名单\n李明 13800000000", 2),
    ],
)
def test_the_whole_list_replaces_and_an_addition_is_joined(bot: Bot, words: str, left: int) -> None:
    sent(bot, annex3())
    sent(bot, annex3(NEW), when=NOW + TWO_DAYS)
    answers(bot, words, NOW + TWO_DAYS)
    assert base(bot) == {"other": left}
    receipt = letters(bot)[-1]
    assert receipt.letter == "receipt"
    assert f"新增2家，减少{0 if left == 9 else 7}家" in flat(receipt.mime)
    # the receipt is for the list that was sent, and a third one is compared with what is in force now
    sent(bot, annex3([*NEW, ("五图街道新增第三厂", "丙", 7, "机械", "")]), when=NOW + 2 * TWO_DAYS)
    assert letters(bot)[-1].letter == ("confirm" if left == 9 else "receipt")


def test_one_table_that_is_lost_is_asked_about_and_small_changes_are_not(bot: Bot) -> None:
    high = [(f"昌乐县第{n}加油站", "赵六", 9, "危险化学品", "") for n in range(4)]
    sent(bot, annex2(high=high))
    sent(bot, annex2(high=high[:3]), when=NOW + timedelta(hours=1))
    assert letters(bot)[-1].letter == "receipt"
    sent(bot, annex2(high=[]), when=NOW + timedelta(hours=2))
    assert letters(bot)[-1].letter == "confirm"


def test_numbers_that_the_office_registered_without_a_list_are_asked_about_too(bot: Bot) -> None:
    with bot.record.begin() as conn:
        people.register_base(conn, WUTU, "annex4", {"other": 40}, NOW)
    sent(bot, annex3(NEW))
    assert letters(bot)[-1].letter == "confirm"
    assert base(bot) == {"other": 40}
    answers(bot, "新增", NOW + TWO_DAYS)
    assert base(bot) == {"other": 42}


def test_the_office_may_say_what_a_list_is(bot: Bot) -> None:
    sent(bot, annex3())
    sent(bot, annex3(NEW), when=NOW + TWO_DAYS)
    with bot.record.read() as conn:
        (row,) = questions.open_ones(conn)
    assert row.kind == "shrunk"
    offered = bot.rules.commands.offers["shrunk"]
    assert ("accept" in offered, "join" in offered) == (True, True)
    assert settled(bot, row.report_id, NOW + TWO_DAYS, joined=True) == "accepted"
    assert base(bot) == {"other": 9}

"""The office works by replying: questions, answers, orders, what is asked back, what is refused; liaisons who ask."""

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.jobs.attending import bundle
from bot.jobs.enqueuing import enqueue
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.jobs.standing import lines
from bot.mail.authentication import Provider
from bot.reading.guard import Reader
from bot.record import people, questions, runs, schema, versions
from tests.bots import (
    ROOT,
    FakeSender,
    appoint,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    events,
    files_of,
    first_run,
    flat,
    header,
    letters,
    never,
    read_mailbox,
    reported,
    rows,
    with_provider,
)
from tests.mails import mail, report

WUTU, QIAOGUAN, HONGHE = "五图街道", "乔官镇", "红河镇"
LI, WANG = "li@wutu.test", "wang@qiaoguan.test"
GUO, CHEN = "guo@office.test", "chen@office.test"
STRANGER = "liu1983@mail.test"
NOW = at("2017-07-04T10:00")
STAFF = {"office": {"staff": [GUO, CHEN]}}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path, **STAFF)) as made:
        yield begun(replace(made, reader=reader))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    for made in built(request, tmp_path, **STAFF):
        yield begun(replace(made, reader=reader))


def begun(bot: Bot) -> Bot:
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG))
    return bot


def arrives(bot: Bot, data: bytes, when: datetime = NOW) -> None:
    archived(bot, data, when)
    assert work(bot, when, never).failed == 0


def says(bot: Bot, text: str, subject: str = "指令", sender: str = GUO, when: datetime = NOW, **more: Any) -> None:
    arrives(bot, mail(sender, subject, text=text, **more), when)


def to(bot: Bot, address: str) -> list[Any]:
    return [row for row in letters(bot) if row.to == address]


def last(bot: Bot, address: str = GUO) -> tuple[str, str]:
    row = to(bot, address)[-1]
    return row.letter, flat(row.mime)


def subject_of(bot: Bot, letter: str, address: str = GUO) -> str:
    """The subject of the last letter of a kind, as a reply has it."""
    return "Re: " + header([r for r in to(bot, address) if r.letter == letter][-1].mime, "Subject")


def asked(bot: Bot, when: datetime = NOW) -> str:
    """The office is told what waits; the subject of a reply to that letter."""
    assert bundle(bot, when)
    return subject_of(bot, "attention")


def numbers(bot: Bot) -> list[int]:
    with bot.record.read() as conn:
        return [row.number for row in questions.open_ones(conn)]


def states(bot: Bot, period: str = "2017-06", now: datetime = NOW) -> dict[str, str]:
    with bot.record.read() as conn:
        return {line.unit.name: line.state for line in lines(bot, conn, "annex4", period, now)}


def acts(bot: Bot) -> list[tuple[str, str]]:
    return [(row.actor, row.command) for row in rows(bot, schema.act)]


# Questions.


def test_a_question_says_what_why_and_how_and_brings_the_attachment(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    assert "请处理" in subject
    letter, text = last(bot)
    (number,) = numbers(bot)
    assert letter == "attention"
    assert f"{number}.发件邮箱未登记在任何报送单位名下可答复：通过、登记、改为、退回、忽略" in text
    assert "通过：按来表登记，自收到之日起计，并向报送人发出回执。" in text
    assert "忽略：不予登记，也不告知对方。" in text
    assert [name for name, _ in files_of(to(bot, GUO)[-1].mime)] == [f"{number}-附件4.xlsx"]


def test_yes_counts_the_report_and_tells_everybody_concerned(any_bot: Bot) -> None:
    # given
    arrives(any_bot, report(STRANGER))
    subject = asked(any_bot)
    # when
    says(any_bot, "通过\n\n郭忠亮", subject)
    # then
    assert states(any_bot)[WUTU] == "accepted"
    assert numbers(any_bot) == []
    assert [r.letter for r in to(any_bot, STRANGER)] == ["waiting", "receipt"]
    letter, text = last(any_bot)
    assert letter == "orders"
    assert "已通过：五图街道附件42017年6月已登记。" in text
    letter, text = last(any_bot, CHEN)
    assert letter == "orders"
    assert f"{GUO}于2017年7月4日10:00来信办理了以下事项" in text
    assert acts(any_bot) == [(GUO, "accept")]
    assert "act.accept" in events(any_bot)
    # and a second yes says that it was decided
    says(any_bot, "通过", subject)
    assert "已经处理" in last(any_bot)[1]
    assert acts(any_bot) == [(GUO, "accept")]


def test_several_questions_are_answered_by_number_in_one_mail(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    arrives(bot, report("zhang@mail.test", QIAOGUAN, subject="附件四"))
    arrives(bot, report("zhao@mail.test", HONGHE, subject="附件 4"))
    subject = asked(bot)
    one, two, three = numbers(bot)
    says(bot, "通过", subject)  # which one?
    assert "请在指令前写明序号" in last(bot)[1]
    assert numbers(bot) == [one, two, three]
    says(bot, f"{one} 通过\n{two}、退回 请用本单位邮箱报送\n第{three}项 忽略\n郭忠亮 6228071", subject)
    assert numbers(bot) == []
    assert states(bot)[WUTU] == "accepted"
    assert states(bot)[QIAOGUAN] == "open"
    assert [r.letter for r in to(bot, "zhang@mail.test")] == ["waiting", "rejected"]
    assert "请用本单位邮箱报送" in last(bot, "zhang@mail.test")[1]
    assert [r.letter for r in to(bot, "zhao@mail.test")] == ["waiting"]
    assert acts(bot) == [(GUO, "accept"), (GUO, "reject"), (GUO, "dismiss")]


def test_a_report_is_counted_for_another_unit_or_month(bot: Bot) -> None:
    arrives(bot, report(LI, QIAOGUAN))
    says(bot, "改为 五图街道", asked(bot))
    assert states(bot)[WUTU] == "accepted"
    assert states(bot)[QIAOGUAN] == "open"
    arrives(bot, report(STRANGER, HONGHE, subject="红河附件4"), at("2017-08-03T10:00"))
    says(bot, "改为 2017-07", asked(bot, at("2017-08-03T13:00")), when=at("2017-08-03T13:00"))
    with bot.record.read() as conn:
        assert versions.accepted(conn, "annex4", HONGHE, "2017-07") is not None
        assert versions.accepted(conn, "annex4", HONGHE, "2017-06") is None


def test_the_address_of_a_stranger_is_registered(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    says(bot, "登记", asked(bot))
    with bot.record.read() as conn:
        assert [p.email for p in people.liaisons_of(conn, WUTU, NOW.date())] == [LI, STRANGER]
    arrives(bot, report(STRANGER, extra=2, subject="更正"))
    assert to(bot, STRANGER)[-1].letter == "receipt"


def test_an_answer_that_does_not_fit_the_question_does_nothing(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    says(bot, "同意", subject)
    assert "不能用这条指令处理" in last(bot)[1]
    says(bot, "退回", subject)
    assert "未写明理由" in last(bot)[1]
    says(bot, "9999 通过", subject)
    assert "没有序号为9999的待处理事项" in last(bot)[1]
    assert len(numbers(bot)) == 1
    assert acts(bot) == []


# Trust.


def test_an_order_that_answers_no_letter_is_asked_back_once(any_bot: Bot) -> None:
    # given
    says(any_bot, "延期 五图街道 6月 至 7月10日 联络员住院", "请办理")
    letter, text = last(any_bot)
    assert letter == "confirm_order"
    assert "延期五图街道6月至7月10日联络员住院" in text
    assert acts(any_bot) == []
    # when
    subject = subject_of(any_bot, "confirm_order")
    says(any_bot, "确认", subject)
    # then
    letter, text = last(any_bot)
    assert letter == "orders"
    assert "已将五图街道附件4（2017年6月）的报送期限延至2017年7月10日，理由：联络员住院；已告知联络员。" in text
    assert acts(any_bot) == [(GUO, "extend")]
    # and the yes serves once, and a second is told so
    says(any_bot, "确认！", subject, when=at("2017-07-04T11:00"))
    assert acts(any_bot) == [(GUO, "extend")]
    assert "该指令已经办理，不必再次确认" in last(any_bot)[1]


def test_only_who_gave_the_order_can_confirm_it_and_not_for_ever(bot: Bot) -> None:
    says(bot, "停发", "指令")
    subject = subject_of(bot, "confirm_order")
    says(bot, "确认", subject, sender=CHEN)
    says(bot, "确认", subject, sender=STRANGER)
    says(bot, "确认", subject, when=at("2017-07-20T10:00"))
    assert acts(bot) == []


def test_a_token_serves_one_order(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    says(bot, "停发", subject)
    assert acts(bot) == [(GUO, "hold")]
    says(bot, "恢复", subject, when=at("2017-07-04T10:30"))
    assert last(bot)[0] == "confirm_order"
    assert acts(bot) == [(GUO, "hold")]
    # but questions of that letter can still be answered, each once
    says(bot, "通过", subject, when=at("2017-07-04T10:40"))
    assert acts(bot)[-1] == (GUO, "accept")


def test_a_token_grows_old(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    (number,) = numbers(bot)
    says(bot, f"{number} 通过", subject, when=at("2017-10-01T10:00"))
    # then nothing is done, but asked back like any order that answers no letter
    assert acts(bot) == []
    assert last(bot)[0] == "confirm_order"
    says(bot, "确认", subject_of(bot, "confirm_order"), when=at("2017-10-01T10:10"))
    assert acts(bot) == [(GUO, "accept")]


def test_a_letter_to_somebody_else_gives_no_rights(bot: Bot) -> None:
    # a staff member forwards it; a stranger, and a liaison, have its subject
    arrives(bot, report(STRANGER))
    asked(bot)
    theirs = subject_of(bot, "attention", CHEN)
    says(bot, "停发", theirs)
    assert last(bot)[0] == "confirm_order"
    says(bot, "通过", theirs, sender=STRANGER)
    says(bot, "通过", theirs, sender=LI)
    assert acts(bot) == []
    assert len(numbers(bot)) == 1


def test_in_reply_to_alone_gives_no_rights(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    asked(bot)
    ours = header(to(bot, GUO)[-1].mime, "Message-ID")
    says(bot, "停发", "Re: 请处理", headers={"In-Reply-To": ours, "References": ours})
    assert last(bot)[0] == "confirm_order"
    assert acts(bot) == []


def test_a_forged_order_does_nothing_and_the_office_learns(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    bot = with_provider(bot, Provider(netease=False, authserv_id="mx"))
    before = len(letters(bot))
    says(bot, "通过", subject, headers={"Authentication-Results": "mx; spf=fail smtp.mailfrom=guo@office.test"})
    assert acts(bot) == []
    assert len(letters(bot)) == before
    assert ("forged_order", GUO) in attentions(bot)


@pytest.mark.parametrize(
    ("setting", "result", "expected"),
    [
        ("confirm", "pass", "confirm_order"),
        ("pass", "pass", "orders"),
        ("pass", "none", "confirm_order"),
        ("never", "pass", "orders"),
    ],
)
def test_the_setting_makes_it_stricter_or_looser(
    tmp_path: Path, reader: Reader, setting: str, result: str, expected: str
) -> None:
    with build(config(tmp_path, **STAFF, trust={"without_token": setting})) as made:
        bot = with_provider(begun(replace(made, reader=reader)), Provider(netease=False, authserv_id="mx"))
        says(bot, "停发", headers={"Authentication-Results": f"mx; spf={result} smtp.mailfrom=guo@office.test"})
        assert last(bot)[0] == expected
        assert bool(acts(bot)) == (setting == "pass" and result == "pass")
        if setting == "never":
            assert "须以回复我办邮件的方式发出" in last(bot)[1]


def test_a_robot_at_a_staff_address_is_not_answered_for_ever(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    for minute in range(30):
        says(bot, f"您的来信已收悉，我们会尽快处理（{minute}）", subject, when=at(f"2017-07-04T11:{minute:02d}"))
    answers = [row for row in to(bot, GUO) if row.letter == "orders"]
    assert len(answers) == bot.config.limits.letters_per_address_per_day
    # and what it is really told to do is done and answered
    says(bot, "通过", subject, when=at("2017-07-04T12:00"))
    assert acts(bot) == [(GUO, "accept")]
    assert "已通过" in last(bot)[1]


def test_a_flood_of_forged_orders_does_not_flood_the_staff(bot: Bot) -> None:
    for minute in range(30):
        says(bot, f"停发{'。' * (minute + 1)}", f"指令{minute}", when=at(f"2017-07-04T11:{minute:02d}"))
    assert [r.letter for r in to(bot, GUO)] == ["confirm_order"] * bot.config.limits.letters_per_address_per_day


# Orders.


def ordered(bot: Bot, text: str, when: datetime = NOW) -> str:
    """An order with its confirmation; the answer."""
    says(bot, text, f"指令{when}{text}", when=when)
    if last(bot)[0] == "confirm_order":
        says(bot, "确认", subject_of(bot, "confirm_order"), when=when)
    return last(bot)[1]


def test_status_and_history_and_help_need_no_confirmation(bot: Bot) -> None:
    reported(bot, WUTU)
    says(bot, "状态 6月")
    letter, text = last(bot)
    assert letter == "orders"
    assert "应报45个单位，已报1个，其中按时1个" in text
    assert "五图街道：已报（32家），2017年7月3日10:00收到" in text
    assert "乔官镇：尚未报送（未到期限）" in text
    says(bot, "历史 五图", "再问")
    assert "附件4（2017年6月）：第1版，2017年7月3日10:00收到，按时，32家" in last(bot)[1]
    says(bot, "帮助", "三问")
    assert "延期单位月份至日期理由" in last(bot)[1]
    assert [r.letter for r in to(bot, CHEN)] == []


def test_an_extension_moves_the_deadline_the_reminders_and_the_standing(bot: Bot) -> None:
    ordered(bot, "延期 五图街道 6月 至 7月10日 联络员住院")
    late = at("2017-07-06T09:00")
    assert (states(bot, now=late)[WUTU], states(bot, now=late)[QIAOGUAN]) == ("open", "missing")
    read_mailbox(bot, late)
    remind(bot, late)
    assert [r.letter for r in to(bot, WANG)] == ["reminder_overdue"]
    assert [r.letter for r in to(bot, LI)] == ["decided", "reminder_before"]
    assert "报送期限延至2017年7月10日" in flat(to(bot, LI)[0].mime)
    assert "报送期限：2017年7月10日" in flat(to(bot, LI)[-1].mime)
    # a report on the 10th is on time
    arrives(bot, report(LI), at("2017-07-10T20:00"))
    assert "按时报送" in last(bot, LI)[1]
    assert states(bot, now=at("2017-07-11T09:00"))[WUTU] == "accepted"


def test_an_exempt_unit_is_neither_reminded_nor_counted(bot: Bot) -> None:
    text = ordered(bot, "免报 乔官镇 6月 机构撤并")
    assert "已准予乔官镇免报附件4（2017年6月），理由：机构撤并" in text
    late = at("2017-07-06T09:00")
    assert states(bot, now=late)[QIAOGUAN] == "exempt"
    read_mailbox(bot, late)
    remind(bot, late)
    assert [r.letter for r in to(bot, WANG)] == ["decided"]
    assert "同意乔官镇免于报送附件4（截至2017年6月），该月不再催报" in flat(to(bot, WANG)[0].mime)
    says(bot, "状态 6月", "问", when=late)
    assert "应报44个单位" in last(bot)[1]


def test_a_queued_reminder_does_not_leave_after_an_extension(bot: Bot) -> None:
    late = at("2017-07-06T09:00")
    read_mailbox(bot, late)
    remind(bot, late)
    ordered(bot, "延期 五图街道 6月 至 7月10日 联络员住院", late)
    smtp = FakeSender()
    send_due(bot, smtp.open, late, never)
    assert WANG in smtp.addresses()
    assert [r.state for r in to(bot, LI) if r.letter == "reminder_overdue"] == ["cancelled"]


def test_who_has_reported_needs_no_extension(bot: Bot) -> None:
    reported(bot, WUTU)
    assert "已经登记" in ordered(bot, "延期 五图街道 6月 至 7月10日 住院")
    assert "未写明日期" in ordered(bot, "延期 乔官镇 6月 至 7月3日 住院")
    assert acts(bot) == []


def test_a_reminder_by_order(bot: Bot) -> None:
    late = at("2017-07-07T09:00")
    reported(bot, WUTU)
    read_mailbox(bot, late)
    assert "已安排催报，共1封" in ordered(bot, "催报", late)
    assert [r.letter for r in to(bot, WANG)] == ["reminder_overdue"]
    assert to(bot, LI) == []
    assert "没有未报的单位" in ordered(bot, "催报 五图街道", late)


def test_stopped_nothing_leaves_but_the_answers_to_the_office(bot: Bot) -> None:
    ordered(bot, "停发")
    arrives(bot, report(LI))
    smtp = FakeSender()
    send_due(bot, smtp.open, NOW, never)
    assert set(smtp.addresses()) == {GUO, CHEN}
    ordered(bot, "恢复", at("2017-07-04T11:00"))
    send_due(bot, smtp.open, at("2017-07-04T11:01"), never)
    assert LI in smtp.addresses()


def test_a_new_liaison_by_order_and_its_undoing(bot: Bot) -> None:
    text = ordered(bot, "联络员 五图街道 周八 13900000001 zhou@wutu.test")
    assert "五图街道的联络员已登记为周八（13900000001，zhou@wutu.test）" in text
    day = at("2017-07-05T10:00")
    with bot.record.read() as conn:
        assert [p.name for p in people.liaisons_of(conn, WUTU, day.date())] == ["周八"]
    assert "已撤销：联络员五图街道周八" in ordered(bot, "撤销", day)
    with bot.record.read() as conn:
        assert [p.name for p in people.liaisons_of(conn, WUTU, day.date())] == ["李明"]
    assert "没有可以撤销的操作" in ordered(bot, "撤销", at("2017-07-05T11:00"))


def test_a_unit_hears_that_what_was_given_to_it_was_taken_back(any_bot: Bot) -> None:
    bot = any_bot
    heads: list[str] = []

    def told(address: str) -> str:
        """The letter that came last, which is the only new one."""
        (*before, row) = [r for r in to(bot, address) if r.letter == "decided"]
        assert len(before) == heads.count(address)
        heads.append(address)
        assert row.obligations[0][:3] == [WUTU if address == LI else QIAOGUAN, "annex4", "2017-06"]
        return header(row.mime, "Subject") + flat(row.mime)

    # given more time, and still more
    ordered(bot, "延期 五图 6月 至7日 汛期", NOW)
    assert "的报送期限延至2017年7月7日" in told(LI)
    ordered(bot, "延期 五图 6月 至12日 汛情严重", at("2017-07-04T10:30"))
    assert "的报送期限延至2017年7月12日" in told(LI)
    # when the second is taken back, then the first holds again, with its own reason
    assert "已撤销：延期" in ordered(bot, "撤销", at("2017-07-04T11:00"))
    again = told(LI)
    assert "的报送期限延至2017年7月7日" in again and "理由：汛期。" in again
    assert states(bot, now=at("2017-07-06T10:00"))[WUTU] == "open"
    # and when that is, too, the day of everybody
    assert "已撤销：延期" in ordered(bot, "撤销", at("2017-07-04T12:00"))
    ended = told(LI)
    assert "恢复按原规定报送" in ended and "延期或免报的决定已经撤销" in ended
    assert "报送期限为2017年7月5日。尚未报送的，请尽快报送。" in ended
    assert states(bot, now=at("2017-07-06T10:00"))[WUTU] == "missing"
    assert "没有可以撤销的操作" in ordered(bot, "撤销", at("2017-07-04T12:30"))
    # an exemption, and one of a unit that sends its report all the same
    ordered(bot, "免报 乔官镇 6月 机构撤并", at("2017-07-04T13:00"))
    assert "免于报送" in told(WANG)
    arrives(bot, report(WANG, QIAOGUAN), at("2017-07-04T14:00"))
    ordered(bot, "撤销", at("2017-07-04T15:00"))
    ended = told(WANG)
    assert "决定已经撤销" in ended and "该报表已登记第1版，不必重复报送。" in ended and "请尽快" not in ended
    assert states(bot)[QIAOGUAN] == "accepted"
    # where nobody can be told, the office hears it when it gives the time, and nothing leaves
    before = len(letters(bot))
    ordered(bot, "延期 红河镇 6月 至7日 汛期", at("2017-07-04T16:00"))
    ordered(bot, "撤销", at("2017-07-04T17:00"))
    assert "decided" not in {row.letter for row in letters(bot)[before:]}
    assert states(bot, now=at("2017-07-06T10:00"))[HONGHE] == "missing"


def test_undo_takes_back_the_last_act_of_who_asks(bot: Bot) -> None:
    ordered(bot, "免报 乔官镇 6月 机构撤并")
    arrives(bot, report(STRANGER, HONGHE))
    says(bot, "忽略", asked(bot))
    assert numbers(bot) == []
    ordered(bot, "撤销", at("2017-07-04T11:00"))
    assert len(numbers(bot)) == 1
    ordered(bot, "撤销", at("2017-07-04T12:00"))
    assert states(bot)[QIAOGUAN] == "open"
    assert acts(bot)[-1] == (GUO, "undo")


def test_the_summary_is_exported(bot: Bot) -> None:
    reported(bot, WUTU)
    says(bot, "导出 6月", when=at("2017-07-06T10:00"))
    ((name, data),) = files_of(to(bot, GUO)[-1].mime)
    assert "2017年6月" in name
    texts = {str(c.value) for line in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows() for c in line}
    assert WUTU in texts


def test_a_document_that_cannot_be_made_fails_its_own_order_and_no_other(bot: Bot, tmp_path: Path) -> None:
    # given a bulletin's template that somebody saved as something else
    reported(bot, WUTU)
    templates = Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))
    (templates / "bulletin.docx").write_bytes(b"not a document")
    paths = bot.config.paths.model_copy(update={"templates": templates})
    bot = replace(bot, config=bot.config.model_copy(update={"paths": paths}))
    # when it is ordered, between two other orders
    says(bot, "状态\n通报 6月\n导出 6月", when=at("2017-07-06T10:00"))
    # then the others are carried out, the answer says which was not, and the office is told why
    letter, text = last(bot)
    assert letter == "orders" and f"{WUTU}：已报" in text
    assert "所需文件暂时不能生成（2017年6月）" in text and "请重新发送本指令" in text
    assert [name for name, _ in files_of(to(bot, GUO)[-1].mime)] != []
    ((_, detail),) = [item for item in attentions(bot) if item[0] == "file_failed"]
    assert detail.startswith("2017年6月: ") and "bulletin.docx" in detail
    # when the template is mended and the order sent again, it is carried out
    (templates / "bulletin.docx").write_bytes((ROOT / "templates" / "bulletin.docx").read_bytes())
    says(bot, "通报 6月", when=at("2017-07-06T11:00"))
    assert len(files_of(to(bot, GUO)[-1].mime)) == 2


def test_what_is_not_understood_is_told_with_the_nearest_and_does_nothing(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    says(bot, "这个先放一放吧", subject)
    letter, text = last(bot)
    assert letter == "orders"
    assert "“这个先放一放吧”未能识别，未作任何处理" in text
    assert "通过：按来表登记" in text
    says(bot, "停发通知已收到", subject)
    assert "未能识别" in last(bot)[1]
    assert acts(bot) == []


def test_ordinary_mail_of_the_staff_is_left_alone(bot: Bot) -> None:
    says(bot, "各位领导：附件为会议通知，请查收。", "会议通知")
    says(bot, "收到，谢谢", "Re: 会议通知")
    assert letters(bot) == []


# Drafts, and the bulletin.


def test_a_draft_leaves_when_somebody_agrees(bot: Bot) -> None:
    from bot.model.deciding import LetterDraft

    draft = LetterDraft(key="draft:1", letter="alarm", to=WANG, held=True,
                        context={"sentence": "请督促", "since": NOW, "detail": "x"})  # fmt: skip
    with bot.record.begin() as conn:
        enqueue(bot, conn, draft, NOW)
        enqueue(bot, conn, replace(draft, key="draft:2", to=LI), NOW)
    subject = asked(bot)
    one, two = numbers(bot)
    text = last(bot)[1]
    assert f"{one}.有待审定的邮件，您同意后才会发出可答复：同意、不同意" in text
    assert [name for name, _ in files_of(to(bot, GUO)[-1].mime)] == [f"{one}.eml", f"{two}.eml"]
    says(bot, f"{one} 同意\n{two} 不同意", subject)
    assert [row.state for row in letters(bot) if row.key in ("draft:1", "draft:2")] == ["queued", "cancelled"]
    assert numbers(bot) == []


def test_the_bulletin_is_released_by_agreeing_to_it(bot: Bot) -> None:
    from bot.jobs.reporting import bulletins

    reported(bot, WUTU)
    now = at("2017-07-12T09:00")
    read_mailbox(bot, now)
    assert bulletins.draft(bot, now)
    says(bot, "同意", subject_of(bot, "bulletin"), when=now)
    assert "2017年6月附件4通报予以印发，该月数据即予锁定" in last(bot)[1]
    with bot.record.read() as conn:
        assert bulletins.edition(bot, conn, "2017-06", now).released_at is not None


# Liaisons.


def test_a_liaison_asks_for_his_own_history_a_workbook_and_help(bot: Bot) -> None:
    reported(bot, WUTU)
    says(bot, "查询", sender=LI)
    assert "附件4（2017年6月）：第1版" in last(bot, LI)[1]
    says(bot, "表格", "要表格", sender=WANG)
    assert [name for name, _ in files_of(to(bot, WANG)[-1].mime)] == ["附件4-乔官镇-2017年6月.xlsx"]
    says(bot, "帮助", "怎么报", sender=WANG)
    letter, text = last(bot, WANG)
    assert letter == "guide"
    assert "乔官镇联络员王芳同志：您好！" in text
    assert "每月5日前报送附件4" in text
    assert "移交姓名手机邮箱" in text
    assert "停发" not in text
    says(bot, "停发", "停", sender=WANG)
    says(bot, "历史 五图街道", "问", sender=WANG)
    assert acts(bot) == []
    assert len(to(bot, WANG)) == 2
    says(bot, "查询", "问", sender=STRANGER)
    assert to(bot, STRANGER) == []


def test_nobody_but_a_liaison_gets_the_guide_and_he_not_without_end(bot: Bot) -> None:
    # given strangers, a robot, our own letter coming back, and a liaison whom something contradicts
    says(bot, "帮助", "怎么报", sender=STRANGER)
    says(bot, "帮助", "自动回复：怎么报", sender=WANG, headers={"Auto-Submitted": "auto-replied"})
    says(bot, "帮助", "怎么报", sender=bot.config.own_address)
    checked = with_provider(bot, Provider(netease=False, authserv_id="mx"))
    forged = {"Authentication-Results": "mx; spf=fail smtp.mailfrom=wang@qiaoguan.test"}
    says(checked, "帮助", "怎么报", sender=WANG, headers=forged)
    # then none of them is told anything
    assert letters(bot) == []
    # and whoever asks all day long, in answer to our answers, has no more than a day's measure
    for minute in range(30):
        subject = subject_of(bot, "guide", WANG) if to(bot, WANG) else "帮助"
        says(bot, f"帮助{'。' * minute}", subject, sender=WANG, when=at(f"2017-07-04T11:{minute:02d}"))
    assert [r.letter for r in to(bot, WANG)] == ["guide"] * bot.config.limits.letters_per_address_per_day


@pytest.mark.parametrize("word", ["帮助", "须知", "怎么报", "请帮助，谢谢"])
def test_the_guide_is_asked_for_in_several_words(bot: Bot, word: str) -> None:
    says(bot, word, "请问", sender=WANG)
    assert [r.letter for r in to(bot, WANG)] == ["guide"]
    assert attentions(bot) == []


def test_a_hand_over_waits_for_the_office(bot: Bot) -> None:
    says(bot, "移交 周八 13900000001 zhou@wutu.test\n李明", "工作调动", sender=LI)
    assert last(bot, LI)[0] == "waiting"
    with bot.record.read() as conn:
        assert [p.name for p in people.liaisons_of(conn, WUTU, NOW.date())] == ["李明"]
    says(bot, "通过", asked(bot))
    with bot.record.read() as conn:
        (person,) = people.liaisons_of(conn, WUTU, at("2017-07-05T10:00").date())
    assert (person.name, person.mobile, person.email) == ("周八", "13900000001", "zhou@wutu.test")


def test_a_stopped_bot_says_so_in_its_record(bot: Bot) -> None:
    ordered(bot, "停发")
    with bot.record.read() as conn:
        assert runs.get(conn, "stopped_by_office")

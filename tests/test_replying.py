"""Reports in words, from the letter that asks to the letter that answers: 无变化, twelve numbers, 确认, a reason."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.mail.authentication import Provider
from bot.model.forms import Document
from bot.model.mail import Attachment
from bot.reading.documents import documents
from bot.reading.guard import Reader
from bot.record import schema
from tests import scans
from tests.books import RULES, VALUES
from tests.bots import (
    NUMBERS,
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
    reported,
    rows,
    with_provider,
)
from tests.mails import mail, report

WUTU, QIAOGUAN = "五图街道", "乔官镇"
LI, WANG = "li@wutu.test", "wang@qiaoguan.test"
REMINDED, ANSWERED = at("2017-08-02T09:00"), at("2017-08-02T14:00")  # July's deadline is August 5th, a Saturday
TWELVE = "0 2 5 1 1 0 3 0 0 1 12 9"
IN_ORDER = {
    "above_scale": {"level_1": 0, "level_2": 2, "level_3": 5, "ungraded": 1},
    "high_risk": {"level_1": 1, "level_2": 0, "level_3": 3, "ungraded": 0},
    "other": {"level_1": 0, "level_2": 1, "level_3": 12, "ungraded": 9},
}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:  # mails are opened in this process, where a test can change what is read
        yield begun(with_provider(replace(made, reader=reader), made.provider))


@pytest.fixture
def fresh(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    """A campaign that begins with July: nothing was ever reported."""
    with build(config(tmp_path, campaign={"first_period": "2017-07"})) as made:
        yield begun(replace(made, reader=reader))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        yield begun(replace(made, reader=reader))


def begun(bot: Bot) -> Bot:
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG))
    return bot


def reminded(bot: Bot, to: str = LI) -> str:
    """The reminder of July's report, three working days before August 5th; its subject."""
    read_mailbox(bot, REMINDED)
    remind(bot, REMINDED)
    return subject_to(bot, to)


def to_li(bot: Bot) -> list[Any]:
    return [row for row in letters(bot) if row.to == LI]


def subject_to(bot: Bot, to: str, letter: str = "") -> str:
    """The subject of the last letter to an address."""
    found = [row for row in letters(bot) if row.to == to and letter in row.letter]
    return header(found[-1].mime, "Subject")


def replied(bot: Bot, subject: str, text: str, sender: str = LI, when: datetime = ANSWERED) -> None:
    """A reply of words alone arrives and is worked off."""
    archived(bot, mail(sender, f"Re: {subject}", text=text), when)
    assert work(bot, when, never).failed == 0


def last(bot: Bot) -> tuple[str, str]:
    """The last letter and its text."""
    row = letters(bot)[-1]
    return row.letter, flat(row.mime)


def accepted(bot: Bot, period: str = "2017-07") -> list[tuple[str, int, object, str]]:
    return [
        (r.unit, r.version, r.numbers, r.origin)
        for r in rows(bot, schema.report)
        if (r.period, r.outcome) == (period, "accepted")
    ]


def test_no_change_files_the_numbers_of_last_month(any_bot: Bot) -> None:
    # given June's report and a reminder of July's
    reported(any_bot, WUTU)
    subject = reminded(any_bot)
    assert "无变化" in flat(to_li(any_bot)[-1].mime)
    # when
    replied(any_bot, subject, "您好，本月无变化，谢谢！\n李明")
    # then
    assert accepted(any_bot) == [(WUTU, 1, NUMBERS, "unchanged")]
    letter, text = last(any_bot)
    assert letter == "receipt"
    assert "您来信“无变化”，沿用截至2017年6月的数字" in text
    assert "总计：32" in text
    assert "未填写" not in text
    # and said twice it is the same report
    replied(any_bot, subject, "无变化")
    assert last(any_bot)[0] == "duplicate"
    assert len(accepted(any_bot)) == 1


def test_no_change_never_overwrites_what_has_arrived_meanwhile(bot: Bot) -> None:
    # given a colleague's report of July that came after the reminder
    reported(bot, WUTU)
    subject = reminded(bot)
    july = {**NUMBERS, "other": {**NUMBERS["other"], "ungraded": 30}}
    reported(bot, WUTU, "2017-07", "2017-08-01T10:00", numbers=july)
    # when
    replied(bot, subject, "无变化")
    # then
    assert last(bot)[0] == "duplicate"
    assert accepted(bot) == [(WUTU, 1, july, "")]


def test_no_change_without_any_numbers_is_asked_back(fresh: Bot) -> None:
    bot = fresh
    subject = reminded(bot)
    assert "无变化" not in flat(to_li(bot)[-1].mime)
    replied(bot, subject, "无变化")
    letter, text = last(bot)
    assert letter == "unclear"
    assert "此前没有已登记的数字" in text
    assert accepted(bot) == []


def test_no_change_of_another_month_is_asked_back(bot: Bot) -> None:
    reported(bot, WUTU)
    replied(bot, reminded(bot), "6月无变化")
    assert last(bot)[0] == "unclear"
    replied(bot, subject_to(bot, LI), "7月份无变化")
    assert last(bot)[0] == "receipt"


@pytest.mark.parametrize(
    "text",
    [
        TWELVE,
        "7月份数据如下：\n规上 0 2 5 1\n高危 1 0 3 0\n其他 0 1 12 9\n\n五图街道 李明 13800000000",
        "规上：一级0，二级2，三级5，其他1；高危：一级1，二级0，三级3，其他0；其他：一级0，二级1，三级12，其他9",
        "类别\t一级\t二级\t三级\t其他\n规上\t0\t2\t5\t1\n高危\t1\t0\t3\t0\n其他\t0\t1\t12\t9",
    ],
)
def test_numbers_in_a_reply_are_a_report(fresh: Bot, text: str) -> None:
    bot = fresh
    replied(bot, reminded(bot), text)
    letter, told = last(bot)
    assert letter == "receipt"
    assert "总计：34" in told
    assert [numbers for _, _, numbers, _ in accepted(bot)] == [IN_ORDER]


def test_twelve_numbers_are_echoed_as_understood(fresh: Bot) -> None:
    bot = fresh
    replied(bot, reminded(bot), TWELVE)
    text = last(bot)[1]
    assert "您来信正文中的数字，请核对下列各数" in text
    assert "规模以上企业：一级0，二级2，三级5，其他1，合计8" in text
    assert "您来信所报五图街道附件4（截至2017年7月）经核对已登记" in text
    # and a second reply to the receipt corrects them
    replied(bot, subject_to(bot, LI), TWELVE[:-1] + "8")
    assert [version for _, version, _, _ in accepted(bot)] == [1, 2]
    assert "原为9，现为8" in last(bot)[1]


NETEASE = """<div style="line-height:1.7;color:#000000;font-size:14px;font-family:Arial"><div>{words}</div><br><br>
<div style="position:relative;zoom:1">李明<br>13800000000</div><div id="divNeteaseMailCard"></div><br>
<pre><br>At 2017-08-02 09:00:00, "安委会办公室" &lt;bot@demo.test&gt; wrote:</pre>
<blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; MARGIN: 0px 0px 0px 0.8ex">{quoted}</blockquote></div>"""
QQ = """<div>{words}</div><div><br></div><div><includetail><div style="font:Verdana normal 14px">
<div style="FONT-SIZE: 12px">
------------------&nbsp;原始邮件&nbsp;------------------</div>
<div style="FONT-SIZE: 12px;background:#efefef;padding:8px;">
<div><b>发件人:</b>&nbsp;"安委会办公室"&lt;bot@demo.test&gt;;</div>
<div><b>发送时间:</b>&nbsp;2017年8月2日(星期三) 上午9:00</div>
<div><b>收件人:</b>&nbsp;"li"&lt;li@wutu.test&gt;;</div><div><b>主题:</b>&nbsp;【报送提醒】</div></div><div>&nbsp;</div>
{quoted}</div></includetail></div>"""


@pytest.mark.parametrize("page", [NETEASE, QQ], ids=["netease", "qq"])
@pytest.mark.parametrize("words", ["无变化", "0 2 5 1 1 0 3 0 0 1 12 7"])
def test_a_reply_as_web_mail_writes_it_with_our_whole_letter_quoted(bot: Bot, page: str, words: str) -> None:
    reported(bot, WUTU)
    subject = reminded(bot)
    ours = message_from_bytes(to_li(bot)[-1].mime, policy=policy.default).get_body(("html",))
    assert ours is not None
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = LI, "bot@demo.test", f"Re: {subject}"
    message["Message-ID"] = "<1@wutu.test>"
    message.set_content(page.format(words=words, quoted=ours.get_content()), subtype="html")
    archived(bot, message.as_bytes(), ANSWERED)
    assert work(bot, ANSWERED, never).failed == 0
    assert last(bot)[0] == "receipt"
    assert [numbers for _, _, numbers, _ in accepted(bot)] == [NUMBERS]


def test_numbers_that_lack_some_are_returned_with_a_workbook(fresh: Bot) -> None:
    bot = fresh
    replied(
        bot,
        reminded(bot),
        "规上：一级0，二级2，三级5，其他1；高危：一级1，二级0，三级3，其他0；其他：一级0，二级1，三级12",
    )
    row = letters(bot)[-1]
    assert row.letter == "returned"
    assert "“其他生产经营单位·其他”一栏没有填写数字" in flat(row.mime)
    assert len(files_of(row.mime)) == 1
    assert accepted(bot) == []


def test_what_is_unclear_is_asked_back_once_and_then_put_before_the_office(bot: Bot) -> None:
    reported(bot, WUTU)
    subject = reminded(bot)
    replied(bot, subject, "无变化，但高危增加1家")
    letter, text = last(bot)
    assert letter == "unclear"
    assert "无变化，但高危增加1家" in text
    before = len(letters(bot))
    replied(bot, subject_to(bot, LI), "除高危外无变化")
    replied(bot, subject, "高危增加1家，规上和其他不变")
    assert len(letters(bot)) == before
    assert [kind for kind, _ in attentions(bot)].count("reply_unclear") == 2
    assert accepted(bot) == []
    # and when it is clear, it counts
    replied(bot, subject, TWELVE)
    assert last(bot)[0] == "receipt"


def test_one_letter_for_two_units(bot: Bot) -> None:
    """Numbers could be either's; no change is said of both."""
    # given one person at two units
    appoint(bot, (QIAOGUAN, "李明", LI), on="2017-06-02")
    reported(bot, WUTU)
    reported(bot, QIAOGUAN)
    subject = reminded(bot)
    assert WUTU in subject
    assert QIAOGUAN in subject
    # when, then
    replied(bot, subject, TWELVE)
    assert last(bot)[0] == "unclear"
    replied(bot, subject, f"乔官镇：{TWELVE}")
    assert [unit for unit, *_ in accepted(bot)] == [QIAOGUAN]
    replied(bot, subject, "无变化")
    assert sorted(unit for unit, *_ in accepted(bot)) == sorted([WUTU, QIAOGUAN])
    assert {unit: numbers for unit, _, numbers, _ in accepted(bot)} == {QIAOGUAN: IN_ORDER, WUTU: NUMBERS}


def test_words_of_a_stranger_or_about_others_file_nothing(bot: Bot) -> None:
    reported(bot, WUTU)
    subject = reminded(bot)
    replied(bot, subject, "无变化", "someone@else.test")
    replied(bot, subject, "无变化", WANG)  # a liaison of another unit, with a forwarded letter
    assert accepted(bot) == []
    assert ("stranger_words", "无变化") in attentions(bot)
    assert [row.letter for row in letters(bot) if row.to == WANG][-1] == "unclear"  # which report does she mean?


def test_words_from_a_sender_whom_the_provider_contradicts_wait_or_do_nothing(bot: Bot) -> None:
    # given a decrease that wants a reason, and a provider that checks
    subject = decreased(bot)
    bot = with_provider(bot, Provider(netease=False, authserv_id="mx"))
    forged = {"Authentication-Results": "mx; spf=fail smtp.mailfrom=li@wutu.test"}
    # when
    for text in (TWELVE, "企业已注销"):
        archived(bot, mail(LI, f"Re: {subject}", text=text, headers=forged), ANSWERED)
    before = len(letters(bot))
    work(bot, ANSWERED, never)
    # then numbers wait for the office, a reason is none, and nobody gets a letter
    assert [r.why for r in rows(bot, schema.report) if r.outcome == "waiting"] == ["authentication"]
    assert rows(bot, schema.explanation) == []
    assert sorted(kind for kind, _ in attentions(bot)) == ["authentication", "liaison_words"]
    assert len(letters(bot)) == before


def test_thanks_change_nothing_and_questions_reach_a_person(bot: Bot) -> None:
    reported(bot, WUTU)
    subject = reminded(bot)
    before = len(letters(bot))
    replied(bot, subject, "收到，谢谢！")
    assert "reply_words" not in [kind for kind, _ in attentions(bot)]
    replied(bot, subject, "请问我单位今年是否还需要报送？")
    assert attentions(bot)[-1] == ("liaison_question", "请问我单位今年是否还需要报送？")
    assert len(letters(bot)) == before + 1
    letter, text = last(bot)
    assert letter == "noted"
    assert "请问我单位今年是否还需要报送？" in text
    assert "五图街道附件4（截至2017年7月）：尚未收到" in text


def decreased(bot: Bot) -> str:
    """June had 32, July has 30 of them: accepted, and a reason is asked for. The receipt's subject."""
    more = {**NUMBERS, "other": {**NUMBERS["other"], "ungraded": 9}}
    reported(bot, WUTU, numbers=more)
    archived(bot, report(LI, month=7), ANSWERED)
    work(bot, ANSWERED, never)
    letter, text = last(bot)
    assert letter == "receipt"
    assert "如确有减少，请回信说明原因" in text
    return subject_to(bot, LI)


def test_a_reason_is_kept_and_the_same_is_not_asked_again(any_bot: Bot) -> None:
    subject = decreased(any_bot)
    # when
    replied(any_bot, subject, "您好，其他类中有2家企业已注销。\n李明")
    # then
    letter, text = last(any_bot)
    assert letter == "explained"
    assert "其他类中有2家企业已注销" in text
    assert "减少2家" in text
    (kept,) = rows(any_bot, schema.explanation)
    assert "2家企业已注销" in kept.reason
    (finding,) = [f for f in rows(any_bot, schema.finding) if f.check_id == "decreased"]
    assert finding.explanation_id == kept.id
    # and a correction in another category is not asked about it again
    rest = {**NUMBERS, "high_risk": {**NUMBERS["high_risk"], "level_1": 2}}
    replied(any_bot, subject, "0 2 5 1 2 0 3 0 0 1 12 7")
    assert accepted(any_bot)[-1][2] == rest
    letter, text = last(any_bot)
    assert letter == "receipt"
    assert "请回信说明原因" not in text
    # but a larger decrease is another one
    replied(any_bot, subject, "0 2 5 1 2 0 3 0 0 1 12 3")
    assert "请回信说明原因" in last(any_bot)[1]


def test_a_question_or_a_delay_is_no_reason(bot: Bot) -> None:
    subject = decreased(bot)
    replied(bot, subject, "请问减少指的是哪一类？")
    replied(bot, subject, "正在核实，稍后重新报")
    assert rows(bot, schema.explanation) == []
    assert [kind for kind, _ in attentions(bot)] == ["liaison_question"]


@pytest.fixture(scope="module")
def photo(reader: Reader) -> Document:
    """The filled form of June, photographed, and read once."""
    if not scans.OCR:
        reason = "the extra ocr is not installed (requirements-ocr.lock)"
        if os.environ.get("BOT_REQUIRE_OCR") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    (found,) = documents([Attachment("附件4.jpg", scans.jpeg(scans.page()))], reader, RULES)
    return found


@pytest.fixture
def with_photo(bot: Bot, photo: Document, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """A bot that has got the photo. Recognising it again in each test would take four seconds."""
    monkeypatch.setattr(
        "bot.jobs.opening.documents",
        lambda attachments, *rest: (
            (photo,) if [a.name for a in attachments] == ["附件4.jpg"] else documents(attachments, *rest)
        ),
    )
    archived(bot, mail(LI, "附件4", ("附件4.jpg", b"a photo")), at("2017-07-05T20:00"))
    work(bot, at("2017-07-05T20:01"), never)
    return bot


def test_a_photo_counts_when_its_sender_confirms_from_the_day_it_came(with_photo: Bot) -> None:
    bot = with_photo
    # given: every number is shown, and nothing counted
    row = letters(bot)[-1]
    assert row.letter == "confirm"
    assert "高危企业：一级1，二级0，三级3，其他0，合计4" in flat(row.mime)
    assert "只写“确认”两字" in flat(row.mime)
    assert len(files_of(row.mime)) == 1
    assert accepted(bot, "2017-06") == []
    # when, after the deadline
    replied(bot, subject_to(bot, LI), "确认", when=at("2017-07-06T09:00"))
    # then it is on time
    assert accepted(bot, "2017-06") == [(WUTU, 1, VALUES, "confirmed")]
    letter, text = last(bot)
    assert letter == "receipt"
    assert "来表中读到的数字，已经您确认" in text
    assert "按时报送" in text
    # and a second yes is no second report
    replied(bot, header(row.mime, "Subject"), "确认。", when=at("2017-07-06T10:00"))
    assert last(bot)[0] == "duplicate"


def test_a_photo_is_settled_by_a_workbook_too(with_photo: Bot) -> None:
    bot = with_photo
    archived(bot, report(LI, extra=1), at("2017-07-06T09:00"))
    work(bot, at("2017-07-06T09:00"), never)
    assert last(bot)[0] == "receipt"
    assert [origin for *_, origin in accepted(bot, "2017-06")] == [""]
    # and a yes that comes after it does not put the draft over it
    subject = header(next(r for r in letters(bot) if r.letter == "confirm").mime, "Subject")
    replied(bot, subject, "确认", when=at("2017-07-06T10:00"))
    assert len(accepted(bot, "2017-06")) == 1


def test_a_photo_of_which_a_number_is_unsure_cannot_be_confirmed(
    bot: Bot, photo: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one cell that was not recognised, and the sums left out
    (form,) = photo.forms
    cells = {**form.counts, "high_risk": {k: v for k, v in form.counts["high_risk"].items() if k != "level_3"}}
    partly = replace(photo, forms=(replace(form, counts=cells, subtotals={}, total=None),))
    monkeypatch.setattr("bot.jobs.opening.documents", lambda attachments, *rest: (partly,) if attachments else ())
    archived(bot, mail(LI, "附件4", ("附件4.jpg", b"a photo")), at("2017-07-05T20:00"))
    work(bot, at("2017-07-05T20:01"), never)
    text = last(bot)[1]
    assert last(bot)[0] == "confirm"
    assert "只写“确认”两字" not in text
    assert "“高危企业·三级”一栏没有填写数字" in text
    # when
    replied(bot, subject_to(bot, LI), "确认", when=at("2017-07-06T09:00"))
    # then
    assert last(bot)[0] == "unclear"
    assert "不能直接确认" in last(bot)[1]
    assert accepted(bot, "2017-06") == []


def test_only_people_of_the_unit_can_confirm(with_photo: Bot) -> None:
    bot = with_photo
    subject = subject_to(bot, LI, "confirm")
    replied(bot, subject, "确认", WANG, at("2017-07-06T09:00"))
    replied(bot, subject, "确认", "someone@else.test", at("2017-07-06T09:00"))
    assert accepted(bot, "2017-06") == []

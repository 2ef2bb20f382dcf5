"""Letters that came back: told by class, marked only where the address is gone, healed by whoever writes from it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.deciding.returned import why_returned
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.model.mail import Bounce
from bot.reading.guard import Reader
from bot.record import people, schema
from bot.rules.bounces import Bounces
from bot.rules.load import load_file, load_rules
from tests.bots import appoint, archived, at, attentions, build, config, first_run, letters, never, rows
from tests.mails import mail, report

RULES = load_rules(Path("rules"))
NOW = at("2017-07-03T10:00")
LI, WUTU = "li@wutu.test", "五图街道"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One guarded process for all tests here."""
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (WUTU, "李明", LI))
        yield replace(made, reader=reader)


SAID = {
    # what the other server answered, in the words of NetEase, QQ, Exmail, Coremail, Exchange, Postfix, Gmail and others
    "550 User not found: li@163.com": "gone",
    "550 Invalid User: li@163.com": "gone",
    "550 User suspended: li@163.com": "gone",
    "550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&no=1000728": "gone",
    "550 Mailbox unavailable or access denied [MxUVn0/zr3]": "gone",
    "550 5.1.1 The email account that you tried to reach does not exist. gsmtp": "gone",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup": "gone",
    "550 5.4.1 Recipient address rejected: Access denied": "gone",
    "550 5.1.1 <li@town.example>: Recipient address rejected: User unknown in virtual mailbox table": "gone",
    "553 sorry, no mailbox here by that name (#5.7.1)": "gone",
    "Host or domain name not found. Name service error for name=town.example type=MX: Host not found": "gone",
    "收件人 li@town.example 不存在": "gone",
    "550 5.1.1": "gone",
    "552 5.2.2 Mailbox full": "full",
    "550 Mailbox is full: li@163.com": "full",
    "452 4.2.2 The email account that you tried to reach is over quota": "full",
    "552 Quota exceeded or service disabled": "full",
    "550 5.1.0 - Unknown address error 550-'5.2.2 <li@x.example>... Mailbox Full'": "full",
    "对方邮箱已满": "full",
    "5.2.2": "full",
    "554 DT:SPM 163 mx, please see http://mail.163.com/help/help_spam_16.htm": "refused",
    "550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726": "refused",
    "550 5.7.1 Message rejected due to content restrictions": "refused",
    "553 5.1.8 <office@county.example>... Domain of sender address office@county.example does not exist": "refused",
    "552 5.3.4 Message size exceeds fixed limit": "refused",
    "邮件内容违规，被对方拒收": "refused",
    "5.7.509": "refused",
    "delivery time expired": "expired",
    "connect to mx.town.example[192.0.2.1]:25: Connection timed out": "expired",
    "451 4.4.1 temporary failure": "expired",
    "4.4.7": "expired",
    "550 Rejected": None,
    "554 Transaction failed": None,
    "5.0.0": None,
}


@pytest.mark.parametrize("said", SAID)
def test_an_answer_has_its_class(said: str) -> None:
    assert why_returned(Bounce((), (), True, said), RULES.bounces) == SAID[said]


def test_codes_count_where_no_word_does_and_a_word_counts_more() -> None:
    assert why_returned(Bounce((), (), True, "550 Rejected", ("5.1.1",)), RULES.bounces) == "gone"
    assert why_returned(Bounce((), (), True, "550 mailbox full", ("5.1.1",)), RULES.bounces) == "full"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("抱歉，您的邮件被退回来了\n收件人：li@x.example\n退信原因：用户不存在", "gone"),
        ("退信原因：对方邮箱空间不足", "full"),
        ("可能的原因：1. 收件人地址不存在；2. 对方邮箱已满；3. 被对方拒收", None),
        ("mailbox is full: retry timeout exceeded", "full"),
        ("THIS IS A WARNING MESSAGE ONLY.\nThe following address is delayed: user unknown", "delayed"),
        ("很遗憾，您的邮件未能送达。", None),
        ("host mx said:\n550 5.2.1 account disabled\nPossible reasons: the mailbox is full", "gone"),
    ],
)
def test_a_report_s_own_words_count_if_they_speak_of_one_class(words: str, wanted: str | None) -> None:
    assert why_returned(Bounce((), (), True, "", words=words), RULES.bounces) == wanted


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "full"', 'id = "gone"', "expected one 'gone'"),
        ('"x.2.2"', '"5.2.2"', "expected x.1.1"),
        ("lasts = 3", "lasts = 1", "greater than or equal to 2"),
    ],
)
def test_a_wrong_class_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "bounces.toml"
    # the classes themselves are those of the shipped file
    text = Path("rules/bounces.toml").read_text("utf-8")
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(Exception, match=said):
        load_file(file, Bounces)


# The whole way


def bounce(
    to: str, original: str, said: str, number: int = 0, subject: str = "系统退信", status: str = "5.0.0"
) -> bytes:
    """A delivery report (RFC 3464) about a letter of ours."""
    return (
        f"From: Postmaster@163.com\r\nTo: bot@demo.test\r\nSubject: {subject}\r\n"
        f"Message-ID: <bounce-{number}@163.com>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n退信\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; 163.com\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {said}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{original}\r\n\r\n--b--\r\n"
    ).encode()


def dead(bot: Bot) -> set[str]:
    with bot.record.read() as conn:
        return people.dead(conn)


def answered(bot: Bot, count: int = 1) -> list[str]:
    """So many letters to Li, each the answer to a mail of his; the header lines by which they are known."""
    for number in range(count):
        archived(bot, report(LI, subject=f"附件4 {number}"), NOW)
        work(bot, NOW, never)
    return [f"Message-ID: {letter.message_id}" for letter in letters(bot)]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("552 Mailbox full", "bounced_full"),
        ("550 Mail content denied", "bounced_refused"),
        ("delivery time expired", "bounced_expired"),
        ("550 Rejected", "bounced_unclear"),
    ],
)
def test_what_is_no_dead_address_is_told_and_marks_nobody(bot: Bot, said: str, kind: str) -> None:
    (ours,) = answered(bot)
    archived(bot, bounce(LI, ours, said), NOW)
    archived(bot, bounce(LI, ours, said, 1), NOW)  # the same letter once more
    work(bot, NOW, never)
    assert dead(bot) == set()
    assert attentions(bot) == [(kind, LI)]
    (item,) = rows(bot, schema.attention)
    assert (item.unit, item.letter_id) == (WUTU, letters(bot)[0].id)


def test_our_number_in_the_quoted_subject_is_enough(bot: Bot) -> None:
    answered(bot)
    token = letters(bot)[0].token
    archived(bot, bounce(LI, f"Subject: Re: 回执 {token}", "550 User not found"), NOW)
    work(bot, NOW, never)
    assert dead(bot) == {LI}


def test_a_failure_that_lasts_is_told_once_more_and_then_not_each_time(bot: Bot) -> None:
    ours = answered(bot, 5)
    assert len(ours) == 5
    for number, letter in enumerate(ours):
        archived(bot, bounce(LI, letter, "552 Mailbox full", number), NOW)
        work(bot, NOW, never)
    assert attentions(bot) == [("bounced_full", LI), ("bounced_lasts", LI)]
    assert dead(bot) == set()


@pytest.mark.parametrize("who", ["himself", "a machine of his", "somebody in his name", "an older mail"])
def test_an_address_lives_again_when_a_mail_comes_from_it(bot: Bot, who: str) -> None:
    (ours,) = answered(bot)
    archived(bot, bounce(LI, ours, "550 User not found"), NOW)
    work(bot, NOW, never)
    assert dead(bot) == {LI}
    head = {
        "himself": "",
        "a machine of his": "Subject: 自动回复: 出差\r\n",
        "somebody in his name": "Return-Path: <>\r\nSubject: Undelivered Mail Returned to Sender\r\n",
        "an older mail": "",
    }[who]
    came = NOW + timedelta(hours=-1 if who == "an older mail" else 1)
    archived(bot, f"From: {LI}\r\n{head}Message-ID: <again@town.test>\r\n\r\n请问".encode(), came)
    work(bot, NOW + timedelta(hours=1), never)
    assert dead(bot) == (set() if who in ("himself", "a machine of his") else {LI})


def test_the_office_s_word_takes_the_mark_away_also_where_nothing_else_changes(bot: Bot) -> None:
    (ours,) = answered(bot)
    archived(bot, bounce(LI, ours, "550 User not found"), NOW)
    work(bot, NOW, never)
    today = NOW.date()
    with bot.record.begin() as conn:
        person = people.liaisons_of(conn, WUTU, today)
        assert not people.appoint(conn, WUTU, person, today, today)
    assert dead(bot) == set()


def test_a_bounce_that_comes_again_marks_nobody_who_was_healed(bot: Bot) -> None:
    (ours,) = answered(bot)
    archived(bot, bounce(LI, ours, "550 User not found"), NOW)
    work(bot, NOW, never)
    archived(bot, mail(LI, "请问"), NOW + timedelta(hours=1))
    work(bot, NOW + timedelta(hours=1), never)
    archived(bot, bounce(LI, ours, "550 User not found", 1), NOW + timedelta(hours=2))
    work(bot, NOW + timedelta(hours=2), never)
    assert dead(bot) == set()


@pytest.mark.parametrize("about", ["nobody's letter", "another mail's"])
def test_a_system_s_mail_about_no_letter_of_ours_is_nobody_s_business(bot: Bot, about: str) -> None:
    answered(bot)
    original = {"nobody's letter": "", "another mail's": "Message-ID: <else@where.test>"}[about]
    archived(bot, bounce(LI, original, "550 User not found"), NOW)
    work(bot, NOW, never)
    assert (dead(bot), attentions(bot)) == (set(), [])

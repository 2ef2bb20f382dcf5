"""What a machine wrote, by the marks that its kind leaves; and people's mail that only looks like it."""

import pytest

from bot.mail.automatic import why_automatic
from bot.mail.mime import Budget, parse

OWN = "clawhbgs@163.com"
PERSON = "li@town.example"


def why(*headers: str, text: str = "请查收。", sender: str | None = PERSON, body: bytes = b"x") -> str | None:
    head = "\r\n".join([f"From: {sender}"] * (sender is not None) + list(headers)).encode()
    return why_automatic(parse(head + b"\r\n\r\n" + body, Budget()), text, OWN, sender)


MARKS = [
    ("Auto-Submitted: auto-replied", "auto_submitted"),
    ("Auto-Submitted: auto-generated; x=y", "auto_submitted"),
    ("auto-submitted: AUTO-NOTIFIED (by cron)", "auto_submitted"),
    ("X-QQ-AUTO-REPLY: true", "auto_reply"),
    ("X-QQ-HolidayReply: true", "auto_reply"),
    ("X-Autoreply: yes", "auto_reply"),
    ("X-Autorespond: x", "auto_reply"),
    ("Sender: 123+auto_=clawhbgs=163.com@qq.com", "auto_reply"),
    ("Return-Path: <123+auto_=clawhbgs=\r\n 163.com@qq.com>", "auto_reply"),
    ("Precedence: auto_reply", "auto_reply"),
    ("Subject: =?gbk?B?19S2r7vYuLQ6UmU6?= x", "auto_reply"),  # 自动回复:Re:
    ("Subject: 自动回复: 报送附件4", "auto_reply"),
    ("Subject: 自动回复：报送附件4", "auto_reply"),
    ("Subject: 【自动回复】已收到", "auto_reply"),
    ("Subject: 自动答复: x", "auto_reply"),
    ("Subject: 假期自动回复", "auto_reply"),
    ("Subject: 来自li@sina.com的自动回复", "auto_reply"),
    ("Subject: Automatic reply: x", "auto_reply"),
    ("Subject: Out of Office: x", "auto_reply"),
    ("Precedence: bulk", "list"),
    ("Precedence: List", "list"),
    ("Precedence: junk", "list"),
    ("List-Id: <a.example>", "list"),
    ("List-Unsubscribe: <https://x.example>", "list"),
    ("X-Loop: other@host.example", "list"),
    ("Return-Path: <>", "empty_return_path"),
    ("Return-Path:\r\n < >", "empty_return_path"),
    ("X-CM-Original-Message-ID: <a@b>", "bounce"),
    ("X-Failed-Recipients: a@b.example", "bounce"),
    ("Content-Type: Multipart/Report; report-type=delivery-status; boundary=b", "bounce"),
    ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b", "bounce"),  # read receipt
    ("X-Loop: clawhbgs@163.com", "own"),
    ("X-Bot-Token: abc", "own"),
]


@pytest.mark.parametrize(("header", "reason"), MARKS)
def test_each_mark_is_known(header: str, reason: str) -> None:
    assert why(header) == reason


@pytest.mark.parametrize(
    "header",
    [
        "X-Auto-Response-Suppress: All",
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "Precedence: normal",
        "Return-Path: <li@town.example>",
        "Subject: Re: 自动回复: 报送附件4",  # a person answers an auto-reply
        "Subject: 关于自动回复的问题",
        "X-Mailing-List-Not: x",
        'From-Name: "postmaster"',
        "Subject: 退信原因请查明",
    ],
)
def test_a_persons_mail_is_not_automatic(header: str) -> None:
    assert why(header) is None


@pytest.mark.parametrize("sender", ["postmaster@163.com", "mailer-daemon@qq.com"])
def test_system_addresses(sender: str) -> None:
    assert why(sender=sender) == "postmaster"
    assert why("Subject: 系统退信/The email is returned", sender=sender) == "bounce"


@pytest.mark.parametrize(
    "header", ["From: MAILER-DAEMON (Mail Delivery System)", "From: <postmaster>", "From: Postmaster@163.com, x@y.z"]
)
def test_a_system_address_without_a_believed_sender(header: str) -> None:
    assert why(header, sender=None) == "postmaster"


def test_a_display_name_does_not_make_a_system_address() -> None:
    parsed = parse(b'From: "postmaster@163.com" <li@town.example>\r\n\r\nx', Budget())
    assert why_automatic(parsed, "x", OWN, PERSON) is None


def test_mail_from_our_own_address_is_ours_whatever_else_it_is() -> None:
    assert why("Auto-Submitted: auto-replied", sender=OWN) == "own"
    assert why("Subject: 自动回复", sender=OWN) == "own"
    assert why("X-Bot-Token: K7M3Q2TD") == "own"


def test_a_clerk_who_sends_something_to_the_office_s_own_address_is_no_machine() -> None:
    assert why("Subject: 五图街道6月附件4（微信收到）", sender=OWN) is None


def test_without_an_own_address_nobody_is_taken_for_us() -> None:
    assert why_automatic(parse(b"X-Loop: a@b.c\r\n\r\nx", Budget()), "", "", None) == "list"


@pytest.mark.parametrize(
    "text",
    [
        "这是自动回复，您的邮件已收到。",
        "这是来自QQ邮箱的假期自动回复邮件。\n\n您好，我最近正在休假中。",
        "您好！\n这是一封自动回复邮件，请勿回复。",
        "尊敬的用户：\n此为系统自动回复。",
        "[自动回复] 您好，邮件已收到",
        "自动回复：已收到",
        "（自动回复）",
        "This is an automatic reply, confirming that your e-mail was received.Thank you",
        "\n\n  This is an automated response",
    ],
)
def test_a_body_that_begins_as_an_auto_reply(text: str) -> None:
    assert why(text=text) == "auto_reply"


@pytest.mark.parametrize(
    "text",
    [
        "五图街道7月报表见附件。\n\n-----原始邮件-----\n这是自动回复，您的邮件已收到。",
        "收到贵办的自动回复，说合计不对，现重新报送。",
        "这是对贵办自动回复的补充说明。",
        "这是自动回复里说的那张表，已更正。",
        "自动回复收到了，数字没有错。",
        "> This is an automatic reply",
        "报送如下。" + "\n" * 3 + "附：此邮件为自动回复",
        "",
    ],
)
def test_a_person_who_writes_about_an_auto_reply(text: str) -> None:
    assert why(text=text) is None


def test_a_file_outweighs_the_first_words_of_the_body() -> None:
    # given a mail that begins like an auto-reply and carries a file: a machine's reply has none
    header = "Content-Type: multipart/mixed; boundary=b"
    body = b"--b\r\nContent-Type: application/octet-stream; name=a.xlsx\r\n\r\nPK\r\n--b--\r\n"
    assert why(header, text="自动回复：见附件", body=body) is None


def test_marks_of_a_mail_inside_do_not_count() -> None:
    # given a person who forwards our own letter, and a list's, as attachments
    inner = b"X-Bot-Token: t\r\nAuto-Submitted: auto-replied\r\nList-Id: <x>\r\n\r\nx\r\n"
    body = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"--b--\r\n"
    assert why("Content-Type: multipart/mixed; boundary=b", body=body) is None

"""Bounces as NetEase and others send them."""

import base64

import pytest

from bot.mail.bounces import bounce
from bot.mail.mime import Budget, parse
from bot.model.mail import Bounce


def b64(text: str) -> bytes:
    return base64.b64encode(text.encode("gb18030"))


def netease(*recipients: bytes, action: bytes = b"failed", extra: bytes = b"") -> bytes:
    """After a raw sample of 系统退信."""
    blocks = b"\r\n\r\n".join(
        b"Final-Recipient: rfc822; " + r + b"\r\nAction: " + action + b"\r\nStatus: 5.0.0\r\n"
        b"Diagnostic-Code: smtp; 550 User not found: " + r
        for r in recipients
    )
    return (
        b"From: Postmaster@163.com\r\nReturn-Path: <>\r\nTo: clawhbgs@163.com\r\nSubject: =?gb2312?B?z7XNs83L0MU=?=\r\n"
        b"X-Mailer: Coremail MTA server\r\n" + extra + b"MIME-Version: 1.0\r\n"
        b'Content-Type: Multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b64("抱歉，您的邮件被退回来了\n收件人：nobody@town.example\n退信原因：用户不存在") + b"\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; 163.com\r\n\r\n"
        + blocks + b"\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Message-ID: <letter-1@bot.example>\r\nSubject: x\r\n\r\nhello\r\n--b--\r\n"
    )  # fmt: skip


def read(data: bytes) -> Bounce | None:
    return bounce(parse(data, Budget()))


def test_a_bounce_of_netease() -> None:
    found = read(netease(b"Nobody@town.example", extra=b"X-CM-Original-Message-ID: <letter-1@bot.example>\r\n"))
    assert found is not None
    assert (found.recipients, found.message_ids) == (("nobody@town.example",), ("<letter-1@bot.example>",))
    assert (found.final, found.status) == (True, ("5.0.0",))
    assert found.diagnostic == "550 User not found: Nobody@town.example"
    assert found.words.endswith("退信原因：用户不存在")


def test_several_recipients_each_once() -> None:
    found = read(netease(b"a@x.example", b"b@x.example", b"A@x.example"))
    assert found is not None
    assert found.recipients == ("a@x.example", "b@x.example")


def test_a_delay_is_not_final() -> None:
    found = read(netease(b"a@x.example", action=b"delayed"))
    assert found is not None
    assert (found.final, found.recipients) == (False, ("a@x.example",))


def test_a_failure_beside_a_delay_is_final_for_that_address_only() -> None:
    data = netease(b"a@x.example", b"b@x.example").replace(b"Action: failed", b"Action: Delayed", 1)
    found = read(data)
    assert found is not None
    assert (found.final, found.recipients) == (True, ("b@x.example",))


def test_delivered_is_no_bounce() -> None:
    assert read(netease(b"a@x.example", action=b"delivered")) is None


def test_the_original_recipient_is_the_one_we_wrote_to() -> None:
    data = netease(b"moved@y.example").replace(
        b"Final-Recipient", b"Original-Recipient: rfc822;a@x.example\r\nFinal-Recipient"
    )
    found = read(data)
    assert found is not None
    assert found.recipients == ("a@x.example",)


def test_a_read_receipt_is_no_bounce() -> None:
    data = (
        b"From: a@x.example\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
        b"--b\r\n\r\nread\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        b"Final-Recipient: rfc822; a@x.example\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n--b--\r\n"
    )
    assert read(data) is None


def test_a_bounce_without_a_report_is_read_from_its_text() -> None:
    body = "您的邮件被退回来了\n\n收件人：<nobody@town.example>\n主题：催报".encode("gbk")
    data = (
        b"From: PostMaster@qq.com\r\nSubject: =?gbk?B?"
        + b64("系统退信")
        + b"?=\r\nIn-Reply-To: <letter-2@bot.example>\r\n\r\n"
        + body
    )
    found = read(data)
    assert found is not None
    assert (found.recipients, found.message_ids) == (("nobody@town.example",), ("<letter-2@bot.example>",))
    assert (found.final, found.diagnostic) == (True, "")


def test_exim_names_the_recipients_in_a_header() -> None:
    data = b"From: Mailer-Daemon@x.example\r\nX-Failed-Recipients: a@x.example,\r\n b@x.example\r\nSubject: y\r\n\r\nz"
    found = read(data)
    assert found is not None
    assert found.recipients == ("a@x.example", "b@x.example")


def test_the_headers_alone_of_the_original_name_it_too() -> None:
    data = netease(b"a@x.example").replace(b"message/rfc822\r\n", b"text/rfc822-headers\r\n")
    found = read(data)
    assert found is not None
    assert found.message_ids == ("<letter-1@bot.example>",)


def test_a_person_who_writes_about_a_bounce_is_none() -> None:
    assert read(b"From: li@town.example\r\nSubject: =?gbk?B?" + b64("系统退信") + b"?=\r\n\r\nx") is None


def test_an_empty_report_is_a_failure_of_unknown_addresses() -> None:
    data = netease().replace(b"nobody@town.example", b"")
    data = data.replace(b64("抱歉，您的邮件被退回来了\n收件人：nobody@town.example\n退信原因：用户不存在"), b64("退信"))
    found = read(data)
    assert found is not None
    assert (found.recipients, found.final) == ((), True)


ORIGINAL = "Subject: =?utf-8?b?5YKs5oql?= (K7M3Q9TD)\nTo: li@town.example\nMessage-ID: <letter-3@bot.example>\n\n催报\n"
WORDLESS = {
    "qmail": (
        "From: MAILER-DAEMON@x.example\nSubject: failure notice\n\nHi. This is the qmail-send program at x.example.\n"
        "I'm afraid I wasn't able to deliver your message.\n\n<li@town.example>:\n"
        "Sorry, no mailbox here by that name.\n\n"
        "--- Below this line is a copy of the message.\n\nReturn-Path: <office@county.example>\n" + ORIGINAL
    ),
    "exim": (
        "From: Mail Delivery System <Mailer-Daemon@x.example>\nSubject: Mail delivery failed: returning message\n\n"
        "The following address failed:\n\n  li@town.example\n    Unrouteable address\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n" + ORIGINAL
    ),
    "exchange": (
        "From: System Administrator\nSubject: Undeliverable: (K7M3Q9TD)\nReturn-Path: <>\n\nYour message\n\n"
        "  To:      li@town.example\n  Subject: (K7M3Q9TD)\n\ndid not reach the following recipient(s):\n\n"
        "li@town.example on Mon, 3 Jul 2017 10:00:00 +0800\n    The e-mail account does not exist.\n"
    ),
    "postfix as a text": (
        "From: MAILER-DAEMON (Mail Delivery System)\nSubject: Undelivered Mail Returned to Sender\n\n"
        "This is the mail system.\n\n<li@town.example>: host mx.town.example said: 550 5.1.1 User unknown\n\n"
        + ORIGINAL
    ),
    "html alone": (
        "From: PostMaster@qq.com\nSubject: =?utf-8?b?57O757uf6YCA5L+h?=\nContent-Type: text/html; charset=utf-8\n\n"
        "<p>退信原因</p><p>收件人（<b>li@town.example</b>）不存在</p><p>主题：催报 (K7M3Q9TD)</p>"
    ),
}


@pytest.mark.parametrize("system", WORDLESS)
def test_without_a_report_the_words_name_the_address_and_the_letter(system: str) -> None:
    found = read(WORDLESS[system].encode())
    assert found is not None
    assert found.recipients[0] == "li@town.example"
    assert "K7M3Q9TD" in found.quoted
    assert found.message_ids == (("<letter-3@bot.example>",) if ORIGINAL in WORDLESS[system] else ())
    assert "催报\n" not in found.words


def test_our_mark_is_found_in_an_encoded_subject_that_is_quoted_and_in_our_own_header() -> None:
    data = netease(b"a@x.example").replace(
        b"Subject: x", b"X-Bot-Token: AAAA2222\r\nSubject: =?utf-8?q?=E5=82=AC=E6=8A=A5_K7M3?=\r\n =?utf-8?q?Q9TD?="
    )
    found = read(data)
    assert found is not None
    assert {"AAAA2222", "K7M3Q9TD"} <= set(found.quoted.replace("催报", "").split())


def test_a_report_inside_another_multipart_is_found() -> None:
    inner = netease(b"a@x.example").split(b"MIME-Version: 1.0\r\n")[1]
    data = b"From: x@y.example\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n" + inner + b"\r\n--o--\r\n"
    assert read(data) is None  # a person forwards a report: it is his mail
    found = read(b"From: MAILER-DAEMON@y.example\r\n" + data.partition(b"\r\n")[2])
    assert found is not None
    assert found.recipients == ("a@x.example",)


def test_a_failed_recipients_header_of_80_kilobytes_is_read_once_over() -> None:
    found = read(b"From: x@y.example\r\nX-Failed-Recipients: " + b"a" * 80_000 + b"\r\n\r\nz")
    assert found is not None
    assert found.recipients == ()

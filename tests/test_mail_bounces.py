"""Bounces as NetEase and others send them."""

import base64

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
    assert found == Bounce(
        ("nobody@town.example",), ("<letter-1@bot.example>",), True, "550 User not found: Nobody@town.example"
    )


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
    assert read(data) == Bounce(("nobody@town.example",), ("<letter-2@bot.example>",), True, "")


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

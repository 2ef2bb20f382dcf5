"""A whole mail: its parts, nested mails, logos, links, and the values of the header."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from bot.mail.authentication import Provider
from bot.mail.unwrap import unwrap
from bot.model.mail import Attachment, Mail, RawMail

ARRIVED = datetime(2017, 7, 3, 2, 0, tzinfo=UTC)
NETEASE = Provider.for_host("imap.163.com", "")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"workbook" * 20
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
HEAD = (b"From: li@town.example", b"Subject: x", b"Message-ID: <1@town.example>")


def opened(data: bytes) -> Mail:
    return unwrap(RawMail(data, ARRIVED), own_address="clawhbgs@163.com", provider=NETEASE)


def leaf(data: bytes, *headers: bytes) -> bytes:
    lines = (*headers, b"Content-Transfer-Encoding: base64", b"", base64.encodebytes(data).replace(b"\n", b"\r\n"))
    return b"\r\n".join(lines)


def file(data: bytes = OLE, name: bytes = b"a.xls", *headers: bytes) -> bytes:
    return leaf(data, b'Content-Type: application/octet-stream; name="' + name + b'"', *headers)


def words(text: bytes, kind: bytes = b"plain") -> bytes:
    return b"Content-Type: text/" + kind + b"; charset=utf-8\r\n\r\n" + text + b"\r\n"


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b0", head: tuple[bytes, ...] = ()) -> bytes:
    lines = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    declared = b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"'
    return b"\r\n".join((*head, declared, b"", lines + b"--" + boundary + b"--\r\n"))


def mail(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b0") -> bytes:
    return multipart(*parts, kind=kind, boundary=boundary, head=HEAD)


def test_a_plain_report() -> None:
    # given a mail as 163's web page writes it: raw GBK subject, alternative bodies, one workbook
    bodies = multipart(words("请查收。".encode()), words(b"<p>html</p>", b"html"), kind=b"alternative", boundary=b"alt")
    data = multipart(
        bodies,
        file(OLE, "附件4.xls".encode("gbk")),
        head=(
            b"From: " + "李明".encode("gbk") + b" <Li@Town.example>",
            b"Subject: " + "报送附件4".encode("gbk"),
            b"Message-ID: <1@town.example>",
            b"In-Reply-To: <q@bot.example>",
            b"References: <p@bot.example>\r\n <q@bot.example>",
        ),
    )
    # when
    found = opened(data)
    # then
    assert found == Mail(
        sha256=hashlib.sha256(data).hexdigest(),
        received_at=ARRIVED,
        message_id="<1@town.example>",
        sender="li@town.example",
        shown_from="李明 <Li@Town.example>",
        subject="报送附件4",
        text="请查收。",
        html="<p>html</p>",
        answers=("<q@bot.example>", "<p@bot.example>"),
        automatic=None,
        authentication="unknown",
        bounce=None,
        attachments=(Attachment("附件4.xls", OLE),),
        refused=(),
    )


def test_the_bytes_of_an_attachment_are_exactly_those_that_were_sent() -> None:
    data = bytes(range(256)) * 50 + b"\r\n--b0\r\n"
    (attachment,) = opened(mail(file(data))).attachments
    assert attachment.data == data


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (b"Message-ID: <a@b>", "<a@b>"),
        (b"Message-ID:\r\n <a@b>", "<a@b>"),
        (b"Message-ID: a@b", "a@b"),
        (b"Message-ID: [a@b]", "[a@b]"),
        (b"Message-ID: <>", None),
        (b"Message-ID:", None),
        (b"X: y", None),
        (b"Message-ID: <" + b"a" * 2000 + b"@b>", None),
        (b"Message-ID: <a\0@b>\x07", "<a @b>"),
    ],
)
def test_the_message_id(header: bytes, wanted: str | None) -> None:
    assert opened(b"From: a@b.c\r\n" + header + b"\r\n\r\nx").message_id == wanted


def test_our_own_mail_and_the_providers_verdict() -> None:
    head = b"Received: from x by gzmx14 (Coremail) with SMTP id T1; x\r\nFrom: a@town.example\r\nX-CM-TRANSID: T1\r\n"
    head += b"Authentication-Results: gzmx14; spf=fail smtp.mail=a@town.example\r\n\r\nx"
    assert opened(head).authentication == "fail"
    # a clerk who writes from the office's own address is a person; what a machine sends on from it is ours
    assert opened(b"From: ClawHBGS@163.com\r\n\r\nx").automatic is None
    assert opened(b"From: ClawHBGS@163.com\r\nPrecedence: bulk\r\n\r\nx").automatic == "own"


def test_a_bounce_does_not_bring_our_own_workbook_back() -> None:
    original = b"Content-Type: message/rfc822\r\n\r\n" + mail(words(b"x"), file(), boundary=b"own")
    status = b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
    status += b"Final-Recipient: rfc822; a@x.example\r\nAction: failed\r\n"
    report = mail(words(b"sorry"), status, original, kind=b"report; report-type=delivery-status")
    found = opened(report)
    assert (found.attachments, found.refused, found.automatic, found.text) == ((), (), "bounce", "sorry")
    assert found.bounce is not None
    assert found.bounce.message_ids == ("<1@town.example>",)


def test_a_read_receipt_with_the_original_brings_no_file() -> None:
    notification = b"Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\n"
    original = b"Content-Type: message/rfc822\r\n\r\n" + mail(file(), boundary=b"own")
    found = opened(mail(words(b"read"), notification, original, kind=b"report; report-type=disposition-notification"))
    assert (found.attachments, found.automatic, found.bounce) == ((), "bounce", None)


def test_a_bounce_of_another_shape_brings_no_file_either() -> None:
    original = b"Content-Type: message/rfc822\r\n\r\n" + mail(file(), boundary=b"own")
    head = (b"From: Mailer-Daemon@x.example", b"X-Failed-Recipients: a@x.example")
    found = opened(multipart(words(b"sorry"), original, head=head))
    assert (found.attachments, found.automatic) == ((), "bounce")

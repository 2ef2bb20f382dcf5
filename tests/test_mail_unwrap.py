"""A whole mail: its parts, nested mails, logos, links, and the values of the header."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from bot.mail.sender import Provider
from bot.mail.unwrap import unwrap
from bot.model.mail import Attachment, Mail, RawMail, Refused

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
    "headers",
    [
        (b"Content-Disposition: inline; filename=a.xls",),
        (b"Content-Type: text/plain; name=a.xls",),
        (b"Content-Type: application/vnd.ms-excel", b"Content-Disposition: attachment; filename=a.xls"),
        (b"Content-Type: application/wps-office.xls; name=a.xls",),
        (b"Content-Type: image/png; name=a.xls", b"Content-ID: <x>"),
        (b"Content-Type: nonsense; name=a.xls",),
        (b"Content-Type: application/octet-stream; charset=\xff\xfe; name=a.xls",),
    ],
)
def test_a_file_is_found_whatever_its_headers_say(headers: tuple[bytes, ...]) -> None:
    assert opened(mail(words(b"x"), leaf(OLE, *headers))).attachments == (Attachment("a.xls", OLE),)


def test_a_mail_that_is_nothing_but_a_file() -> None:
    data = b"\r\n".join(HEAD) + b"\r\n" + file()
    assert opened(data).attachments == (Attachment("a.xls", OLE),)


def test_a_file_without_a_name_gets_one_from_the_mail_and_its_bytes() -> None:
    data = mail(
        words(b"x"), leaf(OLE, b"Content-Disposition: attachment"), leaf(b"%PDF-1.4", b"Content-Type: application/pdf")
    )
    names = [a.name for a in opened(data).attachments]
    assert names == [f"{hashlib.sha256(data).hexdigest()[:8]}-{n}" for n in ("1.ole", "2.pdf")]


def test_binary_bytes_that_call_themselves_text_are_a_file() -> None:
    found = opened(mail(words(b"hello"), leaf(OLE, b"Content-Type: text/plain")))
    assert (found.text, [a.data for a in found.attachments]) == ("hello", [OLE])


def test_a_text_file_is_an_attachment_and_no_body() -> None:
    found = opened(mail(words(b"body"), b"Content-Type: text/plain; name=a.txt\r\n\r\nfile"))
    assert (found.text, found.attachments) == ("body", (Attachment("a.txt", b"file"),))


def test_a_mail_with_html_only_has_its_visible_text() -> None:
    found = opened(b"\r\n".join(HEAD) + b"\r\n" + words("<p>共<b>3</b>家</p>".encode(), b"html"))
    assert (found.text, found.html) == ("共3家", "<p>共<b>3</b>家</p>")


def test_an_empty_plain_part_gives_way_to_html() -> None:
    found = opened(mail(words(b" \r\n"), words("<p>请查收</p>".encode(), b"html"), kind=b"alternative"))
    assert found.text == "请查收"


def test_other_renderings_and_signatures_are_no_files() -> None:
    inner = multipart(words(b"x"), words(b"BEGIN:VCALENDAR", b"calendar"), kind=b"alternative", boundary=b"alt")
    signature = leaf(b"sig", b"Content-Type: application/pkcs7-signature; name=smime.p7s")
    assert opened(mail(inner, signature, kind=b"signed")).attachments == ()
    # but what a person attached under the same type is
    assert [a.name for a in opened(mail(inner, signature)).attachments] == ["smime.p7s"]


def test_forwarded_mails_are_unwrapped_with_their_way() -> None:
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + multipart(
        words(b"inner"), file(), head=(b"From: x@y.z", "Subject: 转发的报表".encode()), boundary=b"b1"
    )
    found = opened(mail(words(b"outer"), forwarded))
    assert found.attachments == (Attachment("a.xls", OLE, ("转发的报表.eml",)),)
    assert (found.text, found.sender, found.subject) == ("outer", "li@town.example", "x")


@pytest.mark.parametrize(("subject", "name"), [(b"", "{id}-1.eml"), (b"6/7 report", "6 7 report.eml")])
def test_a_forwarded_mail_is_named_by_its_subject(subject: bytes, name: str) -> None:
    inner = multipart(file(), head=(b"Subject: " + subject, b"From: x@y.z"), boundary=b"b1")
    data = mail(b"Content-Type: message/rfc822\r\n\r\n" + inner)
    (attachment,) = opened(data).attachments
    assert attachment.inside == (name.format(id=hashlib.sha256(data).hexdigest()[:8]),)


@pytest.mark.parametrize("name", [b"old.eml", b"old.dat"])
def test_a_saved_mail_is_unwrapped_whatever_its_name(name: bytes) -> None:
    found = opened(mail(file(mail(words(b"x"), file(), boundary=b"b9"), name)))
    assert found.attachments == (Attachment("a.xls", OLE, (name.decode(),)),)


def test_a_forwarded_mail_in_base64_is_unwrapped() -> None:
    inner = leaf(mail(words(b"x"), file(), boundary=b"b9"), b"Content-Type: message/rfc822; name=f.eml")
    assert opened(mail(inner)).attachments == (Attachment("a.xls", OLE, ("f.eml",)),)


def test_a_web_archive_and_a_text_with_a_colon_are_no_mails() -> None:
    archive = b"From: <Saved by Excel>\r\nSubject: x\r\nTo: y\r\nMIME-Version: 1.0\r\n\r\nx"
    found = opened(mail(file(archive, b"a.mht"), file(b"Note: keep\r\nTo: all\r\n\r\nx", b"a.txt")))
    assert [a.name for a in found.attachments] == ["a.mht", "a.txt"]


def nested(depth: int) -> bytes:
    data = mail(words(b"x"), file(), boundary=b"deepest")
    for level in range(depth):
        data = mail(file(data, b"%d.eml" % level), boundary=b"l%d" % level)
    return data


def test_mails_are_unwrapped_five_deep_and_no_deeper() -> None:
    assert opened(nested(5)).attachments == (Attachment("a.xls", OLE, ("4.eml", "3.eml", "2.eml", "1.eml", "0.eml")),)
    found = opened(nested(6))
    assert (found.attachments, found.refused) == ((), (Refused("0.eml", "mail_limits"),))


def test_a_mail_inside_with_too_many_parts_is_refused_by_name_and_its_neighbour_read() -> None:
    many = mail(*[words(b"x")] * 300, boundary=b"many")
    found = opened(mail(file(), file(many, b"many.eml")))
    assert found.attachments == (Attachment("a.xls", OLE),)
    assert found.refused == (Refused("many.eml", "mail_limits"),)


def test_parts_are_counted_over_all_mails_inside() -> None:
    # given mails that are each within the limit, and together beyond it
    inner = mail(*[words(b"x")] * 60, boundary=b"many")
    found = opened(mail(*[file(inner, b"%d.eml" % n) for n in range(5)]))
    assert [r.code for r in found.refused] == ["mail_limits"] * 2


def logo(*headers: bytes, data: bytes = PNG) -> bytes:
    return leaf(data, b"Content-Type: image/png; name=logo.png", *headers)


def test_a_logo_beside_a_file_is_dropped() -> None:
    found = opened(mail(words(b"x"), file(), logo(b"Content-ID: <logo@x>"), logo(b"Content-Disposition: inline")))
    assert [a.name for a in found.attachments] == ["a.xls"]
    assert found.refused == ()


def test_a_logo_that_the_html_shows_is_dropped() -> None:
    related = mail(words(b'<img src="cid:Logo@x">', b"html"), logo(b"Content-ID: <logo@x>"), kind=b"related")
    assert opened(related).attachments == ()


@pytest.mark.parametrize(
    "picture",
    [
        logo(b"Content-ID: <other@x>"),  # all there is, and not shown
        logo(b"Content-Disposition: attachment; filename=logo.png"),  # attached by a person
        logo(b"Content-ID: <big@x>", data=PNG + bytes(10_240)),
    ],
)
def test_a_picture_that_may_be_the_report_is_kept(picture: bytes) -> None:
    html = words(b'<img src="cid:big@x">', b"html")
    assert [a.name for a in opened(mail(html, picture)).attachments] == ["logo.png"]


def test_an_attached_small_picture_beside_a_file_is_kept() -> None:
    found = opened(mail(file(), logo(b"Content-Disposition: attachment")))
    assert [a.name for a in found.attachments] == ["a.xls", "logo.png"]


def test_a_bounce_does_not_bring_our_own_workbook_back() -> None:
    original = b"Content-Type: message/rfc822\r\n\r\n" + mail(words(b"x"), file(), boundary=b"own")
    status = b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\nAction: failed\r\n"
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


NETEASE_LINK = (
    '<div id="divNeteaseBigAttach"><div>从网易163邮箱发来的超大附件</div><a href="https://mail.163.com/large-attachment-download/'
    'index.html?p=X-NETEASE-HUGE-ATTACHMENT&amp;file=abc"><span>附件4（五图）.xlsx</span></a>'
    '<span>(80.96M, 2026年8月17日 0:49 到期)</span><a href="https://mail.163.com/large-attachment-download/'
    'index.html?p=X-NETEASE-HUGE-ATTACHMENT&amp;file=abc">下载</a></div>'
)


@pytest.mark.parametrize(
    ("html", "names"),
    [
        (NETEASE_LINK, ["附件4（五图）.xlsx"]),
        ('<a href="http://fs.163.com/fs/display/?p=X-NETEASE-HUGE-ATTACHMENT&file=abc">下载</a>', ["fs.163.com"]),
        ('<a href="https://u.163.com/AbC">u.163.com</a>', ["u.163.com"]),
        ('<a href="https://dashi.163.com/html/cloud-attachment-download/?key=1">报表.zip</a>', ["报表.zip"]),
        ('<a href="https://edisk.qiye.163.com/api/biz/attachment/download?identity=1">x</a>', ["edisk.qiye.163.com"]),
        (
            '<div id="QQMailBigAttach"><span class="qqmailbgattach" expiretime="1" '
            'downloadlink="http://mail.qq.com/cgi-bin/ftnExs_download?k=1">报表.rar</span></div>',
            ["报表.rar"],
        ),
        ('<a href="https://wx.mail.qq.com/ftn/download?func=3&k=1">a.xls</a><a href="https://wx.mail.qq.com/ftn/download?func=3&k=2">b.xls</a>', ["a.xls", "b.xls"]),
        ('<a href="https://download.cloud.189.cn/v5/x">x</a>', ["download.cloud.189.cn"]),
        ('<div id="QQMailBigAttach">报表.xlsx (30M)</div>', ["报表.xlsx"]),
        ('<a href="https://mail.163.com/">网易邮箱</a><a href="https://www.qq.com/a.xlsx">x</a>', []),
    ],
)  # fmt: skip
def test_a_large_attachment_is_a_link_that_is_named_and_not_followed(html: str, names: list[str]) -> None:
    found = opened(mail(words(html.encode(), b"html")))
    assert list(found.refused) == [Refused(name, "link", "link") for name in names]


def test_a_link_in_plain_text() -> None:
    text = "从网易163邮箱发来的超大附件\n附件4.xlsx (80.96M, 2026年8月17日 0:49 到期)\n下载：https://u.163.com/AbC\n"
    assert opened(mail(words(text.encode()))).refused == (Refused("附件4.xlsx", "link", "link"),)


def test_a_quoted_link_counts_only_when_the_mail_has_no_file() -> None:
    html = words(f"<p>已改发普通附件</p><blockquote>{NETEASE_LINK}</blockquote>".encode(), b"html")
    assert opened(mail(html, file())).refused == ()
    assert [r.code for r in opened(mail(html)).refused] == ["link"]


def test_a_link_in_a_forwarded_mail_is_found() -> None:
    forwarded = (
        b"Content-Type: message/rfc822\r\n\r\n" + b"\r\n".join(HEAD) + b"\r\n" + words(NETEASE_LINK.encode(), b"html")
    )
    assert [r.name for r in opened(mail(forwarded)).refused] == ["附件4（五图）.xlsx"]


def test_a_file_on_another_server_is_a_link_too() -> None:
    part = (
        b"Content-Type: message/external-body; access-type=URL; name=a.xls\r\n\r\nContent-Type: application/x\r\n\r\n"
    )
    assert opened(mail(part)).refused == (Refused("a.xls", "link", "link"),)


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
    assert opened(b"From: ClawHBGS@163.com\r\n\r\nx").automatic == "own"


def test_continuation_lines_that_are_not_indented_do_not_hide_the_file() -> None:
    # given a broken mailer: the second encoded word and the name stand at the beginning of their lines
    data = (
        b"From: li@town.example\r\nSubject: =?gbk?B?uL28/g==?=\r\n=?gbk?B?y8Q=?=\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: application/octet-stream;\r\n'
        b'name="a.xls"\r\nContent-Transfer-Encoding: base64\r\n\r\n' + base64.encodebytes(OLE) + b"--b--\r\n"
    )
    found = opened(data)
    assert (found.subject, found.attachments) == ("附件四", (Attachment("a.xls", OLE),))


@pytest.mark.parametrize(
    "declared",
    [
        b"multipart/mixed",
        b'multipart/mixed; boundary="wrong"',
        b"multipart/mixed; boundary=",
        b"multipart/mixed; boundary*=x\0y''%62",
    ],
)
def test_a_missing_or_wrong_boundary_does_not_hide_the_file(declared: bytes) -> None:
    body = b"--real\r\n" + words(b"hello") + b"--real\r\n" + file() + b"\r\n--real--\r\n"
    found = opened(b"\r\n".join(HEAD) + b"\r\nContent-Type: " + declared + b"\r\n\r\n" + body)
    assert [a.data for a in found.attachments] == [OLE]
    assert found.text.strip() == "hello"


def test_a_boundary_of_raw_bytes() -> None:
    found = opened(mail(words(b"hello"), file(), boundary="界".encode("gbk")))
    assert [a.name for a in found.attachments] == ["a.xls"]

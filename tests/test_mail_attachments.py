"""Parts of a mail as files and bodies: lying headers, nested mails, logos, broken structure."""

import base64

import pytest

from bot.model.mail import Attachment, Refused
from tests.test_mail_unwrap import HEAD, OLE, PNG, file, leaf, mail, multipart, opened, words


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


def test_a_file_without_a_name_is_numbered_and_ends_as_its_bytes_tell() -> None:
    data = mail(
        words(b"x"), leaf(OLE, b"Content-Disposition: attachment"), leaf(b"%PDF-1.4", b"Content-Type: application/pdf")
    )
    names = [a.name for a in opened(data).attachments]
    assert names == ["1.ole", "2.pdf"]


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


@pytest.mark.parametrize(("subject", "name"), [(b"", "1.eml"), (b"6/7 report", "6 7 report.eml")])
def test_a_forwarded_mail_is_named_by_its_subject(subject: bytes, name: str) -> None:
    inner = multipart(file(), head=(b"Subject: " + subject, b"From: x@y.z"), boundary=b"b1")
    data = mail(b"Content-Type: message/rfc822\r\n\r\n" + inner)
    (attachment,) = opened(data).attachments
    assert attachment.inside == (name,)


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

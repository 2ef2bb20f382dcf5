"""Mail that breaks parsers: what makes the standard library's header classes raise, and seeded mutations.

Whatever the headers look like, the attachment's bytes are reached.
"""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import TooComplex
from bot.model.mail import Mail
from tests.test_mail_archives import zipped
from tests.test_mail_attachments import logo
from tests.test_mail_bounces import netease
from tests.test_mail_links import NETEASE_LINK
from tests.test_mail_unwrap import OLE, file, leaf, mail, multipart, opened, words

RAISING = {
    "date_overflow": b"Date: Mon, 99999999999999999999 Jul 99999999999999999 10:00:00 +9999999999",
    "group_address": b"To: g: a@b.c, d;, undisclosed-recipients:;",
    "unknown_encoding": b"Subject: =?no-such-charset?B?eA==?=",
    "charset_with_nul": b'Content-Type: text/plain; charset="utf-8\0"',
    "boundary_charset_with_nul": b"Content-Type: multipart/mixed; boundary*=utf\0-8''x",
    "boundary_charset_unknown": b"Content-Type: multipart/mixed; boundary*=none''x",
    "lone_surrogates": b"Subject: \xed\xa0\x80 =?utf-8?B?7aCA?=",
    "eight_bit_type": b"Content-Type: \xb8\xbd\xbc\xfe",
    "eight_bit_encoding": b"Content-Transfer-Encoding: \xb8\xbd",
    "eight_bit_disposition": b"Content-Disposition: \xb8\xbd; filename=\xff",
    "name_number_too_long": b"Content-Disposition: attachment; filename*" + b"1" * 5000 + b"=x",
    "message_id_in_brackets": b"Message-ID: <[a@b]>",
    "message_id_broken": b"Message-ID: <a@b@[",
    "address_of_dots": b"From: .@.",
    "header_name_only": b":",
    "header_without_name": b": x",
    "unix_from_inside": b"From someone",
    "continuation_of_blanks": b"Subject: a\r\n \r\n b",
    "percent_of_nothing": b"Content-Disposition: attachment; filename*=''%",
    "unknown_zone": b"Date: Mon, 3 Jul 2017 10:00:00 +99999999",
}


@pytest.mark.parametrize("form", RAISING)
def test_a_header_that_raises_elsewhere_does_not_hide_the_file(form: str) -> None:
    # given the header on the mail, before and after the good ones, and on the part of the file
    bad = RAISING[form]
    good = (b"From: li@town.example", b"Subject: x")
    parts = (words(b"x"), leaf(OLE, bad, b"Content-Disposition: attachment; filename=a.xls"))
    for head in ((bad, *good), (*good, bad)):
        declared_elsewhere = bad.startswith(b"Content-T")  # its own type or encoding comes first and wins
        if declared_elsewhere and head[0] == bad:
            continue
        found = opened(multipart(*parts, head=head))
        if not declared_elsewhere:
            assert OLE in [a.data for a in found.attachments]


def corpus() -> list[bytes]:
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + mail(words(b"in"), file(), boundary=b"fw")
    alternative = multipart(
        words("请查收".encode()), words(NETEASE_LINK.encode(), b"html"), kind=b"alternative", boundary=b"alt"
    )
    encoded = b"=?GBK?B?uL28/jQueGxzeA==?="
    return [
        mail(alternative, file(OLE, encoded), logo(b"Content-ID: <a>")),
        mail(words(b"x"), forwarded, file(zipped(("a.xls", OLE), ("b.eml", mail(file()))), b"r.zip")),
        netease(b"a@x.example", extra=b"X-CM-Original-Message-ID: <1@b>\r\n"),
        b"Received: from x by gzmx14 (Coremail) with SMTP id T1; x\r\nX-CM-TRANSID: T1\r\n"
        b"Authentication-Results: gzmx14; spf=pass smtp.mail=li@town.example; dkim=none\r\n"
        + mail(words(b"x"), file()),
        b"From: " + "李明".encode("gbk") + b" <li@town.example>\r\nSubject: " + "报送".encode("gbk") + b"\r\n\r\n"
        + "五图街道\n在2017年7月3日写道：\n> x".encode("gbk"),
    ]  # fmt: skip


SPICE = (
    b"\0",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"\xff",
    b'"',
    b";",
    b"=?",
    b"?=",
    b"--b0",
    b"*0*=",
    b"%",
    b"(",
    b"<",
    b":",
    b"\x1b$B",
    b"=\r\n",
)


LINES = (
    *(b"From: a@b.c", b"Content-Type: multipart/mixed; boundary=b", b"--b", b"--b--", b"", b"x", b"\xb8"),
    *(b"Content-Type: message/rfc822", b"Content-Transfer-Encoding: base64", b"UEsDBA=="),
    *(b'filename="', b"Content-Disposition: attachment;"),
)


def mutated(source: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(source.randint(1, 12)):
        at = source.randrange(len(out))
        match source.randrange(5):
            case 0:
                out[at] = source.randrange(256)
            case 1:
                del out[at : at + source.randint(1, 40)]
            case 2:
                out[at:at] = source.choice(SPICE)
            case 3:
                out[at:at] = out[at : at + source.randint(1, 200)]
            case _:
                del out[at + source.randint(50, 2000) :]
        out = out or bytearray(b"x")
    return bytes(out)


def is_clean(text: str) -> bool:
    return "\0" not in text and text.encode("utf-8").decode("utf-8") == text


def assert_clean(found: Mail) -> None:
    lines = [found.subject, found.shown_from, found.message_id or "", found.sender or "", *found.answers]
    lines += [a.name for a in found.attachments] + [r.name for r in found.refused]
    assert all(is_clean(line) and len(line.splitlines()) <= 1 for line in lines)
    assert is_clean(found.text)
    assert is_clean(found.html)
    assert all(a.name for a in found.attachments)
    assert all(r.name for r in found.refused)


@pytest.mark.parametrize("seed", range(5))
def test_mutated_mails_are_read_or_refused_and_never_raise(seed: int) -> None:
    source = random.Random(seed)
    whole, began = 0, time.process_time()
    for _ in range(120):
        data = mutated(source, source.choice(corpus()))
        try:
            assert_clean(opened(data))
            whole += 1
        except TooComplex:
            continue
    # most of them are still mails; and a mail takes about a millisecond
    assert whole > 100
    assert time.process_time() - began < 10


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail(data: bytes) -> None:
    assert_clean(opened(data))


@given(st.lists(st.sampled_from(LINES), max_size=30))
def test_any_order_of_lines_is_a_mail(lines: list[bytes]) -> None:
    try:
        assert_clean(opened(b"\r\n".join(lines)))
    except TooComplex:
        # only the depth can be passed by so few lines
        assert (
            lines.count(b"Content-Type: message/rfc822") + lines.count(b"Content-Type: multipart/mixed; boundary=b") > 5
        )

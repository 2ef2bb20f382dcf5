"""Files as old servers, gateways and mail programs wrap them: base64 gone wrong, uuencode, signed, partial, divided."""

import base64
import binascii
import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.armour import file_in_base64, uuencoded
from bot.mail.attachments import Contents, contents
from bot.mail.cms import content_of, kind_of
from bot.mail.mime import Budget, parse
from bot.mail.volumes import joined, volume_of

BOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 12 + b"\xff" * 3
FOLDED = base64.encodebytes(BOOK)


def found(mail: bytes) -> Contents:
    return contents(parse(mail, Budget()), Budget())


def mail(body: bytes, header: bytes = b"Content-Type: text/plain") -> bytes:
    return b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n" + header + b"\r\n\r\n" + body


def attached(body: bytes, header: bytes = b"", name: bytes = b"a.xlsx") -> bytes:
    head = b'Content-Type: application/octet-stream; name="' + name + b'"\r\n' + header
    return mail(b"--b\r\n" + head + b"\r\n" + body + b"\r\n--b--\r\n", b"Content-Type: multipart/mixed; boundary=b")


def in_pieces(data: bytes, size: int) -> bytes:
    return b"\r\n".join(base64.b64encode(data[at : at + size]) for at in range(0, len(data), size))


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (in_pieces(BOOK, 1000), b"Content-Transfer-Encoding: base64\r\n"),
        (in_pieces(BOOK, 100), b"Content-Transfer-Encoding: base64\r\n"),
        (base64.b64encode(BOOK) + b"\r\n\r\n-- \r\nsent by = list", b"Content-Transfer-Encoding: base64\r\n"),
        (FOLDED, b""),
        (FOLDED, b"Content-Transfer-Encoding: 8bit\r\n"),
        (FOLDED, b"Content-Transfer-Encoding: quoted-printable\r\n"),
        (FOLDED, b"Content-Transfer-Encoding: x-unknown\r\n"),
        (base64.encodebytes(FOLDED), b"Content-Transfer-Encoding: base64\r\n"),
        (BOOK.replace(b"\r", b"r").replace(b"\n", b"n"), b"Content-Transfer-Encoding: base64\r\n"),
        (in_pieces(BOOK, 999), b""),
    ],
    ids=["pieces", "small pieces", "footer", "none", "8bit", "quoted", "unknown", "twice", "not encoded", "both"],
)
def test_base64_whatever_is_said_of_it(body: bytes, header: bytes) -> None:
    (file,) = found(attached(body, header)).attachments
    wanted = BOOK.replace(b"\r", b"r").replace(b"\n", b"n") if body.startswith(b"\xd0") else BOOK
    assert file.data == wanted
    assert file.name == "a.xlsx"


def test_words_that_look_like_base64_stay_words() -> None:
    assert file_in_base64(b"UEsDB is how a zip begins in base64.") is None
    assert file_in_base64(b"JVBERi0 " + b"words with blanks, and more of them. " * 20) is None
    assert found(mail(b"MIIT is a university")).plain == ["MIIT is a university"]


def uu(data: bytes, name: bytes = b"fujian4.xlsx", *, tick: bool = False, strip: bool = False) -> bytes:
    lines = [binascii.b2a_uu(data[at : at + 45], backtick=tick).rstrip(b"\n") for at in range(0, len(data), 45)]
    lines = [line.rstrip(b" ") if strip else line for line in lines]
    return b"begin 644 " + name + b"\r\n" + b"\r\n".join(lines) + b"\r\n" + (b"`" if tick else b" ") + b"\r\nend\r\n"


@pytest.mark.parametrize("tick", [True, False])
@pytest.mark.parametrize("strip", [True, False])
def test_a_file_in_the_text(tick: bool, strip: bool) -> None:
    name = "附件4.xlsx".encode("gbk")
    body = "您好，\r\n".encode("gbk") + uu(BOOK, name, tick=tick, strip=strip) + "谢谢。\r\n".encode("gbk")
    read = found(mail(body, b"Content-Type: text/plain; charset=gb2312"))
    assert [(file.name, file.data) for file in read.attachments] == [("附件4.xlsx", BOOK)]
    assert read.plain == ["您好，\n谢谢。\n"]


def test_two_files_one_without_its_end_and_one_in_base64() -> None:
    body = b"begin-base64 644 b.xlsx\n" + FOLDED + b"====\n" + uu(BOOK)[:-6]
    read = found(mail(body))
    assert [(file.name, file.data) for file in read.attachments] == [("b.xlsx", BOOK), ("fujian4.xlsx", BOOK)]


def test_an_attachment_that_is_uuencoded() -> None:
    (file,) = found(attached(uu(BOOK), name=b"a.uue")).attachments
    assert (file.name, file.data) == ("fujian4.xlsx", BOOK)


def test_a_sentence_with_begin_stays() -> None:
    for words in (
        b"begin 644\n",
        b"We begin 644 things\nend\n",
        b"begin 644 x\n\nend\n",
        b"begin 644 x\n\x01\x02\nend\n",
    ):
        text, files = uuencoded(words)
        assert (text, files) == (words, ())


@given(st.binary(max_size=600))
def test_whatever_stands_in_a_text_nothing_is_raised(body: bytes) -> None:
    uuencoded(b"begin 644 a\n" + body)
    file_in_base64(b"UEsDB" + body)
    content_of(b"\x30" + body, 1000)


# Signed mail. Elements of BER (X.690) with their length before them, or without one.


def element(tag: int, inside: bytes) -> bytes:
    size = len(inside)
    if size < 0x80:
        return bytes([tag, size]) + inside
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + inside


def endless(tag: int, inside: bytes) -> bytes:
    return bytes([tag, 0x80]) + inside + b"\0\0"


def whole_octets(content: bytes) -> bytes:
    return element(0x04, content)


def streamed_octets(content: bytes) -> bytes:
    return endless(0x24, b"".join(element(0x04, content[at : at + 1000]) for at in range(0, len(content), 1000)))


PKCS7 = bytes.fromhex("06092a864886f70d0107")
Wrap = Callable[[int, bytes], bytes]


def signed(content: bytes, wrap: Wrap = element, octets: Callable[[bytes], bytes] = whole_octets) -> bytes:
    """ContentInfo of SignedData, without any signature (RFC 5652, 5.1)."""
    carried = wrap(0xA0, octets(content)) if content else b""
    inner = wrap(0x30, PKCS7 + b"\x01" + carried)
    data = wrap(0x30, element(0x02, b"\x01") + element(0x31, b"") + inner + element(0x31, b""))
    return wrap(0x30, PKCS7 + b"\x02" + wrap(0xA0, data))


INSIDE = (
    b'Content-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nhello\r\n'
    b'--q\r\nContent-Type: application/octet-stream; name="a.xlsx"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    + FOLDED
    + b"\r\n--q--\r\n"
)
OPAQUE = b'Content-Type: application/pkcs7-mime; name="smime.p7m"\r\nContent-Transfer-Encoding: base64'


@pytest.mark.parametrize("octets", [whole_octets, streamed_octets])
@pytest.mark.parametrize("wrap", [element, endless])
def test_a_mail_that_is_signed_in_one_piece_is_the_mail_that_was_signed(
    wrap: Wrap, octets: Callable[[bytes], bytes]
) -> None:
    read = found(mail(base64.encodebytes(signed(INSIDE, wrap, octets)), OPAQUE))
    assert [(file.name, file.data) for file in read.attachments] == [("a.xlsx", BOOK)]
    assert read.plain == ["hello"]
    assert read.refused == []


def test_signed_twice_is_opened_and_without_end_is_not() -> None:
    data = INSIDE
    for times in range(1, 6):
        data = OPAQUE + b"\r\n\r\n" + base64.encodebytes(signed(data))
        read = found(mail(data.partition(b"\r\n\r\n")[2], OPAQUE))
        assert (len(read.attachments), len(read.refused)) == ((1, 0) if times <= 3 else (0, 1))


def test_a_file_that_was_signed_by_itself() -> None:
    (file,) = found(attached(base64.encodebytes(signed(BOOK)), name=b"a.xlsx.p7m")).attachments
    assert (file.name, file.data) == ("a.xlsx", BOOK)


def test_what_is_encrypted_is_asked_for_again() -> None:
    enveloped = element(0x30, PKCS7 + b"\x03" + element(0xA0, element(0x30, bytes(300))))
    assert kind_of(enveloped) == "encrypted"
    read = found(mail(base64.encodebytes(enveloped), OPAQUE))
    assert [(r.name, r.code) for r in read.refused] == [("smime.p7m", "mail_encrypted")]
    pgp = b"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\n\r\nxx\r\n--b--"
    read = found(mail(pgp, b"Content-Type: multipart/encrypted; boundary=b"))
    assert ([r.code for r in read.refused], read.attachments) == (["mail_encrypted"], [])


def test_a_signature_without_its_text_beside_the_text_is_left_out() -> None:
    piece = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/pkcs7-signature"
    body = piece + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(signed(b"")) + b"\r\n--b--"
    read = found(mail(body, b"Content-Type: multipart/signed; boundary=b"))
    assert (read.plain, read.attachments, read.refused) == (["hello"], [], [])


def test_damaged_signatures_are_damaged() -> None:
    for cut in (10, 60, 500):
        read = found(mail(base64.encodebytes(signed(INSIDE)[:cut].ljust(300, b"\1")), OPAQUE))
        assert [r.code for r in read.refused] in (["damaged"], [])


def test_a_part_of_a_mail_is_named_by_its_subject() -> None:
    read = found(mail(attached(FOLDED), b"Content-Type: message/partial; id=x; number=1; total=2"))
    assert [(r.name, r.code) for r in read.refused] == [("x.eml", "mail_part")]
    assert read.attachments == []
    whole = found(mail(attached(FOLDED), b"Content-Type: message/partial; id=x; number=1; total=1"))
    assert [file.data for file in whole.attachments] == [BOOK]


# Archives.


def tar(files: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


TARRED = tar([("6月/附件4.xlsx", BOOK), ("6月/.DS_Store", b"x")])


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("6月.tar.gz", gzip.compress(TARRED), "附件4.xlsx"),
        ("6月.tgz", bz2.compress(TARRED), "附件4.xlsx"),
        ("6月.tar.xz", lzma.compress(TARRED), "附件4.xlsx"),
        ("6月.tar", TARRED, "附件4.xlsx"),
        ("附件4.xlsx.gz", gzip.compress(BOOK), "附件4.xlsx"),
        ("附件4.xlsx.bz2", bz2.compress(BOOK), "附件4.xlsx"),
        ("附件4.xlsx.gz", gzip.compress(BOOK[:1000]) + gzip.compress(BOOK[1000:]), "附件4.xlsx"),
        ("附件4.xlsx.gz", gzip.compress(BOOK) + b"rubbish", "附件4.xlsx"),
    ],
)
def test_compressed_files(name: str, data: bytes, wanted: str) -> None:
    raw = name.encode("gbk")
    (file,) = found(attached(base64.encodebytes(data), b"Content-Transfer-Encoding: base64\r\n", raw)).attachments
    assert (file.name, file.data, file.inside) == (wanted, BOOK, (name,))


def codes(name: str, data: bytes) -> list[str]:
    header = b"Content-Transfer-Encoding: base64\r\n"
    read = found(attached(base64.encodebytes(data), header, name.encode("gbk")))
    assert read.attachments == []
    return [r.code for r in read.refused]


def test_compressed_files_that_are_refused() -> None:
    assert codes("a.gz", gzip.compress(os.urandom(900))[:500]) == ["archive_damaged"]
    assert codes("a.gz", gzip.compress(bytes(300 << 20), 1)) == ["archive_limits"]
    assert codes("a.bz2", bz2.compress(bytes(60 << 20))) == ["archive_limits"]
    assert codes("a.tar", tar((f"{n}", b"") for n in range(300))) == ["archive_limits"]
    assert codes("a.gz", gzip.compress(gzip.compress(gzip.compress(BOOK)))) == ["archive_limits"]
    assert codes("a.tar.gz", gzip.compress(TARRED[:700])) == ["archive_damaged"]


def divided_zip(files: Iterable[tuple[str, bytes]], size: int) -> list[bytes]:
    """A zip in volumes of ``size`` bytes, as APPNOTE 8.5 says; the last one has the whole directory."""
    out, entries, places = bytearray(b"PK\x07\x08"), bytearray(), []
    for name, data in files:
        raw = name.encode()
        if len(out) % size + 30 + len(raw) > size:  # a header is not divided
            out += bytes(-len(out) % size)
        places.append(len(out))
        common = struct.pack(
            "<HHHHHIIIHH", 20, 0x800, 0, 0, 0x21, binascii.crc32(data), len(data), len(data), len(raw), 0
        )
        out += b"PK\x03\x04" + common + raw + data
        disk, offset = divmod(places[-1], size)
        entries += b"PK\x01\x02\x14\0" + common + struct.pack("<HHHII", 0, disk, 0, 0, offset) + raw
    if len(out) // size != (len(out) + len(entries) + 22) // size:
        out += bytes(-len(out) % size)
    disk, offset = divmod(len(out), size)
    out += (
        entries + b"PK\x05\x06" + struct.pack("<HHHHIIH", disk, disk, len(places), len(places), len(entries), offset, 0)
    )
    return [bytes(out[at : at + size]) for at in range(0, len(out), size)]


VOLUMES = divided_zip([("附件4.xlsx", BOOK), ("说明.txt", os.urandom(4000)), ("b.xlsx", BOOK[::-1])], 3000)
NAMES = [*(f"a.z{n:02d}" for n in range(1, len(VOLUMES))), "a.zip"]


def of_files(files: Iterable[tuple[str, bytes]]) -> Contents:
    header = b'Content-Type: application/octet-stream; name="%s"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    pieces = [b"--b\r\n" + header % name.encode() + base64.encodebytes(data) + b"\r\n" for name, data in files]
    return found(mail(b"".join(pieces) + b"--b--\r\n", b"Content-Type: multipart/mixed; boundary=b"))


def test_volumes_of_a_zip_are_joined_in_whatever_order_they_come() -> None:
    assert len(VOLUMES) >= 3
    files = list(zip(NAMES, VOLUMES, strict=True))
    for order in (files, files[::-1], files[1:] + files[:1]):
        read = of_files(order)
        assert [(f.name, f.data) for f in read.attachments if f.name != "说明.txt"] == [
            ("附件4.xlsx", BOOK),
            ("b.xlsx", BOOK[::-1]),
        ]
        assert read.refused == []


def test_one_volume_alone_is_asked_for_as_a_whole() -> None:
    files = list(zip(NAMES, VOLUMES, strict=True))
    for some in (files[:1], files[-1:], files[:-1], files[1:], [("附件4.zip", VOLUMES[-1])], [("a", VOLUMES[0])]):
        read = of_files(some)
        assert {r.code for r in read.refused} == {"archive_part"}
        assert [r.name for r in read.refused] == [name for name, _ in some]
        assert read.attachments == []


def test_pieces_of_one_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("附件4.xlsx", BOOK)
    whole = out.getvalue()
    pieces = [(f"a.zip.{n + 1:03d}", whole[at : at + 1200]) for n, at in enumerate(range(0, len(whole), 1200))]
    assert [f.data for f in of_files(pieces[::-1]).attachments] == [BOOK]
    assert [f.data for f in of_files([("a.zip.001", whole)]).attachments] == [BOOK]
    for some in (pieces[:1], pieces[1:], pieces[:-1]):
        assert {r.code for r in of_files(some).refused} == {"archive_part"}
    assert {r.code for r in of_files([("a.7z.001", b"7z\xbc\xaf\x27\x1c" + b"\xff" * 90)]).refused} == {"archive_part"}
    assert {r.code for r in of_files([("a.part2.rar", b"Rar!\x1a\x07\0"), ("b.r00", b"x")]).refused} == {"archive_part"}


def test_a_whole_file_is_no_volume() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"x")
    for data in (out.getvalue(), b"", b"x", BOOK):
        assert volume_of("a.zip", data) is None


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_volumes_of_anything_are_joined_or_not(pieces: list[bytes]) -> None:
    volumes = [(volume, data) for n, data in enumerate(pieces, 1) if (volume := volume_of(f"a.z{n:02d}", data))]
    last = volume_of("a.zip", VOLUMES[-1])
    assert last is not None
    joined([*volumes, (last, VOLUMES[-1])])

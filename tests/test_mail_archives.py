"""Zip archives: names, documents that are zips, nesting, and everything that is refused."""

import io
import struct
import warnings
import zipfile
import zlib

import openpyxl
import pytest

from bot.mail.archives import open_archive
from bot.mail.mime import Budget
from bot.model.mail import Attachment, Refused
from tests.test_mail_unwrap import file, mail, opened, words

DATA = b"\xd0\xcf\x11\xe0 a workbook"


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def raw_zip(name: bytes, data: bytes = DATA, flags: int = 0, declared: int | None = None, method: int = 8) -> bytes:
    """A zip with one member, byte by byte: what zipfile would not write."""
    body = zlib.compress(data, 9)[2:-4]
    size = len(data) if declared is None else declared
    common = struct.pack("<HHHHHIIIHH", 20, flags, method, 0, 0x4AE3, zlib.crc32(data), len(body), size, len(name), 0)
    local = b"PK\x03\x04" + common + name + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def sent(archive: bytes, name: bytes = b"r.zip") -> tuple[tuple[Attachment, ...], tuple[Refused, ...]]:
    found = opened(mail(words(b"x"), file(archive, name)))
    return found.attachments, found.refused


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("五图街道/附件4.xls".encode("gbk"), 0),  # Windows programs in China
        ("五图街道/附件4.xls".encode(), 0),  # macOS: UTF-8 without the bit that says so
        ("五图街道/附件4.xls".encode(), 0x800),
        (b"dir\\" + "附件4.xls".encode("gbk"), 0),
        ("../../附件4.xls".encode("gbk"), 0),
    ],
)
def test_names_of_members_are_read_and_are_no_paths(name: bytes, flags: int) -> None:
    assert sent(raw_zip(name, flags=flags)) == ((Attachment("附件4.xls", DATA, ("r.zip",)),), ())


def test_a_name_that_is_no_gbk_does_not_lose_the_archive() -> None:
    attachments, refused = sent(raw_zip(b"a\xff\xff.xls"))
    assert [a.data for a in attachments] == [DATA]
    assert refused == ()


@pytest.mark.parametrize(
    "members",
    [
        (("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")),
        (("xl\\workbook.xml", b"x"), ("xl\\styles.xml", b"x")),
        (("word/document.xml", b"x"),),
        (("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", b"x")),
        (("OFD.xml", b"x"), ("Doc_0/Document.xml", b"x")),
    ],
)
def test_a_document_that_is_a_zip_stays_whole(members: tuple[tuple[str, bytes], ...]) -> None:
    document = zipped(*members)
    # whatever it is called
    assert sent(document, b"a.zip") == ((Attachment("a.zip", document),), ())


def test_zip_told_by_bytes_in_a_zip_with_a_mail_in_it() -> None:
    saved = mail(words(b"x"), file(DATA), boundary=b"in")
    inner = zipped(("in.dat", saved), ("b.xls", b"2"))
    assert sent(zipped(("inner", inner), ("c.xls", b"3"))) == (
        (
            Attachment("a.xls", DATA, ("r.zip", "inner", "in.dat")),
            Attachment("b.xls", b"2", ("r.zip", "inner")),
            Attachment("c.xls", b"3", ("r.zip",)),
        ),
        (),
    )


def test_a_third_zip_is_refused_by_name_and_its_neighbour_read() -> None:
    third = zipped(("deep.xls", b"1"))
    assert sent(zipped(("second.zip", zipped(("third.zip", third), ("b.xls", b"2"))))) == (
        (Attachment("b.xls", b"2", ("r.zip", "second.zip")),),
        (Refused("third.zip", "archive_limits"),),
    )


def test_a_workbook_in_the_second_zip_is_no_third() -> None:
    book = zipped(("xl/workbook.xml", b"x"))
    attachments, refused = sent(zipped(("second.zip", zipped(("a.xlsx", book)))))
    assert ([a.data for a in attachments], refused) == ([book], ())


def test_what_systems_leave_in_archives_is_left_out() -> None:
    members = [("__MACOSX/._a.xls", b"x"), (".DS_Store", b"x"), ("d/Thumbs.db", b"x"), ("d/", b""), ("a.xls", b"1")]
    assert sent(zipped(*members)) == ((Attachment("a.xls", b"1", ("r.zip",)),), ())


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        (raw_zip(b"a.xls", flags=1), "archive_encrypted"),
        (raw_zip(b"a.xls", flags=1, method=99), "archive_encrypted"),  # AES of WinZip and 7-Zip
        (zipped(*[(f"{n}.xls", b"") for n in range(201)]), "archive_limits"),
        (zipped(("a.xls", bytes(2_000_000))), "archive_limits"),  # ratio about 1,000
        (raw_zip(b"a.xls", declared=300 << 20), "archive_limits"),
        (zipped(("a.xls", DATA))[:-30], "archive_damaged"),
        (b"PK\x03\x04", "archive_damaged"),
        (b"PK\x03\x04" + bytes(500), "archive_damaged"),
        (zipped(), "empty"),
        (zipped(("d/", b"")), "empty"),
    ],
)
def test_an_archive_that_cannot_be_unwrapped_is_named(archive: bytes, code: str) -> None:
    assert sent(archive) == ((), (Refused("r.zip", code),))


@pytest.mark.parametrize(
    "archive",
    [
        raw_zip(b"a.xls", bytes(10_000), declared=10),  # more inside than it says
        raw_zip(b"a.xls").replace(DATA[:0] + struct.pack("<I", zlib.crc32(DATA)), b"\0\0\0\0"),  # wrong checksum
        raw_zip(b"a.xls", method=9),  # Deflate64
        zipped(("a.xls", DATA), method=zipfile.ZIP_LZMA),  # good, but its header may ask for 4 GB
        raw_zip(b"a.xls", method=77),
    ],
)
def test_a_member_that_cannot_be_read_is_named(archive: bytes) -> None:
    assert sent(archive) == ((), (Refused("a.xls", "archive_damaged"),))


def test_an_encrypted_member_does_not_hide_the_plain_one() -> None:
    # given an archive whose second member has the encryption bit in both of its headers
    data = bytearray(zipped(("a.xls", b"1"), ("secret.xls", b"2")))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(magic) + offset] |= 1
    assert sent(bytes(data)) == ((Attachment("a.xls", b"1", ("r.zip",)),), (Refused("r.zip", "archive_encrypted"),))


def test_half_a_workbook_as_openpyxl_writes_it_is_a_workbook() -> None:
    # given: docProps and the sheets first, [Content_Types].xml and xl/workbook.xml at the end
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    half = book.getvalue()[: len(book.getvalue()) // 2]
    assert b"xl/workbook.xml" not in half
    # then its sender hears of a damaged file, and not of an archive that he never made
    found, refused = sent(half, b"a.xlsx")
    assert ([a.name for a in found], refused) == (["a.xlsx"], ())


def test_a_damaged_workbook_is_a_workbook() -> None:
    # given a workbook whose end is missing: the reader says so, in the words for workbooks
    book = zipped(("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"y" * 500), method=zipfile.ZIP_STORED)[:-60]
    assert sent(book, b"a.xlsx") == ((Attachment("a.xlsx", book),), ())


def test_what_needs_another_program_is_refused_without_one() -> None:
    for data in (b"Rar!\x1a\x07\x01\x00x", b"7z\xbc\xaf\x27\x1cx", b"\x78\x9f\x3e\x22x"):
        assert sent(data) == ((), (Refused("r.zip", "archive_tool"),))


def test_members_are_counted_over_all_archives_of_a_mail() -> None:
    archive = zipped(*[(f"{n}.xls", b"%d" % n) for n in range(120)])
    found = opened(mail(file(archive, b"1.zip"), file(archive, b"2.zip")))
    assert len(found.attachments) == 120
    assert found.refused == (Refused("2.zip", "archive_limits"),)


def test_bytes_are_counted_over_all_archives_of_a_mail() -> None:
    budget = Budget(unpacked=1000)
    archive = zipped(("a.xls", bytes(range(256)) * 3), method=zipfile.ZIP_STORED)
    first, second = (open_archive("a.zip", archive, 0, budget) for _ in range(2))
    assert first is not None
    assert second is not None
    assert [len(data) for _, data in first.members] == [768]
    assert [r.code for r in second.refused] == ["archive_limits"]


def test_two_members_of_one_name_are_both_kept() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns about the duplicate that is wanted here
        archive = zipped(("a.xls", b"1"), ("a.xls", b"2"))
    assert [a.data for a in sent(archive)[0]] == [b"1", b"2"]

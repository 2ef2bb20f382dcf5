"""What a file is, by its bytes, and what of a zip is refused before it is opened."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reading.precheck import precheck
from bot.reading.sniff import is_encrypted_package, kind_of, plain_kind
from tests import books


def _zip(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (books.good(), "xlsx"),
        (books.renamed(books.good(), lambda name: name.replace("/", "\\")), "xlsx"),
        (books.renamed(books.good(), str.upper), "xlsx"),
        (books.good()[:4000], "xlsx"),
        (_zip(("xl/workbook.bin", b"")), "xlsx"),
        (_zip(("word/document.xml", b"")), "docx"),
        (_zip(("mimetype", OPEN_DOCUMENT + b"spreadsheet"), ("content.xml", b"")), "ods"),
        (_zip(("mimetype", OPEN_DOCUMENT + b"text"), ("content.xml", b"")), "odt"),
        (_zip(("mimetype", OPEN_DOCUMENT + b"graphics"), ("content.xml", b"")), "other"),
        (
            _zip(("[Content_Types].xml", b'ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"')),
            "docx",
        ),
        (b'<?xml version="1.0"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">', "docx"),
        (_zip(("附件4.xlsx", books.good())), "other"),
        (_zip(), "other"),
        (books.xls(books.official()), "xls"),
        (books.encrypted(books.good()), "other"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0", "doc"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "other"),
        (b"\x09\x08\x10\x00" + bytes(30), "xls"),
        (b"%PDF-1.4\n", "pdf"),
        (b"\n\n%PDF-1.4\n", "pdf"),
        (b"\xff\xd8\xff\xe0JFIF", "image"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "other"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        (b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0", "image"),
        (b"<html><table>", "html"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE HTML><p>", "html"),
        ("<table><tr><td>数量".encode("gb18030"), "html"),
        ("\ufeff<html>".encode("utf-16-le"), "html"),
        (b'<?xml version="1.0"?><?mso-application?><ss:Workbook>', "html"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "html"),
        ("单位,数量\n五图街道,5\n".encode("gb18030"), "csv"),
        ("\ufeff单位\t数量\n".encode(), "csv"),
        (b"not a workbook", "other"),
        (b"", "other"),
        (b"Rar!\x1a\x07\x01\x00", "other"),
        (b"7z\xbc\xaf\x27\x1c", "other"),
        (rb"{\rtf1\ansi}", "doc"),
        (b"\x78\x9f\x3e\x22\x00", "other"),
        (b"a,b\x00c", "other"),
    ],
)
def test_kinds(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


def test_containers_are_not_opened_for_a_plain_look() -> None:
    assert plain_kind(books.good()) == "other"
    assert plain_kind(b"%PDF-1.7") == "pdf"


def test_a_password_is_not_an_old_workbook() -> None:
    assert is_encrypted_package(books.encrypted(books.good()))
    assert not is_encrypted_package(books.xls(books.official()))
    assert not is_encrypted_package(books.good())


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-", b"<html>"]),
)
def test_any_bytes_are_of_some_kind(tail: bytes, head: bytes) -> None:
    assert kind_of(head + tail) in {"xlsx", "xls", "ods", "docx", "doc", "html", "csv", "pdf", "image", "other"}
    assert precheck(head + tail) in {None, "damaged"}


def test_an_honest_workbook_passes() -> None:
    assert precheck(books.good()) is None


@pytest.mark.parametrize("cell", ["XFD1048576", "AAA1", "A10000", "A1048576", "ZZZ3"])
def test_a_value_far_away_is_refused(cell: str) -> None:
    row = cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    far = books.with_sheet_xml(books.sheet_xml(f'<row r="{row}"><c r="{cell}" t="n"><v>1</v></c></row>'))
    assert precheck(far) == "too_complex"
    assert precheck(books.renamed(far, lambda name: name.replace("/", "\\"))) == "too_complex"


@pytest.mark.parametrize(
    "xml",
    [
        '<row r="1048576"><c r="A1048576" s="1"/></row>',
        '<row r="1048576"><c r="A1048576" s="1"></c></row>',
        '<row r="9999"><c r="ZZ9999"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="inlineStr"><is><t>r="XFD1048576"</t></is></c></row>',
    ],
)
def test_what_only_looks_far_is_not(xml: str) -> None:
    assert precheck(books.with_sheet_xml(books.sheet_xml(xml))) is None


def test_bombs_are_refused_by_their_declared_size() -> None:
    assert precheck(books.bomb("xl/sharedStrings.xml", 1024)) == "too_complex"
    assert precheck(books.bomb("xl/styles.xml", 24)) == "too_complex"  # 24 MiB, but out of 24 KB


@pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_a_size_that_lies_is_damage(member: str) -> None:
    assert precheck(books.bomb(member, 64, declared=10)) == "damaged"


def test_too_many_members_are_refused() -> None:
    assert precheck(_zip(*((f"xl/{n}.xml", b"") for n in range(401)))) == "too_complex"


def test_a_member_behind_a_password_is_told() -> None:
    data = bytearray(_zip(("xl/workbook.xml", b"x")))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8 : directory + 10] = struct.pack("<H", 1)
    assert precheck(bytes(data)) == "encrypted"

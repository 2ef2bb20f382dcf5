"""Pieces of mails and workbooks as bytes, the same bytes at every run: no clock, no chance, no compression."""

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from unittest.mock import patch
from xml.sax.saxutils import escape

import msoffcrypto.format.ooxml

from bot.model.forms import Cell
from bot.reading.cells import a1
from tests.books import MERGES, Rows, Span, official

OCTETS = b"application/octet-stream"
XLSX_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OFFICE = b"clawhbgs@163.com"
LIAISON = "李明 <li@wutu.example>"
TWO_POSTS = "赵强 <zhao@lakes.example>"  # one person for two units
THREE_POSTS = "孙丽 <sun@three.example>"  # one person for three: see given.toml there
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True)
class Formula:
    """A cell with a formula that no program has calculated yet; with ``value``, one that has."""

    text: str
    value: int | None = None


Row = Sequence[Cell | Formula]
Sheet = tuple[str, Sequence[Row], Sequence[Span]]


# Workbooks.


def workbook(*sheets: Sheet) -> bytes:
    """A small .xlsx: inline texts, numbers, formulas, merged cells."""
    numbers = range(1, len(sheets) + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="application/vnd.openxmlformats-officedocument'
        '.spreadsheetml.worksheet+xml"/>'
        for n in numbers
    )
    names = "".join(
        f'<sheet name="{escape(sheet[0])}" sheetId="{n}" r:id="rId{n}"/>'
        for n, sheet in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{DOC}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    members = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
        f'.spreadsheetml.sheet.main+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELS}"><Relationship Id="rId1" Type="{DOC}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{DOC}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELS}">{links}</Relationships>',
    }
    members |= {f"xl/worksheets/sheet{n}.xml": _sheet(*sheet[1:]) for n, sheet in zip(numbers, sheets, strict=True)}
    return archive((name, ('<?xml version="1.0" encoding="UTF-8"?>' + xml).encode()) for name, xml in members.items())


def _sheet(rows: Sequence[Row], merges: Sequence[Span]) -> str:
    lines = "".join(
        f'<row r="{r + 1}">{"".join(_cell(a1(r, c), value) for c, value in enumerate(row))}</row>'
        for r, row in enumerate(rows)
    )
    spans = "".join(f'<mergeCell ref="{a1(a, b)}:{a1(c, d)}"/>' for a, b, c, d in merges)
    merged = f"<mergeCells>{spans}</mergeCells>" if spans else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData>{merged}</worksheet>'


def _cell(place: str, value: Cell | Formula) -> str:
    if value is None:
        return ""
    if isinstance(value, Formula):
        cached = "" if value.value is None else f"<v>{value.value}</v>"
        return f'<c r="{place}"><f>{value.text}</f>{cached}</c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def form(rows: Sequence[Row] | None = None, name: str = "附件4") -> bytes:
    """The official layout in a workbook of one sheet."""
    return workbook((name, rows or official(), MERGES))


def with_changes(
    changes: Mapping[tuple[int, int], Cell | Formula], rows: Rows | None = None
) -> list[list[Cell | Formula]]:
    """The official rows with some cells changed, by row and column from 0."""
    changed: list[list[Cell | Formula]] = [list(row) for row in rows or official()]
    for (row, column), value in changes.items():
        changed[row] += [None] * (column + 1 - len(changed[row]))
        changed[row][column] = value
    return changed


class _RawName(zipfile.ZipInfo):
    """A member whose name stands in the bytes of another charset, without the flag that says UTF-8."""

    raw = b""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.raw, self.flag_bits & ~0x800


def archive(members: Iterable[tuple[str, bytes]], charset: str = "") -> bytes:
    """A zip without compression. ``charset`` of the names: none is UTF-8 with its flag; Chinese programs write gbk."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        for name, data in members:
            info = _RawName(name, (2017, 7, 3, 10, 0, 0)) if charset else zipfile.ZipInfo(name, (2017, 7, 3, 10, 0, 0))
            if isinstance(info, _RawName):
                info.raw = name.encode(charset)
            info.create_system = 0
            made.writestr(info, data)
    return out.getvalue()


def announcing(data: bytes, member: str, size: int) -> bytes:
    """The zip with one more member that is nothing, and whose size the directory states as ``size`` bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        made = bytearray(archive([*((name, old.read(name)) for name in old.namelist()), (member, b"0")]))
    entry = made.rindex(b"PK\x01\x02")
    made[entry + 24 : entry + 28] = struct.pack("<I", size)  # APPNOTE 4.3.12: uncompressed size
    return bytes(made)


def patched(data: bytes, changes: Mapping[str, Callable[[bytes], bytes]]) -> bytes:
    """The zip with some members changed; each must be there."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        assert set(changes) <= set(old.namelist())
        return archive((name, changes.get(name, bytes)(old.read(name))) for name in old.namelist())


def white_picture(width: int, height: int) -> bytes:
    """A PNG in grey, its pixels in one block that is not compressed."""
    pixels = (b"\0" + b"\xff" * width) * height
    block = b"\x01" + struct.pack("<HH", len(pixels), len(pixels) ^ 0xFFFF) + pixels
    data = b"\x78\x01" + block + struct.pack(">I", zlib.adler32(pixels))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def behind_password(data: bytes, password: str = "1234") -> bytes:
    """The workbook encrypted, with salts that are not random and a time that stands still."""
    out = io.BytesIO()
    count = iter(range(10_000))

    def not_random(size: int) -> bytes:
        return bytes((next(count) + i) % 256 for i in range(size))

    container = "msoffcrypto.method.container.ecma376_encrypted.datetime2filetime"
    with patch("secrets.token_bytes", not_random), patch(container, lambda _: 131_000_000_000_000_000):
        msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(data)).encrypt(password, out)
    return out.getvalue()


# Mails.


def word(text: str, charset: str = "gbk") -> bytes:
    """One encoded word (RFC 2047, B)."""
    return f"=?{charset.upper()}?B?{base64.b64encode(text.encode(charset)).decode()}?=".encode()


def head(
    subject: bytes = b"",
    sender: str | bytes = LIAISON,
    number: int = 1,
    *more: bytes,
    received: Sequence[bytes] = (),
) -> list[bytes]:
    """The header of a mail: what the provider added, then what the sender's program wrote."""
    if isinstance(sender, str):
        name, _, address = sender.rpartition(" ")
        sender = (Header(name, "utf-8").encode() + " " + address if name else address).encode()
    return [
        *received,
        b"From: " + sender,
        b"To: " + OFFICE,
        b"Subject: " + (subject or word("报送附件4")),
        b"Message-ID: <%04d@mail.example>" % number,
        b"Date: Mon, 3 Jul 2017 09:58:00 +0800",
        b"MIME-Version: 1.0",
        *more,
    ]


def netease(result: bytes = b"spf=pass smtp.mail=li@wutu.example; dkim=none", host: bytes = b"mx40") -> list[bytes]:
    """What NetEase adds to a mail that comes from outside: it stands around the header of the sender."""
    id_ = b"KMCowABnU0VcpFlZ"
    return [
        b"Received: from mail.wutu.example (unknown [192.0.2.7])\r\n\tby " + host + b" (Coremail) with SMTP id " + id_
        + b";\r\n\tMon, 03 Jul 2017 09:58:04 +0800 (CST)",
        b"X-CM-TRANSID:" + id_,
        b"Authentication-Results: " + host + b"; " + result + b";",
    ]  # fmt: skip


def base64_lines(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def attached(data: bytes, name: bytes = b"", kind: bytes = OCTETS, disposition: bytes = b"") -> bytes:
    """A file in base64. ``name`` stands raw in both headers; ``disposition`` goes over it."""
    named = b'; name="' + name + b'"' if name else b""
    as_file = disposition or (b'attachment; filename="' + name + b'"' if name else b"attachment")
    lines = (
        b"Content-Type: " + kind + named,
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: " + as_file,
        b"",
        base64_lines(data),
    )
    return b"\r\n".join(lines)


def text(words: str, charset: str = "utf-8", kind: str = "plain") -> bytes:
    """A body in base64."""
    first = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
    return first + base64_lines(words.encode(charset))


def parts(header: Sequence[bytes], *pieces: bytes, kind: bytes = b"mixed", boundary: bytes = b"----=_Part_1") -> bytes:
    """A multipart with its header: a whole mail, or one piece of one when ``header`` is empty."""
    body = b"".join(b"--" + boundary + b"\r\n" + piece + b"\r\n" for piece in pieces)
    declared = b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"'
    return b"\r\n".join((*header, declared, b"", body + b"--" + boundary + b"--\r\n"))


def single(header: Sequence[bytes], piece: bytes) -> bytes:
    """A mail of one piece."""
    return b"\r\n".join(header) + b"\r\n" + piece


def report(
    data: bytes,
    name: str = "五图街道6月附件4.xlsx",
    header: Sequence[bytes] | None = None,
    words: str = "请查收。",
) -> bytes:
    """The usual mail: a few words and one file with a GBK encoded word for a name."""
    return parts(head() if header is None else header, text(words), attached(data, word(name)))

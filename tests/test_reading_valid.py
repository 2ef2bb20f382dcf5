"""Files that are valid, though some programs call them damaged: read with every number, or refused with a reason."""

import io
import re
import struct
import zipfile
from collections.abc import Callable
from xml.dom import minidom

import pytest

from bot.model.forms import Document
from bot.model.mail import Attachment
from bot.reading.convert import Office
from bot.reading.documents import documents
from bot.reading.guard import Reader
from tests.books import RULES, Rows, good, official

ROWS: Rows = official(
    [0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7], sums=(8, 4, 20), total=32, unit="五图街道办事处", period="（截至 6 月）"
)
Change = Callable[[str, bytes], tuple[str, bytes]]
OF_PACKAGE = ("[Content_Types].xml", "_rels/.rels")
BOF = {2: (0x0009, "<HH", (2, 0x10)), 3: (0x0209, "<HHH", (3, 0x10, 0)), 4: (0x0409, "<HHH", (4, 0x10, 0))}


def rezipped(data: bytes, change: Change) -> bytes:
    """A package, each part of it changed: name and bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(*change(name, old.read(name)))
    return made.getvalue()


def in_state(state: str | None) -> Change:
    """The sheet in a state: hidden in one of two ways, one that no standard knows, none."""
    said = b"" if state is None else f' state="{state}"'.encode()

    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return name, re.sub(rb' state="visible"', said, data) if name == "xl/workbook.xml" else data

    return change


def main_part_called_otherwise(name: str, data: bytes) -> tuple[str, bytes]:
    if name in OF_PACKAGE:
        data = data.replace(b"xl/workbook.xml", b"xl/workbook2.xml")
    return name.replace("/workbook.xml", "/workbook2.xml"), data


def folder_called_otherwise(name: str, data: bytes) -> tuple[str, bytes]:
    if name in OF_PACKAGE or name.endswith(".rels"):
        data = data.replace(b"xl/", b"book/")
    return re.sub(r"^xl/", "book/", name), data


def advised_to_be_read_only(name: str, data: bytes) -> tuple[str, bytes]:
    advice = b'<fileSharing readOnlyRecommended="1" userName="x"/><sheets>'
    return name, data.replace(b"<sheets>", advice) if name == "xl/workbook.xml" else data


def old_book(version: int, rows: Rows) -> bytes:
    """A sheet of Excel 2, 3 or 4: one stream of records, texts in the code page of China."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def cell(row: int, column: int, value: object) -> bytes:
        place = struct.pack("<HH", row, column) + b"\0\0" + (b"\0" if version == 2 else b"")
        high = 0 if version == 2 else 0x0200
        if isinstance(value, int | float):
            return record(high | 3, place + struct.pack("<d", value))
        text = str(value).encode("gbk")
        return record(high | 4, place + (bytes([len(text)]) if version == 2 else struct.pack("<H", len(text))) + text)

    kind, form, values = BOF[version]
    cells = [
        cell(row, column, value)
        for row, line in enumerate(rows)
        for column, value in enumerate(line)
        if value is not None
    ]
    return b"".join((record(kind, struct.pack(form, *values)), record(0x42, b"\xa8\x03"), *cells, record(0x0A, b"")))


def open_document(pretty: bool) -> bytes:
    """The form as OpenDocument writes it; ``pretty``: with line breaks between all elements."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            "<table:table-cell/>"
            if value is None
            else f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p>'
            "</table:table-cell>"
            if isinstance(value, int)
            else f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
            for value in row
        )
        + "</table:table-row>"
        for row in ROWS
    )
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = f"""<office:document-content {names} office:version="1.2"><office:body><office:spreadsheet>
<table:table table:name="1">{cells}</table:table></office:spreadsheet></office:body></office:document-content>"""
    data = minidom.parseString(content).toprettyxml(indent="  ") if pretty else content
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = f"""<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("content.xml", data)
        archive.writestr("META-INF/manifest.xml", manifest)
    return made.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    **{f"{s}.xlsx": lambda s=s: rezipped(good(), in_state(s)) for s in ("hidden", "veryHidden", "odd", "")},  # type: ignore[misc]
    "none.xlsx": lambda: rezipped(good(), in_state(None)),
    "main.xlsx": lambda: rezipped(good(), main_part_called_otherwise),
    "folder.xlsx": lambda: rezipped(good(), folder_called_otherwise),
    "read-only.xlsx": lambda: rezipped(good(), advised_to_be_read_only),
    **{f"{v}.xls": lambda v=v: old_book(v, ROWS) for v in BOF},  # type: ignore[misc]
    "plain.ods": lambda: open_document(pretty=False),
    "pretty.ods": lambda: open_document(pretty=True),
}


CONVERTED = ("odd.xlsx", ".xlsx", "pretty.ods")  # calamine refuses them


@pytest.fixture(scope="module")
def read() -> dict[str, Document]:
    with Reader() as reader:
        return {
            name: documents([Attachment(name, made())], reader, RULES, Office())[0]
            for name, made in FILES.items()
            if name not in CONVERTED or Office().soffice
        }


@pytest.mark.parametrize("name", FILES)
def test_every_number_of_a_valid_file_is_read(name: str, read: dict[str, Document]) -> None:
    if name not in read:
        pytest.skip("LibreOffice is not installed")
    found = read[name]
    assert found.unreadable is None, found.unreadable
    (form,) = found.forms
    assert form.total is not None and form.total.value == 32
    counts = [count.value for group in form.counts.values() for count in group.values()]
    assert counts == [0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7]

"""Workbooks for tests: the official layout of Annex 4 and what people, programs and enemies make of it."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl
import xlwt

from bot.model.forms import Cell, Form, Grid
from bot.rules.load import load_rules

RULES = load_rules(Path(__file__).resolve().parents[1] / "rules")
ANNEX4 = RULES.forms["annex4"]
WORDS = RULES.words

Rows = list[list[Cell]]
Span = tuple[int, int, int, int]
Numbers = dict[str, dict[str, int | None]]

COUNTS = (0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7)
VALUES = {
    "above_scale": {"level_1": 0, "level_2": 2, "level_3": 5, "ungraded": 1},
    "high_risk": {"level_1": 1, "level_2": 0, "level_3": 3, "ungraded": 0},
    "other": {"level_1": 0, "level_2": 1, "level_3": 12, "ungraded": 7},
}
SUBTOTALS = {"above_scale": 8, "high_risk": 4, "other": 20}
TOTAL = 32
MERGES: tuple[Span, ...] = (
    (0, 0, 0, 12), (1, 0, 1, 12), (2, 0, 2, 6), (2, 7, 2, 12), (3, 0, 3, 12), (4, 1, 4, 4), (4, 5, 4, 8),
    (4, 9, 4, 12), (7, 1, 7, 4), (7, 5, 7, 8), (7, 9, 7, 12), (8, 1, 8, 12), (9, 0, 9, 12),
)  # fmt: skip


def official(
    counts: Sequence[Cell] = COUNTS,
    *,
    sums: Sequence[Cell] = (8, 4, 20),
    total: Cell = TOTAL,
    unit: str = "五图街道办事处",
    period: str = "（截至  6 月）",
) -> Rows:
    """The rows of the official layout, as the notice prints them."""
    blank: list[Cell] = [None]
    return [
        ["生产经营单位安全生产标准化达标情况表"],
        [period],
        [f"填报单位：{unit}", *blank * 6, "填报时间：2017年7月3日"],
        ["累计完成数量（家 ）"],
        ["类别", "规模以上企业", *blank * 3, "高危企业", *blank * 3, "其他生产经营单位"],
        ["达标等级", *["一级", "二级", "三级", "其他"] * 3],
        ["数量", *counts],
        ["合计", sums[0], *blank * 3, sums[1], *blank * 3, sums[2]],
        ["总计", total],
        ["填报人：李明                        联系电话：0536-6221234"],
    ]


def grid(rows: Iterable[Sequence[Cell]], merges: Sequence[Span] = (), name: str = "Sheet1") -> Grid:
    return Grid(name, tuple(tuple(row) for row in rows), tuple(merges))


def moved(rows: Rows, merges: Sequence[Span], down: int, right: int) -> tuple[Rows, list[Span]]:
    """The same table at another place."""
    there: Rows = [[] for _ in range(down)] + [[None] * right + row for row in rows]
    return there, [(a + down, b + right, c + down, d + right) for a, b, c, d in merges]


def turned(rows: Rows, merges: Sequence[Span] = ()) -> tuple[Rows, list[Span]]:
    """The same table with rows for columns."""
    width = max(len(row) for row in rows)
    full = [row + [None] * (width - len(row)) for row in rows]
    return [list(line) for line in zip(*full, strict=True)], [(b, a, d, c) for a, b, c, d in merges]


def values_of(form: Form) -> Numbers:
    return {group: {id_: count.value for id_, count in row.items()} for group, row in form.counts.items()}


def texts_of(form: Form) -> dict[str, str]:
    return {id_: written.text for id_, written in form.fields.items()}


def xlsx(*sheets: tuple[Rows, Sequence[Span]], hidden: Iterable[int] = ()) -> bytes:
    """A workbook of openpyxl's, a sheet for each pair of rows and merges."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, (rows, merges) in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet{number + 1}")
        for row in rows:
            sheet.append(row)
        for a, b, c, d in merges:
            sheet.merge_cells(start_row=a + 1, start_column=b + 1, end_row=c + 1, end_column=d + 1)
        sheet.sheet_state = "hidden" if number in hidden else "visible"
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def xls(rows: Rows, merges: Sequence[Span] = ()) -> bytes:
    """A BIFF8 workbook of xlwt's."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    anchors = {(a, b): (c, d) for a, b, c, d in merges}
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if (r, c) in anchors:
                last_row, last_column = anchors[r, c]
                sheet.write_merge(r, last_row, c, last_column, value)
            elif value is not None:
                sheet.write(r, c, value)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def good() -> bytes:
    """The official workbook, filled in; read back it is VALUES."""
    return xlsx((official(), MERGES))


def patched(data: bytes, changes: Mapping[str, Callable[[bytes], bytes] | None]) -> bytes:
    """The zip with some members changed, or left out (None). A member must be there."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        assert set(changes) <= set(old.namelist())
        for name in old.namelist():
            change = changes.get(name, bytes)
            if change is not None:
                new.writestr(name, change(old.read(name)))
    return out.getvalue()


def renamed(data: bytes, name: Callable[[str], str]) -> bytes:
    """The zip with its members under other names."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            info = zipfile.ZipInfo("x")
            info.filename = name(member)  # behind the back of ZipInfo, which mends separators
            new.writestr(info, old.read(member))
    return out.getvalue()


def encrypted(data: bytes, password: str = "1234") -> bytes:
    """The workbook behind a password."""
    out = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(data)).encrypt(password, out)
    return out.getvalue()


def with_sheet_xml(xml: bytes) -> bytes:
    """A workbook whose only sheet is this XML."""
    return patched(good(), {"xl/worksheets/sheet1.xml": lambda _: xml})


def sheet_xml(inside: str) -> bytes:
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{namespace}"><sheetData>{inside}</sheetData></worksheet>'.encode()


def bomb(member: str, mebibytes: int, declared: int | None = None) -> bytes:
    """A good workbook with one more member: so many MiB of blanks, made without inflating them here.

    ``declared`` is the size that its directory states, if that shall be a lie.
    """
    block = b" " * (1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # stands for itself: may be repeated
    packed = one * mebibytes + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    size = mebibytes << 20 if declared is None else declared
    base = patched(good(), {member: None}) if member in zipfile.ZipFile(io.BytesIO(good())).namelist() else good()
    end = base.rindex(b"PK\x05\x06")
    count, directory_size, directory = struct.unpack("<HII", base[end + 10 : end + 20])
    name = member.encode()
    common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(packed), size, len(name), 0)
    local = b"PK\x03\x04" + common + name + packed
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, directory) + name
    entries = base[directory : directory + directory_size] + entry
    tail = struct.pack("<HHHHIIH", 0, 0, count + 1, count + 1, len(entries), directory + len(local), 0)
    return base[:directory] + local + entries + b"PK\x05\x06" + tail


def far_xls(row: int, column: int) -> bytes:
    """A BIFF8 workbook with one value far away, which lays out as row times column cells."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    sheet.write(0, 0, 1)
    sheet.write(row, column, 1)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


ODS_FAR = (
    '<table:table-row table:number-rows-repeated="1048575"><table:table-cell table:number-columns-repeated="16383"/>'
    '<table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
)


def ods(rows: str) -> bytes:
    """An OpenDocument spreadsheet with these rows, in its own XML."""
    namespace = "urn:oasis:names:tc:opendocument:xmlns:"
    names = "".join(f' xmlns:{name}="{namespace}{name}:1.0"' for name in ("office", "table", "text"))
    sheet = f'<table:table table:name="Sheet1">{rows}</table:table>'
    body = f"<office:body><office:spreadsheet>{sheet}</office:spreadsheet></office:body>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml", f'<?xml version="1.0"?><office:document-content{names}>{body}</office:document-content>'
        )
        manifest = f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{namespace}manifest:1.0"/>'
        archive.writestr("META-INF/manifest.xml", manifest)
    return out.getvalue()

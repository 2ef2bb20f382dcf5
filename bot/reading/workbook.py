"""Bytes of a workbook -> grids, by python-calamine. Runs in the guarded process only.

Reads xlsx, xlsm, xlsb, xls, et and ods, whatever the file is called. It gives values, not formulas: a
formula that was never calculated is its text in an .xlsx, else a blank cell. It does not look for forms.
"""

import io
import re
import zipfile
from datetime import date, datetime
from typing import Any
from xml.parsers.expat import ExpatError

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from bot.model.forms import Cell, Grid
from bot.reading import biff, looking, strays
from bot.reading.formulas import computed
from bot.reading.looks import put_on
from bot.reading.opened import CELLS, COLUMNS, MERGES, ROWS, SHEETS, TEXT, Opened
from bot.reading.sniff import OLE, ZIP
from bot.reading.xmlfile import TooMuch, check

_READ = re.compile(r"xl/(?:workbook|sharedstrings|worksheets/[^/]+)\.xml|xl/_rels/workbook\.xml\.rels|content\.xml")


class Encrypted(Exception):
    """The workbook wants a password."""


class Malformed(Exception):
    """A part is no XML: no program can tell what was in its cells."""


def opened(data: bytes, kind: str) -> Opened:
    """Every sheet, the visible ones apart from the hidden. Raises ``Encrypted``, and anything on damage."""
    if data.startswith(ZIP):
        _check_parts(data)
    near, cut = _near(data)
    if near is None:
        return Opened(kind, unreadable="too_complex")
    try:
        looks, computes = looking.looks(data, kind)
    except TooMuch:
        return Opened(kind, unreadable="too_complex")
    try:
        shown, hidden, shortened = _sheets(near, CELLS // 2 if looks else CELLS)
    except PasswordError as error:
        raise Encrypted from error
    values = computed([*shown, *hidden], looks, computes)
    pairs = [put_on(grid, looks[grid.name]) if grid.name in looks else (grid, None) for grid in values]
    whole, behind = (tuple(grid for grid, _ in part) for part in (pairs[: len(shown)], pairs[len(shown) :]))
    seen = tuple(look or grid for grid, look in pairs[: len(shown)]) if any(look for _, look in pairs) else ()
    return Opened(kind, whole, behind, cut or shortened, seen=seen)


def _sheets(data: bytes, budget: int) -> tuple[list[Grid], list[Grid], bool]:
    """The visible sheets and the hidden ones, at most so many cells, and whether something was left out."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    shown: list[Grid] = []
    hidden: list[Grid] = []
    cut = False
    # Visible sheets first: when a file is too large for all of it, the sheet that people see is read.
    sheets = sorted(enumerate(book.sheets_metadata), key=lambda item: item[1].visible != SheetVisibleEnum.Visible)
    for index, about in sheets:
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        if budget <= 0 or len(shown) + len(hidden) == SHEETS:
            cut = True
            break
        grid, cells, shortened = _grid(book.get_sheet_by_index(index), budget)
        (shown if about.visible == SheetVisibleEnum.Visible else hidden).append(grid)
        budget -= cells
        cut = cut or shortened
    return shown, hidden, cut


def _check_parts(data: bytes) -> None:
    """Raises ``Malformed`` when a part that is read here is no XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if _READ.fullmatch(name.replace("\\", "/").lower()):
                try:
                    check(archive.read(name))
                except (ExpatError, ValueError) as error:
                    raise Malformed(name) from error


def _near(data: bytes) -> tuple[bytes | None, bool]:
    """The file without values far away, and whether there were some; None when there were too many."""
    if data.startswith(ZIP):
        return strays.mended(data)
    try:
        return biff.mended(data) if data.startswith(OLE) else (data, False)
    except Exception:
        return data, False  # IndexError, OSError of olefile on damage: calamine reads more than olefile does


def _grid(sheet: Any, budget: int) -> tuple[Grid, int, bool]:
    """One sheet with its true coordinates, how many cells it took, and whether something was left out."""
    cut = sheet.total_height > ROWS or sheet.total_width > COLUMNS
    rows: list[tuple[Cell, ...]] = []
    taken = 0
    for values in sheet.to_python(skip_empty_area=False, nrows=ROWS):
        row = [_cell(value) for value in values[:COLUMNS]]
        while row and row[-1] is None:
            row.pop()
        taken += len(row) + sum(len(cell) for cell in row if isinstance(cell, str)) // 100
        if taken > budget:
            cut = True
            break
        rows.append(tuple(row))
    while rows and not rows[-1]:
        rows.pop()
    merges = tuple((a, b, c, d) for (a, b), (c, d) in (sheet.merged_cell_ranges or ())[:MERGES])
    return Grid(sheet.name[:100], tuple(rows), merges), taken, cut


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value[:TEXT] or None
    # xlsx stores every number as a float: 5.0 and the telephone 13800138000.0 were typed as whole numbers.
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else str(value)

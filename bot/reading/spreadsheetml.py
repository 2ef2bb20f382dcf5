"""SpreadsheetML 2003 -> grids: the XML that Excel 2003 and many web systems write under the name .xls.

Runs in the guarded process only. Source: the XML Spreadsheet Reference of Office 2003. Values, not formulas.
"""

import re
from datetime import date
from typing import Any

from bot.model.forms import Cell, Grid
from bot.reading.canvas import Canvas, Spot
from bot.reading.opened import CELLS, COLUMNS, ROWS, SHEETS, Opened
from bot.reading.xmlfile import attribute, children, inner_text, local, parsed

# Atomic: however the beginning fails to fit, it is looked at once.
_START = re.compile(r"\A\s*+(?>(?:<\?.{0,2000}?\?>|<!--.{0,2000}?-->)\s*){0,20}+<(?:[\w.]+:)?workbook\b", re.I | re.S)


def is_spreadsheetml(text: str) -> bool:
    """Whether the text begins as a workbook in XML, and not as a page."""
    return bool(_START.match(text))


def worksheets(text: str, kind: str) -> Opened:
    """Every worksheet at its true addresses, hidden ones apart. Raises lxml's XMLSyntaxError, or ValueError."""
    shown: list[Grid] = []
    hidden: list[Grid] = []
    left, cut = CELLS, False
    for sheet in children(parsed(text), "Worksheet"):
        if len(shown) + len(hidden) == SHEETS:
            cut = True
            break
        canvas = Canvas(left)
        for table in children(sheet, "Table"):
            _fill(canvas, table)
        left, cut = canvas.left, cut or canvas.cut
        grid = canvas.grid(attribute(sheet, "Name"))
        (hidden if _is_hidden(sheet) else shown).append(grid)
    return Opened(kind, tuple(shown), tuple(hidden), cut)


def _fill(canvas: Canvas, table: Any) -> None:
    row = -1
    for line in children(table, "Row"):
        row = _index(line, row + 1)
        if row >= ROWS:
            canvas.cut = True
            return
        column = 0
        for cell in children(line, "Cell") if attribute(line, "Hidden") != "1" else ():  # it keeps its place
            column = _index(cell, column)
            across, down = _whole(cell, "MergeAcross", COLUMNS), _whole(cell, "MergeDown", ROWS)
            canvas.put(row, Spot(column, _value(cell), down + 1, across + 1))
            column += across + 1
            if canvas.left <= 0 or column > COLUMNS:
                canvas.cut = True
                break
        row += _whole(line, "Span", ROWS)  # so many rows below are like it, and empty


def _index(element: Any, following: int) -> int:
    """The zero-based position: ss:Index counts from 1; without it the next one. An index never leads back."""
    return max(_whole(element, "Index", 1 << 30) - 1, following)


def _whole(element: Any, name: str, most: int) -> int:
    text = attribute(element, name)
    return min(int(text), most) if re.fullmatch(r"\d{1,10}", text) else 0


def _value(cell: Any) -> Cell:
    for data in children(cell, "Data"):
        text = inner_text(data)
        what = attribute(data, "Type")
        if what == "Number" and re.fullmatch(r"-?\d{1,15}(?:\.\d{1,15})?", text.strip()):
            number = float(text)
            return int(number) if number.is_integer() else number
        found = re.match(r"\A\s*+(\d{4})-(\d\d)-(\d\d)", text) if what == "DateTime" else None
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
        return text or None
    return None


def _is_hidden(sheet: Any) -> bool:
    return any(
        local(option) == "Visible" and inner_text(option).strip() in ("SheetHidden", "SheetVeryHidden")
        for options in children(sheet, "WorksheetOptions")
        for option in options
    )

"""Text with separators (.csv and what is called so) -> grid. Runs in the guarded process only.

Values stay texts, as they were written. Source: RFC 4180, and Excel's line ``sep=;``.
"""

import csv
import io
import re

from bot.model.forms import Cell, Grid
from bot.reading.canvas import Canvas, Spot
from bot.reading.charset import decoded
from bot.reading.opened import COLUMNS, ROWS, Opened

LARGEST = 8 << 20  # bytes that are looked at; what a grid can hold is far less
SAMPLE = 50  # lines in which separators are counted
_SEPARATORS = ",\t;"
_SEP_LINE = re.compile(r"(?i)\A\s*+sep=(.)[ \t]*+\r?\n")
# A tab before or behind every cell keeps Excel from making numbers of texts: it stands beside the separator.
_PADDING = re.compile(r"\t?([,;])\t?")
_KEPT_AS_TEXT = re.compile(r'="(.*)"', re.S)  # ="0536": how exporters keep Excel from making it a number


def opened(data: bytes, kind: str) -> Opened:
    """One grid with true addresses. UnicodeDecodeError or csv.Error on what is no text with separators."""
    whole = len(data) <= LARGEST
    text = decoded(data[:LARGEST], whole)
    if "\0" in text:
        return Opened(kind, unreadable="damaged")
    hint = _SEP_LINE.match(text)
    if hint:
        text = text[hint.end() :]
    canvas = Canvas()
    canvas.cut = not whole
    separator = hint[1] if hint else _separator(text)
    for row, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator)):
        if row == ROWS or canvas.left <= 0:
            canvas.cut = True
            break
        for column, cell in enumerate(cells[: COLUMNS + 1]):
            canvas.put(row, Spot(column, _value(cell)))
    grid = canvas.grid("")
    return Opened(kind, (grid,) if _holds_anything(grid) else (), cut=canvas.cut)


def _separator(text: str) -> str:
    """The mark that stands most often outside quotation marks in the first lines; a comma when none does."""
    head = "\n".join(text[: 1 << 16].splitlines()[:SAMPLE])
    bare = _PADDING.sub(r"\1", re.sub(r'"[^"]*"', "", head))
    return max(_SEPARATORS, key=bare.count)


def _value(cell: str) -> Cell:
    text = cell.strip()
    kept = _KEPT_AS_TEXT.fullmatch(text)
    return (kept[1] if kept else text) or None


def _holds_anything(grid: Grid) -> bool:
    return any(cell is not None for row in grid.rows for cell in row)

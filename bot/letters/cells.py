"""Text from outside, made safe for a workbook: never a formula, never more than a file can hold.

What Excel allows: 32,767 characters (UTF-16 units) a cell, 31 a sheet's title (Excel specifications and limits).
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell

CELL_UNITS = 32_767
TITLE_UNITS = 31
# What XML 1.0 cannot hold (section 2.2, Char): C0 but tab and newline, lone surrogates, two noncharacters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TITLE = re.compile(r"[\[\]:*?/\\\s]+")
# What a program that opens the file may take for the beginning of a formula, after blanks too.
_FORMULA = re.compile(r"\A(?:\s*+[=+\-@＝＋－＠]|\t)")


@dataclass(frozen=True, slots=True)
class Formula:
    """Ours, and computed by the program that opens the file; any other text is shown as it is."""

    text: str


def clean(text: str) -> str:
    """The text without what a workbook cannot hold, with plain newlines, cut to the length of a cell."""
    return _cut(_ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")), CELL_UNITS)


def put(cell: "Cell", text: str) -> None:
    """Writes text as text, whatever it looks like: ``=1+1`` is shown, and not computed."""
    cell.value = shown = clean(text)
    # openpyxl makes a formula of every "=…", and an error of "#N/A".
    cell.data_type = "s"
    # Keeps a text a text when a person later edits the cell. Of what is shown: "\0=1" is "=1" there.
    cell.quotePrefix = bool(_FORMULA.match(shown))


def sheet_title(text: str, fallback: str = "Sheet1") -> str:
    """A title that Excel takes: no ``[]:*?/\\``, no apostrophe at its ends, at most 31 characters, not empty,
    not the reserved word History. ``fallback`` if nothing remains."""
    title = _cut(_TITLE.sub(" ", clean(text)).strip(" '"), TITLE_UNITS).strip(" '")
    return title if title and title.casefold() != "history" else fallback


def _cut(text: str, units: int) -> str:
    """At most so many UTF-16 units, as Excel counts, without half a character at the end."""
    return text.encode("utf-16-le")[: units * 2].decode("utf-16-le", errors="ignore")

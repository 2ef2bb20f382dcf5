"""Old Word files (.doc, .wps, .rtf), and workbooks that are odd -> grids, by way of a program beside the bot. Pure.

What LibreOffice makes of the file goes through the guarded process like any .docx. Where it is absent or loses the
table, antiword's text is the second way; it drops cells where rows are divided differently, so a form out of it
must be whole and add up. What no program could open is ``doc``: its sender is asked for another format.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from bot.errors import SpentError
from bot.reading.canvas import Item, Row, Spot, laid_out
from bot.reading.opened import REFUSED, Opened, Opener

CONVERSIONS = 6  # for the files of one mail; each may take a minute


class Converter(Protocol):
    """What ``convert.Office`` does. None: the program is absent, failed, or took too long."""

    def docx(self, data: bytes) -> bytes | None:
        """An old Word file as .docx."""

    def xlsx(self, data: bytes) -> bytes | None:
        """A workbook that cannot be read as it is, as .xlsx."""

    def text(self, data: bytes) -> str | None:
        """The plain text of an old Word file."""


@dataclass
class Few:
    """The same converter for a few files; SpentError for those after them. ``left`` counts."""

    converter: Converter
    left: int = CONVERSIONS

    def docx(self, data: bytes) -> bytes | None:
        """The converted file, while any is left."""
        self._take_one()
        return self.converter.docx(data)

    def xlsx(self, data: bytes) -> bytes | None:
        """The converted workbook, while any is left."""
        self._take_one()
        return self.converter.xlsx(data)

    def text(self, data: bytes) -> str | None:
        """The plain text of a file that was counted by ``docx``."""
        return self.converter.text(data)

    def _take_one(self) -> None:
        if self.left <= 0:
            raise SpentError("the mail has had its conversions")
        self.left -= 1


def converted(data: bytes, reader: Opener, converter: Converter) -> Opened:
    """The file as grids; ``unreadable`` is ``doc`` when nothing came of it. BotError as ``reader``."""
    docx = converter.docx(data)
    opened = replace(reader.read(docx), kind="doc") if docx else Opened("doc", unreadable="doc")
    if not opened.grids:
        opened = Opened("doc", unreadable="doc")
    if any(grid.tables for grid in opened.grids):
        return opened
    items = list(table_lines(converter.text(data) or ""))
    if any(isinstance(item, Row) for item in items):
        grid, canvas = laid_out(items)
        return Opened("doc", (grid,), cut=canvas.cut, confidence="summed")
    # A letter, or a table that was lost on the way: "summed" makes it unreadable only if it speaks of a form.
    return replace(opened, confidence="summed")


def workbook(data: bytes, kind: str, reader: Opener, converter: Converter | None) -> Opened:
    """A whole workbook that its reader refuses, by way of a program that opens more: macro sheets, ranges of whole
    columns, the formats of Excel 2 to 4. ``damaged`` where no program does."""
    xlsx = converter.xlsx(data) if converter else None
    opened = replace(reader.read(xlsx), kind=kind) if xlsx else Opened(kind, unreadable="damaged")
    return replace(opened, unreadable="damaged") if opened.unreadable == REFUSED else opened


def table_lines(text: str) -> Iterator[Item]:
    """The lines of antiword: a row of a table stands between bars."""
    table = 0
    inside = False
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("|") and bare.endswith("|") and len(bare) > 1:
            table += not inside
            yield Row(table, tuple(Spot(n, cell.strip() or None) for n, cell in enumerate(bare[1:-1].split("|"))))
        elif bare:
            yield bare
        inside = bare.startswith("|")

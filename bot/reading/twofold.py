"""Text in two readings: what the eye sees, and what stands there besides, struck out, raised, hidden or covered. Pure.

Readers put such characters between marks, so that the text can be joined, divided and trimmed like any other; the
canvas takes them apart again. The marks are noncharacters of Unicode, which no text holds: what comes from a file is
freed of them first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.model.forms import Cell, Doubt, Grid, Mark

_OPEN: dict[Mark, str] = {"struck": "\ufdd0", "raised": "\ufdd1", "hidden": "\ufdd2", "covered": "\ufdd3"}
_MARKS: dict[str, Mark] = {char: mark for mark, char in _OPEN.items()}
_CLOSE = "\ufdd8"
_MARKED = re.compile("([\ufdd0-\ufdd3])([^\ufdd0-\ufdd8]*)")
_ANY = re.compile("[\ufdd0-\ufdd8]")
# Notes typed as raised characters with a code of their own, or circled: only beside a number (m\u00b2 is a unit).
_NUMERAL = "0-9\uff10-\uff19"
_RAISED = "\u00b9\u00b2\u00b3\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2473\u2474-\u2487"
_NOTES = re.compile(f"(?<=[{_NUMERAL}])[{_RAISED}]+(?=\\s*$)|^\\s*[{_RAISED}]+(?=[{_NUMERAL}])")


@dataclass(frozen=True, slots=True)
class Readings:
    """``seen`` by the eye, and ``full``. ``mark`` is None when there is but one reading."""

    seen: str
    full: str
    mark: Mark | None


def clean(text: str) -> str:
    """Text of a file, without the characters that are marks here."""
    return _ANY.sub("", text) if _ANY.search(text) else text


def has_marks(text: str) -> bool:
    """Whether any mark stands in the text."""
    return _ANY.search(text) is not None


def marked(text: str, mark: Mark | None) -> str:
    """The text between marks. Line by line, because a text may be divided at its lines; blanks need none."""
    if mark is None or not text.strip():
        return text
    return "\n".join(f"{_OPEN[mark]}{line}{_CLOSE}" if line.strip() else line for line in text.split("\n"))


def readings(text: str) -> Readings:
    """The text taken apart. A text that is raised as a whole is no mark beside something: it is seen, and in doubt."""
    found = _MARKED.findall(text) if _ANY.search(text) else []
    if not found:
        return Readings(plain := clean(text), plain, None)
    seen, full = _ANY.sub("", _MARKED.sub("", text)).strip(), _ANY.sub("", text).strip()
    mark = _MARKS[found[0][0]]
    if mark == "covered":  # it stood under what is seen, and not beside it
        return Readings(seen, "".join(covered for _, covered in found), mark)
    if not seen and all(_MARKS[char] == "raised" for char, _ in found):
        return Readings(full, "", mark)
    return Readings(seen, full, mark if seen != full else None)


def told(grid: Grid) -> Grid:
    """A grid whose texts hold marks, with its doubts."""
    doubts: list[Doubt] = []
    rows: list[tuple[Cell, ...]] = []
    for number, row in enumerate(grid.rows):
        cells: list[Cell] = []
        for column, value in enumerate(row):
            read = readings(value) if isinstance(value, str) else None
            cells.append(read.seen or None if read else value)
            if read and read.mark:
                doubts.append(Doubt(number, column, read.mark, read.full))
        rows.append(tuple(cells))
    return replace(grid, rows=tuple(rows), doubts=(*grid.doubts, *doubts)) if doubts else grid


def noted(grids: Iterable[Grid]) -> tuple[Grid, ...]:
    """The grids with notes that were typed as raised characters (5\u00b9) told from their numbers."""
    return tuple(map(_noted, grids))


def _noted(grid: Grid) -> Grid:
    doubts: list[Doubt] = []
    rows = list(grid.rows)
    for number, row in enumerate(rows):
        notes = {column: value for column, value in enumerate(row) if isinstance(value, str) and _NOTES.search(value)}
        if not notes:
            continue
        cells: list[Cell] = list(row)
        for column, value in notes.items():
            cells[column] = _NOTES.sub("", value).strip()
            doubts.append(Doubt(number, column, "raised", value))
        rows[number] = tuple(cells)
    return replace(grid, rows=tuple(rows), doubts=(*grid.doubts, *doubts)) if doubts else grid

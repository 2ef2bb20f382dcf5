"""A grid as the finders look at it: upright or turned by 90 degrees, its texts evened out, its merges known.

Coordinates are zero-based (row, column) of the view; ``place`` and ``true`` give those of the sheet.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from bot.model.forms import Cell, Doubt, Grid
from bot.reading.cells import a1, is_formula
from bot.rules.base import even, visible

LONGEST = 400  # characters of a cell that are searched for words
LABEL = 40  # characters; what is longer is no label, and seldom comes again
_BESIDE = re.compile(r"[(（][^()（）]*[)）]")  # 一级（家）
_NUMBERING = re.compile(r"^\s*[(（]?[一二三四五六七八九十\d]{1,2}[)）、.．]\s*(?=\D)")  # 1.规模以上企业

Names = tuple[str, ...]
# A heading taken apart, if it is one with more beside it: the heading, and the rest.
Split = Callable[[str], tuple[str, str] | None]
Span = tuple[int, int, int, int]


@dataclass(frozen=True)
class Box:
    """A rectangle of the sheet, zero-based, inclusive."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell lies in it."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    def is_beside(self, other: "Box") -> bool:
        """Whether both use some of the same rows."""
        return other.top <= self.bottom and self.top <= other.bottom


def names_of(cell: Cell) -> Names:
    """What a text can be called: evened out, and the same without brackets and numbering. Empty for no text."""
    if not isinstance(cell, str):
        return ()
    return _known_names(cell) if len(cell) <= LABEL else _names(cell[:LONGEST])


def beside(text: str) -> list[str]:
    """What stands in brackets: 本月 of 一级（本月）."""
    return [found[1:-1] for found in _BESIDE.findall(text)]


def _names(text: str) -> Names:
    whole = even(text)
    bare = even(_NUMBERING.sub("", _BESIDE.sub("", text)))
    return (whole, bare) if bare and bare != whole else (whole,) if whole else ()


def _called(cell: Cell, split: Split | None) -> Names:
    names = names_of(cell)
    head = split(names[-1]) if split and names else None
    return (*names, head[0]) if head else names


_known_names = lru_cache(2048)(_names)  # the labels of a form are the same in every file


@dataclass(frozen=True)
class View:
    """Cells and names of a grid, padded to a rectangle. ``turned`` swaps rows and columns. ``cell`` is how a
    place is called where cells have no addresses, with {row} and {column}; without it such places have no name.
    ``split`` takes headings apart that have more beside them (本月一级): they are called by the heading as well."""

    cells: tuple[tuple[Cell, ...], ...]
    names: tuple[tuple[Names, ...], ...]
    merges: tuple[Span, ...]
    turned: bool = False
    tables: tuple[tuple[int, int], ...] | None = None
    cell: str = ""
    doubts: Mapping[tuple[int, int], Doubt] = field(default_factory=dict)
    split: Split | None = None

    @classmethod
    def of(cls, grid: Grid, cell: str = "", split: Split | None = None) -> "View":
        """The view of a grid, its rows padded to one width."""
        width = max((len(row) for row in grid.rows), default=0)
        lines = (tuple(visible(cell) if isinstance(cell, str) else cell for cell in row) for row in grid.rows)
        cells = tuple(line + (None,) * (width - len(line)) for line in lines)
        names = tuple(tuple(_called(value, split) if value.__class__ is str else () for value in row) for row in cells)
        # A cell with two marks: that it is hidden says less than what else it could be.
        doubts = {(d.row, d.column): d for d in sorted(grid.doubts, key=lambda d: d.mark != "hidden")}
        merges = tuple(m for m in grid.merges if 0 <= m[0] <= m[2] and 0 <= m[1] <= m[3])
        return cls(cells, names, merges, False, grid.tables, cell, doubts, split)

    def quarter_turn(self) -> "View":
        """The view with rows for columns, and the same places."""
        merges = tuple((c0, r0, c1, r1) for r0, c0, r1, c1 in self.merges)
        cells, names = tuple(zip(*self.cells, strict=True)), tuple(zip(*self.names, strict=True))
        return View(cells, names, merges, not self.turned, self.tables, self.cell, self.doubts, self.split)

    @property
    def height(self) -> int:
        """Rows."""
        return len(self.cells)

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.cells[0]) if self.cells else 0

    @cached_property
    def said(self) -> frozenset[str]:
        """Every name that stands anywhere in it."""
        return frozenset(name for row in self.names for names in row for name in names)

    @cached_property
    def _last_columns(self) -> dict[tuple[int, int], int]:
        return {(r0, c0): min(c1, self.width - 1) for r0, c0, _, c1 in self.merges}

    def last_column(self, row: int, column: int) -> int:
        """The last column that the cell covers: its own, unless it is merged."""
        return max(column, self._last_columns.get((row, column), column))

    @cached_property
    def _anchors(self) -> dict[tuple[int, int], tuple[int, int]]:
        """The first cell of the merge that covers a cell."""
        return {
            (row, column): (r0, c0)
            for r0, c0, r1, c1 in self.merges
            for row in range(r0, min(r1 + 1, self.height))
            for column in range(c0, min(c1 + 1, self.width))
        }

    def covering(self, row: int, column: int) -> Cell:
        """What the cell shows: of a merged one what stands in its first cell."""
        row, column = self._anchors.get((row, column), (row, column))
        return self.cells[row][column] if row < self.height and column < self.width else None

    def is_labelled(self, row: int, columns: range, labels: tuple[str, ...]) -> bool:
        """Whether one of these evened labels begins a cell of the row in these columns."""
        names = self.names[row][columns.start : columns.stop]
        return bool(labels) and any(name[0].startswith(labels) for name in names if name)

    def doubt(self, row: int, column: int) -> Doubt | None:
        """What else the cell could say, if anything."""
        return self.doubts.get(self.true(row, column)) if self.doubts else None

    def is_blank(self, row: int, column: int) -> bool:
        """Whether the cell says nothing; a formula without a value says nothing either."""
        cell = self.cells[row][column] if row < self.height else None
        return cell is None or (isinstance(cell, str) and (not cell.strip() or is_formula(cell)))

    def place(self, row: int, column: int) -> str:
        """The address on the sheet as its sender sees it. Of a cell in a document's table its row and column
        there, each from 1; a paragraph has no address, so an empty text."""
        row, column = self.true(row, column)
        if self.tables is None:
            return a1(row, column)
        first = next((first for first, last in self.tables if first <= row <= last), None)
        return "" if first is None else self.cell.format(row=row - first + 1, column=column + 1)

    def true(self, row: int, column: int) -> tuple[int, int]:
        """Row and column on the sheet."""
        return (column, row) if self.turned else (row, column)

"""How a sheet looks, beside the values in it: what the reader of values does not tell. Runs in the guarded process.

People copy last month's row, column or form, hide or strike out the old one, and type the new one beside it; they put
note marks behind numbers. Nobody who looks at the sheet takes the one for the other. ``lookxlsx``, ``lookxls`` and
``lookods`` find out; here it is put on the grid.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from bot.model.forms import Cell, Doubt, Grid, Mark
from bot.reading.cells import shown
from bot.reading.faint import has_numeral
from bot.reading.opened import DOUBTS, TEXT

Place = tuple[int, int]  # row and column, from 0
# A part of a text and what its font does: ``cell`` for the font of the cell that it stands in.
Run = tuple[str, Mark | Literal["cell"] | None]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of which a part is marked: what the eye reads, and the whole."""

    mark: Mark
    seen: str
    whole: str


_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "greaterThan": operator.gt, "greaterThanOrEqual": operator.ge, "lessThan": operator.lt,
    "lessThanOrEqual": operator.le, "equal": operator.eq, "notEqual": operator.ne,
}  # fmt: skip
AREA = 5_000  # cells of one condition that are looked at


@dataclass(frozen=True, slots=True)
class Condition:
    """Cells (first row, first column, last row, last column) that are drawn otherwise where their number ``holds``
    against another one: struck out, or so that nobody sees them. Without the number nothing is known of where."""

    areas: tuple[tuple[int, int, int, int], ...]
    mark: Literal["struck", "hidden"]
    holds: str = ""
    against: float | None = None

    def applies(self, value: float) -> bool | None:
        """Whether a number is drawn so; None where nobody can tell without computing as the program does."""
        if self.against is None or self.holds not in _HOLDS:
            return None
        return _HOLDS[self.holds](value, self.against)


@dataclass(slots=True)
class Look:
    """One sheet. ``rows`` and ``columns`` (spans, inclusive) are hidden. ``texts`` have marked characters; ``fonts``
    mark a cell as a whole. What is ``faint`` nobody sees, and ``conditions`` may do both. Of ``formats`` the cell's
    shows nothing (True), or something else than its number (False). ``formulas`` are in A1 notation, without ``=``.
    ``merges`` are those that the reader of values does not tell."""

    rows: set[int] = field(default_factory=set)
    columns: list[Place] = field(default_factory=list)
    texts: dict[Place, Text] = field(default_factory=dict)
    fonts: dict[Place, Mark] = field(default_factory=dict)
    formats: dict[Place, bool] = field(default_factory=dict)
    faint: set[Place] = field(default_factory=set)
    conditions: list[Condition] = field(default_factory=list)
    formulas: dict[Place, str] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)

    def hides(self, row: int, column: int) -> bool:
        """Whether the cell stands where nothing is shown."""
        return row in self.rows or any(first <= column <= last for first, last in self.columns)


def marked(runs: Sequence[Run], cell: Mark | None) -> Text | None:
    """A text of several runs in a cell whose font is marked, or not; None when no character is. Raised characters are
    a note on the others: where there are no others, they are the text."""
    parts = [(text, cell if mark == "cell" else mark) for text, mark in runs]
    parts = [(text, mark if mark != "hidden" or has_numeral(text) else None) for text, mark in parts]
    if not any(mark for _, mark in parts):
        return None
    whole = "".join(text for text, _ in parts)
    marks = {mark for _, mark in parts}
    mark: Mark = "struck" if "struck" in marks else "raised" if "raised" in marks else "hidden"
    seen = "".join(text for text, mark in parts if mark is None)
    if not seen.strip():
        seen = "".join(text for text, mark in parts if mark == "raised")
    return Text(mark, seen, whole)


def put_on(grid: Grid, look: Look) -> tuple[Grid, Grid | None]:
    """The grid as the eye reads each of its cells; and once more without what stands in hidden rows and columns, None
    when nothing does. What is left out is a doubt in both."""
    rows = [list(row) for row in grid.rows]
    doubts = [*grid.doubts, *_marked(rows, look)]
    merges = grid.merges or tuple(look.merges)
    whole = replace(grid, rows=_tuples(rows), merges=merges)
    hidden = [(r, c) for r, c in _filled(rows) if look.hides(r, c)] if look.rows or look.columns else []
    if hidden:
        shown_over = {(r0, c0) for r0, c0, r1, c1 in merges if _is_seen(look, (r0, c0, r1, c1))}
        hidden = [place for place in hidden if place not in shown_over]
    if not hidden:
        return replace(whole, doubts=tuple(doubts[:DOUBTS])), None
    unseen = [Doubt(r, c, "hidden", shown(rows[r][c])) for r, c in hidden]
    # A hidden 0 is as good as the nothing that is seen.
    told = [replace(doubt, other="") for doubt in unseen if rows[doubt.row][doubt.column] != 0]
    full = replace(whole, doubts=tuple([*doubts, *told][:DOUBTS]))
    for r, c in hidden:
        rows[r][c] = None
    return full, replace(whole, rows=_tuples(rows), doubts=tuple([*doubts, *unseen][:DOUBTS]))


def _is_seen(look: Look, merge: tuple[int, int, int, int]) -> bool:
    """Whether a part of the merged cell is shown: then its text is."""
    r0, c0, r1, c1 = merge
    return any(r not in look.rows for r in range(r0, min(r1, r0 + len(look.rows)) + 1)) and any(
        not any(first <= c <= last for first, last in look.columns) for c in range(c0, min(c1, c0 + 1_000) + 1)
    )


def _marked(rows: list[list[Cell]], look: Look) -> Iterator[Doubt]:
    """Leaves what is struck out or raised out of the rows, and says so."""
    for (r, c), text in look.texts.items():
        if _at(rows, r, c) is not None:
            rows[r][c] = text.seen.strip()[:TEXT] or None
            yield Doubt(r, c, text.mark, text.whole.strip()[:TEXT])
    for (r, c), mark in look.fonts.items():
        cell = _at(rows, r, c)
        if cell is not None and (r, c) not in look.texts:
            rows[r][c] = None if mark == "struck" else cell
            yield Doubt(r, c, mark, shown(cell) if mark == "struck" else "")
    yield from _conditional(rows, look)
    for (r, c), nothing in look.formats.items():
        cell = _at(rows, r, c)
        if _is_number(cell) and cell:  # 0 is as good as nothing, and a date is shown as one
            rows[r][c] = None if nothing else cell
            yield Doubt(r, c, "hidden", shown(cell) if nothing else "")
    for r, c in look.faint:
        cell = _at(rows, r, c)
        if cell if _is_number(cell) else isinstance(cell, str) and has_numeral(cell):
            rows[r][c] = None
            yield Doubt(r, c, "hidden", shown(cell))


def _conditional(rows: list[list[Cell]], look: Look) -> Iterator[Doubt]:
    """Numbers that are drawn otherwise because of what they are. Where that is not known, they are kept, in doubt."""
    for condition in look.conditions:
        places = ((r, c) for a, b, d, e in condition.areas for r in range(a, d + 1) for c in range(b, e + 1))
        for r, c in islice(places, AREA):
            cell = _at(rows, r, c)
            if not isinstance(cell, int | float) or isinstance(cell, bool) or not cell:
                continue
            sure = condition.applies(cell)
            if sure is not False:
                rows[r][c] = None if sure else cell
                yield Doubt(r, c, condition.mark if sure else "hidden", shown(cell) if sure else "")


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _at(rows: list[list[Cell]], row: int, column: int) -> Cell:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else None


def _filled(rows: list[list[Cell]]) -> Iterator[Place]:
    return ((r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell is not None)


def _tuples(rows: list[list[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(row) for row in rows)

"""A grid in the making: cells put at their places, within the limits of what the guarded process hands over."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.model.forms import Cell, Doubt, Grid
from bot.reading.opened import CELLS, COLUMNS, DOUBTS, MERGES, ROWS, TEXT
from bot.reading.twofold import has_marks, readings

Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Spot:
    """One cell of a row: at which column it begins, what it says (with the marks of ``twofold``), how many rows and
    columns it covers."""

    column: int
    value: Cell
    height: int = 1
    width: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table. ``table`` tells tables apart; rows of one that are parted by something else are two."""

    table: int
    spots: tuple[Spot, ...]


Item = str | Row  # a paragraph, or a row of a table


class Canvas:
    """Cells by row and column, zero-based. ``left`` is how many cells may still be taken; what lies beyond a
    limit is left out, and ``cut`` tells so."""

    def __init__(self, left: int = CELLS) -> None:
        self.cut = False
        self.left = left
        self._rows: list[list[Cell]] = []
        self._merges: list[Span] = []
        self._doubts: list[Doubt] = []

    @property
    def height(self) -> int:
        """How many rows there are by now."""
        return len(self._rows)

    def put(self, row: int, spot: Spot) -> None:
        """One cell; blanks before it count against the limit, rows without any cell do not."""
        if row >= ROWS or spot.column >= COLUMNS:
            self.cut = self.cut or spot.value is not None
            return
        value = self._seen(row, spot.column, spot.value[:TEXT]) if isinstance(spot.value, str) else spot.value
        while len(self._rows) <= row:
            self._rows.append([])
        cells = self._rows[row]
        missing = spot.column + 1 - len(cells) if value is not None else 0
        cost = max(missing, 0) + (len(value) // 100 if isinstance(value, str) else 0)
        if cost > self.left:
            self.cut = True
            return
        self.left -= cost
        if value is not None:
            cells += [None] * missing
            cells[spot.column] = value
        if spot.height > 1 or spot.width > 1:
            self._merge(row, spot)

    def _seen(self, row: int, column: int, text: str) -> str | None:
        if not has_marks(text):
            return text.strip() or None
        read = readings(text)
        if read.mark is not None and len(self._doubts) < DOUBTS:
            self._doubts.append(Doubt(row, column, read.mark, read.full))
        return read.seen.strip() or None

    def _merge(self, row: int, spot: Spot) -> None:
        if len(self._merges) == MERGES:
            self.cut = True
            return
        last_row, last_column = row + spot.height - 1, spot.column + spot.width - 1
        self._merges.append((row, spot.column, min(last_row, ROWS - 1), min(last_column, COLUMNS - 1)))

    def grid(self, name: str, tables: tuple[tuple[int, int], ...] | None = None) -> Grid:
        """What was put, as a grid. ``tables`` as in ``Grid``; a cell ends with its table."""
        merges = self._merges
        if tables is not None:
            ends = {row: last for first, last in tables for row in range(first, last + 1)}
            merges = [(a, b, min(c, ends.get(a, c)), d) for a, b, c, d in merges]
        return Grid(name[:100], tuple(map(tuple, self._rows)), tuple(merges), tables, tuple(self._doubts))


def laid_out(items: Iterable[Item], left: int = CELLS) -> tuple[Grid, Canvas]:
    """Paragraphs and tables in reading order, one below the other: a paragraph takes the first cell of a row."""
    canvas = Canvas(left)
    tables: list[tuple[int, int]] = []
    open_table: int | None = None
    for row, item in enumerate(items):
        if isinstance(item, str):
            canvas.put(row, Spot(0, item))
            open_table = None
            continue
        for spot in item.spots:
            canvas.put(row, spot)
        if item.table == open_table:
            tables[-1] = (tables[-1][0], row)
        else:
            tables.append((row, row))
        open_table = item.table
        if canvas.cut:
            break
    return canvas.grid("", tuple(tables)), canvas

"""A table drawn with lines, and the words of its page -> a grid. Pure geometry; lengths in points.

Rows and columns are the lines'. What stands above, below and beside the table becomes rows of the same grid,
so that labels and values around it are found. ``Glued`` is raised when it cannot be told which cell a text is of.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.model.forms import Grid
from bot.reading.boxes import Word, rows_of
from bot.reading.runs import Run, part

SNAP = 2.0  # points between two lines that are meant as one
TOLERANCE = 1.5  # points by which a character may stand over its cell's line
APART = 0.8  # points between the last character of one cell and the first of the next, at least
SHORTEST_WRAPPED = 7  # digits: a telephone number may go on in the next line of its cell, a count does not

Rectangle = tuple[float, float, float, float]  # x0, top, x1, bottom
Span = tuple[int, int, int, int]


class Glued(Exception):
    """Two cells' texts stand over each other."""


@dataclass
class Table:
    """The cells of one table, as ruled; ``texts`` by index of its cell."""

    cells: Sequence[Rectangle]
    texts: dict[int, list[Word]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.xs = _edges([x for x0, _, x1, _ in self.cells for x in (x0, x1)])
        self.ys = _edges([y for _, y0, _, y1 in self.cells for y in (y0, y1)])

    @property
    def is_one(self) -> bool:
        """Whether it has rows and columns; a frame or an underlined value has not."""
        return len(self.xs) > 2 and len(self.ys) > 2

    def cell_of(self, word: Word) -> int | None:
        """The cell in which the middle of the word stands."""
        x, y = (word.x0 + word.x1) / 2, word.middle
        return next((i for i, (x0, y0, x1, y1) in enumerate(self.cells) if x0 <= x <= x1 and y0 <= y <= y1), None)

    def nearest(self, word: Word) -> int:
        """The cell whose middle is the nearest."""
        x, y = (word.x0 + word.x1) / 2, word.middle
        return min(
            range(len(self.cells)),
            key=lambda i: abs(sum(self.cells[i][::2]) / 2 - x) + abs(sum(self.cells[i][1::2]) / 2 - y),
        )

    def span(self, index: int) -> Span:
        """First row and column, last row and column of a cell."""
        x0, y0, x1, y1 = self.cells[index]
        return _at(self.ys, y0 + SNAP), _at(self.xs, x0 + SNAP), _at(self.ys, y1 - SNAP), _at(self.xs, x1 - SNAP)


def grid(tables: Iterable[Table], words: Iterable[Run], struck: Sequence[Run], name: str) -> tuple[Grid, bool]:
    """The page as a grid, and whether some text crosses a line: then a person should confirm it.

    ``struck`` are words that stand over another one. Glued if one of them, or a number that crosses a line,
    is in a table.
    """
    kept = [table for table in tables if table.is_one]
    loose: list[Word] = []
    crossing = False
    for run in words:
        table = next((table for table in kept if any(table.cell_of(glyph) is not None for glyph in run.glyphs)), None)
        if table is None:
            loose.append(run)
            continue
        if run in struck:
            raise Glued
        for piece, index, crosses in _pieces(table, run):
            if crosses and not run.typed and any(char.isdigit() for char in piece.text):
                raise Glued
            crossing = crossing or crosses
            table.texts.setdefault(index, []).append(piece)
    return _composed(kept, loose, name), crossing


def _pieces(table: Table, run: Run) -> Iterator[tuple[Word, int, bool]]:
    """The run divided at the lines between cells, with the cell of each piece and whether it crosses a line.

    Texts of neighbouring cells may touch; between them is the cells' padding. Without it, it is one text.
    """
    glyphs: list[Word] = []
    for glyph in run.glyphs:
        if glyphs and glyph.x0 - glyphs[-1].x1 >= APART and table.cell_of(glyph) != table.cell_of(glyphs[-1]):
            yield _piece(table, glyphs)
            glyphs = []
        glyphs.append(glyph)
    yield _piece(table, glyphs)


def _piece(table: Table, glyphs: Sequence[Word]) -> tuple[Word, int, bool]:
    """In the cell that has most of it."""
    cells = [index for glyph in glyphs if (index := table.cell_of(glyph)) is not None]
    word = part(glyphs)
    if not cells:
        return word, table.nearest(word), False
    index = max(cells, key=cells.count)
    x0, _, x1, _ = table.cells[index]
    return word, index, word.x0 < x0 - TOLERANCE or word.x1 > x1 + TOLERANCE


def joined(words: Iterable[Word]) -> str:
    """The text of one cell. A line that was wrapped goes on without a blank, but for Latin words, and
    for two short numbers, which are then a doubt and no number."""
    lines = [" ".join(word.text for word in row) for row in rows_of(words)]
    text = ""
    for line in lines:
        apart = _is_latin(text[-1:]) and _is_latin(line[:1])
        counts = text.isdigit() and line.isdigit() and len(text + line) < SHORTEST_WRAPPED
        text += f" {line}" if apart or counts else line
    return text


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()


@dataclass
class _Row:
    """A row of the grid to be: its height on the page, texts by column, merges, and whose row it is."""

    y: float
    texts: dict[int, str]
    merges: list[Span] = field(default_factory=list)
    table: int | None = None


def _composed(tables: Sequence[Table], loose: Sequence[Word], name: str) -> Grid:
    """Rows of the tables and lines beside them, by their height on the page."""
    rows: list[_Row] = []
    for number, table in enumerate(tables):
        lines: list[dict[int, str]] = [{} for _ in table.ys]
        merges: list[list[Span]] = [[] for _ in table.ys]
        for index in range(len(table.cells)):
            top, left, bottom, right = table.span(index)
            if index in table.texts:
                lines[top][left] = joined(table.texts[index])
            if (bottom, right) != (top, left):
                merges[top].append((0, left, bottom - top, right))
        rows += [_Row(*row, number) for row in zip(table.ys[:-1], lines, merges, strict=False)]
        inside = [word for word in loose if table.ys[0] <= word.middle < table.ys[-1]]
        for word in inside:
            _put(lines[_at(table.ys, word.middle)], _at(table.xs, word.x0), word.text)
        loose = [word for word in loose if word not in inside]
    edges = tables[0].xs if tables else []
    for words in rows_of(loose):
        line: dict[int, str] = {}
        for word in words:
            _put(line, max(_at(edges, word.x0), max(line, default=-1) + 1), word.text)
        rows.append(_Row(min(word.y0 for word in words), line))
    rows.sort(key=lambda row: row.y)
    cells = tuple(tuple(row.texts.get(c) for c in range(max(row.texts, default=-1) + 1)) for row in rows)
    spans = tuple((r, left, r + down, right) for r, row in enumerate(rows) for _, left, down, right in row.merges)
    return Grid(name, cells, spans, tuple(_extents(rows, len(tables))))


def _extents(rows: Sequence[_Row], tables: int) -> Iterator[tuple[int, int]]:
    """The first and the last row of each table."""
    for table in range(tables):
        own = [r for r, row in enumerate(rows) if row.table == table]
        yield own[0], own[-1]


def _put(line: dict[int, str], column: int, text: str) -> None:
    line[column] = f"{line[column]} {text}" if column in line else text


def _edges(values: Iterable[float]) -> list[float]:
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value - edges[-1] > SNAP:
            edges.append(value)
    return edges


def _at(edges: Sequence[float], value: float) -> int:
    """The row or column in which a coordinate lies; the first or last one for what is outside."""
    return min(max(bisect_right(edges, value) - 1, 0), max(len(edges) - 2, 0))

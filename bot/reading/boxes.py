"""Words with places on a page -> a grid, where no ruled lines tell rows and columns.

Pure geometry: it knows neither PDF nor pictures. What it cannot tell apart it leaves in one cell ("1 2"), which
is then a doubt and never a number. Lengths are in whatever unit the page has, y grows downwards.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bot.model.forms import Grid

Point = tuple[float, float]
Span = tuple[float, float]
DENSE = 0.6  # of the words of the fullest row: a row with so many tells where columns are
FEWEST = 3  # words of a row that can tell about columns
SAME_ROW = 0.5  # of a word's height: so far may the middle of its neighbour be off
WIDE = 2.0  # times its height: the edge of a word so wide tells the angle of its line


@dataclass(frozen=True, slots=True)
class Word:
    """A text and the upright rectangle around it."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def middle(self) -> float:
        """Halfway between top and bottom."""
        return (self.y0 + self.y1) / 2

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True)
class Quad:
    """A text and its four corners, clockwise from the top left of the text, as found on a tilted page."""

    text: str
    corners: tuple[Point, Point, Point, Point]

    @property
    def width(self) -> float:
        """The length of the upper side."""
        return math.dist(self.corners[0], self.corners[1])

    @property
    def height(self) -> float:
        """From top to bottom."""
        return math.dist(self.corners[0], self.corners[3])

    @property
    def centre(self) -> Point:
        """The middle of the four corners."""
        return sum(x for x, _ in self.corners) / 4, sum(y for _, y in self.corners) / 4

    @property
    def slope(self) -> float:
        """Of the line that it stands on; 0 is level."""
        (x0, y0), (x1, y1) = self.corners[0], self.corners[1]
        return (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0


def straightened(quads: Sequence[Quad]) -> list[Word]:
    """The words as they would stand on a page that lies straight.

    The slope of a line may change evenly from the top of the page to its foot, as in a photo from an angle.
    """
    slopes = _Slopes([quad for quad in quads if quad.width > WIDE * quad.height])
    words = []
    for quad in quads:
        x, y = quad.centre
        # Columns lean as lines do on the whole; how lines differ tells nothing about them.
        x, y = x + slopes.level * y, y - slopes.at(y) * x
        half_width, half_height = quad.width / 2, quad.height / 2
        words.append(Word(quad.text, x - half_width, y - half_height, x + half_width, y + half_height))
    return words


class _Slopes:
    """The slope of lines by their height on the page: a line of least squares through those known."""

    def __init__(self, known: Sequence[Quad]) -> None:
        slopes = [quad.slope for quad in known]
        self.level = median(slopes) if slopes else 0.0
        fitting = [quad for quad in known if abs(quad.slope - self.level) < 0.05]
        ys = [quad.centre[1] for quad in fitting]
        self.middle = sum(ys) / len(ys) if ys else 0.0
        spread = sum((y - self.middle) ** 2 for y in ys)
        products = sum((q.centre[1] - self.middle) * (q.slope - self.level) for q in fitting)
        self.change = products / spread if spread and len(fitting) > 8 else 0.0

    def at(self, y: float) -> float:
        return self.level + self.change * (y - self.middle)


def grid(words: Iterable[Word], name: str) -> Grid:
    """Rows by the height at which words stand, columns by what stands below each other in the fullest rows."""
    rows = rows_of(words)
    most = max((len(row) for row in rows), default=0)
    dense = [row for row in rows if len(row) >= max(FEWEST, DENSE * most)]
    # Labels to the left of their cells and numbers to the right stand below nothing of each other: where all these
    # rows have as many words, the first belongs to the first.
    even = len(dense) > 1 and len({len(row) for row in dense}) == 1 and _in_step(dense)
    columns = [_around(words) for words in zip(*dense, strict=True)] if even else _columns(map(_around, _each(dense)))
    cells = tuple(
        tuple(word.text for word in row) if even and row in dense else _cells(row, columns, in_order=row not in dense)
        for row in rows
    )
    # No table is known: rows are counted from the head of the page.
    return Grid(name, cells, tables=((0, len(cells) - 1),) if cells else ())


def rows_of(words: Iterable[Word]) -> list[list[Word]]:
    """The words line by line, from top to bottom, each from left to right."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.middle):
        row = rows[-1] if rows else []
        middle = median(other.middle for other in row) if row else -math.inf
        # The smaller of the two: a large title does not swallow the line below it.
        reach = SAME_ROW * min(word.height, median(other.height for other in row)) if row else 0
        if word.middle - middle <= reach:
            row.append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda word: word.x0) for row in rows]


def _each(rows: Iterable[Sequence[Word]]) -> Iterator[Sequence[Word]]:
    return ((word,) for row in rows for word in row)


def _around(words: Sequence[Word]) -> Span:
    """From the leftmost edge to the rightmost."""
    return min(word.x0 for word in words), max(word.x1 for word in words)


def _in_step(rows: Sequence[Sequence[Word]]) -> bool:
    """Whether no word begins behind the end of the next word of another row: then it could not be told apart."""
    ends = [min(word.x1 for word in words) for words in zip(*rows, strict=True)]
    return all(
        max(word.x0 for word in words) < end for words, end in zip(zip(*rows, strict=True), ends[1:], strict=False)
    )


def _columns(spans: Iterable[Span]) -> list[Span]:
    """The spans, those that overlap made one."""
    columns: list[Span] = []
    for x0, x1 in sorted(spans):
        if columns and x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], x1))
        else:
            columns.append((x0, x1))
    return columns


def _cells(row: Sequence[Word], columns: Sequence[Span], in_order: bool) -> tuple[str | None, ...]:
    """The row's texts in their columns. ``in_order`` gives every word a cell of its own, as far right as need
    be: label and value of a line of fields must not meet in one."""
    cells: dict[int, str] = {}
    for word in row:
        at = _column(word, columns)
        if in_order and cells:
            at = max(at, max(cells) + 1)
        cells[at] = f"{cells[at]} {word.text}" if at in cells else word.text
    return tuple(cells.get(at) for at in range(max(cells, default=-1) + 1))


def _column(word: Word, columns: Sequence[Span]) -> int:
    """The column over or under which the word stands, else the nearest."""
    if not columns:
        return 0
    centre = (word.x0 + word.x1) / 2
    right = min(bisect_left([x1 for _, x1 in columns], centre), len(columns) - 1)
    if right and columns[right][0] > centre and columns[right][0] - centre > centre - columns[right - 1][1]:
        return right - 1
    return right

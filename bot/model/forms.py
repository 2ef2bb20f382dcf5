"""What is read out of a file: a grid of cells, and a form found in it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Cell = str | int | float | bool | date | None


Mark = Literal["struck", "raised", "hidden", "uncomputed", "covered"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A cell that could also say something else. The grid holds what the eye sees (struck-out characters and raised
    note marks left out); ``other`` is the second reading, as a text, or empty when nobody can tell it.

    ``struck``: characters with a line through them. ``raised``: superscript or subscript. ``hidden``: it stands in a
    row or column that is not shown. ``uncomputed``: a formula whose saved value may be old or was never computed.
    ``covered``: something lies over it, such as an annotation of a PDF. ``row`` and ``column`` are zero-based.
    """

    row: int
    column: int
    mark: Mark
    other: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet or table. ``rows`` begins at the true A1 and may be ragged; ``merges`` are
    (first row, first column, last row, last column), zero-based, inclusive. ``doubts`` name the cells that could also
    say something else.

    ``tables`` is None for a sheet, whose cells have addresses. In a Word file or a mail they have none: then it
    holds the first and the last row of each table, and every other row is a paragraph."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    merges: tuple[tuple[int, int, int, int], ...] = ()
    tables: tuple[tuple[int, int], ...] | None = None
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is no report: ``code`` is a key of ``[unreadable]`` in rules/reasons.toml."""

    code: str


@dataclass(frozen=True, slots=True)
class Written:
    """What someone wrote, trimmed, and where: an A1 address, or another place, as the sender sees it."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Count:
    """One number cell. ``value`` is None when nothing, or nothing certain, is written; then ``doubt`` says which:
    ``blank``, ``negative``, ``fraction``, ``words``; ``parts``: there are only those of villages; ``merged``: the cell
    is merged with those of other columns or rows, whose number it could be as well. ``mark`` tells that the cell could
    also say something else, as in ``Doubt``: ``other``, if that is known."""

    value: int | None
    written: str
    place: str
    doubt: Literal["blank", "negative", "fraction", "words", "merged", "parts"] | None = None
    mark: Mark | None = None
    other: str = ""


@dataclass(frozen=True, slots=True)
class Other:
    """What else a number could be: what is written, where, how its row or column is called there, and whether that is
    not shown."""

    written: str
    place: str
    line: str = ""
    hidden: bool = False


# ``line``: another row, column, table or sheet has a number for it. ``label``: its row or column is called as one of
# another month. ``parts``: there are only numbers of parts of the unit, and nothing to confirm; ``others`` are then
# what they add up to, for each group. ``rows_hidden`` and ``rows_struck``: so many rows of a table are not shown, or
# struck out, and what became of them is only told. ``concealed``: there are characters in its cell that nobody sees.
# The marks are those of ``Doubt``.
RivalKind = Literal[
    "line",
    "label",
    "parts",
    "rows_hidden",
    "rows_struck",
    "struck",
    "raised",
    "hidden",
    "concealed",
    "uncomputed",
    "covered",
]


@dataclass(frozen=True, slots=True)
class Rival:
    """A number of a form that could also be another one, so that its sender is asked. ``target`` is that part of the
    form, as in ``Finding``; ``read`` what was taken, ``line`` how its own row or column is called; ``others`` what else
    it could be, empty when nobody can tell."""

    target: tuple[str, ...]
    kind: RivalKind
    read: Other
    others: tuple[Other, ...] = ()


@dataclass(frozen=True, slots=True)
class RowRead:
    """One row of a table of a form of rows: column -> what is written, empty for nothing. ``place`` is where its
    name stands."""

    table: str
    cells: dict[str, Written]
    place: str


Confidence = Literal["exact", "confirm"]
# Not from a file: numbers or "no change" in the words of a reply, a draft that its sender confirmed, a telephone call
# that the office wrote down, or a hand-over in words.
ReplyOrigin = Literal["numbers", "unchanged", "confirmed", "telephone", "hand_over"]


@dataclass(frozen=True, slots=True)
class Form:
    """One filled form as it stands on the paper, before anyone judged it.

    ``fields`` holds the labelled texts that were found (unit, period, filled_on, reporter, phone);
    a label without a value gives an empty text, an absent label no key. ``counts`` is group -> column
    -> Count for a matrix; a cell whose header is missing is absent. Labels come from rules/.
    ``rivals`` are the numbers that could also be others: then ``confidence`` is ``confirm``.
    ``rows`` are a form's of rows, which has no counts; ``titled`` tells that the paper itself says which form it is.
    ``paper`` is the hash (SHA-256) of a document that is owed as it is. ``origin`` tells of a form that came in the
    words of a reply, and ``since`` whose month's numbers it keeps.
    """

    form: str
    place: str
    fields: dict[str, Written]
    counts: dict[str, dict[str, Count]]
    subtotals: dict[str, Count] = field(default_factory=dict)
    total: Count | None = None
    confidence: Confidence = "exact"
    origin: ReplyOrigin | None = None
    since: str = ""
    rows: tuple[RowRead, ...] | None = None
    paper: str = ""
    titled: bool = False
    rivals: tuple[Rival, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One attachment after reading: what it is by its bytes (``kind`` as in ``explain --json``), and
    the forms in it, or why there are none. ``arrived_at`` is when it first came, if that was with an earlier mail."""

    name: str
    kind: str
    forms: tuple[Form, ...] = ()
    unreadable: Unreadable | None = None
    arrived_at: datetime | None = None

"""What the guarded process hands over: kind and grids, and their form on the pipe.

JSON and never pickle: a reader that was taken over by the file it reads can send wrong text, but cannot
make the parent run anything. So everything is checked on receipt, against the same limits.
"""

import base64
import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol, get_args

from bot.model.forms import Cell, Doubt, Grid, Mark

SHEETS = 60
ROWS = 2_000
COLUMNS = 256
CELLS = 200_000  # of all sheets together, blanks between values included
TEXT = 1_000  # characters of one cell
MERGES = 5_000
DOUBTS = 2_000  # cells of one sheet that could also say something else
ENCLOSED = 6  # files, and as many pictures, that lie in another file
ENCLOSED_BYTES = 8 << 20  # of all of them
REFUSED = "refused"  # no code for people: another program may open the workbook
FRAME = 48 << 20  # bytes of one answer

Trust = Literal["exact", "summed", "confirm"]


@dataclass(frozen=True, slots=True)
class Opened:
    """One file after opening. ``hidden`` are sheets that its maker does not show; ``cut`` tells that a
    limit left something out; ``unreadable`` is a code of ``[unreadable]``: why there are no grids, or what
    to say if no form is in them. ``seen`` are the ``grids`` once more, without what stands in hidden rows; empty when
    no row is hidden.

    ``confidence``: the cells are ``exact``, or so only where the sums written in the form agree (``summed``),
    or a person must ``confirm`` them. ``slow``: only the process for pictures can tell what is in the file.
    ``enclosed`` are files that lie in it (a workbook embedded in Word), and ``pictures`` what it shows.
    """

    kind: str
    grids: tuple[Grid, ...] = ()
    hidden: tuple[Grid, ...] = ()
    cut: bool = False
    unreadable: str | None = None
    confidence: Trust = "exact"
    slow: bool = False
    seen: tuple[Grid, ...] = ()
    enclosed: tuple[bytes, ...] = ()
    pictures: tuple[bytes, ...] = ()


class Opener(Protocol):
    """What ``guard.Reader`` does."""

    def read(self, data: bytes) -> Opened:
        """What a file holds, or a code why not; never an exception because of its content."""
        ...


def encoded(opened: Opened) -> bytes:
    """The answer as bytes for the pipe."""
    answer = {
        "kind": opened.kind,
        "grids": [_plain(grid) for grid in opened.grids],
        "hidden": [_plain(grid) for grid in opened.hidden],
        "cut": opened.cut,
        "unreadable": opened.unreadable,
        "confidence": opened.confidence,
        "slow": opened.slow,
        "seen": [_plain(grid) for grid in opened.seen],
        "enclosed": [base64.b64encode(data).decode() for data in opened.enclosed],
        "pictures": [base64.b64encode(data).decode() for data in opened.pictures],
    }
    return json.dumps(answer, ensure_ascii=False, default=_dated).encode("utf-8", "replace")


def decoded(frame: bytes) -> Opened:
    """The answer that ``frame`` holds. ValueError on anything that ``encoded`` would not have written."""
    try:
        answer = json.loads(frame)
        grids = tuple(_grid(plain) for plain in answer["grids"][:SHEETS])
        hidden = tuple(_grid(plain) for plain in answer["hidden"][:SHEETS])
        seen = tuple(_grid(plain) for plain in answer["seen"][:SHEETS])
        code = answer["unreadable"]
        opened = Opened(
            _text(answer["kind"]),
            grids,
            hidden,
            bool(answer["cut"]),
            code and _text(code),
            answer["confidence"],
            bool(answer["slow"]),
            seen,
            _files(answer["enclosed"]),
            _files(answer["pictures"]),
        )
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not an answer of the reading process: {error}") from error
    if sum(len(row) for grid in grids + hidden + seen for row in grid.rows) > CELLS:
        raise ValueError("more cells than the limit")
    if opened.confidence not in get_args(Trust):
        raise ValueError("no such confidence")
    return opened


def _plain(grid: Grid) -> dict[str, Any]:
    return {
        "name": grid.name,
        "rows": grid.rows,
        "merges": grid.merges,
        "tables": grid.tables,
        "doubts": [[d.row, d.column, d.mark, d.other] for d in grid.doubts],
    }


def _dated(value: object) -> dict[str, str]:
    if isinstance(value, date):
        return {"date": value.isoformat()}
    raise TypeError(type(value).__name__)


def _grid(plain: Any) -> Grid:
    rows = tuple(tuple(_cell(cell) for cell in row[:COLUMNS]) for row in plain["rows"][:ROWS])
    merges = tuple(_merge(merge) for merge in plain["merges"][:MERGES])
    tables = plain.get("tables")
    spans = None if tables is None else tuple(_span(span) for span in tables[:ROWS])
    doubts = tuple(_doubt(doubt) for doubt in plain["doubts"][:DOUBTS])
    return Grid(_text(plain["name"])[:100], rows, merges, spans, doubts)


def _files(plain: Any) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(_text(data), validate=True) for data in plain[:ENCLOSED])


def _doubt(plain: Any) -> Doubt:
    row, column, mark, other = plain
    if mark not in get_args(Mark):
        raise TypeError("no such mark")
    return Doubt(int(row), int(column), mark, _text(other)[:TEXT])


def _span(plain: Any) -> tuple[int, int]:
    first, last = (int(n) for n in plain)
    return first, last


def _merge(plain: Any) -> tuple[int, int, int, int]:
    first_row, first_column, last_row, last_column = (int(n) for n in plain)
    if first_row < 0 or first_column < 0:
        raise TypeError("no such place")
    return first_row, first_column, last_row, last_column


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return _text(value)[:TEXT]
    if value is None or isinstance(value, bool | float | int):
        return value
    return date.fromisoformat(value["date"])


def _text(value: Any) -> str:
    """A clean text: no NUL and no lone surrogate, which no database would store."""
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    return value.encode("utf-8", "replace").decode().replace("\0", "")

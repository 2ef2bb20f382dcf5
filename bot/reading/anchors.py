"""Finds where a matrix lies: the row of its column words, and the group headings above it.

Pure words and merges, no coordinates. A word that is both a column and a group (其他) is what its row says:
the column words' row is settled first, headings are looked for above it only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.reading.view import View
from bot.reading.vocabulary import Vocabulary, meaning

MOST_TABLES = 24  # of one sheet
HEADING_ROWS = 6  # so far above the column words may group headings stand

Hit = tuple[int, str]  # column, id


@dataclass
class Table:
    """One matrix in a view. ``columns`` and ``subtotal_columns`` are header positions, ``others`` further columns with
    the same headings; ``spans`` the columns of a group; it may use the columns from ``left`` to ``right``."""

    top: int
    row: int
    left: int = 0
    right: int = 0
    columns: dict[tuple[str, str], int] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    others: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    subtotal_columns: dict[str, int] = field(default_factory=dict)
    total_column: int | None = None

    @property
    def first(self) -> int:
        """The first header column; row labels stand left of it."""
        return min(self.columns.values())


@dataclass(frozen=True)
class _Heading:
    group: str
    column: int
    last: int


def tables(view: View, words: Vocabulary) -> list[Table]:
    """Every matrix of this form in the view, from top to bottom, then from left to right."""
    found: list[Table] = []
    floor = 0
    for row in range(view.height):
        hits = _hits(view, row, words.columns)
        if len({id_ for _, id_ in hits}) < words.need:
            continue
        top, headings = _headings(view, words, row, floor, slice(hits[0][0], hits[-1][0] + 1))
        if not headings:
            continue
        found += _tables_of_row(view, words, (top, row), apart(view, row, hits), headings)
        floor = row + 1
        if len(found) >= MOST_TABLES:
            break
    return found[:MOST_TABLES]


def _hits(view: View, row: int, words: Mapping[str, str]) -> list[Hit]:
    found = ((column, meaning(names, words)) for column, names in enumerate(view.names[row]) if names)
    return [(column, id_) for column, id_ in found if id_]


def apart(view: View, row: int, hits: Iterable[Hit]) -> list[Hit]:
    """The column words of a row without one that stands again right beside itself: 一级（本月）, 一级（累计）."""
    kept: list[Hit] = []
    end = -1
    for column, id_ in hits:
        if not kept or kept[-1][1] != id_ or column > end + 1:
            kept.append((column, id_))
        end = view.last_column(row, column)
    return kept if len(kept) > 1 else list(hits)


def _headings(view: View, words: Vocabulary, row: int, floor: int, under: slice) -> tuple[int, list[_Heading]]:
    """The row above with the most groups, the nearest of equals; and its headings from left to right.
    ``under`` are the columns of the column words."""
    best: tuple[int, list[Hit]] = (row, [])
    for above in range(row - 1, max(floor, row - HEADING_ROWS) - 1, -1):
        if any(isinstance(cell, int | float) for cell in view.cells[above][under]):
            continue  # a row of numbers, whose label is a group: part of another table
        hits = _hits(view, above, words.groups)
        if len({id_ for _, id_ in _hits(view, above, words.columns)}) > len({id_ for _, id_ in hits}):
            continue  # another row of column words, of which one can also mean a group
        if len({id_ for _, id_ in hits}) > len({id_ for _, id_ in best[1]}):
            best = (above, hits)
    top, hits = best
    return top, [_Heading(id_, column, view.last_column(top, column)) for column, id_ in hits]


def _tables_of_row(
    view: View, words: Vocabulary, rows: tuple[int, int], hits: list[Hit], headings: list[_Heading]
) -> list[Table]:
    """One table; several when the whole set of groups is repeated to the right."""
    runs: list[tuple[str, list[Hit]]] = []
    for hit, group in zip(hits, _groups_of(hits, headings), strict=True):
        if group and (not runs or runs[-1][0] != group or hit[1] in {id_ for _, id_ in runs[-1][1]}):
            runs.append((group, []))
        if group:
            runs[-1][1].append(hit)
    order = [group for group, _ in runs]
    size = len(set(words.groups.values()))
    if len(set(order[:size])) < size or order != order[:size] * (len(order) // size):
        size = max(len(order), 1)  # no whole sets: a heading that is missing, or was copied twice
    found: list[Table] = []
    for start in range(0, len(runs), size):
        table = Table(*rows, left=found[-1].right + 1 if found else 0)
        for group, run in runs[start : start + size]:
            for column, id_ in run:
                if table.columns.setdefault((group, id_), column) != column:
                    table.others.setdefault((group, id_), []).append(column)
                _widen(table, group, column, view.last_column(rows[1], column))
        following = runs[start + size][1][0][0] if start + size < len(runs) else view.width
        _sums(view, words, table, headings, following)
        found.append(table)
    return found


def _groups_of(hits: list[Hit], headings: list[_Heading]) -> list[str | None]:
    """The group of each column word: the merged heading over it, else a heading in its own set of
    columns. A set begins where a column word is repeated; one without any heading has no group."""
    starts = [0]
    seen: set[str] = set()
    for n, (_, id_) in enumerate(hits):
        if id_ in seen:
            starts.append(n)
            seen = set()
        seen.add(id_)
    groups: list[str | None] = []
    before = -1
    for start, end in zip(starts, [*starts[1:], len(hits)], strict=True):
        last = hits[end - 1][0]
        inside = [h for h in headings if h.last == h.column and before < h.column <= last]
        groups += [_merged_over(column, headings) or _nearest(column, inside) for column, _ in hits[start:end]]
        before = last
    return groups


def _merged_over(column: int, headings: list[_Heading]) -> str | None:
    return next((h.group for h in headings if h.column < h.last and h.column <= column <= h.last), None)


def _nearest(column: int, headings: list[_Heading]) -> str | None:
    """The last heading at or left of the column, else the first one."""
    left = [h.group for h in headings if h.column <= column]
    return left[-1] if left else headings[0].group if headings else None


def _widen(table: Table, group: str, first: int, last: int) -> None:
    before = table.spans.get(group, (first, last))
    table.spans[group] = (min(before[0], first), max(before[1], last))
    table.right = max(table.right, last)


def _sums(view: View, words: Vocabulary, table: Table, headings: list[_Heading], following: int) -> None:
    """Columns for sums inside the table: 合计 beside a group's columns, 总计 behind the last one.

    A lone 合计 behind several groups, or one in the row of the groups, is the total.
    """
    end = max(last for _, last in table.spans.values())
    for column in range(table.first, following):
        upper, lower = view.names[table.top][column], view.names[table.row][column]
        is_sum = meaning(lower, words.subtotals)
        if (
            meaning(upper, words.totals)
            or meaning(lower, words.totals)
            or (column > end and meaning(upper, words.subtotals))
        ):
            table.total_column = column
        elif is_sum and (group := _merged_over(column, headings) or _nearest(column, headings)) in table.spans:
            assert group
            table.subtotal_columns[group] = column
    lone = next(iter(table.subtotal_columns.items())) if len(table.subtotal_columns) == 1 else None
    if lone and lone[1] > end and len(table.spans) > 1 and not _merged_over(lone[1], headings):
        table.total_column = table.total_column if table.total_column is not None else lone[1]
        table.subtotal_columns.clear()
    for group, column in table.subtotal_columns.items():
        _widen(table, group, column, column)
    table.right = max(table.right, table.total_column or 0)

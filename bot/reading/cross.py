"""Finds and reads a matrix retyped as a cross table: a group a row, a column word a column, a number in each.

The upright form has both in its headings, groups over columns; here the groups stand down the side. Pure words,
no coordinates; for columns down the side it is given the turned view.
"""

from dataclasses import dataclass, field

from bot.model.forms import Count
from bot.reading.anchors import MOST_TABLES
from bot.reading.numbers import REACH, CellReader, Numbers
from bot.reading.view import View
from bot.reading.vocabulary import Vocabulary, meaning
from bot.rules.words import Words


@dataclass
class Cross:
    """One cross table in a view: the row of its column words, the row of each group, the column of each word.
    It may use the columns from ``left`` to ``right``; row labels stand left of ``first``."""

    top: int
    left: int
    columns: dict[str, int]
    right: int
    rows: dict[str, int] = field(default_factory=dict)
    sum_column: int | None = None
    sum_row: int | None = None
    bottom: int = 0

    @property
    def first(self) -> int:
        """The first column of numbers."""
        return min(self.columns.values())

    @property
    def cells(self) -> int:
        """How many numbers it has room for."""
        return len(self.rows) * len(self.columns)


def crosses(view: View, vocab: Vocabulary) -> list[Cross]:
    """Every cross table of this form in the view, from top to bottom, then from left to right."""
    found: list[Cross] = []
    for row in range(view.height):
        for table in _headers(view, vocab, row):
            _fill(view, vocab, table)
            if len(table.rows) >= min(2, len(set(vocab.groups.values()))):
                found.append(table)
        if len(found) >= MOST_TABLES:
            break
    return found[:MOST_TABLES]


def read(view: View, table: Cross, words: Words) -> Numbers:
    """Every number of the table, each with its place. The sums of the columns have no place in the form."""
    reader = CellReader(view, words, table.top, range(table.left, table.first))
    found = Numbers(bottom=table.bottom)
    for group, row in table.rows.items():
        found.counts[group] = {
            id_: reader.number(row, range(column, view.last_column(table.top, column) + 1))
            for id_, column in table.columns.items()
        }
        if table.sum_column is not None:
            found.subtotals[group] = reader.sum(row, range(table.sum_column, table.sum_column + 1))
    found.total = _total(view, table, reader)
    return found


def _headers(view: View, vocab: Vocabulary, row: int) -> list[Cross]:
    """The sets of column words in a row; a word that is repeated begins the next set."""
    sets: list[dict[str, int]] = []
    for column in range(view.width):
        id_ = meaning(view.names[row][column], vocab.columns)
        if id_ and (not sets or id_ in sets[-1]):
            sets.append({})
        if id_:
            sets[-1][id_] = column
    tables: list[Cross] = []
    left = 0
    for number, columns in enumerate(sets):
        last = view.last_column(row, max(columns.values()))
        following = min(sets[number + 1].values()) if number + 1 < len(sets) else view.width
        table = Cross(row, left, columns, last)
        table.sum_column = next((c for c in range(table.first, following) if _is_sum(view, vocab, row, c)), None)
        table.right = max(last, table.sum_column or 0)
        left = table.right + 1
        if len(columns) >= vocab.need:
            tables.append(table)
    return tables


def _is_sum(view: View, vocab: Vocabulary, row: int, column: int) -> bool:
    """Whether a column is headed as a sum, in the row of the column words or, merged, in the one above."""
    above = view.names[row - 1][column] if row and not view.names[row][column] else ()
    names = (*view.names[row][column], *above)
    return bool(meaning(names, vocab.subtotals) or meaning(names, vocab.totals))


def _fill(view: View, vocab: Vocabulary, table: Cross) -> None:
    """Finds the rows of the groups and of their sum; ends where another table or another set of groups begins."""
    end = min(view.height, table.top + 1 + REACH)
    heads: dict[str, tuple[int, int]] = {}
    for row in range(table.top + 1, end):
        if _begins_another(view, vocab, row):
            break
        labels = view.names[row][table.left : table.first]
        group, at = next(
            ((id_, n) for n, names in enumerate(labels) if (id_ := meaning(names, vocab.groups))), (None, 0)
        )
        if group in heads:
            break
        if group:
            heads[group] = row, table.left + at
        elif any(meaning(names, vocab.subtotals) or meaning(names, vocab.totals) for names in labels):
            table.sum_row = row
            break
    for group, head in heads.items():
        chosen = _numbers_row(view, vocab, table, head)
        if chosen is not None:
            table.rows[group] = chosen
    table.bottom = max([*table.rows.values(), table.sum_row or 0, table.top])


def _begins_another(view: View, vocab: Vocabulary, row: int) -> bool:
    if any(vocab.title in name for names in view.names[row] for name in names):
        return True
    words = {id_ for names in view.names[row] if (id_ := meaning(names, vocab.columns))}
    return len(words) > max(1, vocab.need - 1)


def _numbers_row(view: View, vocab: Vocabulary, table: Cross, head: tuple[int, int]) -> int | None:
    """The row of a group's numbers: its own, unless it has several rows of them, such as new and cumulative ones.
    Then the one that is labelled as the form's; None if none is."""
    row, column = head
    rows = [row]
    while rows[-1] + 1 < view.height and view.is_blank(rows[-1] + 1, column) and _has_number(view, table, rows[-1] + 1):
        rows.append(rows[-1] + 1)
    if len(rows) == 1:
        return row
    labelled = [r for r in rows if any(meaning(names, vocab.values) for names in view.names[r][column : table.first])]
    return labelled[0] if len(labelled) == 1 else None


def _has_number(view: View, table: Cross, row: int) -> bool:
    cells = (view.cells[row][column] for column in table.columns.values())
    return any(isinstance(cell, int | float) or (isinstance(cell, str) and cell.strip().isdecimal()) for cell in cells)


def _total(view: View, table: Cross, reader: CellReader) -> Count | None:
    """The sum of all: where the row and the column of sums meet, else the only number in that row."""
    if table.sum_row is None:
        return None
    if table.sum_column is not None and not view.is_blank(table.sum_row, table.sum_column):
        return reader.sum(table.sum_row, range(table.sum_column, table.sum_column + 1))
    filled = [c for c in range(table.first, table.right + 1) if not view.is_blank(table.sum_row, c)]
    return reader.sum(table.sum_row, range(filled[0], filled[0] + 1)) if len(filled) == 1 else None

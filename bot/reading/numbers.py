"""The numbers of one table: the row of values, and the sums below or beside it."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bot.model.forms import Cell, Count
from bot.reading.anchors import Table
from bot.reading.cells import is_formula, shown
from bot.reading.labels import Line
from bot.reading.view import View
from bot.reading.vocabulary import Vocabulary, meaning
from bot.reading.written import count
from bot.rules.words import Words

REACH = 200  # rows below the column words in which the values and their sums are looked for


@dataclass
class Numbers:
    """What stands in one table, as the form has it."""

    counts: dict[str, dict[str, Count]] = field(default_factory=dict)
    subtotals: dict[str, Count] = field(default_factory=dict)
    total: Count | None = None


def limit(view: View, vocab: Vocabulary, found: Iterable[Table], table: Table) -> int:
    """The first row below the table that is no longer its own: of the next table, or of the next title."""
    below = min((other.top for other in found if other.top > table.row), default=view.height)
    end = min(below, table.row + 1 + REACH)
    titles = (r for r in range(table.row + 1, end) if any(vocab.title in n for names in view.names[r] for n in names))
    return next(titles, end)


def read(
    view: View, vocab: Vocabulary, table: Table, end: int, words: Words, lines: Sequence[Line], line: Line
) -> Numbers:
    """The numbers of the set that was chosen, and the sums below or beside it; a cell whose header is missing is
    absent. The sums are the next ones below the set's row, else the first ones of the table."""
    own = {row for other in lines for row in (other.rows or {}).values()}
    row = next(iter((line.rows or {}).values()))
    sums, grand = (
        next((place for place in places if place[0] > row), places[0] if places else None)
        for places in (_labelled(view, labels, table, end, own) for labels in (vocab.subtotals, vocab.totals))
    )
    reader = CellReader(view, words, table.row, range(table.left, table.first))
    found = Numbers()
    for (group, id_), count_ in line.counts.items():
        found.counts.setdefault(group, {})[id_] = count_
    for group, column in table.subtotal_columns.items():
        found.subtotals[group] = reader.sum(row, _shifted(view, table.row, column, line.shift))
    if table.total_column is not None:
        found.total = reader.sum(row, _shifted(view, table.row, table.total_column, line.shift))
    if sums:
        _add_sums(reader, vocab, table, sums, found)
    if grand and (found.total is None or found.total.doubt == "blank"):
        after = range(grand[1], max(table.right, grand[1] + 1) + 1)
        found.total = reader.sum(grand[0], after, vocab.totals)
    return found


def sum_rows(view: View, vocab: Vocabulary, table: Table, end: int) -> set[int]:
    """The rows below the column words in which a label of sums stands."""
    return {row for labels in (vocab.subtotals, vocab.totals) for row, _ in _labelled(view, labels, table, end)}


def _shifted(view: View, row: int, column: int, shift: int) -> range:
    """The column of a sum, whose heading may be merged over several as those of the numbers."""
    column = min(column + shift, view.last_column(row, column))
    return range(column, column + 1)


@dataclass(frozen=True)
class CellReader:
    """Reads counts off a view. A formula that was never calculated is a doubtful number, and a blank sum: sums
    are only compared. ``heads`` is the row of the headings, ``labels`` are the columns of the rows' labels."""

    view: View
    words: Words
    heads: int
    labels: range

    def number(self, row: int, columns: range) -> Count:
        """The number under a heading, which may be merged over several columns. A cell that is merged with what
        stands under another heading, or beside another label, is nobody's number."""
        anchor = self._anchor_of_several(row, columns)
        if anchor is None:
            return self.first(row, columns)
        return Count(None, shown(self.view.cells[anchor[0]][anchor[1]]), self.view.place(*anchor), "merged")

    def _anchor_of_several(self, row: int, columns: range) -> tuple[int, int] | None:
        """The first cell of a merge that is wider or higher than heading and label are, if a number stands there."""
        for r0, c0, r1, c1 in self.view.merges:
            touches = 0 <= r0 <= row <= r1 and 0 <= c0 < columns.stop and c1 >= columns.start
            if not touches or r0 >= self.view.height or c0 >= self.view.width:
                continue
            if (r0 == r1 and c0 == c1) or self.view.is_blank(r0, c0) or c0 in self.labels:
                continue
            heads = (c for c in range(c0, min(c1 + 1, self.view.width)) if c not in columns)
            labels = (r for r in range(r0, min(r1 + 1, self.view.height)) if r != row)
            if any(self.view.names[self.heads][c] for c in heads) or any(
                self.view.names[r][c] for r in labels for c in self.labels
            ):
                return r0, c0
        return None

    def sum(self, row: int, columns: range, labels: Mapping[str, str] | None = None) -> Count:
        """The same for a sum. ``labels`` may stand before the number or in a cell of their own (合计：8), and are
        no part of it."""
        return self.first(row, columns, labels or {})

    def first(self, row: int, columns: range, labels: Mapping[str, str] | None = None) -> Count:
        """The first cell that says something. If there is nothing: blank, at the first cell that is no label."""
        blank: int | None = None
        for column in columns:
            cell = self._cell(row, column)
            if labels is not None and (is_formula(cell) or self._waits(row, column)):
                cell = None
            if labels and isinstance(cell, str):
                rest = _without(labels, cell)
                if rest == "":
                    continue
                cell = cell if rest is None else rest
            if isinstance(cell, str) and not cell.strip():
                cell = None
            if cell is not None:
                return self._count(cell, row, column)
            blank = column if blank is None else blank
        return self._count(None, row, columns.start if blank is None else blank)

    def blank(self, row: int, column: int) -> Count:
        """Nothing, at this place."""
        return count(None, self.view.place(row, column), self.words)

    def _count(self, cell: Cell, row: int, column: int) -> Count:
        found = count(cell, self.view.place(row, column), self.words)
        doubt = self.view.doubt(row, column)
        if doubt is None:
            return found
        return replace(found, mark=doubt.mark, other=shown(doubt.other))

    def _waits(self, row: int, column: int) -> bool:
        doubt = self.view.doubt(row, column)
        return doubt is not None and doubt.mark == "uncomputed"

    def _cell(self, row: int, column: int) -> Cell:
        inside = row < self.view.height and column < self.view.width
        return self.view.cells[row][column] if inside else None


def _labelled(
    view: View, labels: Mapping[str, str], table: Table, end: int, without: Collection[int] = ()
) -> list[tuple[int, int]]:
    """The first cell of each row below the column words that is one of the labels, alone or with its number."""
    found: list[tuple[int, int]] = []
    for row in range(table.row + 1, end):
        if row in without:
            continue
        for column in range(table.left, min(table.right + 1, view.width)):
            names = view.names[row][column]
            if not names:
                continue
            rest = _without(labels, str(view.cells[row][column])) if names[0].startswith(tuple(labels)) else None
            if meaning(names, labels) or (rest and any(char.isdigit() for char in rest)):
                found.append((row, column))
                break
    return found


def _without(labels: Mapping[str, str], text: str) -> str | None:
    """What follows the label in the text, empty if nothing does; None if it does not begin with one."""
    plain = unicodedata.normalize("NFKC", text).strip()
    for label in sorted(labels, key=len, reverse=True):
        if found := _beginning(label).match(plain):
            return plain[found.end() :]
    return None


@lru_cache(256)
def _beginning(label: str) -> re.Pattern[str]:
    """A text that begins with the label, blanks inside and a bracket behind it allowed."""
    return re.compile(r"\s*".join(map(re.escape, label)) + r"(?:\s*\([^()]*\))?[\s:]*", re.IGNORECASE)


def values_row(view: View, vocab: Vocabulary, table: Table, end: int, sums: set[int]) -> int:
    """The row that is labelled as the values', else the first below with something in it, else the next."""
    rows = [row for row in range(table.row + 1, end) if row not in sums]
    for row in rows:
        if any(meaning(view.names[row][c], vocab.values) for c in range(table.left, table.first)):
            return row
    for row in rows:
        if any(_is_value(view, vocab, row, column) for column in table.columns.values()):
            return row
    return table.row + 1


def _is_value(view: View, vocab: Vocabulary, row: int, column: int) -> bool:
    names = view.names[row][column]
    if not names:
        return not view.is_blank(row, column)
    return not any(name in vocab.known or vocab.speaks(name) for name in names)


def _add_sums(reader: CellReader, vocab: Vocabulary, table: Table, label: tuple[int, int], found: Numbers) -> None:
    """The row of the groups' sums. One merged cell under several groups is not theirs, but the total."""
    row = label[0]
    for group, (first, last) in table.spans.items():
        if group in found.subtotals and found.subtotals[group].doubt != "blank":
            continue
        widest = (
            max((reader.view.last_column(row, c) for c in range(first, last + 1)), default=last)
            if row < reader.view.height
            else last
        )
        if any(other[0] > last and other[0] <= widest for other in table.spans.values()):
            total = reader.sum(row, range(first, last + 1), vocab.subtotals)
            found.total = found.total or total
            return
        found.subtotals[group] = reader.sum(row, range(first, last + 1), vocab.subtotals)

"""Finds and reads a matrix retyped as a cross table: a group a row, a column word a column, a number in each.

The upright form has both in its headings, groups over columns; here the groups stand down the side. Pure words,
no coordinates; for columns down the side it is given the turned view. A group may have several rows, and the groups may
be repeated below: each is another set of numbers, of which ``labels`` chooses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.model.forms import Count
from bot.reading.anchors import MOST_TABLES, apart
from bot.reading.cells import shown
from bot.reading.labels import Line
from bot.reading.lines import apart_labels, label_of, without_odd
from bot.reading.numbers import REACH, CellReader, Numbers
from bot.reading.view import View, names_of
from bot.reading.vocabulary import Vocabulary, meaning
from bot.rules.words import Words


@dataclass
class Cross:
    """One cross table in a view: the row of its column words, the rows of each group, the columns of each word.
    It may use the columns from ``left`` to ``right``; row labels stand left of ``first``. ``sets`` are the rows of the
    groups, one for each set of numbers."""

    top: int
    left: int
    columns: dict[str, list[int]]
    right: int
    sets: list[dict[str, int]] = field(default_factory=list)
    sum_column: int | None = None
    sum_rows: list[int] = field(default_factory=list)
    bottom: int = 0

    @property
    def first(self) -> int:
        """The first column of numbers."""
        return min(columns[0] for columns in self.columns.values())

    @property
    def cells(self) -> int:
        """How many numbers it has room for."""
        return len(self.groups) * len(self.columns)

    @property
    def groups(self) -> set[str]:
        """The groups that have a row."""
        return {group for rows in self.sets for group in rows}


def crosses(view: View, vocab: Vocabulary) -> list[Cross]:
    """Every cross table of this form in the view, from top to bottom, then from left to right."""
    found: list[Cross] = []
    for row in range(view.height):
        here: list[Cross] = []
        for table in _headers(view, vocab, row):
            _fill(view, vocab, table)
            if len(table.groups) >= min(2, len(set(vocab.groups.values()))):
                here.append(table)
            elif here and not table.groups:
                _add_columns(here[-1], table)
        found += here
        if len(found) >= MOST_TABLES:
            break
    return found[:MOST_TABLES]


def lines_of(view: View, vocab: Vocabulary, table: Cross, words: Words) -> list[Line]:
    """Every set of numbers of the table, each number with its place."""
    reader = CellReader(view, words, table.top, range(table.left, table.first))
    beside = apart_labels([_labels_of_set(view, vocab, table, rows) for rows in table.sets])
    shifts = range(max(len(columns) for columns in table.columns.values()))
    named = apart_labels([_labels_of_shift(view, vocab, table, shift) for shift in shifts])
    found: list[Line] = []
    for number, rows in enumerate(table.sets):
        labels = beside[number] if len(table.sets) > 1 else _labels_of_set(view, vocab, table, rows)
        own = any(meaning(names, vocab.values) for row in rows.values() for names in view.names[row][: table.first])
        for shift in shifts:
            counts = {
                (group, id_): _count(reader, row, columns, None if not any(named) else shift, shift)
                for group, row in rows.items()
                for id_, columns in table.columns.items()
                if not shift or shift < len(columns)
            }
            line = Line((*labels, *named[shift]), counts, own, rows, shift)
            if not found or any(count.value is not None for count in counts.values()):
                found.append(line)
    return without_odd(found)


def read(view: View, table: Cross, words: Words, line: Line) -> Numbers:
    """The numbers of the set that was chosen. The sums of the columns have no place in the form."""
    reader = CellReader(view, words, table.top, range(table.left, table.first))
    found = Numbers()
    for (group, id_), count in line.counts.items():
        found.counts.setdefault(group, {})[id_] = count
    for group, row in (line.rows or {}).items():
        if table.sum_column is not None:
            column = min(table.sum_column + line.shift, view.last_column(table.top, table.sum_column))
            found.subtotals[group] = reader.sum(row, range(column, column + 1))
    found.total = _total(view, table, reader, line)
    return found


def _count(reader: CellReader, row: int, columns: Sequence[int], exact: int | None, shift: int) -> Count:
    """The number in the column of a shift; where nothing tells the columns apart, the next one that is filled."""
    if exact is None:
        filled = [column for column in columns if not reader.view.is_blank(row, column)]
        column = filled[shift] if shift < len(filled) else columns[0] if not filled else -1
        return reader.number(row, range(column, column + 1)) if column >= 0 else reader.blank(row, columns[0])
    return reader.number(row, range(columns[exact], columns[exact] + 1))


def _headers(view: View, vocab: Vocabulary, row: int) -> list[Cross]:
    """The sets of column words in a row; a word that is repeated begins the next set."""
    hits = [(c, id_) for c in range(view.width) if (id_ := meaning(view.names[row][c], vocab.columns))]
    sets: list[dict[str, int]] = []
    for column, id_ in apart(view, row, hits):
        if not sets or id_ in sets[-1]:
            sets.append({})
        sets[-1][id_] = column
    tables: list[Cross] = []
    left = 0
    for number, columns in enumerate(sets):
        following = min(sets[number + 1].values()) if number + 1 < len(sets) else view.width
        firsts = sorted(columns.values())
        sum_column = next((c for c in range(firsts[0], following) if _is_sum(view, vocab, row, c)), None)
        bounds = [*firsts, following, *([] if sum_column is None else [sum_column])]
        regions = {
            id_: _region(view, vocab, row, column, min((b for b in bounds if b > column), default=column + 1), id_)
            for id_, column in columns.items()
        }
        table = Cross(row, left, regions, max(c[-1] for c in regions.values()), sum_column=sum_column)
        table.right = max(table.right, table.sum_column or 0)
        left = table.right + 1
        if len(columns) >= vocab.need:
            tables.append(table)
    return tables


def _region(view: View, vocab: Vocabulary, row: int, column: int, bound: int, id_: str) -> list[int]:
    """The columns of one heading: those it is merged over, and those beside it whose heading is blank or the same."""
    end = view.last_column(row, column)
    while end + 1 < bound and bound < view.width and _goes_on(view, vocab, row, end + 1, id_):
        end += 1
    while end + 1 < bound and meaning(view.names[row][end + 1], vocab.columns) == id_:
        end += 1
    return list(range(column, end + 1))


def _goes_on(view: View, vocab: Vocabulary, row: int, column: int, id_: str) -> bool:
    names = view.names[row][column]
    above = view.names[row - 1][column] if row else ()
    return meaning(names, vocab.columns) == id_ if names else not above


def _add_columns(table: Cross, further: Cross) -> None:
    """The same headings again on the right, without row labels of their own: further columns of the same table."""
    for id_, columns in further.columns.items():
        if id_ in table.columns:
            table.columns[id_] += columns
    table.right = max(table.right, further.right)


def _is_sum(view: View, vocab: Vocabulary, row: int, column: int) -> bool:
    """Whether a column is headed as a sum, in the row of the column words or, merged, in the one above."""
    above = view.names[row - 1][column] if row and not view.names[row][column] else ()
    names = (*view.names[row][column], *above)
    return bool(meaning(names, vocab.subtotals) or meaning(names, vocab.totals))


def _fill(view: View, vocab: Vocabulary, table: Cross) -> None:
    """Finds the rows of the groups and of their sums; ends where another table begins."""
    heads: list[tuple[int, str, int]] = []  # row, group, column of its label
    below = tuple(word for word, rule in vocab.labels.items() if rule.side == "below")
    end = min(view.height, table.top + 1 + REACH)
    for row in range(table.top + 1, end):
        ends = view.is_labelled(row, range(table.left, table.right + 1), below)
        if _begins_another(view, vocab, row) or (heads and ends):
            end = row
            break
        labels = view.names[row][table.left : table.first]
        hit = next(((id_, n) for n, names in enumerate(labels) if (id_ := meaning(names, vocab.groups))), None)
        if hit:
            heads.append((row, hit[0], table.left + hit[1]))
        elif heads and _is_sum_row(view, vocab, table, row, heads[-1][2]):
            table.sum_rows.append(row)
    again: dict[str, int] = {}
    for number, (row, group, column) in enumerate(heads):
        until = min([end, *(h[0] for h in heads[number + 1 :]), *(r for r in table.sum_rows if r > row)])
        for own in _rows(view, table, row, column, until):
            at = again.get(group, 0)
            again[group] = at + 1
            if at == len(table.sets):
                table.sets.append({})
            table.sets[at][group] = own
    rows = [row for rows in table.sets for row in rows.values()]
    table.bottom = max([*rows, *table.sum_rows, table.top])


def _is_sum_row(view: View, vocab: Vocabulary, table: Cross, row: int, column: int) -> bool:
    """Whether a row is labelled as a sum; not one within a group, such as that of its villages."""
    labels = range(table.left, table.first)
    named = [
        c for c in labels if meaning(view.names[row][c], vocab.subtotals) or meaning(view.names[row][c], vocab.totals)
    ]
    return bool(named) and named[0] <= column


def _rows(view: View, table: Cross, row: int, column: int, until: int) -> list[int]:
    """A group's rows of numbers: its own, and those below it whose label of the group is blank."""
    rows = [row]
    for below in range(row + 1, until):
        if not view.is_blank(below, column) or not _has_number(view, table, below):
            break
        rows.append(below)
    return rows


def _begins_another(view: View, vocab: Vocabulary, row: int) -> bool:
    if any(vocab.title in name for names in view.names[row] for name in names):
        return True
    words = {id_ for names in view.names[row] if (id_ := meaning(names, vocab.columns))}
    return len(words) > max(1, vocab.need - 1)


def _has_number(view: View, table: Cross, row: int) -> bool:
    cells = (view.cells[row][column] for columns in table.columns.values() for column in columns)
    return any(isinstance(cell, int | float) or (isinstance(cell, str) and cell.strip().isdecimal()) for cell in cells)


def _labels_of_set(view: View, vocab: Vocabulary, table: Cross, rows: Mapping[str, int]) -> tuple[str, ...]:
    """What stands left of a set's numbers, besides the groups' own words; 合计 too, which is a set of its own here."""
    texts = [view.covering(row, c) for row in rows.values() for c in range(table.left, table.first)]
    sums = {**vocab.subtotals, **vocab.totals}
    said = (label_of(view, vocab, t, above=False) or (shown(t) if meaning(names_of(t), sums) else "") for t in texts)
    return tuple(dict.fromkeys(text for text in said if text))


def _labels_of_shift(view: View, vocab: Vocabulary, table: Cross, shift: int) -> tuple[str, ...]:
    """What stands over the numbers of one shift, besides the column words."""
    first = min((row for rows in table.sets for row in rows.values()), default=table.top + 1)
    columns = [c[shift] for c in table.columns.values() if shift < len(c)]
    places = [(row, column) for column in columns for row in range(max(0, table.top - 2), first)]
    texts = (label_of(view, vocab, view.covering(row, column), above=row < table.top) for row, column in places)
    return tuple(dict.fromkeys(text for text in texts if text))


def _total(view: View, table: Cross, reader: CellReader, line: Line) -> Count | None:
    """The sum of all: where the row and the column of sums meet, else the only number in that row. It is the next row
    of sums below the set."""
    last = max((line.rows or {}).values(), default=table.top)
    row = next((row for row in table.sum_rows if row > last), None)
    if row is None:
        return None
    if table.sum_column is not None and not view.is_blank(row, table.sum_column):
        return reader.sum(row, range(table.sum_column, table.sum_column + 1))
    filled = [c for c in range(table.first, table.right + 1) if not view.is_blank(row, c)]
    return reader.sum(row, range(filled[0], filled[0] + 1)) if len(filled) == 1 else None

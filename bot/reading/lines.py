"""The sets of numbers of an upright table: each row below the headings that has numbers, times each column of a
heading. Most tables have one. It decides nothing: ``labels`` does.

A heading has several columns where it is merged over them, where the ones beside it have no heading of their own, or
where the same headings stand again in the same group.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from bot.model.forms import Cell, Count
from bot.reading.anchors import Table
from bot.reading.cells import shown
from bot.reading.labels import Line, Part
from bot.reading.numbers import CellReader, sum_rows, values_row
from bot.reading.view import View, beside, names_of
from bot.reading.vocabulary import Vocabulary, meaning
from bot.reading.written import month
from bot.rules.words import Words

ABOVE = 3  # rows above the groups in which headings of blocks may stand
LONGEST = 40  # characters of a label that are repeated to anyone

Columns = dict[Part, int]


def lines_of(view: View, vocab: Vocabulary, table: Table, end: int, words: Words) -> list[Line]:
    """Every set of numbers, from top to bottom, then from left to right; of a blank form the one to fill in."""
    reader = CellReader(view, words, table.row, range(table.left, table.first))
    regions = {part: _region(view, vocab, table, part) for part in table.columns}
    shifts = _shifts(regions)
    rows = _rows(view, vocab, table, end, regions, reader)
    named = [_labels_of_shift(view, vocab, table, columns, rows[0]) for columns in shifts]
    named = [tuple(texts) for texts in apart_labels(named)]
    left = apart_labels([_labels_of_row(view, vocab, table, row) for row in rows]) if len(rows) > 1 else []
    found: list[Line] = []
    for number, row in enumerate(rows):
        labels = left[number] if left else _labels_of_row(view, vocab, table, row)
        is_values = _is_own(view, vocab, table, row)
        for shift, columns in enumerate(shifts if any(named) else _packed(view, row, regions)):
            counts = {part: reader.number(row, range(column, column + 1)) for part, column in columns.items()}
            for part in table.columns.keys() - counts.keys() if not shift else ():
                counts[part] = reader.number(row, range(regions[part][0], regions[part][0] + 1))
            if found and not is_values and not _has_numbers(counts.values()):
                continue
            texts = (*labels, *(named[shift] if any(named) else ()))
            ordered = {part: counts[part] for part in table.columns if part in counts}
            found.append(Line(texts, ordered, is_values, dict.fromkeys(table.spans, row), shift))
    return without_odd(found)


def without_odd(lines: list[Line]) -> list[Line]:
    """Without rows of rates and of column numbers (1, 2, 3 and so on), if others are there."""
    kept = [line for line in lines if not (_is_rates(line) or _is_numbering(line))]
    return kept or lines[:1]


def _region(view: View, vocab: Vocabulary, table: Table, part: Part) -> list[int]:
    """The columns of one heading, and those with the same heading in the same group."""
    column = table.columns[part]
    nexts = [c for c in (*table.columns.values(), *(c for cs in table.others.values() for c in cs)) if c > column]
    sums = [c for c in (*table.subtotal_columns.values(), table.total_column) if c is not None and c > column]
    widths = [b - a for a, b in pairwise(sorted(table.columns.values()))]
    bound = min([*nexts, *sums], default=column + max(1, min(widths, default=1)))
    end = view.last_column(table.row, column)
    while end + 1 < min(bound, view.width) and _is_free(view, vocab, table, part, end + 1):
        end += 1
    return [*range(column, end + 1), *table.others.get(part, ())]


def _is_free(view: View, vocab: Vocabulary, table: Table, part: Part, column: int) -> bool:
    """Whether a column beside a heading has none of its own, or the same again."""
    own = view.names[table.row][column]
    if own:
        return meaning(own, vocab.columns) == part[1]
    return not any(view.names[row][column] for row in range(table.top, table.row))


def _shifts(regions: dict[Part, list[int]]) -> list[Columns]:
    """The first columns of all headings, then the second ones, and so on."""
    most = max(map(len, regions.values()))
    return [{part: columns[n] for part, columns in regions.items() if n < len(columns)} for n in range(most)]


def _packed(view: View, row: int, regions: dict[Part, list[int]]) -> list[Columns]:
    """The same without blank cells, for columns that nothing tells apart."""
    filled = {part: [c for c in columns if not view.is_blank(row, c)] for part, columns in regions.items()}
    return _shifts(filled) if any(filled.values()) else _shifts(regions)[:1]


def _rows(
    view: View, vocab: Vocabulary, table: Table, end: int, regions: dict[Part, list[int]], reader: CellReader
) -> list[int]:
    """The rows with numbers, down to the labels below the form; without any the row that is to be filled."""
    below = tuple(word for word, field in vocab.labels.items() if field.side == "below")
    sums = sum_rows(view, vocab, table, end)
    found: list[int] = []
    for row in range(table.row + 1, end):
        if found and view.is_labelled(row, range(table.left, table.right + 1), below):
            break
        columns = _filled(view, row, regions)
        if row in sums and not _is_full(view, table, row):
            continue
        # The form's own row counts as one even if nothing was filled in there.
        if (not columns and _is_own(view, vocab, table, row)) or _has_numbers(
            reader.number(row, range(c, c + 1)) for c in columns
        ):
            found.append(row)
    filled = [row for row in found if _is_own(view, vocab, table, row) and _filled(view, row, regions)]
    if filled:  # what is labelled as the form's below them is the heading of another table
        found = [row for row in found if _filled(view, row, regions)]
    return found or [values_row(view, vocab, table, end, sums)]


def _filled(view: View, row: int, regions: dict[Part, list[int]]) -> list[int]:
    """The columns of numbers in which something stands in a row."""
    return [c for region in regions.values() for c in region if not view.is_blank(row, c)]


def _is_own(view: View, vocab: Vocabulary, table: Table, row: int) -> bool:
    """Whether a row is labelled as that of the form's numbers."""
    return row < view.height and any(meaning(view.names[row][c], vocab.values) for c in range(table.left, table.first))


def _is_full(view: View, table: Table, row: int) -> bool:
    """Whether a row that is called a sum has a number for each cell, and not one for each group."""
    groups: dict[str, list[int]] = {}
    for (group, _), column in table.columns.items():
        groups.setdefault(group, []).append(column)
    filled = [sum(not view.is_blank(row, c) for c in columns) for columns in groups.values() if len(columns) > 1]
    same = [len({view.cells[row][c] for c in columns}) == 1 for columns in groups.values() if len(columns) > 1]
    return sum(n > 1 for n in filled) * 2 > len(filled) and not all(same)


def _has_numbers(counts: Iterable[Count]) -> bool:
    return any(count.value is not None for count in counts)


def _labels_of_row(view: View, vocab: Vocabulary, table: Table, row: int) -> tuple[str, ...]:
    """What stands left of the numbers, merged cells included."""
    places = [(row, column) for column in range(table.left, table.first)]
    texts = (shown(view.covering(*at))[:LONGEST] for at in places if _is_label(view, vocab, *at))
    return tuple(dict.fromkeys(texts))


def _is_label(view: View, vocab: Vocabulary, row: int, column: int) -> bool:
    """Whether a cell left of the numbers names them. On a turned sheet the head of the form stands there as well."""
    names = names_of(view.covering(row, column))
    if not names or vocab.title in names[0]:
        return False
    spoken = vocab.spoken.match(names[0])
    own = bool(view.names[row][column]) if row < view.height else False
    return spoken is None or (own and vocab.labels[spoken[0]].id == "period")


def _labels_of_shift(view: View, vocab: Vocabulary, table: Table, columns: Columns, until: int) -> tuple[str, ...]:
    """What stands over the numbers of one shift: between the headings and the numbers, and above the headings."""
    places = [(row, column) for column in columns.values() for row in range(max(0, table.top - ABOVE), until)]
    texts = (label_of(view, vocab, view.covering(row, column), above=row < table.top) for row, column in places)
    return tuple(dict.fromkeys(text for text in texts if text))


def label_of(view: View, vocab: Vocabulary, cell: Cell, above: bool) -> str:
    """What a heading says besides which group or column it is: 本月 of 一级（本月） and 本月一级, nothing of 一级.
    ``above`` the table stand the title and the labelled texts of the form, which tell no set from another."""
    names = names_of(cell)
    if not names or (names[0] in vocab.known and names[0] not in vocab.values):
        return ""
    if above and (vocab.title in names[0] or _is_field(vocab, names[0])):
        return ""
    head = view.split(names[-1]) if view.split else None
    if head:
        return " ".join((head[1], *beside(shown(cell))))[:LONGEST]
    if len(names) > 1 and names[-1] in vocab.known:
        return " ".join(beside(shown(cell)))[:LONGEST]
    return shown(cell)[:LONGEST]


def _is_field(vocab: Vocabulary, name: str) -> bool:
    """Whether a text above a table is one of the form's labelled texts; not 截至上月, which names no month."""
    spoken = vocab.spoken.search(name)
    return spoken is not None and (vocab.labels[spoken[0]].id != "period" or month(name)[1] is not None)


def apart_labels(sets: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Labels without those that all have."""
    shared = set(sets[0]).intersection(*sets[1:])
    return [tuple(text for text in texts if text not in shared) for texts in sets]


def _is_numbering(line: Line) -> bool:
    values = [count.value for count in line.counts.values()]
    return len(values) > 2 and values == list(range(1, len(values) + 1))


def _is_rates(line: Line) -> bool:
    """Whether most of its numbers that are not 0 are percentages or fractions of 1."""
    filled = [c for c in line.counts.values() if c.doubt != "blank" and c.value != 0]
    rates = [c for c in filled if c.written.endswith(("%", "％")) or c.written.startswith("0.")]
    return len(rates) * 2 > len(filled)

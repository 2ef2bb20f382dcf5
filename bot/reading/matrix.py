"""Grid -> forms of the kind ``matrix``: groups times columns of whole numbers, wherever they lie.

The arrows: View -anchors.tables-> Table -lines.lines_of-> Line... -blocks, fields-> what the form says of itself
-labels.choose-> Choice -numbers.read, rivals-> Form. The grid is tried upright, as a cross table, then both turned by
90 degrees. It judges nothing: what is missing or doubtful is said in the ``Count``, and what could also be another
number in the form's ``rivals``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.model.forms import Form, Grid
from bot.reading import cross, fields, labels, lines, numbers, rivals
from bot.reading.anchors import Table, tables
from bot.reading.blocks import blocks
from bot.reading.cross import Cross
from bot.reading.fields import Found
from bot.reading.labels import Choice, Line
from bot.reading.numbers import Numbers
from bot.reading.rivals import Side
from bot.reading.view import Box, View
from bot.reading.vocabulary import Vocabulary, vocabulary
from bot.rules.forms import FormRule
from bot.rules.words import Words


def forms_in(grid: Grid, rule: FormRule, words: Words) -> tuple[Form, ...]:
    """Every form of this kind on the sheet, from top to bottom; none when its words are not there."""
    return tuple(side.form for side in sides_in(grid, rule, words))


def sides_in(grid: Grid, rule: FormRule, words: Words) -> tuple[Side, ...]:
    """The same, with what stands over each of them."""
    vocab, words = vocabulary(rule), words.with_measure(rule.measure)
    upright = View.of(grid, words.table_cell, lambda name: vocab.split(name, words.lines))
    whole = len(rule.groups) * len(rule.columns)
    found = _found(upright, vocab, whole)
    if found.cells < whole:
        # A turned form can look like the corner of an upright one (其他 beside 一级): the fuller reading counts.
        turned = _found(upright.quarter_turn(), vocab, whole)
        found = turned if turned.cells > found.cells else found
    if not found.tables:
        return ()
    parts = [_part(found, table, vocab, words) for table in found.tables]
    texts = fields.labelled(upright, vocab, turned=found.view.turned)
    texts = [text for text in texts if not any(part.labels_line(text) for part in parts)]
    sides: list[Side] = []
    for index, block in blocks(upright, vocab, [part.box for part in parts], texts):
        part = parts[index]
        beside = any(part.box.is_beside(other.box) for other in parts if other is not part)
        written = fields.of_block(upright, vocab, texts, block, part.box.top if beside else None)
        about = rivals.about(written, rule, words)
        choice = labels.choose(part.lines, about)
        read = part.read(vocab, words, choice)
        form = Form(rule.id, grid.name, written, read.counts, read.subtotals, read.total)
        form = rivals.settled(replace(form, rivals=rivals.of_choice(choice)))
        sides.append(Side(form, part.headings(vocab)))
    return tuple(sides)


@dataclass(frozen=True)
class _Found:
    """The tables of a view, all of one make, and how many numbers the fullest of them has room for."""

    view: View
    tables: Sequence[Table | Cross]
    cells: int


@dataclass(frozen=True)
class _Part:
    """One table with its sets of numbers; ``box`` is where it lies on the sheet, ``end`` the first row below it."""

    view: View
    table: Table | Cross
    lines: Sequence[Line]
    end: int
    box: Box

    def read(self, vocab: Vocabulary, words: Words, choice: Choice) -> Numbers:
        """The numbers of the set that was chosen, with their sums."""
        if isinstance(self.table, Cross):
            return cross.read(self.view, self.table, words, choice.line)
        return numbers.read(self.view, vocab, self.table, self.end, words, self.lines, choice.line)

    def labels_line(self, text: Found) -> bool:
        """Whether a text is the label of one of several sets of numbers, such as 截至5月, and not the form's month."""
        if len(self.lines) < 2 or text.rule.id != "period":
            return False
        row, column = self.view.true(text.row, text.column)  # turning twice is turning back
        rows = {row for line in self.lines for row in (line.rows or {}).values()}
        return row in rows and self.table.left <= column < self.table.first

    def headings(self, vocab: Vocabulary) -> tuple[str, ...]:
        """What is written over the table and its own columns alone, below other numbers: 新增数量, 累计数量."""
        found: list[str] = []
        columns = range(max(self.table.left, 0), min(self.table.right + 1, self.view.width))
        for row in range(self.table.top - 1, max(0, self.table.top - lines.ABOVE) - 1, -1):
            cells = [self.view.cells[row][column] for column in columns]
            if any(isinstance(cell, int | float) for cell in cells):
                break
            found += [text for cell in cells if (text := lines.label_of(self.view, vocab, cell, above=True))]
        return tuple(dict.fromkeys(found))


def _found(view: View, vocab: Vocabulary, whole: int) -> _Found:
    upright = tables(view, vocab)
    most = max((len(table.columns) for table in upright), default=0)
    crossed = cross.crosses(view, vocab) if most < whole else []
    more = max((table.cells for table in crossed), default=0)
    return _Found(view, crossed, more) if more > most else _Found(view, upright, most)


def _part(found: _Found, table: Table | Cross, vocab: Vocabulary, words: Words) -> _Part:
    view = found.view
    if isinstance(table, Cross):
        sets, end, bottom = cross.lines_of(view, vocab, table, words), 0, table.bottom
    else:
        end = numbers.limit(view, vocab, [other for other in found.tables if isinstance(other, Table)], table)
        sets = lines.lines_of(view, vocab, table, end, words)
        rows = [row for line in sets for row in (line.rows or {}).values()]
        bottom = max([*rows, *numbers.sum_rows(view, vocab, table, end), table.row])
    return _Part(view, table, sets, end, _box(view, table, bottom))


def _box(view: View, table: Table | Cross, bottom: int) -> Box:
    """Where the table lies on the sheet."""
    top, left = view.true(table.top, table.first)
    last_row, last_column = view.true(bottom, table.right)
    return Box(top, left, last_row, last_column)

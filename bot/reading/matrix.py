"""Grid -> forms of the kind ``matrix``: groups times columns of whole numbers, wherever they lie.

The arrows: View -anchors.tables-> Table -numbers.read-> Numbers -blocks, fields-> Form. The grid is tried
upright, as a cross table, then both turned by 90 degrees. It judges nothing: what is missing or doubtful is said
in the ``Count``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.forms import Form, Grid
from bot.reading import cross, fields, numbers
from bot.reading.anchors import Table, tables
from bot.reading.blocks import blocks
from bot.reading.cross import Cross
from bot.reading.numbers import Numbers
from bot.reading.view import Box, View
from bot.reading.vocabulary import Vocabulary, vocabulary
from bot.rules.forms import FormRule
from bot.rules.words import Words


def forms_in(grid: Grid, rule: FormRule, words: Words) -> tuple[Form, ...]:
    """Every form of this kind on the sheet, from top to bottom; none when its words are not there."""
    vocab, words = vocabulary(rule), words.with_measure(rule.measure)
    upright = View.of(grid, words.table_cell)
    whole = len(rule.groups) * len(rule.columns)
    found = _found(upright, vocab, whole)
    if found.cells < whole:
        # A turned form can look like the corner of an upright one (其他 beside 一级): the fuller reading counts.
        turned = _found(upright.quarter_turn(), vocab, whole)
        found = turned if turned.cells > found.cells else found
    view, tables_ = found.view, found.tables
    if not tables_:
        return ()
    read = [_read(view, vocab, tables_, table, words) for table in tables_]
    boxes = [_box(view, table, part.bottom) for table, part in zip(tables_, read, strict=True)]
    texts = fields.labelled(upright, vocab, turned=view.turned)
    forms = []
    for index, block in blocks(upright, vocab, boxes, texts):
        part, written = read[index], fields.of_block(upright, vocab, texts, block)
        forms.append(Form(rule.id, grid.name, written, part.counts, part.subtotals, part.total))
    return tuple(forms)


@dataclass(frozen=True)
class _Found:
    """The tables of a view, all of one make, and how many numbers the fullest of them has room for."""

    view: View
    tables: Sequence[Table | Cross]
    cells: int


def _found(view: View, vocab: Vocabulary, whole: int) -> _Found:
    upright = tables(view, vocab)
    most = max((len(table.columns) for table in upright), default=0)
    crossed = cross.crosses(view, vocab) if most < whole else []
    more = max((table.cells for table in crossed), default=0)
    return _Found(view, crossed, more) if more > most else _Found(view, upright, most)


def _read(view: View, vocab: Vocabulary, found: Sequence[Table | Cross], table: Table | Cross, words: Words) -> Numbers:
    if isinstance(table, Cross):
        return cross.read(view, table, words)
    others = [other for other in found if isinstance(other, Table)]
    return numbers.read(view, vocab, table, numbers.limit(view, vocab, others, table), words)


def _box(view: View, table: Table | Cross, bottom: int) -> Box:
    """Where the table lies on the sheet."""
    top, left = view.true(table.top, table.first)
    last_row, last_column = view.true(bottom, table.right)
    return Box(top, left, last_row, last_column)

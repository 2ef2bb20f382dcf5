"""Grid -> forms of the kind ``matrix``: groups times columns of whole numbers, wherever they lie.

The arrows: View -anchors.tables-> Table -numbers.read-> Numbers -blocks, fields-> Form. The grid is tried
upright, then turned by 90 degrees. It judges nothing: what is missing or doubtful is said in the ``Count``.
"""

from bot.model.forms import Form, Grid
from bot.reading import fields, numbers
from bot.reading.anchors import Table, tables
from bot.reading.blocks import blocks
from bot.reading.view import Box, View
from bot.reading.vocabulary import vocabulary
from bot.rules.forms import FormRule
from bot.rules.policy import Words


def forms_in(grid: Grid, rule: FormRule, words: Words) -> tuple[Form, ...]:
    """Every form of this kind on the sheet, from top to bottom; none when its words are not there."""
    vocab = vocabulary(rule)
    upright = view = View.of(grid, words.table_cell)
    found = tables(view, vocab)
    whole = len(rule.groups) * len(rule.columns)
    if _most_cells(found) < whole:
        # A turned form can look like the corner of an upright one (其他 beside 一级): the fuller reading counts.
        turned = upright.quarter_turn()
        found_turned = tables(turned, vocab)
        if _most_cells(found_turned) > _most_cells(found):
            view, found = turned, found_turned
    if not found:
        return ()
    read = [numbers.read(view, vocab, table, numbers.limit(view, vocab, found, table), words) for table in found]
    boxes = [_box(view, table, part.bottom) for table, part in zip(found, read, strict=True)]
    texts = fields.labelled(upright, vocab, turned=view.turned)
    forms = []
    for index, block in blocks(upright, vocab, boxes, texts):
        part, written = read[index], fields.of_block(upright, vocab, texts, block)
        forms.append(Form(rule.id, grid.name, written, part.counts, part.subtotals, part.total))
    return tuple(forms)


def _most_cells(found: list[Table]) -> int:
    return max((len(table.columns) for table in found), default=0)


def _box(view: View, table: Table, bottom: int) -> Box:
    """Where the table lies on the sheet."""
    top, left = view.true(table.top, table.first)
    last_row, last_column = view.true(bottom, table.right)
    return Box(top, left, last_row, last_column)

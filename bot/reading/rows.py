"""Tables with a row for each thing: registers of enterprises, lists of persons. Grids -> forms, by the words of rules.

A table is a line of headings with the rows below it, up to the next line of headings or the labels below the form.
Which table of which form it is, the nearest line above it says that names one alone, else the sheet's name. Tables
of one form that stand in one file belong together, unless they name different units.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.model.forms import Form, Grid, Other, Rival, RivalKind, RowRead, Written
from bot.reading import fields
from bot.reading.cells import shown
from bot.reading.view import Box, View
from bot.reading.vocabulary import vocabulary
from bot.reading.written import phone
from bot.rules.base import even
from bot.rules.rows import RowsRule
from bot.rules.words import Words

ABOVE = 8  # lines above the headings in which a title is looked for
_FAR = 1 << 30
NAMED = 3  # rows that are named to a liaison


@dataclass(frozen=True)
class _Header:
    """A line of headings: where each column of the rule stands."""

    row: int
    columns: dict[str, int]
    bottom: int  # the line below which the rows begin


@dataclass(frozen=True)
class _Table:
    """One table of one form, with the fields around it."""

    rule: RowsRule
    group: str
    grid: str
    rows: tuple[RowRead, ...]
    fields: dict[str, Written]
    titled: bool
    rivals: tuple[Rival, ...] = ()


def forms_of_rows(grids: Iterable[Grid], rules: Mapping[str, RowsRule], words: Words) -> tuple[Form, ...]:
    """Every form of rows in one file, in the order of the rules."""
    found = [table for grid in grids for table in _tables(grid, rules.values(), words)]
    return tuple(form for rule in rules.values() for form in _joined([t for t in found if t.rule is rule]))


def _joined(tables: Sequence[_Table]) -> list[Form]:
    """Tables of one form put together by the unit that they name; one that names none belongs to the one before."""
    forms: list[Form] = []
    for table in tables:
        unit = _unit(table.fields)
        if forms and (not unit or not _unit(forms[-1].fields) or unit == _unit(forms[-1].fields)):
            last = forms[-1]
            known = {k: v for k, v in table.fields.items() if v.text or k not in last.fields}
            together = {**known, **{k: v for k, v in last.fields.items() if v.text}}
            rows, titled = (*(last.rows or ()), *table.rows), last.titled or table.titled
            rivals = (*last.rivals, *table.rivals)
            forms[-1] = replace(last, fields={**last.fields, **together}, rows=rows, titled=titled, rivals=rivals)
        else:
            form = Form(table.rule.id, table.grid, table.fields, {}, rows=table.rows, titled=table.titled)
            forms.append(replace(form, rivals=table.rivals))
    return forms


def _unit(texts: Mapping[str, Written]) -> str:
    return even(texts["unit"].text) if "unit" in texts else ""


def _tables(grid: Grid, rules: Iterable[RowsRule], words: Words) -> list[_Table]:
    """The tables of one sheet, from top to bottom."""
    view = View.of(grid, words.table_cell)
    rules = tuple(rules)
    headers = [(rule, header) for rule in rules for header in _headers(view, rule)]
    starts = sorted({header.row for _, header in headers})
    found: list[_Table] = []
    for number, row in enumerate(starts):
        above = starts[number - 1] if number else -1
        end = starts[number + 1] if number + 1 < len(starts) else view.height
        here = [(rule, header) for rule, header in headers if header.row == row]
        named = _named(view, grid.name, [rule for rule, _ in here], range(max(above + 1, row - ABOVE), row))
        if named is None:
            if not found or found[-1].rule not in [rule for rule, _ in here]:
                continue
            named = found[-1].rule, found[-1].group  # the headings again, on the next page
        rule, group = named
        header = next(header for other, header in here if other is rule)
        rows = tuple(_rows(view, rule, group, header, end))
        around = _around(view, rule, 0 if number == 0 else above + 1, view.height if end == view.height else end)
        titled = _is_titled(view, grid.name, rule, header)
        found.append(
            _Table(rule, group, grid.name, rows, around, titled, _rivals(view, rule, group, header, end, rows))
        )
    return found


def _headers(view: View, rule: RowsRule) -> Iterable[_Header]:
    """Every line in which the columns of the form stand: all that are required, and two at least."""
    required = {column.id for column in rule.row if column.required}
    if any(column.required and column.words.isdisjoint(view.said) for column in rule.row):
        return  # most files are no register
    for row in range(view.height):
        columns, bottom = _columns(view, rule, row)
        if required <= columns.keys() and len(columns) >= max(2, len(required)):
            yield _Header(row, columns, bottom)


def _columns(view: View, rule: RowsRule, row: int) -> tuple[dict[str, int], int]:
    """Where each column of the form stands in a line of headings, and the last line of headings. Of several that may be
    one (电话 and 手机), the one whose name the rule has first; below a heading over several columns (联系方式) stand
    their own."""
    called: list[tuple[int, int, str]] = []
    bottom = row
    for at, names in enumerate(view.names[row]):
        own = [(rule.rank(id_, name), at, id_) for name in names for id_ in rule.called(name)]
        span = range(at, view.last_column(row, at) + 1) if own and row + 1 < view.height else range(0)
        inner = [
            (rule.rank(id_, name), x, id_)
            for x in (span if len(span) > 1 else ())
            for name in view.names[row + 1][x]
            for id_ in rule.called(name)
        ]
        bottom = row + 1 if inner else bottom
        called += inner or own
    columns: dict[str, int] = {}
    order = [column.id for column in rule.row]
    for _, at, id_ in sorted(called, key=lambda found: (found[0], found[1], order.index(found[2]))):
        if id_ not in columns and at not in columns.values():
            columns[id_] = at
    return columns, bottom


def _is_titled(view: View, sheet: str, rule: RowsRule, header: _Header) -> bool:
    """Whether the sheet says which form it is: by its title or its name; by its headings where they leave no doubt,
    which a name and a telephone never do."""
    if rule.is_named_in(even(sheet)) or any(map(rule.is_named_in, view.said)):
        return True
    if not rule.appoints:
        return len(header.columns) >= len(rule.row) - 1
    names = view.names[header.row][header.columns[rule.identity]]
    return any(even(group.label) in name for group in rule.groups for name in names)


def _named(view: View, sheet: str, rules: Sequence[RowsRule], lines: range) -> tuple[RowsRule, str] | None:
    """The one table that the nearest line above names, or the sheet's name; the only table of the only form."""
    for row in reversed(lines):
        for names in view.names[row]:
            if names and (one := _only(names[0], rules)):
                return one
    if one := _only(even(sheet), rules):
        return one
    tables = [(rule, group.id) for rule in rules for group in rule.groups]
    return tables[0] if len(tables) == 1 else None


def _only(text: str, rules: Sequence[RowsRule]) -> tuple[RowsRule, str] | None:
    """The table that a text names, if it names one alone: the title of annex 2 names two."""
    found = {
        (rule.id, group.id): max((len(word) for word in group.words if word in text), default=0)
        for rule in rules
        for group in rule.groups
    }
    best = max(found.values(), default=0)
    named = [(rule, group.id) for rule in rules for group in rule.groups if found[rule.id, group.id] == best]
    # 规模以上和高危: two tables of one form are named; 其他生产经营单位 contains no other's words.
    others = [key for key, length in found.items() if length and length < best]
    return named[0] if best and len(named) == 1 and not others else None


def _rows(view: View, rule: RowsRule, group: str, header: _Header, end: int) -> Iterable[RowRead]:
    """The filled rows below the headings, until the labels below the form."""
    vocab = vocabulary(rule)
    below = {word for word, field in vocab.labels.items() if field.side == "below"}
    titles = {word for g in rule.groups for word in g.words if len(word) > len(even(g.label))}
    sums = {*vocab.subtotals, *vocab.totals}
    for row in range(header.bottom + 1, end):
        first = next((names[0] for names in view.names[row] if names), "")
        if first.startswith(tuple(below)) and below:
            return
        alone = sum(not view.is_blank(row, column) for column in range(view.width)) == 1
        if alone and any(title in first for title in titles):
            return
        cells = {c.id: _cell(view, row, header.columns.get(c.id), c.holds) for c in rule.row}
        written = [cell for cell in cells.values() if cell.text]
        if not written or first in sums or (alone and _is_note(rule, first)):
            continue
        yield RowRead(group, cells, view.place(row, header.columns[rule.identity]))


def _rivals(
    view: View, rule: RowsRule, group: str, header: _Header, end: int, rows: Sequence[RowRead]
) -> tuple[Rival, ...]:
    """What its sender is told: how many of the rows are not shown, and were counted; and how many lines have something
    struck out, which was not."""
    if not view.doubts:
        return ()
    named = {row.place: next((cell.text for cell in row.cells.values() if cell.text), "") for row in rows}
    hidden: dict[str, str] = {}
    struck: dict[str, str] = {}
    for row in range(header.bottom + 1, end):
        place = view.place(row, header.columns[rule.identity])
        for doubt in (view.doubt(row, column) for column in header.columns.values()):
            if doubt and doubt.mark == "hidden" and place in named:
                hidden.setdefault(place, named[place])
            elif doubt and doubt.mark == "struck" and doubt.other:
                struck.setdefault(place, doubt.other)
    found: tuple[tuple[RivalKind, dict[str, str]], ...] = (("rows_hidden", hidden), ("rows_struck", struck))
    return tuple(_told(group, kind, those) for kind, those in found if those)


def _told(group: str, kind: RivalKind, those: Mapping[str, str]) -> Rival:
    names = "、".join([*those.values()][:NAMED])
    return Rival(("table", group), kind, Other(str(len(those)), next(iter(those)), names))


def _is_note(rule: RowsRule, text: str) -> bool:
    return any(text in even(note) or even(note) in text for note in rule.notes)


def _cell(view: View, row: int, column: int | None, holds: str) -> Written:
    if column is None:
        return Written("", "")
    cell = view.cells[row][column]
    text = "" if view.is_blank(row, column) else phone(cell) if holds == "phone" else shown(cell)
    # A line that was broken inside a cell is one name: 昌乐县华泰\n化工有限公司.
    return Written("".join(text.split("\n")).strip(), view.place(row, column))


def _around(view: View, rule: RowsRule, start: int, end: int) -> dict[str, Written]:
    """The labelled texts of the form between two lines of the sheet."""
    vocab = vocabulary(rule)
    texts = fields.labelled(view, vocab, turned=False)
    return fields.of_block(view, vocab, texts, Box(start, 0, end - 1, _FAR))

"""The checks of a form of rows: what is missing, what is no number, what stands twice. Severity and words are data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.deciding.findings import finding, rival_finding
from bot.model.deciding import Content, Finding, Numbers
from bot.model.forms import Form, RowRead
from bot.reading.written import count
from bot.rules.base import even
from bot.rules.rows import RowsRule
from bot.rules.words import Words

COUNT = "count"  # the one column of a form of rows in numbers


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where the same thing is registered besides: in another form of the unit's own, or by another unit."""

    case: str  # "forms" or "units"
    other: str


def rows_of(form: Form, rule: RowsRule, words: Words) -> Content:
    """The rows as they are kept, each keyed by column and ``table``; a number in doubt is None."""
    return [
        {"table": row.table, **{c.id: _value(row, c.id, c.holds, words) for c in rule.row}} for row in form.rows or ()
    ]


def _value(row: RowRead, column: str, holds: str, words: Words) -> Any:
    written = row.cells[column]
    if holds == "count":
        return count(written.text or None, written.place, words).value
    return written.text


def numbers_of_rows(content: Content, rule: RowsRule) -> Numbers:
    """How many rows each table has. A row without a name is none."""
    named = [row["table"] for row in content if row[rule.identity]]
    column = rule.columns[0].id
    return {group.id: {column: named.count(group.id)} for group in rule.groups}


def same_thing(name: str) -> str:
    """A name without what people do not see: width, blanks, punctuation."""
    return even(name)


def check_rows(
    form: Form, rule: RowsRule, words: Words, elsewhere: Mapping[str, Sequence[Elsewhere]]
) -> tuple[Finding, ...]:
    """Everything that does not hold, in the order of the form."""
    told = [rival_finding(rival, rule, words.rivals) for rival in form.rivals]
    found = [
        *_empty(form, rule),
        *told,
        *_cells(form, rule, words),
        *_repeated(form, rule, elsewhere),
        *_below(form, rule),
    ]
    return tuple(f for f in found if f is not None)


def _empty(form: Form, rule: RowsRule) -> Iterator[Finding | None]:
    rows = form.rows or ()
    if not rows:
        yield finding(rule, "required", "empty")
        return
    if rule.appoints and len(rows) > 1:
        yield finding(rule, "required", "one", rows[1].place, number=len(rows))
    for group in rule.groups:
        if not any(row.table == group.id for row in rows):
            yield finding(rule, "required", "table", label=group.label)


def _cells(form: Form, rule: RowsRule, words: Words) -> Iterator[Finding | None]:
    numbers: dict[str, int] = {}
    for index, row in enumerate(form.rows or ()):
        numbers[row.table] = number = numbers.get(row.table, 0) + 1
        label = rule.group(row.table).label
        for column in rule.row:
            cell = row.cells[column.id]
            target = ("row", str(index), column.id)
            if column.required and not cell.text:
                yield finding(
                    rule, "required", "row", cell.place, target, label=label, number=number, column=column.label
                )
            elif column.holds == "count" and count(cell.text or None, cell.place, words).doubt not in (None, "blank"):
                name = row.cells[rule.identity].text
                values = {"label": label, "name": name, "column": column.label, "written": cell.text}
                yield finding(rule, "count", "row", cell.place, target, **values)


def _repeated(form: Form, rule: RowsRule, elsewhere: Mapping[str, Sequence[Elsewhere]]) -> Iterator[Finding | None]:
    seen: dict[str, RowRead] = {}
    for index, row in enumerate(form.rows or ()):
        name = row.cells[rule.identity].text
        key = same_thing(name)
        if not key:
            continue
        target = ("row", str(index), rule.identity)
        label = rule.group(row.table).label
        if (first := seen.setdefault(key, row)) is not row:
            if first.table == row.table:
                yield finding(rule, "duplicate", "", row.place, target, label=label, name=name, first=first.place)
            else:
                other = rule.group(first.table).label
                yield finding(rule, "duplicate", "tables", row.place, target, name=name, label=other, other=label)
            continue
        for where in elsewhere.get(key, ()):
            yield finding(rule, "duplicate", where.case, row.place, target, name=name, other=where.other)


def _below(form: Form, rule: RowsRule) -> Iterator[Finding | None]:
    """Who filled it in, below the table, as on every form."""
    for field in rule.fields:
        written = form.fields.get(field.id)
        if field.side == "below" and (written is None or not written.text):
            place = written.place if written else ""
            yield finding(rule, "reporter", "", place, ("field", field.id), label=field.label)

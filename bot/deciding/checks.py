"""The checks of a matrix of counts: each a small function with a fixed id; severity, limits and words are data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.deciding.adding import subtotal, total
from bot.deciding.findings import finding, rival_finding
from bot.model.deciding import Accepted, Finding, Numbers, Target
from bot.model.forms import Count, Form
from bot.rules.checks import CheckId
from bot.rules.forms import FormRule, Labelled
from bot.rules.words import Words


@dataclass(frozen=True, slots=True)
class Context:
    """What a report is compared with: the last one of an earlier period, the next of a ``later`` one, and the
    registered base. ``current`` is the version that it is to replace, if any."""

    rule: FormRule
    words: Words
    earlier: Accepted | None = None
    base: Mapping[str, int] | None = None
    later: Accepted | None = None
    current: Accepted | None = None


def numbers_of(form: Form, rule: FormRule) -> Numbers:
    """The certain numbers. A blank cell is 0 only where a sum on the form says so, else it is absent.

    A form without any number has none: the sums of an empty workbook with formulas are 0 by themselves.
    """
    numbers = {
        g.id: {c: n.value for c, n in form.counts.get(g.id, {}).items() if n.value is not None} for g in rule.groups
    }
    if not any(numbers.values()):
        return numbers
    for group in rule.groups:
        cells = form.counts.get(group.id, {})
        stated = form.subtotals.get(group.id)
        if _only_blanks_missing(cells, rule) and stated and stated.value == subtotal(numbers, group.id):
            numbers[group.id] = {c.id: numbers[group.id].get(c.id, 0) for c in rule.columns}
    whole = form.total.value if form.total else None
    if whole == total(numbers) and all(_only_blanks_missing(form.counts.get(g.id, {}), rule) for g in rule.groups):
        return {g.id: {c.id: numbers[g.id].get(c.id, 0) for c in rule.columns} for g in rule.groups}
    return numbers


def _only_blanks_missing(cells: Mapping[str, Count], rule: FormRule) -> bool:
    return all(c.id in cells and cells[c.id].doubt in (None, "blank") for c in rule.columns)


def check(form: Form, numbers: Numbers, context: Context) -> tuple[Finding, ...]:
    """Everything that does not hold, in the order of the form. Sums are compared where all their parts are certain."""
    found = [f for part in (_cells, _rivals, _sums, _growth, _reporter) for f in part(form, numbers, context)]
    return tuple(f for f in found if f is not None)


def _cells(form: Form, numbers: Numbers, context: Context) -> Iterator[Finding | None]:
    rule = context.rule
    for group in rule.groups:
        for column in rule.columns:
            cell = form.counts.get(group.id, {}).get(column.id)
            if column.id in numbers[group.id] or (cell and cell.doubt == "parts"):
                continue
            label = rule.label_of(group.id, column.id)
            target = ("count", group.id, column.id)
            if cell is None or cell.doubt == "blank":
                yield finding(rule, "required", "", cell.place if cell else "", target, label=label)
            else:
                plain = finding(rule, "count", "", cell.place, target, label=label, written=cell.written)
                merged = finding(rule, "count", "merged", cell.place, target, label=label, written=cell.written)
                yield (merged or plain) if cell.doubt == "merged" else plain


def _rivals(form: Form, _: Numbers, context: Context) -> Iterator[Finding | None]:
    """What could also be another number: the sender is asked, in the words of the form, else in those of all forms."""
    for rival in form.rivals:
        yield rival_finding(rival, context.rule, context.words.rivals)


def _sums(form: Form, numbers: Numbers, context: Context) -> Iterator[Finding | None]:
    rule = context.rule
    whole = True
    for group in rule.groups:
        if len(numbers[group.id]) < len(rule.columns):
            whole = False
            continue
        label = group.label + rule.headings.subtotals[0]
        stated, computed = form.subtotals.get(group.id), subtotal(numbers, group.id)
        yield _compare(rule, "subtotal", ("subtotal", group.id), stated, label, computed)
    if whole:
        yield _compare(rule, "total", ("total",), form.total, rule.headings.total[0], total(numbers))


def _compare(
    rule: FormRule, id_: CheckId, target: Target, stated: Count | None, label: str, computed: int
) -> Finding | None:
    if stated is None or stated.doubt == "blank" or stated.value == computed:
        return None
    return finding(rule, id_, "", stated.place, target, label=label, stated=stated.written, computed=computed)


def _growth(form: Form, numbers: Numbers, context: Context) -> Iterator[Finding | None]:
    """Cumulative numbers fall, grow out of all proportion, or exceed the register; levels may move
    inside a category, so the category's sum is compared."""
    rule, earlier = context.rule, context.earlier
    for group in rule.groups:
        if len(numbers[group.id]) < len(rule.columns):
            continue
        now = subtotal(numbers, group.id)
        if earlier and group.id in earlier.numbers:
            last = subtotal(earlier.numbers, group.id)
            yield _against(rule, group, _place(form, group.id), now, earlier, last, context.words)
        if context.later and group.id in context.later.numbers:
            yield _against_later(context, group, _place(form, group.id), now, context.later)
        registered = (context.base or {}).get(group.id)
        if registered is not None and now > registered:
            place = _place(form, group.id)
            values: dict[str, str | int] = {"label": group.label, "now": now, "base": registered}
            yield finding(rule, "exceeds_base", "", place, ("subtotal", group.id), **values)


def _place(form: Form, group: str) -> str:
    """Where the sender looks for a category's number: at its sum, else at its first cell."""
    cells = [form.subtotals[group]] if group in form.subtotals else list(form.counts.get(group, {}).values())
    return cells[0].place if cells else ""


def _against(
    rule: FormRule, group: Labelled, place: str, now: int, earlier: Accepted, last: int, words: Words
) -> Finding | None:
    values: dict[str, str | int] = {
        "label": group.label,
        "now": now,
        "last": last,
        "last_period": words.month_text(earlier.period),
    }
    if now < last:
        return finding(rule, "decreased", "", place, ("subtotal", group.id), **values, difference=last - now)
    jump = rule.check("jump")
    if jump and now - last >= jump.at_least and now > last * jump.factor:
        return finding(rule, "jump", "", place, ("subtotal", group.id), **values, difference=now - last)
    return None


def _against_later(context: Context, group: Labelled, place: str, now: int, later: Accepted) -> Finding | None:
    """The same for numbers that come after those of a later month. What the version in force has for a gap was asked
    about before: only a wider one is new."""
    rule, last = context.rule, subtotal(later.numbers, group.id)
    had = context.current and group.id in context.current.numbers
    before = subtotal(context.current.numbers, group.id) if had and context.current else None
    values: dict[str, str | int] = {
        "label": group.label,
        "now": now,
        "last": last,
        "last_period": context.words.month_text(later.period),
        "difference": abs(now - last),
    }
    if now > last and (before is None or now > before):
        return finding(rule, "decreased", "later", place, ("subtotal", group.id), **values)
    jump = rule.check("jump", "later")
    grown = jump and last - now >= jump.at_least and last > now * jump.factor
    if grown and (before is None or now < before):
        return finding(rule, "jump", "later", place, ("subtotal", group.id), **values)
    return None


def _reporter(form: Form, _: Numbers, context: Context) -> Iterator[Finding | None]:
    for field in context.rule.fields:
        if field.side == "below":
            written = form.fields.get(field.id)
            if written is None or not written.text:
                place = written.place if written else ""
                yield finding(context.rule, "reporter", "", place, ("field", field.id), label=field.label)

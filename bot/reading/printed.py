"""What was read off paper, or off what was meant for paper: how far its forms are believed. Pure.

A sheet that is printed over two pages, or a header that was not recognised, leaves a form with columns missing.
Its numbers may belong to other columns: it is no form, and its sender is asked for the workbook.
"""

from collections.abc import Iterable
from dataclasses import replace

from bot.model.forms import Form
from bot.reading.opened import Opened
from bot.rules.forms import FormRule
from bot.rules.policy import Rules


def weighed(opened: Opened, forms: Iterable[Form], rules: Rules) -> tuple[Opened, tuple[Form, ...]]:
    """The forms that are whole, each with its confidence; without any, ``opened`` says what to answer.

    Something that speaks of a form and is none is unreadable. What does not is no report: a photo, a notice.
    """
    found = tuple(forms)
    whole = tuple(form for form in found if form.rows or _is_whole(form, rules.forms[form.form]))
    if whole:
        ruled = {grid.name for grid in opened.grids}
        certain = opened.confidence == "summed" and len(whole) == len(found)
        return opened, tuple(_weighed(form, certain and form.place in ruled) for form in whole)
    if opened.unreadable is None and (found or _speaks(opened, rules)):
        return replace(opened, unreadable=opened.kind), ()
    return opened, ()


def _is_whole(form: Form, rule: FormRule) -> bool:
    return all(column.id in form.counts.get(group.id, {}) for group in rule.groups for column in rule.columns)


def _weighed(form: Form, certain: bool) -> Form:
    agrees = certain and not form.rivals and sums_agree(form)
    return replace(form, confidence="exact" if agrees else "confirm")


def sums_agree(form: Form) -> bool:
    """Whether the form states its total, and every sum that it states is that of its numbers, none of which is
    in doubt."""
    counts = {group: [count.value for count in row.values()] for group, row in form.counts.items()}
    if any(value is None for values in counts.values() for value in values):
        return False
    sums = {group: sum(value or 0 for value in values) for group, values in counts.items()}
    stated = all(count.value == sums.get(group) for group, count in form.subtotals.items() if count.doubt != "blank")
    return stated and form.total is not None and form.total.value == sum(sums.values())


def _speaks(opened: Opened, rules: Rules) -> bool:
    texts = (cell for grid in (*opened.grids, *opened.hidden) for row in grid.rows for cell in row)
    written = "".join(text for text in texts if isinstance(text, str))
    return any(rule.spoken_of_in(written) for rule in rules.forms.values())

"""Puts a form where it belongs: whose it is, of which month, what its numbers are. Looks at no history yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.deciding.checks import numbers_of
from bot.deciding.rowchecks import numbers_of_rows, rows_of
from bot.deciding.whichperiod import Campaign, WhichPeriod, which_period
from bot.deciding.whose import KnownSender, Whose, whose
from bot.model.deciding import ONCE, Content, Numbers
from bot.model.forms import Document, Form, Written
from bot.reading.written import day
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.rows import RowsRule
from bot.rules.units import Units

HALF_A_YEAR = timedelta(days=183)


@dataclass(frozen=True, slots=True)
class Placed:
    """A form with what is concluded from it and its mail alone; ``arrived_at`` if it came with an earlier one."""

    form: Form
    rule: FormRule
    document: str
    numbers: Numbers
    filled_on: date | None
    whose: Whose
    when: WhichPeriod
    arrived_at: datetime | None = None
    content: Content = field(default_factory=list)


def place(
    documents: tuple[Document, ...],
    sender: KnownSender,
    rules: Rules,
    *,
    subject: str,
    received_at: datetime,
    campaign: Campaign,
    zone: ZoneInfo,
) -> tuple[Placed, ...]:
    """Every form of every document of one mail, in the order in which they stand there.

    A form that was left empty beside one that was filled in is no report: people leave the template in the
    workbook. When all are empty, each is one, and what it lacks is said.
    """
    forms = [(form, document) for document in documents for form in document.forms]
    filled = [item for item in forms if not is_empty(item[0])]
    return _without_other_months(
        [
            _place(form, document, sender, rules, subject, received_at, campaign, zone)
            for form, document in filled or forms
        ]
    )


def _without_other_months(placed: list[Placed]) -> tuple[Placed, ...]:
    """Who keeps a sheet for each month sends the whole workbook: what lies before the campaign, or in the future, is
    no report beside one of the same unit in the same file that is."""
    good = {(item.document, item.rule.id, item.whose.unit) for item in placed if item.when.period}
    return tuple(
        item
        for item in placed
        if not (
            item.when.finding is not None
            and item.when.finding.case in ("outside", "future")
            and (item.document, item.rule.id, item.whose.unit) in good
        )
    )


def brings_open(item: Placed, placed: Sequence[Placed]) -> bool:
    """Whether the same mail has the open month's report of the same unit."""
    return any(
        (other.rule.id, other.whose.unit, other.when.period) == (item.rule.id, item.whose.unit, item.when.open)
        for other in placed
    )


def is_empty(form: Form) -> bool:
    """Whether nothing was written into the table; sums by formula are 0 by themselves."""
    if form.rows is not None or form.paper:
        return not form.rows and not form.paper
    cells = [count for columns in form.counts.values() for count in columns.values()]
    sums = [*form.subtotals.values(), *([form.total] if form.total else [])]
    return all(c.doubt == "blank" for c in cells) and all(s.doubt == "blank" or s.value == 0 for s in sums)


def _day_near(text: str, arrived: date) -> date | None:
    """The day that is written; without a year the nearest to the arrival: 12-31 arriving in January is last year's."""
    if whole := day(text, None):
        return whole
    near = [day(text, year) for year in (arrived.year - 1, arrived.year, arrived.year + 1)]
    # 2月29日 of a year that has none is a typing error, and not a day of another year.
    return next((d for d in near if d and abs(d - arrived) <= HALF_A_YEAR), None)


def _place(
    form: Form,
    document: Document,
    sender: KnownSender,
    rules: Rules,
    subject: str,
    received_at: datetime,
    campaign: Campaign,
    zone: ZoneInfo,
) -> Placed:
    rule = rules.forms[form.form]
    written_on = form.fields.get("filled_on")
    filled_on = _day_near(written_on.text, received_at.astimezone(zone).date()) if written_on else None
    when = (
        WhichPeriod(ONCE, ONCE)
        if rule.owed.once
        else which_period(
            form.fields.get("period"),
            rule,
            rules.words,
            filled_on=filled_on,
            subject=subject,
            # A letter about another form says nothing of this one's month.
            reply_period=sender.reply_period if rule.id in (sender.reply_forms or (rule.id,)) else None,
            received_at=received_at,
            campaign=campaign,
            zone=zone,
        )
    )
    unit = _unit_written(form, rule)
    owner = _of_its_time(whose(unit, sender, rule, rules.units), unit, rule, when.period, rules.units)
    content, numbers = _said(form, rule, document, rules)
    return Placed(form, rule, document.name, numbers, filled_on, owner, when, document.arrived_at, content)


def _of_its_time(owner: Whose, written: Written | None, rule: FormRule, period: str | None, units: Units) -> Whose:
    """What a unit that has ended owed in a month is its own, and no correction of the unit whose part it is now."""
    part = units.ended(written.text) if written and period and not rule.owed.once else None
    if part is None or period is None or not rule.owed_by(part, period):
        return owner
    heir = units.by_id.get(part.into)
    return replace(owner, unit=part.name) if heir and heir.name == owner.unit else owner


def _unit_written(form: Form, rule: FormRule) -> Written | None:
    """The unit above the table; else the one that every row names."""
    written = form.fields.get("unit")
    if (written and written.text) or not isinstance(rule, RowsRule):
        return written
    column = next((c.id for c in rule.row if c.holds == "unit"), None)
    named = {row.cells[column].text: row.cells[column] for row in form.rows or ()} if column else {}
    return named.popitem()[1] if len(named) == 1 else written


def _said(form: Form, rule: FormRule, document: Document, rules: Rules) -> tuple[Content, Numbers]:
    """What a form says, by its kind: rows and how many there are; which document it is; its numbers."""
    if isinstance(rule, RowsRule):
        content = rows_of(form, rule, rules.words)
        return content, numbers_of_rows(content, rule)
    if rule.kind == "paper":
        return [{"name": document.name, "sha256": form.paper}], {}
    return [], numbers_of(form, rule)

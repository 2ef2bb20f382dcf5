"""Puts a form where it belongs: whose it is, of which month, what its numbers are. Looks at no history yet."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.deciding.checks import numbers_of
from bot.deciding.whichperiod import Campaign, WhichPeriod, which_period
from bot.deciding.whose import KnownSender, Whose, whose
from bot.model.deciding import Numbers
from bot.model.forms import Document, Form
from bot.reading.written import day
from bot.rules.forms import FormRule
from bot.rules.policy import Rules


@dataclass(frozen=True, slots=True)
class Placed:
    """A form with what is concluded from it and its mail alone."""

    form: Form
    rule: FormRule
    document: str
    numbers: Numbers
    filled_on: date | None
    whose: Whose
    when: WhichPeriod


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
    """Every form of every document of one mail, in the order in which they stand there."""
    return tuple(
        _place(form, document.name, sender, rules, subject, received_at, campaign, zone)
        for document in documents
        for form in document.forms
    )


def _place(
    form: Form,
    document: str,
    sender: KnownSender,
    rules: Rules,
    subject: str,
    received_at: datetime,
    campaign: Campaign,
    zone: ZoneInfo,
) -> Placed:
    rule = rules.forms[form.form]
    written_on = form.fields.get("filled_on")
    filled_on = day(written_on.text, received_at.astimezone(zone).year) if written_on else None
    when = which_period(
        form.fields.get("period"),
        rule,
        rules.words,
        filled_on=filled_on,
        subject=subject,
        reply_period=sender.reply_period,
        received_at=received_at,
        campaign=campaign,
        zone=zone,
    )
    owner = whose(form.fields.get("unit"), sender, rule, rules.units)
    return Placed(form, rule, document, numbers_of(form, rule), filled_on, owner, when)

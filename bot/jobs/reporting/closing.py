"""The end of the campaign: one closing letter for each form, then silence.

    every deadline past, every stage and bulletin that comes after it -> the end
    the digest that comes due after it -> the closing letter in its place, once; no digest any more

What is still sent is registered and answered, and what needs a person is told, as ever.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.deciding.county_view import county_view
from bot.deciding.deadlines import periods
from bot.deciding.formwords import form_words
from bot.deciding.ladder import days_after, moment
from bot.deciding.standing import OWING, Standing, rates
from bot.deciding.views import shown_period
from bot.jobs.dispensing import let_off
from bot.jobs.enqueuing import enqueue_for_staff
from bot.jobs.parts import Bot
from bot.jobs.reporting.bulletins import due_at
from bot.jobs.reporting.digest_letters import question
from bot.jobs.reporting.figures import held_to, month_of
from bot.jobs.standing import lines_between
from bot.model.deciding import LetterDraft
from bot.record import reports, runs

JOB = LETTER = "closing"


def owed_in_all(bot: Bot, form: str) -> tuple[str, ...]:
    """Every month of the campaign for which a form is owed, past or not."""
    rule, c = bot.rules.forms[form], bot.campaign
    return tuple(p for p in periods(c.first, c.last) if rule.is_owed_for(p))


def end_of(bot: Bot, conn: Connection) -> datetime | None:
    """When nothing is left that the calendar could ask for: after the last deadline of any form of numbers, put off or
    not, the last stage, the groups' letter and the bulletin. None where nothing is owed at all."""
    found = []
    reminders, calendar, zone = bot.rules.reminders, bot.calendar, bot.zone
    for form in bot.rules.matrices:
        if not (owed := owed_in_all(bot, form)):
            continue
        own = [due for due in let_off(bot, conn, form, owed[-1]).values() if due is not None]
        last = max([bot.deadline(form, owed[-1]), *own])
        found += [last, *(moment(stage, last, reminders.hours, calendar, zone) for stage in reminders.stages)]
        if reminders.groups is not None:
            found.append(days_after(last, reminders.groups.working_days, reminders.hours, calendar, zone))
        if form == bot.rules.bulletin_form:
            found.append(due_at(bot, owed[-1]))
    return max(found, default=None)


def close(bot: Bot, conn: Connection, now: datetime) -> bool:
    """Queues the closing letters, once for this end of the campaign. True when they are new."""
    if not runs.claim_run(conn, JOB, bot.campaign.last, now):
        return False
    forms = sorted(bot.rules.matrices, key=lambda form: form != bot.rules.targets.form)
    waiting = list(reports.waiting(conn))
    for form in forms:
        if context := _context(bot, conn, form, now):
            context["questions"] = [_question(bot, row) for row in waiting]
            draft = LetterDraft(f"{JOB}:{form}:{bot.campaign.last}", LETTER, "", context)
            enqueue_for_staff(bot, conn, draft, now)
            waiting = []  # in the first of them alone
    return True


def _context(bot: Bot, conn: Connection, form: str, now: datetime) -> dict[str, Any] | None:
    rule, began = bot.rules.forms[form], runs.first_run(conn, now)
    months = [p for p in owed_in_all(bot, form) if bot.deadline(form, p) >= began]
    if not months:
        return None
    standings = lines_between(bot, conn, form, months, now)
    counted = [rates(of_month) for of_month in standings]
    month = month_of(bot, conn, form, months[-1], now)
    view = county_view(rule, bot.rules, month, held_to(bot, months[-1], now))
    return {
        "form_name": rule.name,
        "form_title": rule.title,
        "words": form_words(form, bot.rules),
        "first": months[0],
        "last": months[-1],
        "months": len(months),
        "expected": sum(c.expected for c in counted),
        "received": sum(c.received for c in counted),
        "on_time": sum(c.on_time for c in counted),
        "missing": _missing(months, standings),
        "categories": view["categories"],
        "total": view["total"],
    }


def _missing(months: list[str], standings: list[tuple[Standing, ...]]) -> list[dict[str, Any]]:
    """unit -> the months that it still owes, in the order of the units."""
    owed: dict[str, list[str]] = {}
    for period, of_month in zip(months, standings, strict=True):
        for line in of_month:
            if line.state in OWING:
                owed.setdefault(line.unit.name, []).append(period)
    return [{"unit": unit, "periods": of_unit} for unit, of_unit in owed.items()]


def _question(bot: Bot, row: Any) -> dict[str, Any]:
    return {
        **question(bot, row),
        "form_name": bot.rules.form_name(row.form),
        "words": form_words(row.form, bot.rules),
        "period": shown_period(row.about),
    }

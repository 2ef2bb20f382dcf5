"""Reads the record for a year's assessment.

yearplan.dues -> assessments.filed: ONE statement; let_off_between: one a form -> assessing.assess
"""

from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.assessing import assess
from bot.deciding.yearplan import dues
from bot.jobs.dispensing import let_off_between
from bot.jobs.parts import Bot
from bot.jobs.standing import people_by_unit
from bot.model.assessment import Assessed
from bot.record import assessments


def assessed(bot: Bot, conn: Connection, year: int, since: datetime, now: datetime) -> tuple[Assessed, ...]:
    """Every unit that owed something which fell due in that year, from ``since`` (the first run) until now."""
    counted = [bot.rules.forms[form] for form in bot.rules.assessment.forms]
    owed = dues(year, counted, bot.campaign, bot.calendar, bot.zone, bot.passed)
    periods: dict[str, set[str]] = {}
    for due in owed:
        periods.setdefault(due.form, set()).add(due.period)
    filed = assessments.filed(conn, periods.keys(), {due.period for due in owed})
    off = {
        (form, period): given
        for form, of_form in periods.items()
        for period, given in let_off_between(bot, conn, form, min(of_form), max(of_form)).items()
    }
    # A unit whose liaison the office has entered by itself owes no list (see jobs/standing.py).
    lists = [due.form for due in owed if due.form == bot.rules.roster.id]
    entered = {(form, unit) for form in lists for unit in people_by_unit(conn, bot, now)}
    return assess(bot.rules, owed, filed, now, bot.zone, since=since, let_off=off, entered=entered)

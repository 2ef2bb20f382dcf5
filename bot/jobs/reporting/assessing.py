"""Reads the record for a year's assessment.

yearplan.dues -> assessments.filed, let_off: ONE statement each -> assessing.assess
"""

from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.assessing import assess
from bot.deciding.deadlines import END_OF_DAY
from bot.deciding.yearplan import dues
from bot.jobs.parts import Bot
from bot.jobs.standing import people_by_unit
from bot.model.assessment import Assessed
from bot.record import assessments


def assessed(bot: Bot, conn: Connection, year: int, since: datetime, now: datetime) -> tuple[Assessed, ...]:
    """Every unit that owed something which fell due in that year, from ``since`` (the first run) until now."""
    counted = [bot.rules.forms[form] for form in bot.rules.assessment.forms]
    owed = dues(year, counted, bot.campaign, bot.calendar, bot.zone)
    forms, periods = {due.form for due in owed}, {due.period for due in owed}
    filed = assessments.filed(conn, forms, periods)
    off: dict[tuple[str, str], dict[str, datetime | None]] = {}
    for given in assessments.let_off(conn, forms, periods):
        own = datetime.combine(given.until, END_OF_DAY, bot.zone) if given.until else None
        off.setdefault((given.form, given.period), {})[given.unit] = own
    # A unit whose liaison the office has entered by itself owes no list (see jobs/standing.py).
    lists = [due.form for due in owed if due.form == bot.rules.roster.id]
    entered = {(form, unit) for form in lists for unit in people_by_unit(conn, bot, now)}
    return assess(bot.rules, owed, filed, now, bot.zone, since=since, let_off=off, entered=entered)

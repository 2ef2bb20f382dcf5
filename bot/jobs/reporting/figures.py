"""The numbers that count for the county in a month. Reads the record; digest, board, bulletin and the groups' letter
look here."""

from datetime import date, datetime

from sqlalchemy import Connection

from bot.deciding.bulletin import Month
from bot.deciding.deadlines import previous_period
from bot.deciding.targets import account_day
from bot.jobs.parts import Bot
from bot.jobs.standing import lines
from bot.model.deciding import Accepted, Numbers
from bot.record import people, versions
from bot.rules.forms import FormRule


def reporting(bot: Bot, rule: FormRule, period: str) -> list[str]:
    """The units that owe a form for a period."""
    return [unit.name for unit in rule.owing(bot.rules.units.units, period)]


def in_force(
    bot: Bot, conn: Connection, form: str, period: str, recorded_until: datetime | None = None
) -> dict[str, Accepted]:
    """unit -> the report that counts for a month; with ``recorded_until`` as of that moment.

    Where numbers are cumulative, a unit that has not reported this month still has what it reported last; others are of
    their month alone.
    """
    first = "" if bot.rules.forms[form].cumulative else period
    found = versions.in_force_until(conn, form, period, recorded_until, first)
    return {unit: versions.as_accepted(row) for unit, row in found.items()}


def counting(
    bot: Bot, conn: Connection, form: str, period: str, recorded_until: datetime | None = None
) -> dict[str, Numbers]:
    """The numbers of the same, for the units that owe the form."""
    found = in_force(bot, conn, form, period, recorded_until)
    return {unit: found[unit].numbers for unit in reporting(bot, bot.rules.forms[form], period) if unit in found}


def month_of(bot: Bot, conn: Connection, form: str, period: str, now: datetime) -> Month:
    """All that is told of a month, as it stands now."""
    return Month(
        lines(bot, conn, form, period, now),
        in_force(bot, conn, form, period),
        in_force(bot, conn, form, previous_period(period)),
        people.bases(conn, form),
    )


def held_to(bot: Bot, period: str, now: datetime) -> date:
    """The day to which the numbers of a month are held."""
    return account_day(period, now.astimezone(bot.zone).date())

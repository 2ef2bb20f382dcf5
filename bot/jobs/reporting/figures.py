"""The numbers that count for the county in a month. Reads the record; the digest and the board look here."""

from datetime import date, datetime

from sqlalchemy import Connection

from bot.deciding.targets import account_day
from bot.jobs.parts import Bot
from bot.model.deciding import Numbers
from bot.record import reports
from bot.rules.forms import FormRule


def reporting(bot: Bot, rule: FormRule) -> list[str]:
    """The units that owe a form."""
    return [unit.name for unit in bot.rules.units.units if unit.kind in rule.owed.by]


def counting(
    bot: Bot, conn: Connection, form: str, period: str, recorded_until: datetime | None = None
) -> dict[str, Numbers]:
    """unit -> what counts of it, for the units that owe the form; with ``recorded_until`` as of that moment.

    Where numbers are cumulative, a unit that has not reported this month still has what it reported last.
    """
    rule = bot.rules.forms[form]
    first = "" if rule.cumulative else period
    found = reports.in_force_until(conn, form, period, recorded_until, first)
    return {unit: found[unit].numbers for unit in reporting(bot, rule) if unit in found}


def held_to(bot: Bot, period: str, now: datetime) -> date:
    """The day to which the numbers of a month are held."""
    return account_day(period, now.astimezone(bot.zone).date())

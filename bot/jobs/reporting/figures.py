"""What the record knows of a month for the county. Reads the record; digest, board, bulletin and the groups' letter
look here, and ``deciding.county`` adds it up."""

from datetime import date, datetime

from sqlalchemy import Connection

from bot.deciding.county import Month
from bot.deciding.deadlines import owed_periods, previous_period
from bot.deciding.pace import Streak, streaks
from bot.deciding.targets import account_day
from bot.jobs.parts import Bot
from bot.jobs.registered import bases
from bot.jobs.standing import lines, lines_between
from bot.model.deciding import Accepted
from bot.record import runs, versions

LOOKED_BACK = 12  # months: of a longer row it is not said how long it is


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


def month_of(bot: Bot, conn: Connection, form: str, period: str, now: datetime, since: datetime | None = None) -> Month:
    """All that is told of a month, as it stands now: held against the month before, or against what the record knew at
    the moment ``since``."""
    before = in_force(bot, conn, form, previous_period(period) if since is None else period, since)
    return Month(
        period, lines(bot, conn, form, period, now), in_force(bot, conn, form, period), before, bases(bot, conn, form)
    )


def streaks_of(bot: Bot, conn: Connection, form: str, period: str, now: datetime) -> dict[str, Streak]:
    """Of each unit how many months in a row it has not grown, or was late, up to a month. Looks no further back than
    the first run: what fell due before it is nobody's fault that the bot knows of."""
    rule, first_run = bot.rules.forms[form], runs.first_run(conn, now)
    owed = owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone)
    months = [p for p in owed if p <= period and bot.deadline(form, p) >= first_run][-LOOKED_BACK:]
    return streaks([{line.unit.name: line for line in of} for of in lines_between(bot, conn, form, months, now)])


def held_to(bot: Bot, period: str, now: datetime) -> date:
    """The day to which the numbers of a month are held."""
    return account_day(period, now.astimezone(bot.zone).date())

"""Whom the office has let off, and to whom it gave more time."""

from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.deadlines import END_OF_DAY
from bot.jobs.parts import Bot
from bot.record import acts

LetOff = dict[str, datetime | None]  # unit -> its own deadline, or None when it need not report at all


def let_off(bot: Bot, conn: Connection, form: str, period: str) -> LetOff:
    """Of one form and period; the own deadline is the end of the day that was given."""
    return let_off_between(bot, conn, form, period, period).get(period, {})


def let_off_between(bot: Bot, conn: Connection, form: str, first: str, last: str) -> dict[str, LetOff]:
    """The same for every period from one to another: one statement, however many they are."""
    found: dict[str, LetOff] = {}
    for given in acts.dispensations(conn, form, first, last):
        own = datetime.combine(given.until, END_OF_DAY, bot.zone) if given.until else None
        found.setdefault(given.period, {})[given.unit] = own
    return found


def deadline_of(bot: Bot, conn: Connection, form: str, unit: str | None, period: str) -> datetime:
    """The last second at which a unit's report is on time, in the office's zone."""
    return (unit and let_off(bot, conn, form, period).get(unit)) or bot.deadline(form, period)

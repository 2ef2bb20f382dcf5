"""Whom the office has let off, and to whom it gave more time."""

from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.deadlines import END_OF_DAY
from bot.jobs.parts import Bot
from bot.record import acts


def let_off(bot: Bot, conn: Connection, form: str, period: str) -> dict[str, datetime | None]:
    """unit -> its own deadline (the end of the day that was given), or None when it need not report at all."""
    given = acts.dispensations(conn, form, period)
    return {unit: datetime.combine(d.until, END_OF_DAY, bot.zone) if d.until else None for unit, d in given.items()}


def deadline_of(bot: Bot, conn: Connection, form: str, unit: str | None, period: str) -> datetime:
    """The last second at which a unit's report is on time, in the office's zone."""
    return (unit and let_off(bot, conn, form, period).get(unit)) or bot.deadline(form, period)

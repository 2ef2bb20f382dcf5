"""How many answers there were, to everybody and to strangers: what the limits are held against.

An answer is a letter that a mail led to, and counts at the moment when it was last on its way, or may leave. What lies
more than a day ahead was put there by a clock that was wrong, and does not count.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from bot.record.schema import letter, liaison

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Every state there is: named, so that the index on state and due_at serves. Without it each letter ever written would
# be read, with its files.
STATES = ("unmade", "held", "queued", "sending", "sent", "failed", "cancelled")


def next_turn(conn: Connection, per_hour: int, now: datetime, *, but: Collection[str]) -> datetime:
    """When one more answer may leave, so that no hour has more than ``per_hour``: now, or behind those that wait.
    Answers to the addresses ``but`` do not count."""
    query = select(letter.c.due_at).where(*_answers(now - HOUR, now), letter.c.to.not_in(but))
    full = conn.execute(query.order_by(letter.c.due_at.desc()).offset(per_hour - 1).limit(1)).scalar()
    return now if full is None else max(now, full + HOUR)


def to_strangers(conn: Connection, since: datetime, now: datetime, today: date, *, but: Collection[str]) -> int:
    """How many answers there were after ``since`` to addresses that are no liaison's today, nor among ``but``."""
    registered = select(liaison.c.email).where(
        liaison.c.since <= today, or_(liaison.c.until.is_(None), liaison.c.until > today)
    )
    where = (*_answers(since, now), letter.c.to.not_in(but), letter.c.to.not_in(registered))
    return int(conn.execute(select(func.count()).where(*where)).scalar_one())


def _answers(since: datetime, now: datetime) -> tuple[ColumnElement[Any], ...]:
    between = (letter.c.due_at > since, letter.c.due_at <= now + DAY)
    return (letter.c.state.in_(STATES), *between, letter.c.mail_id.is_not(None))

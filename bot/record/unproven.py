"""Letters of which nobody knows whether they left: their worker died, or lost the connection, in handing them over."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from bot.record.runs import note
from bot.record.schema import letter

NEIGHBOURS = 3


def letters(conn: Connection, before: datetime, after: datetime) -> list[Row[Any]]:
    """Letters that a worker was handing over when it died, claimed ``before``: nobody knows whether they arrived.
    What was claimed ``after`` a moment in the future was claimed by a clock that was wrong."""
    claimed = or_(letter.c.due_at < before, letter.c.due_at > after)
    query = select(letter).where(letter.c.state == "sending", claimed)
    return list(conn.execute(query.order_by(letter.c.id)))


def neighbours(conn: Connection, moment: datetime, span: timedelta, until: datetime) -> list[Row[Any]]:
    """The letters that the server took last before ``moment``, and the first ones after it and before ``until``: a few
    of each, as those of one run bear one time, and at most ``span`` away."""
    sent = select(letter).where(letter.c.state == "sent")
    before = sent.where(letter.c.sent_at.between(moment - span, moment)).order_by(letter.c.sent_at.desc())
    after = sent.where(letter.c.sent_at > moment, letter.c.sent_at <= min(moment + span, until))
    return [
        row for query in (before, after.order_by(letter.c.sent_at)) for row in conn.execute(query.limit(NEIGHBOURS))
    ]


def settle(conn: Connection, row: Row[Any], now: datetime, state: str, what: str) -> bool:
    """Ends the doubt about a letter: its new ``state``, and ``what`` happened. False, and nothing is done, when
    somebody else was quicker."""
    values: dict[str, object] = {"state": state}
    if state == "sent":
        values |= {"sent_at": min(row.due_at, now), "answer": ""}
    elif state == "queued":
        values["due_at"] = now
    same = (letter.c.id == row.id, letter.c.state == "sending", letter.c.attempts == row.attempts)
    if conn.execute(update(letter).where(*same).values(values)).rowcount != 1:
        return False
    note(conn, now, what, letter_id=row.id, mail_id=row.mail_id)
    return True

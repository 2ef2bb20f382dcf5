"""What the record knows of the machine's clock. What was written while it was ahead must not stop anything once it is
right again; while it is behind, the calendar asks for nothing.

No row can tell when it was really written. But a moment that lies farther ahead than anything is ever put off was not
meant, and neither is what has "happened" tomorrow: such a row counts for nothing, and is left as it is.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from bot.record.schema import letter, mail

SKEW = timedelta(minutes=5)  # the clocks of several workers differ by no more
AHEAD = timedelta(days=1)  # what was done farther ahead than this was done by a clock that was wrong
MAIL_STATES = ("new", "done", "aside")  # all of them: named, so that the index serves
WITNESSES = 20  # so many of the newest mails are asked
LONGEST_CLAIM = timedelta(hours=1)  # of a mail: at work, or waiting to be tried once more
LONGEST_WAIT = timedelta(days=2)  # of a letter: "until tomorrow", and the answers of a flood
LONGEST_HOLIDAY = timedelta(days=31)  # of a letter that leaves in working hours only
OF_A_MOMENT = ("attention", "alarm", "probe")  # letters that say what is, whatever the date


def is_behind(conn: Connection, now: datetime) -> bool:
    """Whether the clock was set back: mail has come since that the server dates later than ``now``, as this machine did
    itself then. A mail that only one of the two dates so proves nothing."""
    columns = (mail.c.received_at, mail.c.archived_at)
    later = select(*columns).where(mail.c.state.in_(MAIL_STATES), mail.c.received_at > now + AHEAD)
    newest = conn.execute(later.order_by(mail.c.received_at.desc()).limit(WITNESSES))
    return any(abs(row.archived_at - row.received_at) <= AHEAD for row in newest)


def mail_is_free(now: Any, far: Any) -> ColumnElement[bool]:
    """Mails that nobody works on, and whose turn it is; ``far`` is ``now`` and the longest claim."""
    until = mail.c.claimed_until
    return or_(until.is_(None), until <= now, until > far)


def letter_is_due(now: datetime) -> ColumnElement[bool]:
    """Letters whose turn it is. What the calendar asked for, and a clock that was ahead has written too early, waits
    for its day: only then is it true."""
    far = or_(
        letter.c.due_at > now + LONGEST_HOLIDAY,
        and_(letter.c.due_at > now + LONGEST_WAIT, letter.c.only_while_owed.is_(False)),
    )
    true_today = or_(letter.c.mail_id.is_not(None), letter.c.letter.in_(OF_A_MOMENT), letter.c.queued_at <= now + AHEAD)
    return or_(letter.c.due_at <= now, and_(far, true_today))


def key_for(conn: Connection, key: str, now: datetime) -> str | None:
    """The key under which a letter that the calendar asks for is written: its own, or a second one when a clock that
    was ahead has spent it; None when it was written already."""
    for each in (key, f"{key}:again"):
        written: Any = conn.execute(select(letter.c.queued_at).where(letter.c.key == each)).scalar()
        if written is None:
            return each
        if written <= now + AHEAD:
            return None
    return None

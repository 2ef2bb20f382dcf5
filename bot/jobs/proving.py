"""Letters that were being handed over when the process, or the connection, ended: nobody knows whether they left.

    unproven.letters -> marks_of_copies (what the provider keeps of sent mail) -> sent | again | as the settings say

A copy proves that the letter left. Its absence proves the contrary only where copies are kept at all: where those of
the letters before and after it are there. Without any proof, ``[smtp] unproven`` decides.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot.errors import MailboxError
from bot.jobs.parts import Bot
from bot.mail.copies import marks_of_copies
from bot.mail.mailbox import Mailbox
from bot.model.deciding import Attention
from bot.record import attention, unproven

log = logging.getLogger(__name__)
LOOK_AFTER = timedelta(seconds=5)  # a hand-over that goes well is over by then
UNPROVEN_AFTER = timedelta(minutes=10)  # longer than a hand-over and the filing of a copy last, time-outs included
WITHOUT_A_LOOK = timedelta(hours=24)  # so long a letter waits for a mailbox that cannot be read
FUTURE = timedelta(hours=1)  # a claim that lies farther ahead was made by a clock that was wrong
SPAN = timedelta(days=3)  # copies of neighbours are looked for so far away
OVERLAP = timedelta(days=2)  # a server tells days in a zone of its own


def prove(bot: Bot, box: Mailbox, now: datetime) -> None:
    """Ends the doubt about each unproven letter by a look at the copies: at once where there is one, after a while
    where there is none. The connection has another folder open afterwards."""
    with bot.record.read() as conn:
        rows = unproven.letters(conn, now - LOOK_AFTER, now + FUTURE)
        around = {row.id: unproven.neighbours(conn, row.due_at, SPAN, now - UNPROVEN_AFTER) for row in rows}
    if not rows:
        return
    moments = [row.due_at for row in rows] + [near.sent_at for nears in around.values() for near in nears]
    try:
        marks = marks_of_copies(box, (min(*moments, now) - OVERLAP).date())
    except MailboxError as error:
        log.warning("the copies of sent letters cannot be read: %s", error)
        return
    with bot.record.begin() as conn:
        for row in rows:
            left = _verdict(row, around[row.id], marks)
            if left or not now - UNPROVEN_AFTER <= row.due_at <= now + FUTURE:
                _conclude(bot, conn, row, left, now)


def stop_waiting(bot: Bot, conn: Connection, now: datetime) -> None:
    """What could not be looked for, as the mailbox was out of reach for long, is settled without proof."""
    for row in unproven.letters(conn, now - WITHOUT_A_LOOK, now + WITHOUT_A_LOOK):
        _conclude(bot, conn, row, None, now)


def _verdict(row: Row[Any], around: list[Row[Any]], marks: set[str]) -> bool | None:
    """Whether the letter left; None if nothing proves it."""
    if _is_among(row, marks):
        return True
    return False if around and all(_is_among(near, marks) for near in around) else None


def _is_among(row: Row[Any], marks: set[str]) -> bool:
    return row.token in marks or row.message_id in marks


def _conclude(bot: Bot, conn: Connection, row: Row[Any], left: bool | None, now: datetime) -> None:
    if left:
        unproven.settle(conn, row, now, "sent", "letter.proven")
    elif left is False:
        unproven.settle(conn, row, now, "queued", "letter.absent")
    elif bot.config.smtp.unproven == "ask" and unproven.settle(conn, row, now, "held", "letter.doubtful"):
        log.warning("nobody knows whether it left: the office is asked", extra={"letter": row.id})
        attention.open_items(conn, [Attention("letter_doubtful", row.to, letter_id=row.id)], now, row.mail_id)
    elif bot.config.smtp.unproven == "repeat" and unproven.settle(conn, row, now, "queued", "letter.unproven"):
        log.warning("nobody knows whether it left: it is sent again", extra={"letter": row.id})
        attention.open_items(conn, [Attention("letter_unproven", row.to, letter_id=row.id)], now, row.mail_id)

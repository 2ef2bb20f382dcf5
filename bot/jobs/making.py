"""Letters whose template was at fault are made as soon as it is mended: then they wait for their turn like any other.

    outbox.unmade -> its draft -> rendered -> outbox.made: ONE transaction a letter

A letter says what was true on its day, and is dated so. Only a reminder is written anew: it tells of days that are
left, and is asked for by whoever owes today.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.errors import BotError, ConfigError
from bot.jobs.enqueuing import fault_of, rendered, tell_of_queued, turn_of
from bot.jobs.parts import Bot, Stop
from bot.jobs.reminders.reminding import anew
from bot.letters.kept import unkept
from bot.model.deciding import LetterDraft
from bot.record import attention, outbox

log = logging.getLogger(__name__)
AGAIN = timedelta(hours=1)  # so long a letter rests where no template has changed: its fault may be a full disk


def make_up(bot: Bot, now: datetime, stop: Stop) -> int:
    """Tries the letters that wait to be made: all of them at the start and when a template has changed, else each once
    an hour. Returns how many are made now."""
    with bot.record.read() as conn:
        if not outbox.any_unmade(conn):
            return 0
    before = None if bot.renderer.reread() else now - AGAIN
    return sum(_each(bot, now, before, stop))


def _each(bot: Bot, now: datetime, before: datetime | None, stop: Stop) -> Iterator[bool]:
    after = 0
    while not stop():
        with bot.record.begin() as conn:
            waiting = outbox.unmade(conn, before, after)
            if waiting is None:
                return
            after, is_made = waiting.letter_id, _made(bot, conn, waiting, now)
        yield is_made


def _made(bot: Bot, conn: Connection, waiting: outbox.Unmade, now: datetime) -> bool:
    try:
        draft = _draft(bot, conn, waiting, now)
        letter = rendered(bot, conn, draft, waiting.queued_at) if draft else None
    except Exception as error:  # as ``enqueue`` takes it
        if isinstance(error, BotError) and not isinstance(error, ConfigError):
            raise
        outbox.still_unmade(conn, waiting, now, fault_of(error))
        return False
    attention.settle(conn, waiting.letter_id, now)  # no more than that is to be told of it, if it was not yet
    if draft is None or letter is None:
        outbox.never_made(conn, waiting, now, "reported in the meantime")
        return False
    due_at = turn_of(bot, conn, letter, now, waiting.mail_id)
    outbox.made(conn, waiting, letter, now, due_at)
    tell_of_queued(bot, conn, draft, waiting.letter_id, due_at, now, waiting.mail_id)
    log.info("letter made", extra={"letter": waiting.letter_id, "kind": letter.letter})
    return True


def _draft(bot: Bot, conn: Connection, waiting: outbox.Unmade, now: datetime) -> LetterDraft | None:
    """What is to be said now; None where nothing is owed any more."""
    if not waiting.only_while_owed:
        return unkept(waiting.draft)
    return anew(bot, conn, waiting.key, waiting.to, waiting.obligations, now)

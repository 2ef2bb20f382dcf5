"""After a backup was put back: what left since the backup was made must not leave again.

No row tells of those letters, but the provider's copies do: they are read once, and each letter that could have left
before is held against them in the moment of sending. What they cannot tell is put before the office.

    look:       Restored -> marks_of_copies -> kept in the record
    may_leave:  a letter whose turn it is -> it left before: sent | it did not: goes | nobody knows: the office is asked
"""

import json
import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.errors import MailboxError
from bot.jobs.parts import Bot
from bot.jobs.proving import OVERLAP, SPAN
from bot.mail.copies import marks_of_copies
from bot.mail.mailbox import Mailbox
from bot.model.deciding import Attention
from bot.record import archive, attention, correspondence, outbox, runs, unproven
from bot.record.clocks import OF_A_MOMENT
from bot.record.outbox import Due

log = logging.getLogger(__name__)
COPIES = "copies_after_restore"
CATCHING_UP = timedelta(days=1)  # so long a letter that no mail asked for may be one that left before
WITHOUT_A_LOOK = timedelta(days=1)  # then the office is asked about what could not be looked for
AGAIN = timedelta(minutes=5)


def look(bot: Bot, box: Mailbox, now: datetime) -> None:
    """Reads the copies of what was sent since the backup, once for each restore. Another folder is open afterwards."""
    with bot.record.read() as conn:
        restored = runs.restored(conn)
        if restored is None or now - restored.at > CATCHING_UP + WITHOUT_A_LOOK or _copies(conn, restored) is not None:
            return
        before = unproven.neighbours(conn, restored.state_of, SPAN, restored.state_of)
    since = min([restored.state_of, *(row.sent_at for row in before)]) - OVERLAP
    try:
        marks = marks_of_copies(box, since.date())
    except MailboxError as error:
        log.warning("the copies of sent letters cannot be read: %s", error)
        return
    kept = bool(before) and all(row.token in marks or row.message_id in marks for row in before)
    found = {"at": restored.at.isoformat(), "kept": kept, "marks": sorted(marks)}
    with bot.record.begin() as conn:
        runs.put(conn, COPIES, json.dumps(found))


def may_leave(bot: Bot, conn: Connection, due: Due, now: datetime) -> bool:
    """Whether a claimed letter goes; if not, it was marked as sent, put off, or put before the office."""
    restored = runs.restored(conn)
    if restored is None or not _doubtful(conn, due, restored):
        return True
    copies = _copies(conn, restored)
    if copies is None and abs(now - restored.at) < WITHOUT_A_LOOK:
        outbox.put_off(conn, due, now + AGAIN)
        return False
    kept, marks = copies or (False, set())
    if due.token in marks or due.message_id in marks:
        outbox.mark_sent(conn, due, now, "")
        runs.note(conn, now, "letter.proven", letter_id=due.letter_id, mail_id=due.mail_id)
        return False
    if kept or due.to in bot.config.office.staff_addresses:  # what the office itself gets twice does no harm
        return True
    outbox.mark_ended(conn, due, now, "held", "")
    unit = due.obligations[0].unit if due.obligations else None
    item = Attention("letter_restored", due.to, unit, letter_id=due.letter_id)
    attention.open_items(conn, [item], now, due.mail_id)
    return False


def _doubtful(conn: Connection, due: Due, restored: runs.Restored) -> bool:
    """Whether a letter may have left before the restore. What the office has let go is its word."""
    if due.letter in OF_A_MOMENT:  # their keys name the moment: none of them can have left before
        return False
    if due.mail_id is not None and due.queued_at > restored.state_of:
        asked = archive.headline(conn, due.mail_id).received_at <= restored.at
    else:
        asked = due.queued_at - restored.at <= CATCHING_UP
    return asked and not correspondence.was_released(conn, due.letter_id)


def _copies(conn: Connection, restored: runs.Restored) -> tuple[bool, set[str]] | None:
    """Whether copies are kept, and their marks; None while they were not read since this restore."""
    found = json.loads(runs.get(conn, COPIES) or "{}")
    if found.get("at") != restored.at.isoformat():
        return None
    return found["kept"], set(found["marks"])

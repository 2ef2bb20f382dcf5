"""Mail that lies where nobody looks: a rule of the web mail, or a hand, has moved it to another folder.

    once a day, each other folder -> SINCE -> headers -> from known people, of unknown Message-IDs -> archived as any
    mail, and told to the office

Only headers are read of what is not ours to read, by UIDs; no text enters a command. A folder without end is looked at
from its newest mail on.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.errors import MailboxError
from bot.jobs.parts import Bot, Stop
from bot.jobs.polling import archive_all
from bot.mail.mailbox import Mailbox, is_lost
from bot.mail.outline import outline
from bot.model.deciding import Attention
from bot.record import archive, attention, people, runs

log = logging.getLogger(__name__)
NEXT, DONE = "strays_next", "strays_seen_until"
EVERY, AGAIN = timedelta(days=1), timedelta(hours=1)
OVERLAP = timedelta(days=2)  # a server tells days in a zone of its own, and a rule may be slow
FIRST_LOOK = timedelta(days=31)  # so far back the first look goes
MOST = 2000  # headers of one folder in one look
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")


@dataclass(frozen=True, slots=True)
class Stray:
    """A mail from a known person: where it lies, and what tells whether it is known."""

    uid: int
    message_id: str


def look_elsewhere(bot: Bot, box: Mailbox, now: datetime, stop: Stop) -> int:
    """Archives what known people have sent and no poll has seen. Returns how many mails are new. Another folder is open
    afterwards; a folder that cannot be read is left for the next look."""
    with bot.record.read() as conn:
        due = runs.moment(conn, NEXT)
    if stop() or (due is not None and now < due and due - now <= EVERY):  # a clock that was ahead is not waited for
        return 0
    with box.poll():
        names = box.other_folders()
        with bot.record.begin() as conn:
            runs.put(conn, NEXT, (now + AGAIN).isoformat())  # if the connection breaks meanwhile
            since = _since(conn, now)
            known = {p.email.lower() for p in people.liaisons(conn, now.astimezone(bot.zone).date()) if p.email}
        known |= bot.config.office.staff_addresses
        new, whole = 0, True
        for name in names:
            try:
                new += _look_into(bot, box, name, since, known - {bot.config.own_address}, now, stop)
            except MailboxError as error:
                if is_lost(error):
                    raise
                whole = False
                log.warning("another folder could not be read this time: %s", error)
    if not stop():
        with bot.record.begin() as conn:
            runs.put(conn, NEXT, (now + EVERY).isoformat())
            if whole:
                runs.put(conn, DONE, now.isoformat())
    return new


def _since(conn: Connection, now: datetime) -> datetime:
    """From which day on there may be something: the last whole look, or the first run's month."""
    done = runs.moment(conn, DONE)
    if done is not None and done <= now:
        return done - OVERLAP
    return now - FIRST_LOOK


def _look_into(bot: Bot, box: Mailbox, name: str, since: datetime, known: set[str], now: datetime, stop: Stop) -> int:
    uidvalidity = box.select(name).uidvalidity
    arrived = box.arrived_since(since.date())[-MOST:]
    with bot.record.read() as conn:
        seen = archive.known_uids(conn, name, uidvalidity, arrived)
    headers = ((uid, outline(header)) for uid, header in box.headers(uid for uid in arrived if uid not in seen))
    found = [Stray(uid, _id(o.message_id)) for uid, o in headers if o.sender in known]
    with bot.record.read() as conn:
        there = archive.known_message_ids(conn, {stray.message_id for stray in found if stray.message_id})
    unknown = [stray.uid for stray in found if stray.message_id not in there]
    if not unknown:
        return 0
    stored = archive_all(bot, box, name, uidvalidity, unknown, now, stop)
    with bot.record.begin() as conn:
        fresh = archive.fresh_at(conn, name, uidvalidity, stored, now)
        _tell(conn, name, fresh, now)
    return len(fresh)


def _id(written: str) -> str:
    """A Message-ID as the archive keeps it."""
    match = _MESSAGE_ID.search(written)
    return match[0] if match else written


def _tell(conn: Connection, name: str, fresh: Iterable[int], now: datetime) -> None:
    for mail_id in fresh:
        log.info("a mail lay in another folder", extra={"folder": name, "mail": mail_id})
        attention.open_items(conn, [Attention("found_elsewhere", name)], now, mail_id)

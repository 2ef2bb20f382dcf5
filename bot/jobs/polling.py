"""Mails in: every mail that the record does not know is archived raw while the connection is held.

    mailbox.unknown -> sizes -> fetch -> archive.store: commit
    mailbox.file, for what earlier runs have done

Nothing is parsed here: a slow or hostile mail must not hold the connection.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.errors import MailboxError
from bot.jobs.parts import Bot, Stop
from bot.mail.mailbox import Mailbox, batches
from bot.model.mail import Place, RawMail
from bot.record import archive, runs

log = logging.getLogger(__name__)
SWEEP = timedelta(hours=24)  # a folder is compared as a whole so often: some servers give old UIDs to new mail
LAST_POLL = "last_good_poll"


def poll(bot: Bot, box: Mailbox, now: datetime, stop: Stop) -> int:
    """Archives every mail that the record does not know. Returns how many were new."""
    new = 0
    names = box.folders()
    for index, name in enumerate(names):
        try:
            new += _poll_folder(bot, box, name, now, stop)
        except MailboxError as error:
            if index == 0:
                raise
            log.warning("a junk folder could not be read this time: %s", error)
    if new:
        log.info("mails archived", extra={"new": new, "folders": len(names)})
    if not stop():
        with bot.record.begin() as conn:
            runs.put(conn, LAST_POLL, now.isoformat())
    return new


def _poll_folder(bot: Bot, box: Mailbox, name: str, now: datetime, stop: Stop) -> int:
    selected = box.select(name)
    _file_done(bot, box, name, selected.uidvalidity)
    with bot.record.read() as conn:
        state = archive.folder_state(conn, name)
        fresh = state is None or state.uidvalidity != selected.uidvalidity
        # abs: after a clock that was ahead, the next look would be a year away
        sweep = fresh or state is None or abs(now - state.swept_at) >= SWEEP
        after = None if sweep or state is None else state.seen_upto

        def known(uids: Iterable[int]) -> set[int]:
            return archive.known_uids(conn, name, selected.uidvalidity, uids)

        unknown = box.unknown(after, known)
    stored, new = _archive(bot, box, name, selected.uidvalidity, unknown, now, stop)
    upto = max([0 if fresh or state is None else state.seen_upto, *stored])
    missing = set(unknown) - stored
    if missing:
        upto = min(upto, min(missing) - 1)
    swept_at = now if sweep or state is None else state.swept_at
    with bot.record.begin() as conn:
        archive.set_folder_state(conn, name, archive.FolderState(selected.uidvalidity, upto, swept_at))
    return new


def _archive(
    bot: Bot, box: Mailbox, name: str, uidvalidity: int, unknown: list[int], now: datetime, stop: Stop
) -> tuple[set[int], int]:
    """Stores the raw mails batch by batch. Returns the UIDs that are accounted for, and how many mails were new."""
    stored: set[int] = set()
    new = 0
    headlines = box.sizes(unknown)
    limit = bot.config.limits.mail_bytes
    large = {uid: h for uid, h in headlines.items() if h.size > limit}
    for uid, headline in large.items():
        with bot.record.begin() as conn:
            where = Place(name, uidvalidity, uid)
            archive.store_too_large(conn, headline.size, headline.received_at or now, where, now)
        stored.add(uid)
    for uids in batches({uid: h for uid, h in headlines.items() if uid not in large}):
        if stop():
            break
        mails = list(box.fetch(uids))
        with bot.record.begin() as conn:
            for uid, data in mails:
                raw = RawMail(data, headlines[uid].received_at or now)
                new += archive.store(conn, raw, Place(name, uidvalidity, uid), now) is not None
        stored.update(uid for uid, _ in mails)
    return stored, new


def _file_done(bot: Bot, box: Mailbox, name: str, uidvalidity: int) -> None:
    """Moves what is done, where the office wants that and the server can. Repeatable; never deletes."""
    into = bot.config.mailbox.file_into
    if not into or into == name:
        return
    with bot.record.read() as conn:
        uids = archive.unfiled(conn, name, uidvalidity)
    if uids and box.file(uids, into):
        with bot.record.begin() as conn:
            archive.mark_filed(conn, name, uidvalidity, uids)

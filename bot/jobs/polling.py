"""Mails in: every mail that the record does not know is archived raw while the connection is held.

    mailbox.unknown -> sizes -> fetch -> archive.store: commit
    mailbox.file, for what earlier runs have done
    what was listed and not given -> withholding

Nothing is parsed here: a slow or hostile mail must not hold the connection.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.errors import MailboxError
from bot.jobs.parts import Bot, Stop
from bot.jobs.withholding import Withheld
from bot.mail.arrival import plausible, received
from bot.mail.batches import Headline, batches
from bot.mail.mailbox import Mailbox, is_lost
from bot.mail.wire import UnsafeLogin
from bot.model.deciding import Attention
from bot.model.mail import Place, RawMail
from bot.record import archive, attention, runs
from bot.record.working import turn_at_the_mailbox

log = logging.getLogger(__name__)
SWEEP = timedelta(hours=24)  # a folder is compared as a whole so often: some servers give old UIDs to new mail
LAST_POLL = "last_good_poll"
UNSAFE = "unsafe_login"
PATIENCE = timedelta(minutes=5)  # and three polls: so long nobody else takes the turn of the worker at the mailbox


@contextmanager
def turn(bot: Bot, now: datetime) -> Iterator[bool]:
    """Whether this worker is to read the mailbox: not while another does, unless that one has not for long."""
    patience = PATIENCE + timedelta(seconds=3 * bot.config.schedule.poll_seconds)
    with turn_at_the_mailbox(bot.record) as mine:
        with bot.record.read() as conn:
            last = runs.moment(conn, LAST_POLL)
        yield mine or last is None or abs(now - last) > patience


def poll(bot: Bot, box: Mailbox, now: datetime, stop: Stop) -> int:
    """Archives every mail that the record does not know. Returns how many were new."""
    with box.poll():
        return _poll(bot, box, now, stop)


def _poll(bot: Bot, box: Mailbox, now: datetime, stop: Stop) -> int:
    new = 0
    names = box.folders()
    for index, name in enumerate(names):
        try:
            new += _poll_folder(bot, box, name, now, stop)
        except MailboxError as error:
            if index == 0:
                if isinstance(error, UnsafeLogin):
                    _tell_unsafe(bot, now)
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
        withheld = Withheld.of(conn, name, selected.uidvalidity)
    stored, new = _archive(bot, box, withheld, unknown, now, stop)
    upto = max([0 if fresh or state is None else state.seen_upto, *stored])
    missing = {uid for uid in unknown if uid not in stored}
    if missing:
        upto = min(upto, min(missing) - 1)
    swept_at = now if sweep or state is None else state.swept_at
    with bot.record.begin() as conn:
        archive.set_folder_state(conn, name, archive.FolderState(selected.uidvalidity, upto, swept_at))
    return new


def _archive(
    bot: Bot, box: Mailbox, withheld: Withheld, unknown: list[int], now: datetime, stop: Stop
) -> tuple[set[int], int]:
    """Stores the raw mails portion by portion. Returns the UIDs that are accounted for, and how many mails were new."""
    if not unknown and not withheld.tries:
        return set(), 0
    stored: set[int] = set()
    headlines: dict[int, Headline] = {}
    new = 0
    try:
        for portion in withheld.portions(unknown, now):
            if stop():
                break
            with withheld.asked_for(portion, now) as given:
                found = box.sizes(portion)
                given.update(found)
            headlines |= found
            new += _archive_portion(bot, box, withheld, found, stored, now, stop)
            headlines = {uid: line for uid, line in headlines.items() if uid not in stored}  # of years of mail, few
    finally:
        with bot.record.begin() as conn:  # also where the connection broke: else the same mail would break the next
            lost = withheld.keep(conn, [uid for uid in unknown if uid not in stored])
            if lost:
                arrived = [headlines[uid].received_at for uid in lost if uid in headlines]
                _tell_withheld(bot, conn, withheld.folder, len(lost), [a for a in arrived if a], now)
    return stored, new


def archive_all(
    bot: Bot, box: Mailbox, name: str, uidvalidity: int, uids: list[int], now: datetime, stop: Stop
) -> set[int]:
    """Archives mails of the open folder that were found in another way. Returns the UIDs that are accounted for."""
    with bot.record.read() as conn:
        withheld = Withheld.of(conn, name, uidvalidity)
    return _archive(bot, box, withheld, uids, now, stop)[0]


def _archive_portion(
    bot: Bot,
    box: Mailbox,
    withheld: Withheld,
    headlines: dict[int, Headline],
    stored: set[int],
    now: datetime,
    stop: Stop,
) -> int:
    """Adds to ``stored`` what is accounted for, each batch after its commit. Returns how many mails were new."""
    new = 0
    large = {uid: h for uid, h in headlines.items() if h.size > bot.config.limits.mail_bytes}
    for uid, headline in large.items():
        with bot.record.begin() as conn:
            where = Place(withheld.folder, withheld.uidvalidity, uid)
            arrived = _arrival(bot, headline.received_at, b"", now)
            archive.store_too_large(conn, headline.size, arrived, where, now)
        stored.add(uid)
    for uids in batches({uid: h for uid, h in headlines.items() if uid not in large}):
        if stop():
            break
        with withheld.asked_for(uids, now) as given:
            mails = list(box.fetch(uids))
            given.update(uid for uid, _ in mails)
        with bot.record.begin() as conn:
            for uid, data in mails:
                raw = RawMail(data, _arrival(bot, headlines[uid].received_at, data, now))
                place = Place(withheld.folder, withheld.uidvalidity, uid)
                mail_id = archive.store(conn, raw, place, now)
                new += mail_id is not None
                claimed = headlines[uid].received_at
                if mail_id is not None and not plausible(claimed, now):
                    _tell_of_arrival(bot, conn, claimed, raw.received_at, mail_id, now)
        stored.update(given)
    return new


def _arrival(bot: Bot, claimed: datetime | None, data: bytes, now: datetime) -> datetime:
    """When a mail came: by the server's date, if it can be true; else by what the server wrote into it; else now."""
    if claimed is not None and plausible(claimed, now):
        return claimed
    return received(data, bot.config.mailbox.host, now) or now


def _tell_of_arrival(
    bot: Bot, conn: Connection, claimed: datetime | None, taken: datetime, mail_id: int, now: datetime
) -> None:
    """A report may hang on it: which date was impossible, and which was taken instead."""
    dates = [moment.astimezone(bot.zone).strftime("%Y-%m-%d %H:%M") if moment else "-" for moment in (claimed, taken)]
    runs.note(conn, now, "mail.arrival", mail_id=mail_id, claimed=dates[0], taken=dates[1])
    attention.open_items(conn, [Attention("odd_arrival", " / ".join(dates))], now, mail_id)


def _tell_withheld(
    bot: Bot, conn: Connection, folder: str, number: int, arrived: list[datetime], now: datetime
) -> None:
    """Folder, number and oldest arrival are what a person needs to find them in the web mail."""
    oldest = min(arrived).astimezone(bot.zone).strftime("%Y-%m-%d %H:%M") if arrived else ""
    log.error("the server lists mails and does not give them", extra={"folder": folder, "mails": number})
    detail = " / ".join(filter(None, (folder, str(number), oldest)))
    attention.open_items(conn, [Attention("withheld", detail)], now)


def _tell_unsafe(bot: Bot, now: datetime) -> None:
    """The provider's own refusal of clients is no fault of the network: a person must see to the account, today."""
    with bot.record.begin() as conn:
        if runs.claim_run(conn, UNSAFE, now.astimezone(bot.zone).date().isoformat(), now):
            attention.open_items(conn, [Attention(UNSAFE, bot.config.mailbox.host)], now)


def _file_done(bot: Bot, box: Mailbox, name: str, uidvalidity: int) -> None:
    """Moves what is done, where the office wants that and the server can. Repeatable; never deletes."""
    into = bot.config.mailbox.file_into
    if not into or into == name:
        return
    with bot.record.read() as conn:
        uids = archive.unfiled(conn, name, uidvalidity)
    if not uids:
        return
    try:
        filed = box.file(uids, into)
    except MailboxError as error:
        if is_lost(error):
            raise
        # No such folder and none to be made, no room in it, no right to write: order is no reason to stop reading.
        log.warning("done mail stays where it is: %s", error)
        if box.select(name).uidvalidity != uidvalidity:
            raise
        return
    if filed:
        with bot.record.begin() as conn:
            archive.mark_filed(conn, name, uidvalidity, uids)

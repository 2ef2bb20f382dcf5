"""Mails: stored raw before anything looks at them, worked off one by one, each attempt counted first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, LargeBinary, bindparam, func, insert, or_, select, update

from bot.model.mail import Mail, Place, RawMail
from bot.record.clocks import LONGEST_CLAIM, mail_is_free
from bot.record.runs import insert_new, insert_once, note
from bot.record.schema import folder, mail, place, raw

UIDS_AT_ONCE = 500  # a database takes some ten thousand values in a statement, older SQLite 999
CLAIM = timedelta(minutes=10)  # longer than any mail takes; another worker may take it over after that
_KEEP = insert(raw)
_BY_HASH = select(mail.c.id).where(mail.c.sha256 == bindparam("sha256"))
_FREE = (
    select(mail.c.id, raw.c.data, mail.c.received_at, mail.c.attempts)
    .outerjoin_from(mail, raw)
    .where(mail.c.state == "new", mail_is_free(bindparam("now"), bindparam("far")))
    .order_by(mail.c.received_at, mail.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=mail)
)
_CLAIM = update(mail).where(mail.c.id == bindparam("of_mail"))
_HEAD, _HEADS = 65_536, 20  # bytes of a mail in which its header stands; so many mails are looked at
_UNDECIDED_BEFORE = (
    select(func.substr(raw.c.data, 1, _HEAD, type_=LargeBinary))
    .join(mail)
    .where(mail.c.state == "new", mail.c.received_at <= bindparam("received_at"))
    .where(or_(mail.c.received_at < bindparam("received_at"), mail.c.id < bindparam("before")))
    .order_by(mail.c.received_at.desc(), mail.c.id.desc())
    .limit(_HEADS)
)
_FINISH = update(mail).where(mail.c.id == bindparam("of_mail"), mail.c.state == "new")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this worker alone may open now. ``raw`` is None when it was too large to fetch."""

    mail_id: int
    raw: RawMail | None
    attempts: int


@dataclass(frozen=True, slots=True)
class FolderState:
    """Up to which UID a folder is known without gaps, and when it was last compared as a whole."""

    uidvalidity: int
    seen_upto: int
    swept_at: datetime


def folder_state(conn: Connection, name: str) -> FolderState | None:
    """How far a folder is known; None for one that was never read."""
    row = conn.execute(select(folder).where(folder.c.name == name)).first()
    return FolderState(row.uidvalidity, row.seen_upto, row.swept_at) if row else None


def set_folder_state(conn: Connection, name: str, state: FolderState) -> None:
    """Writes down how far a folder is known."""
    values = {"uidvalidity": state.uidvalidity, "seen_upto": state.seen_upto, "swept_at": state.swept_at}
    if not conn.execute(update(folder).where(folder.c.name == name).values(values)).rowcount:
        insert_once(conn, folder, {"name": name, **values})


def known_uids(conn: Connection, name: str, uidvalidity: int, uids: Iterable[int]) -> set[int]:
    """Which of ``uids`` have a row already."""
    wanted = list(uids)
    known: set[int] = set()
    for start in range(0, len(wanted), UIDS_AT_ONCE):
        among = place.c.uid.in_(wanted[start : start + UIDS_AT_ONCE])
        query = select(place.c.uid).where(place.c.folder == name, place.c.uidvalidity == uidvalidity, among)
        known.update(conn.execute(query).scalars())
    return known


def store(conn: Connection, came: RawMail, where: Place | None, now: datetime) -> int | None:
    """Keeps the bytes and the place. Returns the mail's id, or None when these bytes were known already."""
    row = {"sha256": sha256(came.data).hexdigest(), "size": len(came.data), "received_at": came.received_at}
    mail_id = _store(conn, row, where, now)
    if mail_id is not None:
        conn.execute(_KEEP, {"mail_id": mail_id, "data": came.data})
    return mail_id


def store_too_large(conn: Connection, size: int, received_at: datetime, where: Place, now: datetime) -> int | None:
    """Accounts for a mail that is not fetched because of its size. Without its bytes, size and moment of arrival
    must tell whether it is known: both stay when a folder is renumbered."""
    digest = sha256(f"too large\0{size}\0{received_at.timestamp()}".encode()).hexdigest()
    return _store(conn, {"sha256": digest, "size": size, "received_at": received_at}, where, now)


def _store(conn: Connection, row: dict[str, object], where: Place | None, now: datetime) -> int | None:
    fresh = insert_new(conn, mail, {"attempts": 0, **row, "archived_at": now, "state": "new"})
    mail_id: int = fresh or conn.execute(_BY_HASH, {"sha256": row["sha256"]}).scalar_one()
    if where is not None:
        values = {"folder": where.folder, "uidvalidity": where.uidvalidity, "uid": where.uid}
        insert_once(conn, place, {**values, "mail_id": mail_id, "filed": False})
    if fresh:
        note(conn, now, "mail.archived", mail_id=mail_id, size=row["size"])
    return mail_id if fresh else None


def claim(conn: Connection, now: datetime) -> Claimed | None:
    """Takes the oldest mail that nobody works on, and counts the attempt before it is opened."""
    row = conn.execute(_FREE, {"now": now, "far": now + LONGEST_CLAIM}).first()
    if row is None:
        return None
    conn.execute(_CLAIM, {"of_mail": row.id, "attempts": row.attempts + 1, "claimed_until": now + CLAIM})
    return Claimed(row.id, _as_it_came(row), row.attempts + 1)


def raw_of(conn: Connection, mail_id: int) -> RawMail | None:
    """An archived mail as it came; None when it was too large to fetch."""
    query = select(raw.c.data, mail.c.received_at).outerjoin_from(mail, raw).where(mail.c.id == mail_id)
    return _as_it_came(conn.execute(query).one())


def _as_it_came(row: Any) -> RawMail | None:
    return RawMail(row.data, row.received_at) if row.data is not None else None


def headline(conn: Connection, mail_id: int) -> Any:
    """``sender``, ``subject``, ``message_id`` and ``received_at`` of a mail that was opened."""
    columns = (mail.c.sender, mail.c.subject, mail.c.message_id, mail.c.received_at)
    return conn.execute(select(*columns).where(mail.c.id == mail_id)).one()


def any_new(conn: Connection) -> bool:
    """Whether a mail has no fate yet."""
    return conn.execute(select(mail.c.id).where(mail.c.state == "new").limit(1)).first() is not None


def undecided_before(conn: Connection, claimed: Claimed) -> list[bytes]:
    """The beginnings of the mails that came before this one and have no fate: at work elsewhere, or to be tried again.
    Whoever claims takes the oldest, so they are few; no more than the last twenty."""
    assert claimed.raw is not None
    values = {"received_at": claimed.raw.received_at, "before": claimed.mail_id}
    return list(conn.execute(_UNDECIDED_BEFORE, values).scalars())


def put_off(conn: Connection, claimed: Claimed, until: datetime) -> None:
    """As if the mail had not been claimed, but not to be claimed before ``until``: it was not its fault."""
    put_back(conn, claimed)
    release(conn, claimed.mail_id, until)


def put_back(conn: Connection, claimed: Claimed) -> None:
    """As if the mail had not been claimed: it was not its fault."""
    values = {"attempts": claimed.attempts - 1, "claimed_until": None}
    conn.execute(update(mail).where(mail.c.id == claimed.mail_id, mail.c.state == "new").values(values))


def release(conn: Connection, mail_id: int, until: datetime) -> None:
    """Puts a claimed mail back, not to be tried before ``until``."""
    conn.execute(update(mail).where(mail.c.id == mail_id, mail.c.state == "new").values(claimed_until=until))


def unclaim_all(conn: Connection) -> None:
    """For the only worker of a record, at its start: what its dead predecessor held is free again."""
    conn.execute(update(mail).where(mail.c.state == "new").values(claimed_until=None))


def finish(conn: Connection, mail_id: int, now: datetime, outcome: str, why: str, opened: Mail | None) -> bool:
    """Gives a mail its fate. False when another worker was faster: then nothing of this one may stand."""
    values: dict[str, object] = {"state": "done", "outcome": outcome, "why": why, "done_at": now, "claimed_until": None}
    if opened is not None:
        values |= {
            "message_id": opened.message_id,
            "sender": opened.sender,
            "shown_from": opened.shown_from,
            "subject": opened.subject,
        }
    return conn.execute(_FINISH, {"of_mail": mail_id, **values}).rowcount == 1


def set_aside(conn: Connection, mail_id: int, now: datetime, why: str) -> bool:
    """Leaves a mail to a person; its bytes stay. False when it had a fate already."""
    values = {"state": "aside", "outcome": None, "why": why, "done_at": now, "claimed_until": None}
    return conn.execute(update(mail).where(mail.c.id == mail_id, mail.c.state == "new").values(values)).rowcount == 1


def unfiled(conn: Connection, name: str, uidvalidity: int) -> list[int]:
    """UIDs in a folder whose mail is done and which were not moved yet."""
    query = (
        select(place.c.uid)
        .join(mail, mail.c.id == place.c.mail_id)
        .where(place.c.folder == name, place.c.uidvalidity == uidvalidity)
        .where(place.c.filed.is_(False), mail.c.state == "done")
    )
    return list(conn.execute(query).scalars())


def mark_filed(conn: Connection, name: str, uidvalidity: int, uids: list[int]) -> None:
    """Notes that mails were moved away."""
    for start in range(0, len(uids), UIDS_AT_ONCE):
        among = place.c.uid.in_(uids[start : start + UIDS_AT_ONCE])
        where = (place.c.folder == name, place.c.uidvalidity == uidvalidity, among)
        conn.execute(update(place).where(*where).values(filed=True))


def came_before(conn: Connection, name: str, moment: datetime) -> bool:
    """Whether any mail of that folder, which was not filed elsewhere, was received before ``moment``."""
    older = select(mail.c.id).join(place, place.c.mail_id == mail.c.id)
    found = older.where(place.c.folder == name, place.c.filed.is_(False), mail.c.received_at < moment).limit(1)
    return conn.execute(found).first() is not None


def waiting(conn: Connection) -> int:
    """How many mails have no fate yet."""
    return int(conn.execute(select(func.count()).where(mail.c.state == "new")).scalar_one())


def counts(conn: Connection) -> dict[str, int]:
    """How many mails are in each state."""
    query = select(mail.c.state, func.count().label("n")).group_by(mail.c.state)
    return {row.state: row.n for row in conn.execute(query)}

"""Mails: stored raw before anything looks at them, and where they lay."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from bot.model.mail import Place, RawMail
from bot.record.runs import insert_new, insert_once, note
from bot.record.schema import folder, mail, place, raw

UIDS_AT_ONCE = 500  # a database takes some ten thousand values in a statement, older SQLite 999
_KEEP = insert(raw)
_BY_HASH = select(mail.c.id).where(mail.c.sha256 == bindparam("sha256"))


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


def raw_of(conn: Connection, mail_id: int) -> RawMail | None:
    """An archived mail as it came; None when it was too large to fetch."""
    query = select(raw.c.data, mail.c.received_at).outerjoin_from(mail, raw).where(mail.c.id == mail_id)
    return as_it_came(conn.execute(query).one())


def as_it_came(row: Any) -> RawMail | None:
    """The mail of a row with its ``data`` and ``received_at``."""
    return RawMail(row.data, row.received_at) if row.data is not None else None


def headline(conn: Connection, mail_id: int) -> Any:
    """``sender``, ``subject``, ``message_id`` and ``received_at`` of a mail that was opened."""
    columns = (mail.c.sender, mail.c.subject, mail.c.message_id, mail.c.received_at)
    return conn.execute(select(*columns).where(mail.c.id == mail_id)).one()


def any_new(conn: Connection) -> bool:
    """Whether a mail has no fate yet."""
    return conn.execute(select(mail.c.id).where(mail.c.state == "new").limit(1)).first() is not None


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


def known_message_ids(conn: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these Message-IDs a mail of the archive has that was opened."""
    wanted, found = list(ids), set[str]()
    for start in range(0, len(wanted), UIDS_AT_ONCE):
        among = mail.c.message_id.in_(wanted[start : start + UIDS_AT_ONCE])
        found.update(conn.execute(select(mail.c.message_id).where(among)).scalars())
    return found


def fresh_at(conn: Connection, name: str, uidvalidity: int, uids: Iterable[int], now: datetime) -> list[int]:
    """The mails at these places that were archived at this very moment, oldest first; not those known before."""
    wanted, found = list(uids), list[int]()
    query = select(mail.c.id).join(place, place.c.mail_id == mail.c.id)
    query = query.where(place.c.folder == name, place.c.uidvalidity == uidvalidity, mail.c.archived_at == now)
    for start in range(0, len(wanted), UIDS_AT_ONCE):
        among = place.c.uid.in_(wanted[start : start + UIDS_AT_ONCE])
        found += conn.execute(query.where(among)).scalars()
    return sorted(set(found))


def came_before(conn: Connection, name: str, moment: datetime) -> bool:
    """Whether any mail of that folder, which was not filed elsewhere, was received before ``moment``."""
    older = select(mail.c.id).join(place, place.c.mail_id == mail.c.id)
    found = older.where(place.c.folder == name, place.c.filed.is_(False), mail.c.received_at < moment).limit(1)
    return conn.execute(found).first() is not None


def came_between(conn: Connection, since: datetime, until: datetime) -> int:
    """How many mails were received between two moments."""
    query = select(func.count()).select_from(mail).where(mail.c.received_at > since, mail.c.received_at <= until)
    return int(conn.execute(query).scalar_one())


def waiting(conn: Connection) -> int:
    """How many mails have no fate yet."""
    return int(conn.execute(select(func.count()).where(mail.c.state == "new")).scalar_one())


def only_filed(
    conn: Connection, why: Collection[str], senders: Collection[str], since: datetime | None = None
) -> list[Row[Any]]:
    """Mails of these senders that ended for one of these reasons, oldest first; with ``since`` those received after."""
    columns = (mail.c.shown_from, mail.c.sender, mail.c.subject, mail.c.received_at, mail.c.why)
    query = select(*columns).where(mail.c.why.in_(why), mail.c.sender.in_(senders))
    if since is not None:
        query = query.where(mail.c.received_at > since)
    return list(conn.execute(query.order_by(mail.c.received_at, mail.c.id)))


def counts(conn: Connection) -> dict[str, int]:
    """How many mails are in each state."""
    query = select(mail.c.state, func.count().label("n")).group_by(mail.c.state)
    return {row.state: row.n for row in conn.execute(query)}

"""From archived to a fate: a mail is claimed, each attempt counted before it is opened, and finished or set aside."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, bindparam, func, or_, select, update

from bot.mail.outline import Outline
from bot.model.mail import Mail, RawMail
from bot.record.archive import as_it_came
from bot.record.clocks import LONGEST_CLAIM, mail_is_free
from bot.record.runs import note
from bot.record.schema import mail, raw

CLAIM = timedelta(minutes=10)  # longer than any mail takes; another worker may take it over after that
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


def claim(conn: Connection, now: datetime, *, untried: bool = False) -> Claimed | None:
    """Takes the oldest mail that nobody works on, and counts the attempt before it is opened; with ``untried`` only if
    it is the first."""
    row = conn.execute(_FREE, {"now": now, "far": now + LONGEST_CLAIM}).first()
    if row is None or (untried and row.attempts):
        return None
    conn.execute(_CLAIM, {"of_mail": row.id, "attempts": row.attempts + 1, "claimed_until": now + CLAIM})
    return Claimed(row.id, as_it_came(row), row.attempts + 1)


def undecided_before(conn: Connection, claimed: Claimed) -> list[bytes]:
    """The beginnings of the mails that came before this one and have no fate: at work elsewhere, or to be tried again.
    Whoever claims takes the oldest, so they are few; no more than the last twenty."""
    assert claimed.raw is not None
    values = {"received_at": claimed.raw.received_at, "before": claimed.mail_id}
    return list(conn.execute(_UNDECIDED_BEFORE, values).scalars())


def put_back(conn: Connection, claimed: Claimed) -> None:
    """As if the mail had not been claimed: it was not its fault."""
    values = {"attempts": claimed.attempts - 1, "claimed_until": None}
    conn.execute(update(mail).where(mail.c.id == claimed.mail_id, mail.c.state == "new").values(values))


def put_off(conn: Connection, claimed: Claimed, until: datetime) -> None:
    """As if the mail had not been claimed, but not to be claimed before ``until``: it was not its fault."""
    put_back(conn, claimed)
    release(conn, claimed.mail_id, until)


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


def set_aside(conn: Connection, mail_id: int, now: datetime, why: str, says: Outline | None = None) -> bool:
    """Leaves a mail to a person, who knows it by what it ``says`` of itself; its bytes stay. False when it had a fate
    already."""
    values: dict[str, object] = {"state": "aside", "outcome": None, "why": why, "done_at": now, "claimed_until": None}
    if says is not None:
        values |= {"sender": says.sender, "shown_from": says.shown_from, "subject": says.subject}
    return conn.execute(update(mail).where(mail.c.id == mail_id, mail.c.state == "new").values(values)).rowcount == 1


def aside(conn: Connection) -> list[Row[Any]]:
    """The mails that were set aside, oldest first; also those whose bytes were never fetched."""
    columns = (mail.c.id, mail.c.received_at, mail.c.shown_from, mail.c.subject, mail.c.why, mail.c.done_at)
    return list(conn.execute(select(*columns).where(mail.c.state == "aside").order_by(mail.c.received_at, mail.c.id)))


def take_up(conn: Connection, ids: Collection[int] | None, now: datetime) -> list[int]:
    """Puts mails that were set aside back into the queue, as if they had just come (all of them for None). Returns
    which; not those whose bytes were never fetched."""
    kept = select(mail.c.id).join(raw).where(mail.c.state == "aside").order_by(mail.c.id)
    taken = list(conn.execute(kept if ids is None else kept.where(mail.c.id.in_(ids))).scalars())
    for mail_id in taken:
        again = {"state": "new", "attempts": 0, "why": None, "done_at": None, "claimed_until": None}
        conn.execute(update(mail).where(mail.c.id == mail_id, mail.c.state == "aside").values(again))
        note(conn, now, "mail.taken_up", mail_id=mail_id)
    return taken

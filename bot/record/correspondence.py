"""What was written to whom, and what became of it: questions to the outbox, which change nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from bot.model.deciding import Obligation
from bot.record.clocks import SKEW
from bot.record.outbox import RELEASED, Due
from bot.record.schema import event, letter, mime

LONGEST_WAY = timedelta(days=10)  # a mail system tries for five days, and a letter waits for the office before
_ANSWERING = select(letter.c.id).where(letter.c.mail_id == bindparam("mail_id")).order_by(letter.c.id)
_ANSWERS_TO = (
    select(letter.c.letter, func.count().label("n"))
    .where(
        letter.c.to == bindparam("to"),
        letter.c.queued_at > bindparam("since"),
        letter.c.queued_at <= bindparam("until"),
        letter.c.mail_id.is_not(None),
    )
    .group_by(letter.c.letter)
)


def asked_later(conn: Connection, due: Due) -> set[tuple[str, str, str]]:
    """Unit, form and period of what a later letter of this kind asks of the same address, whatever became of it. What
    is asked of a unit, and of the department that is to press it, is not the same, even where one person reads both."""
    kind = due.key.partition(":")[0]
    query = select(letter.c.obligations).where(
        letter.c.to == due.to,
        letter.c.id > due.letter_id,
        letter.c.only_while_owed.is_(True),
        letter.c.key.startswith(f"{kind}:", autoescape=True),
    )
    return {(unit, form, period) for asked in conn.execute(query).scalars() for unit, form, period, _ in asked}


def was_released(conn: Connection, letter_id: int) -> bool:
    """Whether a person has let a held letter go."""
    where = (event.c.letter_id == letter_id, event.c.what == RELEASED)
    return conn.execute(select(event.c.id).where(*where).limit(1)).first() is not None


def refusals(conn: Connection, due: Due) -> list[str]:
    """What the server said each time that this letter was to be tried again."""
    query = select(event.c.detail).where(event.c.letter_id == due.letter_id, event.c.what == "letter.retry")
    return [detail["reason"] for detail in conn.execute(query).scalars()]


def sent_since(conn: Connection, since: datetime, now: datetime) -> int:
    """How many letters were handed to the server after ``since``, those under way included."""
    sent_at, claimed_at, until = letter.c.sent_at, letter.c.due_at, now + SKEW
    sent = select(func.count()).where(letter.c.state == "sent", sent_at > since, sent_at <= until)
    under_way = select(func.count()).where(letter.c.state == "sending", claimed_at > since, claimed_at <= until)
    return int(conn.execute(sent).scalar_one()) + int(conn.execute(under_way).scalar_one())


def overdue(conn: Connection, before: datetime | None, *, released_only: bool = False) -> int:
    """How many letters wait to leave, and have been due since ``before``; for None all that wait. ``released_only``
    as in ``claim``."""
    query = select(func.count()).where(letter.c.state == "queued")
    if before is not None:
        query = query.where(letter.c.due_at <= before)
    if released_only:
        query = query.where(letter.c.id.in_(select(event.c.letter_id).where(event.c.what == RELEASED)))
    return int(conn.execute(query).scalar_one())


def last_sent(conn: Connection) -> datetime | None:
    """When the server last took a letter."""
    return conn.execute(select(func.max(letter.c.sent_at))).scalar()


def any_unsent(conn: Connection, kind: str) -> bool:
    """Whether a letter of this kind is still on its way to the server."""
    where = (letter.c.letter == kind, letter.c.state.in_(("unmade", "queued", "sending")))
    return conn.execute(select(letter.c.id).where(*where).limit(1)).first() is not None


def first_sent_after(conn: Connection, kind: str, letter_id: int, now: datetime) -> datetime | None:
    """When the first letter of this kind left of those that were written after another."""
    where = (letter.c.letter == kind, letter.c.state == "sent", letter.c.id > letter_id, letter.c.sent_at <= now + SKEW)
    return conn.execute(select(letter.c.sent_at).where(*where).order_by(letter.c.id).limit(1)).scalar()


def letters_to(conn: Connection, address: str, since: datetime, now: datetime) -> dict[str, int]:
    """How many answers of each kind were written to an address after ``since``."""
    found = conn.execute(_ANSWERS_TO, {"to": address, "since": since, "until": now + SKEW})
    return {row.letter: row.n for row in found}


def answering(conn: Connection, mail_id: int) -> list[int]:
    """The letters that a mail led to."""
    return list(conn.execute(_ANSWERING, {"mail_id": mail_id}).scalars())


def by_token_or_id(conn: Connection, tokens: Iterable[str], message_ids: Iterable[str]) -> Row[Any] | None:
    """The letter that a reply answers: by the token in its subject, else by the Message-IDs it names."""
    for column, values in ((letter.c.token, list(tokens)), (letter.c.message_id, list(message_ids))):
        if values:
            query = select(letter).where(column.in_(values)).order_by(letter.c.id.desc()).limit(1)
            if row := conn.execute(query).first():
                return row
    return None


def was_returned(conn: Connection, what: str, letter_id: int) -> bool:
    """Whether a bounce of this letter was written down already; ``what`` is the event."""
    where = (event.c.letter_id == letter_id, event.c.what == what)
    return conn.execute(select(event.c.id).where(*where).limit(1)).first() is not None


def returned_since(conn: Connection, what: str, address: str, since: datetime, now: datetime) -> int:
    """How many letters to an address came back after ``since``."""
    query = select(func.count()).select_from(event.join(letter, letter.c.id == event.c.letter_id))
    when = (event.c.at > since, event.c.at <= now + SKEW)
    where = (letter.c.to == address, letter.c.queued_at > since - LONGEST_WAY, event.c.what == what, *when)
    return int(conn.execute(query.where(*where)).scalar_one())


def was_asked(conn: Connection, kind: str, address: str, about: Iterable[Obligation]) -> bool:
    """Whether a letter of this kind about any of these went to the address already."""
    wanted = {(o.unit, o.form, o.period) for o in about}
    query = select(letter.c.obligations).where(letter.c.letter == kind, letter.c.to == address)
    asked = {(unit, form, period) for row in conn.execute(query).scalars() for unit, form, period, _ in row}
    return bool(wanted & asked)


def listing(conn: Connection) -> list[Row[Any]]:
    """Every letter without its bytes, oldest first."""
    return list(conn.execute(select(letter).order_by(letter.c.id)))


def bytes_of(conn: Connection, key: str) -> bytes | None:
    """The whole message of one letter; None for one that is not made yet."""
    made = (letter.c.key == key, letter.c.state != "unmade")
    data: bytes | None = conn.execute(select(mime.c.data).join(letter).where(*made)).scalar()
    return data


def counts(conn: Connection, queued_before: datetime | None = None) -> dict[str, int]:
    """How many letters are in each state; of those that were queued before a moment, if one is given."""
    query = select(letter.c.state, func.count().label("n")).group_by(letter.c.state)
    if queued_before is not None:
        query = query.where(letter.c.queued_at < queued_before)
    return {row.state: row.n for row in conn.execute(query)}

"""Letters: queued once by their key, claimed one by one, marked with what became of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bot.model.deciding import Obligation
from bot.model.letters import Letter, LetterState
from bot.record.clocks import letter_is_due
from bot.record.runs import insert_new, note
from bot.record.schema import event, letter, mime

_KEEP = insert(mime)
RELEASED = "letter.released"  # the event of a held letter that a person let go


@dataclass(frozen=True, slots=True)
class Due:
    """A letter whose turn it is, claimed by this worker. ``attempts`` counts this one; ``due_at`` is from when on it
    might leave."""

    letter_id: int
    key: str
    letter: str
    to: str
    mime: bytes
    attempts: int
    queued_at: datetime
    due_at: datetime
    mail_id: int | None
    obligations: tuple[Obligation, ...]
    only_while_owed: bool
    token: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Unmade:
    """A letter that waits to be made. ``draft`` is what was kept of it; ``why`` what was wrong with its template."""

    letter_id: int
    key: str
    to: str
    draft: bytes
    queued_at: datetime
    mail_id: int | None
    obligations: tuple[Obligation, ...]
    only_while_owed: bool
    why: str


def enqueue(
    conn: Connection, item: Letter, now: datetime, *, mail_id: int | None = None, due_at: datetime | None = None
) -> int | None:
    """Puts a letter into the outbox, which may leave from ``due_at`` on, or at once; None when one with this key is
    there already, whatever its state."""
    state: LetterState = "held" if item.held else "queued"
    letter_id = _insert(conn, item, state, now, mail_id, due_at or now)
    if letter_id is not None:
        note(conn, now, f"letter.{state}", letter_id=letter_id, mail_id=mail_id, key=item.key)
    return letter_id


def keep(conn: Connection, item: Letter, now: datetime, why: str, *, mail_id: int | None = None) -> int | None:
    """Keeps a letter that cannot be made: ``item.mime`` is its draft. None as in ``enqueue``."""
    letter_id = _insert(conn, item, "unmade", now, mail_id, now, why)
    if letter_id is not None:
        note(conn, now, "letter.unmade", letter_id=letter_id, mail_id=mail_id, key=item.key, why=why)
    return letter_id


def _insert(
    conn: Connection,
    item: Letter,
    state: LetterState,
    now: datetime,
    mail_id: int | None,
    due_at: datetime,
    answer: str = "",
) -> int | None:
    row = {
        "key": item.key,
        "letter": item.letter,
        "to": item.to,
        "subject": item.subject,
        "token": item.token,
        "message_id": item.message_id,
        "state": state,
        "attempts": 0,
        "queued_at": now,
        "due_at": due_at,
        "answer": answer,
        "mail_id": mail_id,
        "obligations": [[o.unit, o.form, o.period, o.deadline.isoformat()] for o in item.obligations],
        "only_while_owed": item.only_while_owed,
    }
    letter_id: int | None = insert_new(conn, letter, row)
    if letter_id is not None:
        conn.execute(_KEEP, {"letter_id": letter_id, "data": item.mime})
    return letter_id


def any_unmade(conn: Connection) -> bool:
    """Whether any letter waits to be made."""
    return conn.execute(select(letter.c.id).where(letter.c.state == "unmade").limit(1)).first() is not None


def unmade(conn: Connection, before: datetime | None = None, after: int = 0) -> Unmade | None:
    """The first letter behind number ``after`` that waits to be made, for this worker alone until the transaction ends;
    of those that were tried before a moment, if one is given."""
    query = select(letter, mime.c.data).join(mime).where(letter.c.state == "unmade", letter.c.id > after)
    if before is not None:
        query = query.where(letter.c.due_at <= before)
    row = conn.execute(query.order_by(letter.c.id).limit(1).with_for_update(skip_locked=True, of=letter)).first()
    if row is None:
        return None
    about = obligations_of(row)
    return Unmade(row.id, row.key, row.to, row.data, row.queued_at, row.mail_id, about, row.only_while_owed, row.answer)


def made(conn: Connection, waiting: Unmade, item: Letter, now: datetime, due_at: datetime) -> None:
    """The letter is made at last: it leaves from ``due_at`` on, or is held."""
    state = "held" if item.held else "queued"
    conn.execute(update(mime).where(mime.c.letter_id == waiting.letter_id).values(data=item.mime))
    _mark(conn, waiting.letter_id, state=state, subject=item.subject, due_at=due_at, answer="")
    note(conn, now, f"letter.{state}", letter_id=waiting.letter_id, mail_id=waiting.mail_id, key=item.key)


def still_unmade(conn: Connection, waiting: Unmade, now: datetime, why: str) -> None:
    """It was tried once more, in vain."""
    _mark(conn, waiting.letter_id, due_at=now, answer=why)


def never_made(conn: Connection, waiting: Unmade, now: datetime, reason: str) -> None:
    """What it was to say is no longer true, so it is not made."""
    _mark(conn, waiting.letter_id, state="cancelled", answer=reason)
    note(conn, now, "letter.cancelled", letter_id=waiting.letter_id, mail_id=waiting.mail_id, reason=reason)


def claim(
    conn: Connection, now: datetime, *, released_only: bool = False, only: Collection[str] | None = None
) -> Due | None:
    """Takes the letter that waits longest: it is ``sending`` from here on, and this attempt is counted. With
    ``released_only`` only what a person released, not what was queued by itself at an earlier time; with ``only`` no
    other kinds of letter."""
    query = select(letter, mime.c.data).join(mime).where(letter.c.state == "queued", letter_is_due(now))
    if only is not None:
        query = query.where(letter.c.letter.in_(only))
    if released_only:
        query = query.where(letter.c.id.in_(select(event.c.letter_id).where(event.c.what == RELEASED)))
    query = query.order_by(letter.c.due_at, letter.c.id).limit(1).with_for_update(skip_locked=True, of=letter)
    row = conn.execute(query).first()
    if row is None:
        return None
    _mark(conn, row.id, state="sending", attempts=row.attempts + 1, due_at=now)
    return Due(
        row.id,
        row.key,
        row.letter,
        row.to,
        row.data,
        row.attempts + 1,
        row.queued_at,
        row.due_at,
        row.mail_id,
        obligations_of(row),
        row.only_while_owed,
        row.token,
        row.message_id,
    )


def obligations_of(row: Row[Any]) -> tuple[Obligation, ...]:
    """What a letter is about."""
    return tuple(Obligation(u, f, p, datetime.fromisoformat(d)) for u, f, p, d in row.obligations)


def mark_sent(conn: Connection, due: Due, now: datetime, answer: str) -> None:
    """The server took the letter."""
    _mark(conn, due.letter_id, state="sent", sent_at=now, answer=answer)
    note(conn, now, "letter.sent", letter_id=due.letter_id, mail_id=due.mail_id, attempts=due.attempts)


def mark_retry(conn: Connection, due: Due, now: datetime, at: datetime, reason: str) -> None:
    """The letter goes back into the queue, until ``at``."""
    _mark(conn, due.letter_id, state="queued", due_at=at, answer=reason)
    note(conn, now, "letter.retry", letter_id=due.letter_id, mail_id=due.mail_id, at=at.isoformat(), reason=reason)


def unclaim(conn: Connection, due: Due) -> None:
    """Puts a letter back as if it had not been claimed: nothing was handed to the server."""
    _mark(conn, due.letter_id, state="queued", attempts=due.attempts - 1, due_at=due.due_at)


def put_off(conn: Connection, due: Due, at: datetime) -> None:
    """Not now, and not for the server's sake: the attempt does not count."""
    _mark(conn, due.letter_id, state="queued", attempts=due.attempts - 1, due_at=at)


def mark_ended(conn: Connection, due: Due, now: datetime, state: str, reason: str) -> None:
    """``failed``, ``cancelled`` or ``held``: it does not leave by itself any more."""
    _mark(conn, due.letter_id, state=state, answer=reason)
    note(conn, now, f"letter.{state}", letter_id=due.letter_id, mail_id=due.mail_id, reason=reason)


def release(conn: Connection, keys: Iterable[str] | None, now: datetime) -> list[str]:
    """Lets held letters go (all of them for None). Returns the keys that were held."""
    return _change_held(conn, keys, now, "queued", RELEASED)


def drop(conn: Connection, keys: Iterable[str] | None, now: datetime) -> list[str]:
    """Cancels held letters; of those that are named, also one that waits to be made. Returns the keys of those."""
    among: tuple[LetterState, ...] = ("held",) if keys is None else ("held", "unmade")
    return _change_held(conn, keys, now, "cancelled", "letter.cancelled", among)


def _change_held(
    conn: Connection,
    keys: Iterable[str] | None,
    now: datetime,
    state: str,
    what: str,
    among: tuple[LetterState, ...] = ("held",),
) -> list[str]:
    query = select(letter.c.id, letter.c.key).where(letter.c.state.in_(among))
    wanted = None if keys is None else set(keys)
    rows = [r for r in conn.execute(query) if wanted is None or r.key in wanted]
    for row in rows:
        _mark(conn, row.id, state=state, due_at=now)
        note(conn, now, what, letter_id=row.id, reason="by hand")
    return [r.key for r in rows]


def _mark(conn: Connection, letter_id: int, **values: object) -> None:
    conn.execute(update(letter).where(letter.c.id == letter_id).values(**values))

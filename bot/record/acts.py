"""What people ordered: every act with who, when, by which mail; what waits for a confirmation; who is let off."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from bot.record.runs import note
from bot.record.schema import act, dispensation, pending

CONFIRM_WITHIN = timedelta(days=7)
_DISPENSATIONS = select(dispensation).where(
    dispensation.c.form == bindparam("form"),
    dispensation.c.period.between(bindparam("first"), bindparam("last")),
    dispensation.c.withdrawn_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class Dispensation:
    """A unit is exempt from one report, or may send it until the end of a day."""

    unit: str
    form: str
    period: str
    until: date | None  # None: exempt
    reason: str


def write(
    conn: Connection,
    now: datetime,
    *,
    actor: str,
    command: str,
    arguments: dict[str, Any],
    mail_id: int | None,
    token: str | None,
    undo: dict[str, Any] | None,
) -> int:
    """Writes an act down. ``undo`` is what takes it back; None if nothing can."""
    values = {"at": now, "actor": actor, "command": command, "arguments": arguments, "mail_id": mail_id}
    values |= {"token": token, "undo": undo}
    act_id = int(conn.execute(insert(act).values(values).returning(act.c.id)).scalar_one())
    note(conn, now, f"act.{command}", mail_id=mail_id, act=act_id, actor=actor)
    return act_id


def token_was_used(conn: Connection, token: str) -> bool:
    """Whether an order was obeyed by this token already."""
    return conn.execute(select(act.c.id).where(act.c.token == token).limit(1)).first() is not None


def last_act(conn: Connection, actor: str) -> Row[Any] | None:
    """The newest act of a person that was not taken back, and takes none back itself."""
    where = (act.c.actor == actor, act.c.undone_at.is_(None), act.c.command != "undo")
    return conn.execute(select(act).where(*where).order_by(act.c.id.desc()).limit(1)).first()


def later_by_others(conn: Connection, row: Row[Any]) -> Row[Any] | None:
    """The first act of somebody else, after this one, about the very same: taking this one back would undo that too."""
    where = (act.c.id > row.id, act.c.actor != row.actor, act.c.undo.is_not(None), act.c.undone_at.is_(None))
    others = conn.execute(select(act).where(*where).order_by(act.c.id))
    return next((other for other in others if other.undo and _touches(other.undo) == _touches(row.undo)), None)


def _touches(undo: dict[str, Any]) -> list[Any]:
    """What an act is about, by what takes it back: a report, a unit's liaisons, the sending of letters."""
    return [
        [key, value[:1] if key == "liaisons" else "" if key == "stopped" else value]
        for key, value in sorted(undo.items())
        if key != "shape"
    ]


def deciding(conn: Connection, number: int, commands: Collection[str]) -> Row[Any] | None:
    """The newest act by which a question was decided."""
    rows = conn.execute(select(act).where(act.c.command.in_(commands)).order_by(act.c.id.desc()))
    return next((row for row in rows if row.arguments.get("number") == str(number)), None)


def mark_undone(conn: Connection, act_id: int, now: datetime) -> None:
    """Notes that an act was taken back."""
    conn.execute(update(act).where(act.c.id == act_id).values(undone_at=now))


def listing(conn: Connection) -> list[Row[Any]]:
    """Every act, oldest first."""
    return list(conn.execute(select(act).order_by(act.c.id)))


def ask(conn: Connection, now: datetime, *, letter_key: str, actor: str, text: str, mail_id: int) -> None:
    """Keeps an order until its sender confirms it in reply to a letter."""
    conn.execute(insert(pending).values(letter_key=letter_key, actor=actor, text=text, mail_id=mail_id, asked_at=now))


def is_asked(conn: Connection, letter_key: str) -> bool:
    """Whether a letter asks anybody for a confirmation, given since or not."""
    return conn.execute(select(pending.c.letter_key).where(pending.c.letter_key == letter_key)).first() is not None


def was_confirmed(conn: Connection, letter_key: str) -> bool:
    """Whether what a letter asks about was confirmed or refused since."""
    where = (pending.c.letter_key == letter_key, pending.c.used_at.is_not(None))
    return conn.execute(select(pending.c.letter_key).where(*where)).first() is not None


def pending_order(conn: Connection, now: datetime, letter_key: str, actor: str) -> str | None:
    """The order that a letter asks about, as long as it was not confirmed; only reads."""
    where = (pending.c.letter_key == letter_key, pending.c.actor == actor, pending.c.used_at.is_(None))
    row = conn.execute(select(pending).where(*where)).first()
    return None if row is None or now - row.asked_at > CONFIRM_WITHIN else str(row.text)


def mail_of_pending(conn: Connection, letter_key: str) -> int | None:
    """The mail that gave the order which a letter asks about."""
    return conn.execute(select(pending.c.mail_id).where(pending.c.letter_key == letter_key)).scalar()


def take_pending(conn: Connection, now: datetime, letter_key: str, actor: str) -> str | None:
    """The order that a letter asked about, for the one who gave it: once, and not after a week."""
    text = pending_order(conn, now, letter_key, actor)
    where = (pending.c.letter_key == letter_key, pending.c.used_at.is_(None))
    taken = text is not None and conn.execute(update(pending).where(*where).values(used_at=now)).rowcount == 1
    return text if taken else None


def dispense(conn: Connection, given: Dispensation, now: datetime) -> int:
    """Lets a unit off, or gives it more time; what was given before for the same report no longer counts."""
    withdraw(conn, given.unit, given.form, given.period, now)
    values = {"unit": given.unit, "form": given.form, "period": given.period, "until": given.until}
    values |= {"reason": given.reason, "given_at": now}
    return int(conn.execute(insert(dispensation).values(values).returning(dispensation.c.id)).scalar_one())


def withdraw(conn: Connection, unit: str, form: str, period: str, now: datetime) -> bool:
    """Takes back what was given for a report. False when there was nothing."""
    where = (dispensation.c.unit == unit, dispensation.c.form == form, dispensation.c.period == period)
    where_open = (*where, dispensation.c.withdrawn_at.is_(None))
    return conn.execute(update(dispensation).where(*where_open).values(withdrawn_at=now)).rowcount > 0


def take_back(conn: Connection, unit: str, form: str, period: str, now: datetime) -> Dispensation | None:
    """Takes back what was given last for a report. What that had replaced holds again, and is returned."""
    own = (dispensation.c.unit == unit, dispensation.c.form == form, dispensation.c.period == period)
    given_at = conn.execute(select(dispensation.c.given_at).where(*own, dispensation.c.withdrawn_at.is_(None))).scalar()
    withdraw(conn, unit, form, period, now)
    # `dispense` ended the one before in the moment in which it gave this one.
    before = update(dispensation).where(*own, dispensation.c.withdrawn_at == given_at).values(withdrawn_at=None)
    row = conn.execute(before.returning(dispensation)).first() if given_at else None
    return None if row is None else Dispensation(row.unit, row.form, row.period, row.until, row.reason)


def dispensations(conn: Connection, form: str, first: str, last: str) -> list[Dispensation]:
    """What holds for units, of one form, from one period to another."""
    rows = conn.execute(_DISPENSATIONS, {"form": form, "first": first, "last": last})
    return [Dispensation(row.unit, row.form, row.period, row.until, row.reason) for row in rows]

"""Who sits where: liaisons with their history, registered bases, addresses that bounce."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, insert, or_, select, update

from bot.model.people import Liaison
from bot.record.runs import insert_once
from bot.record.schema import base, dead_address, liaison

_DAY: BindParameter[date] = bindparam("on")
_ON = (
    select(liaison)
    .where(liaison.c.since <= _DAY, or_(liaison.c.until.is_(None), liaison.c.until > _DAY))
    .order_by(liaison.c.id)
)
_OF_UNIT = _ON.where(liaison.c.unit == bindparam("unit"))
_AT_ADDRESS = _ON.where(liaison.c.email == bindparam("email"))
_BASES = select(base).where(base.c.form == bindparam("form"))
_BASE_OF_UNIT = _BASES.where(base.c.unit == bindparam("unit"))


def liaisons(conn: Connection, on: date) -> list[Liaison]:
    """Everybody who is a liaison on that day, in the order of entry."""
    return _persons(conn.execute(_ON, {"on": on}))


def _persons(rows: Iterable[Row[Any]]) -> list[Liaison]:
    return [Liaison(r.unit, r.name, r.mobile, r.email) for r in rows]


def liaisons_of(conn: Connection, unit: str, on: date) -> list[Liaison]:
    """The liaisons of one unit on that day."""
    return _persons(conn.execute(_OF_UNIT, {"on": on, "unit": unit}))


def appoint(conn: Connection, unit: str, persons: list[Liaison], since: date, ever: date) -> bool:
    """Makes exactly these persons the unit's liaisons from ``since`` on; whoever else was one ceases then.

    A unit's very first liaisons count from ``ever``. Returns False, and changes nothing, when they are
    the liaisons already. Whoever is named here can be written to again, as far as anybody knows: a mark that mail came
    back goes, also where the same person is named anew.
    """
    conn.execute(dead_address.delete().where(dead_address.c.email.in_([p.email for p in persons if p.email])))
    every = conn.execute(select(liaison).where(liaison.c.unit == unit)).all()
    current = {Liaison(r.unit, r.name, r.mobile, r.email): r.id for r in every if r.until is None}
    if set(current) == set(persons):
        return False
    gone = [id_ for person, id_ in current.items() if person not in persons]
    conn.execute(update(liaison).where(liaison.c.id.in_(gone)).values(until=since))
    for person in persons:
        if person not in current:
            values = {"name": person.name, "mobile": person.mobile, "email": person.email}
            conn.execute(insert(liaison).values(unit=unit, since=since if every else ever, **values))
    return True


def at_address(conn: Connection, email: str, on: date) -> list[Liaison]:
    """The posts that an address holds on that day."""
    return _persons(conn.execute(_AT_ADDRESS, {"on": on, "email": email})) if email else []


def register_base(conn: Connection, unit: str, form: str, numbers: Mapping[str, int], now: datetime) -> None:
    """Sets a unit's registered numbers by category."""
    for group, registered in numbers.items():
        where = (base.c.unit == unit, base.c.form == form, base.c.group_id == group)
        values = {"registered": registered, "changed_at": now}
        if not conn.execute(update(base).where(*where).values(values)).rowcount:
            conn.execute(insert(base).values(unit=unit, form=form, group_id=group, **values))


def bases(conn: Connection, form: str) -> dict[str, dict[str, int]]:
    """unit -> category -> registered number, for the units that have registered any."""
    found: dict[str, dict[str, int]] = {}
    for row in conn.execute(_BASES, {"form": form}):
        found.setdefault(row.unit, {})[row.group_id] = row.registered
    return found


def bases_of(conn: Connection, form: str, unit: str) -> dict[str, int] | None:
    """category -> registered number of one unit; None where it has registered none."""
    return {row.group_id: row.registered for row in conn.execute(_BASE_OF_UNIT, {"form": form, "unit": unit})} or None


def mark_dead(conn: Connection, email: str, now: datetime, diagnostic: str) -> bool:
    """Notes that mail to an address comes back for good. False when that was known."""
    return insert_once(conn, dead_address, {"email": email, "since": now, "diagnostic": diagnostic})


def mark_alive(conn: Connection, email: str, at: datetime) -> bool:
    """Takes the mark away that was made before ``at``. False when there was none."""
    where = (dead_address.c.email == email, dead_address.c.since <= at)
    return bool(conn.execute(dead_address.delete().where(*where)).rowcount)


def dead(conn: Connection) -> set[str]:
    """Addresses from which letters come back for good."""
    return set(conn.execute(select(dead_address.c.email)).scalars())

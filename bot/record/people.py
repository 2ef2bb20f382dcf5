"""Who sits where: liaisons with their history, registered bases, addresses that bounce."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection, insert, or_, select, update

from bot.model.people import Liaison
from bot.record.runs import insert_once
from bot.record.schema import base, dead_address, liaison


def liaisons(conn: Connection, on: date) -> list[Liaison]:
    """Everybody who is a liaison on that day, in the order of entry."""
    query = (
        select(liaison)
        .where(liaison.c.since <= on, or_(liaison.c.until.is_(None), liaison.c.until > on))
        .order_by(liaison.c.id)
    )
    return [Liaison(r.unit, r.name, r.mobile, r.email) for r in conn.execute(query)]


def liaisons_of(conn: Connection, unit: str, on: date) -> list[Liaison]:
    """The liaisons of one unit on that day."""
    return [person for person in liaisons(conn, on) if person.unit == unit]


def appoint(conn: Connection, unit: str, persons: list[Liaison], since: date, ever: date) -> bool:
    """Makes exactly these persons the unit's liaisons from ``since`` on; whoever else was one ceases then.

    A unit's very first liaisons count from ``ever``. Returns False, and changes nothing, when they are
    the liaisons already.
    """
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
            conn.execute(dead_address.delete().where(dead_address.c.email == person.email))
    return True


def at_address(conn: Connection, email: str, on: date) -> list[Liaison]:
    """The posts that an address holds on that day."""
    return [person for person in liaisons(conn, on) if person.email and person.email == email]


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
    for row in conn.execute(select(base).where(base.c.form == form)):
        found.setdefault(row.unit, {})[row.group_id] = row.registered
    return found


def mark_dead(conn: Connection, email: str, now: datetime, diagnostic: str) -> bool:
    """Notes that mail to an address comes back for good. False when that was known."""
    return insert_once(conn, dead_address, {"email": email, "since": now, "diagnostic": diagnostic})


def dead(conn: Connection) -> set[str]:
    return set(conn.execute(select(dead_address.c.email)).scalars())

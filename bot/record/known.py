"""The units and forms that the record has met, each with its first day; units that owe nothing; deadlines as they were.

``what`` is ``unit`` or ``form``. Ids here are those of the rules, and never translated.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import JSON, Connection, String, column, delete, insert, or_, select, table, type_coerce, update

from bot.record.runs import insert_once, note
from bot.record.schema import absence, judged_by, known, letter, liaison, report

What = Literal["unit", "form"]
# Where a unit stands, as the database has it.
_PLACES = {
    "report": ("unit", "sender_unit"),
    "attention": ("unit",),
    "liaison": ("unit",),
    "base": ("unit",),
    "dispensation": ("unit",),
    "absence": ("unit",),
}


@dataclass(frozen=True, slots=True)
class Known:
    """A unit or a form as the rules named it last. ``since`` is None for what was there when the record began. A unit
    that has become part of another has an ``heir``, and owed until the day ``until``."""

    what: What
    id: str
    name: str
    kind: str
    since: date | None = None
    until: date | None = None
    heir: str | None = None


def every(conn: Connection) -> list[Known]:
    """All of them."""
    rows = conn.execute(select(known).order_by(known.c.what, known.c.id))
    return [Known(r.what, r.id, r.name, r.kind, r.since, r.until, r.heir) for r in rows]


def keep(conn: Connection, item: Known) -> None:
    """Writes one down, in the place of what was known of it."""
    values = {"name": item.name, "kind": item.kind, "since": item.since, "until": item.until, "heir": item.heir}
    if not insert_once(conn, known, {"what": item.what, "id": item.id, **values}):
        where = (known.c.what == item.what, known.c.id == item.id)
        conn.execute(update(known).where(*where).values(values))


def forget(conn: Connection, item: Known) -> None:
    """Of what left no trace."""
    conn.execute(delete(known).where(known.c.what == item.what, known.c.id == item.id))


# Ids in the tables.


def units_found(conn: Connection) -> set[str]:
    """Every id, or name, under which something stands in the record."""
    found: set[str] = set()
    for name, columns in _PLACES.items():
        for key in columns:
            query: Any = select(column(key)).select_from(table(name)).where(column(key).is_not(None)).distinct()
            found.update(conn.execute(query).scalars())
    for about in conn.execute(select(type_coerce(letter.c.obligations, JSON))).scalars():
        found.update(unit for unit, *_ in about or ())
    return found - {""}


def has_traces(conn: Connection, id_: str) -> bool:
    """Whether anything but what waits for the office stands under an id."""
    return any(
        conn.execute(select(column(key)).select_from(table(name)).where(column(key) == id_).limit(1)).first()
        for name, columns in _PLACES.items()
        for key in columns
    )


def has_reports(conn: Connection, id_: str) -> bool:
    """Whether a report stands under an id."""
    own = type_coerce(report.c.unit, String)
    return conn.execute(select(report.c.id).where(own == id_).limit(1)).first() is not None


def rename(conn: Connection, ids: Mapping[str, str]) -> None:
    """Puts other ids in the place of these, everywhere."""
    for name, columns in _PLACES.items():
        for key in columns:
            for old, new in ids.items():
                conn.execute(update(table(name, column(key))).where(column(key) == old).values({key: new}))
    _rewrite(conn, lambda about: [[ids.get(unit, unit), *rest] for unit, *rest in about])


def _rewrite(conn: Connection, change: Callable[[list[Any]], list[Any]]) -> None:
    """What letters are about, where that becomes something else."""
    raw = table("letter", column("id"), column("obligations", JSON))
    for row in conn.execute(select(raw.c.id, raw.c.obligations)).all():
        about = row.obligations or []
        if (now := change(about)) != about:
            conn.execute(update(raw).where(raw.c.id == row.id).values(obligations=now))


def hand_over(conn: Connection, old: str, new: str) -> None:
    """Whoever is a liaison of one unit becomes one of another; those that had ceased stay what they were."""
    own, address = type_coerce(liaison.c.unit, String), liaison.c.email
    there = select(address).where(own == new, liaison.c.until.is_(None))
    raw = table("liaison", column("unit"), column("until"), column("email"))
    where = (raw.c.unit == old, raw.c.until.is_(None))
    conn.execute(update(raw).where(*where, or_(raw.c.email == "", raw.c.email.not_in(there))).values(unit=new))


# Units that owe nothing for a time.


@dataclass(frozen=True, slots=True)
class Absence:
    """From a day until before another, or for good (None)."""

    absence_id: int
    unit: str
    since: date
    until: date | None


def absences(conn: Connection) -> list[Absence]:
    """What holds, in the order of entry."""
    rows = conn.execute(select(absence).where(absence.c.withdrawn_at.is_(None)).order_by(absence.c.id))
    return [Absence(row.id, row.unit, row.since, row.until) for row in rows]


def send_away(conn: Connection, unit: str, since: date, reason: str, now: datetime) -> int:
    """A unit owes nothing from a day on; the number under which that can be withdrawn."""
    values = {"unit": unit, "since": since, "reason": reason, "ordered_at": now}
    return int(conn.execute(insert(absence).values(values).returning(absence.c.id)).scalar_one())


def call_back(conn: Connection, absence_id: int, until: date | None) -> None:
    """It owes again from ``until`` on; None: never."""
    conn.execute(update(absence).where(absence.c.id == absence_id).values(until=until))


def withdraw(conn: Connection, absence_id: int, now: datetime) -> None:
    """As if it had not been ordered."""
    conn.execute(update(absence).where(absence.c.id == absence_id).values(withdrawn_at=now))


# Deadlines as they were.


def deadlines(conn: Connection) -> dict[tuple[str, str], datetime]:
    """(form, period) -> the deadline that was in force when it passed."""
    return {(row.form, row.period): row.deadline for row in conn.execute(select(judged_by))}


def fix(conn: Connection, passed: Mapping[tuple[str, str], datetime], now: datetime) -> None:
    """Writes down the deadlines that have passed; one that stands there stays."""
    for (form, period), deadline in passed.items():
        if insert_once(conn, judged_by, {"form": form, "period": period, "deadline": deadline}):
            note(conn, now, "deadline.passed", form=form, period=period)


def unjudged(conn: Connection) -> list[Any]:
    """Accepted reports from before their deadlines were kept."""
    columns = (report.c.id, report.c.mail_id, report.c.form, report.c.unit, report.c.period)
    query = select(*columns, report.c.on_time, report.c.first_received_at)
    where = (report.c.outcome == "accepted", report.c.deadline.is_(None))
    return list(conn.execute(query.where(*where).order_by(report.c.id)))


def told_deadlines(conn: Connection) -> dict[tuple[int, str, str, str], datetime]:
    """(mail, unit, form, period) -> the deadline that its answer named, for every mail that had one."""
    rows = conn.execute(select(letter.c.mail_id, letter.c.obligations).where(letter.c.mail_id.is_not(None)))
    return {
        (row.mail_id, unit, form, period): datetime.fromisoformat(deadline)
        for row in rows
        for unit, form, period, deadline in row.obligations
    }


def judge(conn: Connection, deadlines_by_report: Iterable[tuple[int, datetime]]) -> None:
    """Writes down by which deadline each of these reports was judged."""
    for report_id, deadline in deadlines_by_report:
        conn.execute(update(report).where(report.c.id == report_id).values(deadline=deadline))

"""Reports: what is known of a unit's earlier ones, and how a new one is written down."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, or_, select, true, update

from bot.model.deciding import Accepted, Ruling
from bot.record.runs import note
from bot.record.schema import attention, finding, mail, report

_OF_UNIT = (
    select(report)
    .where(report.c.form == bindparam("form"), report.c.unit == bindparam("unit"), report.c.outcome == "accepted")
    .order_by(report.c.period.desc(), report.c.version.desc())
    .limit(1)
)
_IN_FORCE = _OF_UNIT.where(report.c.period == bindparam("period"))
_IN_FORCE_BEFORE = _OF_UNIT.where(report.c.period < bindparam("period"))
_WRITE = insert(report).returning(report.c.id)


def accepted(conn: Connection, form: str, unit: str, period: str, before: int | None = None) -> Accepted | None:
    """The version in force for a unit and period; with ``before``, when the report of that number was not yet there."""
    return _first(conn, _IN_FORCE, {"form": form, "unit": unit, "period": period}, before)


def accepted_before(conn: Connection, form: str, unit: str, period: str, before: int | None = None) -> Accepted | None:
    """The version in force for the last period before ``period`` that the unit has reported."""
    return _first(conn, _IN_FORCE_BEFORE, {"form": form, "unit": unit, "period": period}, before)


def _first(conn: Connection, query: Select[Any], values: dict[str, Any], before: int | None) -> Accepted | None:
    row = conn.execute(query if before is None else query.where(_until(before)), values).first()
    return as_accepted(row) if row else None


def _until(before: int | None) -> Any:
    return true() if before is None else report.c.id < before


def before_each(conn: Connection, form: str, told: Collection[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """(unit, period) -> the numbers of the last period before it that the unit has reported, if there is one."""
    rank = func.row_number().over(partition_by=(report.c.unit, report.c.period), order_by=report.c.version.desc())
    where = (report.c.form == form, report.c.outcome == "accepted", report.c.unit.in_({unit for unit, _ in told}))
    ranked = select(report.c.unit, report.c.period, report.c.numbers, rank.label("rank")).where(*where).subquery()
    found: dict[tuple[str, str], Any] = {}
    if not told:
        return found
    wanted: dict[str, list[str]] = {}
    for unit, period in told:
        wanted.setdefault(unit, []).append(period)
    for row in conn.execute(select(ranked).where(ranked.c.rank == 1).order_by(ranked.c.period)):
        found |= {(row.unit, period): row.numbers for period in wanted[row.unit] if period > row.period}
    return found


def as_accepted(row: Row[Any]) -> Accepted:
    """A row of an accepted report as the value that judging takes."""
    return Accepted(
        row.id,
        row.unit,
        row.form,
        row.period,
        row.version,
        row.numbers,
        row.received_at,
        row.first_received_at,
        row.content,
    )


def in_force(conn: Connection, form: str, period: str, before: int | None = None) -> dict[str, Row[Any]]:
    """unit -> the accepted version in force, for one period; ``before`` as in ``accepted``."""
    return in_force_between(conn, form, period, period, before).get(period, {})


def in_force_between(
    conn: Connection, form: str, first: str, last: str, before: int | None = None
) -> dict[str, dict[str, Row[Any]]]:
    """The same for each period from one to another: period -> unit -> report."""
    rank = func.row_number().over(partition_by=(report.c.period, report.c.unit), order_by=report.c.version.desc())
    where = (report.c.form == form, report.c.period.between(first, last), report.c.outcome == "accepted")
    found: dict[str, dict[str, Row[Any]]] = {}
    for row in _first_of_each(conn, rank, *where, _until(before)):
        found.setdefault(row.period, {})[row.unit] = row
    return found


def _first_of_each(conn: Connection, rank: Any, *where: Any) -> Iterable[Row[Any]]:
    """The whole rows that are first by ``rank``. Ranked without their contents, of which there may be years."""
    ranked = select(report.c.id, rank.label("rank")).where(*where).subquery()
    return conn.execute(select(report).join(ranked, ranked.c.id == report.c.id).where(ranked.c.rank == 1))


def in_force_until(
    conn: Connection, form: str, period: str, recorded_until: datetime | None = None, first: str = ""
) -> dict[str, Row[Any]]:
    """unit -> the newest accepted report of that period or an earlier one, back to ``first``: cumulative numbers
    carry on.

    With ``recorded_until``, as the record stood at that moment.
    """
    rank = func.row_number().over(
        partition_by=report.c.unit, order_by=(report.c.period.desc(), report.c.version.desc())
    )
    where = [report.c.form == form, report.c.period.between(first, period), report.c.outcome == "accepted"]
    if recorded_until is not None:
        where.append(report.c.recorded_at <= recorded_until)
    return {row.unit: row for row in _first_of_each(conn, rank, *where)}


def reported(
    conn: Connection, form: str, first: str, last: str, units: Collection[str] | None = None
) -> dict[str, set[str]]:
    """period -> the units of which a report is accepted, from one period to another; of ``units`` alone, if given."""
    query = select(report.c.period, report.c.unit).distinct()
    query = query.where(report.c.form == form, report.c.period.between(first, last), report.c.outcome == "accepted")
    if units is not None:
        query = query.where(report.c.unit.in_(units))
    found: dict[str, set[str]] = {}
    for period, unit in conn.execute(query):
        found.setdefault(period, set()).add(unit)
    return found


def not_counted(
    conn: Connection, form: str, first: str, last: str, units: Collection[str] | None = None
) -> list[Row[Any]]:
    """Returned and waiting reports about one period up to another, oldest first; those of ``units`` alone, if given."""
    columns = (report.c.version, report.c.about, report.c.unit, report.c.sender_unit, report.c.outcome, report.c.why)
    where = [report.c.form == form, report.c.about.between(first, last), report.c.settled == ""]
    where.append(report.c.outcome.in_(("returned", "waiting")))
    if units is not None:
        where.append(or_(report.c.unit.in_(units), report.c.sender_unit.in_(units)))
    return list(conn.execute(select(*columns, report.c.received_at).where(*where).order_by(report.c.id)))


def waiting(conn: Connection) -> list[Row[Any]]:
    """Reports that wait for a person, with their mail and the ``number`` of the question (None if nobody was asked),
    oldest first; those left out whose unit, or whose sender's unit, has had one accepted for the period since."""
    later = report.alias()
    settled = select(later.c.id).where(
        later.c.form == report.c.form,
        later.c.period == report.c.about,
        or_(later.c.unit == report.c.unit, later.c.unit == report.c.sender_unit),
        later.c.outcome == "accepted",
        later.c.id > report.c.id,
    )
    asked = select(func.min(attention.c.id)).where(attention.c.report_id == report.c.id).scalar_subquery()
    query = (
        select(report, mail.c.shown_from, mail.c.subject, asked.label("number"))
        .join(mail, mail.c.id == report.c.mail_id)
        .where(report.c.outcome == "waiting", report.c.settled == "", ~settled.exists())
    )
    return list(conn.execute(query.order_by(report.c.id)))


def open_question(conn: Connection, report_id: int) -> Row[Any] | None:
    """One report that waits; None when there is none of that number, or it was decided."""
    where = (report.c.id == report_id, report.c.outcome == "waiting", report.c.settled == "")
    return conn.execute(select(report).where(*where)).first()


def settle(conn: Connection, report_id: int, how: str) -> bool:
    """Marks what was decided of a report that waited. False when somebody was faster."""
    where = (report.c.id == report_id, report.c.settled == "")
    return conn.execute(update(report).where(*where).values(settled=how)).rowcount == 1


def reopen(conn: Connection, report_id: int, how: str) -> bool:
    """Takes back what was decided of a report, if it was ``how``. False if it was not."""
    where = (report.c.id == report_id, report.c.settled == how)
    return conn.execute(update(report).where(*where).values(settled="")).rowcount == 1


def history(conn: Connection, unit: str, most: int) -> list[Row[Any]]:
    """The newest accepted versions of a unit's reports, of every form, the newest first."""
    query = select(report).where(report.c.unit == unit, report.c.outcome == "accepted")
    return list(conn.execute(query.order_by(report.c.id.desc()).limit(most)))


def recorded_between(conn: Connection, since: datetime, until: datetime) -> list[Row[Any]]:
    """Accepted reports that were written down in (since, until], oldest first."""
    query = (
        select(report)
        .where(report.c.recorded_at > since, report.c.recorded_at <= until, report.c.outcome == "accepted")
        .order_by(report.c.id)
    )
    return list(conn.execute(query))


def write(conn: Connection, mail_id: int, ruling: Ruling, received_at: datetime, now: datetime) -> int | None:
    """Writes one ruling down with its findings. A duplicate leaves an event and no new version."""
    judged, form = ruling.judged, ruling.judged.form
    if ruling.outcome == "duplicate":
        before = ruling.before.report_id if ruling.before else None
        note(conn, now, "report.duplicate", mail_id=mail_id, report_id=before)
        return None
    received_at = ruling.arrived_at or received_at
    first = ruling.before.first_received_at if ruling.before and ruling.outcome == "accepted" else received_at
    values = {
        "mail_id": mail_id,
        "form": form.form,
        "unit": judged.unit,
        "sender_unit": ruling.sender_unit,
        "period": judged.period,
        "about": ruling.about or judged.period or "",
        "outcome": ruling.outcome,
        "why": ruling.why,
        "version": ruling.version if ruling.outcome == "accepted" else None,
        "on_time": ruling.on_time if ruling.outcome == "accepted" else None,
        "received_at": received_at,
        "first_received_at": first,
        "recorded_at": now,
        "filled_on": judged.filled_on,
        "reporter": judged.reporter,
        "phone": judged.phone,
        "document": judged.document,
        "sheet": form.place,
        "numbers": judged.numbers,
        "origin": form.origin or "",
        "content": judged.content,
    }
    report_id = int(conn.execute(_WRITE, values).scalar_one())
    rows = [
        {
            "report_id": report_id,
            "check_id": f.check,
            "case_id": f.case,
            "severity": f.severity,
            "place": f.place,
            "message": f.message,
            "details": f.values,
        }
        for f in judged.findings
    ]
    if rows:
        conn.execute(insert(finding), rows)
    note(conn, now, f"report.{ruling.outcome}", mail_id=mail_id, report_id=report_id, version=ruling.version)
    return report_id

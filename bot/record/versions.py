"""The versions in force: what is known of the accepted reports of a unit or a period."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select, true

from bot.model.deciding import Accepted, Ruling
from bot.record.schema import report

WITHDRAWN = "withdrawn"  # the outcome of a version that was accepted, and that the office has taken out of force

_OF_UNIT = (
    select(report)
    .where(report.c.form == bindparam("form"), report.c.unit == bindparam("unit"), report.c.outcome == "accepted")
    .order_by(report.c.period.desc(), report.c.version.desc())
    .limit(1)
)
_IN_FORCE = _OF_UNIT.where(report.c.period == bindparam("period"))
_IN_FORCE_BEFORE = _OF_UNIT.where(report.c.period < bindparam("period"))
_IN_FORCE_AFTER = (
    _OF_UNIT.where(report.c.period > bindparam("period"))
    .order_by(None)
    .order_by(report.c.period, report.c.version.desc())
)


def accepted(conn: Connection, form: str, unit: str, period: str, before: int | None = None) -> Accepted | None:
    """The version in force for a unit and period; with ``before``, when the report of that number was not yet there."""
    return _first(conn, _IN_FORCE, {"form": form, "unit": unit, "period": period}, before)


def accepted_below(conn: Connection, form: str, unit: str, period: str, version: int) -> Accepted | None:
    """The accepted version before another one of the same unit and period: in force if that one were not."""
    query = _IN_FORCE.where(report.c.version < version)
    return _first(conn, query, {"form": form, "unit": unit, "period": period}, None)


def numbered(conn: Connection, form: str, unit: str, period: str, before: int | None = None) -> int:
    """The number of the newest version that a unit and period ever had, withdrawn ones with it; 0 for none."""
    where = (report.c.form == form, report.c.unit == unit, report.c.period == period, _until(before))
    return conn.execute(select(func.max(report.c.version)).where(*where)).scalar() or 0


def accepted_before(conn: Connection, form: str, unit: str, period: str, before: int | None = None) -> Accepted | None:
    """The version in force for the last period before ``period`` that the unit has reported."""
    return _first(conn, _IN_FORCE_BEFORE, {"form": form, "unit": unit, "period": period}, before)


def accepted_after(conn: Connection, form: str, unit: str, period: str, before: int | None = None) -> Accepted | None:
    """The version in force for the first period after ``period`` that the unit has reported."""
    return _first(conn, _IN_FORCE_AFTER, {"form": form, "unit": unit, "period": period}, before)


def _first(conn: Connection, query: Select[Any], values: dict[str, Any], before: int | None) -> Accepted | None:
    row = conn.execute(query if before is None else query.where(_until(before)), values).first()
    return as_accepted(row) if row else None


def _until(before: int | None) -> Any:
    return true() if before is None else report.c.id < before


def went_back(conn: Connection, ruling: Ruling) -> int:
    """How often the unit's same form was returned already: the same numbers, rows, month and people."""
    judged = ruling.judged
    at = (report.c.form == judged.form.form, report.c.unit == judged.unit, report.c.about == ruling.about)
    columns = (report.c.period, report.c.numbers, report.c.content, report.c.reporter, report.c.phone)
    same = (judged.period, judged.numbers, judged.content, judged.reporter, judged.phone)
    found = conn.execute(select(*columns).where(*at, report.c.outcome == "returned"))
    return sum(1 for row in found if tuple(row) == same)


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
        row.deadline,
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


def history(conn: Connection, unit: str, most: int) -> list[Row[Any]]:
    """The newest accepted versions of a unit's reports, of every form, the newest first; withdrawn ones with them."""
    query = select(report).where(report.c.unit == unit, report.c.outcome.in_(("accepted", WITHDRAWN)))
    return list(conn.execute(query.order_by(report.c.id.desc()).limit(most)))


def recorded_between(conn: Connection, since: datetime, until: datetime) -> list[Row[Any]]:
    """Accepted reports that were written down in (since, until], oldest first."""
    query = (
        select(report)
        .where(report.c.recorded_at > since, report.c.recorded_at <= until, report.c.outcome == "accepted")
        .order_by(report.c.id)
    )
    return list(conn.execute(query))

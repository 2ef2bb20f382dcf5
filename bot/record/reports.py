"""Reports: how a ruling is written down as one, and those that do not count: returned, waiting, settled."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from bot.model.deciding import Ruling
from bot.record.runs import note
from bot.record.schema import attention, finding, mail, report
from bot.record.versions import WITHDRAWN

_WRITE = insert(report).returning(report.c.id)


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


def by_id(conn: Connection, report_id: int) -> Row[Any]:
    """One report, whatever became of it."""
    return conn.execute(select(report).where(report.c.id == report_id)).one()


def withdraw(conn: Connection, report_id: int, now: datetime) -> None:
    """Takes an accepted version out of force: the one before it is in force again. It keeps its number."""
    _turn(conn, report_id, "accepted", WITHDRAWN, now)


def restore(conn: Connection, report_id: int, now: datetime) -> None:
    """Puts a withdrawn version in force again."""
    _turn(conn, report_id, WITHDRAWN, "accepted", now)


def _turn(conn: Connection, report_id: int, was: str, now_is: str, now: datetime) -> None:
    where = (report.c.id == report_id, report.c.outcome == was)
    if conn.execute(update(report).where(*where).values(outcome=now_is)).rowcount:
        note(conn, now, f"report.{'withdrawn' if now_is == WITHDRAWN else 'restored'}", report_id=report_id)


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
        "deadline": ruling.deadline if ruling.outcome == "accepted" else None,
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

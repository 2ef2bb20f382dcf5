"""Warnings that want a reason, the reasons that were given, and drafts that wait for their sender's yes."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from bot.record.runs import note
from bot.record.schema import explanation, finding, report

_EXPLAINED = (
    select(finding.c.check_id, finding.c.details)
    .join(report, report.c.id == finding.c.report_id)
    .where(report.c.form == bindparam("form"), report.c.unit == bindparam("unit"))
    .where(finding.c.explanation_id.is_not(None))
)


def keep(conn: Connection, mail_id: int, reason: str, finding_ids: Iterable[int], now: datetime) -> None:
    """Writes a reason down for these findings. The first one stays; another is kept beside it as an event."""
    values = {"mail_id": mail_id, "said_at": now, "reason": reason}
    id_ = conn.execute(insert(explanation).values(values).returning(explanation.c.id)).scalar_one()
    open_ones = (finding.c.id.in_(list(finding_ids)), finding.c.explanation_id.is_(None))
    settled = conn.execute(update(finding).where(*open_ones).values(explanation_id=id_)).rowcount
    note(conn, now, "finding.explained", mail_id=mail_id, explanation=id_, findings=settled)


def unexplained(conn: Connection, mail_id: int, checks: Collection[str]) -> list[Row[Any]]:
    """Findings of these checks in the reports of one mail for which nobody gave a reason yet, with ``report_id``."""
    query = (
        select(finding)
        .join(report, report.c.id == finding.c.report_id)
        .where(report.c.mail_id == mail_id, report.c.outcome.in_(("accepted", "returned")))
        .where(finding.c.check_id.in_(checks), finding.c.explanation_id.is_(None))
    )
    return list(conn.execute(query.order_by(finding.c.id)))


def explained(conn: Connection, form: str, unit: str, until: datetime | None = None) -> list[Row[Any]]:
    """Every finding of a unit's reports that has its reason, or had it at a moment: ``check_id`` and ``details``."""
    query = _EXPLAINED
    if until is not None:
        given = select(explanation.c.id).where(explanation.c.said_at <= until)
        query = query.where(finding.c.explanation_id.in_(given))
    return list(conn.execute(query, {"form": form, "unit": unit}))


def given_between(conn: Connection, form: str, since: datetime, until: datetime) -> list[Row[Any]]:
    """Reasons that were given in (since, until]: unit, period, message and reason, oldest first."""
    query = (
        select(report.c.unit, report.c.period, finding.c.message, explanation.c.reason, explanation.c.said_at)
        .join(finding, finding.c.explanation_id == explanation.c.id)
        .join(report, report.c.id == finding.c.report_id)
        .where(report.c.form == form, explanation.c.said_at > since, explanation.c.said_at <= until)
    )
    return list(conn.execute(query.order_by(explanation.c.id, finding.c.id)))


def waiting_for_sender(conn: Connection, mail_id: int, units: Collection[str], why: str) -> list[int]:
    """The reports of one mail, of these units, that wait for a word of their sender: whether they are his
    (``unproven``), or whether a list is the whole one (``shrunk``)."""
    where = (report.c.mail_id == mail_id, report.c.outcome == "waiting", report.c.why == why)
    query = select(report.c.id).where(*where, report.c.settled == "", report.c.unit.in_(units))
    return list(conn.execute(query.order_by(report.c.id)).scalars())


def drafts(conn: Connection, mail_id: int) -> list[tuple[Row[Any], bool]]:
    """What was read from pictures in one mail and waits for its sender; whether an error was found in it."""
    where = (report.c.mail_id == mail_id, report.c.outcome == "waiting", report.c.why == "confirm")
    rows = list(conn.execute(select(report).where(*where, report.c.settled == "").order_by(report.c.id)))
    wrong = select(finding.c.report_id).where(
        finding.c.report_id.in_([row.id for row in rows]), finding.c.severity == "error"
    )
    errors = set(conn.execute(wrong).scalars())
    return [(row, row.id in errors) for row in rows]

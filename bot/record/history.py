"""Everything that the record holds about one letter, mail and report. Only reads; no bytes."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from bot.record.schema import attention, event, explanation, finding, letter, mail, place, report

About = tuple[str, str, str]  # unit, form, period


def letter_of(conn: Connection, token: str) -> Row[Any] | None:
    """The letter that has this number in its subject."""
    return conn.execute(select(letter).where(letter.c.token == token)).first()


def mail_of(conn: Connection, mail_id: int) -> Row[Any] | None:
    """A mail without its bytes; None if there is none of that number."""
    return conn.execute(select(mail).where(mail.c.id == mail_id)).first()


def places_of(conn: Connection, mail_id: int) -> list[Row[Any]]:
    """Where a mail lay: folder, UIDVALIDITY, UID."""
    return list(conn.execute(select(place).where(place.c.mail_id == mail_id).order_by(place.c.folder, place.c.uid)))


def reports_of(conn: Connection, mail_id: int) -> list[Row[Any]]:
    """What a mail brought, as it was decided on the first day and later, oldest first."""
    return list(conn.execute(select(report).where(report.c.mail_id == mail_id).order_by(report.c.id)))


def reports_about(conn: Connection, about: About) -> list[Row[Any]]:
    """Every version of one unit, form and period, counted or not, oldest first."""
    unit, form, period = about
    where = (report.c.unit == unit, report.c.form == form, report.c.period == period)
    return list(conn.execute(select(report).where(*where).order_by(report.c.id)))


def findings_of(conn: Connection, report_id: int) -> list[Row[Any]]:
    """What a report's checks found, each with the reason that was given for it."""
    query = (
        select(finding, explanation.c.reason, explanation.c.said_at, explanation.c.mail_id.label("said_in"))
        .outerjoin(explanation, explanation.c.id == finding.c.explanation_id)
        .where(finding.c.report_id == report_id)
    )
    return list(conn.execute(query.order_by(finding.c.id)))


def letters_about(conn: Connection, mail_id: int | None, about: Collection[About]) -> list[Row[Any]]:
    """The letters that answer a mail, and those that speak of the same report (reminders), oldest first."""
    rows = conn.execute(select(letter).order_by(letter.c.id))
    return [
        row
        for row in rows
        if (mail_id is not None and row.mail_id == mail_id)
        or any((unit, form, period) in about for unit, form, period, _ in row.obligations)
    ]


def attention_of(conn: Connection, mail_id: int) -> list[Row[Any]]:
    """What of a mail was put before the office."""
    return list(conn.execute(select(attention).where(attention.c.mail_id == mail_id).order_by(attention.c.id)))


def events_of(
    conn: Connection, mail_ids: Iterable[int], letter_ids: Iterable[int], report_ids: Iterable[int]
) -> list[Row[Any]]:
    """What happened to these, in order."""
    query = select(event).where(
        or_(
            event.c.mail_id.in_(list(mail_ids)),
            event.c.letter_id.in_(list(letter_ids)),
            event.c.report_id.in_(list(report_ids)),
        )
    )
    return list(conn.execute(query.order_by(event.c.id)))


def ids_of_mails(conn: Connection, since: datetime | None = None) -> list[int]:
    """Every mail that has its fate, in the order in which they are worked off; of those that came from a moment on."""
    query = select(mail.c.id).where(mail.c.state != "new")
    if since is not None:
        query = query.where(mail.c.received_at >= since)
    return list(conn.execute(query.order_by(mail.c.received_at, mail.c.id)).scalars())


def first_decided(conn: Connection, came: Row[Any]) -> list[Row[Any]]:
    """The reports of a mail as they were decided when it was worked off, without what the office made of them later,
    and without what it wrote down in it of a telephone call."""
    return [row for row in reports_of(conn, came.id) if row.recorded_at <= came.done_at and row.origin != "telephone"]


def repeats_of(conn: Connection, came: Row[Any]) -> int:
    """How many forms of a mail said what was known already."""
    where = (event.c.mail_id == came.id, event.c.what == "report.duplicate", event.c.at <= came.done_at)
    return int(conn.execute(select(func.count()).where(*where)).scalar_one())


def report_after(conn: Connection, came: Row[Any]) -> int | None:
    """The number of the first report that was not yet there when a mail was judged; None if all were. Mails that were
    worked off in one run have one moment, and follow each other as they arrived."""
    own = [row.id for row in reports_of(conn, came.id)]
    if own:
        return int(min(own))
    later = and_(
        report.c.recorded_at == came.done_at,
        or_(mail.c.received_at > came.received_at, and_(mail.c.received_at == came.received_at, mail.c.id > came.id)),
    )
    query = (
        select(func.min(report.c.id))
        .join(mail, mail.c.id == report.c.mail_id)
        .where(or_(report.c.recorded_at > came.done_at, later))
    )
    return conn.execute(query).scalar()

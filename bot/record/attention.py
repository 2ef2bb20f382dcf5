"""What a person must see, until it stood in a letter to the office."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from bot.model.deciding import Attention
from bot.record.runs import note
from bot.record.schema import attention, mail, report


def open_items(conn: Connection, items: Iterable[Attention], now: datetime, mail_id: int | None = None) -> None:
    """Puts something on the list of what a person must see."""
    for item in items:
        values = {"kind": item.kind, "detail": item.detail, "unit": item.unit, "form": item.form}
        conn.execute(insert(attention).values(mail_id=mail_id, period=item.period, opened_at=now, **values))
        note(conn, now, "attention", mail_id=mail_id, kind=item.kind)


def untold(conn: Connection) -> list[Row[Any]]:
    """What stood in no letter to the office yet, with the mail that it is about, oldest first. Until the end of
    the transaction another worker does not see it here."""
    query = _with_mail().where(attention.c.told_at.is_(None)).order_by(attention.c.id)
    return list(conn.execute(query.with_for_update(skip_locked=True, of=attention)))


def since(conn: Connection, moment: datetime) -> list[Row[Any]]:
    return list(conn.execute(_with_mail().where(attention.c.opened_at > moment).order_by(attention.c.id)))


def of_reports(conn: Connection, form: str, period: str) -> list[Row[Any]]:
    """Reports of a period that wait for a person and whose unit has nothing accepted since."""
    settled = select(report.c.id).where(
        report.c.form == form,
        report.c.period == period,
        report.c.unit == attention.c.unit,
        report.c.outcome == "accepted",
        report.c.recorded_at > attention.c.opened_at,
    )
    where = (attention.c.form == form, or_(attention.c.period == period, attention.c.period.is_(None)))
    return list(conn.execute(_with_mail().where(*where, ~settled.exists()).order_by(attention.c.id)))


def _with_mail() -> Any:
    columns = (mail.c.shown_from, mail.c.subject, mail.c.received_at)
    return select(attention, *columns).outerjoin(mail, mail.c.id == attention.c.mail_id)


def told(conn: Connection, ids: list[int], now: datetime) -> None:
    conn.execute(update(attention).where(attention.c.id.in_(ids)).values(told_at=now))

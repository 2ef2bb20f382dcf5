"""What a person must see, until it stood in a letter to the office."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from bot.model.deciding import Attention
from bot.record.clocks import SKEW
from bot.record.runs import note
from bot.record.schema import attention, letter, mail, report


def open_items(conn: Connection, items: Iterable[Attention], now: datetime, mail_id: int | None = None) -> None:
    """Puts something on the list of what a person must see."""
    for item in items:
        values: dict[str, Any] = {"kind": item.kind, "detail": item.detail, "unit": item.unit, "form": item.form}
        values |= {"period": item.period, "letter_id": item.letter_id, "report_id": item.report_id, "mail_id": mail_id}
        conn.execute(insert(attention).values(opened_at=now, **values))
        note(conn, now, "attention", mail_id=mail_id, kind=item.kind)


def was_opened(conn: Connection, item: Attention, since: datetime, now: datetime) -> bool:
    """Whether the same was put before a person after ``since``."""
    when = (attention.c.opened_at >= since, attention.c.opened_at <= now + SKEW)
    where = (attention.c.kind == item.kind, attention.c.detail == item.detail, *when)
    return conn.execute(select(attention.c.id).where(*where).limit(1)).first() is not None


def untold(conn: Connection) -> list[Row[Any]]:
    """What stood in no letter to the office yet, with the mail that it is about, oldest first. Until the end of
    the transaction another worker does not see it here."""
    query = _with_mail().where(attention.c.told_at.is_(None)).order_by(attention.c.id)
    return list(conn.execute(query.with_for_update(skip_locked=True, of=attention)))


def count_untold(conn: Connection) -> int:
    """How many items the office has not been told of."""
    return int(conn.execute(select(func.count()).where(attention.c.told_at.is_(None))).scalar_one())


def since(conn: Connection, moment: datetime) -> list[Row[Any]]:
    """Every item that was opened after a moment, with its mail, oldest first."""
    return list(conn.execute(_with_mail().where(attention.c.opened_at > moment).order_by(attention.c.id)))


def _with_mail() -> Any:
    columns = (mail.c.sender, mail.c.shown_from, mail.c.subject, mail.c.received_at)
    names = (letter.c.subject.label("letter_subject"), letter.c.key.label("letter_key"), letter.c.to.label("letter_to"))
    ours = (*names, letter.c.answer)
    return (
        select(attention, *columns, *ours)
        .outerjoin(mail, mail.c.id == attention.c.mail_id)
        .outerjoin(letter, letter.c.id == attention.c.letter_id)
    )


def sender_unit(conn: Connection, mail_id: int) -> str | None:
    """The registered unit of whoever sent a report, if it was one person's only unit."""
    query = select(report.c.sender_unit).where(report.c.mail_id == mail_id, report.c.sender_unit.is_not(None))
    unit: str | None = conn.execute(query.limit(1)).scalar()
    return unit


def mail_of(conn: Connection, number: int) -> int | None:
    """The mail about which the office was told under a number."""
    found: int | None = conn.execute(select(attention.c.mail_id).where(attention.c.id == number)).scalar()
    return found


def told_in(conn: Connection, slot: str, kinds: Iterable[str]) -> list[int]:
    """The numbers of all that stood in one letter to the office and asked something of the ``kinds``, or about a report
    or a letter."""
    asks = or_(attention.c.report_id.is_not(None), attention.c.letter_id.is_not(None), attention.c.kind.in_(kinds))
    query = select(attention.c.id).where(attention.c.told_in == slot, asks).order_by(attention.c.id)
    return list(conn.execute(query).scalars())


def settle(conn: Connection, letter_id: int, now: datetime) -> None:
    """What was to be told of a letter is over before it was told."""
    waits = (attention.c.letter_id == letter_id, attention.c.told_at.is_(None))
    conn.execute(update(attention).where(*waits).values(told_at=now, told_in=""))


def told(conn: Connection, ids: list[int], now: datetime, slot: str) -> None:
    """Marks what stood in a letter to the office; ``slot`` names the letter."""
    conn.execute(update(attention).where(attention.c.id.in_(ids)).values(told_at=now, told_in=slot))

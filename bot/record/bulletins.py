"""Bulletins: drafted, released once, and never changed after that."""

from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, select, update

from bot.model.bulletin import Bulletin, Kept
from bot.record.runs import insert_once, note
from bot.record.schema import bulletin

_OF_MONTH = select(bulletin.c.id).where(
    bulletin.c.form == bindparam("form"), bulletin.c.period == bindparam("period"), bulletin.c.released_at.is_not(None)
)


@cache
def _shape() -> TypeAdapter[Bulletin]:
    """How a bulletin stands in JSON; built when the first one is read or written."""
    return TypeAdapter(Bulletin)


def content_of(made: Bulletin) -> dict[str, Any]:
    """A bulletin as JSON holds it: times as ISO 8601, nothing left out."""
    content: dict[str, Any] = _shape().dump_python(made, mode="json")
    return content


def _kept(row: Row[Any]) -> Kept:
    return Kept(_shape().validate_python(row.content), row.drafted_at, row.released_at)


def kept(conn: Connection, form: str, period: str) -> Kept | None:
    """What is kept of a month: the draft, or what was announced."""
    row = conn.execute(select(bulletin).where(bulletin.c.form == form, bulletin.c.period == period)).first()
    return _kept(row) if row else None


def is_released(conn: Connection, form: str, period: str, until: datetime | None = None) -> bool:
    """Whether a month of a form was announced, or was at a moment: then its numbers are locked."""
    query = _OF_MONTH if until is None else _OF_MONTH.where(bulletin.c.released_at <= until)
    return conn.execute(query, {"form": form, "period": period}).first() is not None


def released(conn: Connection, form: str, until: str) -> list[Kept]:
    """Every announced month of a form up to ``until``, which is included, in order."""
    where = (bulletin.c.form == form, bulletin.c.period <= until, bulletin.c.released_at.is_not(None))
    return [_kept(row) for row in conn.execute(select(bulletin).where(*where).order_by(bulletin.c.period))]


def draft(conn: Connection, made: Bulletin, now: datetime) -> None:
    """Keeps a draft beside its letters. One that was released stays as it is."""
    content = content_of(made)
    row = {"form": made.form, "period": made.period, "drafted_at": now, "released_at": None, "content": content}
    if not insert_once(conn, bulletin, row):
        conn.execute(update(bulletin).where(*_unreleased(made)).values(drafted_at=now, content=content))
    note(conn, now, "bulletin.drafted", form=made.form, period=made.period)


def release(conn: Connection, made: Bulletin, now: datetime) -> bool:
    """Freezes a month with these numbers. False, and nothing changes, when it was released already."""
    content = content_of(made)
    row = {"form": made.form, "period": made.period, "drafted_at": now, "released_at": now, "content": content}
    if not insert_once(conn, bulletin, row):
        values = {"released_at": now, "content": content}
        if not conn.execute(update(bulletin).where(*_unreleased(made)).values(values)).rowcount:
            return False
    reported = sum(line.since == made.period for line in made.lines)
    note(conn, now, "bulletin.released", form=made.form, period=made.period, units=len(made.lines), reported=reported)
    return True


def _unreleased(made: Bulletin) -> tuple[Any, ...]:
    return bulletin.c.form == made.form, bulletin.c.period == made.period, bulletin.c.released_at.is_(None)

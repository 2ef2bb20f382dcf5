"""Bulletins: drafted, released once, and never changed after that.

    Bulletin -content_of-> JSON, with the number of its shape -bulletin_in-> brought to today's shape -> Bulletin

What was announced must be readable for ever. So whoever changes a field of ``bot.model.bulletin`` raises ``SHAPE``,
says in ``_TO_NEXT`` what an older one becomes, and stores a sample (``python -m tests.samples``); the tests hold this.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from math import floor
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, select, update

from bot.errors import RecordError
from bot.model.bulletin import Bulletin, Kept
from bot.record.runs import insert_once, note
from bot.record.schema import bulletin

_OF_MONTH = select(bulletin.c.id).where(
    bulletin.c.form == bindparam("form"), bulletin.c.period == bindparam("period"), bulletin.c.released_at.is_not(None)
)


SHAPE = 3  # of the JSON that is written today; the first one had no number
CUT_AS_EQUAL = 1e-5  # 57.3 % in floats is a little less than that
_Content = dict[str, Any]


def _with_ids(content: _Content) -> _Content:
    """Shape 1 knew units by their names alone."""
    return {**content, "lines": [{**line, "id": ""} for line in content["lines"]]}


def _with_county(content: _Content) -> _Content:
    """Shape 2 did not say who makes the county: all units were added up, and so it stays. Its rates were whole
    fractions, and its document showed them cut to one decimal, where those of today come rounded."""

    def cut(part: _Content) -> _Content:
        return part if part["rate"] is None else {**part, "rate": floor(part["rate"] * 1000 + CUT_AS_EQUAL) / 1000}

    shares = {key: [cut(part) for part in content[key]] for key in ("parts", "lines")}
    return {**content, **shares, "whole": cut(content["whole"])}


_TO_NEXT: dict[int, Callable[[_Content], _Content]] = {
    1: _with_ids,
    2: _with_county,
}  # the shape before -> how it becomes the next


@cache
def _adapter() -> TypeAdapter[Bulletin]:
    """How a bulletin stands in JSON; built when the first one is read or written."""
    return TypeAdapter(Bulletin)


def content_of(made: Bulletin) -> _Content:
    """A bulletin as JSON holds it: times as ISO 8601, nothing left out, and the number of its shape."""
    return {"shape": SHAPE, **_adapter().dump_python(made, mode="json")}


def bulletin_in(content: _Content) -> Bulletin:
    """The bulletin that was kept, whatever shape it was kept in. RecordError for a shape of a newer program."""
    shape = content.get("shape", 1)
    if shape > SHAPE:
        raise RecordError(f"a bulletin is kept in shape {shape}, newer than this program's {SHAPE}: update the program")
    for number in range(shape, SHAPE):
        content = _TO_NEXT[number](content)
    return _adapter().validate_python({key: value for key, value in content.items() if key != "shape"})


def _kept(row: Row[Any]) -> Kept:
    return Kept(bulletin_in(row.content), row.drafted_at, row.released_at)


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

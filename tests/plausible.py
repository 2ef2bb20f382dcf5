"""Rows for every table of a database, whatever its schema: each column filled, what may be empty both ways, every
reference to a row that is there. Made from the database's own description, so that no new column is forgotten."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    String,
    Table,
    insert,
    null,
    select,
)

from bot.record import copying

DAY = date(2017, 7, 3)
MOMENT = datetime.fromisoformat("2017-07-03T02:00:00.123456")  # naive UTC, as it is kept
ODD = "安委会办公室\n“五图”'\"\\%_ ؟ 👍"


Contents = dict[str, list[dict[str, Any]]]


class Moved(NamedTuple):
    """A column whose values, where there are some, have moved to another table: ``now``, by the row's id in ``key``."""

    table: str
    column: str
    to: str
    key: str
    now: str


MOVED = (Moved("mail", "raw", "raw", "mail_id", "data"), Moved("letter", "mime", "mime", "letter_id", "data"))


def fill(conn: Connection, each: int = 5, blob: int = 300) -> None:
    """So many rows in every table, all of them empty before; bytes are so long."""
    tables = copying.tables(conn)
    for table in tables:
        for number in range(each):
            row = {c.name: _value(conn, table, c, number, position, blob) for position, c in enumerate(table.c)}
            conn.execute(insert(table).values(row))
    copying.follow_ids(conn, tables)


def contents(conn: Connection) -> Contents:
    """Every row of every table, in the order of its key."""
    return {
        table.name: [dict(row) for row in conn.execute(select(table).order_by(*table.primary_key.columns)).mappings()]
        for table in copying.tables(conn)
    }


def carried(before: Contents, after: Contents) -> set[str]:
    """Asserts that every value of an older schema is there in a newer one; the tables that hold them now."""
    moved = [m for m in MOVED if m.column in before[m.table][0]]
    for table, rows in before.items():
        kept = set(rows[0]) - {m.column for m in moved if m.table == table}
        assert [{k: row[k] for k in kept} for row in after[table]] == [{k: row[k] for k in kept} for row in rows], table
    for m in moved:
        values = {row["id"]: row[m.column] for row in before[m.table] if row[m.column] is not None}
        assert values and {row[m.key]: row[m.now] for row in after[m.to]} == values, m
    return {*before, *(m.to for m in moved)}


def _value(conn: Connection, table: Table, column: Column[Any], number: int, position: int, blob: int) -> Any:
    if column.nullable and (number + position) % 2:
        return null()  # not JSON's own null, which is another value
    for reference in column.foreign_keys:
        parents = conn.execute(select(reference.column).order_by(reference.column)).scalars().all()
        return parents[(number + position) % len(parents)]
    return _of_type(column, number, blob)


def _of_type(column: Column[Any], number: int, blob: int) -> Any:
    """A value that no other row of the column has, as far as its type knows so many."""
    kind = column.type
    if isinstance(kind, Boolean):
        return bool(number % 2)
    if isinstance(kind, Integer):  # BIGINT is one: a UIDVALIDITY fills 32 bits without a sign
        return 3 * number + 1 if column.primary_key else (4_000_000_000 if "BIG" in str(kind) else 100) + number
    if isinstance(kind, JSON):
        return (None, [], {"单位": [number, 1.5, None, True, "é\\u0000"]}, [["五图", "2017-06"]], "text")[number % 5]
    if isinstance(kind, LargeBinary):
        return bytes((number + n + len(column.table.name)) % 256 for n in range(blob))
    if isinstance(kind, DateTime):
        return (
            MOMENT + timedelta(hours=number) if number % 2 else MOMENT.replace(microsecond=0) + timedelta(days=number)
        )
    if isinstance(kind, Date):
        return DAY + timedelta(days=number)
    if isinstance(kind, String):
        text = f"{number}{column.name}{ODD}"
        return text[: kind.length] if kind.length else text
    raise AssertionError(f"{column}: no plausible value of type {kind!r}")

"""Rows from one database into another of the same schema, whichever kinds they are: table by table, in batches.

    tables of the target -> rows of the source -> batches -> insert;  a Tally a table tells whether all came, unchanged

Knows no meaning of any table, and takes the types from the databases themselves: so every schema that ever was can be
copied. Both sides are in transactions of the caller.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Insert,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import DataError, IntegrityError

from bot.errors import RecordError
from bot.record.database import VERSION_TABLE, broken_world, first_line

BATCH_ROWS, BATCH_BYTES = 500, 4 << 20  # in memory at a time: so much, or one row that is larger
Progress = Callable[[int, int], None]  # rows done, rows in all
Batch = list[Row[Any]]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows a table has, and a digest of all their values, whatever their order and the kind of database."""

    rows: int
    digest: str


def tables(conn: Connection, names: Collection[str] | None = None) -> list[Table]:
    """The tables with these names that a database has, or all of them; parents before their children, and never
    Alembic's own."""
    found = MetaData()
    known = inspect(conn).get_table_names()
    found.reflect(conn, only=[n for n in known if n != VERSION_TABLE and (names is None or n in names)])
    return found.sorted_tables


def copy(
    source: Connection, target: Connection, names: Collection[str], name: str, progress: Progress
) -> dict[str, Tally]:
    """Fills the tables with these ``names`` in ``target``, all of them empty, and lets its counters follow.

    RecordError, which calls the source by its ``name``, if it has not these tables or other columns, or cannot be
    read; or if the target cannot take a value.
    """
    wanted = tables(target, names)
    with broken_world(name):
        found = {table.name: table for table in tables(source, names)}
    for table in wanted:
        if table.name not in found:
            raise RecordError(f"{name}: there is no table {table.name!r}")
        if set(table.c.keys()) != set(found[table.name].c.keys()):
            raise RecordError(f"{name}: table {table.name!r} has other columns than its schema says")
    statements = {table.name: _insert(target, table) for table in wanted}

    def take(table: str, batch: Batch) -> None:
        rows = [{f"v{n}": value for n, value in enumerate(row)} for row in batch]
        try:
            target.execute(statements[table], rows)
        except (DataError, IntegrityError) as error:  # SQLite keeps any text of any length; PostgreSQL does not
            raise RecordError(f"{name}: table {table!r} cannot be taken over: {first_line(error)}") from error

    tallies = _walk(source, [found[table.name] for table in wanted], name, take, progress)
    follow_ids(target, wanted)
    return tallies


def tallies(conn: Connection, names: Collection[str], name: str) -> dict[str, Tally]:
    """What stands in the tables with these names, every value read."""
    return _walk(conn, tables(conn, names), name, lambda *_: None, lambda *_: None)


def follow_ids(conn: Connection, of: Sequence[Table]) -> None:
    """PostgreSQL's counters do not see ids that were given: each goes on behind the highest. SQLite does so anyway."""
    if conn.dialect.name == "sqlite":
        return
    quote = conn.dialect.identifier_preparer.quote
    for table in of:
        for column in table.primary_key.columns:
            counter = select(func.pg_get_serial_sequence(quote(table.name), column.name))
            name, highest = conn.execute(counter).scalar(), conn.execute(select(func.max(column))).scalar()
            if name is not None and highest is not None:
                conn.execute(select(func.setval(name, highest)))


def _walk(
    source: Connection, of: Sequence[Table], name: str, take: Callable[[str, Batch], None], progress: Progress
) -> dict[str, Tally]:
    """Every row of these tables, in batches, each counted and summed up."""
    with broken_world(name):
        counts = {t.name: int(source.execute(select(func.count()).select_from(t)).scalar_one()) for t in of}
    done, total = 0, sum(counts.values())
    found: dict[str, Tally] = {}
    for table in of:
        rows = digest = 0
        for batch in _batches(_rows(source, table, name)):
            take(table.name, batch)
            rows += len(batch)
            digest += sum(map(_digest, batch))
            progress(done + rows, total)
        if rows != counts[table.name]:  # an index says other than the table
            raise RecordError(f"{name}: table {table.name!r} is damaged: {rows} of {counts[table.name]} rows are there")
        done += rows
        found[table.name] = Tally(rows, f"{digest % (1 << 256):064x}")
    return found


def _columns(table: Table) -> list[Any]:
    """In one order everywhere: a migration may have put a new column last, or not."""
    return [table.c[name] for name in sorted(table.c.keys())]


def _rows(conn: Connection, table: Table, name: str) -> Iterator[Row[Any]]:
    """Row by row, JSON as the text that it is. A table with whole mails is fetched one at a time."""
    columns = [cast(c, Text).label(c.name) if isinstance(c.type, JSON) else c for c in _columns(table)]
    large = any(isinstance(c.type, LargeBinary) for c in table.c)
    options = {"yield_per": 1 if large else BATCH_ROWS}
    with broken_world(name), conn.execute(select(*columns), execution_options=options) as result:
        try:
            yield from result
        except ValueError as error:  # a time in SQLite that is none
            raise RecordError(f"{name}: table {table.name!r} is damaged: {error}") from error


def _batches(rows: Iterator[Row[Any]]) -> Iterator[Batch]:
    batch: Batch = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(batch) >= BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _insert(conn: Connection, table: Table) -> Insert:
    """Takes values named v0, v1, … in the order of ``_columns``."""

    def value(number: int, column: Any) -> ColumnElement[Any]:
        if not isinstance(column.type, JSON):
            return bindparam(f"v{number}", type_=column.type)
        as_text = bindparam(f"v{number}", type_=Text())
        return as_text if conn.dialect.name == "sqlite" else cast(as_text, column.type)

    return insert(table).values({c.name: value(n, c) for n, c in enumerate(_columns(table))})


def _digest(row: Row[Any]) -> int:
    """Of one row; the sum over a table does not depend on the order of its rows."""
    digest = sha256()
    for value in row:
        data = value if isinstance(value, bytes) else str(value).encode()
        digest.update(f"{type(value).__name__} {len(data)} ".encode())
        digest.update(data)
    return int.from_bytes(digest.digest(), "big")

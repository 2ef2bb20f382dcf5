"""A backup put back as the record: whole, or as if nothing had been asked, wherever the process ends.

    SQLite      a new file beside the old one -> the old one gets a second name -> the new one takes its place
    PostgreSQL  one transaction: the old tables move into a schema of their own, the new ones are made and filled

The rows come in under the schema that they had, are migrated, and get the mark of ``runs.mark_restored``, unless they
only move: see ``bot.record.moving``.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, literal, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema

from bot.errors import RecordError, UsageError
from bot.record import backup, files, locks, replacing, runs
from bot.record.backup import Backup
from bot.record.copying import Progress
from bot.record.database import VERSION_TABLE, Record, refuse_newer, sqlite_file, version_of
from bot.record.schema import metadata
from bot.record.working import locked, shut_out_workers

PATIENCE_SECONDS = 15  # how long PostgreSQL waits for others to be done with the tables
HINT = ", or --force, which keeps it as another schema"
LOCK_NOT_AVAILABLE = "55P03"  # its code for the end of that patience


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was restored, and the name under which the record before it is kept: a file, or a schema of PostgreSQL."""

    backup: Backup
    kept: str | None


def restore(url: str, path: Path, now: datetime, *, force: bool, progress: Progress, marked: bool = True) -> Outcome:
    """Makes the record at ``url`` what the backup at ``path`` says, as of ``now``. Without the mark (``marked``) it is
    as if nothing had happened since the backup: only right where nothing can have.

    RecordError, and nothing is changed, while a worker runs or somebody else has the record open; for a file that is
    no backup, damaged, or newer than this program; on PostgreSQL for a database that is not empty, without ``force``.
    """
    file = sqlite_file(url)
    if file is not None:
        return _into_sqlite(file, path, now, progress, marked)
    with Record.bare(url) as record:
        if record.is_sqlite:
            raise UsageError("database.url: a database in memory keeps nothing")
        return _into_postgresql(record, path, now, force, progress, marked)


def _into_sqlite(file: Path, path: Path, now: datetime, progress: Progress, marked: bool) -> Outcome:
    new = file.with_name(f"{file.name}.restoring")
    with locked(file, f"a worker is running on {file}: stop it first"), backup.opened(path) as (source, made):
        try:
            with files.about(str(file)):
                new.unlink(missing_ok=True)  # of one that was killed
            with files.fresh(new, str(file)) as target:
                _fill(source, made, target, path, now if marked else None, progress)
                files.check(target, str(path))
            with files.about(str(file)):
                kept = replacing.put_in_place(new, file, f"before-restore-{_stamp(now)}")
        finally:
            new.unlink(missing_ok=True)
    return Outcome(made, str(kept) if kept else None)


def _into_postgresql(
    record: Record, path: Path, now: datetime, force: bool, progress: Progress, marked: bool
) -> Outcome:
    with backup.opened(path) as (source, made), record.begin() as target:
        shut_out_workers(target)
        with _patiently(target):
            kept = _set_aside(target, f"before_restore_{_stamp(now)}", force, HINT if marked else "")
        _fill(source, made, target, path, now if marked else None, progress)
    return Outcome(made, kept)


def _fill(
    source: Connection, made: Backup, target: Connection, path: Path, now: datetime | None, progress: Progress
) -> None:
    """All rows; with ``now`` the mark that they come from a backup."""
    from bot.record.migrate import upgrade

    upgrade(target, made.schema)
    backup.copy(source, made, target, path, progress)
    upgrade(target)
    if now is not None:
        runs.mark_restored(target, runs.Restored(now, made.state_of))


def _set_aside(conn: Connection, name: str, force: bool, hint: str) -> str | None:
    """Makes room for our tables. If they hold anything they go into a schema called ``name``, which is returned."""
    locks.migrate_alone(conn)
    found = sorted(table for table in inspect(conn).get_table_names() if table in metadata.tables)
    version = version_of(conn)
    refuse_newer(version)
    if version is None and found:
        raise RecordError(f"the database has tables of another program, such as {found[0]!r}: give an empty one")
    quoted = [conn.dialect.identifier_preparer.quote(table) for table in (*found, VERSION_TABLE)] if version else []
    if not any(conn.execute(select(literal(1)).select_from(metadata.tables[t]).limit(1)).first() for t in found):
        for table in quoted:
            conn.execute(text(f"DROP TABLE {table} CASCADE"))
        return None
    if not force:
        raise RecordError(f"the database is not empty: give an empty one{hint}")
    known = inspect(conn).get_schema_names()
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(1)))
    kept = next(n for n in names if n not in known)
    conn.execute(CreateSchema(kept))
    for table in quoted:
        conn.execute(text(f"ALTER TABLE {table} SET SCHEMA {kept}"))
    return kept


@contextmanager
def _patiently(conn: Connection) -> Iterator[None]:
    """Waits for others who use the tables, but not for ever."""
    conn.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'"))
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise RecordError("the database is in use, by a command or a backup: try again later") from error
        raise
    conn.execute(text("SET LOCAL lock_timeout = 0"))


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y%m%d_%H%M%S")

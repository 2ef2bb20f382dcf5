"""A backup: one SQLite file, from whichever database, with every row of one moment and a tally of each table.

    write:  snapshot of the record -> rows -> a new file beside the old one -> read back -> renamed
    opened: is it one? of a schema that is known? undamaged? -> rows, and when they were so

The schema in it is the one that the record had. Format 1: the tables of that schema, ``alembic_version``, and
``backup_facts`` (``state_of``: ISO 8601; ``tallies``: JSON, table -> [rows, digest]).
"""

import glob
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, insert, select

from bot.errors import RecordError
from bot.record import copying, files
from bot.record.copying import Progress, Tally
from bot.record.database import Record, broken_world, refuse_newer, version_of
from bot.record.schema import HEAD

APPLICATION, FORMAT = 0x41344231, 1  # "A4B1" in the file's head (SQLite's application_id); what stands in it
facts = Table("backup_facts", MetaData(), Column("key", String, primary_key=True), Column("value", Text))


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself."""

    state_of: datetime
    schema: str
    tallies: Mapping[str, Tally]

    @property
    def rows(self) -> int:
        """How many rows, over all tables."""
        return sum(tally.rows for tally in self.tallies.values())


def write(record: Record, path: Path, now: datetime, progress: Progress) -> Backup:
    """Writes all that ``record`` holds at a moment not before ``now`` to ``path``, whole or not at all.

    Workers go on meanwhile. What was at ``path`` stays until the new file is read back and on the disk. OSError if
    nothing can be written there; RecordError if the record is damaged, or the disk gets full on the way.
    """
    _sweep(path)
    descriptor, name = tempfile.mkstemp(".part", f".{path.name}.", path.parent)  # its mode is 0600
    os.close(descriptor)
    part = Path(name)
    try:
        with record.still() as source, files.fresh(part, str(path)) as target:
            _fill(source, target, now, progress)
        with opened(part, path) as (conn, backup):
            _compare(backup, copying.tallies(conn, backup.tallies, str(path)), path)
        with files.about(str(path)):
            part.replace(path)
            files.settle_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return backup


def is_backup(path: Path) -> bool:
    """Whether the file calls itself one. OSError if it cannot be read."""
    with path.open("rb") as file:
        head = file.read(100)
    return head.startswith(b"SQLite format 3\0") and head[68:72] == APPLICATION.to_bytes(4, "big")


@contextmanager
def opened(path: Path, called: Path | None = None) -> Iterator[tuple[Connection, Backup]]:
    """A backup for reading. RecordError, which names the file, if it is none, or a newer program's, or damaged."""
    name = str(called or path)
    with files.about(name):
        if not is_backup(path):
            raise RecordError(f"{name}: not a backup made by `python -m bot backup`")
    with files.frozen(path) as conn:
        with broken_world(name):
            backup = _described(conn, name)
        files.check(conn, name)
        yield conn, backup


def copy(conn: Connection, backup: Backup, target: Connection, path: Path, progress: Progress) -> None:
    """Every row into an empty database of the backup's schema. RecordError if what is read is not what was written."""
    _compare(backup, copying.copy(conn, target, backup.tallies, str(path), progress), path)


def _fill(source: Connection, target: Connection, now: datetime, progress: Progress) -> None:
    from bot.record.migrate import upgrade

    with broken_world():
        refuse_newer(version_of(source))
    upgrade(target, _version(source, "database"))
    names = [table.name for table in copying.tables(target)]
    tallies = copying.copy(source, target, names, "database", progress)
    target.exec_driver_sql(f"PRAGMA application_id={APPLICATION}")
    target.exec_driver_sql(f"PRAGMA user_version={FORMAT}")
    facts.create(target)
    said = {name: [tally.rows, tally.digest] for name, tally in tallies.items()}
    for key, value in {"state_of": now.isoformat(), "tallies": json.dumps(said)}.items():
        target.execute(insert(facts).values(key=key, value=value))


def _described(conn: Connection, name: str) -> Backup:
    written = conn.exec_driver_sql("PRAGMA user_version").scalar_one()
    if written != FORMAT:
        raise RecordError(f"{name}: has format {written}, newer than this program's {FORMAT}: update the program")
    version = _version(conn, name)
    try:
        said = {row.key: row.value for row in conn.execute(select(facts))}
        tallies = {table: Tally(*both) for table, both in json.loads(said["tallies"]).items()}
        return Backup(datetime.fromisoformat(said["state_of"]), version, tallies)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise RecordError(f"{name}: damaged: it does not say what is in it") from error


def _version(conn: Connection, name: str) -> str:
    """The schema, which this program knows, or RecordError."""
    from bot.record.migrate import knows

    with broken_world(name):
        version = version_of(conn)
    if version is not None and version > HEAD:
        raise RecordError(f"{name}: has schema {version}, newer than this program's {HEAD}: update the program")
    if version is None or not knows(version):
        raise RecordError(f"{name}: has no schema of this program")
    return version


def _compare(backup: Backup, found: Mapping[str, Tally], path: Path) -> None:
    for table, tally in backup.tallies.items():
        if found.get(table) != tally:
            raise RecordError(f"{path}: damaged: table {table!r} is not what was written")


def _sweep(path: Path) -> None:
    """Takes away what a backup to the same place left when it was killed."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        if files.is_abandoned(left):
            left.unlink(missing_ok=True)

"""SQLite files that one process writes from beginning to end, or reads as they lie: backups, a record not yet in place.

They have neither WAL nor journal beside them, and belong to their owner alone: they are full of names and telephones.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from bot.errors import RecordError
from bot.record.database import broken_world, first_line

PRIVATE = 0o600
# Nothing of it counts before it is whole and synced, so neither need its pages be, one by one.
WRITING = ("PRAGMA journal_mode=MEMORY", "PRAGMA synchronous=OFF", "PRAGMA locking_mode=EXCLUSIVE")
READING = ("PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON")


@contextmanager
def fresh(path: Path, name: str) -> Iterator[Connection]:
    """One transaction in a new file; it is on the disk when the block ends well. An empty file may be there already.
    What goes wrong with it, also in the block, is a RecordError that calls it by ``name``."""
    with about(name):
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, PRIVATE))
        with _connected(path, "mode=rw", WRITING, "BEGIN EXCLUSIVE") as conn, conn.begin():
            yield conn
        with path.open("rb+") as file:
            os.fsync(file.fileno())


@contextmanager
def frozen(path: Path) -> Iterator[Connection]:
    """A file for reading, on whatever medium: nothing is written beside it. DBAPIError if it cannot be opened."""
    with _connected(path, "mode=ro&immutable=1", READING, "BEGIN") as conn, conn.begin():
        yield conn


@contextmanager
def _connected(path: Path, options: str, pragmas: tuple[str, ...], begin: str) -> Iterator[Connection]:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, isolation_level=None, timeout=0)
        for pragma in pragmas:
            connection.execute(pragma)
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql(begin))
    with engine.connect() as conn:
        yield conn


def check(conn: Connection, name: str) -> None:
    """RecordError, which calls the file by ``name``, if pages are damaged or a row points nowhere. Reads all of it."""
    with broken_world(name):
        said = str(conn.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one())
        if said != "ok":
            raise RecordError(f"{name}: damaged: {said.splitlines()[-1]}")
        lost = conn.exec_driver_sql("PRAGMA foreign_key_check").first()
        if lost:
            raise RecordError(f"{name}: damaged: row {lost[1]} of {lost[0]!r} points to a lost one of {lost[2]!r}")


def is_abandoned(path: Path) -> bool:
    """Whether no process is writing this file."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:  # half a page: its writer is gone
        return True
    return True


def settle_folder(folder: Path) -> None:
    """The names in a folder are on the disk too, where the system can do that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def about(name: str) -> Iterator[None]:
    """What the system or SQLite say of a file is a RecordError that calls it by ``name``."""
    try:
        yield
    except OSError as error:
        raise RecordError(f"{name}: {error.strerror or error}") from error
    except DBAPIError as error:
        raise RecordError(f"{name}: {first_line(error)}") from error

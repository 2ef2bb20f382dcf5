"""Opening the database: SQLite (WAL, synchronous FULL) or PostgreSQL, brought to the newest schema."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import ConfigError, Outdated, OutOfReach, RecordError
from bot.record import locks
from bot.record.schema import HEAD

BUSY_MS = 15_000  # how long SQLite waits for another writer: longer than any transaction of ours
VERSION_TABLE = "alembic_version"
# What the drivers raise for a world that is broken; the plain DatabaseError is SQLite's for a damaged file.
BROKEN = {"OperationalError", "InterfaceError", "InternalError", "DatabaseError"}
_MACHINE = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
}


class Record:
    """The record of this installation. Every database failure leaves here as RecordError.

    Does not know what the rows mean: the other modules of this room are functions on a connection.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.at_work = False  # see ``bot.record.working``

    @classmethod
    def open(cls, url: str) -> Self:
        """Connects, creates what is missing, migrates what is old. Refuses a newer schema."""
        record = cls(_engine(url))
        try:
            with broken_world():
                record._bring_up_to_date()
        except BaseException:
            record.close()
            raise
        return record

    @classmethod
    def bare(cls, url: str) -> Self:
        """Connects to what is there, whatever its schema, and changes nothing."""
        return cls(_engine(url))

    @property
    def is_sqlite(self) -> bool:
        """Whether the record is a SQLite file, which has one worker."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction that writes: committed when the block ends well, else rolled back whole."""
        with broken_world(), self.engine.connect() as conn, conn.begin():
            # A writer takes its lock at once: one that began as a reader can fail later with "database is locked".
            self._really_begin(conn, "BEGIN IMMEDIATE")
            yield conn

    @contextmanager
    def consider(self) -> Iterator[Connection]:
        """One transaction that reads, thinks, and then writes. On SQLite nobody waits for it until its first write, and
        that is ``Outdated`` where anybody has written since it began to read: then it is to be done again. On
        PostgreSQL, where writers wait for no other, as ``begin``."""
        with broken_world(), self.engine.connect() as conn, conn.begin():
            self._really_begin(conn, "BEGIN")
            try:
                yield conn
            except DBAPIError as error:
                if _sqlite_code(error) == sqlite3.SQLITE_BUSY:
                    raise Outdated("others have written meanwhile") from error
                raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view, for reading only."""
        # SQLite's readers see one state anyway; PostgreSQL's see each commit of others unless told so.
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with broken_world(), self.engine.connect().execution_options(**options) as conn, conn.begin():
            self._really_begin(conn, "BEGIN")
            yield conn

    def _really_begin(self, conn: Connection, how: str) -> None:
        """On SQLite, whose driver would begin too late to keep a reader consistent, and is told not to. No event of the
        engine: one that has any is asked before and after each statement."""
        if self.is_sqlite:
            conn.exec_driver_sql(how)

    @contextmanager
    def still(self) -> Iterator[Connection]:
        """As ``read``, and no migration and no restore passes under it, however long it takes."""
        if self.is_sqlite:
            with self.read() as conn:
                yield conn
            return
        with broken_world(), self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
            # In a transaction of its own, for the session: what is read must begin after the wait for this lock.
            with conn.begin():
                conn.execute(select(func.pg_advisory_lock_shared(locks.MIGRATION)))
            try:
                with conn.begin():
                    yield conn
            finally:
                conn.invalidate()  # the lock ends with its session

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _bring_up_to_date(self) -> None:
        version = schema_version(self.engine)
        if version == HEAD:
            return
        refuse_newer(version)
        from bot.record.migrate import upgrade

        with self.begin() as conn:
            locks.migrate_alone(conn)
            upgrade(conn)


def refuse_newer(version: str | None) -> None:
    """RecordError for a schema that this program cannot know."""
    if version is not None and version > HEAD:
        raise RecordError(f"the database has schema {version}, newer than this program's {HEAD}: update the program")


def exists(url: str) -> bool:
    """Whether there is a record at ``url`` already; creates nothing. For looking without leaving a trace."""
    if (file := sqlite_file(url)) is not None:
        return file.exists()
    engine = _engine(url)
    try:
        with broken_world():
            return schema_version(engine) is not None
    finally:
        engine.dispose()


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None for one in memory, or on a server. ConfigError if it is no URL."""
    parsed = _parsed(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def schema_version(engine: Engine) -> str | None:
    """The migration the database stands at; None for an empty one."""
    with engine.connect() as conn:
        return version_of(conn)


def version_of(conn: Connection) -> str | None:
    """The same, as a transaction sees it."""
    if not inspect(conn).has_table(VERSION_TABLE):
        return None
    version: str | None = conn.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return version


@contextmanager
def broken_world(what: str = "database") -> Iterator[None]:
    """Turns what the driver raises into RecordError, which names ``what``; bugs of ours (wrong SQL) stay what they
    are."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or type(error).__name__ in BROKEN:
            kind = OutOfReach if _is_out_of_reach(error) else RecordError
            raise kind(f"{what}: {first_line(error)}") from error
        raise
    except PoolTimeout as error:
        raise RecordError(f"{what}: no connection became free in time") from error


def _is_out_of_reach(error: DBAPIError) -> bool:
    # PostgreSQL's classes 53, 57 and 58 are a full disk, a server that ends, and a disk that fails; 25006 is a server
    # that takes no change, as one that is not yet promoted.
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return (
        error.connection_invalidated
        or state[:2] in {"53", "57", "58"}
        or state == "25006"
        or _sqlite_code(error) in _MACHINE
    )


def _sqlite_code(error: DBAPIError) -> int | None:
    """What SQLite calls the cause, which stands in the lowest byte (https://sqlite.org/rescode.html)."""
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def first_line(error: DBAPIError) -> str:
    """What the driver said, without the lines that show rows."""
    return (str(error.orig).strip() or type(error).__name__).splitlines()[0]


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise ConfigError(f"database.url: {error}") from error


def _engine(url: str) -> Engine:
    # Parameters are names, telephones, whole mails: an error that reaches a log must not show them.
    parsed, file = _parsed(url), sqlite_file(url)
    try:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_MS / 1000}, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigError(f"database.url: {error}") from error
    except OSError as error:
        raise RecordError(f"database: {error}") from error
    event.listen(engine, "connect", _sqlite_connect)
    return engine


def _sqlite_connect(connection: Any, _: object) -> None:
    connection.isolation_level = None  # ``Record`` begins by itself
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # NORMAL may lose the last commits at a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """WAL, which the file then keeps. SQLite does not wait when several processes change it at the same moment:
    "database is locked" comes at once, so it is asked again."""
    end = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= end:
                raise
            time.sleep(0.02)

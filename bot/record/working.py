"""Who works on a record: on SQLite one worker, by a file that it locks; on PostgreSQL any number, each of whose
connections says so by an advisory lock that they share. A restore wants the lock for itself, and so finds them all.
At the mailbox there is one of them at a time: providers dislike several connections."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import DBAPIError

from bot.errors import RecordError
from bot.record import locks, runs
from bot.record.database import Record, broken_world, sqlite_file
from bot.record.holder import Signature, holder_of

log = logging.getLogger(__name__)
TAKEOVER_SECONDS = 5.0  # how long the system may take to end a process that was killed


@contextmanager
def only_worker(url: str) -> Iterator[Callable[[], None]]:
    """On SQLite one worker at a time: RecordError for the second, which says who the first is. Commands work beside it.

    Yields the sign of life, to be given while the worker gets on. One that has given none for an hour hangs: it is
    ended, and its place taken.
    """
    file = sqlite_file(url)
    if file is None:
        yield _nothing
        return
    with locked(file, f"another worker is running on {file}; SQLite allows one") as sign:
        yield sign


@contextmanager
def locked(file: Path, refusal: str) -> Iterator[Callable[[], None]]:
    """Holds the lock of a SQLite file's worker; RecordError with ``refusal`` if somebody else does who lives. Yields
    the sign of life."""
    lock = FileLock(f"{file}.worker.lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, file)
        signature = Signature(file)
    except Timeout as error:
        holder = holder_of(file)
        raise RecordError(f"{refusal} ({holder})" if holder else refusal) from error
    except OSError as error:  # a folder that cannot be made or written
        lock.release()
        raise RecordError(f"database: {error}") from error
    try:
        yield signature.give
    finally:
        lock.release()


def _acquire(lock: FileLock, file: Path) -> None:
    """Takes the lock, also from a process that hangs."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = holder_of(file)
        if holder is None or not holder.is_dead:
            raise
        log.error("a worker hangs and is ended: %s", holder)
        holder.end()
        lock.acquire(timeout=TAKEOVER_SECONDS)


def _nothing() -> None:
    """On PostgreSQL a claim that is not kept up frees itself."""


@contextmanager
def no_worker(url: str) -> Iterator[None]:
    """No worker runs on a record, and none begins, until the block ends. RecordError if one runs."""
    file = sqlite_file(url)
    if file is not None:
        with locked(file, f"a worker is running on {file}: stop it first"):
            yield
        return
    with Record.bare(url) as record, record.begin() as conn:
        shut_out_workers(conn)
        yield


def begin_work(record: Record) -> None:
    """From here on every connection of this record says that a worker lives. RecordError while a restore is under way.

    A worker can outlive a restore only if it lost all its connections before. What it then knows by number (a letter
    in hand, a mail) means something else: its next connection is refused, and it must be started again.
    """
    if record.is_sqlite or record.at_work:
        return
    record.at_work = True
    with record.read() as conn:
        known = runs.get(conn, runs.RESTORED_AT)

    def connected(connection: Any, _: object) -> None:
        try:
            _take_up(connection, known)
        except BaseException:
            connection.close()
            raise

    event.listen(record.engine, "connect", connected)
    record.engine.dispose()  # those that are open have no lock
    with record.read():
        pass


def _take_up(connection: Any, known: str | None) -> None:
    """Takes the lock for a fresh connection of the driver; RecordError if it must not be used."""
    cursor = connection.cursor()
    cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", (locks.WORKER,))
    if not cursor.fetchone()[0]:
        raise RecordError("database: it is being restored; start again when that is done")
    cursor.execute("SELECT value FROM meta WHERE key = %s", (runs.RESTORED_AT,))
    found = cursor.fetchone()
    if (found[0] if found else None) != known:
        raise RecordError("database: it was restored while this worker had lost it; start the worker again")
    cursor.close()
    connection.commit()  # the lock belongs to the session, and stays


def shut_out_workers(conn: Connection) -> None:
    """On PostgreSQL, until this transaction ends no worker begins; RecordError if there is one."""
    if not conn.execute(select(func.pg_try_advisory_xact_lock(locks.WORKER))).scalar_one():
        raise RecordError("a worker is running on this database, or another restore: stop it first")


@contextmanager
def turn_at_the_mailbox(record: Record) -> Iterator[bool]:
    """True for the one worker whose turn it is to read the mailbox; it ends with the block, or with the worker.

    It spares the provider, and guards nothing: two workers may read one mailbox, and record each mail once.
    """
    if record.is_sqlite:
        yield True
        return
    with broken_world():
        conn = record.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with broken_world():
            mine = bool(conn.execute(select(func.pg_try_advisory_lock(locks.MAILBOX))).scalar_one())
        yield mine
    finally:
        with suppress(DBAPIError):  # a session that is lost has let go of it
            conn.execute(select(func.pg_advisory_unlock_all()))
        conn.invalidate()
        conn.close()

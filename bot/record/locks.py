"""PostgreSQL's advisory locks: who may do what beside whom, until a transaction ends. SQLite, whose writers are alone
anyway, is asked for none."""

import zlib
from collections.abc import Collection

from sqlalchemy import Connection, func, select

# Any numbers of our own. The worker's and the mailbox's are held by sessions, not by transactions: ``working``.
MIGRATION, DECIDING, WORKER, MAILBOX = 20_170_605, 20_170_606, 20_170_607, 20_170_608
ANSWERING, ABOUT = 20_170_609, 20_170_610


def is_sqlite(conn: Connection) -> bool:
    """Whether this is a SQLite file."""
    return conn.dialect.name == "sqlite"


def migrate_alone(conn: Connection) -> None:
    """Nobody else brings the schema up to date, or restores, until this transaction ends."""
    if not is_sqlite(conn):
        conn.execute(select(func.pg_advisory_xact_lock(MIGRATION)))


def decide_alone(conn: Connection) -> None:
    """Until this transaction ends no other worker decides about a mail: each sees what the one before it wrote."""
    if not is_sqlite(conn):
        conn.execute(select(func.pg_advisory_xact_lock(DECIDING)))


def decide_beside(conn: Connection) -> None:
    """The same, but others may decide beside it: until it ends nobody decides alone."""
    if not is_sqlite(conn):
        conn.execute(select(func.pg_advisory_xact_lock_shared(DECIDING)))


def decide_about(conn: Connection, what: Collection[str]) -> None:
    """Beside others, but until it ends nobody else about any of these. To be called once in a transaction: all are
    taken in one order, so that no two wait for each other."""
    if not is_sqlite(conn):
        keys = sorted({zlib.crc32(name.encode()) - 2**31 for name in what})
        conn.execute(select(*(func.pg_advisory_xact_lock(ABOUT, key) for key in keys)))


def answer_in_turn(conn: Connection) -> None:
    """Until this transaction ends nobody else looks for the next turn of an answer."""
    if not is_sqlite(conn):
        conn.execute(select(func.pg_advisory_xact_lock(ANSWERING)))

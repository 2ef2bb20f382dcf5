"""Facts about the record itself, what timed jobs have done, and the append-only list of events."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Insert, Table, bindparam, insert, select, update

from bot.record.clocks import AHEAD, SKEW
from bot.record.schema import event, job_run, meta

TOKEN_SECRET = "token_secret"
RESTORED_AT, STATE_OF = "restored_at", "restored_state_of"
KEYS_AT_ONCE = 10_000  # SQLite takes 32,766 values in a statement, PostgreSQL 65,535
FIRST_RUN, FIRST_SURE = "first_run", "first_run_by_a_right_clock"

# Statements of every mail are built once, here and in the other modules of this room: building one costs five times
# as much as running it.
_VALUE = select(meta.c.value).where(meta.c.key == bindparam("key"))
_NOTE = insert(event)
_secrets: "WeakKeyDictionary[Engine, bytes]" = WeakKeyDictionary()


def insert_once(conn: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts a row unless it meets a unique constraint; True when it came in."""
    return insert_new(conn, table, row) is not None


def insert_new(conn: Connection, table: Table, row: Mapping[str, Any]) -> Any:
    """Inserts a row unless it meets a unique constraint: its key, the first column of it; None when it was there."""
    return conn.execute(_insert_new(table, conn.dialect.name), row).scalar()


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    # RETURNING tells; ``rowcount`` is -1 on PostgreSQL, where SQLAlchemy asks for the new key by itself.
    statement: Insert = _insert_of(dialect)(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return statement


def _insert_of(dialect: str) -> Any:
    """The INSERT of the dialect that is spoken; the other's is not loaded (SQLAlchemy's PostgreSQL takes 3 MB)."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as of_sqlite

        return of_sqlite
    from sqlalchemy.dialects.postgresql import insert as of_postgresql

    return of_postgresql


def get(conn: Connection, key: str) -> str | None:
    """What is kept under a key; None for nothing."""
    value: str | None = conn.execute(_VALUE, {"key": key}).scalar()
    return value


def put(conn: Connection, key: str, value: str) -> None:
    """Keeps a value under a key, in the place of what was there."""
    # In this order: two workers that put the same new key wait for each other, and neither fails.
    if not insert_once(conn, meta, {"key": key, "value": value}):
        conn.execute(update(meta).where(meta.c.key == key).values(value=value))


def first_run(conn: Connection, now: datetime) -> datetime:
    """The moment of the very first run; ``now`` becomes it when there was none. While that lies ahead, the clock was
    wrong then, and the first run since counts."""
    insert_once(conn, meta, {"key": FIRST_RUN, "value": now.isoformat()})
    first = moment(conn, FIRST_RUN)
    if first and first > now + AHEAD:
        insert_once(conn, meta, {"key": FIRST_SURE, "value": now.isoformat()})
    return began(conn, now) or now


def began(conn: Connection, now: datetime) -> datetime | None:
    """The same without writing anything down; None before the first run."""
    first = moment(conn, FIRST_RUN)
    if first and first > now + AHEAD:
        # Not ``now``: the mail that has just come would be from before the first run.
        return moment(conn, FIRST_SURE) or now - AHEAD
    return first


def has_begun(conn: Connection) -> bool:
    """Whether there was a first run, whatever the clock said at it."""
    return get(conn, FIRST_RUN) is not None


def token_secret(conn: Connection) -> bytes:
    """The secret behind tokens and Message-IDs, made once for each record; asked for once for each engine."""
    if (known := _secrets.get(conn.engine)) is None:
        if (found := get(conn, TOKEN_SECRET)) is None:
            insert_once(conn, meta, {"key": TOKEN_SECRET, "value": secrets.token_hex(32)})
            return bytes.fromhex(str(get(conn, TOKEN_SECRET)))  # another worker may have been faster
        # Only what was there already: this transaction may be rolled back.
        known = _secrets[conn.engine] = bytes.fromhex(found)
    return known


def moment(conn: Connection, key: str) -> datetime | None:
    """A time kept under ``key``, or None."""
    value = get(conn, key)
    return datetime.fromisoformat(value) if value else None


@dataclass(frozen=True, slots=True)
class Restored:
    """The record was put back, ``at`` a moment, as it had been at another. What was done between the two happened,
    mails were answered and letters left, and no row tells of it."""

    at: datetime
    state_of: datetime


def restored(conn: Connection) -> Restored | None:
    """The last time that a backup was restored; None if it never was. All times are events ``record.restored``."""
    at, state_of = moment(conn, RESTORED_AT), moment(conn, STATE_OF)
    return Restored(at, state_of) if at and state_of else None


def mark_restored(conn: Connection, what: Restored) -> None:
    """Writes down that this record comes from a backup."""
    put(conn, RESTORED_AT, what.at.isoformat())
    put(conn, STATE_OF, what.state_of.isoformat())
    note(conn, what.at, "record.restored", state_of=what.state_of.isoformat())


def claim_run(conn: Connection, job: str, period_key: str, now: datetime) -> bool:
    """True for the one caller who may do this job for this period; its letters go in the same transaction. What a clock
    that was ahead has claimed may be claimed once more, when it is really due."""
    if insert_once(conn, job_run, {"job": job, "period_key": period_key, "ran_at": now}):
        return True
    early = (job_run.c.job == job, job_run.c.period_key == period_key, job_run.c.ran_at > now + AHEAD)
    return conn.execute(update(job_run).where(*early).values(ran_at=now)).rowcount == 1


def runs(conn: Connection, job: str) -> dict[str, datetime]:
    """Everything that a job has done: period key -> when."""
    return {r.period_key: r.ran_at for r in conn.execute(select(job_run).where(job_run.c.job == job))}


def runs_starting(conn: Connection, job: str, prefixes: Iterable[str], now: datetime) -> set[str]:
    """The period keys of what a job has done by ``now`` that begin with one of ``prefixes``."""
    found: set[str] = set()
    for prefix in prefixes:
        named = job_run.c.period_key.startswith(prefix, autoescape=True)
        query = select(job_run.c.period_key).where(job_run.c.job == job, named, job_run.c.ran_at <= now + AHEAD)
        found.update(conn.execute(query).scalars())
    return found


def done_among(conn: Connection, job: str, period_keys: Iterable[str], now: datetime) -> set[str]:
    """Which of these a job has done by ``now``."""
    wanted, found = list(dict.fromkeys(period_keys)), set[str]()
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        among = job_run.c.period_key.in_(wanted[start : start + KEYS_AT_ONCE])
        query = select(job_run.c.period_key).where(job_run.c.job == job, among, job_run.c.ran_at <= now + AHEAD)
        found.update(conn.execute(query).scalars())
    return found


def latest_run(conn: Connection, job: str, now: datetime) -> datetime | None:
    """When a job last ran for any period, by ``now``."""
    query = select(job_run.c.ran_at).where(job_run.c.job == job, job_run.c.ran_at <= now + SKEW)
    return conn.execute(query.order_by(job_run.c.ran_at.desc()).limit(1)).scalar()


def note(
    conn: Connection,
    now: datetime,
    what: str,
    *,
    mail_id: int | None = None,
    letter_id: int | None = None,
    report_id: int | None = None,
    **detail: Any,
) -> None:
    """Appends one event. ``detail`` holds ids, codes and counts, never a phone number or a body."""
    ids = {"mail_id": mail_id, "letter_id": letter_id, "report_id": report_id}
    conn.execute(_NOTE, {"at": now, "what": what, **ids, "detail": detail})

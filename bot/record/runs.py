"""Facts about the record itself, what timed jobs have done, and the append-only list of events."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from bot.record.clocks import AHEAD, SKEW
from bot.record.schema import event, job_run, meta

RESTORED_AT, STATE_OF = "restored_at", "restored_state_of"
KEYS_AT_ONCE = 10_000  # SQLite takes 32,766 values in a statement, PostgreSQL 65,535
FIRST_RUN, FIRST_SURE = "first_run", "first_run_by_a_right_clock"


def insert_once(conn: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts a row unless it meets a unique constraint; True when it came in."""
    # RETURNING tells; ``rowcount`` is -1 on PostgreSQL, where SQLAlchemy asks for the new key by itself.
    returned = table.primary_key.columns
    statement: Any = _insert_of(conn.dialect.name)(table).on_conflict_do_nothing().returning(*returned)
    return conn.execute(statement, row).first() is not None


@cache
def _insert_of(dialect: str) -> Any:
    """The INSERT of the dialect that is spoken; the other's is not loaded (SQLAlchemy's PostgreSQL takes 3 MB)."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as of_sqlite

        return of_sqlite
    from sqlalchemy.dialects.postgresql import insert as of_postgresql

    return of_postgresql


def get(conn: Connection, key: str) -> str | None:
    value: str | None = conn.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return value


def put(conn: Connection, key: str, value: str) -> None:
    # In this order: two workers that put the same new key wait for each other, and neither fails.
    if not insert_once(conn, meta, {"key": key, "value": value}):
        conn.execute(update(meta).where(meta.c.key == key).values(value=value))


def first_run(conn: Connection, now: datetime) -> datetime:
    """The moment of the very first run; ``now`` becomes it when there was none. While that lies ahead, the clock was
    wrong then, and the first run since counts."""
    insert_once(conn, meta, {"key": FIRST_RUN, "value": now.isoformat()})
    if _first_lies_ahead(conn, now):
        insert_once(conn, meta, {"key": FIRST_SURE, "value": now.isoformat()})
    return began(conn, now) or now


def began(conn: Connection, now: datetime) -> datetime | None:
    """The same without writing anything down; None before the first run."""
    if _first_lies_ahead(conn, now):
        # Not ``now``: the mail that has just come would be from before the first run.
        return moment(conn, FIRST_SURE) or now - AHEAD
    return moment(conn, FIRST_RUN)


def _first_lies_ahead(conn: Connection, now: datetime) -> bool:
    first = moment(conn, FIRST_RUN)
    return first is not None and first > now + AHEAD


def token_secret(conn: Connection) -> bytes:
    """The secret behind tokens and Message-IDs, made once for each record."""
    insert_once(conn, meta, {"key": "token_secret", "value": secrets.token_hex(32)})
    return bytes.fromhex(str(get(conn, "token_secret")))


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
    conn.execute(
        insert(event).values(
            at=now, what=what, mail_id=mail_id, letter_id=letter_id, report_id=report_id, detail=detail
        )
    )

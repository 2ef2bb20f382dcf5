"""How the provider usually vouches for an address. Trust is earned by what it said of earlier mails, and kept by it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from bot.model.mail import METHODS, Mail, Method
from bot.record.runs import insert_once
from bot.record.schema import habit

EARNED = 3  # so often a method passed before it is expected; so often it may lack until it no longer is
NONE, FAIL = "none", "fail"  # nothing vouched; something contradicted
_ONE = (habit.c.address == bindparam("of_address"), habit.c.method == bindparam("of_method"))
_PASSED = update(habit).where(*_ONE).values(times=habit.c.times + 1, lacked=0, last_at=bindparam("now"))
_LACKED = update(habit).where(*_ONE).values(lacked=habit.c.lacked + 1)
_OF = select(habit).where(habit.c.address == bindparam("address"))


def usual(conn: Connection, address: str) -> frozenset[Method]:
    """The methods by which the provider vouches for an address as a rule."""
    rows = {row.method: row for row in conn.execute(_OF, {"address": address})}
    return frozenset(m for m in METHODS if m in rows and rows[m].times >= EARNED and rows[m].lacked < EARNED)


def learn(conn: Connection, mail: Mail, now: datetime, *, proven: bool) -> None:
    """Counts what the provider said of a mail. Only one that is surely its sender's own (``proven``) tells that
    a method is not used any more: else a forger could wear the habit down."""
    address = mail.sender or ""
    seen: Collection[str] = mail.vouched_by or (FAIL if mail.authentication == "fail" else NONE,)
    for method in seen:
        _count(conn, address, method, now)
    for method in METHODS:
        if proven and method not in mail.vouched_by:
            conn.execute(_LACKED, {"of_address": address, "of_method": method})


def _count(conn: Connection, address: str, method: str, now: datetime) -> None:
    if not insert_once(conn, habit, {"address": address, "method": method, "times": 1, "lacked": 0, "last_at": now}):
        conn.execute(_PASSED, {"of_address": address, "of_method": method, "now": now})


def counts(conn: Connection) -> tuple[int, int]:
    """For how many addresses something vouched so far, and how many there are."""
    of = select(func.count(habit.c.address.distinct()))
    vouched = conn.execute(of.where(habit.c.method.in_(METHODS))).scalar_one()
    return int(vouched), int(conn.execute(of).scalar_one())

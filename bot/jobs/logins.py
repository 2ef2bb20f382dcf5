"""A refused password is said once and not repeated: no server is asked again with it for half a day.

Providers lock an account that fails too often. A refusal that may pass (the server is busy, the limit of logins is
reached) is no word about the password yet: one more try twenty minutes later tells, and nobody is told before. The
pause is kept in the record, so that a service that is restarted again and again does not go round it; a changed
password ends it at once.
"""

import hashlib
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from sqlalchemy import Connection

from bot.errors import LoginRefused
from bot.jobs.enqueuing import enqueue_for_staff
from bot.jobs.parts import Bot
from bot.model.deciding import LetterDraft
from bot.record import runs
from bot.secrets import password

log = logging.getLogger(__name__)
PAUSE = timedelta(hours=12)
ONCE_MORE = timedelta(minutes=20)
Part = Literal["mailbox", "smtp"]
T = TypeVar("T")


def login(bot: Bot, part: Part, now: datetime, connect: Callable[[str], T]) -> T:
    """``connect`` with the part's password. LoginRefused, without asking, while a refusal of it is fresh."""
    secret = password(part)
    with bot.record.read() as conn:
        mark = _fingerprint(runs.get(conn, runs.TOKEN_SECRET), secret)
        refused = json.loads(runs.get(conn, _key(part)) or "null")
    pause = ONCE_MORE if refused and refused.get("may_pass") else PAUSE
    if refused and refused["password"] == mark and abs(now - datetime.fromisoformat(refused["at"])) < pause:
        raise LoginRefused(f"{part}: the password was refused at {refused['at']} and has not changed since")
    try:
        opened = connect(secret)
    except LoginRefused as error:
        _say_once(bot, part, secret, now, error)
        raise
    if refused:
        with bot.record.begin() as conn:
            runs.put(conn, _key(part), "null")
            runs.note(conn, now, "login.accepted", part=part)
    return opened


def refused(bot: Bot, part: Part, now: datetime, error: LoginRefused) -> None:
    """The same pause and the same alarm where a server refuses in the middle of a session that it had let in: else
    every tick would log in anew."""
    _say_once(bot, part, password(part), now, error)


def refused_since(conn: Connection, part: Part) -> datetime | None:
    """When a password was refused that has not been taken since; None when all is well, or one more try will tell."""
    refused = json.loads(runs.get(conn, _key(part)) or "null")
    return datetime.fromisoformat(refused["at"]) if refused and not refused.get("may_pass") else None


def _say_once(bot: Bot, part: Part, secret: str, now: datetime, error: LoginRefused) -> None:
    """To the log, and to the staff's addresses other than this account's own; not again for the same password."""
    with bot.record.begin() as conn:
        mark = _fingerprint(runs.get(conn, runs.TOKEN_SECRET), secret)
        before = json.loads(runs.get(conn, _key(part)) or "null")
        known = before is not None and before["password"] == mark
        may_pass = error.may_pass and not known
        kept = {"password": mark, "at": now.isoformat(), "may_pass": may_pass}
        runs.put(conn, _key(part), json.dumps(kept))
        if may_pass:
            log.warning("%s; one more try in %d minutes", error, ONCE_MORE.total_seconds() // 60)
            runs.note(conn, now, "login.put_off", part=part)
        if may_pass or (known and not before.get("may_pass")):
            return
        log.error("%s", error)
        runs.note(conn, now, "login.refused", part=part)
        sentence = bot.rules.reasons.attention["login_refused"]
        context = {"sentence": sentence, "since": now, "detail": getattr(bot.config, part).username}
        draft = LetterDraft(key=f"alarm:{part}:{now.isoformat()}", letter="alarm", to="", context=context)
        enqueue_for_staff(bot, conn, draft, now, but=bot.config.own_address)


def _key(part: Part) -> str:
    return f"refused.{part}"


def _fingerprint(salt: str | None, secret: str) -> str:
    return hashlib.sha256(f"{salt}\0{secret}".encode()).hexdigest()

"""The page for the screen in the office, always current: ``data/board.html``.

    standing, numbers -> context -> has it changed? -> page -> a file beside it -> in its place

It is looked at after each run, and written only when something else would stand there than stands there now, or when
its time would make somebody think that the program has stopped.
"""

import hashlib
import json
import logging
import os
import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot.deciding.boards import board_form
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL
from bot.jobs.reporting.digest_letters import period_in_view
from bot.jobs.reporting.figures import held_to, month_of, streaks_of
from bot.record import runs

log = logging.getLogger(__name__)
FILE = "board.html"
AT_LEAST = timedelta(hours=1)  # so old the page's own time may become
HEAD_BYTES = 1024  # within these stands what the page says of itself
_HEAD = re.compile(rb'name="contents" content="([0-9a-f]+)">\s*<meta name="written" content="([^"]+)"')


def board(bot: Bot, now: datetime) -> bool:
    """Keeps the page current. True when it was written. A folder that cannot be written to is no reason to stop
    anything else: it is a warning in the log."""
    path = bot.config.paths.data / FILE
    context = board_context(bot, now)
    if is_current(path, fingerprint(context), now):
        return False
    try:
        write(path, page(bot, context, now))
        if bot.config.paths.open_board:
            path.parent.chmod(0o711)
            path.chmod(0o644)
    except OSError as error:  # the disk is full, the folder read-only, the file open in another program
        bot.lasting.fails(log, "board", f"the board was not written: {path}: {error.strerror or error}", now)
        return False
    bot.lasting.works(log, "board")
    return True


def board_context(bot: Bot, now: datetime) -> dict[str, Any]:
    """Everything on the page but its time."""
    with bot.record.read() as conn:
        last_poll = runs.moment(conn, LAST_POLL)
        forms = [made for form in _in_order(bot) if (made := _form(bot, conn, form, now)) is not None]
    silent = last_poll is not None and now - last_poll > timedelta(minutes=bot.config.schedule.stale_poll_minutes)
    return {"forms": forms, "mailbox_silent_since": last_poll if silent else None}


def page(bot: Bot, context: dict[str, Any], now: datetime) -> str:
    """The page, with what it says of itself."""
    itself = {"contents": fingerprint(context), "written": now.isoformat()}
    return bot.renderer.page("board", {**context, **itself}, now=now)


def fingerprint(context: dict[str, Any]) -> str:
    """The same for the same contents, and for nothing else."""
    text = json.dumps(context, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def is_current(path: Path, contents: str, now: datetime) -> bool:
    """Whether the page that is there says just this, and not for too long."""
    try:
        with path.open("rb") as file:
            head = _HEAD.search(file.read(HEAD_BYTES))
        written = datetime.fromisoformat(head[2].decode()) if head else None
    except (OSError, ValueError):  # there is none; or somebody else's file
        return False
    return bool(head and written and head[1].decode() == contents and timedelta(0) <= now - written < AT_LEAST)


def write(path: Path, text: str) -> None:
    """All of the page or none: a browser that reads it meanwhile sees the old one. OSError if that is not possible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _in_order(bot: Bot) -> list[str]:
    return sorted(bot.rules.matrices, key=lambda form: form != bot.rules.targets.form)


def _form(bot: Bot, conn: Connection, form: str, now: datetime) -> dict[str, Any] | None:
    period = period_in_view(bot, form, now)
    if period is None:
        return None
    month = month_of(bot, conn, form, period, now)
    streaks = streaks_of(bot, conn, form, period, now)
    return board_form(
        bot.rules.forms[form], bot.rules, bot.deadline(form, period), month, streaks, held_to(bot, period, now)
    )

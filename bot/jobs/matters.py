"""What a question is about, so that it can be decided where it is read: the words, the numbers, what differs from the
version in force, who is to be the liaison. Reads the record.

What came is opened once more for it, in the process that can be ended, before anything is locked (``opened``).
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.views import changes, table
from bot.errors import MailEnded, TooComplex
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.record import archive, reports, versions

QUOTED = 300  # characters of what somebody wrote
NOTHING: dict[str, Any] = {"quote": "", "numbers": None, "changes": [], "successor": []}
ROOM = 100 << 20  # bytes of mails that are held at once
ASIDE = "set_aside"  # a mail that could not be opened, and is not again


def opened(bot: Bot, rows: Iterable[Row[Any]]) -> dict[int, Opened]:
    """The archived mails that these things are about, opened, their files as they came. Without what was set aside,
    what cannot be opened any more, and what is beyond ``ROOM``. BotError as ``Opener.open``."""
    found: dict[int, Opened] = {}
    room = ROOM
    for mail_id in sorted({row.mail_id for row in rows if row.mail_id is not None and row.kind != ASIDE}):
        with bot.record.read() as conn:
            raw = archive.raw_of(conn, mail_id)
        if raw is not None and len(raw.data) <= room:
            room -= len(raw.data)
            with suppress(MailEnded, TooComplex):
                found[mail_id] = bot.opener.open(raw, read=False)
    return found


def matter(bot: Bot, conn: Connection, row: Row[Any], mails: Mapping[int, Opened], *, quoted: bool) -> dict[str, Any]:
    """The matter of one thing that needs a person; empty where there is none to show. ``quoted``: the words stand
    there already."""
    found = {**NOTHING, "quote": "" if quoted else _quote(row, mails)}
    report = reports.open_question(conn, row.report_id) if row.report_id is not None else None
    if report is None or report.form not in bot.rules.forms:
        return found
    rule = bot.rules.forms[report.form]
    if report.form == bot.rules.roster.id:
        person: dict[str, Any] = next(iter(report.content), {})
        found["successor"] = [person[key] for key in ("name", "mobile", "email") if person.get(key)]
    elif report.form in bot.rules.matrices and report.numbers:
        found["numbers"] = table(report.numbers, rule)
        if report.unit and report.period:
            current = versions.accepted(conn, report.form, report.unit, report.period)
            found["changes"] = changes(current.numbers, report.numbers, rule) if current else []
    return found


def _quote(row: Row[Any], mails: Mapping[int, Opened]) -> str:
    """What the sender wrote himself, in one line."""
    came = mails.get(row.mail_id) if row.sender and row.letter_id is None else None
    if came is None or came.mail.automatic:
        return ""
    words = " ".join(came.words.split())
    return words if len(words) <= QUOTED else f"{words[:QUOTED]}……"

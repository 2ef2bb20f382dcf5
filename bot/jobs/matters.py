"""What a question is about, so that it can be decided where it is read: the words, the numbers, what differs from the
version in force, who is to be the liaison. Reads the record."""

from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.views import changes, table
from bot.jobs.parts import Bot
from bot.mail.body import own_words
from bot.mail.unwrap import unwrap
from bot.record import archive, reports, versions

QUOTED = 300  # characters of what somebody wrote
NOTHING: dict[str, Any] = {"quote": "", "numbers": None, "changes": [], "successor": []}


def matter(bot: Bot, conn: Connection, row: Row[Any], *, quoted: bool) -> dict[str, Any]:
    """The matter of one thing that needs a person; empty where there is none to show. ``quoted``: the words stand
    there already."""
    found = {**NOTHING, "quote": "" if quoted else _quote(bot, conn, row)}
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


def _quote(bot: Bot, conn: Connection, row: Row[Any]) -> str:
    """What the sender wrote himself, in one line."""
    raw = archive.raw_of(conn, row.mail_id) if row.mail_id is not None and row.sender else None
    if raw is None or row.letter_id is not None:
        return ""
    mail = unwrap(raw, own_address=bot.config.own_address, provider=bot.provider, unpacker=bot.unpacker)
    words = " ".join(own_words(mail.text).split()) if not mail.automatic else ""
    return words if len(words) <= QUOTED else f"{words[:QUOTED]}……"

"""What an intent leads to is written down: by the intake of a mail, and again when the office has decided about it.

Intent -made_ready-> Ready: its letters are made, which takes long, and nothing is written -write_down-> the record
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.jobs.effects import take_effect
from bot.jobs.enqueuing import Made, make, put, tell_once_a_day
from bot.jobs.marking import with_marked
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.model.deciding import Intent
from bot.record import attention, explanations, reports

ONCE_A_DAY = ("capped", "strangers_unanswered")  # the hundredth mail over a limit says nothing that the first did not


@dataclass(frozen=True, slots=True)
class Ready:
    """An intent, and the letters that it leads to, in its order."""

    intent: Intent
    letters: tuple[Made, ...]


def made_ready(bot: Bot, conn: Connection, intent: Intent, now: datetime) -> Ready:
    """Makes its letters. Writes nothing, but that a workbook could not be made."""
    drafts = (with_marked(bot, conn, draft, intent.rulings, now) for draft in intent.letters)
    return Ready(intent, tuple(make(bot, conn, draft, now) for draft in drafts))


def write_down(bot: Bot, conn: Connection, mail_id: int, opened: Opened, ready: Ready, now: datetime) -> None:
    """Reports, their effects, explanations, letters, questions; all but the mail's own fate. In the caller's
    transaction."""
    ids, intent = [], ready.intent
    for ruling in intent.rulings:
        ids.append(reports.write(conn, mail_id, ruling, opened.mail.received_at, now))
        take_effect(bot, conn, ruling, opened.mail.sender or "", now)
    explains = list(intent.explains)
    if intent.explains_own:
        explains += [row.id for row in explanations.unexplained(conn, mail_id, bot.rules.asking)]
    if explains:
        explanations.keep(conn, mail_id, intent.reason, explains, now)
    for letter in ready.letters:
        put(bot, conn, letter, now, mail_id)
    for item in intent.attention:
        if item.kind in ONCE_A_DAY:
            tell_once_a_day(bot, conn, item, now, mail_id)
        else:
            about = replace(item, report_id=ids[item.ruling]) if item.ruling is not None else item
            attention.open_items(conn, [about], now, mail_id)

"""What an intent leads to is written down: by the intake of a mail, and again when the office has decided about it."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.jobs.effects import take_effect
from bot.jobs.enqueuing import enqueue, tell_once_a_day
from bot.jobs.marking import with_marked
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.model.deciding import Intent
from bot.record import attention, explanations, reports

ONCE_A_DAY = ("capped", "strangers_unanswered")  # the hundredth mail over a limit says nothing that the first did not


def write_down(bot: Bot, conn: Connection, mail_id: int, opened: Opened, intent: Intent, now: datetime) -> None:
    """Reports, their effects, explanations, letters, questions; all but the mail's own fate. In the caller's
    transaction."""
    ids = []
    for ruling in intent.rulings:
        ids.append(reports.write(conn, mail_id, ruling, opened.mail.received_at, now))
        take_effect(bot, conn, ruling, opened.mail.sender or "", now)
    if intent.explains:
        explanations.keep(conn, mail_id, intent.reason, intent.explains, now)
    for draft in intent.letters:
        enqueue(bot, conn, with_marked(bot, conn, draft, intent.rulings, now), now, mail_id)
    for item in intent.attention:
        if item.kind in ONCE_A_DAY:
            tell_once_a_day(bot, conn, item, now, mail_id)
        else:
            about = replace(item, report_id=ids[item.ruling]) if item.ruling is not None else item
            attention.open_items(conn, [about], now, mail_id)

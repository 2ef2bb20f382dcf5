"""A reminder that the office orders: now, to everybody who has not reported, or to one unit; beside the ladder."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.jobs.enqueuing import enqueue
from bot.jobs.parts import Bot
from bot.jobs.reminders.addressing import Reminder
from bot.jobs.reminders.reminder_letters import drafts
from bot.jobs.standing import Owing, owing
from bot.record import runs
from bot.rules.reminders import Stage


def urge(bot: Bot, conn: Connection, unit: str | None, mark: str, now: datetime) -> int:
    """Queues the letters, which are looked at again when they leave, as every reminder is. ``mark`` makes their keys
    new. Only what fell due is asked for, or what is due next if nothing did. Returns how many letters there are."""
    items = [item for item in chased(bot, conn, now) if unit in (None, item.obligation.unit)]
    late = [item for item in items if item.obligation.deadline < now]
    due = [Reminder(item, _stage(bot, item.obligation.deadline < now)) for item in late or items]
    made = [replace(draft, key=f"{draft.key}:{mark}", held=False) for draft in drafts(bot, conn, due, now)]
    return sum(enqueue(bot, conn, draft, now) is not None for draft in made)


def chased(bot: Bot, conn: Connection, now: datetime) -> list[Owing]:
    """What is owed, but for what fell due before the first run: that is shown, and nobody is asked for it."""
    began = runs.first_run(conn, now)
    return [item for item in owing(bot, conn, now) if item.obligation.deadline >= began]


def _stage(bot: Bot, late: bool) -> Stage:
    """The wording: of the first stage after the deadline, or before it."""
    stages = [s for s in bot.rules.reminders.stages if s.to == "unit"]
    return next((s for s in stages if (s.when == "after") == late), stages[0])

"""Deadlines as they were: one that has passed is written down, and a report keeps the one by which it was judged.

So a new deadline in the rules, or other working days, never makes an old report late, nor a late one punctual.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Row

from bot.deciding.deadlines import END_OF_DAY, late_days, owed_periods
from bot.jobs.dispensing import deadline_of
from bot.jobs.parts import Bot
from bot.record import known


def fix_deadlines(bot: Bot, now: datetime) -> None:
    """Writes down what has passed since the last time."""
    passed = {
        (form, period): due
        for form, rule in bot.rules.forms.items()
        for period in owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone)
        if (form, period) not in bot.passed and (due := bot.deadline(form, period)) < now
    }
    if passed:
        with bot.record.read() as conn:
            there = known.deadlines(conn)
        if new := {key: due for key, due in passed.items() if key not in there}:
            with bot.record.begin() as conn:
                known.fix(conn, new, now)


def judge_again(bot: Bot, conn: Connection) -> None:
    """Finds the deadlines of reports that were accepted before they were kept: what the answer said, else what holds
    now, as far as it agrees with what was decided then."""
    rows = known.unjudged(conn)
    told = known.told_deadlines(conn) if rows else {}
    known.judge(
        conn,
        (
            (row.id, told.get((row.mail_id, row.unit, row.form, row.period)) or _deadline(bot, conn, row))
            for row in rows
            if row.form in bot.rules.forms or (row.mail_id, row.unit, row.form, row.period) in told
        ),
    )


def _deadline(bot: Bot, conn: Connection, row: Row[tuple[object, ...]]) -> datetime:
    due, came = deadline_of(bot, conn, row.form, row.unit, row.period), row.first_received_at.astimezone(bot.zone)
    was_late = not row.on_time
    if (late_days(came, due, bot.zone) > 0) == was_late:
        return due
    # The rules have another deadline by now, and nobody knows the old one: the nearest that agrees.
    return datetime.combine(came.date() - timedelta(days=was_late), END_OF_DAY, bot.zone)

"""Where units stand and what they have reported, as lines of a letter: for 状态, 历史 and 查询."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.adding import total
from bot.deciding.standing import Standing, rates
from bot.deciding.views import shown_period
from bot.jobs.parts import Bot
from bot.jobs.standing import lines
from bot.record import versions

LATEST = 36  # reports of a unit's history


def status_lines(bot: Bot, conn: Connection, form: str, period: str, now: datetime) -> Iterator[str]:
    """How many, then who has not, then the others."""
    rows = lines(bot, conn, form, period, now)
    counted, said = rates(rows), bot.rules.commands.answers
    yield said["counted"].format(expected=counted.expected, received=counted.received, on_time=counted.on_time)
    for row in sorted(rows, key=lambda row: row.state in ("accepted", "late")):
        yield said["status_line"].format(unit=row.unit.name, state=state_of(bot, row, form))


def state_of(bot: Bot, row: Standing, form: str) -> str:
    """Where one unit stands, in words."""
    received = bot.renderer.filters["moment"](row.received_at) if row.received_at else ""
    reached = f"{row.total}{bot.rules.forms[form].measure}"
    values = {"total": reached, "received": received, "days": row.late_by_days}
    return bot.rules.commands.answers[f"state_{row.state}"].format(**values)


def history_lines(bot: Bot, conn: Connection, unit: str) -> Iterator[str]:
    """Every accepted version, the newest first."""
    said = bot.rules.commands.answers
    for row in versions.history(conn, unit, LATEST):
        rule = bot.rules.forms.get(row.form)
        month = shown_period(row.period)
        summed = f"{total(row.numbers)}{rule.measure}" if rule and row.numbers else ""
        yield said["history_line"].format(
            form=bot.rules.form_name(row.form),
            month=said["history_month"].format(month=bot.rules.words.month_text(month)) if month else "",
            version=row.version,
            received=bot.renderer.filters["moment"](row.received_at),
            punctual=said["on_time"] if row.on_time else said["late"],
            total=said["history_total"].format(total=summed) if summed else "",
            how=f"{said['telephoned'] if row.origin == 'telephone' else ''}"
            f"{said['withdrawn'] if row.outcome == versions.WITHDRAWN else ''}",
        )

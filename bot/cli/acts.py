"""``extend``, ``exempt``, ``hold``, ``resume``, ``undo``: orders of the office, with options for their arguments."""

from datetime import date, datetime
from typing import Annotated

import typer

from bot.cli.common import Now, now_in, unit_named

Unit = Annotated[str, typer.Option("--unit", help="The unit's name or an alias.")]
Period = Annotated[str, typer.Option("--period", help="The month, such as 2017-06.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the answers and in the record.")]


def extend(
    unit: Unit,
    period: Period,
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The new last day.")],
    reason: Reason,
    now: Now = None,
) -> None:
    """Give a unit more time for a month's report."""
    _act("extend", now, unit=unit, period=period, until=until.date(), reason=reason)


def exempt(unit: Unit, period: Period, reason: Reason, now: Now = None) -> None:
    """Let a unit off a month's report: it is neither reminded nor counted."""
    _act("exempt", now, unit=unit, period=period, reason=reason)


def hold(now: Now = None) -> None:
    """Stop all letters but the answers to the office; mails are still recorded."""
    _act("hold", now)


def resume(now: Now = None) -> None:
    """Let letters leave again."""
    _act("resume", now)


def undo(now: Now = None) -> None:
    """Take back the last act of the command line, where that can be done."""
    _act("undo", now)


def _act(
    command: str,
    now: str | None,
    unit: str | None = None,
    period: str | None = None,
    until: date | None = None,
    reason: str | None = None,
) -> None:
    from bot.cli.ordering import carry_out
    from bot.config import load_config
    from bot.jobs.parts import Bot
    from bot.model.commands import Arguments, Command

    config = load_config()
    with Bot.build(config, now=now_in(config, now)) as bot:
        found = unit_named(bot.rules, unit) if unit else None
        rule = bot.rules.commands.rule(command)
        arguments = Arguments(found.name if found else None, period, until, reason=reason)
        said = " ".join(str(x) for x in (rule.words[0], found.name if found else "", period, until, reason) if x)
        carry_out(bot, Command(rule, arguments, None, said), now)

"""The question of ``init`` that only the county can answer: which listed bodies are part of another one by now."""

import sys
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from bot.clock import system_clock
from bot.errors import BotError, ConfigError, UsageError

if TYPE_CHECKING:
    from bot.config import Config
    from bot.jobs.parts import Bot
    from bot.rules.units import Units

RETIRE = "retire"  # the order of rules/commands.toml that lets a unit go
QUESTION = "Which of them are no unit of their own any more: names, blanks between them"


def named(units: "Units", said: str) -> list[str]:
    """The units that were named, each once. ValueError for one that [[mergers]] of rules/units.toml do not list."""
    listed = [name for names in units.mergeable.values() for name in names]
    names: dict[str, None] = {}
    for word in said.replace(",", " ").split():
        unit = units.resolve(word)
        if unit is None or unit.name not in listed:
            raise ValueError(f"expected some of {' '.join(listed)} (got {word!r})")
        names[unit.name] = None
    return list(names)


def check(config: "Config", said: str | None) -> None:
    """UsageError for a wrong --merged, before anything is written."""
    from bot.rules.load import load_rules

    if said:
        try:
            named(load_rules(config.paths.rules).units, said)
        except ValueError as error:
            raise UsageError(f"--merged: {error}") from error


def settle(config: "Config", said: str | None) -> None:
    """Lets go, from the first month on, what was named in ``said``, else on the terminal; tells what it left as it is.
    Only units without a report are asked about. Does nothing where no record can be opened: ``doctor`` says why."""
    from bot.jobs.parts import Bot

    moment = system_clock()
    try:
        with Bot.build(config, now=moment) as bot:
            chosen = _chosen(bot.rules.units, open_ones := _open(bot, moment), said)
            _let_go(bot, chosen, [name for names in open_ones.values() for name in names])
            _tell_left(bot, open_ones, chosen)
    except ConfigError:
        raise
    except BotError:
        return


def _open(bot: "Bot", moment: datetime) -> dict[str, list[str]]:
    """Under the unit that it may have become a part of: what still owes reports, and has sent none."""
    from bot.record import known

    today = moment.astimezone(bot.zone).date()
    with bot.record.read() as conn:
        units = bot.knowing(conn).rules.units

        def owes(name: str) -> bool:
            unit = units.by_name[name]
            return unit.is_there(today) and not known.has_reports(conn, unit.id)

        found = {into: [name for name in names if owes(name)] for into, names in units.mergeable.items()}
    return {into: names for into, names in found.items() if names}


def _chosen(units: "Units", open_ones: Mapping[str, Collection[str]], said: str | None) -> list[str]:
    if said is not None:
        return named(units, said)
    if not open_ones or not sys.stdin.isatty():
        return []
    typer.echo("Some units of rules/units.toml are part of another one in many counties by now:")
    for into, names in open_ones.items():
        typer.echo(f"    {into}: {' '.join(names)}")
    while True:
        answer: str = typer.prompt(QUESTION, default="", show_default=False)
        try:
            return named(units, answer)
        except ValueError as error:
            typer.echo(f"  {error}")


def _let_go(bot: "Bot", names: Collection[str], open_ones: Collection[str]) -> None:
    """As the office may order by mail, in the same words, as easily undone. One that is away already stays so. One
    that has reported is left: from when on it is to owe nothing, only an order says."""
    from bot.cli.ordering import carry_out
    from bot.model.commands import Arguments, Command
    from bot.record import known

    rule, first = bot.rules.commands.rule(RETIRE), bot.config.campaign.first_period
    for name in names:
        if name in open_ones:
            order = Command(rule, Arguments(unit=name, period=first), None, f"{rule.words[0]} {name} {first}")
            carry_out(bot, order, None)
            continue
        with bot.record.read() as conn:
            if known.has_reports(conn, bot.rules.units.by_name[name].id):
                typer.echo(f"{name} has reported, and stays: python -m bot order {rule.words[0]} {name} MONTH")


def _tell_left(bot: "Bot", open_ones: Mapping[str, Collection[str]], chosen: Collection[str]) -> None:
    """In one line; nothing where nothing was left."""
    left = {into: [name for name in names if name not in chosen] for into, names in open_ones.items()}
    shown = "; ".join(f"{' '.join(names)} beside {into}" for into, names in left.items() if names)
    if shown:
        word = bot.rules.commands.rule(RETIRE).words[0]
        typer.echo(f"left as units of their own: {shown}. To let one go: python -m bot order {word} UNIT MONTH")

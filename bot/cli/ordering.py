"""``order``: whatever the office can order by mail, from the command line; the same code, the same words."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import Now, now_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs.opening import Opened
    from bot.jobs.parts import Bot
    from bot.model.commands import Command

ACTOR = "command line"
Words = Annotated[
    list[str], typer.Argument(metavar="ORDER", help="As in a mail: the word of rules/commands.toml and its arguments.")
]


def order_command(words: Words, now: Now = None) -> None:
    """Give an order in the words of a mail; the commands stand in rules/commands.toml."""
    order(" ".join(words), now)


def order(text: str, now: str | None) -> None:
    """Carries out one order that is written as in a mail. UsageError if it is not understood."""
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.jobs.parts import Bot
    from bot.model.commands import Command
    from bot.reading.commands import commands_in

    config = load_config()
    with Bot.build(config, now=now_in(config, now)) as bot:
        today = now_in(config, now).astimezone(bot.zone).date()
        said = commands_in(text, bot.rules.commands.of("staff"), bot.rules, today, expected=True)
        first = said[0] if said else None
        if not isinstance(first, Command):
            lacks = bot.rules.commands.answers[first.lacks] if first and first.lacks else ""
            known = " ".join(rule.words[0] for rule in bot.rules.commands.of("staff"))
            raise UsageError(f"not understood: {text!r} {lacks.format(text='')}; expected one of {known}")
        carry_out(bot, first, now)


def carry_out(bot: "Bot", command: "Command", now: str | None) -> None:
    """Carries one order out and shows what a letter would say. Exit status 1 if it was refused."""
    from bot.jobs.orders.errands import Errand, Given, Refusal, Result
    from bot.jobs.orders.obeying import act_on, done
    from bot.jobs.orders.settling import with_opened

    moment = now_in(bot.config, now)

    def act(opened: "Mapping[int, Opened]") -> Result:
        with bot.record.begin() as conn:
            return act_on(Errand(bot, conn, command, Given(ACTOR), moment, opened))

    try:
        result = with_opened(bot, act)
    except Refusal as refusal:
        names = {"number": "", "text": "", "unit": "", **refusal.values}
        typer.echo(bot.rules.commands.answers[refusal.key].format(**names))
        raise typer.Exit(1) from refusal
    typer.echo(done(command, result))
    for line in result.lines:
        typer.echo(f"  {line}")
    for file in result.files:
        typer.echo(f"  [{file.name}, {len(file.data)} bytes: by mail, or python -m bot bulletin --summary FILE]")

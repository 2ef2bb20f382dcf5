"""``roster`` and ``base``: liaisons and registered numbers, from and to workbooks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import Now, existing, now_in, writing

if TYPE_CHECKING:
    from bot.jobs.roster import Outcome

roster_app = typer.Typer(help="Who reports for which unit.", no_args_is_help=True)
base_app = typer.Typer(
    help="How many enterprises each unit has registered: the base of every rate.", no_args_is_help=True
)
Book = Annotated[Path, typer.Argument(metavar="FILE.xlsx")]


@roster_app.command("import")
def import_roster(file: Book, now: Now = None) -> None:
    """Take the liaisons of the units in FILE (columns 单位 姓名 手机 邮箱). Units not in it keep theirs."""
    from bot.config import load_config
    from bot.jobs.parts import Bot
    from bot.jobs.roster import take_roster

    existing([file])
    config = load_config()
    with Bot.build(config, now=now_in(config, now)) as bot:
        today = now_in(config, now).astimezone(bot.zone).date()
        _tell(take_roster(bot, file, today, min(today, bot.ever)))


@roster_app.command("export")
def export_roster(file: Book, now: Now = None) -> None:
    """Write the liaisons of today to FILE, every unit in its order, in the columns that import reads."""
    from bot.config import load_config
    from bot.jobs.parts import Bot
    from bot.jobs.roster import write_roster

    config = load_config()
    with Bot.build(config, now=now_in(config, now)) as bot:
        today = now_in(config, now).astimezone(bot.zone).date()
        with writing(file):
            count = write_roster(bot, file, today)
    typer.echo(f"{count} liaisons in {file}")


@base_app.command("import")
def import_base(
    file: Book,
    form: Annotated[str | None, typer.Option("--form", help="A form of rules/; default: the one with targets.")] = None,
    now: Now = None,
) -> None:
    """Take the registered numbers in FILE (column 单位, and one for each category of the form)."""
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.jobs.parts import Bot
    from bot.jobs.roster import take_base

    existing([file])
    config = load_config()
    with Bot.build(config, now=now_in(config, now)) as bot:
        wanted = bot.rules.targets.form if form is None else form
        if wanted not in bot.rules.forms:
            raise UsageError(f"--form: no such form: {form!r}")
        _tell(take_base(bot, file, wanted, now_in(config, now)))


def _tell(outcome: "Outcome") -> None:
    """What was taken, and each row that needs a look; exit status 1 if there is any."""
    typer.echo(f"{outcome.changed} changed, {outcome.unchanged} as before")
    for line in outcome.problems:
        typer.echo(line, err=True)
    raise typer.Exit(1 if outcome.problems else 0)

"""``board``: the page for the screen in the office, written by hand."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Now, now_in, writing

Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to; default: in the data.")]


def board(output: Output = None, now: Now = None) -> None:
    """Write the page that shows who has reported; the bot keeps it current by itself in paths.data."""
    from bot.config import load_config
    from bot.jobs.parts import Bot
    from bot.jobs.reporting import board as job

    config = load_config()
    path = output or config.paths.data / job.FILE
    with Bot.build(config, now=now_in(config, now)) as bot:
        moment = now_in(config, now)
        text = job.page(bot, job.board_context(bot, moment), moment)
    with writing(path):
        job.write(path, text)
    typer.echo(str(path))

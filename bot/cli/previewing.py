"""``preview``: every letter in every case, as this installation's templates and rules write it."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import writing

Letter = Annotated[str | None, typer.Argument(metavar="LETTER", help="A folder of templates/, such as receipt.")]
All = Annotated[bool, typer.Option("--all", help="Every letter.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write, made anew.")]


def preview(output: Output, letter: Letter = None, every: All = False) -> None:
    """Write samples of letters as HTML, text and .eml, with an index page. Uses no database, and sends nothing."""
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.preview.pages import press, write

    if (letter is None) != every:
        raise UsageError("expected a letter, or --all")
    made = press(load_config())
    chosen = [case for case in made.cases if letter in (None, case.draft.letter)]
    if not chosen:
        known = dict.fromkeys(case.draft.letter for case in made.cases)
        raise UsageError(f"expected one of the letters {', '.join(known)} (got {letter!r})")
    with writing(output):
        typer.echo(str(write(output, made, chosen)))

"""What every command shares: options, the record, tables for people and JSON for programs."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.clock import parse_now, system_clock

if TYPE_CHECKING:
    from bot.config import Config

PIPE_WIDTH = 250
Json = Annotated[bool, typer.Option("--json", help="JSON for programs instead of a table.")]
Now = Annotated[str | None, typer.Option("--now", metavar="T", help="Pretend it is T, such as 2017-07-06T09:00.")]


def now_in(config: "Config", text: str | None) -> datetime:
    """``--now``, or the clock."""
    return parse_now(text, config.office.zone) or system_clock()


def default_encoder(value: object) -> str:
    """Times and days as ISO 8601."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


def print_json(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, default=default_encoder)
    sys.stdout.buffer.write(text.encode("utf-8") + b"\n")  # a console of another code page must not break it
    sys.stdout.buffer.flush()


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], styles: Sequence[str] = ()) -> None:
    """A table in colour; plain when the output is no terminal. Cells are data, never markup."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left", show_header=any(columns))
    for column in columns:
        table.add_column(column)
    for index, row in enumerate(rows):
        cells = ["" if cell is None else escape(str(cell)) for cell in row]
        table.add_row(*cells, style=styles[index] if index < len(styles) else None)
    # Into a file or a pipe nothing is broken at 80 columns: a name must stay whole to be found.
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """UsageError for a place that cannot be written to."""
    from bot.errors import UsageError

    try:
        yield
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def existing(paths: Iterable[Path]) -> None:
    """UsageError for a file that is not there."""
    from bot.errors import UsageError

    for path in paths:
        if not path.is_file():
            raise UsageError(f"{path}: no such file")

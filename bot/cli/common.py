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
    from rich.table import Table

    from bot.config import Config
    from bot.rules.policy import Rules
    from bot.rules.units import Unit

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
    """Prints a value as JSON in UTF-8, indented, Chinese as it stands."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=default_encoder)
    sys.stdout.buffer.write(text.encode("utf-8") + b"\n")  # a console of another code page must not break it
    sys.stdout.buffer.flush()


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    styles: Sequence[str] = (),
    spare: Sequence[str] = (),
) -> None:
    """A table in colour; plain when the output is no terminal. Cells are data, never markup. On a terminal that is
    too narrow the ``spare`` columns are left out, the first one first, and that is said."""
    from rich.console import Console
    from rich.measure import Measurement

    # Into a file or a pipe nothing is broken at 80 columns: a name must stay whole to be found.
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    lines, wide = list(rows), console.options.update(width=10_000)
    left_out: list[str] = []
    table = _table(title, columns, lines, styles, left_out)
    while sys.stdout.isatty() and len(left_out) < len(spare):
        if Measurement.get(console, wide, table).maximum <= console.width:
            break
        left_out.append(spare[len(left_out)])
        table = _table(title, columns, lines, styles, left_out)
    console.print(table)
    if left_out:
        console.print(f"left out, for want of room: {', '.join(left_out)}", style="dim")


def _table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], styles: Sequence[str], left_out: Sequence[str]
) -> "Table":
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        show_header=any(columns),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.pad_edge, kept = False, [i for i, column in enumerate(columns) if column not in left_out]
    for index in kept:
        times = all(isinstance(row[index], datetime | None) for row in rows)
        table.add_column(columns[index], overflow="fold", no_wrap=times)
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else None
        table.add_row(*(escape(shown(row[index])) for index in kept), style=style)
    return table


def shown(cell: Any) -> str:
    """A time as a clock shows it, to the minute; JSON has it whole."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    return "" if cell is None else str(cell)


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


def unit_named(rules: "Rules", name: str) -> "Unit":
    """The unit of ``--unit``, by its name or an alias. UsageError when there is none."""
    from bot.errors import UsageError

    found = rules.units.resolve(name)
    if found is None:
        raise UsageError(f"--unit: no such unit: {name!r}")
    return found

"""``bulletin``: the monthly bulletin with its summary workbook, and its release."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import Json, Now, now_in, print_json, print_table, writing

if TYPE_CHECKING:
    from datetime import datetime

    from bot.jobs.parts import Bot
    from bot.jobs.reporting.bulletins import Edition

Period = Annotated[
    str | None, typer.Option("--period", help="The month, such as 2017-06; default: the newest whose deadline is past.")
]
Document = Annotated[Path | None, typer.Option("-o", "--output", help="The bulletin to write (.docx).")]
Summary = Annotated[Path | None, typer.Option("--summary", help="The county's summary workbook to write (.xlsx).")]
Release = Annotated[bool, typer.Option("--release", help="Freeze the numbers as announced, and lock the month. Once.")]


def bulletin(
    period: Period = None,
    output: Document = None,
    summary: Summary = None,
    release: Release = False,
    as_json: Json = False,
    now: Now = None,
) -> None:
    """Write the bulletin of a month and its summary workbook; with --release, announce them."""
    from bot.config import load_config
    from bot.jobs.parts import Bot

    config = load_config()
    moment = now_in(config, now)
    with Bot.build(config, now=moment) as bot:
        shown, files = _made(bot, _period(bot, period, moment), moment, output, summary, release)
        shape = _shape(bot, shown)
    for path, data in files:
        with writing(path):
            path.write_bytes(data)
    if as_json:
        print_json(shape)
        return
    if not files:
        _show(shape)
    for path, _ in files:
        typer.echo(str(path))
    if release:
        typer.echo(f"{shape['period']} is released: its numbers are locked as they stand")


def _period(bot: "Bot", wanted: str | None, now: "datetime") -> str:
    """The month. UsageError for one whose reports are not all due yet: nothing can be announced of it."""
    from bot.deciding.deadlines import periods
    from bot.errors import UsageError
    from bot.jobs.reporting.bulletins import latest_past

    latest = latest_past(bot, now)
    if latest is None:
        raise UsageError("no deadline has passed yet: there is nothing to announce")
    if wanted is not None and wanted not in periods(bot.campaign.first, latest):
        raise UsageError(f"--period: expected a month from {bot.campaign.first} to {latest} (got {wanted!r})")
    return wanted or latest


def _made(
    bot: "Bot", period: str, now: "datetime", output: Path | None, summary: Path | None, freeze: bool
) -> "tuple[Edition, list[tuple[Path, bytes]]]":
    """The bulletin, and what is to be written. The documents are made before the release is committed: a template
    that is broken announces nothing."""
    from bot.jobs.reporting.bulletins import document_of, edition, release, summary_of

    with bot.record.begin() if freeze else bot.record.read() as conn:
        shown = release(bot, conn, period, now) if freeze else edition(bot, conn, period, now)
        files = [(output, document_of(bot, shown))] if output else []
        files += [(summary, summary_of(bot, shown))] if summary else []
    return shown, files


def _shape(bot: "Bot", shown: "Edition") -> dict[str, Any]:
    """``bulletin --json``: what the documents say, as numbers and names."""
    from bot.deciding.bulletin_view import change, document_context, row

    made = shown.bulletin
    view = document_context(made, bot.rules, shown.released_at)
    keys = ("period", "before", "deadline", "expected", "received", "on_time")
    return {
        "form": made.form,
        **{key: view[key] for key in keys},
        "counted_at": made.made_at,
        "released_at": shown.released_at.astimezone(bot.zone) if shown.released_at else None,
        "categories": view["parts"],
        "total": view["whole"],
        "ranked_by": made.ranked_by,
        "units": [
            {**row(line, made, bot.rules), "values": line.numbers, "report": line.report_id, "version": line.version}
            for line in made.lines
        ],
        "changes": view["changes"],
        "later": [change(item, bot.rules) for item in shown.later],
    }


def _show(shape: dict[str, Any]) -> None:
    columns = ("rank", "unit", "kind", "total", "change", "base", "rate", "remark")
    state = f"released {shape['released_at'].isoformat()}" if shape["released_at"] else "not released"
    print_table(
        f"{shape['period']}, {state}", columns, [[unit[c] for c in columns] for unit in shape["units"]], spare=("kind",)
    )
    typer.echo(" ".join(f"{key}={shape[key]}" for key in ("expected", "received", "on_time")))
    for item in (*shape["changes"], *shape["later"]):
        typer.echo(f"{item['unit']} {item['period']} {item['word']}: {item['announced']} -> {item['now']}")

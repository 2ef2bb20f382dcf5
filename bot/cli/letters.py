"""``outbox``: what was and will be sent; ``form``: the prefilled workbook."""

from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import Json, Now, now_in, print_json, print_table, unit_named, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.jobs.parts import Bot

outbox_app = typer.Typer(help="Letters: made, held, sent. Without a command: the list.", invoke_without_command=True)
COLUMNS = ("key", "letter", "to", "subject", "state", "attempts", "queued_at", "sent_at")
SPARE = ("letter", "attempts", "queued_at", "to", "sent_at")
COLOURS = {"sent": "green", "failed": "red", "held": "yellow", "cancelled": "dim"}
Keys = Annotated[list[str] | None, typer.Argument(help="Keys of held letters.")]
All = Annotated[bool, typer.Option("--all", help="Every held letter.")]


@outbox_app.callback()
def listing(context: typer.Context, as_json: Json = False) -> None:
    """Every letter, oldest first."""
    if context.invoked_subcommand is not None:
        return
    from bot.config import load_config
    from bot.record import correspondence
    from bot.record.database import Record

    config = load_config()
    with Record.open(config.database.url) as record, record.read() as conn:
        rows = [{c: getattr(row, c) for c in COLUMNS} for row in correspondence.listing(conn)]
    for row in rows:
        row |= {at: row[at] and row[at].astimezone(config.office.zone) for at in ("queued_at", "sent_at")}
    if as_json:
        print_json(rows)
        return
    styles = [COLOURS.get(row["state"], "") for row in rows]
    print_table("outbox", COLUMNS, [list(row.values()) for row in rows], styles, spare=SPARE)


@outbox_app.command()
def show(key: Annotated[str, typer.Argument(help="The letter's key.")]) -> None:
    """One letter as its receiver reads it: headers and plain text."""
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.record import correspondence
    from bot.record.database import Record

    with Record.open(load_config().database.url) as record, record.read() as conn:
        mime = correspondence.bytes_of(conn, key)
    if mime is None:
        raise UsageError(f"no letter has the key {key!r}")
    message = message_from_bytes(mime)
    for name in ("From", "To", "Subject", "Date"):
        typer.echo(f"{name}: {make_header(decode_header(message[name]))}")
    typer.echo("")
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            typer.echo(bytes(part.get_payload(decode=True)).decode("utf-8"))
        elif part.get_filename():
            typer.echo(f"[{part.get_content_type()}]")


@outbox_app.command()
def release(keys: Keys = None, every: All = False, now: Now = None) -> None:
    """Let held letters go; they leave with the next run."""
    from bot.record import outbox

    _change(outbox.release, keys, every, now)


@outbox_app.command()
def drop(keys: Keys = None, every: All = False, now: Now = None) -> None:
    """Cancel held letters; they stay in the list."""
    from bot.record import outbox

    _change(outbox.drop, keys, every, now)


def _change(act: "Callable[..., list[str]]", keys: list[str] | None, every: bool, now: str | None) -> None:
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.record.database import Record

    if bool(keys) == every:
        raise UsageError("expected keys of held letters, or --all")
    config = load_config()
    with Record.open(config.database.url) as record, record.begin() as conn:
        done: list[str] = act(conn, None if every else keys, now_in(config, now))
    for key in done:
        typer.echo(key)
    missing: set[Any] = set(keys or ()) - set(done)
    if missing:
        raise UsageError(f"not held: {', '.join(sorted(missing))}")


def form(
    form_id: Annotated[str, typer.Argument(metavar="FORM", help="A form of rules/, such as annex4.")],
    unit: Annotated[str, typer.Option("--unit", help="The unit's name or an alias.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The workbook to write (.xlsx).")],
    period: Annotated[
        str | None, typer.Option("--period", help="The month, such as 2017-07; none for what is owed once.")
    ] = None,
    now: Now = None,
) -> None:
    """Write the prefilled workbook of a unit for a month."""
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.jobs.parts import Bot
    from bot.jobs.standing import carried_on, people_by_unit
    from bot.jobs.workbooks import workbook_for
    from bot.model.people import Liaison

    config = load_config()
    with Bot.build(config, now=now_in(config, now)) as bot:
        if form_id not in bot.rules.forms:
            raise UsageError(f"expected one of the forms {', '.join(bot.rules.forms)} (got {form_id!r})")
        found = unit_named(bot.rules, unit)
        chosen = _period_of(bot, form_id, period)
        with bot.record.read() as conn:
            who = people_by_unit(conn, bot, now_in(config, now)).get(found.name, [])
            person = who[0] if who else Liaison(found.name, "", "", "")
            earlier = carried_on(bot, conn, form_id, found.name, chosen)
            file = workbook_for(bot, conn, bot.obligation(found.name, form_id, chosen), earlier, person)
        if file is None:
            raise UsageError(f"{form_id} is a document, and has no workbook")
    with writing(output):
        output.write_bytes(file.data)
    typer.echo(str(output))


def _period_of(bot: "Bot", form_id: str, wanted: str | None) -> str:
    """The period that the options mean for a form."""
    from bot.deciding.deadlines import periods
    from bot.errors import UsageError
    from bot.model.deciding import ONCE

    if bot.rules.forms[form_id].owed.once:
        if wanted is not None:
            raise UsageError(f"--period: {form_id} is owed once, and has no month")
        return ONCE
    if wanted is None or wanted not in periods(bot.campaign.first, bot.campaign.last):
        raise UsageError(f"--period: expected a month of the campaign (got {wanted!r})")
    return wanted

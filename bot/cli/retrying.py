"""``retry``: takes up mails that were set aside."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import Json, Now, now_in, print_json, print_table

if TYPE_CHECKING:
    from sqlalchemy import Connection

Which = Annotated[
    str | None, typer.Argument(metavar="[N]", help="A mail's id, or the number under which the office was told of it.")
]
All = Annotated[bool, typer.Option("--all", help="Every mail that was set aside.")]
COLUMNS = ("id", "received_at", "shown_from", "subject", "why")


def retry(which: Which = None, every: All = False, as_json: Json = False, now: Now = None) -> None:
    """Take up what was set aside; without N or --all, list it.

    A mail is set aside after three attempts. It is worked off again, from the
    beginning, at the next look of the running program, or by `scheduler.py --once`;
    its report counts from the day on which it came. A mail that was too large to
    fetch is in the mailbox alone. Letters that could not be made need no retry:
    they are made by themselves.
    """
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.record import claims, database
    from bot.record.database import Record

    if which is not None and every:
        raise UsageError("expected the number of a mail, or --all")
    config = load_config()
    if not database.exists(config.database.url):
        raise UsageError("there is no record yet")
    with Record.open(config.database.url) as record, record.begin() as conn:
        if which is None and not every:
            rows = [{c: getattr(row, c) for c in COLUMNS} for row in claims.aside(conn)]
        else:
            wanted = [_mail_id(conn, which)] if which is not None else None
            taken = claims.take_up(conn, wanted, now_in(config, now))
            if wanted and not taken:
                raise UsageError(f"{which}: its bytes were too large to keep; look for it in the mailbox")
    if which is None and not every:
        shown = [{**row, "received_at": row["received_at"].astimezone(config.office.zone)} for row in rows]
        if as_json:
            print_json(shown)
        else:
            print_table("set aside", COLUMNS, [list(row.values()) for row in shown])
        return
    if as_json:
        print_json(taken)
        return
    for mail_id in taken:
        typer.echo(f"mail {mail_id} is taken up: it is worked off at the next look")
    if not taken:
        typer.echo("nothing is set aside")


def _mail_id(conn: "Connection", which: str) -> int:
    """The mail that a number means: its id; else a thing that was told under it, or a letter that answered it."""
    from bot.errors import UsageError
    from bot.record import attention, claims, history

    kept = {row.id for row in claims.aside(conn)}
    number = int(which) if which.isdecimal() and len(which) < 10 else 0
    letter = history.letter_of(conn, which.strip().upper())
    for mail_id in (number, attention.mail_of(conn, number), letter.mail_id if letter else None):
        if mail_id is not None and mail_id in kept:
            return int(mail_id)
    raise UsageError(f"{which}: no mail of this number is set aside; `retry` alone lists them")

"""``backup``, ``restore``, ``copy-database``: the whole record as one file, back, and into another database."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import Now, existing, now_in, writing

if TYPE_CHECKING:
    from bot.config import Config
    from bot.record.backup import Backup

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]
Url = Annotated[str, typer.Argument(metavar="URL", help="For example postgresql+psycopg://bot@db.example/annex4.")]
Force = Annotated[
    bool, typer.Option("--force", help="PostgreSQL: also over a record; what it holds is kept as another schema.")
]


def backup(file: File, now: Now = None) -> None:
    """Write all that the record holds to FILE; the bot may go on working. What was there before is replaced.

    FILE is whole and read back before it takes its name, and the same from SQLite
    and PostgreSQL. It holds whole mails, names and telephones: only its owner can
    read it, and older ones beside it. Not in it: config.toml, rules/, templates/ and the passwords.
    """
    from bot.cli.progress import progress
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.jobs import ownership
    from bot.record import backup as job
    from bot.record import database

    config = load_config()
    moment = now_in(config, now)
    if not database.exists(config.database.url):
        raise UsageError("there is no record yet")
    with writing(file):
        _may_be_replaced(file)
        with database.Record.bare(config.database.url) as record, progress("backup") as step:
            made = job.write(record, file, moment, step)
        ownership.closed(ownership.wide_backups(file.parent) if os.name == "posix" else [])
    typer.echo(f"{_said(config, made)} in {file} ({file.stat().st_size / 1e6:.1f} MB)")


def restore(file: File, force: Force = False, now: Now = None) -> None:
    """Put FILE, which `backup` made, in the place of the record; all or nothing. Stop the bot first.

    What was there is kept: on SQLite as a file beside the database, on PostgreSQL
    (with --force) as a schema. The command says under which name. FILE may come
    from the other kind of database, and from an older version of this program.
    """
    from bot.cli.progress import progress
    from bot.config import load_config
    from bot.record.restoring import restore as job

    existing([file])
    config = load_config()
    moment = now_in(config, now)
    with progress("restore") as step:
        done = job(config.database.url, file, moment, force=force, progress=step)
    typer.echo(f"{_said(config, done.backup)} restored")
    if done.kept:
        typer.echo(f"what was there before is kept as {done.kept}")


def copy_database(url: Url, now: Now = None) -> None:
    """Copy the whole record into the empty database at URL, to go on there. Stop the bot first.

    From SQLite to PostgreSQL or back. What is copied stays as it is. A password
    may stand in URL, or in PGPASSWORD. Then set [database] url and start the bot.
    """
    from bot.cli.progress import progress
    from bot.config import load_config
    from bot.record import moving

    config = load_config()
    with progress("read") as reading, progress("write") as writing:
        made = moving.copy(config.database.url, url, now_in(config, now), reading=reading, writing=writing)
    typer.echo(f"{made.rows} rows copied; what was copied is as it was")
    typer.echo("next: set [database] url in config.toml to the new one, and start the bot")


def _may_be_replaced(file: Path) -> None:
    """UsageError for a file that is no backup: the database itself, or anything else by mistake."""
    from bot.errors import UsageError
    from bot.record.backup import is_backup

    if file.exists() and not (file.is_file() and (file.stat().st_size == 0 or is_backup(file))):
        raise UsageError(f"{file}: is there already, and is no backup: give another name")


def _said(config: "Config", made: "Backup") -> str:
    moment = made.state_of.astimezone(config.office.zone)
    return f"{made.rows} rows as of {moment:%Y-%m-%d %H:%M:%S}"

"""What is done to a record as a whole, and to an installation, as work for ``tests.faults.dying``."""

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import bot.cli.app  # noqa: F401 - what a command imports is there before the first life
from bot.record import backup, migrate, moving  # noqa: F401 - alembic too
from bot.record.database import Record
from bot.record.restoring import restore
from tests.bots import at

NOW = "2017-07-06T09:00"


def do_migrate(url: str) -> None:
    Record.open(url).close()


def do_backup(url: str, path: Path) -> None:
    with Record.bare(url) as record:
        backup.write(record, path, at(NOW), lambda *_: None)


def do_restore(url: str, path: Path) -> None:
    restore(url, path, at(NOW), force=True, progress=lambda *_: None)


def do_copy(source: str, target: str) -> None:
    moving.copy(source, target, at(NOW), reading=lambda *_: None, writing=lambda *_: None)


def do_init(path: Path, words: list[str]) -> None:
    """The command, without a terminal and without ``doctor``, which only looks. What it says stands beside the file."""
    from bot.__main__ import main
    from bot.cli import init

    nothing = {f"BOT_{part}_PASSWORD": "" for part in ("MAILBOX", "SMTP")}
    os.environ.update(nothing, BOT_CONFIG=str(path), PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    init._try = lambda config: None
    sys.argv = ["bot", "init", *words]
    with path.with_name("said").open("w") as said, redirect_stdout(said), redirect_stderr(said):
        main()

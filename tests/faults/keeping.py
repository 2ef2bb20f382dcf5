"""What is done to a record as a whole, as work for ``tests.faults.dying``."""

from pathlib import Path

from bot.record import backup, migrate  # noqa: F401 - alembic is there before the first life
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

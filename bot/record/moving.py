"""The record copied into another database, from SQLite to PostgreSQL or back, to go on there.

    no worker runs -> a backup of that moment, read back -> restored into an empty place, without the mark of a restore

What is copied stays as it is. The copy is whole or is not: see ``bot.record.backup`` and ``bot.record.restoring``.
"""

from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import RecordError, UsageError
from bot.processes import temporary_folder
from bot.record import backup, database
from bot.record.backup import Backup
from bot.record.copying import Progress
from bot.record.database import Record, sqlite_file
from bot.record.restoring import restore
from bot.record.working import no_worker


def copy(source: str, target: str, now: datetime, *, reading: Progress, writing: Progress) -> Backup:
    """Copies the record at the URL ``source`` to ``target``, which must be empty; what was copied.

    UsageError for a target that is no database; RecordError, and nothing is changed, while a worker runs, for a target
    that holds anything, and for what ``target`` cannot hold. A temporary file as large as the record is needed.
    """
    _refuse_early(source, target)
    with temporary_folder() as folder:  # what is left of it where this is killed, the next start of the bot sweeps
        file = Path(folder) / "record"
        with no_worker(source):
            with Record.bare(source) as record:
                backup.write(record, file, now, reading)
            return restore(target, file, now, force=False, progress=writing, marked=False).backup


def _refuse_early(source: str, target: str) -> None:
    """Refuses what can be seen before anything is locked; what a PostgreSQL database holds is seen when it is."""
    if not database.exists(source):
        raise UsageError("there is no record yet: nothing to copy")
    with Record.bare(source) as record, database.broken_world():
        database.refuse_newer(database.schema_version(record.engine))
    try:
        same = make_url(source) == make_url(target)
    except ArgumentError as error:
        raise UsageError(f"expected a URL such as sqlite:///data/bot.db or postgresql+psycopg://… ({error})") from error
    file = sqlite_file(target)
    if same or (file is not None and file.exists() and file.stat().st_size):
        raise RecordError(f"{file or 'the database'}: is there already: give an empty one")

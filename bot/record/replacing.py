"""One SQLite database takes the place of another, which is kept under a second name. At no moment is there none."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.errors import RecordError
from bot.record.files import settle_folder

PATIENCE = 15.0  # seconds that a command may still need which has the old one open
BESIDE = ("-wal", "-journal", "-shm")  # SQLite finds them by name, and would play them into the new file


def put_in_place(new: Path, file: Path, mark: str) -> Path | None:
    """``new``, which nobody has open, becomes ``file``. Returns the second name of what was there, made with ``mark``,
    or None. RecordError while others have the old one open; OSError where names cannot be changed."""
    if not file.exists():
        _move_beside(file, file.with_name(f"{file.name}.{mark}"))
        new.replace(file)
        settle_folder(file.parent)
        return None
    kept = _unused(file, mark)
    with _alone(file) as held:
        _second_name(file, kept)
        settle_folder(file.parent)
        _move_beside(file, kept)
        _as_readable(new, file)
        if os.name != "posix":
            held.close()  # Windows replaces no file that is open; there nothing guards the moment between
        new.replace(file)
        settle_folder(file.parent)
    return kept


@contextmanager
def _alone(file: Path) -> Iterator[sqlite3.Connection]:
    """The old database with its WAL written into it, and closed to everybody until the block ends. What is too
    damaged for that is left as it is: nobody else can use it either."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=0)) as connection:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                connection.execute("PRAGMA journal_mode=DELETE")  # needs to be the only one that has it open
                connection.execute("BEGIN EXCLUSIVE")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    break
                if time.monotonic() >= end:
                    raise RecordError(f"{file} is open in another program: end that first") from error
                time.sleep(0.05)
            except sqlite3.DatabaseError:  # "file is not a database", "malformed"
                break
        yield connection


def _second_name(file: Path, kept: Path) -> None:
    try:
        os.link(file, kept)
    except OSError:  # a file system that knows one name a file, such as FAT
        draft = kept.with_name(f"{kept.name}.new")
        shutil.copy2(file, draft)
        draft.replace(kept)


def _move_beside(file: Path, kept: Path) -> None:
    for suffix in BESIDE:
        left = Path(f"{file}{suffix}")
        if left.exists():
            left.replace(f"{kept}{suffix}")


def _as_readable(new: Path, file: Path) -> None:
    """The same owner and mode: who restores need not be who runs the worker."""
    shutil.copymode(file, new)
    if hasattr(os, "chown"):
        was = file.stat()
        if os.geteuid() == 0:
            os.chown(new, was.st_uid, was.st_gid)


def _unused(file: Path, mark: str) -> Path:
    number = 0
    while True:
        kept = file.with_name(f"{file.stem}.{mark}{f'_{number}' if number else ''}{file.suffix}")
        if not kept.exists():
            return kept
        number += 1

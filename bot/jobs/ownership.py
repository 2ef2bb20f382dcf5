"""Files are the owner's: nobody else on this machine reads the record, its copies, the letters or the log.

``os.umask`` at the start of each program makes new ones so. Those of an earlier version are made so here; and what a
killed process left in the folder for temporary files, a program that still runs with it included, is swept.
"""

import logging
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from glob import escape
from pathlib import Path

from bot.config import Config
from bot.processes import temporary_owner
from bot.record.backup import is_backup
from bot.record.database import sqlite_file

BOARD = "board.html"
log = logging.getLogger(__name__)
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def own(config: Config) -> None:
    """At the start: makes our files the owner's alone, and sweeps what a killed process left."""
    changed = tighten(config.paths.data, record_files(config), open_to_others=opened(config))
    if changed:
        log.info("files that others could read are the owner's now", extra={"files": len(changed), "first": changed[0]})
    if tighten_log():
        log.info("the file into which this log is written is the owner's now")
    for folder in sweep():
        log.info("what a killed process left was swept", extra={"folder": folder.name})


def record_files(config: Config) -> tuple[Path, ...]:
    """The files of a record on SQLite, wherever it lies, and those that a restore has kept beside it."""
    file = sqlite_file(config.database.url)
    return () if file is None else tuple(file.parent.glob(f"{escape(file.stem)}*{escape(file.suffix)}*"))


def wide_backups(folder: Path) -> list[Path]:
    """Our own backups in a folder, wherever it is, that others may read: known by what they say of themselves."""
    return [path for path in folder.iterdir() if _is_wide(path) and path.is_file() and _is_backup(path)]


def _is_backup(path: Path) -> bool:
    try:
        return is_backup(path)
    except OSError:
        return False


def tighten_log() -> bool:
    """The same for the file into which the log was led (``2>> bot.log``), wherever it is; True if it was wider."""
    wider = False
    for descriptor in (1, 2) if os.name == "posix" else ():
        with suppress(OSError):  # closed
            state = os.fstat(descriptor)
            if stat.S_ISREG(state.st_mode) and _is_own(state) and state.st_mode & OTHERS:
                os.fchmod(descriptor, stat.S_IMODE(state.st_mode) & ~OTHERS)
                wider = True
    return wider


def opened(config: Config) -> tuple[Path, ...]:
    """What the settings open to others: the page for the screen, if anything."""
    return (config.paths.data / BOARD,) if config.paths.open_board else ()


def tighten(folder: Path, files: tuple[Path, ...] = (), *, open_to_others: tuple[Path, ...] = ()) -> list[Path]:
    """Takes from others what they may do with our own files in ``folder`` and with ``files``. Returns what was wider.
    ``open_to_others`` may be read by all, and looked for in its folder."""
    changed = closed(wide(folder, files, open_to_others=open_to_others))
    for path in open_to_others:
        with suppress(OSError):
            path.parent.chmod(0o711)
            path.chmod(0o644)
    return changed


def closed(paths: Iterable[Path]) -> list[Path]:
    """Takes from others what they may do with these. Returns those of which it could be taken."""
    changed = []
    for path in paths:
        with suppress(OSError):  # gone meanwhile, or on a disk that knows no such rights
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS)
            changed.append(path)
    return changed


def wide(folder: Path, files: tuple[Path, ...] = (), *, open_to_others: tuple[Path, ...] = ()) -> list[Path]:
    """Our own files and folders that others may read, write or look into. None on Windows, which has other rights."""
    if os.name != "posix":
        return []
    kept = {*open_to_others, *(path.parent for path in open_to_others)}
    return [path for path in (*_below(folder), *files) if path not in kept and _is_wide(path)]


def _below(folder: Path) -> Iterator[Path]:
    if folder.is_dir() and not folder.is_symlink():
        yield folder
        yield from folder.rglob("*")


def _is_wide(path: Path) -> bool:
    try:
        state = path.lstat()
    except OSError:
        return False
    return not stat.S_ISLNK(state.st_mode) and _is_own(state) and bool(state.st_mode & OTHERS)


def _is_own(state: os.stat_result) -> bool:
    """Whether the file is this user's; on Windows there is no such number."""
    return state.st_uid == os.geteuid() if os.name == "posix" else True


def sweep() -> list[Path]:
    """Removes what a process of this program, on this machine and of this user, left when it was killed: its folders,
    and the programs that still work in them. A process that runs keeps its own."""
    swept = []
    for folder in Path(tempfile.gettempdir()).glob("annex4-bot-*"):
        owner = temporary_owner(folder.name)
        if owner is None or _runs(owner) or not _is_ours(folder):
            continue
        _end_users_of(folder)
        shutil.rmtree(folder, ignore_errors=True)
        swept.append(folder)
    return swept


def _is_ours(folder: Path) -> bool:
    try:
        state = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(state.st_mode) and _is_own(state)


def _runs(pid: int) -> bool:
    if os.name != "posix":
        return True  # os.kill would end it there: a leftover is left to the system
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _end_users_of(folder: Path) -> None:
    """Ends the programs that were started with a path in the folder, as far as /proc tells of them."""
    mark = os.fsencode(str(folder)) + b"/"
    if os.name == "posix":
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError, ValueError):
                if mark in entry.read_bytes() and _is_own(entry.stat()):
                    os.kill(int(entry.parent.name), signal.SIGKILL)

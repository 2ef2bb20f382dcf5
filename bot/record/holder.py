"""Who holds the lock of a SQLite file's worker: which process, since when, and when it last gave a sign of life.

The lock is the operating system's and ends with its process; but a process that hangs keeps it. So its holder signs
a small file beside the database as long as it gets on, and whoever finds an old signature may end it.
"""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.clock import system_clock

SIGN_SECONDS = 5.0  # so often at most the file is touched
DEAD_SECONDS = 4_000.0  # without a sign; nothing that a worker does between two signs takes an hour


@dataclass(frozen=True, slots=True)
class Holder:
    """A process by its number and by when it began, in the words of the system: numbers come again. ``silent`` is how
    many seconds ago it gave its last sign."""

    pid: int
    begun: str
    since: datetime
    silent: float

    def __str__(self) -> str:
        return f"process {self.pid}, since {self.since:%Y-%m-%d %H:%M} UTC, last sign of life {self.silent:.0f} s ago"

    @property
    def is_dead(self) -> bool:
        """Whether it hangs: it has given no sign for longer than any work takes."""
        return self.silent > DEAD_SECONDS

    def end(self) -> None:
        """Ends it at once, which loses nothing; never another process that has its number by now."""
        if self.pid != os.getpid() and self.begun == _begun(self.pid):
            with suppress(OSError):  # gone, or somebody else's: then the lock stays, and the refusal says whose
                os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


class Signature:
    """This process's own file, as long as it holds the lock of ``database``."""

    def __init__(self, database: Path) -> None:
        self._file = _file_of(database)
        self._last = time.monotonic()
        since = system_clock().isoformat()
        self._file.write_text(json.dumps({"pid": os.getpid(), "begun": _begun(os.getpid()), "since": since}))

    def give(self) -> None:
        """The process gets on. Fails softly: a full disk must not end it."""
        if time.monotonic() - self._last >= SIGN_SECONDS:
            self._last = time.monotonic()
            with suppress(OSError):
                os.utime(self._file)


def holder_of(database: Path) -> Holder | None:
    """Who signed last; None when nobody has, or nobody can read it."""
    file = _file_of(database)
    try:
        said = json.loads(file.read_text())
        silent = max(0.0, system_clock().timestamp() - file.stat().st_mtime)
        return Holder(int(said["pid"]), str(said["begun"]), datetime.fromisoformat(said["since"]), silent)
    except (OSError, ValueError, KeyError, TypeError):  # none, half of one, or another program's
        return None


def _file_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.worker")


def _begun(pid: int) -> str:
    """When a process began, as Linux counts it; empty where that cannot be told, and of one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""

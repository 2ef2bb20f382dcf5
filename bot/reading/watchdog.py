"""Ends a process that takes too long: one thread that glances at the clock while somebody waits, and then rests.

A timer for each file would be a thread for each file, which costs more than most files do.
"""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

GLANCE_SECONDS = 0.1  # so much later than it should may a process end
RESTS_AFTER = 50  # glances at nothing; the next wait starts a thread again


@dataclass(slots=True)
class Wait:
    """Somebody waits for a process. ``passed``: its time was over, and it was killed."""

    process: subprocess.Popen[bytes]
    until: float
    passed: bool = False


class Watchdog:
    """Watches one wait at a time. ``close`` ends its thread, and may be called twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wait: Wait | None = None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @contextmanager
    def over(self, process: subprocess.Popen[bytes], seconds: float) -> Iterator[Wait]:
        """Kills the process if the block takes longer; never after the block has ended."""
        wait = Wait(process, time.monotonic() + seconds)
        with self._lock:
            self._wait = wait
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)
                self._thread.start()
        try:
            yield wait
        finally:
            with self._lock:
                self._wait = None

    def close(self) -> None:
        """The thread ends soon."""
        self._closed.set()

    def _look(self) -> None:
        idle = 0
        while not self._closed.wait(GLANCE_SECONDS):
            with self._lock:
                wait = self._wait
                idle = idle + 1 if wait is None else 0
                if idle > RESTS_AFTER:
                    self._thread = None
                    return
                if wait is not None and time.monotonic() >= wait.until and not wait.passed:
                    wait.passed = True
                    wait.process.kill()

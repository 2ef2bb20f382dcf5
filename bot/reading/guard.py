"""Reads foreign files in a process of its own, which can be ended.

The process is started at the first file, serves one file after the other, and is started anew after a file
that ended it. It ends with its parent, even one that was killed, because its pipe closes.
Not ``multiprocessing``: spawning would run the main module again (scheduler.py, pytest) and start a
resource tracker as a third process.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import IO, Self

from bot import PROJECT
from bot.allowance import Allowance
from bot.errors import BotError, SpentError
from bot.processes import without_secrets
from bot.reading.child import read_frame, write_frame
from bot.reading.opened import FRAME, Opened, decoded
from bot.reading.watchdog import Watchdog

FILE_SECONDS = 5.0  # for one file; a form takes a few milliseconds
SLOW_SECONDS = 60.0  # for one picture
SLOW = (sys.executable, "-m", "bot.reading.slow")
START_SECONDS = 60.0  # for the process to come up, on a slow disk
KIND = 100  # bytes of the frame that names the kind
OUT_OF_CPU = -getattr(signal, "SIGXCPU", -1000)  # exit status; Windows has no such limit


class Reader:
    """A guarded process that opens files; one file at a time, from any thread.

    A picture goes on to a second process, with more memory and time, which is started for it and ends with
    it: it takes 600 MB. ``command`` replaces the process, for tests. ``allowance`` is what the mail may take.
    """

    def __init__(
        self,
        seconds: float = FILE_SECONDS,
        command: Sequence[str] | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self._seconds = seconds
        self._allowance = allowance or Allowance()
        self._command = list(command or (sys.executable, "-m", "bot.reading.child"))
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._watchdog = Watchdog()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process that waits for files; None before the first one, and after one that ended it."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Ends the process. May be called twice; ``read`` afterwards is a RuntimeError."""
        with self._lock:
            self._closed = True
            self._watchdog.close()
            self._end()

    def read(self, data: bytes) -> Opened:
        """What the file holds, or a code why not: at most ``seconds`` for any file (``SLOW_SECONDS`` more for a
        picture), and never an exception because of its content, but SpentError where the mail has had its time.
        BotError when a process cannot be started."""
        opened = self.look(data)
        if not opened.slow:
            return opened
        with Reader(SLOW_SECONDS, SLOW, self._allowance) as slow:
            return replace(slow.look(data), slow=False)

    def look(self, data: bytes) -> Opened:
        """The same by this process alone: what only the other can read is ``slow``."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the reader is closed")
            seconds = self._allowance.share(self._seconds)
            fresh = self._process is None
            answer = self._ask(data, seconds)
            if answer is None and not fresh:
                # Ended before it looked at the file: someone killed it while it waited. Not this file's fault.
                answer = self._ask(data, seconds)
            if answer and answer.unreadable == "timeout" and seconds < self._seconds:
                raise SpentError("the mail has had its time")  # it was not this file that took too long
            return answer or Opened("other", unreadable="crashed")

    def _ask(self, data: bytes, seconds: float) -> Opened | None:
        """The answer about one file; None when the process ended without a word about it."""
        process = self._process = self._process or start(self._command, self._watchdog)
        try:
            with self._watchdog.over(process, seconds) as wait:
                kind, answer = _exchange(process, data)
        except BaseException:
            # Ctrl-C, or the handler of SIGTERM, in the middle: the late answer must not meet the next file.
            self._end()
            raise
        if answer is not None:
            # What was out of memory, or came too late to be spared, does not serve the next file.
            if answer.unreadable == "too_complex" or wait.passed:
                self._end()
            return answer
        status = self._end()
        if wait.passed or status == OUT_OF_CPU:
            return Opened(kind or "other", unreadable="timeout")
        return Opened(kind, unreadable="crashed") if kind else None

    def _end(self) -> int:
        process, self._process = self._process, None
        return ended(process) if process else 0


def start(command: Sequence[str], watchdog: Watchdog) -> subprocess.Popen[bytes]:
    """A process that is ready for its first frame. BotError when it does not start."""
    environment = without_secrets()
    paths = [str(PROJECT), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    try:
        # A session of its own: Ctrl-C in the terminal is for the parent.
        # Its own folder: -m looks for modules in the current one first.
        process = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=nothing,
            env=environment,
            cwd=PROJECT,
            start_new_session=True,
        )
    except OSError as error:
        raise BotError(f"the reading process cannot be started: {error}") from error
    with watchdog.over(process, START_SECONDS):
        ready = frame(process.stdout, 0)
    if ready is None:
        ended(process)
        raise BotError(f"the reading process does not start; try: {' '.join(command)}")
    return process


def _exchange(process: subprocess.Popen[bytes], data: bytes) -> tuple[str, Opened | None]:
    """Sends the file, takes kind and answer. What is missing or makes no sense is empty or None."""
    try:
        assert process.stdin is not None
        write_frame(process.stdin, data)
    except OSError:
        return "", None
    said = frame(process.stdout, KIND)
    if said is None:
        return "", None
    kind = said.decode("ascii", "replace")
    answer = frame(process.stdout, FRAME)
    try:
        return kind, decoded(answer) if answer is not None else None
    except ValueError:
        return kind, None


def frame(stream: IO[bytes] | None, limit: int) -> bytes | None:
    """The next frame of a process; None where it has ended, or says too much."""
    try:
        assert stream is not None
        return read_frame(stream, limit)
    except (EOFError, OSError, ValueError):
        return None


def ended(process: subprocess.Popen[bytes]) -> int:
    """Closes the pipes, ends the process and waits for it; its exit status."""
    for stream in (process.stdin, process.stdout):
        # A dead process makes the flush in close() raise BrokenPipeError.
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.close()
    try:
        return process.wait(0.5)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()

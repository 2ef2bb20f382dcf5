"""A bar on the terminal for what takes longer than a moment."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from bot.record.database import Record

QUICK_SECONDS = 1.0  # what is done by then shows no bar
wanted = True  # not with --quiet


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a function to call with what is done and how much there is. Nothing is shown where nobody looks."""
    if not wanted or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=None)
    began = time.monotonic()

    def step(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if not bar.live.is_started and time.monotonic() - began >= QUICK_SECONDS:
            shown = sys.stderr
            bar.start()
            _log_to(sys.stderr, instead_of=shown)

    try:
        yield step
    finally:
        shown = sys.stderr
        bar.stop()
        _log_to(sys.stderr, instead_of=shown)


def _log_to(stream: TextIO, instead_of: TextIO) -> None:
    """While a bar is shown, something else stands in the place of standard error, which writes above the bar."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is instead_of:
            handler.setStream(stream)


@contextmanager
def backlog(record: "Record") -> Iterator[Callable[[], None]]:
    """Yields a function that looks how many mails still wait to be worked off, and shows it, where somebody looks."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from bot.errors import RecordError
    from bot.record import archive

    most = 0
    with progress("mails") as step:

        def look() -> None:
            nonlocal most
            with suppress(RecordError), record.read() as conn:
                waiting = archive.waiting(conn)
                most = max(most, waiting)
                if most > 1:
                    step(most - waiting, most)

        yield look

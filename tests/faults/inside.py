"""One life of the bot in this process: all of ``run_once``, with the real clients. For cuts of connections, where no
process has to die and a start for each would cost most of the time."""

import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from bot.config import load_config
from bot.errors import BotError, RecordError
from bot.jobs import tick
from tests.bots import at, build, never


@dataclass(frozen=True, slots=True)
class Inside:
    """How a life ended: what would be its exit status, and how long it took."""

    status: int
    seconds: float
    broken: tuple[BotError, ...]


def live_inside(config: Path, now: str, within: float) -> Inside:
    """Everything that is due at ``now`` (office time, naive). AssertionError, with the place where it hangs, if it has
    not ended ``within`` so many seconds. ``BOT_..._PASSWORD`` must be set."""
    reports: list[tick.Report] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with build(load_config(config)) as bot:
                reports.append(tick.run_once(bot, at(now), never))
        except BaseException as error:
            failures.append(error)

    began = time.monotonic()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(within)
    if thread.is_alive():
        where = sys._current_frames().get(thread.ident or 0)
        raise AssertionError(f"not ended after {within} s:\n{''.join(traceback.format_stack(where))}")
    if failures:
        if not isinstance(failures[0], RecordError):
            raise failures[0]
        # it could not even begin: ``main`` prints that line, and ends with 3
        return Inside(3, time.monotonic() - began, (failures[0],))
    (report,) = reports
    status = 3 if report.broken else 1 if report.failed else 0
    assert not report.failed, f"{report.failed} part(s) or mail(s) failed"
    return Inside(status, time.monotonic() - began, tuple(report.broken))

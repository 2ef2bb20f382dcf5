"""One life of the bot in a process of its own: ``scheduler.py --once``, forked from a server that has imported it.

Forking saves the second that each start would cost; what runs is the real ``main``, with the real clients.
"""

import multiprocessing
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import scheduler
from tests.faults import points

# what ``main`` imports on its way
import bot.jobs.service  # isort: skip
import bot.letters.workbooks  # noqa: F401  # isort: skip

SECRETS = {"BOT_MAILBOX_PASSWORD": "secret", "BOT_SMTP_PASSWORD": "secret"}
KILLED = 137
SECONDS = 60.0  # longer than any life; one that hangs is ended, and fails the test

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.life"])


@dataclass(frozen=True, slots=True)
class Life:
    """How a life ended: exit status (137 at a point that was asked for), its log, and the points that it passed."""

    status: int
    log: str
    points: list[str] = field(default_factory=list)


def live(config: Path, now: str, die_at: int = 0) -> Life:
    """Runs everything that is due at ``now`` (office time, naive) and waits for the end; with ``die_at`` n the process
    ends at the nth point as by kill -9."""
    log, trace = config.parent / "life.log", config.parent / "life.points"
    trace.write_text("")
    process = _context.Process(target=_main, args=(str(config), now, die_at, str(log), str(trace)))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"a life that did not end:\n{log.read_text()}")
    status = process.exitcode
    process.close()
    assert status is not None
    return Life(status, log.read_text(), trace.read_text().splitlines())


def _main(config: str, now: str, die_at: int, log: str, trace: str) -> None:
    os.environ.update(SECRETS, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    points.install(die_at, trace)
    status = scheduler.main(["--once", "--config", config, "--now", now])
    sys.stderr.flush()
    os._exit(status)

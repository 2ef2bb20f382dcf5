"""One piece of work on a database in a process of its own, forked from a server that has imported it, which can end at
any statement, commit or change of a name as by kill -9."""

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

import tests.faults.life  # noqa: F401 - it names what the server imports: after it, both are named here
from tests.faults.points import KILLED, Points

__all__ = ["KILLED", "Death", "run"]
SECONDS = 60.0  # longer than any of them takes

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.life", "tests.faults.keeping"])


@dataclass(frozen=True, slots=True)
class Death:
    """Exit status (137 at a point that was asked for; 0 if the work was done before it), and the points passed."""

    status: int
    points: list[str]


def run(work: Callable[..., None], *args: Any, trace: Path, die_at: int = 0) -> Death:
    """Does ``work`` elsewhere, and waits. With ``die_at`` n it ends at the nth point."""
    trace.write_text("")
    process = _context.Process(target=_main, args=(work, args, die_at, trace))
    process.start()
    process.join(SECONDS)
    status = process.exitcode
    if status is None:
        process.kill()
        raise AssertionError(f"it did not end: {trace.read_text()}")
    process.close()
    return Death(status, trace.read_text().splitlines())


def chosen(points: list[str], few: int) -> list[int]:
    """Numbers of points at which to die: with BOT_SOAK=1 all; else each before a commit or the change of a name, the
    last one, and so many of the statements."""
    if os.environ.get("BOT_SOAK") == "1":
        return list(range(1, len(points) + 1))
    outside = [n for n, point in enumerate(points, 1) if point.startswith("before ")]
    statements = [n for n, point in enumerate(points, 1) if not point.startswith(("before ", "after "))]
    return sorted({*outside, len(points), *statements[:: -(-len(statements) // few)]})


def spread(points: list[str], few: int) -> list[int]:
    """So many numbers of points, the last one among them, or all with BOT_SOAK=1."""
    if os.environ.get("BOT_SOAK") == "1":
        return list(range(1, len(points) + 1))
    return sorted({len(points) - n * len(points) // few for n in range(few)})


def _main(work: Callable[..., None], args: tuple[Any, ...], die_at: int, trace: Path) -> None:
    points = Points(die_at, trace)
    for name in ("link", "replace", "unlink", "fsync", "chown"):
        points.around(os, name, lambda *_, name=name: name)
    for name in ("write_text", "write_bytes"):
        points.around(Path, name, lambda *_, name=name: name)
    points.around(DefaultDialect, "do_commit", lambda *_: "commit")
    event.listen(Engine, "before_cursor_execute", lambda *args: points.passed(" ".join(args[2].split()[:3])))
    work(*args)

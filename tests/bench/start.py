"""``python -m tests.bench.start [--write]``: what it costs to start, and what the main process takes while it works.

CPU is that of the process and of what it started, the median of five runs; the peak is that of the main process.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from bot.config import load_config
from tests.bench import box
from tests.bench.costs import NOW, QUIET, USER, Cost, measured, once, settings
from tests.bench.page import note, run_as
from tests.bots import appoint, at, build, first_run
from tests.servers.dovecot import DovecotOffice, DovecotServer

SUNDAY = "2017-06-25T10:00"  # nothing leaves, nothing is due
RUNS, MAILS = 5, 500


def alone(command: list[str]) -> tuple[float, float]:
    """CPU in seconds and peak memory in MB of a command. RuntimeError if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        peak = Path(folder) / "peak"
        cost = measured([sys.executable, "-m", "tests.bench.started", str(peak), *command], peak)
    return cost.cpu, cost.peak


def several(command: list[str]) -> tuple[float, float]:
    runs = [alone(command) for _ in range(RUNS)]
    return statistics.median(cpu for cpu, _ in runs), max(peak for _, peak in runs)


def prepared(office: DovecotOffice, folder: Path) -> Path:
    """An office with a liaison at each unit, whose bot begins in June."""
    config = settings(folder, office)
    with build(load_config(config)) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, *((unit, "李明", box.address(n)) for n, unit in enumerate(box.units())))
    return config


def reading(office: DovecotOffice, now: str) -> Cost:
    """The whole mailbox at a moment, by a program that was started before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared(office, folder)
        # An earlier life, which reads nothing: it compiles the templates, as the row above shows.
        settings(folder, office, mailbox={"username": "nobody@demo.test"})
        measured(once(folder, SUNDAY))
        settings(folder, office)
        return measured(once(folder, now), folder / "peak")


def measure() -> str:
    lines = ["| what | CPU, s | peak memory, MB | goal |", "|---|---|---|---|"]

    def tell(what: str, cpu: float, peak: float, goal: str) -> None:
        lines.append(f"| {what} | {cpu:.2f} | {f'{peak:.0f}' if peak else '–'} | {goal} |")
        note(lines[-1])

    tell("`python -m bot --help`", *several(["-m", "bot", "--help"]), "0.4 s")
    with DovecotServer() as server, DovecotOffice(server, USER, {"demo.test"}) as office:
        with office.client() as client:
            client.select_folder("INBOX")
        with tempfile.TemporaryDirectory() as folder:
            idle = ["scheduler.py", "--once", "--config", str(prepared(office, Path(folder))), "--now", SUNDAY]
            tell("the very first `--once`, templates compiled", *alone(idle), "–")
            tell("`--once` with nothing to do", *several(idle), "1 s")
        box.fill(server.root / "mail" / USER / "Maildir", box.mails(MAILS))
        cost = reading(office, QUIET)
        tell(f"`--once` that reads {MAILS} mails", cost.cpu, cost.peak, "80 MB")
        cost = reading(office, NOW)
        tell("the same on a day on which reminders, digest and bulletin are due", cost.cpu, cost.peak, "–")
    return "\n".join(lines)


if __name__ == "__main__":
    run_as("start", __doc__, measure)

"""``python -m tests.bench [--mails N] [--runs N] [--write]``: the whole way of a mailbox, measured as ratios.

A private Dovecot with so many realistic mails; the real ``scheduler.py --once`` with every check, isolation and reply,
the letters held; beside it the floor and the script of this folder. They take turns; the table has medians and spread.
With ``--write`` it goes into docs/performance.md.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.config import load_config
from bot.jobs.parts import Bot
from bot.record import schema
from tests.bench import box
from tests.bots import appoint, at, config_file, first_run, rows
from tests.servers.dovecot import PASSWORD, DovecotOffice, DovecotServer

PAGE = box.ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
USER = "bot@demo.test"
NOW = "2017-09-04T10:00"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: CPU of all its processes and time on the wall, in seconds; peak memory of its main process, in MB."""

    cpu: float
    wall: float
    peak: float


def measured(command: list[str], peak_file: Path | None = None) -> Cost:
    """Runs a command to its end. RuntimeError if it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    secrets = {"BOT_MAILBOX_PASSWORD": PASSWORD, "BOT_SMTP_PASSWORD": PASSWORD}
    environment = {**os.environ, **secrets, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with subprocess.Popen(command, cwd=box.ROOT, env=environment, stderr=subprocess.PIPE) as process:
        said = process.communicate()[1]
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise RuntimeError(f"{command}: {said.decode()[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = int(peak_file.read_text()) / 1024 if peak_file else 0.0
    return Cost(cpu, wall, peak)


def ours(office: DovecotOffice, folder: Path, number: int) -> Cost:
    """An installation that has run before: its templates are compiled, today's reminders written. Then the mails."""
    _configured(office, folder, "nobody@demo.test")
    with Bot.build(load_config(folder / "config.toml")) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, *((unit, "李明", box.address(n)) for n, unit in enumerate(box.units())))
    command = [sys.executable, "-m", "tests.bench.ours", str(folder / "config.toml"), NOW, str(folder / "peak")]
    measured(command)
    config = _configured(office, folder, USER)
    cost = measured(command, folder / "peak")
    with Bot.build(load_config(config)) as bot:
        outcomes = [row.outcome for row in rows(bot, schema.mail)]
    forms = sum(n % 5 != 4 for n in range(number))
    if len(outcomes) != number or sum(o in ("accepted", "duplicate") for o in outcomes) != forms:
        raise RuntimeError(f"not all was read: {statistics.multimode(outcomes)}, {len(outcomes)} mails")
    return cost


def _configured(office: DovecotOffice, folder: Path, user: str) -> Path:
    return config_file(
        folder,
        mailbox={"port": office.imap_port, "username": user},
        smtp={"port": office.smtp_port, "username": USER, "from": f"办公室 <{USER}>", "deliver": "hold"},
        limits={"letters_per_address_per_day": 100_000, "answers_per_hour": 100_000},
        watch={"probe_hours": 0},
    )


def other(module: str) -> Callable[[DovecotOffice, Path, int], Cost]:
    def run(office: DovecotOffice, folder: Path, number: int) -> Cost:
        command = [sys.executable, "-m", f"tests.bench.{module}", str(office.imap_port), USER, PASSWORD]
        return measured([*command, str(folder / "bench.db")])

    return run


WAYS: dict[str, Callable[[DovecotOffice, Path, int], Cost]] = {
    "the floor": other("floor"),
    "this program": ours,
    "a script": other("script"),
}


def run(number: int, runs: int) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {name: [] for name in WAYS}
    with DovecotServer() as server, DovecotOffice(server, USER, {"demo.test"}) as office:
        with office.client() as client:
            client.select_folder("INBOX")  # makes the Maildir
        box.fill(server.root / "mail" / USER / "Maildir", box.mails(number))
        with office.client() as client:  # Dovecot's own index is made once, for all alike
            client.select_folder("INBOX", readonly=True)
        for turn in range(runs):
            for name, way in WAYS.items():
                with tempfile.TemporaryDirectory() as folder:
                    costs[name].append(way(office, Path(folder), number))
                print(f"{turn + 1}/{runs} {name}: {costs[name][-1].cpu:.2f} s CPU", file=sys.stderr, flush=True)
    return costs


def table(costs: dict[str, list[Cost]], number: int) -> str:
    floor = statistics.median(c.cpu for c in costs["the floor"])
    lines = [
        "| way | CPU a mail, ms (spread) | to the floor | wall, s | peak memory, MB |",
        "|---|---|---|---|---|",
    ]
    for name, runs in costs.items():
        cpu = sorted(1000 * c.cpu / number for c in runs)
        middle = statistics.median(cpu)
        wall, peak = statistics.median(c.wall for c in runs), max(c.peak for c in runs)
        shown = f"{peak:.0f}" if peak else "–"
        ratio = f"{middle * number / 1000 / floor:.2f}"
        lines.append(f"| {name} | {middle:.2f} ({cpu[0]:.2f}–{cpu[-1]:.2f}) | {ratio} | {wall:.1f} | {shown} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    text = table(run(arguments.mails, arguments.runs), arguments.mails)
    where = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores"
    text += f"\n\n{arguments.mails} mails, {arguments.runs} runs each, {where}."
    print(text)
    if arguments.write:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

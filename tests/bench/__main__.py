"""``python -m tests.bench [--mails N] [--runs N] [--write]``: the whole way of a mailbox, measured as ratios.

A private Dovecot with so many realistic mails; the real ``scheduler.py --once`` with every check, isolation and reply,
the letters held; beside it the floor and the script of this folder. They take turns; the table has medians and spread.
With ``--write`` it goes into docs/performance.md.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bot.config import load_config
from bot.jobs.parts import Bot
from bot.record import schema
from tests.bench import box
from tests.bench.costs import NOW, USER, Cost, measured, once, settings
from tests.bench.page import tell, where
from tests.bots import appoint, at, first_run, rows
from tests.servers.dovecot import PASSWORD, DovecotOffice, DovecotServer


def ours(office: DovecotOffice, folder: Path, number: int) -> Cost:
    """An installation that has run before: its templates are compiled, today's reminders written. Then the mails."""
    settings(folder, office, mailbox={"username": "nobody@demo.test"})
    with Bot.build(load_config(folder / "config.toml")) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, *((unit, "李明", box.address(n)) for n, unit in enumerate(box.units())))
    command = once(folder, NOW)
    measured(command)
    config = settings(folder, office)
    cost = measured(command, folder / "peak")
    with Bot.build(load_config(config)) as bot:
        outcomes = [row.outcome for row in rows(bot, schema.mail)]
    forms = sum(n % 5 != 4 for n in range(number))
    if len(outcomes) != number or sum(o in ("accepted", "duplicate") for o in outcomes) != forms:
        raise RuntimeError(f"not all was read: {statistics.multimode(outcomes)}, {len(outcomes)} mails")
    return cost


def other(module: str) -> Callable[[DovecotOffice, Path, int], Cost]:
    def run(office: DovecotOffice, folder: Path, number: int) -> Cost:
        command = [sys.executable, "-m", "tests.bench.started", str(folder / "peak"), "-m", f"tests.bench.{module}"]
        words = [str(office.imap_port), USER, PASSWORD, str(folder / "bench.db")]
        return measured([*command, *words], folder / "peak")

    return run


WAYS: dict[str, Callable[[DovecotOffice, Path, int], Cost]] = {
    "the floor": other("floor"),
    "the floor, and what is promised": other("promises"),
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
    tell("whole", f"{text}\n\n{arguments.mails} mails, {arguments.runs} runs each, {where()}.", arguments.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())

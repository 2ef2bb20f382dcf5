"""``python -m tests.bench.workers [--write]``: one and two workers on one PostgreSQL, over the same archived mails.

Each worker is a process with its own reading process, as in service; PostgreSQL works on the same cores. They begin at
one moment; the throughput counts until the last of them has nothing left. Everything is counted: each mail once.
Two workers that share nothing show how much of a second worker these cores can carry.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from bot.clock import parse_now
from bot.config import load_config
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.tick import begin
from bot.model.mail import RawMail
from bot.record import archive, schema
from tests.bench import ROOT, box
from tests.bench.costs import QUIET, Cost, environment, own_cpu
from tests.bench.page import note, run_as
from tests.books import good
from tests.bots import appoint, at, build, config_file, first_run, rows
from tests.servers.postgres import PostgresServer

MAILS, TURNS = 240, 7


def worker(config_path: str, go: str) -> None:
    """One worker: says that it is ready, begins when a file is there, says how many mails it worked off and its CPU."""
    config = load_config(Path(config_path))
    now = parse_now(QUIET, config.office.zone)
    assert now is not None
    with Bot.build(config) as bot:
        bot.renderer.check()
        begin(bot, now)
        bot.reader.read(good())  # starts the reading process
        print("ready", flush=True)
        while not Path(go).exists():
            time.sleep(0.002)
        before = own_cpu() + own_cpu(bot.reader.pid)
        done = work(bot, now, lambda: False).worked
        print(done, own_cpu() + own_cpu(bot.reader.pid) - before, flush=True)


def prepared(folder: Path, url: str, mails: list[bytes]) -> Path:
    """A record in which these mails are archived."""
    limits = {"letters_per_address_per_day": 100_000, "answers_per_hour": 100_000}
    config = config_file(folder, database={"url": url}, limits=limits)
    with build(load_config(config)) as bot:
        bot.renderer.check()
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, *((unit, "李明", box.address(n)) for n, unit in enumerate(box.units())))
        with bot.record.begin() as conn:
            for data in mails:
                archive.store(conn, RawMail(data, at("2017-09-03T09:00")), None, at("2017-09-03T09:30"))
    return config


def check(config: Path, number: int) -> None:
    """RuntimeError if not each mail was worked off once."""
    with build(load_config(config)) as bot:
        kept = rows(bot, schema.mail)
        versions = [(r.unit, r.period, r.version) for r in rows(bot, schema.report) if r.version]
        events = [row.mail_id for row in rows(bot, schema.event) if row.what.startswith("mail.")]
    once = len(set(versions)) == len(versions) and len(events) == 2 * len(kept)
    if {row.state for row in kept} != {"done"} or len(kept) != number or not once:
        raise RuntimeError(f"not each mail was worked off once: {len(kept)} mails, {len(versions)} versions")


def run(configs: list[Path], go: Path, number: int) -> Cost:
    """A worker for each config, which may be the same one."""
    command = [sys.executable, "-m", "tests.bench.workers", "worker"]
    started = [
        subprocess.Popen(
            [*command, str(config), str(go)], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
        )
        for config in configs
    ]
    outputs = [process.stdout for process in started if process.stdout is not None]
    for output in outputs:
        output.readline()
    began = time.perf_counter()
    go.touch()
    said = [output.readline().split() for output in outputs]
    wall = time.perf_counter() - began
    status = [process.wait(60) for process in started]
    if any(status) or sum(int(words[0]) for words in said) != number:
        raise RuntimeError(f"a worker failed: it ended with {status}, and said {said}")
    return Cost(sum(float(words[1]) for words in said), wall, 0)


def one_record(server: PostgresServer, workers: int, mails: list[bytes]) -> Cost:
    """So many workers share the mails."""
    with server.database() as url, tempfile.TemporaryDirectory() as name:
        config = prepared(Path(name), url, mails)
        cost = run([config] * workers, Path(name) / "go", len(mails))
        check(config, len(mails))
        return cost


def two_records(server: PostgresServer, mails: list[bytes]) -> Cost:
    """Half of the mails each, on records that do not know of each other: what this machine has for a second worker."""
    half = len(mails) // 2
    with server.database() as one, server.database() as two, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configs = [prepared(folder / "1", one, mails[:half]), prepared(folder / "2", two, mails[half:])]
        cost = run(configs, folder / "go", len(mails))
        for config in configs:
            check(config, half)
        return cost


def measure() -> str:
    mails = list(islice(box.mails(2_000), MAILS))
    found: dict[str, list[Cost]] = {}
    with PostgresServer() as server:
        ways: dict[str, Callable[[], Cost]] = {
            "one worker": lambda: one_record(server, 1, mails),
            "two workers": lambda: one_record(server, 2, mails),
            "two workers, each on a record of its own": lambda: two_records(server, mails),
        }
        for turn in range(TURNS):
            for what, way in ways.items():
                found.setdefault(what, []).append(way())
                note(f"{turn + 1}/{TURNS} {what}: {found[what][-1]}")
    text = ["| | mails/s (spread) | to one | best to best | CPU of the workers, ms a mail |", "|---|---|---|---|---|"]
    one = sorted(cost.wall for cost in found["one worker"])
    for what, costs in found.items():
        wall = sorted(cost.wall for cost in costs)
        cpu = 1000 * statistics.median(cost.cpu for cost in costs) / MAILS
        spread = f"{MAILS / statistics.median(wall):.0f} ({MAILS / wall[-1]:.0f}–{MAILS / wall[0]:.0f})"
        ratio = f"{statistics.median(one) / statistics.median(wall):.2f} | {one[0] / wall[0]:.2f}"
        text.append(f"| {what} | {spread} | {ratio} | {cpu:.1f} |")
    return "\n".join(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(*sys.argv[2:4])
    else:
        run_as("workers", __doc__, measure)

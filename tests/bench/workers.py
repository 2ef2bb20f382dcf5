"""``python -m tests.bench.workers [--write]``: one and two workers on one PostgreSQL, over the same archived mails.

Each worker is a process with its own reading process, as in service; PostgreSQL works on the same cores. They begin at
one moment; the throughput counts until the last of them has nothing left. Everything is counted: each mail once.
"""

import statistics
import subprocess
import sys
import tempfile
import time
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
from tests.bench.costs import QUIET, environment, own_cpu
from tests.bench.page import note, run_as
from tests.books import good
from tests.bots import appoint, at, build, config_file, first_run, rows
from tests.servers.postgres import PostgresServer

MAILS, TURNS = 400, 3


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


def run(server: PostgresServer, number: int, mails: list[bytes]) -> tuple[float, float, list[int]]:
    """Seconds on the wall and of the workers' CPU, and how many mails each worked off. RuntimeError if not each mail
    was worked off once."""
    with server.database() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = config_file(folder, database={"url": url}, limits={"letters_per_address_per_day": 100_000,
                             "answers_per_hour": 100_000})  # fmt: skip
        with build(load_config(config)) as bot:
            bot.renderer.check()
            first_run(bot, at("2017-06-20T09:00"))
            appoint(bot, *((unit, "李明", box.address(n)) for n, unit in enumerate(box.units())))
            with bot.record.begin() as conn:
                for data in mails:
                    archive.store(conn, RawMail(data, at("2017-09-03T09:00")), None, at("2017-09-03T09:30"))
        command = [sys.executable, "-m", "tests.bench.workers", "worker", str(config), str(folder / "go")]
        started = [
            subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
            for _ in range(number)
        ]
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        began = time.perf_counter()
        (folder / "go").touch()
        said = []
        for process in started:
            assert process.stdout is not None
            said.append(process.stdout.readline().split())
        wall = time.perf_counter() - began
        if any(process.wait(60) for process in started):
            raise RuntimeError("a worker failed")
        with build(load_config(config)) as bot:
            kept, versions = (
                rows(bot, schema.mail),
                [(r.unit, r.period, r.version) for r in rows(bot, schema.report) if r.version],
            )
            events = [row.mail_id for row in rows(bot, schema.event) if row.what.startswith("mail.")]
    done = [int(words[0]) for words in said]
    finished = {row.state for row in kept} == {"done"} and len(kept) == len(mails) == sum(done)
    if not finished or len(set(versions)) != len(versions) or len(events) != 2 * len(mails):
        raise RuntimeError(f"not each mail was worked off once: {done}, {len(versions)} versions, {len(events)} events")
    return wall, sum(float(words[1]) for words in said), done


def measure() -> str:
    mails = list(islice(box.mails(2_000), MAILS))
    found: dict[int, list[tuple[float, float, list[int]]]] = {1: [], 2: []}
    with PostgresServer() as server:
        for turn in range(TURNS):
            for number, costs in found.items():
                costs.append(run(server, number, mails))
                note(f"{turn + 1}/{TURNS}: {number} workers: {costs[-1]}")
    text = [
        "| workers | mails/s (spread) | to one | CPU of the workers, ms a mail | mails of each |",
        "|---|---|---|---|---|",
    ]
    one = statistics.median(wall for wall, _, _ in found[1])
    for number, costs in found.items():
        rate = sorted(MAILS / wall for wall, _, _ in costs)
        wall = statistics.median(wall for wall, _, _ in costs)
        cpu = 1000 * statistics.median(cpu for _, cpu, _ in costs) / MAILS
        spread = f"{MAILS / wall:.0f} ({rate[0]:.0f}–{rate[-1]:.0f})"
        shares = " + ".join(map(str, costs[-1][2]))
        text.append(f"| {number} | {spread} | {one / wall:.2f} | {cpu:.1f} | {shares} |")
    return "\n".join(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(*sys.argv[2:4])
    else:
        run_as("workers", __doc__, measure)

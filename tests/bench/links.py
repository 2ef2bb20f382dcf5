"""``python -m tests.bench.links [--write]``: a slow line, and large mails.

A proxy holds every byte for 40 ms in each direction, so that a question and its answer take 80 ms. What a poll waits
longer because of it is parted into what it costs once, with nothing new in the box, and what each mail costs.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random

from bot.config import load_config
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.mail.mailbox import Mailbox
from tests.bench import box
from tests.bench.costs import QUIET, USER, measured, settings
from tests.bench.page import note, run_as
from tests.bots import appoint, at, build, first_run, never
from tests.faults.proxy import Proxy
from tests.mails import mail
from tests.servers.dovecot import PASSWORD, DovecotOffice, DovecotServer

DELAY, MAILS, TURNS = 0.04, 200, 3  # seconds each way
LARGE, LARGE_BYTES = 60, 5_000_000
ARRIVED = at(QUIET)


def timed(bot: Bot, turn: int, new: int) -> float:
    """Seconds of a poll that finds so many new mails, with its login; the filing of what was done before included."""
    began = time.perf_counter()
    with Mailbox.open(bot.config.mailbox, PASSWORD) as opened:
        found = poll(bot, opened, ARRIVED + timedelta(minutes=turn), never)
    if found != new:
        raise RuntimeError(f"{found} mails were found, of {new}")
    return time.perf_counter() - began


def waits(server: DovecotServer, delay: float) -> tuple[float, float]:
    """Seconds of a poll with nothing new, and of one with all the mails: medians."""
    nothing, many = [], []
    for turn in range(TURNS):
        with tempfile.TemporaryDirectory() as name, DovecotOffice(server, USER, {"demo.test"}) as office:
            with office.client() as client:
                client.select_folder("INBOX")
            with Proxy(server.port, delay=delay) as proxy:
                config = settings(Path(name), office, mailbox={"port": proxy.port})
                with build(load_config(config)) as bot:
                    first_run(bot, at("2017-06-20T09:00"))
                    timed(bot, 0, 0)
                    nothing.append(timed(bot, 1, 0))
                    box.fill(server.root / "mail" / USER / "Maildir", islice(box.mails(2_000), MAILS))
                    with office.client() as client:
                        client.select_folder("INBOX", readonly=True)
                    many.append(timed(bot, 2, MAILS))
                time.sleep(4 * DELAY)  # until the proxy has passed on the last farewell
        note(f"{turn + 1}/{TURNS} delay {delay}: {nothing[-1]:.2f} s, {many[-1]:.2f} s")
    return statistics.median(nothing), statistics.median(many)


def lines_table() -> str:
    with DovecotServer() as server:
        near, near_many = waits(server, 0.0)
        far, far_many = waits(server, DELAY)
    each = 1000 * ((far_many - far) - (near_many - near)) / MAILS
    return "\n".join(
        [
            f"| line | a poll with nothing new, s | with {MAILS} new mails, s | waiting for each mail, ms |",
            "|---|---|---|---|",
            f"| loopback | {near:.2f} | {near_many:.2f} | – |",
            f"| {1000 * DELAY:.0f} ms each way | {far:.2f} | {far_many:.2f} | {each:.2f} |",
        ]
    )


def large_mails() -> Iterator[bytes]:
    """Scans as they come from a copier, each another one."""
    chance = Random(20170705)
    for n in range(LARGE):
        scan = b"\xff\xd8\xff\xe0" + chance.randbytes(LARGE_BYTES * 3 // 4)
        yield mail(box.address(n % 10), f"扫描件{n}", (f"扫描件{n}.jpg", scan), text="请查收")


def large_table() -> str:
    with DovecotServer() as server, DovecotOffice(server, USER, {"demo.test"}) as office:
        with office.client() as client:
            client.select_folder("INBOX")
        box.fill(server.root / "mail" / USER / "Maildir", large_mails())
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            config = settings(folder, office)
            with build(load_config(config)) as bot:
                first_run(bot, at("2017-06-20T09:00"))
                appoint(bot, *((unit, "李明", box.address(n)) for n, unit in enumerate(box.units()[:10])))
            peaks = folder / "peaks"
            cost = measured([sys.executable, "-m", "tests.bench.peaks", str(config), QUIET, str(peaks)])
            start, polled, worked = (float(word) for word in peaks.read_text().split())
    return "\n".join(
        [
            f"| {LARGE} mails of {LARGE_BYTES // 1_000_000} MB | peak memory, MB | above the start |",
            "|---|---|---|",
            f"| before the poll | {start:.0f} | – |",
            f"| all archived | {polled:.0f} | {polled - start:.0f} |",
            f"| all worked off ({1000 * cost.cpu / LARGE:.0f} ms CPU each) | {worked:.0f} | {worked - start:.0f} |",
        ]
    )


def measure() -> str:
    return "\n\n".join((lines_table(), large_table()))


if __name__ == "__main__":
    run_as("links", __doc__, measure)

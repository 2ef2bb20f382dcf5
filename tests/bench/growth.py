"""``python -m tests.bench.growth [--write]``: what grows with the mailbox, the years, the units and the outbox.

A poll is the real one against a private Dovecot, over a connection that is open, with 20 new mails that are worked off;
the CPU is that of the bot and of its reading process. Views and jobs read a record that was written in bulk.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, update

from bot.config import load_config
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.reminders.reminding import _due
from bot.jobs.reporting.assessing import assessed
from bot.jobs.reporting.board import board_context, page
from bot.jobs.reporting.bulletins import _make
from bot.jobs.reporting.digesting import _drafts
from bot.jobs.standing import lines
from bot.letters.smtp import Sender
from bot.mail.mailbox import Mailbox
from bot.record import schema
from tests.bench import box
from tests.bench.costs import own_cpu, settings
from tests.bench.page import note, run_as
from tests.bots import appoint, at, build, build_hasty, config, first_run, never, read_mailbox, rows
from tests.decades import after, letters_waiting, live_through, months
from tests.mails import mail
from tests.servers.dovecot import PASSWORD, DovecotOffice, DovecotServer
from tests.servers.smtp_sink import SmtpSink

SIZES, NEW, TURNS = (200, 2_000, 20_000), 20, 5
COUNTIES = ((50, 12), (50, 120), (5_000, 12))  # units, months
LETTERS = (500, 5_000)
BEGUN = at("2017-06-20T09:00")
ARRIVED = at("2017-09-03T09:00")


def old_mails(number: int) -> Iterator[bytes]:
    for n in range(number):
        yield mail("robot@demo.test", f"旧邮件{n}", headers={"Auto-Submitted": "auto-replied"})


def worked_before(bot: Bot, office: DovecotOffice, size: int) -> None:
    """So many mails that the bot has read long ago."""
    with office.client() as client:
        client.select_folder("INBOX")
    box.fill(office.server.root / "mail" / office.username / "Maildir", old_mails(size))
    with Mailbox.open(bot.config.mailbox, PASSWORD) as opened:
        assert poll(bot, opened, ARRIVED, never) == size
    with bot.record.begin() as conn:
        conn.execute(update(schema.mail).values(state="done", outcome="ignored", done_at=ARRIVED))


def one_poll(bot: Bot, office: DovecotOffice, new: list[bytes], now: datetime) -> tuple[float, float]:
    """Wall time and CPU, in seconds, of a poll with these new mails, and of working them off."""
    for data in new:
        office.deliver(office.username, data, now)
    with Mailbox.open(bot.config.mailbox, PASSWORD) as opened:
        opened.select("INBOX")  # Dovecot looks through its files
        began, before = time.perf_counter(), own_cpu() + own_cpu(bot.reader.pid) if bot.reader.pid else own_cpu()
        found, worked = poll(bot, opened, now, never), work(bot, now, never).worked
        took = time.perf_counter() - began
        used = own_cpu() + own_cpu(bot.reader.pid) - before
    if (found, worked) != (len(new), len(new)):
        raise RuntimeError(f"{found} mails were found and {worked} worked off, of {len(new)}")
    return took, used


def polls() -> str:
    every = list(islice(box.mails(2_000), NEW * (TURNS + 1)))
    costs: dict[int, list[tuple[float, float]]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory() as folder, DovecotServer() as server:
        boxes: dict[int, tuple[DovecotOffice, Bot]] = {}
        for size in SIZES:
            office = DovecotOffice(server, f"box{size}@demo.test", {"demo.test"}).__enter__()
            bot = build(load_config(settings(Path(folder) / str(size), office)))
            first_run(bot, BEGUN)
            appoint(bot, *((unit, "李明", box.address(n)) for n, unit in enumerate(box.units())))
            worked_before(bot, office, size)
            note(f"a mailbox of {size} mails is read")
            boxes[size] = office, bot
        for turn in range(TURNS + 1):
            for size, (office, bot) in boxes.items():
                now = ARRIVED + timedelta(minutes=1 + turn)
                cost = one_poll(bot, office, every[NEW * turn : NEW * (turn + 1)], now)
                if turn:  # the first one starts the reading process
                    costs[size].append(cost)
        for office, bot in boxes.values():
            bot.close()
            office.__exit__()
    first = [statistics.median(cost[n] for cost in costs[SIZES[0]]) for n in (0, 1)]
    found = ["| mails in the box | a poll with 20 new, wall ms | to the first | CPU ms | to the first |"]
    found.append("|---|---|---|---|---|")
    for size in SIZES:
        wall, cpu = (statistics.median(cost[n] for cost in costs[size]) for n in (0, 1))
        found.append(
            f"| {size:,} | {1000 * wall:.0f} | {wall / first[0]:.2f} | {1000 * cpu:.0f} | {cpu / first[1]:.2f} |"
        )
    return "\n".join(found)


Look = Callable[[Bot, str, datetime], object]


def _digest(bot: Bot, _: str, now: datetime) -> object:
    with bot.record.begin() as conn:
        drafts = _drafts(bot, conn, now, now - timedelta(days=7), now)
    return [bot.renderer.words(draft, token="0123456789abcdef", now=now) for draft in drafts]


def _reading(step: Callable[[Bot, Connection, str, datetime], object]) -> Look:
    def look(bot: Bot, period: str, now: datetime) -> object:
        with bot.record.read() as conn:
            return step(bot, conn, period, now)

    return look


LOOKS: dict[str, Look] = {
    "`status`": _reading(lambda bot, conn, period, now: lines(bot, conn, "annex4", period, now)),
    "the board, as HTML": lambda bot, _, now: page(bot, board_context(bot, now), now),
    "the digest, as a letter": _digest,
    "the bulletin's numbers": _reading(_make),
    "the assessment": _reading(lambda bot, conn, _, now: assessed(bot, conn, now.year, BEGUN, now)),
    "reminders: what is due": _reading(lambda bot, conn, _, now: _due(bot, conn, now)),
}


@contextmanager
def county(folder: Path, units: int, number: int) -> Iterator[tuple[Bot, str, datetime]]:
    newest, now = months(number)[-1], after(number)
    made = config(folder, campaign={"first_period": "2017-06", "last_period": newest})
    with build_hasty(made) as small:
        first_run(small, BEGUN)
        bot = live_through(small, units, number)
        read_mailbox(bot, now)
        yield bot, newest, now


def views() -> str:
    cpu: dict[str, list[float]] = {name: [] for name in LOOKS}
    for units, number in COUNTIES:
        with tempfile.TemporaryDirectory() as folder, county(Path(folder), units, number) as (bot, period, now):
            note(f"a county of {units} units, after {number} months")
            for name, look in LOOKS.items():
                times = []
                for _ in range(4):  # the first one loads what it needs
                    before = own_cpu()
                    look(bot, period, now)
                    times.append(own_cpu() - before)
                cpu[name].append(1000 * statistics.median(times[1:]))
    heads = [f"{units:,} units, {number} months" for units, number in COUNTIES]
    found = [f"| CPU ms | {' | '.join(heads)} | ten times the months | a hundred times the units |"]
    found.append("|---" * (len(heads) + 3) + "|")
    for name, (few, long, large) in cpu.items():
        found.append(f"| {name} | {few:.1f} | {long:.1f} | {large:.0f} | {long / few:.1f} | {large / few:.0f} |")
    return "\n".join(found)


def outboxes() -> str:
    found = ["| letters in the outbox | wall s | CPU ms a letter | logins |", "|---|---|---|---|"]
    for number in LETTERS:
        with tempfile.TemporaryDirectory() as folder, SmtpSink("bot@demo.test", PASSWORD, {"demo.test"}) as sink:
            smtp = {"port": sink.port, "per_minute": 100_000, "per_day": 100_000}
            with build(config(Path(folder), smtp=smtp)) as bot:
                first_run(bot, BEGUN)
                letters_waiting(bot, number, ARRIVED)
                began, before = time.perf_counter(), own_cpu()
                sent = send_due(bot, lambda: Sender(bot.config.smtp, PASSWORD).__enter__(), ARRIVED, never)
                wall, cpu = time.perf_counter() - began, own_cpu() - before
                states = {row.state for row in rows(bot, schema.letter)}
            if (sent, states, len(sink.sent)) != (number, {"sent"}, number):
                raise RuntimeError(f"{sent} of {number} letters left")
            found.append(f"| {number:,} | {wall:.1f} | {1000 * cpu / number:.2f} | {sink.logins} |")
            note(found[-1])
    return "\n".join(found) + "\n\nThe server is a thread of the same process: its CPU is in these numbers."


def measure() -> str:
    return "\n\n".join((polls(), views(), outboxes()))


if __name__ == "__main__":
    run_as("growth", __doc__, measure)

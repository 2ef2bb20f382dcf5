"""A mailbox of 100,000 mails: each poll takes a bounded part, in bounded memory, and the next goes on behind it.

With BOT_SOAK=1 all of them are archived; else the first portions.
"""

import os
import re
import tracemalloc
from collections.abc import Iterator
from itertools import count as numbers
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.jobs.parts import Bot, Stop
from bot.jobs.polling import poll
from bot.mail.mailbox import Mailbox
from bot.record import schema
from tests.bots import at, build, config, first_run, never
from tests.figures import count
from tests.servers.netease import NetEase, Stored

SOAK = os.environ.get("BOT_SOAK") == "1"
MAILS = 100_000
FIRST = 1_320_000_000  # NetEase's UIDs have ten digits: the answer to SEARCH ALL has more than a million bytes
MEMORY = 64 << 20  # bytes; a poll of ten mails takes a tenth of it, all mails at once would take several times as much
NOW = at("2017-07-03T10:00")


@pytest.fixture
def bot(tmp_path: Path, netease: NetEase) -> Iterator[Bot]:
    netease.mails["INBOX"] = [
        Stored(FIRST + n, b"From: n%d@mail.test\r\nSubject: %d\r\n\r\nx\r\n" % (n, n)) for n in range(MAILS)
    ]
    with build(config(tmp_path, mailbox={"port": netease.port, "username": netease.username})) as made:
        first_run(made, at("2017-06-20T09:00"))
        yield made


def asked(times: int) -> Stop:
    """The end of the program, or its turn, after so many looks."""
    looks = numbers()
    return lambda: next(looks) >= times


def polled(bot: Bot, netease: NetEase, stop: Stop) -> int:
    with Mailbox.open(bot.config.mailbox, netease.password) as box:
        return poll(bot, box, NOW, stop)


def fetched(netease: NetEase) -> list[int]:
    """The UIDs whose bodies were asked for."""
    commands = [re.fullmatch(r"UID FETCH ([\d,:]+) \(UID BODY\.PEEK\[\]\)", one) for one in netease.commands()]
    return [int(uid) for found in commands if found for uid in found[1].split(",")]


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 120)
def test_each_poll_takes_a_part_in_bounded_memory_and_the_next_goes_on(bot: Bot, netease: NetEase) -> None:
    first = polled(bot, netease, asked(4))
    if SOAK:
        tracemalloc.start()  # costs three times the CPU
    second = polled(bot, netease, asked(4))
    rest = polled(bot, netease, never) if SOAK else 0
    peak = tracemalloc.get_traced_memory()[1] if SOAK else 0
    tracemalloc.stop()
    # then nothing is asked for twice, and each mail that was asked for is there
    assert first > 0 and second > 0
    uids = fetched(netease)
    assert uids == list(range(FIRST, FIRST + len(uids)))
    with bot.record.read() as conn:
        kept = conn.execute(select(func.count()).select_from(schema.mail)).scalar_one()
    assert kept == len(uids) == first + second + rest
    assert peak < MEMORY, f"{peak >> 20} MB"
    if SOAK:
        print(f"peak of a poll: {peak / 2**20:.1f} MB")
        count("mails of a mailbox of 100,000", tried=kept, lost=MAILS - kept)
        assert kept == MAILS
        netease.mails["INBOX"].append(Stored(FIRST + MAILS, b"From: a@mail.test\r\n\r\nx\r\n"))
        before = len(netease.commands())
        assert polled(bot, netease, never) == 1
        assert len(netease.commands()) - before < 20

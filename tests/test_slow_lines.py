"""A poll asks for many mails as often as for few, and never has many large ones in memory at once.

What a line with 40 ms of delay really costs stands in docs/performance.md (``python -m tests.bench.links``).
"""

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.config import load_config
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.mail.batches import BATCH_BYTES
from bot.mail.mailbox import Mailbox
from bot.mail.wire import GuardedClient
from bot.record import archive, schema
from tests.bench import box
from tests.bench.costs import settings
from tests.bots import at, build, first_run, never
from tests.mails import mail
from tests.servers.dovecot import PASSWORD, DovecotOffice

NOW = at("2017-07-03T10:00")
Fill = Callable[[Iterator[bytes], int], None]


@pytest.fixture
def bot(dovecot: DovecotOffice, tmp_path: Path) -> Iterator[Bot]:
    with build(load_config(settings(tmp_path, dovecot, mailbox={"file_into": "已处理"}))) as made:
        first_run(made, at("2017-06-20T09:00"))
        yield made


@pytest.fixture
def fill(dovecot: DovecotOffice) -> Fill:
    with dovecot.client() as client:
        client.select_folder("INBOX")
    maildir = dovecot.server.root / "mail" / dovecot.username / "Maildir"
    return lambda mails, first: box.fill(maildir, mails, first)


def polled(bot: Bot, minutes: int) -> int:
    with Mailbox.open(bot.config.mailbox, PASSWORD) as opened:
        return poll(bot, opened, NOW + timedelta(minutes=minutes), never)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every command that leaves for a mailbox."""
    seen: list[bytes] = []
    real = GuardedClient._create_IMAP4

    def watched(self: GuardedClient) -> Any:
        imap = real(self)
        send = imap.send

        def noted(data: bytes) -> None:
            seen.append(data)
            send(data)

        imap.send = noted
        return imap

    monkeypatch.setattr(GuardedClient, "_create_IMAP4", watched)
    return seen


def test_many_mails_are_fetched_and_filed_by_as_many_commands_as_few(
    bot: Bot, fill: Fill, commands: list[bytes]
) -> None:
    polled(bot, 0)
    needed = []
    for number, minutes in ((10, 1), (150, 3)):
        fill((mail("a@demo.test", f"第{number}批，第{n}号") for n in range(number)), number)
        commands.clear()
        assert polled(bot, minutes) == number
        fetching = len(commands)
        with bot.record.begin() as conn:
            conn.execute(update(schema.mail).values(state="done"))
        commands.clear()
        assert polled(bot, minutes + 1) == 0
        with bot.record.read() as conn:
            selected = {row.uidvalidity for row in conn.execute(schema.place.select())}
            assert archive.unfiled(conn, "INBOX", selected.pop()) == []
        needed.append((fetching, sum(b" MOVE " in line for line in commands)))
    assert needed[0] == needed[1]
    assert needed[0][1] == 1


def test_large_mails_are_never_in_memory_together(bot: Bot, fill: Fill) -> None:
    size, number = 4_000_000, 10
    fill((mail("a@demo.test", f"扫描件{n}", text=f"{n:070}\n" * (size // 71)) for n in range(number)), 0)
    polled(bot, 0)  # and once more, when everything is loaded
    fill((mail("a@demo.test", f"又{n}", text=f"{n:070}\n" * (size // 71)) for n in range(number)), number)
    tracemalloc.start()
    try:
        assert polled(bot, 1) == number
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    with bot.record.read() as conn:
        sizes = sum(conn.execute(schema.mail.select().with_only_columns(schema.mail.c.size)).scalars())
    assert sizes > 2 * number * size * 0.9
    assert size > BATCH_BYTES
    assert peak < 3 * size, f"{peak / 1e6:.0f} MB"

"""A certificate that expires while the bot runs, a DNS that fails or is slow: nothing is lost, nothing leaves twice,
and when the world is well again the bot goes on by itself. A person is told in words that name what to do.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cli.advice import next_step
from bot.errors import MailboxError
from bot.jobs import tick
from bot.jobs.parts import Bot
from bot.record import schema
from tests.bots import appoint, at, build_hasty, config, header, letters, never, rows
from tests.figures import count
from tests.mails import mail
from tests.servers.certificates import self_signed
from tests.servers.netease import NetEase, Stored
from tests.servers.scripted_smtp import ScriptedSmtp

pytestmark = pytest.mark.soak  # its figures stand in the table

NOW, LI = at("2017-07-03T10:00"), "li@town.test"
HOST = "mail.county.test"
SECONDS, HURRIED = 5, 0.1  # for one read; a whole answer may take twice that, a login eight times
FIRST, SECOND = mail(LI), mail(LI, "报送附件4（再发）")  # each without its workbook: each is asked for it, once
LOOPBACK = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))


@dataclass
class World:
    """The office's bot, and the servers of its provider behind a name and a certificate."""

    bot: Bot
    imap: NetEase
    smtp: ScriptedSmtp
    valid: Path
    expired: Path
    resolve: Callable[[], None] = lambda: None
    looked_up: list[str] = field(default_factory=list)
    minutes: int = 0

    def certificate(self, folder: Path) -> None:
        """From the next connection on."""
        for server in (self.imap, self.smtp):
            assert server.tls is not None
            server.tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def run(self) -> list[str]:
        """Everything that is due, a quarter of an hour later: what was broken."""
        self.minutes += 15
        report = tick.run_once(self.bot, NOW + timedelta(minutes=self.minutes), never)
        assert report.failed == 0
        return [str(error) for error in report.broken]

    def arrives(self, data: bytes) -> None:
        box = self.imap.mails["INBOX"]
        box.append(Stored(len(box) + 1, data))

    def answered(self) -> list[str]:
        """Who was sent an answer, as the server saw it."""
        return [to for to, data in self.smtp.taken if header(data, "In-Reply-To")]


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that is valid, and one that has been."""
    folders = tmp_path_factory.mktemp("valid"), tmp_path_factory.mktemp("expired")
    for folder, days in zip(folders, (1, -1), strict=True):
        self_signed(folder, HOST, days)
    return folders


@pytest.fixture
def world(
    tmp_path: Path, netease: NetEase, chains: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(b"".join((folder / "cert.pem").read_bytes() for folder in chains))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    for part in ("MAILBOX", "SMTP"):
        monkeypatch.setenv(f"BOT_{part}_PASSWORD", netease.password)
    netease.tls, encrypted = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
    with ScriptedSmtp(tls=encrypted) as smtp:
        server = {"host": HOST, "security": "tls", "username": netease.username, "timeout_seconds": SECONDS}
        sections: dict[str, dict[str, Any]] = {
            "mailbox": {**server, "port": netease.port},
            "smtp": {**server, "port": smtp.port, "from": f"办公室 <{netease.username}>", "timeout_seconds": SECONDS},
            "watch": {"probe_hours": 0},
            "office": {"staff": []},
        }
        with build_hasty(config(tmp_path / "office", **sections)) as bot:
            tick.begin(bot, NOW - timedelta(hours=1))
            appoint(bot, ("五图街道", "李明", LI))
            made = World(bot, netease, smtp, *chains)
            made.certificate(made.valid)
            real = socket.getaddrinfo

            def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
                if host != HOST:
                    return real(host, port, *rest, **more)
                made.looked_up.append(host)
                made.resolve()
                return [(*LOOPBACK[:4], ("127.0.0.1", port))]

            monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
            yield made


def held_out(world: World, says: str, fix: str, runs: int = 2) -> None:
    """A mail comes in a world that is broken: nothing is done, and said in one line, with what to do."""
    world.arrives(SECOND)
    sent = len(world.answered())
    for _ in range(runs):
        (broken,) = world.run()
        assert says in broken and "\n" not in broken
        assert fix in next_step("mailbox", world.bot.config.mailbox, MailboxError(broken))
    assert len(world.answered()) == sent


def whole_again(world: World) -> None:
    assert world.run() == []
    assert [row.state for row in rows(world.bot, schema.mail)] == ["done", "done"]
    assert len(world.answered()) == 2
    assert world.run() == []
    assert len(world.answered()) == 2


def test_a_certificate_that_expires_while_it_runs_and_is_renewed(world: World) -> None:
    world.arrives(FIRST)
    assert world.run() == []
    assert len(world.answered()) == 1
    world.certificate(world.expired)
    held_out(world, "certificate has expired", "provider")
    world.certificate(world.valid)
    whole_again(world)
    count("certificates that expire", tried=2)


def test_a_certificate_of_the_sending_server_alone_keeps_the_letters(world: World) -> None:
    """What arrives is worked off, and its answer waits without an attempt being counted."""
    world.arrives(FIRST)
    assert world.smtp.tls is not None
    world.smtp.tls.load_cert_chain(world.expired / "cert.pem", world.expired / "key.pem")
    for _ in range(3):
        (broken,) = world.run()
        assert "certificate has expired" in broken
    assert {(row.state, row.attempts) for row in letters(world.bot)} == {("queued", 0)}
    world.certificate(world.valid)
    assert world.run() == []
    assert world.answered() == [LI]
    count("certificates that expire")


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    ],
    ids=["no such name", "no answer"],
)
def test_a_dns_that_fails(world: World, error: OSError) -> None:
    world.arrives(FIRST)
    assert world.run() == []

    def fail() -> None:
        raise error

    world.resolve = fail
    held_out(world, error.args[1], "DNS")
    world.resolve = lambda: None
    whole_again(world)
    count("a DNS that fails or is slow", tried=2)


def test_a_dns_that_is_slower_than_a_server_may_be(world: World) -> None:
    """It cannot be interrupted; but what it holds up ends when it answers, and begins anew with the next tick."""
    world.arrives(FIRST)
    assert world.run() == []
    patient = world.bot
    mailbox, smtp = (
        part.model_copy(update={"timeout_seconds": HURRIED}) for part in (patient.config.mailbox, patient.config.smtp)
    )
    world.bot = replace(patient, config=patient.config.model_copy(update={"mailbox": mailbox, "smtp": smtp}))

    def tarry() -> None:
        threading.Event().wait(9 * HURRIED)

    world.resolve = tarry
    held_out(world, "took longer than", "", runs=1)
    world.bot, world.resolve = patient, lambda: None
    whole_again(world)
    count("a DNS that fails or is slow", tried=2)

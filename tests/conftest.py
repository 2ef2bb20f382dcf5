"""Servers for the tests: started once, with a fresh mailbox or database for each test. All on loopback."""

import io
import itertools
import logging
from collections.abc import Iterator

import pytest

from bot import logs
from tests.servers.dovecot import DovecotOffice, DovecotServer
from tests.servers.netease import NetEase
from tests.servers.postgres import PostgresServer
from tests.servers.smtp_sink import SmtpSink

_numbers = itertools.count(1)
# Files whose tests take longest are begun first, so that none of them is left when all others are done.
FIRST = ("test_story.py", "test_demo.py", "test_patterns.py", "test_service.py", "test_workers.py", "test_init.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first, the others as they were."""
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))


@pytest.fixture
def operator_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the operator sees of the log, as ``scheduler.py`` sets it up; afterwards logging is as it was."""
    root = logging.getLogger()
    names = ("bot", "apscheduler")
    before = (root.handlers[:], root.level, {name: logging.getLogger(name).level for name in names})
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.set_up()
    yield stream
    root.handlers[:], level, levels = before
    root.setLevel(level)
    for name in names:
        logging.getLogger(name).setLevel(levels[name])


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[DovecotServer]:
    """A private Dovecot for the whole run."""
    with DovecotServer() as server:
        yield server


@pytest.fixture
def dovecot(dovecot_server: DovecotServer) -> Iterator[DovecotOffice]:
    """A post office (Dovecot and an SMTP sink) with one user of its own, ``bot…@demo.test``, and an empty INBOX."""
    with DovecotOffice(dovecot_server, f"bot{next(_numbers)}@demo.test", {"demo.test"}) as office:
        yield office


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """An SMTP server that takes letters to demo.test from bot@demo.test, and keeps them."""
    with SmtpSink("bot@demo.test", "secret", {"demo.test"}) as sink:
        yield sink


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL for the whole run."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def netease() -> Iterator[NetEase]:
    """A server that speaks like imap.163.com, with an empty INBOX."""
    with NetEase() as server:
        yield server

"""Connections that are cut after every nth byte, stall or crawl: nothing is lost, nothing done twice, nothing hangs.

The real clients, a proxy (tests/faults/proxy.py), and the real servers behind it. In ``make test`` a few cuts of each
kind, another choice each day; one byte in so many, both ways, with BOT_SOAK=1.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from bot.record import schema
from tests.bots import at, config_file, header, letters, rows
from tests.faults.county import LI, SENT, WANG, Account, County, Truth, settings
from tests.faults.inside import live_inside
from tests.faults.proxy import Fault, Kind, Proxy, Way
from tests.figures import count
from tests.mails import mail, report
from tests.servers.dovecot import PASSWORD, DovecotOffice
from tests.test_service import working

SOAK = os.environ.get("BOT_SOAK") == "1"
EVERY = {"mailbox": 487, "smtp": 3001}  # bytes, in the long form: some hundreds of cuts in all
NOW = "2017-07-03T10:00"
TIMEOUT_SECONDS = 0.5  # of the bot, for each answer
LONGEST = 30.0  # seconds; a stalled connection costs a time-out for each attempt, and this machine may be busy
POST = (report(LI), report(WANG, "乔官镇", total=33), mail(LI, "开会"))
Server = Literal["mailbox", "smtp"]
Security = Literal["none", "tls"]
KINDS: tuple[Kind, ...] = ("reset", "close", "half", "stall", "slow")


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BOT_MAILBOX_PASSWORD", "BOT_SMTP_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)


@pytest.fixture
def office(dovecot: DovecotOffice, tmp_path: Path) -> County:
    """Where the provider keeps copies of what was sent."""
    dovecot.copies = SENT
    changes: dict[str, dict[str, Any]] = {
        "mailbox": {"timeout_seconds": TIMEOUT_SECONDS, "file_into": ""},
        "smtp": {"timeout_seconds": TIMEOUT_SECONDS},
        "watch": {"probe_hours": 0},
    }
    made = County(tmp_path / "office", dovecot, changes)
    made.prepare()
    return made


def life(county: County, proxy: Proxy | None, server: Server, security: Security = "none") -> None:
    """One run of everything; with a proxy in the way to one of the servers."""
    sections = settings(county.office, county.changes)
    if proxy is not None:
        sections[server] = {**sections[server], "port": proxy.port, "security": security}
    config_file(county.folder, **sections)
    live_inside(county.config, county_time(county), LONGEST)


def county_time(county: County) -> str:
    lived = getattr(county, "lived", 0)
    county.__dict__["lived"] = lived + 1
    return (at(NOW) + timedelta(minutes=12 * lived)).strftime("%Y-%m-%dT%H:%M")


def port_of(office: DovecotOffice, server: Server, security: Security) -> int:
    ports = {
        ("mailbox", "none"): office.imap_port,
        ("mailbox", "tls"): office.server.tls_port,
        ("smtp", "none"): office.smtp_port,
        ("smtp", "tls"): office.smtp_tls_port,
    }
    return ports[server, security]


def after(
    office: County, folder: Path, server: Server, fault: Fault | None, security: Security = "none"
) -> tuple[County, Proxy]:
    """A county whose connections to one server suffered a fault, and which then lived on undisturbed."""
    county = office.copy_to(folder)
    county.deliver(*POST)
    with Proxy(port_of(county.office, server, security), fault) as proxy:
        life(county, proxy, server, security)
    for _ in range(3):
        life(county, None, server)
    return county, proxy


def places(total: int, server: Server, way: Way, kind: Kind) -> Iterator[int]:
    if SOAK:
        most = way == ("down" if server == "mailbox" else "up")  # the way that the mails go, or the letters
        yield from range(1, total + 1, EVERY[server] if most else EVERY[server] // 8)
    else:
        yield random.Random(f"{datetime.now(UTC).date()} {kind} {way}").randrange(1, total + 1)


def calm_truth(
    office: County, folder: Path, server: Server, security: Security = "none"
) -> tuple[Truth, dict[Way, int]]:
    calm, proxy = after(office, folder, server, None, security)
    truth = calm.truth()
    assert calm.account(truth) == Account([], [], [])
    assert len(truth.regular) >= 2
    return truth, dict(proxy.passed)


@pytest.mark.soak
@pytest.mark.parametrize("server", ["mailbox", "smtp"])
def test_a_connection_that_breaks_anywhere_loses_nothing_and_repeats_nothing(
    office: County, tmp_path: Path, server: Server
) -> None:
    truth, passed = calm_truth(office, tmp_path / "calm", server)
    ways: tuple[Way, ...] = ("down", "up")
    for kind in KINDS if SOAK else random.Random(str(datetime.now(UTC).date())).sample(KINDS, 2):
        for way in ways if SOAK else ways[len(kind) % 2 :][:1]:
            for byte in places(passed[way], server, way, kind):
                county, _ = after(office, tmp_path / f"{kind}-{way}-{byte}", server, Fault(kind, way, byte))
                account = county.account(truth)
                count(f"cuts of the {server} connection", lost=len(account.lost), twice=len(account.twice))
                assert account == Account([], [], []), f"{kind} {way} after byte {byte}"


@pytest.mark.soak
@pytest.mark.parametrize("server", ["mailbox", "smtp"])
def test_a_wrong_bit_under_tls_is_a_connection_that_breaks(
    office: County, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(office.office.server.certificate))
    truth, passed = calm_truth(office, tmp_path / "calm", server, "tls")
    ways: tuple[Way, ...] = ("down", "up")
    for way in ways if SOAK else ways[len(server) % 2 :][:1]:
        for byte in places(passed[way], server, way, "flip"):
            county, _ = after(office, tmp_path / f"{way}-{byte}", server, Fault("flip", way, byte), "tls")
            account = county.account(truth)
            count(f"wrong bits on the {server} connection, TLS", lost=len(account.lost), twice=len(account.twice))
            assert account == Account([], [], []), f"{way} byte {byte}"


@pytest.mark.soak
def test_a_wrong_bit_in_what_an_unprotected_mailbox_says_ends_nothing(office: County, tmp_path: Path) -> None:
    """Nothing can tell that a letter of a mail is wrong; but each mail has its row, and no process dies of it."""
    _, passed = calm_truth(office, tmp_path / "calm", "mailbox")
    for byte in places(passed["down"], "mailbox", "down", "flip"):
        county, _ = after(office, tmp_path / str(byte), "mailbox", Fault("flip", "down", byte))
        with county.record() as bot:
            states = [row.state for row in rows(bot, schema.mail)]
        sent = Counter(header(posted.data, "X-Bot-Key") for posted in county.office.sent)
        lost, twice = max(0, len(POST) - len(states)), sum(sent.values()) - len(sent)
        count("wrong bits on the mailbox connection, plain", lost=lost, twice=twice)
        assert (lost, twice, set(states)) == (0, 0, {"done"}), f"byte {byte}"


@pytest.mark.parametrize("server", ["mailbox", "smtp"])
def test_where_nobody_listens_everything_comes_later(office: County, tmp_path: Path, server: Server) -> None:
    truth, _ = calm_truth(office, tmp_path / "calm", server)
    county, _ = after(office, tmp_path / "refused", server, Fault("refuse"))
    assert county.account(truth) == Account([], [], [])


# The service, which waits in IDLE


@pytest.mark.soak
def test_a_service_whose_mailbox_breaks_off_at_any_moment_reads_on(dovecot: DovecotOffice, tmp_path: Path) -> None:
    """Its connections, one after the other, are cut in login, poll or IDLE; what comes meanwhile is answered."""
    dovecot.copies = SENT
    chance = random.Random(20170705 if SOAK else str(datetime.now(UTC).date()))
    for number in range(60 if SOAK else 1):
        dovecot.empty()
        way: Way = chance.choice(("down", "up"))
        fault = Fault(chance.choice(KINDS), way, chance.randrange(1, 9000 if way == "down" else 900))
        with Proxy(dovecot.imap_port, fault) as proxy:
            changes: dict[str, dict[str, Any]] = {
                "office": {"staff": []},
                "campaign": {"answer_from": "2017-01-01T00:00"},
                "schedule": {"poll_seconds": 1},
                "mailbox": {"port": proxy.port, "timeout_seconds": TIMEOUT_SECONDS, "file_into": ""},
                "watch": {"probe_hours": 0},
            }
            county = County(tmp_path / str(number), dovecot, changes)
            county.prepare(datetime.now(UTC))
            with working(county.config) as worker:
                for version in range(4):
                    county.deliver(report(LI, "五图街道办事处", "2017年6", extra=version, subject=f"第{version}版"))
                    time.sleep(chance.random())
                worker.until(lambda: all_answered(county), LONGEST)  # noqa: B023
                assert worker.ended() == 0
        sent = Counter(header(posted.data, "X-Bot-Key") for posted in county.office.sent)
        twice = sum(sent.values()) - len(sent)
        count("cuts of a service's mailbox", twice=twice)
        assert (len(sent), twice) == (4, 0), fault


def all_answered(county: County) -> bool:
    with county.record() as bot:
        mails, sent = rows(bot, schema.mail), letters(bot)
    return len(mails) == 4 and {row.state for row in mails} == {"done"} and [row.state for row in sent] == ["sent"] * 4

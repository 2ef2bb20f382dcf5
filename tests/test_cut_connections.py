"""Connections that are cut after every nth byte, stall or crawl: nothing is lost, nothing done twice, nothing hangs.

The real clients, a proxy (tests/faults/proxy.py), and the real servers behind it. In ``make test`` a few cuts of each
kind, another choice each day; one byte in so many, both ways, with BOT_SOAK=1.
"""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.bots import at, config_file
from tests.faults.county import LI, SENT, WANG, Account, County, Truth, settings
from tests.faults.inside import live_inside
from tests.faults.proxy import Fault, Kind, Proxy, Way
from tests.figures import count
from tests.mails import mail, report
from tests.servers.dovecot import PASSWORD, DovecotOffice

SOAK = os.environ.get("BOT_SOAK") == "1"
EVERY = {"mailbox": 487, "smtp": 211}  # bytes, in the long form: some hundreds of cuts a kind
NOW = "2017-07-03T10:00"
TIMEOUT_SECONDS = 0.5  # of the bot, for each answer
LONGEST = 30.0  # seconds; a stalled connection costs a time-out for each attempt, and this machine may be busy
POST = (report(LI), report(WANG, "乔官镇", total=33), mail(LI, "开会"))
Server = Literal["mailbox", "smtp"]
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


def life(county: County, proxy: Proxy | None, server: Server) -> None:
    """One run of everything; with a proxy in the way to one of the servers."""
    sections = settings(county.office, county.changes)
    if proxy is not None:
        sections[server] = {**sections[server], "port": proxy.port}
    config_file(county.folder, **sections)
    live_inside(county.config, county_time(county), LONGEST)


def county_time(county: County) -> str:
    lived = getattr(county, "lived", 0)
    county.__dict__["lived"] = lived + 1
    return (at(NOW) + timedelta(minutes=12 * lived)).strftime("%Y-%m-%dT%H:%M")


def after(office: County, folder: Path, server: Server, fault: Fault | None) -> tuple[County, Proxy]:
    """A county whose connections to one server suffered a fault, and which then lived on undisturbed."""
    county = office.copy_to(folder)
    county.deliver(*POST)
    with Proxy(getattr(county.office, "imap_port" if server == "mailbox" else "smtp_port"), fault) as proxy:
        life(county, proxy, server)
    for _ in range(3):
        life(county, None, server)
    return county, proxy


def places(total: int, server: Server, way: Way, kind: Kind) -> Iterator[int]:
    if SOAK:
        yield from range(1, total + 1, EVERY[server] if way == "down" else EVERY[server] // 8)
    else:
        yield random.Random(f"{datetime.now(UTC).date()} {kind} {way}").randrange(1, total + 1)


def calm_truth(office: County, folder: Path, server: Server) -> tuple[Truth, dict[Way, int]]:
    calm, proxy = after(office, folder, server, None)
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


@pytest.mark.parametrize("server", ["mailbox", "smtp"])
def test_where_nobody_listens_everything_comes_later(office: County, tmp_path: Path, server: Server) -> None:
    truth, _ = calm_truth(office, tmp_path / "calm", server)
    county, _ = after(office, tmp_path / "refused", server, Fault("refuse"))
    assert county.account(truth) == Account([], [], [])

"""Another program holds the SQLite file for longer than the bot waits, or the process dies in its very first start:
one clear line, nothing lost, nothing twice, and it goes on afterwards.

In ``make test`` some moments, others each day; each of them with BOT_SOAK=1.
"""

import logging
import os
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

import scheduler
from bot.config import load_config
from bot.errors import OutOfReach, RecordError
from bot.record import database, schema
from bot.record.database import Record, schema_version, sqlite_file
from tests.bots import at, config_file
from tests.faults.county import LI, SENT, WANG, Account, County, Truth
from tests.faults.dying import KILLED, chosen, run
from tests.faults.inside import live_inside
from tests.faults.keeping import do_migrate
from tests.faults.life import SECRETS
from tests.figures import count
from tests.mails import mail, report
from tests.servers.dovecot import DovecotOffice

SOAK = os.environ.get("BOT_SOAK") == "1"
NOW = "2017-07-06T09:00"
POST = (report(LI), report(WANG, "乔官镇", total=33), mail(LI, "开会"))
BUSY_MS = 60  # in place of 15 s
FEW = 3  # moments, in the short form


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_MS", BUSY_MS)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def office(dovecot: DovecotOffice, tmp_path: Path) -> County:
    """Where the provider keeps copies of what was sent."""
    dovecot.copies = SENT
    made = County(tmp_path / "office", dovecot, {"watch": {"probe_hours": 0}})
    made.prepare()
    return made


class Locker:
    """Another program: from the nth transaction of the bot on it holds the file, for so many of its attempts."""

    def __init__(self, file: Path, number: int, attempts: int) -> None:
        self.begun = 0
        self._file, self._number, self._attempts = file, number, attempts
        self._held: sqlite3.Connection | None = None

    def __enter__(self) -> "Locker":
        event.listen(Engine, "before_cursor_execute", self._begins)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._begins)
        self.release()

    def _begins(self, *about: Any) -> None:
        if about[2] != "BEGIN IMMEDIATE":
            return
        self.begun += 1
        if self.begun == self._number:
            self._held = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
            self._held.execute("BEGIN IMMEDIATE")
        elif self.begun == self._number + self._attempts:
            self.release()

    def release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def fresh(office: County, folder: Path) -> tuple[County, Path]:
    county = office.copy_to(folder)
    county.deliver(*POST)
    file = sqlite_file(load_config(county.config).database.url)
    assert file is not None
    return county, file


def later(number: int) -> str:
    return (at(NOW) + timedelta(minutes=12 * number)).strftime("%Y-%m-%dT%H:%M")


def settled(county: County) -> None:
    for number in (1, 2, 3):
        assert live_inside(county.config, later(number), 30).status == 0


def moments(total: int) -> Iterator[tuple[int, int]]:
    """The transaction at which it begins, and for how many it lasts: one, or all that are left."""
    chance = random.Random(datetime.now(UTC).date().isoformat())
    numbers = range(1, total + 1) if SOAK else sorted(chance.sample(range(1, total + 1), FEW))
    for number in numbers:
        for attempts in (1, 10_000) if SOAK else (chance.choice((1, 10_000)),):
            yield number, attempts


@pytest.mark.soak
def test_a_file_that_another_program_holds_is_a_broken_world_for_a_while(office: County, tmp_path: Path) -> None:
    calm, file = fresh(office, tmp_path / "calm")
    with Locker(file, 0, 0) as locker:
        assert live_inside(calm.config, NOW, 30).status == 0
    settled(calm)
    truth: Truth = calm.truth()
    assert len(truth.regular) >= 3
    for number, attempts in moments(locker.begun):
        where = f"{number}-{attempts}"
        county, file = fresh(office, tmp_path / where)
        with Locker(file, number, attempts):
            life = live_inside(county.config, NOW, 60)
        assert life.status == 3, where
        assert {str(error) for error in life.broken} == {"database: database is locked"}, where
        settled(county)
        account = county.account(truth)
        count("a database that another program holds", lost=len(account.lost), twice=len(account.twice))
        assert account == Account([], [], []), where


Main = Callable[..., tuple[int, str]]


@pytest.fixture
def main(capfd: pytest.CaptureFixture[str]) -> Iterator[Main]:
    """scheduler.main in this process."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    root = logging.getLogger()
    before = (root.handlers[:], root.level)

    def calling(*words: str | Path) -> tuple[int, str]:
        capfd.readouterr()
        return scheduler.main(list(map(str, words))), capfd.readouterr().err

    yield calling
    for number, handler in handlers.items():
        signal.signal(number, handler)
    root.handlers[:], root.level = before


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_once_says_one_line_and_ends_with_3(tmp_path: Path, main: Main, begin: str) -> None:
    """Held from before its start; on a record that stands, and on one that is still to be made."""
    config = config_file(tmp_path)
    file = sqlite_file(load_config(config).database.url)
    assert file is not None
    for made in (False, True):
        file.parent.mkdir(exist_ok=True)
        if made:
            Record.open(f"sqlite:///{file}").close()
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute(begin)
            status, said = main("--once", "--config", config, "--now", NOW)
        assert status == 3
        assert "Traceback" not in said
        assert [line for line in said.splitlines() if line.startswith("error: ")] == [
            "error: database: database is locked"
        ]


def test_a_lock_is_nobodys_fault_and_so_is_a_full_disk(tmp_path: Path) -> None:
    file = tmp_path / "bot.db"
    with Record.open(f"sqlite:///{file}") as record, closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutOfReach, match="locked"), record.begin():
            pass
        other.execute("ROLLBACK")
        with pytest.raises(RecordError) as caught, record.begin() as conn:
            conn.exec_driver_sql("SELECT * FROM nowhere")
        assert not isinstance(caught.value, OutOfReach)


@pytest.mark.soak
def test_a_first_start_that_is_killed_in_its_migrations_begins_anew(tmp_path: Path) -> None:
    """On an empty folder: before, between and after the statements that make the schema."""

    def url(folder: Path) -> str:
        folder.mkdir()
        return f"sqlite:///{folder / 'bot.db'}"

    whole = run(do_migrate, url(tmp_path / "whole"), trace=tmp_path / "points")
    assert whole.status == 0
    assert len(whole.points) > 30
    for number in chosen(whole.points, few=3):
        place = url(tmp_path / str(number))
        died = run(do_migrate, place, trace=tmp_path / "points", die_at=number)
        assert died.status == KILLED
        count("crash points of the first migrations")
        with Record.bare(place) as record:
            assert schema_version(record.engine) in (None, schema.HEAD), died.points[-1]
        with Record.open(place) as record, record.read() as conn:
            assert schema_version(record.engine) == schema.HEAD
            assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        shutil.rmtree(tmp_path / str(number))

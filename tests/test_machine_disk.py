"""The disk is full, or breaks, at the nth write or sync of the database; a file system without room; a folder that
cannot be written: nothing is lost, nothing done twice, one line says so, and the bot goes on when room returns.

In ``make test`` one such place, another each day; with BOT_SOAK=1 each sync, and one write in so many.
"""

import logging
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from bot.errors import OutOfReach
from bot.jobs import tick
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.logs import Lasting
from bot.record import schema
from tests.bots import archived, at, build, config, first_run, never, rows
from tests.faults.county import LI, SENT, WANG, Account, County, Truth
from tests.faults.disk import CALLS, Call, calls_of, live_on_a_bad_disk, small_disk
from tests.faults.inside import live_inside
from tests.faults.life import SECRETS
from tests.figures import count
from tests.mails import mail, report
from tests.servers.dovecot import DovecotOffice

SOAK = os.environ.get("BOT_SOAK") == "1"
NOW = "2017-07-06T09:00"
POST = (report(LI), report(WANG, "乔官镇", total=33), mail(LI, "开会"))
LIVES = 2
EVERY: dict[Call, int] = {"pwrite64": 29, "fdatasync": 1}  # in the long form: a life makes a thousand writes
# Once, or from there on; a disk that is full refuses no sync.
FAULTS = [(call, error, more) for call in CALLS for error in ("EIO", "ENOSPC") for more in ("", "+")]
KINDS = [fault for fault in FAULTS if fault[:2] != ("fdatasync", "ENOSPC")]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def office(dovecot: DovecotOffice, tmp_path: Path) -> County:
    """Where the provider keeps copies of what was sent."""
    dovecot.copies = SENT
    made = County(tmp_path / "office", dovecot, {"watch": {"probe_hours": 0}})
    made.prepare()
    return made


def fresh(office: County, folder: Path) -> County:
    county = office.copy_to(folder)
    county.deliver(*POST)
    return county


def undisturbed(office: County, folder: Path) -> tuple[Truth, dict[Call, int]]:
    calm = fresh(office, folder)
    calls = calls_of(calm.config, NOW)
    calm.settle(NOW, LIVES)
    truth = calm.truth()
    assert calm.account(truth) == Account([], [], [])
    assert len(truth.regular) >= 3
    return truth, calls


def places(calls: dict[Call, int]) -> Iterator[tuple[Call, str, str, int]]:
    chance = random.Random(datetime.now(UTC).date().isoformat())
    for call, error, more in KINDS if SOAK else chance.sample(KINDS, 1):
        every = range(1, calls[call] + 1)
        for number in every[:: EVERY[call]] if SOAK else [chance.choice(every)]:
            yield call, error, more, number


@pytest.mark.soak
def test_a_disk_that_fails_at_any_write_or_sync(office: County, tmp_path: Path) -> None:
    truth, calls = undisturbed(office, tmp_path / "calm")
    assert min(calls.values()) > 10, calls
    hit = 0
    for call, error, more, number in places(calls):
        where = f"{call} {error} at {number}{more}"
        county = fresh(office, tmp_path / where.replace(" ", "-"))
        life = live_on_a_bad_disk(county.config, NOW, f"{call}:error={error}:when={number}{more}")
        hit += bool(life.points)
        assert "Traceback" not in life.log, f"{where}: {life.log}"
        assert life.status in (0, 3), f"{where}: {life.log}"
        said = [line for line in life.log.splitlines() if line.startswith("error: ")]
        assert len(said) == (life.status == 3), f"{where}: {life.log}"
        county.settle(NOW, LIVES)
        account = county.account(truth)
        count("a disk that fails", lost=len(account.lost), twice=len(account.twice))
        assert account == Account([], [], []), where
    assert hit > 0, "no fault was injected"


def test_a_disk_without_room_and_then_with_room(
    office: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As full as can be, and with room for some of what is to be written."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    calm = fresh(office, tmp_path / "calm")
    settled(calm)
    truth = calm.truth()
    with small_disk(tmp_path / "small", 6) as disk:
        county = fresh(office, disk / "office")
        filler = disk / "filler"
        said = set()
        for number, room in enumerate((0, 8_192, 40_960, 131_072, 0)):
            fill(filler, room)
            life = live_inside(county.config, later(number), 30)
            said.add(life.status)
            assert all(isinstance(error, OutOfReach) and "\n" not in str(error) for error in life.broken)
        assert 3 in said
        filler.unlink()
        settled(county)
        account = county.account(truth)
        count("a disk that fails", lost=len(account.lost), twice=len(account.twice))
        assert account == Account([], [], [])


def later(number: int) -> str:
    return (at(NOW) + number * 12 * MINUTE).strftime("%Y-%m-%dT%H:%M")


def settled(county: County) -> None:
    for number in range(6, 9):
        assert live_inside(county.config, later(number), 30).status == 0


def fill(file: Path, but: int) -> None:
    """Nothing is left on its disk but so many bytes."""
    file.unlink(missing_ok=True)
    with file.open("wb", buffering=0) as out:
        try:
            while out.write(bytes(4096)):
                pass
        except OSError:
            pass
        out.truncate(out.tell() - out.tell() % 4096 - but)


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        yield made


def test_a_mail_is_not_set_aside_because_the_disk_is_full(bot: Bot) -> None:
    """There is room for the claim of a mail, each time, and none for what it leads to."""
    archived(bot, POST[0], at(NOW))
    pages: list[int] = []

    def limit(conn: Connection) -> None:
        if not pages:
            pages.append(int(str(conn.exec_driver_sql("PRAGMA page_count").scalar())))
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages[0]}")

    event.listen(bot.record.engine, "begin", limit)
    for number in range(5):
        with pytest.raises(OutOfReach, match="full"):
            work(bot, at(NOW) + number * 3 * MINUTE, never)
    pages[:] = [1_000_000]
    assert work(bot, at(NOW) + HOUR, never).worked == 1
    assert [(row.state, row.attempts) for row in rows(bot, schema.mail)] == [("done", 1)]


def test_a_folder_that_cannot_be_written_is_a_line_an_hour_and_one_when_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "send_due", lambda *_: 0)
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    with build(config(tmp_path, paths={"data": str(taken)})) as bot, caplog.at_level(logging.INFO):
        first_run(bot, at("2017-06-20T09:00"))
        for number in range(31):  # five hours
            tick.watch_the_clock(bot, at(NOW) + number * 10 * MINUTE, never, tick.Report())
        said = Counter(record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
        assert len(said) == 2  # the page and the heartbeat
        assert set(said.values()) == {6}
        caplog.clear()
        taken.unlink()
        for number in range(31, 34):
            tick.watch_the_clock(bot, at(NOW) + number * 10 * MINUTE, never, tick.Report())
        assert sorted(r.getMessage().split(":")[0] for r in caplog.records) == ["over", "over"]


def test_one_reason_of_many_parts_is_one_line_and_is_over_when_none_fails(caplog: pytest.LogCaptureFixture) -> None:
    lasting, log, full = Lasting(), logging.getLogger("bot.test"), "database: database or disk is full"
    with caplog.at_level(logging.INFO):
        for number in range(8):  # forty minutes
            for part in ("work", "outbox", "digest"):
                lasting.fails(log, part, full, at(NOW) + number * 5 * MINUTE)
        lasting.works(log, "work")
        lasting.works(log, "digest")
        assert caplog.messages == [full]
        lasting.works(log, "outbox")
        lasting.works(log, "outbox")
        assert caplog.messages == [full, f"over: {full}"]
        # what comes and goes is not said each time
        for number in range(8, 11):
            lasting.fails(log, "outbox", full, at(NOW) + number * 5 * MINUTE)
            lasting.works(log, "outbox")
        assert len(caplog.messages) == 2
        lasting.fails(log, "outbox", full, at(NOW) + 2 * HOUR)
        assert caplog.messages[2:] == [full]

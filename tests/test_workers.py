"""Several workers on one PostgreSQL: each mail, letter and job once, whoever of them dies; and a database that is away.

That SQLite refuses a second worker stands in test_service.py.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from bot.errors import RecordError
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll, turn
from bot.jobs.proving import prove
from bot.jobs.tick import Report, begin, watch_the_clock
from bot.reading.guard import Reader
from bot.record import schema
from tests.bots import (
    FakeMailbox,
    FakeSender,
    appoint,
    at,
    build,
    config,
    events,
    first_run,
    header,
    letters,
    never,
    read_mailbox,
    rows,
)
from tests.faults.county import LI, SENT, WANG, ZHAO, County
from tests.figures import count
from tests.mails import report
from tests.servers.dovecot import DovecotOffice
from tests.servers.postgres import PostgresServer
from tests.test_service import working

SOAK = os.environ.get("BOT_SOAK") == "1"
WORKERS, MAILS, KILLS = (4, 120, 40) if SOAK else (2, 10, 2)
UNITS = ((LI, "五图街道办事处"), (WANG, "乔官镇"), (ZHAO, "红河镇"))


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


# The processes


@pytest.fixture
def county(dovecot: DovecotOffice, tmp_path: Path, postgres_url: str) -> County:
    """On PostgreSQL, with a provider that keeps copies; by the real clock nothing old is chased."""
    dovecot.copies = SENT
    changes: dict[str, dict[str, Any]] = {
        "database": {"url": postgres_url},
        "office": {"staff": []},
        "campaign": {"answer_from": "2017-01-01T00:00"},
        "schedule": {"poll_seconds": 1},
        "limits": {"letters_per_address_per_day": 1000, "answers_per_hour": 1000},
        "mailbox": {"file_into": ""},
    }
    made = County(tmp_path, dovecot, changes)
    made.prepare(datetime.now(UTC))
    return made


def arriving(number: int) -> bytes:
    """One more version of a unit's report for June 2017."""
    sender, unit = UNITS[number % len(UNITS)]
    return report(sender, unit, "2017年6", extra=number, subject=f"第{number}版")


def finished(county: County) -> bool:
    with county.record() as bot:
        mails = Counter(row.state for row in rows(bot, schema.mail))
        sent = Counter(row.state for row in letters(bot))
    return mails == {"done": len(county.delivered)} and set(sent) == {"sent"}


def accounted(county: County) -> tuple[int, int]:
    """How much is lost, and how much was done twice."""
    with county.record() as bot:
        mails = rows(bot, schema.mail)
        versions = [(row.unit, row.version) for row in rows(bot, schema.report)]
        made = {row.key for row in letters(bot)}
        archived = len(events(bot, "mail.archived"))
    wanted = [(unit, n // 3 + 1) for n in range(len(county.delivered)) for _, unit in [UNITS[n % 3]]]
    names = {"五图街道办事处": "五图街道"}
    missing = {(names.get(unit, unit), version) for unit, version in wanted} - set(versions)
    sent = Counter(header(posted.data, "X-Bot-Key") for posted in county.office.sent)
    lost = len(county.delivered) - len(mails) + len(missing) + len(made - set(sent))
    twice = archived - len(mails) + len(versions) - len(set(versions)) + sum(sent.values()) - len(sent)
    return lost, twice


def once_later(county: County, minutes: int) -> None:
    """A run when the claims of the dead have expired."""
    later = datetime.now(at("2017-07-01T00:00").tzinfo) + timedelta(minutes=minutes)
    life = county.live(later.strftime("%Y-%m-%dT%H:%M"))
    assert life.status == 0, life.log


@pytest.mark.soak
def test_workers_that_are_killed_again_and_again_do_everything_once(county: County) -> None:
    chance = random.Random(20170705)
    with ExitStack() as stack:
        workers = [stack.enter_context(working(county.config)) for _ in range(WORKERS)]
        for worker in workers:
            worker.running()
        # when mail comes, and one of them dies every now and then
        for number in range(MAILS):
            county.deliver(arriving(number))
            if number % (MAILS // KILLS) == 1:
                time.sleep(chance.random())
                victim = chance.randrange(WORKERS)
                workers[victim].process.kill()
                workers[victim].process.wait()
                workers[victim] = stack.enter_context(working(county.config))
                count("workers killed")
        workers[0].running()
        end = time.monotonic() + 60
        while not finished(county) and time.monotonic() < end:
            time.sleep(0.5)
            if claims_of_the_dead(county):
                break
        for worker in workers:
            worker.process.terminate()
        assert {worker.process.wait(60) for worker in workers} == {0}
    for minutes in (11, 22):
        once_later(county, minutes)
    # then
    assert finished(county)
    lost, twice = accounted(county)
    count("workers killed", tried=0, lost=lost, twice=twice)
    assert (lost, twice) == (0, 0)


def archived(county: County, number: int) -> bool:
    with county.record() as bot:
        return len(rows(bot, schema.mail)) == number


def claims_of_the_dead(county: County) -> bool:
    """All that is left is in the hands of workers that are gone."""
    with county.record() as bot:
        left = [row for row in rows(bot, schema.mail) if row.state != "done"]
        waiting = [row for row in letters(bot) if row.state != "sent"]
    return all(row.claimed_until is not None for row in left) and all(row.state == "sending" for row in waiting)


def test_the_work_is_shared(county: County) -> None:
    """Each of two workers opens a part of the mail. In rounds, as long as it takes: who wakes first may do all of one
    before the other looks."""
    end = time.monotonic() + 60
    with working(county.config) as one, working(county.config) as two:
        one.running()
        two.running()
        done = [0, 0]
        while min(done) == 0 and time.monotonic() < end:
            first = len(county.delivered)
            for number in range(first, first + 15):
                county.deliver(arriving(number))
            one.until(lambda: finished(county), 60)
            done = [worker.log.count("bot.jobs.intake mail worked off") for worker in (one, two)]
    assert sum(done) == len(county.delivered)
    assert min(done) >= 1, done
    assert accounted(county) == (0, 0)


def wait_for_turn(bot: Bot, now: datetime) -> None:
    """A server needs a moment to notice that a session has ended."""
    end = time.monotonic() + 10
    while True:
        with turn(bot, now) as mine:
            if mine:
                return
        assert time.monotonic() < end
        time.sleep(0.02)


def test_one_of_them_at_a_time_is_at_the_mailbox(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """Until it dies, or has not read it for long."""
    now = at("2017-07-03T09:00")
    with postgres_server.database() as url:
        made = config(tmp_path, database={"url": url}, schedule={"poll_seconds": 60})
        with build(made) as one, build(made) as two:
            with turn(one, now) as first:
                poll(one, FakeMailbox(INBOX={}), now, never)
                with turn(two, now) as second:
                    assert (first, second) == (True, False)
                with turn(two, now + timedelta(minutes=7)) as second:  # it hangs, and nobody waits for it
                    assert not second
                with turn(two, now + timedelta(minutes=9)) as second:
                    assert second
                postgres_server.disconnect_all()  # as when it is killed
                wait_for_turn(two, now)
            with turn(two, now) as second:
                assert second


# The jobs, at a moment when much is due


class Threaded:
    """A worker of its own in a thread: its record, mailbox and sender."""

    def __init__(self, bot: Bot, box: FakeMailbox) -> None:
        self.bot, self.box, self.sender = bot, box, FakeSender()
        self.report = Report()

    def life(self, now: datetime) -> None:
        poll(self.bot, self.box, now, never)
        prove(self.bot, self.box, now)
        work(self.bot, now, never)
        watch_the_clock(self.bot, now, never, self.report)
        send_due(self.bot, self.sender.open, now, never)


MOMENTS = ["2017-07-03T09:00", "2017-07-06T09:00", "2017-07-10T09:00"]
if SOAK:
    MOMENTS += ["2017-07-14T09:00", "2017-07-20T09:00"]
POST = {n: arriving(n) for n in range(1, 7)}


def lived(folder: Path, url: str, workers: int, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """What so many workers at the same moments come to: the letters that were made, and those that were sent."""
    made = config(folder, database={"url": url}, limits={"letters_per_address_per_day": 1000})
    with ExitStack() as stack:
        bots = [replace(stack.enter_context(build(made)), reader=reader) for _ in range(workers)]
        first_run(bots[0], at("2017-06-20T09:00"))
        appoint(bots[0], ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG), ("红河镇", "赵云", ZHAO))
        appoint(bots[0], ("营丘镇", "孙平", "sun@demo.test"), ("鄌郚镇", "周兰", "zhou@demo.test"))
        threaded = [Threaded(bot, FakeMailbox(INBOX=dict(POST))) for bot in bots]
        monkeypatch.setattr("bot.jobs.tick.send_due", lambda *_: 0)  # by a sender of its own, below
        for bot in bots:
            begin(bot, at(MOMENTS[0]))
        for moment in MOMENTS:
            read_mailbox(bots[0], at(moment))
            threads = [threading.Thread(target=worker.life, args=(at(moment),)) for worker in threaded]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for worker in threaded:
            assert (worker.report.broken, worker.report.failed) == ([], 0)
        letters_made = Counter(row.key for row in letters(bots[0]) if row.letter != "board")
        sent = Counter(header(data, "X-Bot-Key") for worker in threaded for _, data, _ in worker.sender.sent)
        return letters_made, sent


def test_every_job_is_done_once(
    tmp_path: Path, postgres_server: PostgresServer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server.database() as url:
        alone, sent_alone = lived(tmp_path / "alone", url, 1, reader, monkeypatch)
    assert {key.split(":")[0] for key in alone} >= {"reminder", "overdue_notice", "digest", "bulletin", "year_plan"}
    for number in range(6 if SOAK else 1):
        with postgres_server.database() as url:
            together, sent = lived(tmp_path / str(number), url, 4, reader, monkeypatch)
        twice = sum(sent.values()) - len(sent) + len(set(together) - set(alone))
        lost = len(set(alone) - set(together))
        count("jobs shared by four workers", tried=len(together), lost=lost, twice=twice)
        assert set(together) == set(alone)
        assert sent == sent_alone


# The database goes away


def test_a_database_that_is_away_for_a_while_ends_nothing(
    dovecot: DovecotOffice, tmp_path: Path, county: County, postgres_server: PostgresServer
) -> None:
    with working(county.config) as worker:
        worker.running()
        county.deliver(arriving(0))
        worker.until(lambda: finished(county), 40)
        # when connections are closed, and when the server falls over, in the middle of mail
        for number in (1, 2, 3):
            county.deliver(arriving(number))
            postgres_server.disconnect_all()
        worker.until(lambda: archived(county, 4) and claims_of_the_dead(county), 60)
        postgres_server.crash()
        for number in (4, 5, 6):
            dovecot.deliver(dovecot.username, arriving(number), at("2017-07-03T10:00"))
            county.delivered.append(arriving(number))
        time.sleep(3)
        assert worker.process.poll() is None
        postgres_server.start()
        # then it goes on by itself; what was in hand in that moment is free again when its claim has expired
        worker.until(lambda: archived(county, 7) and claims_of_the_dead(county), 60)
        worker.process.terminate()
        assert worker.process.wait(60) == 0
        assert "Traceback" not in worker.log
        assert "database: " in worker.log
    for minutes in (11, 22):
        once_later(county, minutes)
    assert finished(county)
    assert accounted(county) == (0, 0)


class Severed:
    """Closes the connection just before its nth commit: the commit fails, and nobody knows more than that."""

    def __init__(self, bot: Bot, number: int) -> None:
        self.count = 0
        self._url = make_url(bot.config.database.url)
        self._dialect: Any = bot.record.engine.dialect
        self._real, self._number = self._dialect.do_commit, number
        self._set(self._commit)

    def _set(self, commit: Any) -> None:
        self._dialect.do_commit = commit

    def _commit(self, connection: Any) -> None:
        self.count += 1
        if self.count == self._number:
            with psycopg.connect(host=str(self._url.query["host"]), user="postgres", dbname="postgres") as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", [connection.driver_connection.info.backend_pid])
        self._real(connection)

    def heal(self) -> None:
        self._set(self._real)


@pytest.mark.soak
def test_a_connection_lost_at_any_commit_is_made_good(
    tmp_path: Path, postgres_server: PostgresServer, reader: Reader
) -> None:
    now = at("2017-07-06T09:00")

    def county_on(url: str, number: int) -> tuple[Any, int]:
        made = config(tmp_path / f"n{number}", database={"url": url})
        with build(made) as built:
            bot = replace(built, reader=reader)
            first_run(bot, at("2017-06-20T09:00"))
            appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG), ("红河镇", "赵云", ZHAO))
            box, sender = FakeMailbox(INBOX=dict(POST)), FakeSender()
            box.copies = []
            cut = Severed(bot, number)
            for minutes in (0, 15, 30):
                when = now + timedelta(minutes=minutes)
                for step in (
                    lambda: poll(bot, box, when, never),  # noqa: B023
                    lambda: prove(bot, box, when),  # noqa: B023
                    lambda: work(bot, when, never),  # noqa: B023
                    lambda: watch_the_clock(bot, when, never, Report()),  # noqa: B023
                    lambda: send_due(bot, sender.open, when, never),  # noqa: B023
                ):
                    try:
                        step()
                    except Exception as error:
                        assert isinstance(error, RecordError), error
                    box.copies[:] = [data for _, data, _ in sender.sent]
            cut.heal()
            sent = Counter(header(data, "X-Bot-Key") for _, data, _ in sender.sent)
            truth = {
                "mails": [(row.state, row.outcome) for row in rows(bot, schema.mail)],
                "reports": [(row.unit, row.version) for row in rows(bot, schema.report)],
                "sent": {key: n for key, n in sent.items() if not key.startswith("attention:")},
            }
            return truth, cut.count

    with postgres_server.database() as url:
        calm, total = county_on(url, 0)
    assert total > 30
    step = 1 if SOAK else 41
    for number in range(1, total + 1, step):
        with postgres_server.database() as url:
            truth, _ = county_on(url, number)
        count("connections lost at a commit", twice=sum(n > 1 for n in truth["sent"].values()))
        assert truth == calm, f"commit {number}"

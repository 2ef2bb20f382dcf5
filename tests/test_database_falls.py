"""PostgreSQL falls over in the middle of each kind of transaction: nothing is lost, nothing is done twice, and the next
ticks make it whole by themselves.

At a commit the server ends at once ("immediate", as at a power cut) and starts again: before it had the commit, or when
it had done it and its answer is lost; or what comes back takes no change for a while, as a standby that is not promoted
yet. In ``make test`` one commit of each kind; with BOT_SOAK=1 all of them, in all three ways.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.errors import OutOfReach, RecordError
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.proving import prove
from bot.jobs.roster import take_roster
from bot.jobs.tick import Report, watch_the_clock
from bot.reading.guard import Reader
from bot.record import people, schema
from bot.record.database import Record
from tests.books import Rows, xlsx
from tests.bots import FakeMailbox, FakeSender, appoint, at, build, config, first_run, header, letters, never, rows
from tests.figures import count
from tests.mails import mail, report
from tests.servers.postgres import PostgresServer

SOAK = os.environ.get("BOT_SOAK") == "1"
LI, WANG, STAFF = "li@wutu.test", "wang@qiaoguan.test", "staff@office.test"
NOW = at("2017-07-06T09:00")
POST = {1: report(LI), 2: report(WANG, "乔官镇", total=33), 3: report("stranger@x.test", "营丘镇"), 4: mail(LI, "开会")}
ORDER = mail(STAFF, "指令", text="延期 红河镇 6月 至 7月10日 住院")
ROSTER: Rows = [["单位", "姓名", "手机", "邮箱"], ["营丘镇", "孙平", "13900000001", "sun@yingqiu.test"]]
ROUNDS = (0, 2, 15, 30)  # minutes: what was in hand is free again after ten
FALLS, UNANSWERED, READ_ONLY = "falls", "its answer is lost", "takes no change"
TAKEN_OVER = "its standby takes over"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@dataclass
class Falling:
    """The server falls at one commit of a step, and is there again when the step goes on."""

    bot: Bot
    server: PostgresServer
    at: int = 0
    how: str = FALLS
    count: int = 0
    fallen: int = 0
    read_only: bool = False

    def __post_init__(self) -> None:
        self._dialect: Any = self.bot.record.engine.dialect
        self._real = self._dialect.do_commit
        self._put(self._commit)

    def _put(self, commit: Any) -> None:
        self._dialect.do_commit = commit

    def _commit(self, connection: Any) -> None:
        self.count += 1
        if self.count != self.at:
            self._real(connection)
            return
        if self.how == TAKEN_OVER:
            self.server.fail_over()
            self.fallen += 1
            self._real(connection)
            return
        if self.how == UNANSWERED:
            self._real(connection)
        self.again(read_only=self.how == READ_ONLY)
        self.fallen += 1
        if self.how == UNANSWERED:
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        self._real(connection)

    def again(self, *, read_only: bool = False) -> None:
        self.server.crash()
        self.server.start(read_only=read_only)
        self.read_only = read_only


Strikes = dict[str, tuple[int, str]]  # the step -> at which of its commits, and how


def lived(folder: Path, url: str, server: PostgresServer, reader: Reader, strikes: Strikes) -> tuple[Any, Counter[str]]:
    """What rounds of everything come to, and how many commits each step has when nothing falls."""
    made = config(folder, database={"url": url}, office={"staff": [STAFF]}, trust={"without_token": "pass"})
    (file := folder / "roster.xlsx").write_bytes(xlsx((ROSTER, ())))
    commits: Counter[str] = Counter()
    with build(made) as built:
        bot = replace(built, reader=reader)
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG), ("红河镇", "赵云", "zhao@honghe.test"))
        box, sender, falling = FakeMailbox(INBOX=dict(POST)), FakeSender(), Falling(bot, server)
        box.copies = []
        for minutes in ROUNDS:
            when = NOW + timedelta(minutes=minutes)
            for name, step in steps(bot, box, sender, file, when).items():
                falling.count = 0
                falling.at, falling.how = strikes.get(name, (0, FALLS)) if minutes == 0 else (0, FALLS)
                try:
                    step()
                except RecordError as error:
                    assert "\n" not in str(error)
                box.copies[:] = [data for _, data, _ in sender.sent]
                commits[name] = max(commits[name], falling.count)
            if falling.read_only:
                falling.again()
        count("a database server that falls", tried=falling.fallen)
        assert falling.fallen if strikes else not falling.fallen
        return truth(bot, sender), commits


def steps(
    bot: Bot, box: FakeMailbox, sender: FakeSender, file: Path, when: datetime
) -> dict[str, Callable[[], object]]:
    def order() -> None:
        box.boxes["INBOX"][9] = ORDER
        poll(bot, box, when, never)
        work(bot, when, never)

    today = when.astimezone(bot.zone).date()
    return {
        "archive": lambda: poll(bot, box, when, never),
        "prove": lambda: prove(bot, box, when),
        "decide": lambda: work(bot, when, never),
        "order": order,
        "timed letters": lambda: watch_the_clock(bot, when, never, Report()),
        "outbox": lambda: send_due(bot, sender.open, when, never),
        "roster": lambda: take_roster(bot, file, today, today),
    }


def truth(bot: Bot, sender: FakeSender) -> dict[str, Any]:
    """What must be the same as where nothing fell; letters to the office may tell of the fall."""
    sent = Counter(header(data, "X-Bot-Key") for _, data, _ in sender.sent)
    with bot.record.read() as conn:
        persons = sorted((p.unit, p.name, p.email) for p in people.liaisons(conn, NOW.date()))
    return {
        "mails": sorted((row.sha256, row.state, row.outcome) for row in rows(bot, schema.mail)),
        "reports": sorted((row.unit, row.outcome, row.version) for row in rows(bot, schema.report)),
        "acts": [(row.command, row.arguments) for row in rows(bot, schema.act)],
        "letters": sorted(
            (_key(row.key), row.state) for row in letters(bot) if row.letter not in ("attention", "board")
        ),
        "sent": {_key(key): n for key, n in sent.items() if not key.startswith("attention:")},
        "people": persons,
    }


def _key(key: str) -> str:
    """The key of a letter without the number of an act: a server that fell begins to count 32 farther on."""
    return re.sub(r"^(decided:\w+):\d+:", r"\1:", key)


@pytest.mark.soak
@pytest.mark.timeout(7200 if SOAK else 120)
def test_a_server_that_falls_in_the_middle_of_any_transaction_is_made_good(
    tmp_path: Path, postgres_server: PostgresServer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.tick.send_due", lambda *_: 0)  # by a sender of its own
    with postgres_server.database() as url:
        calm, commits = lived(tmp_path / "calm", url, postgres_server, reader, {})
    assert len(calm["acts"]) == 1 and len(calm["sent"]) >= 6 and len(calm["people"]) == 4
    for number, strikes in enumerate(chosen(commits)):
        with postgres_server.database() as url:
            found, _ = lived(tmp_path / str(number), url, postgres_server, reader, strikes)
        wrong = sum(found[part] != calm[part] for part in calm)
        count("a database server that falls", tried=0, lost=wrong, twice=sum(n > 1 for n in found["sent"].values()))
        assert found == calm, strikes


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "kind", ["archive", "decide", "order", "timed letters", "outbox", "roster"] if SOAK else ["decide"]
)
def test_a_standby_that_takes_over_goes_on_with_all_that_was_committed(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("bot.jobs.tick.send_due", lambda *_: 0)  # by a sender of its own
    with PostgresServer() as server:
        with server.database() as url:
            calm, commits = lived(tmp_path / "calm", url, server, reader, {})
        server.accompany()
        with server.database() as url:
            strikes = {kind: ((commits[kind] + 1) // 2, TAKEN_OVER)}
            found, _ = lived(tmp_path / "struck", url, server, reader, strikes)
            with psycopg.connect(f"host={server.root} user=postgres dbname=postgres") as connection:
                assert str(connection.execute("SHOW data_directory").fetchone()[0]).endswith("follower")  # type: ignore[index]
        wrong = sum(found[part] != calm[part] for part in calm)
        count("a database server that falls", tried=0, lost=wrong, twice=sum(n > 1 for n in found["sent"].values()))
        assert found == calm


def chosen(commits: Counter[str]) -> Iterator[Strikes]:
    """A life each: every step is struck once, the first two ways in turn, at the middle of its commits or at all of
    them one after the other. What takes no change keeps all later steps from their commits: one step a life."""
    numbers = range(1, max(commits.values()) + 1) if SOAK else (0,)
    for number in numbers:
        at_ = {name: number or (total + 1) // 2 for name, total in commits.items() if number <= total}
        for first in (0, 1) if SOAK else (0,):
            yield {name: (n, (FALLS, UNANSWERED)[(place + first) % 2]) for place, (name, n) in enumerate(at_.items())}
        for name in ("archive", "decide", "outbox") if SOAK else ("decide",):
            if name in at_:
                yield {name: (at_[name], READ_ONLY)}


def test_a_server_that_takes_no_change_is_nobodys_fault(postgres_server: PostgresServer) -> None:
    """No attempt at a mail is counted for it."""
    with postgres_server.database() as url:
        Record.open(url).close()
        says = pytest.raises(OutOfReach, match=r"^database: cannot execute INSERT in a read-only transaction$")
        with Record.bare(url) as record, says, record.begin() as conn:
            conn.exec_driver_sql("SET TRANSACTION READ ONLY")
            conn.execute(schema.meta.insert().values(key="x", value="y"))

"""Nothing is asked of the record row by row: as many statements for many units and months as for few.

The times stand in docs/performance.md (``python -m tests.bench.growth``); here only what no busy machine changes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import JOB, _due, remind
from bot.jobs.reporting import board, bulletins
from bot.jobs.reporting.assessing import assessed
from bot.jobs.reporting.digesting import _drafts
from bot.jobs.reporting.figures import month_of
from bot.jobs.standing import lines, owing, people_by_unit, still_owed
from bot.letters.smtp import Sender
from bot.model.deciding import Obligation
from bot.record import runs
from tests.bots import FakeSender, at, build_hasty, config, first_run, letters, never, read_mailbox, statements
from tests.decades import after, letters_waiting, live_through, months
from tests.servers.dovecot import PASSWORD
from tests.servers.smtp_sink import SmtpSink

FEW, MANY = (40, 13), (90, 26)  # units, months: after a year every form has been opened
BEGUN = at("2017-06-20T09:00")
Step = Callable[[Bot, Connection, str, datetime], object]


@contextmanager
def county(folder: Path, units: int, number: int) -> Iterator[tuple[Bot, str, datetime]]:
    """A county after so many months: the bot, the newest month, the moment."""
    newest, now = months(number)[-1], after(number)
    made = config(folder, campaign={"first_period": "2017-06", "last_period": newest}, smtp={"per_minute": 100_000})
    with build_hasty(made) as small:
        first_run(small, BEGUN)
        bot = live_through(small, units, number)
        read_mailbox(bot, now)
        yield bot, newest, now


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bot, str, datetime]]:
    with county(tmp_path_factory.mktemp("few"), *FEW) as made:
        yield made


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bot, str, datetime]]:
    with county(tmp_path_factory.mktemp("many"), *MANY) as made:
        yield made


def _status(bot: Bot, conn: Connection, period: str, now: datetime) -> object:
    return lines(bot, conn, "annex4", period, now), people_by_unit(conn, bot, now)


STEPS: dict[str, Step] = {
    "status": _status,
    "board": lambda bot, conn, _, now: board._form(bot, conn, "annex4", now),
    "digest": lambda bot, conn, _, now: _drafts(bot, conn, now, now - timedelta(days=7), now),
    "bulletin": bulletins._make,
    "groups": lambda bot, conn, period, now: month_of(bot, conn, "annex4", period, now),
    "assessment": lambda bot, conn, _, now: assessed(bot, conn, now.year, BEGUN, now),
    "what is owed": lambda bot, conn, _, now: owing(bot, conn, now),
    "reminders": lambda bot, conn, _, now: _due(bot, conn, now),
}


@pytest.mark.parametrize("what", STEPS)
def test_many_are_asked_for_as_few_are(
    what: str, few: tuple[Bot, str, datetime], many: tuple[Bot, str, datetime]
) -> None:
    counted = []
    for bot, period, now in (few, many):
        with bot.record.read() as conn:
            counted.append(statements(conn, lambda: STEPS[what](bot, conn, period, now)))  # noqa: B023
    assert counted[0] == counted[1] > 0


def test_what_is_owed_is_what_the_status_of_each_month_says(many: tuple[Bot, str, datetime]) -> None:
    """The one statement for all months against one for each."""
    bot, _, now = many
    with bot.record.read() as conn:
        found = {(o.period, o.unit) for item in owing(bot, conn, now) if (o := item.obligation).form == "annex4"}
        meant = {
            (period, line.unit.name)
            for period in months(MANY[1])
            for line in lines(bot, conn, "annex4", period, now)
            if line.state in ("missing", "open", "returned")
        }
    assert found == meant
    assert len({period for period, _ in found}) == MANY[1]


def test_announced_months_are_compared_at_once(tmp_path: Path) -> None:
    """With every earlier month released, a bulletin asks once what has changed in all of them."""
    with county(tmp_path, 40, 4) as (bot, newest, now), bot.record.begin() as conn:
        none = statements(conn, lambda: bulletins._make(bot, conn, newest, now))
        for period in months(4)[:-1]:
            bulletins.release(bot, conn, period, now)
        assert statements(conn, lambda: bulletins._make(bot, conn, newest, now)) == none + 1


def test_a_letter_is_looked_at_again_without_looking_at_all_units(many: tuple[Bot, str, datetime]) -> None:
    bot, newest, now = many
    with bot.record.read() as conn:
        missing = next(item.obligation for item in owing(bot, conn, now) if item.obligation.period == newest)
        reported = next(line for line in lines(bot, conn, "annex4", newest, now) if line.state == "accepted")
        other = Obligation(reported.unit.name, "annex4", newest, missing.deadline)
        assert still_owed(bot, conn, (missing, other), now) == [missing]


def test_what_was_sent_long_ago_is_not_due_again(tmp_path: Path) -> None:
    with county(tmp_path, 40, 3) as (bot, _, now):
        with bot.record.read() as conn:
            due = _due(bot, conn, now)
        assert due
        with bot.record.begin() as conn:
            for item in due:
                unit, o = bot.rules.units.by_name[item.obligation.unit], item.obligation
                runs.claim_run(conn, JOB, f"{unit.id}:{o.form}:{o.period}:{item.stage.id}", now)
        with bot.record.read() as conn:
            assert _due(bot, conn, now) == []
        assert remind(bot, now) == 0


def test_each_letter_costs_the_outbox_the_same(tmp_path: Path) -> None:
    counted = []
    for number in (20, 60):
        with county(tmp_path / str(number), 40, 1) as (bot, _, now):
            letters_waiting(bot, number, now)
            sender = FakeSender()
            counted.append(statements(bot.record.engine, lambda: send_due(bot, sender.open, now, never)))  # noqa: B023
            assert (sender.opened, len(sender.sent), letters(bot, "queued")) == (1, number, [])
    each = (counted[1] - counted[0]) / 40
    assert each == int(each) <= 14


def test_all_letters_leave_over_one_login(tmp_path: Path) -> None:
    with county(tmp_path, 40, 1) as (bot, _, now), SmtpSink("bot@demo.test", PASSWORD, {"demo.test"}) as sink:
        letters_waiting(bot, 60, now)
        smtp = bot.config.smtp.model_copy(update={"port": sink.port})
        assert send_due(bot, lambda: Sender(smtp, PASSWORD).__enter__(), now, never) == 60
        assert (len(sink.sent), sink.logins) == (60, 1)

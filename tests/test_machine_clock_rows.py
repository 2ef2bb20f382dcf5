"""Each moment that the record keeps and that holds something back, written by a clock that was ahead: once it is right
again, nothing waits for as long as it was wrong. And the ticker itself.

What is proven elsewhere: a refused password (test_logins), a pause of the outbox (test_outbox), a claim of a letter
that was being handed over (test_proving), answers put off by the hour (test_answering), troubles (test_watching).
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import apscheduler.schedulers.base
import pytest

from bot.jobs import service as services
from bot.jobs import tick
from bot.jobs.answering import answer_from
from bot.jobs.attending import bundle, sentence
from bot.jobs.enqueuing import tell_once_a_day
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.reminders.reminding import remind
from bot.jobs.reporting.digesting import digest
from bot.jobs.service import Service
from bot.jobs.watch.probing import lost_probe, probe
from bot.jobs.watch.watching import stale_poll
from bot.letters.smtp import Sender
from bot.model.deciding import Attention
from bot.model.letters import Delivery, RetryAt
from bot.reading.guard import Reader
from bot.record import attention, claims
from tests.bots import (
    FakeMailbox,
    FakeSender,
    appoint,
    archived,
    at,
    attentions,
    build,
    config,
    first_run,
    flat,
    letters,
    never,
    read_mailbox,
)
from tests.mails import mail, report

LI, WANG, STAFF = "li@demo.test", "wang@demo.test", "staff@demo.test"
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
NOW = at("2017-07-06T09:00")
AHEAD = [pytest.param(days * DAY, id=f"{days} days") for days in (1, 30, 365)]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    settings: dict[str, Any] = {"smtp": {"per_minute": 2, "per_day": 3}, "watch": {"probe_hours": 24}}
    with build(config(tmp_path, **settings)) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG))
        yield made


def opened(bot: Bot, *details: str, now: datetime) -> None:
    with bot.record.begin() as conn:
        attention.open_items(conn, [Attention("bounced", detail) for detail in details], now)


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_mail_that_was_claimed_or_put_off(bot: Bot, reader: Reader, ahead: timedelta) -> None:
    bot = replace(bot, reader=reader)
    claimed, put_off = archived(bot, report(LI), NOW), archived(bot, mail(WANG, "开会"), NOW)
    with bot.record.begin() as conn:
        assert claims.claim(conn, NOW + ahead) is not None  # and the process died
        claims.release(conn, put_off, NOW + ahead + 2 * MINUTE)
    assert work(bot, NOW, never).worked == 2
    assert claimed != put_off


@pytest.mark.parametrize("ahead", AHEAD)
def test_answers_that_were_to_leave_later(bot: Bot, reader: Reader, ahead: timedelta) -> None:
    """One was queued by the clock that was ahead; one was refused for a while by it."""
    bot = replace(bot, reader=reader)
    archived(bot, report(LI), NOW)
    work(bot, NOW, never)
    send_due(bot, FakeSender(RetryAt(900, "451 later")).open, NOW + ahead, never)
    archived(bot, report(WANG, "乔官镇", total=33), NOW)
    work(bot, NOW + ahead, never)
    assert len(letters(bot, "queued")) == 2
    sender = FakeSender()
    send_due(bot, sender.open, NOW + MINUTE, never)
    send_due(bot, sender.open, NOW + DAY + HOUR, never)  # one day is no longer than the provider's own "tomorrow"
    assert sorted(sender.addresses()) == [LI, WANG]


@pytest.mark.parametrize("ahead", AHEAD)
def test_the_rates_of_the_outbox(bot: Bot, ahead: timedelta) -> None:
    opened(bot, "a", now=NOW)
    for minute in range(3):
        opened(bot, str(minute), now=NOW)
        bundle(bot, NOW + ahead + minute * 3 * HOUR)
        send_due(bot, FakeSender().open, NOW + ahead + minute * 3 * HOUR, never)
    assert len(letters(bot, "sent")) == 3  # all of that day
    opened(bot, "now", now=NOW)
    bundle(bot, NOW)
    assert send_due(bot, FakeSender().open, NOW, never) == 1


@pytest.mark.parametrize("ahead", AHEAD)
def test_the_office_is_told_and_not_too_often(bot: Bot, ahead: timedelta) -> None:
    opened(bot, "a", now=NOW)
    assert bundle(bot, NOW + ahead) == 1
    opened(bot, "b", now=NOW)
    assert bundle(bot, NOW) == 1
    opened(bot, "c", now=NOW)
    assert bundle(bot, NOW + MINUTE) == 0
    assert bundle(bot, NOW + 2 * HOUR) == 1


@pytest.mark.parametrize("ahead", AHEAD)
def test_what_is_said_once_a_day(bot: Bot, ahead: timedelta) -> None:
    item = Attention("capped", LI)
    for now in (NOW + ahead, NOW, NOW + MINUTE):
        with bot.record.begin() as conn:
            tell_once_a_day(bot, conn, item, now, None)
    assert attentions(bot) == [("capped", LI)] * 2


@pytest.mark.parametrize("ahead", AHEAD[1:])  # answers of the day to come count in the share of all strangers
def test_a_stranger_is_answered_once_a_day(bot: Bot, reader: Reader, ahead: timedelta) -> None:
    bot = replace(bot, reader=reader)
    for extra, now in ((0, NOW + ahead), (1, NOW), (2, NOW + MINUTE)):
        archived(bot, report("stranger@demo.test", extra=extra), now)
        work(bot, now, never)
    assert [row.to for row in letters(bot)] == ["stranger@demo.test"] * 2


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_mail_under_an_old_number_is_found_by_the_daily_sweep(bot: Bot, ahead: timedelta) -> None:
    box = FakeMailbox(INBOX={5: mail(LI, "一")})
    poll(bot, box, NOW + ahead, never)
    box.boxes["INBOX"][3] = mail(LI, "二")
    assert poll(bot, box, NOW, never) + poll(bot, box, NOW + DAY + HOUR, never) == 1


@pytest.mark.parametrize("ahead", AHEAD[1:])
def test_the_digest_tells_of_what_has_changed(bot: Bot, ahead: timedelta) -> None:
    """Its changes are those since the last one, which lies in the future."""
    assert digest(bot, NOW + ahead)
    unread = archived(bot, b"unread", NOW)
    with bot.record.begin() as conn:
        attention.open_items(conn, [Attention("set_aside")], NOW, unread)
    later = at("2017-07-10T09:00")
    assert digest(bot, later)
    assert "".join(sentence(bot, "set_aside").split()) in flat(letters(bot)[-1].mime)


def test_a_stage_that_was_spent_a_year_early_comes_on_its_day(bot: Bot) -> None:
    read_mailbox(bot, NOW + 365 * DAY)
    assert remind(bot, NOW + 365 * DAY) > 0
    early = len(letters(bot))
    read_mailbox(bot, NOW)
    assert remind(bot, NOW) == 2
    assert remind(bot, NOW + MINUTE) == 0
    # and what was written for next year does not leave this year
    sender = FakeSender()
    for minute in range(5):
        read_mailbox(bot, NOW + minute * MINUTE)
        send_due(bot, sender.open, NOW + minute * MINUTE, never)
    assert {row.id for row in letters(bot, "sent")}.isdisjoint(range(1, early + 1))
    assert sorted(set(sender.addresses())) == [LI, STAFF, WANG]


@pytest.mark.parametrize("ahead", AHEAD[1:])
def test_a_first_start_by_a_clock_that_was_ahead(tmp_path: Path, reader: Reader, ahead: timedelta) -> None:
    """Mail is answered from now on, and who is late from now on is reminded."""
    with build(config(tmp_path)) as made:
        bot = replace(made, reader=reader)
        first_run(bot, NOW - 5 * DAY + ahead)
        appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG))
        first_run(bot, NOW - 4 * DAY)
        with bot.record.read() as conn:
            assert answer_from(conn, bot, NOW) == NOW - 4 * DAY
        archived(bot, report(LI), NOW - HOUR)
        work(bot, NOW, never)
        assert [row.letter for row in letters(bot)] == ["receipt"]
        read_mailbox(bot, NOW)
        assert remind(bot, NOW) == 1


def test_a_service_that_outlives_such_a_first_start_answers_too(tmp_path: Path) -> None:
    """The mail comes before anything by which the record learns of a better first run."""
    with build(config(tmp_path)) as bot:
        first_run(bot, NOW + 365 * DAY)
        with bot.record.read() as conn:
            assert answer_from(conn, bot, NOW) <= NOW - HOUR


def test_a_mailbox_that_was_never_read_is_measured_from_the_next_start(tmp_path: Path) -> None:
    with build(config(tmp_path)) as bot:
        first_run(bot, NOW + 365 * DAY)
        first_run(bot, NOW)
        with bot.record.read() as conn:
            assert stale_poll(bot, conn, NOW + MINUTE) is None
            assert stale_poll(bot, conn, NOW + 3 * HOUR) is not None


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_probe_that_is_lost(bot: Bot, ahead: timedelta) -> None:
    assert probe(bot, NOW + ahead)
    send_due(bot, FakeSender().open, NOW + ahead, never)  # and never comes back
    assert probe(bot, NOW)
    send_due(bot, FakeSender().open, NOW, never)
    read_mailbox(bot, NOW + 4 * HOUR)
    with bot.record.read() as conn:
        assert lost_probe(bot, conn, NOW + 4 * HOUR) is not None


# The ticker, and a tick that sleeps


class Wall:
    """The clock on the wall, for APScheduler and for the bot."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.jump = timedelta(0)
        wall = self

        class Moment(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + wall.jump

        self.now: Callable[[], datetime] = lambda: Moment.now(at("2017-07-06T09:00").tzinfo)
        monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Moment)


@pytest.mark.parametrize("jump", [-DAY, -30 * DAY, DAY, 20_000 * DAY], ids=str)
def test_the_service_goes_on_whatever_becomes_of_the_clock(
    bot: Bot, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = threading.Semaphore(0)
    monkeypatch.setattr(services, "CLOCK_SECONDS", 0.1)
    monkeypatch.setattr(Service, "_clock", lambda _: ticks.release())
    monkeypatch.setattr(Service, "_mail", lambda _: None)
    wall, stop = Wall(monkeypatch), threading.Event()
    running = threading.Thread(target=Service(bot, wall.now, stop).run)
    running.start()
    try:
        assert all(ticks.acquire(timeout=20) for _ in range(2))
        wall.jump = jump
        while ticks.acquire(blocking=False):
            pass
        assert all(ticks.acquire(timeout=20) for _ in range(4)), "it stands still"
    finally:
        stop.set()
        running.join(20)
    assert not running.is_alive()


def test_a_machine_that_sleeps_between_two_letters_sends_the_second_one_by_a_new_clock(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three weeks pass after the first reminder; the second unit may have reported meanwhile."""
    read_mailbox(bot, NOW)
    wall = [NOW]

    class Sleepy(FakeSender):
        def send(self, mime: bytes, to: str, attempts: int = 1) -> Delivery:
            wall[0] = NOW + 21 * DAY
            return super().send(mime, to, attempts)

    sender = Sleepy()
    opening: Callable[..., Sender] = lambda *_: sender.open()  # noqa: E731
    monkeypatch.setattr(tick, "_sender", opening)
    Service(bot, lambda: wall[0], threading.Event())._clock()
    assert len(sender.sent) == 1
    assert len(letters(bot, "sending")) == 0
    assert [row.only_while_owed for row in letters(bot, "queued")][:1] == [True]

"""While a mail is decided about, the next one is opened: no promise changes by that."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import MailEnded, OutOfReach
from bot.jobs import intake
from bot.jobs.intake import RETRY, work
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.jobs.understand import intent_of, open_mail
from bot.model.mail import RawMail
from bot.record import schema
from tests.bots import appoint, archived, at, build, config, first_run, letters, never, rows
from tests.mails import report

NOW = at("2017-07-03T10:00")
MINUTE = timedelta(minutes=1)
LI = "li@wutu.test"


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, ("五图街道", "李明", LI))
        yield made


def versions(bot: Bot, number: int) -> None:
    """So many reports of one liaison, each another one."""
    for n in range(number):
        archived(bot, report(LI, extra=n), NOW + n * MINUTE)


def attempts(bot: Bot) -> list[tuple[str, int]]:
    return [(row.state, row.attempts) for row in rows(bot, schema.mail)]


class Watch:
    """Which mails were begun to be opened, by the minute of their arrival, and which decided about."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[tuple[str, int]] = []
        self.begun = {n: threading.Event() for n in range(10)}
        self.deciding: Callable[..., Any] = intent_of
        monkeypatch.setattr(intake, "open_mail", self.open)
        monkeypatch.setattr(intake, "intent_of", self.decide)

    def open(self, raw: RawMail, bot: Bot) -> Opened:
        self.begun[raw.received_at.minute].set()
        self.events.append(("open", raw.received_at.minute))
        return open_mail(raw, bot)

    def decide(self, opened: Opened, *rest: Any) -> Any:
        self.events.append(("decide", opened.mail.received_at.minute))
        return self.deciding(opened, *rest)


def test_the_next_mail_is_opened_while_this_one_is_decided_and_their_order_stays(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch)
    deciding = watch.deciding

    def waiting(opened: Opened, *rest: Any) -> Any:
        minute = opened.mail.received_at.minute
        assert minute == 4 or watch.begun[minute + 1].wait(60), "nobody opens the next one meanwhile"
        assert not watch.begun[minute + 2].is_set()
        return deciding(opened, *rest)

    watch.deciding = waiting
    versions(bot, 5)
    # when
    assert work(bot, NOW + 9 * MINUTE, never).worked == 5
    # then
    assert [n for what, n in watch.events if what == "open"] == [0, 1, 2, 3, 4]
    assert attempts(bot) == [("done", 1)] * 5
    assert [(row.outcome, row.version) for row in rows(bot, schema.report)] == [("accepted", n) for n in range(1, 6)]
    assert len(letters(bot)) == 5


def test_at_the_end_what_was_not_decided_about_counts_no_attempt(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, asked = Watch(monkeypatch), iter([False, False, True])
    versions(bot, 5)
    # when
    assert work(bot, NOW + 9 * MINUTE, lambda: next(asked)).worked == 2
    # then
    assert [n for what, n in watch.events if what == "decide"] == [0, 1]
    assert attempts(bot) == [("done", 1)] * 2 + [("new", 0)] * 3
    assert [row.claimed_until for row in rows(bot, schema.mail)] == [None] * 5


def test_a_broken_record_costs_what_is_behind_no_attempt(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch)

    def full(*_: Any) -> None:
        raise OutOfReach("the disk is full")

    watch.deciding = full
    versions(bot, 3)
    # when
    with pytest.raises(OutOfReach):
        work(bot, NOW + 9 * MINUTE, never)
    # then
    assert attempts(bot) == [("new", 0)] * 3


def test_a_mail_that_was_tried_before_has_no_other_beside_it(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch)
    opening = watch.open

    def ending(raw: RawMail, bot: Bot) -> Opened:
        opened = opening(raw, bot)
        if raw.received_at.minute == 1 and watch.events.count(("open", 1)) < 3:
            raise MailEnded("ended its process")
        return opened

    monkeypatch.setattr(intake, "open_mail", ending)
    versions(bot, 3)
    # when it fails, those behind it go on
    tally = work(bot, NOW + 3 * MINUTE, never)
    assert (tally.worked, tally.failed) == (2, 1)
    # and when it is tried again, with new ones before and behind it
    archived(bot, report(LI, extra=4), NOW + 0.5 * MINUTE)
    archived(bot, report(LI, extra=5), NOW + 5 * MINUTE)
    watch.events.clear()
    again = NOW + 3 * MINUTE + RETRY
    assert work(bot, again, never).worked == 2
    # then it is opened after the first was decided about, and before the third is opened
    assert watch.events == [("open", 0), ("decide", 0), ("open", 1), ("open", 5), ("decide", 5)]


def test_where_a_mail_has_one_attempt_none_is_claimed_beside_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with build(config(tmp_path, limits={"attempts": 1})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", LI))
        watch = Watch(monkeypatch)
        versions(bot, 3)
        # when
        assert work(bot, NOW + 9 * MINUTE, never).worked == 3
        # then
        assert watch.events == [(what, n) for n in range(3) for what in ("open", "decide")]

"""Log lines: one line an event, key=value behind the words, libraries quiet."""

import io
import logging
import re

import pytest

from bot import logs


def test_a_line_has_time_level_room_words_and_values(operator_log: io.StringIO) -> None:
    logging.getLogger("bot.jobs.intake").warning("mail failed", extra={"mail": 12, "attempt": 1})
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING bot\.jobs\.intake mail failed mail=12 attempt=1\n",
        operator_log.getvalue(),
    )


def test_an_exception_follows_its_line(operator_log: io.StringIO) -> None:
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("bot.jobs").exception("mail failed", extra={"mail": 3})
    first, *rest = operator_log.getvalue().splitlines()
    assert first.endswith("ERROR bot.jobs mail failed mail=3")
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "KeyError"  # what it says of itself may quote a mail


def test_our_own_news_is_shown_and_chatter_of_libraries_is_not(operator_log: io.StringIO) -> None:
    logging.getLogger("bot.jobs.service").info("running")
    logging.getLogger("bot.jobs.service").debug("details")
    logging.getLogger("sqlalchemy").info("chatter")
    logging.getLogger("apscheduler.scheduler").warning(
        '"mail" skipped: maximum number of running instances reached (1)'
    )
    logging.getLogger("apscheduler.executors.default").error("a job raised")
    words = [line.split(" ", 3)[3] for line in operator_log.getvalue().splitlines()]
    assert words == ["bot.jobs.service running", "apscheduler.executors.default a job raised"]


def test_setting_up_twice_says_things_once(operator_log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", operator_log)
    logs.set_up()
    logging.getLogger("bot").error("once")
    assert operator_log.getvalue().count("once") == 1

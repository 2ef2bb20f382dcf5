"""Mails are opened in a process that can be ended: the answer is the same, and no mail keeps the next one back."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import BotError, MailEnded, TooComplex
from bot.jobs.intake import work
from bot.jobs.opening import Opener, Told
from bot.jobs.parts import Bot
from bot.jobs.understand import open_mail
from bot.model.mail import RawMail
from bot.record import schema
from tests.bots import appoint, archived, at, build, config, first_run, letters, never, rows
from tests.mails import report

NOW = at("2017-07-03T10:00")
MINUTE = timedelta(minutes=1)
LI, WANG = "li@wutu.test", "wang@qiaoguan.test"
CASES = sorted((Path(__file__).parent / "cases").glob("*[05]-*/mail.eml"))
# The real process, but that a mail with the word takes for ever, and one with the other ends the process.
SLOW = """
import json, os, sys, time
import bot.jobs.opening as opening
plain = opening.opened_with
def opened_with(raw, tools):
    if b"X-Slow" in raw.data:
        time.sleep(600)
    if b"X-Deadly" in raw.data:
        os._exit(3)
    return plain(raw, tools)
opening.opened_with = opened_with
opening.serve(opening.Told(**json.loads(sys.argv[1])))
"""


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as plain:
        first_run(plain, at("2017-06-20T09:00"))
        appoint(plain, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG))
        told = replace(plain.opener.told, seconds=5.0)
        opener = Opener(told, [sys.executable, "-c", SLOW, json.dumps({n: getattr(told, n) for n in Told.__slots__})])
        yield replace(plain, opener=opener)
        opener.close()


def test_what_comes_back_is_what_was_understood(bot: Bot) -> None:
    assert len(CASES) > 20
    for case in CASES:
        raw = RawMail(case.read_bytes(), NOW)
        try:
            expected = open_mail(raw, bot)
        except TooComplex:
            with pytest.raises(TooComplex):
                bot.opener.open(raw)
            continue
        assert bot.opener.open(raw) == expected, case.parent.name


def test_a_mail_that_takes_for_ever_is_ended_and_the_next_is_worked_off_at_once(bot: Bot) -> None:
    archived(bot, report(WANG, headers={"X-Slow": "1"}), NOW - MINUTE)
    archived(bot, report(WANG, headers={"X-Deadly": "1"}), NOW - MINUTE / 2)
    archived(bot, report(LI), NOW)
    # when
    tally = work(bot, NOW, never)
    # then
    assert (tally.worked, tally.failed) == (1, 2)
    assert [(row.letter, row.to) for row in letters(bot)] == [("receipt", LI)]
    assert [row.attempts for row in rows(bot, schema.mail)] == [1, 1, 1]
    # and after as many attempts as any other failure it is put before a person, with what it says of itself
    for minute in (10, 30, 60):
        work(bot, NOW + minute * MINUTE, never)
    slow, deadly, _ = rows(bot, schema.mail)
    assert (slow.state, slow.sender, deadly.state) == ("aside", WANG, "aside")
    assert [item.kind for item in rows(bot, schema.attention)].count("set_aside") == 2
    assert bot.opener.open(RawMail(report(LI), NOW)).mail.sender == LI


def test_the_end_does_not_wait_for_a_mail(bot: Bot) -> None:
    archived(bot, report(WANG, headers={"X-Slow": "1"}), NOW)
    told: list[BaseException] = []

    def working() -> None:
        try:
            work(bot, NOW, never)
        except BotError as error:
            told.append(error)

    thread = threading.Thread(target=working)
    thread.start()
    while bot.opener.pid is None and thread.is_alive():
        time.sleep(0.01)
    # when
    bot.opener.close()
    thread.join(60)
    # then it is no fault of the mail
    assert len(told) == 1 and not isinstance(told[0], MailEnded)
    assert rows(bot, schema.mail)[0].attempts == 0

"""Mails are opened in a process that can be ended: the answer is the same, and no mail keeps the next one back."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.config import load_config
from bot.errors import BotError, ConfigError, MailEnded, TooComplex
from bot.jobs import intake
from bot.jobs.intake import work
from bot.jobs.opening import Opened, Opener, Told
from bot.jobs.orders.settling import Unopened
from bot.jobs.parts import Bot
from bot.jobs.understand import open_mail
from bot.jobs.watch.signs import STUCK_SECONDS
from bot.model.mail import RawMail
from bot.record import runs, schema
from bot.record.holder import DEAD_SECONDS
from tests.bots import ROOT, appoint, archived, at, build, config, config_file, first_run, letters, never, rows, settled
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
def opened_with(raw, tools, **how):
    if b"X-Slow" in raw.data:
        time.sleep(600)
    if b"X-Deadly" in raw.data:
        os._exit(3)
    return plain(raw, tools, **how)
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


# A worker whose decision about one sender's mails takes for ever, in a way that lets no thread of Python have its turn.
STUCK = """
import re, sys
from pathlib import Path
import bot.jobs.intake as intake
from bot.config import load_config
from bot.jobs.orders.settling import Unopened
from bot.jobs.parts import Bot
from bot.jobs.tick import begin
from tests.bots import at
plain = intake.intent_of
def intent_of(opened, *rest):
    if opened.mail.sender == sys.argv[2]:
        re.match("(a+)+$", "a" * 100 + "b")
    return plain(opened, *rest)
intake.intent_of = intent_of
now = at(sys.argv[3])
with Bot.build(load_config(Path(sys.argv[1])), now=now) as bot:
    begin(bot, now)
    intake.work(bot, now, lambda: False)
"""


def test_a_decision_that_takes_for_ever_ends_the_process_and_the_mail_is_set_aside_in_the_end(tmp_path: Path) -> None:
    path = config_file(tmp_path, limits={"mail_seconds": 8, "attempts": 2})
    with build(load_config(path)) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG))
        archived(bot, report(WANG), NOW - MINUTE)
        archived(bot, report(LI), NOW)
        # when whatever started it starts it anew
        ends, attempts = [], []
        for hour in range(3):
            now = f"2017-07-03T1{hour}:00"
            command = [sys.executable, "-c", STUCK, str(path), WANG, now]
            ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
            ends.append((ended.returncode, "in intent_of" in ended.stderr))
            attempts.append([row.attempts for row in rows(bot, schema.mail)])
        # then each time was counted, and says where it was; the last time it is not tried, and the next one is. That
        # one was being opened the first time; never again beside a mail that was tried before
        assert ends == [(1, True), (1, True), (0, False)], ended.stderr
        assert attempts == [[1, 1], [2, 1], [3, 2]]
        assert [(row.state, row.sender) for row in rows(bot, schema.mail)] == [("aside", WANG), ("done", LI)]
        assert [item.kind for item in rows(bot, schema.attention)] == ["set_aside"]
        assert [row.to for row in letters(bot)] == [LI]


def test_no_mail_takes_so_long_that_its_worker_looks_dead(tmp_path: Path) -> None:
    longest = STUCK_SECONDS / 2  # it is opened, and then decided about; a sign of life is given before and after
    with pytest.raises(ConfigError, match="mail_seconds"):
        config(tmp_path, limits={"mail_seconds": longest})
    assert DEAD_SECONDS > STUCK_SECONDS


def test_an_order_about_an_old_mail_opens_it_where_it_can_be_ended_and_nobody_waits(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived(bot, report("stranger@mail.test"), NOW)
    work(bot, NOW, never)
    (waiting,) = rows(bot, schema.report)
    opening, opened = type(bot.opener).open, []

    def beside(opener: Opener, raw: RawMail) -> Opened:
        with bot.record.begin() as conn:  # while the office's order waits for it
            runs.put(conn, "other", "1")
        opened.append(raw)
        return opening(opener, raw)

    monkeypatch.setattr(type(bot.opener), "open", beside)
    # when
    assert settled(bot, waiting.id, NOW + MINUTE) == "accepted"
    # then
    assert len(opened) == 1
    assert [row.letter for row in letters(bot)] == ["waiting", "receipt"]


def test_an_order_about_a_mail_that_cannot_be_opened_any_more_keeps_no_other_waiting(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, opening, applying = RawMail(report("stranger@mail.test"), NOW), type(bot.opener).open, intake.apply

    def refusing(opener: Opener, raw: RawMail) -> Opened:
        if raw == old:
            raise TooComplex("deep")
        return opening(opener, raw)

    def ordered(bot: Bot, conn: Connection, mail_id: int, opened: Opened, *rest: Any) -> dict[str, object]:
        if opened.mail.sender == WANG:
            raise Unopened(99, old)
        return applying(bot, conn, mail_id, opened, *rest)

    monkeypatch.setattr(type(bot.opener), "open", refusing)
    monkeypatch.setattr(intake, "apply", ordered)
    archived(bot, report(WANG), NOW - MINUTE)
    archived(bot, report(LI), NOW)
    # when
    tally = work(bot, NOW, never)
    # then it counts as a failure of the mail that orders it
    assert (tally.worked, tally.failed) == (1, 1)
    assert [(row.state, row.attempts) for row in rows(bot, schema.mail)] == [("new", 1), ("done", 1)]


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

"""On PostgreSQL several workers decide at once, but never two about the same unit, and each limit is kept."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jobs import intake, turns
from bot.jobs.intake import work
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.jobs.tick import begin
from bot.jobs.turns import take_turn
from bot.jobs.understand import open_mail
from bot.model.mail import RawMail
from bot.reading.guard import Reader
from bot.record import answering, archive, claims, schema
from tests.bots import appoint, archived, at, build, config, first_run, letters, never, rows
from tests.mails import mail, report
from tests.servers.postgres import PostgresServer

NOW = at("2017-07-03T10:00")
LI, WANG, ZHAO = "li@demo.test", "wang@demo.test", "zhao@demo.test"
WAITS = 0.4  # seconds: so long who is not let in is watched


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bots(tmp_path: Path, postgres_server: PostgresServer, reader: Reader) -> Iterator[list[Bot]]:
    """Four workers on one record."""
    with postgres_server.database() as url, ExitStack() as stack:
        limits = {"answers_per_hour": 5, "letters_per_address_per_day": 1000}
        made = config(tmp_path, database={"url": url}, limits=limits)
        found = [replace(stack.enter_context(build(made)), reader=reader) for _ in range(4)]
        first_run(found[0], at("2017-06-20T09:00"))
        appoint(found[0], ("五图街道", "李明", LI), ("五图街道", "李光", "guang@demo.test"), ("乔官镇", "王芳", WANG))
        yield found


def from_(bot: Bot, sender: str, unit: str) -> Opened:
    return open_mail(RawMail(report(sender, unit, "2017年6"), NOW), bot)


def let_in(first: Opened, second: Opened, bots: list[Bot]) -> bool:
    """Whether a second worker may decide about its mail while the first has not ended."""
    inside, ended = threading.Event(), threading.Event()

    def other() -> None:
        with bots[1].record.begin() as conn:
            take_turn(bots[1], conn, second, NOW)
            inside.set()
        ended.set()

    thread = threading.Thread(target=other)
    with bots[0].record.begin() as conn:
        take_turn(bots[0], conn, first, NOW)
        thread.start()
        at_once = inside.wait(WAITS)
    assert ended.wait(10), "never let in"
    thread.join()
    return at_once


WHO = {
    "a unit": (LI, "五图街道"),
    "its other liaison": ("guang@demo.test", "五图街道办事处"),
    "another unit": (WANG, "乔官镇"),
    "another unit that names the first": (WANG, "五图街道"),
    "a stranger": ("who@demo.test", "红河镇"),
    "another stranger": ("nobody@demo.test", "鄌郚镇"),
}


@pytest.mark.parametrize(
    ("first", "second", "at_once"),
    [
        ("a unit", "another unit", True),
        ("a unit", "a stranger", True),
        ("a unit", "a unit", False),
        ("a unit", "its other liaison", False),
        ("a unit", "another unit that names the first", False),
        ("a stranger", "another stranger", False),
    ],
)
def test_two_decide_at_once_unless_it_is_about_the_same(
    bots: list[Bot], first: str, second: str, at_once: bool
) -> None:
    one, two = (from_(bots[0], *WHO[who]) for who in (first, second))
    assert let_in(one, two, bots) == at_once


def test_whatever_is_no_report_of_numbers_is_decided_alone(bots: list[Bot]) -> None:
    words = open_mail(RawMail(mail(ZHAO, "无变化", text="无变化"), NOW), bots[0])
    numbers = from_(bots[0], *WHO["a unit"])
    assert not let_in(words, numbers, bots)
    assert not let_in(numbers, words, bots)


def work_together(bots: list[Bot], number: int) -> list[Any]:
    """Every worker works until nothing is left; the answers, when each mail has its fate."""
    for bot in bots:
        begin(bot, NOW)
    threads = [threading.Thread(target=work, args=(bot, NOW, never)) for bot in bots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with bots[0].record.read() as conn:
        assert archive.counts(conn) == {"done": number}
    return [row for row in letters(bots[0]) if row.mail_id]


def test_workers_together_keep_to_the_answers_of_an_hour(bots: list[Bot], monkeypatch: pytest.MonkeyPatch) -> None:
    look = answering.next_turn

    def slowly(*arguments: Any, **named: Any) -> datetime:
        found = look(*arguments, **named)
        time.sleep(0.05)  # so long another could find the same turn free
        return found

    monkeypatch.setattr(answering, "next_turn", slowly)
    units = [unit.name for unit in bots[0].rules.units.units][:20]
    appoint(bots[0], *((unit, "李明", f"{n}@demo.test") for n, unit in enumerate(units)))
    for n, unit in enumerate(units):
        archived(bots[0], report(f"{n}@demo.test", unit, "2017年6"), NOW)
    answers = [row.due_at for row in work_together(bots, 20)]
    assert len(answers) == 20
    assert sorted(answers.count(moment) for moment in set(answers)) == [5, 5, 5, 5]


def test_workers_together_write_to_one_address_as_often_as_one_would(bots: list[Bot]) -> None:
    limits = bots[0].config.limits.model_copy(update={"letters_per_address_per_day": 4})
    few = [replace(bot, config=bot.config.model_copy(update={"limits": limits})) for bot in bots]
    for n in range(16):
        archived(few[0], report(LI, "五图街道", "2017年6", extra=n), NOW)
    assert len(work_together(few, 16)) == 4
    versions = sorted(row.version for row in rows(few[0], schema.report) if row.version)
    assert versions == list(range(1, len(versions) + 1))


def test_workers_together_give_strangers_no_more_than_their_share(bots: list[Bot]) -> None:
    # when twelve addresses of nobody write, and a quarter of five answers an hour is theirs
    for n in range(12):
        archived(bots[0], report(f"who{n}@demo.test", "红河镇", "2017年6", extra=n), NOW)
    assert len(work_together(bots, 12)) == 2


def corrections(bot: Bot, number: int) -> None:
    """One liaison reports and corrects himself, a minute after the other."""
    for n in range(number):
        archived(bot, report(LI, "五图街道", "2017年6", extra=n), NOW + timedelta(minutes=n))


def test_who_corrects_himself_is_decided_in_order(bots: list[Bot], monkeypatch: pytest.MonkeyPatch) -> None:
    corrections(bots[0], 8)

    def slowly(raw: RawMail, bot: Bot) -> Opened:
        opened = open_mail(raw, bot)
        time.sleep(0.1 if raw.received_at.minute % 2 == 0 else 0)  # the next one is read before this one
        return opened

    monkeypatch.setattr(intake, "open_mail", slowly)
    work_together(bots, 8)
    found = sorted(rows(bots[0], schema.report), key=lambda row: row.received_at)
    assert [(row.outcome, row.version) for row in found] == [("accepted", n) for n in range(1, 9)]


def test_a_mail_waits_for_an_earlier_one_of_its_sender_alone(bots: list[Bot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PAUSES", (0.01,))
    corrections(bots[0], 2)
    archived(bots[0], report(WANG, "乔官镇", "2017年6"), NOW + timedelta(minutes=1))
    # when another worker is at the first
    with bots[0].record.begin() as conn:
        first = claims.claim(conn, NOW)
    assert first is not None
    work(bots[1], NOW, never)
    # then the second is not decided, nor counted as tried, and nobody else waits
    assert [(row.state, row.attempts) for row in rows(bots[0], schema.mail)] == [("new", 1), ("new", 0), ("done", 1)]
    assert [row.unit for row in rows(bots[0], schema.report)] == ["乔官镇"]
    # and when that worker is dead, both are decided once its claim has passed
    work(bots[1], NOW + claims.CLAIM, never)
    assert [(row.unit, row.outcome, row.version) for row in rows(bots[0], schema.report)][1:] == [
        ("五图街道", "accepted", 1),
        ("五图街道", "accepted", 2),
    ]

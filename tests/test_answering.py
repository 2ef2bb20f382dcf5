"""How much is answered: one letter to a stranger, so many to an address and day, so many to all in an hour."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.attending import bundle
from bot.jobs.enqueuing import enqueue
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.model.deciding import LetterDraft
from bot.reading.guard import Reader
from bot.record import schema
from tests.bots import (
    FakeSender,
    appoint,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    events,
    first_run,
    letters,
    never,
    rows,
    settled,
    text_of,
)
from tests.mails import book, mail, report

NOW = at("2017-07-03T10:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MANY = 1000 if os.environ.get("BOT_SOAK") == "1" else 30
LI, STRANGER, STAFF = "li@wutu.test", "stranger@mail.test", "staff@demo.test"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    for bot in built(request, tmp_path, limits={"answers_per_hour": 3}):
        yield begun(replace(bot, reader=reader))


def begun(bot: Bot) -> Bot:
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, ("五图街道", "李明", LI))
    return bot


def measured(tmp_path: Path, reader: Reader, **limits: Any) -> Iterator[Bot]:
    with build(config(tmp_path, limits=limits)) as made:
        yield begun(replace(made, reader=reader))


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    yield from measured(tmp_path, reader, answers_per_hour=20)


def arrive(bot: Bot, sender: str, number: int, when: datetime = NOW, unit: str = "五图街道办事处") -> None:
    """One more report, another each time."""
    archived(bot, report(sender, unit, extra=number, subject=f"报送{number}"), when)


def due(bot: Bot) -> list[tuple[str, datetime]]:
    """To whom each letter goes and when it may leave."""
    return [(row.to, row.due_at) for row in letters(bot)]


def why(bot: Bot) -> list[str]:
    return [row.why for row in rows(bot, schema.mail)]


# A stranger


@pytest.mark.soak
def test_many_mails_of_a_stranger_make_one_letter_and_all_wait_for_the_office(bot: Bot) -> None:
    for number in range(MANY):
        arrive(bot, STRANGER, number)
    work(bot, NOW, never)
    assert [row.to for row in letters(bot)] == [STRANGER]
    assert [row.outcome for row in rows(bot, schema.mail)] == ["waiting"] * MANY
    assert why(bot) == ["waiting"] + ["waiting, not answered: capped"] * (MANY - 1)
    assert attentions(bot) == [("unknown_sender", "附件4.xlsx")] * MANY  # and nothing else: he can be answered by hand


def test_whatever_a_stranger_sends_makes_one_letter_a_day(bot: Bot) -> None:
    # given no report at all, then a broken one, then a good one; and another the next day
    archived(bot, mail(STRANGER, "报送附件4", ("附件4.xlsx", b"PK junk")), NOW)
    arrive(bot, STRANGER, 1)
    work(bot, NOW, never)
    arrive(bot, STRANGER, 2, NOW + DAY)
    work(bot, NOW + DAY, never)
    assert [row.letter for row in letters(bot)] == ["unreadable", "waiting"]


def test_the_office_s_word_reaches_him_all_the_same(bot: Bot) -> None:
    # given a stranger who had his letter today
    arrive(bot, STRANGER, 0)
    work(bot, NOW, never)
    # when the office takes his report
    assert settled(bot, rows(bot, schema.report)[0].id, NOW + HOUR) == "accepted"
    assert [(row.letter, row.to) for row in letters(bot)] == [("waiting", STRANGER), ("receipt", STRANGER)]


def test_a_member_of_the_staff_is_no_stranger(bot: Bot) -> None:
    for number in range(3):
        arrive(bot, STAFF, number)
    work(bot, NOW, never)
    assert [row.letter for row in letters(bot)] == ["waiting"] * 3


# Forged senders, each another


@pytest.mark.soak
def test_a_flood_of_forged_senders_is_not_answered_and_told_once(bot: Bot) -> None:
    # given twenty answers an hour in all, and many senders that nobody has heard of
    for number in range(MANY):
        arrive(bot, f"victim{number}@town{number}.test", number, NOW)
    # when
    work(bot, NOW + 5 * MINUTE, never)
    # then a quarter of the hour's answers went to them, and no other is queued for later
    assert len(letters(bot)) == 5
    assert {when for _, when in due(bot)} == {NOW + 5 * MINUTE}
    assert why(bot).count("waiting, not answered: flood") == MANY - 5
    # every mail is kept and waits for the office, which is told of the flood once
    assert [row.outcome for row in rows(bot, schema.mail)] == ["waiting"] * MANY
    assert [kind for kind, _ in attentions(bot)].count("strangers_unanswered") == 1
    # and who is on the roster is answered at once
    arrive(bot, LI, 0, NOW + 6 * MINUTE)
    work(bot, NOW + 6 * MINUTE, never)
    assert due(bot)[-1] == (LI, NOW + 6 * MINUTE)


def test_a_flood_that_lasts_leaves_most_of_the_day_s_quota_to_the_liaisons(tmp_path: Path, reader: Reader) -> None:
    with build(config(tmp_path, smtp={"per_day": 40}, limits={"answers_per_hour": 20})) as made:
        bot = begun(replace(made, reader=reader))
        for hour in range(6):
            for number in range(8):
                arrive(bot, f"victim{hour}.{number}@town.test", number, NOW + hour * HOUR)
            work(bot, NOW + hour * HOUR, never)
        assert len(letters(bot)) == 10  # five in each of the first two hours
        # told once a day, and the next day there is room again
        arrive(bot, "another@town.test", 1, NOW + DAY)
        work(bot, NOW + DAY, never)
        assert len(letters(bot)) == 11
        assert [kind for kind, _ in attentions(bot)].count("strangers_unanswered") == 1


def test_an_honest_stranger_is_answered_beside_a_busy_hour(bot: Bot) -> None:
    # given an hour in which the liaisons alone had all the answers
    for number in range(20):
        appoint(bot, (f"单位{number}", "王芳", f"w{number}@town.test"))
        arrive(bot, f"w{number}@town.test", number)
    work(bot, NOW, never)
    arrive(bot, STRANGER, 0, NOW + MINUTE)
    work(bot, NOW + MINUTE, never)
    assert due(bot)[-1] == (STRANGER, NOW + HOUR)


@pytest.mark.parametrize("share", [0, 1])
def test_the_share_of_strangers_is_a_setting(tmp_path: Path, reader: Reader, share: int) -> None:
    for bot in measured(tmp_path, reader, answers_per_hour=3, strangers_share=share):
        for number in range(4):
            arrive(bot, f"victim{number}@town.test", number)
        work(bot, NOW, never)
        assert len(letters(bot)) == 3 * share


# All in an hour


def test_what_is_over_the_hour_s_answers_leaves_later_in_order(any_bot: Bot) -> None:
    # given three an hour, and eight reports of a liaison
    for number in range(8):
        arrive(any_bot, LI, number, NOW + number * MINUTE)
    work(any_bot, NOW + 10 * MINUTE, never)
    # then every one is recorded and has its receipt, of which three leave in any hour
    assert [row.version for row in rows(any_bot, schema.report)] == [1, 2, 3, 4, 5, 6, 7, 8]
    start = NOW + 10 * MINUTE
    assert [when - start for _, when in due(any_bot)] == [0 * HOUR] * 3 + [1 * HOUR] * 3 + [2 * HOUR] * 2
    sender = FakeSender()
    sent = [send_due(any_bot, sender.open, start + minutes * MINUTE, never) for minutes in (0, 30, 59, 60, 119, 120)]
    assert sent == [3, 0, 0, 3, 0, 2]
    # each that was put off is noted with the reason, and the office is told once
    assert events(any_bot, "letter.put_off") == ["letter.put_off"] * 5
    put_off = [row.detail for row in rows(any_bot, schema.event) if row.what == "letter.put_off"]
    assert {detail["why"] for detail in put_off} == {"answers_per_hour"}
    assert attentions(any_bot) == [("answers_put_off", "")]


def test_the_hour_is_counted_from_what_left_and_not_by_the_clock_on_the_wall(tmp_path: Path, reader: Reader) -> None:
    for bot in measured(tmp_path, reader, answers_per_hour=2):
        for number, minute in enumerate((50, 55, 61, 112)):
            arrive(bot, LI, number, NOW + minute * MINUTE)
            work(bot, NOW + minute * MINUTE, never)
        assert [when - NOW for _, when in due(bot)] == [50 * MINUTE, 55 * MINUTE, 110 * MINUTE, 115 * MINUTE]


def test_what_the_office_asks_for_is_never_put_off(tmp_path: Path, reader: Reader) -> None:
    for bot in measured(tmp_path, reader, answers_per_hour=1):
        for number in range(3):
            arrive(bot, LI, number)
            archived(bot, mail(STAFF, f"状态{'？' * number}", text="状态"), NOW)
        work(bot, NOW, never)
        assert {when for to, when in due(bot) if to == STAFF} == {NOW}
        assert len([to for to, _ in due(bot) if to == STAFF]) == 3
        # and takes nobody's place
        assert [when - NOW for to, when in due(bot) if to == LI] == [0 * HOUR, HOUR, 2 * HOUR]


def test_reminders_and_digests_are_no_answers(tmp_path: Path, reader: Reader) -> None:
    for bot in measured(tmp_path, reader, answers_per_hour=1):
        for number in range(5):
            draft = LetterDraft(key=f"probe:{number}", letter="probe", to="a@town.test", context={})
            with bot.record.begin() as conn:
                enqueue(bot, conn, draft, NOW)
        arrive(bot, LI, 0)
        work(bot, NOW, never)
        assert {when for _, when in due(bot)} == {NOW}


def test_letters_of_a_clock_that_was_wrong_put_nothing_off_for_years(tmp_path: Path, reader: Reader) -> None:
    for bot in measured(tmp_path, reader, answers_per_hour=1):
        arrive(bot, LI, 0)
        work(bot, NOW + 3650 * DAY, never)
        arrive(bot, LI, 1)
        work(bot, NOW, never)
        assert due(bot)[-1] == (LI, NOW)


def test_an_address_that_has_had_its_measure_is_told_of_once_a_day(tmp_path: Path, reader: Reader) -> None:
    for bot in measured(tmp_path, reader, letters_per_address_per_day=1):
        for day in range(2):
            for number in range(4):
                arrive(bot, LI, 10 * day + number, NOW + day * DAY)
            work(bot, NOW + day * DAY, never)
        assert len(letters(bot)) == 2
        assert attentions(bot) == [("capped", LI)] * 2
        assert len(rows(bot, schema.report)) == 8


def test_the_office_reads_what_happened(bot: Bot) -> None:
    for number in range(8):
        archived(bot, mail(f"victim{number}@town.test", "报送附件4", ("附件4.xlsx", book())), NOW)
    work(bot, NOW, never)
    assert bundle(bot, NOW) == 9
    assert bot.rules.reasons.attention["strangers_unanswered"][:12] in text_of(letters(bot)[-1].mime)

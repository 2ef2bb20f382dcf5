"""The machine's clock is set back and forward, and put right again; it sleeps for weeks: nothing is said twice, nobody
who has reported is reminded, and nothing that a clock that was ahead has written stops the bot."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jobs import tick
from bot.jobs.intake import work
from bot.jobs.polling import poll
from bot.jobs.proving import prove
from bot.reading.guard import Reader
from bot.record import schema
from tests.bots import (
    FakeMailbox,
    FakeSender,
    appoint,
    at,
    build,
    config,
    first_run,
    header,
    letters,
    never,
    rows,
)
from tests.figures import count
from tests.mails import report

LI, WANG, ZHAO, STAFF = "li@demo.test", "wang@demo.test", "zhao@demo.test", "staff@demo.test"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)
SOAK = os.environ.get("BOT_SOAK") == "1"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


class Machine:
    """An office on a machine whose clock may be wrong: ``life`` is one run of everything, as the clock says."""

    def __init__(
        self, folder: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch, **changes: dict[str, Any]
    ) -> None:
        changes.setdefault("watch", {"probe_hours": 0})
        self.bot = replace(build(config(folder, **changes)), reader=reader)
        self.box, self.sender = FakeMailbox(), FakeSender()
        self.box.copies = []
        monkeypatch.setattr(tick, "_sender", lambda *_: self.sender.open())
        first_run(self.bot, at("2017-06-20T09:00"))
        appoint(self.bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG), ("红河镇", "赵云", ZHAO))

    def arrive(self, data: bytes, when: datetime) -> None:
        self.box.received_at = when
        self.box.boxes["INBOX"][len(self.box.boxes["INBOX"]) + 1] = data

    def life(self, now: datetime) -> None:
        bot, before, done = self.bot, len(self.sender.sent), tick.Report()
        tick.begin(bot, now)
        poll(bot, self.box, now, never)
        prove(bot, self.box, now)
        assert work(bot, now, never).failed == 0
        tick.watch_the_clock(bot, now, never, done)
        assert (done.failed, done.broken) == (0, [])
        assert self.box.copies is not None
        self.box.copies += [data for _, data, _ in self.sender.sent[before:]]

    def keys(self) -> Counter[str]:
        """What the server took, without the bundles to the office, which may tell of the clock."""
        found = Counter(header(data, "X-Bot-Key") for _, data, _ in self.sender.sent)
        return Counter({key: n for key, n in found.items() if not key.startswith("attention:")})


# A month in the office, with one run by a clock that is wrong

MOMENTS = "07-03T10:00 07-05T10:00 07-05T10:30 07-06T09:00 07-06T11:00 08-02T09:00 08-07T11:00"
ACCEPTED, RETURNED, LATE = report(LI), report(WANG, "乔官镇", total=33), report(ZHAO, "红河镇")


def month(made: Machine, jump: timedelta, *wrong_at: str) -> Counter[str]:
    """The runs of a month; those at ``wrong_at`` by a clock that is wrong by ``jump``. Keys of what was sent."""
    made.arrive(ACCEPTED, at("2017-07-03T09:50"))
    made.arrive(RETURNED, at("2017-07-03T09:51"))
    before: Counter[str] = Counter()
    for moment in MOMENTS.split():
        if moment == "07-06T09:00":
            made.arrive(LATE, at("2017-07-06T08:30"))
            before = made.keys()
        now = at(f"2017-{moment}")
        made.life(now + jump if moment in wrong_at else now)
    keys = made.keys()
    chased = [key for key in keys if key.startswith("reminder:") and "wutu:annex4:2017-06" in key]
    chased += [key for key in keys - before if key.startswith("reminder:") and "honghe:annex4:2017-06" in key]
    assert chased == [], "who has reported is not reminded"
    return keys


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, reader: Reader) -> Iterator[Counter[str]]:
    with pytest.MonkeyPatch.context() as patch:
        yield month(Machine(tmp_path_factory.mktemp("calm"), reader, patch), timedelta(0))


def wrong_month(folder: Path, reader: Reader, patch: pytest.MonkeyPatch, jump: timedelta, *wrong: str) -> Counter[str]:
    made = Machine(folder, reader, patch)
    keys = month(made, jump, *wrong)
    count("clocks set back and forward", twice=sum(n > 1 for n in keys.values()))
    assert {key: n for key, n in keys.items() if n > 1} == {}
    assert {row.state for row in rows(made.bot, schema.mail)} == {"done"}
    assert not letters(made.bot, "sending")
    made.bot.record.close()
    return keys


@pytest.mark.soak
@pytest.mark.parametrize("days", [1, 30] if SOAK else [30])
def test_a_clock_that_is_set_back_changes_nothing(
    calm: Counter[str], tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    assert wrong_month(tmp_path, reader, monkeypatch, -days * DAY, "07-05T10:00", "07-06T09:00") == calm


def test_a_clock_that_was_a_day_ahead_says_some_things_a_day_early(
    calm: Counter[str], tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = wrong_month(tmp_path, reader, monkeypatch, DAY, "07-05T10:00")
    # the letter of the 5th was written as that of the 6th, to one who reported on the 6th
    assert set(calm - keys) == {f"reminder:{unit}:annex4:2017-06:due" for unit in ("honghe", "qiaoguan")}
    assert set(keys - calm) == {"reminder:honghe:annex4:2017-06:after-1"}


def test_a_clock_that_was_a_year_ahead_takes_no_reminder_of_that_year_away(
    calm: Counter[str], tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each unit was told by mistake of every month of the campaign; each stage comes nevertheless when it is due."""
    keys = wrong_month(tmp_path, reader, monkeypatch, 365 * DAY, "07-05T10:00")
    missing = {key for key in calm if key not in keys and f"{key}:again" not in keys}
    assert missing == set()


# Two hours in which the clock jumps, over a deadline and over the letters of a morning

JUMPY = ["07-05T22:40", "07-05T23:50", "07-06T00:40", "07-06T08:00", "07-06T10:00", "07-10T07:40", "07-10T09:20"]
RIGHT = ["07-06T11:40", "07-10T11:40", "07-10T13:30"]  # when each of the mornings is over
CORRECTED = report(WANG, "乔官镇")


def jumping(folder: Path, reader: Reader, patch: pytest.MonkeyPatch, jumps: list[timedelta]) -> tuple[Any, Any]:
    """Runs by a clock that is wrong by another jump each time, and right after each two hours of that: the keys of
    what was sent, and which reports count as what."""
    made = Machine(folder, reader, patch)
    made.life(at("2017-07-03T10:00"))
    made.arrive(ACCEPTED, at("2017-07-05T22:30"))
    made.arrive(RETURNED, at("2017-07-05T22:31"))
    wrong = dict(zip(JUMPY, jumps, strict=True))
    for moment in sorted([*JUMPY, *RIGHT]):
        if moment == "07-06T00:40":  # the server had them on both sides of the deadline
            made.arrive(LATE, at("2017-07-05T23:58"))
            made.arrive(CORRECTED, at("2017-07-06T00:02"))
        made.life(at(f"2017-{moment}") + wrong.get(moment, timedelta(0)))
    keys = made.keys()
    booked = [(r.unit, r.version, r.outcome, r.received_at) for r in rows(made.bot, schema.report)]
    assert {row.state for row in rows(made.bot, schema.mail)} == {"done"}
    assert not letters(made.bot, "sending")
    made.bot.opener.close()
    made.bot.record.close()
    return keys, booked


@pytest.mark.soak
def test_two_hours_in_which_the_clock_jumps_send_no_letter_twice_and_lose_none(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm, booked = jumping(tmp_path / "calm", reader, monkeypatch, [timedelta(0)] * len(JUMPY))
    assert {key.split(":")[0] for key in calm} >= {"receipt", "reminder", "digest", "overdue_notice"}
    chance = random.Random(20170705)
    jumps = [[turn * 2 * HOUR * (-1) ** n for n in range(len(JUMPY))] for turn in (1, -1)]
    jumps = jumps if SOAK else jumps[:1]
    if SOAK:
        jumps += [[chance.uniform(-2, 2) * HOUR for _ in JUMPY] for _ in range(60)]
    for number, ones in enumerate(jumps):
        keys, found = jumping(tmp_path / str(number), reader, monkeypatch, ones)
        twice = sum(n > 1 for n in keys.values())
        count("hours in which the clock jumps", lost=len(set(calm) - set(keys)), twice=twice)
        assert found == booked
        assert (set(calm) - set(keys), twice) == (set(), 0), ones
        assert keys == calm, ones


def test_weeks_of_sleep_across_a_deadline_are_one_letter_of_each_kind(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same process, or the next ``--once``, three weeks later."""
    made = Machine(tmp_path, reader, monkeypatch)
    made.arrive(report(LI), at("2017-07-03T09:50"))
    made.life(at("2017-07-03T10:00"))
    before = made.keys()
    made.arrive(report(ZHAO, "红河镇"), at("2017-07-09T08:30"))
    for minute in (0, 1, 200):
        made.life(at("2017-07-24T10:00") + minute * MINUTE)
    new = made.keys() - before
    assert set(new.values()) == {1}
    assert {key for key in new if not key.startswith("receipt:")} == {
        "reminder:qiaoguan:annex4:2017-06:after-7",
        "overdue_notice:annex4:2017-06:escalate-10:staff@demo.test",
        "digest:2017-W30:staff@demo.test",
        "bulletin:annex4:2017-06:staff@demo.test",
    }

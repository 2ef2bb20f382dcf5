"""The ladder of reminders: what is due, after whatever happened."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deciding.calendar import WorkCalendar
from bot.deciding.ladder import due_stage, may_leave, moment, next_leaving
from bot.rules.load import load_rules
from bot.rules.reminders import Recipient, Reminders
from bot.rules.workdays import CalendarFile

BEIJING = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar(CalendarFile())
LADDER = load_rules(Path(__file__).parent.parent / "rules").reminders
HOURS = LADDER.hours
LONG_AGO = datetime(2017, 1, 1, tzinfo=UTC)
ORDER = ["before-3", "due", "after-1", "after-3", "after-7"]  # to the unit
TO_LEAD = ["escalate-10"]


def at(text: str) -> datetime:
    """``07-05 09:00`` of 2017, or with its own year, in Beijing."""
    return datetime.fromisoformat(text if text[:2] == "20" else f"2017-{text}").replace(tzinfo=BEIJING)


def end_of(day: str) -> datetime:
    return at(f"{day} 23:59:59")


def due(
    now: datetime, *sent: str, deadline: datetime, since: datetime = LONG_AGO, to: Recipient = "unit"
) -> str | None:
    stage = due_stage(LADDER, deadline, now, CALENDAR, BEIJING, sent=sent, since=since, to=to)
    return stage.id if stage else None


def moments(deadline: datetime) -> list[str]:
    return [moment(s, deadline, HOURS, CALENDAR, BEIJING).strftime("%m-%d %H:%M") for s in LADDER.stages]


def test_the_file_is_the_ladder_that_these_tests_know() -> None:
    assert [(s.id, s.to) for s in LADDER.stages] == [*((id_, "unit") for id_ in ORDER), ("escalate-10", "lead")]


@pytest.mark.parametrize(
    ("deadline", "expected"),
    [
        ("2017-07-05", "06-30 07-05 07-06 07-10 07-14 07-19"),
        ("2017-08-05", "08-02 08-04 08-07 08-09 08-15 08-18"),  # a Saturday: "on" is the Friday before
        ("2017-10-05", "09-28 09-30 10-09 10-11 10-17 10-20"),  # in the holidays: "on" is a worked Saturday
        ("2018-01-05", "01-02 01-05 01-08 01-10 01-16 01-19"),
        ("2017-02-05", "01-26 02-04 02-06 02-08 02-14 02-17"),  # a Sunday after the Spring Festival
        ("2018-04-05", "04-02 04-04 04-08 04-10 04-16 04-19"),  # Qingming; a worked Sunday
    ],
)
def test_moments(deadline: str, expected: str) -> None:
    assert moments(end_of(deadline)) == [f"{day} 08:30" for day in expected.split()]


@pytest.mark.parametrize("when", ["before", "on", "after"])
def test_zero_working_days(when: str) -> None:
    """0 days before is the day itself; an overdue letter is never earlier than the first day after."""
    stage = LADDER.stages[0].model_copy(update={"when": when, "working_days": 0})
    expected = {"before": "07-05 08:30", "on": "07-05 08:30", "after": "07-06 08:30"}[when]
    assert moment(stage, end_of("2017-07-05"), HOURS, CALENDAR, BEIJING) == at(expected)


# The table of the module's docstring, and more of its kind.
@pytest.mark.parametrize(
    ("now", "sent", "expected"),
    [
        ("06-29 16:00", "", None),
        ("06-30 08:29", "", None),
        ("06-30 08:30", "", "before-3"),
        ("06-30 09:00", "before-3", None),
        ("07-01 10:00", "", None),
        ("07-03 08:30", "", "before-3"),
        ("07-05 08:29", "", None),
        ("07-05 09:00", "", "due"),
        ("07-05 09:00", "before-3", "due"),
        ("07-05 09:00", "due", None),
        ("07-05 17:29", "", "due"),
        ("07-05 17:30", "", None),
        ("07-05 18:00", "", None),
        ("07-06 08:30", "before-3", "after-1"),
        ("07-06 08:30", "before-3 due", "after-1"),
        ("07-07 10:00", "", "after-1"),
        ("07-10 10:00", "after-1", "after-3"),
        ("07-10 10:00", "", "after-3"),
        ("07-14 10:00", "", "after-7"),
        ("07-14 10:00", "after-7", None),
        ("07-14 10:00", "after-1", "after-7"),
        ("07-10 10:00", "after-7", None),  # a later one went out already, however that came
        ("09-29 10:00", "after-3", "after-7"),  # an outage of weeks: still one letter
        ("09-29 10:00", "after-7", None),
        ("07-06 08:30", "no-such-stage", "after-1"),
    ],
)
def test_what_is_due(now: str, sent: str, expected: str | None) -> None:
    assert due(at(now), *sent.split(), deadline=end_of("2017-07-05")) == expected


# What is due about a unit to the lead of the group that inspects it: apart from what the unit itself was sent.
@pytest.mark.parametrize(
    ("now", "sent", "expected"),
    [
        ("07-05 10:00", "", None),
        ("07-18 10:00", "after-7", None),
        ("07-19 08:29", "after-7", None),
        ("07-19 08:30", "after-7", "escalate-10"),
        ("07-19 17:30", "after-7", None),
        ("07-19 09:00", "after-7 escalate-10", None),
        ("07-21 10:00", "", "escalate-10"),
        ("07-22 10:00", "", None),  # a Saturday
        ("09-29 10:00", "after-3", "escalate-10"),
    ],
)
def test_what_is_due_to_the_lead(now: str, sent: str, expected: str | None) -> None:
    assert due(at(now), *sent.split(), deadline=end_of("2017-07-05"), to="lead") == expected


def test_after_an_outage_each_recipient_has_his_latest_stage() -> None:
    now, deadline = at("07-21 10:00"), end_of("2017-07-05")
    assert [due(now, deadline=deadline, to=to) for to in ("unit", "lead")] == ["after-7", "escalate-10"]
    assert due(now, "escalate-10", deadline=deadline) == "after-7"
    assert due(now, "after-7", deadline=deadline, to="lead") == "escalate-10"


def test_the_lead_is_not_told_of_what_fell_due_before_the_first_run() -> None:
    assert due(at("07-19 10:00"), deadline=end_of("2017-07-05"), since=at("07-06 00:00"), to="lead") is None


@pytest.mark.parametrize(
    ("now", "since", "expected"),
    [
        ("07-04 10:00", "07-04 09:00", "before-3"),  # reached before the first run, useful still
        ("07-05 10:00", "07-05 09:59", "due"),
        ("07-06 10:00", "07-05 23:00", "after-1"),
        ("07-06 10:00", "07-05 23:59:59", "after-1"),
        ("07-06 10:00", "07-06 00:00", None),
        ("07-10 10:00", "07-06 09:00", None),
        ("09-29 10:00", "07-06 09:00", None),
    ],
)
def test_what_fell_due_before_the_first_run_is_not_chased(now: str, since: str, expected: str | None) -> None:
    assert due(at(now), deadline=end_of("2017-07-05"), since=at(since)) == expected


def test_nothing_is_due_between_a_deadline_at_noon_and_the_next_day() -> None:
    """From noon on, "due" makes no sense any more, and "after" has not been reached."""
    noon = at("07-05 12:00")
    assert due(at("07-05 12:00"), deadline=noon) == "due"
    assert due(at("07-05 12:01"), deadline=noon) is None
    assert due(at("07-06 08:30"), deadline=noon) == "after-1"


def test_a_holiday_keeps_reminders_back() -> None:
    deadline = end_of("2017-10-05")
    assert due(at("09-30 09:00"), "before-3", deadline=deadline) == "due"  # a worked Saturday
    assert due(at("10-05 09:00"), "before-3", deadline=deadline) is None
    assert due(at("10-06 09:00"), deadline=deadline) is None
    assert due(at("10-09 08:30"), deadline=deadline) == "after-1"


@pytest.mark.parametrize(
    ("now", "leaves", "next_one"),
    [
        ("07-05 08:29:59", False, "07-05 08:30"),
        ("07-05 08:30", True, "07-05 08:30"),
        ("07-05 17:29:59", True, "07-05 17:29:59"),
        ("07-05 17:30", False, "07-06 08:30"),
        ("07-07 18:00", False, "07-10 08:30"),  # Friday evening
        ("07-08 09:00", False, "07-10 08:30"),
        ("09-30 09:00", True, "09-30 09:00"),  # a worked Saturday
        ("09-30 17:30", False, "10-09 08:30"),
        ("12-29 17:30", False, "2018-01-02 08:30"),
    ],
)
def test_when_reminders_may_leave(now: str, leaves: bool, next_one: str) -> None:
    for moment_ in (at(now), at(now).astimezone(UTC)):
        assert may_leave(moment_, HOURS, CALENDAR, BEIJING) is leaves
        assert next_leaving(moment_, HOURS, CALENDAR, BEIJING) == at(next_one)


RECIPIENTS: list[Recipient] = ["unit", "lead"]


def walk(ladder: Reminders, deadline: datetime, since: datetime, nows: list[datetime]) -> list[tuple[datetime, str]]:
    """What is sent when the job runs at these times, and each letter is noted."""
    sent: list[tuple[datetime, str]] = []
    for now in nows:
        ids = {id_ for _, id_ in sent}
        for to in RECIPIENTS:
            if stage := due_stage(ladder, deadline, now, CALENDAR, BEIJING, sent=ids, since=since, to=to):
                sent.append((now, stage.id))
    return sent


def hours_from(start: datetime, count: int) -> list[datetime]:
    return [start + timedelta(hours=n) for n in range(count)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_three_months_hour_by_hour_send_each_stage_once(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        sent = walk(LADDER, end_of("2017-07-05"), LONG_AGO, hours_from(at("06-01 00:00").astimezone(UTC), 92 * 24))
    finally:
        monkeypatch.undo()
        time.tzset()
    local = [(now.astimezone(BEIJING).strftime("%m-%d %H:%M"), id_) for now, id_ in sent]
    days = ["06-30", "07-05", "07-06", "07-10", "07-14", "07-19"]
    assert local == [(f"{day} 09:00", id_) for day, id_ in zip(days, ORDER + TO_LEAD, strict=True)]


@given(
    st.sampled_from(["2017-07-05", "2017-08-05", "2017-10-05", "2018-02-05", "2018-04-05", "2027-10-05"]),
    st.lists(st.integers(1, 24 * 60 * 14), min_size=1, max_size=60),
    st.integers(-50, 20),
)
@settings(max_examples=150, deadline=None)
def test_whenever_it_runs(day: str, gaps: list[int], since_days: int) -> None:
    """Given a job that runs at any times, with gaps of minutes or weeks; then each stage leaves at most once,
    in order, in working hours, on its own side of the deadline, and never right after another."""
    deadline = end_of(day)
    since = deadline + timedelta(days=since_days)
    now = deadline - timedelta(days=20)
    nows = [now := now + timedelta(minutes=gap) for gap in gaps]
    sent = walk(LADDER, deadline, since, [n for n in nows for _ in range(2)])
    for order in (ORDER, TO_LEAD):
        places = [order.index(id_) for _, id_ in sent if id_ in order]
        assert places == sorted(set(places))
        assert len({now for now, id_ in sent if id_ in order}) == len(places)
    for now, id_ in sent:
        stage = LADDER.stages[(ORDER + TO_LEAD).index(id_)]
        assert may_leave(now, HOURS, CALENDAR, BEIJING)
        assert moment(stage, deadline, HOURS, CALENDAR, BEIJING) <= now
        assert (now > deadline) == (stage.when == "after")
        assert stage.when != "after" or since <= deadline


@given(st.integers(0, 60 * 24 * 400))
@settings(max_examples=200, deadline=None)
def test_the_next_leaving_is_the_first(minutes: int) -> None:
    now = at("01-01 00:00") + timedelta(minutes=minutes)
    found = next_leaving(now, HOURS, CALENDAR, BEIJING)
    assert found >= now
    assert may_leave(found, HOURS, CALENDAR, BEIJING)
    earlier = [now + timedelta(minutes=15 * n) for n in range(int((found - now).total_seconds() // 900))]
    assert not any(may_leave(e, HOURS, CALENDAR, BEIJING) for e in earlier if e < found)

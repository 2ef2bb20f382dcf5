"""Periods and deadlines: every month of the campaign, in any time zone of the host."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deciding import deadlines
from bot.deciding.calendar import WorkCalendar
from bot.rules.forms import FormRule
from bot.rules.load import load_rules
from bot.rules.workdays import CalendarFile

BEIJING = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar(CalendarFile())
ANNEX4 = load_rules(Path(__file__).parent.parent / "rules").forms["annex4"]


def owed(**changes: object) -> FormRule:
    return ANNEX4.model_copy(update={"owed": ANNEX4.owed.model_copy(update=changes)})


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def due(rule: FormRule, period: str) -> str:
    return deadlines.deadline(rule, period, CALENDAR, BEIJING).isoformat()


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def host_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("year", [2017, 2018, 2019])
def test_the_deadline_of_every_month_is_the_end_of_the_5th_of_the_next(year: int) -> None:
    got = [due(ANNEX4, f"{year}-{month:02d}") for month in range(1, 13)]
    days = [f"{year}-{month:02d}-05" for month in range(2, 13)] + [f"{year + 1}-01-05"]
    assert got == [f"{day}T23:59:59+08:00" for day in days]


# Months whose 5th is not worked, and where the deadline goes if a rule moves it (announcements of 2016 to 2019).
@pytest.mark.parametrize(
    ("period", "previous", "following"),
    [
        ("2017-01", "2017-02-04", "2017-02-06"),  # a Sunday after a Saturday that is worked
        ("2017-02", "2017-03-03", "2017-03-06"),
        ("2017-07", "2017-08-04", "2017-08-07"),
        ("2017-09", "2017-09-30", "2017-10-09"),
        ("2017-10", "2017-11-03", "2017-11-06"),
        ("2018-03", "2018-04-04", "2018-04-08"),  # Qingming; 04-08 is a Sunday that is worked
        ("2018-04", "2018-05-04", "2018-05-07"),
        ("2018-07", "2018-08-03", "2018-08-06"),
        ("2018-09", "2018-09-30", "2018-10-08"),
        ("2018-12", "2019-01-04", "2019-01-07"),
        ("2019-01", "2019-02-03", "2019-02-11"),
        ("2019-03", "2019-04-04", "2019-04-08"),
        ("2019-09", "2019-09-30", "2019-10-08"),
        ("2019-12", "2020-01-03", "2020-01-06"),
    ],
)
def test_a_5th_that_is_not_worked(period: str, previous: str, following: str) -> None:
    assert due(owed(shift="previous"), period) == f"{previous}T23:59:59+08:00"
    assert due(owed(shift="next"), period) == f"{following}T23:59:59+08:00"
    assert due(ANNEX4, period)[8:10] == "05"


def test_no_other_5th_of_those_years_moves() -> None:
    moved = [
        deadlines.deadline(ANNEX4, p, CALENDAR, BEIJING).strftime("%Y-%m")
        for p in deadlines.periods("2016-12", "2019-12")
        if due(ANNEX4, p) != due(owed(shift="next"), p)
    ]
    assert " ".join(moved) == (
        "2017-02 2017-03 2017-08 2017-10 2017-11 2018-04 2018-05 2018-08 2018-10"
        " 2019-01 2019-02 2019-04 2019-10 2020-01"
    )


def test_a_5th_that_is_a_worked_sunday_stays() -> None:
    """2019-05-05 is a make-up day."""
    assert due(owed(shift="next"), "2019-04") == due(owed(shift="previous"), "2019-04") == "2019-05-05T23:59:59+08:00"


@pytest.mark.parametrize(
    ("period", "day"),
    [("2018-01", "2018-02-28"), ("2020-01", "2020-02-29"), ("2017-03", "2017-04-30"), ("2017-11", "2017-12-31")],
)
def test_a_day_that_the_month_does_not_have_is_its_last(period: str, day: str) -> None:
    assert due(owed(day=31), period) == f"{day}T23:59:59+08:00"


def test_months_after() -> None:
    assert due(owed(months_after=0, day=20), "2017-12") == "2017-12-20T23:59:59+08:00"
    assert due(owed(months_after=12), "2017-12") == "2018-12-05T23:59:59+08:00"


def test_periods_go_over_the_year() -> None:
    assert deadlines.periods("2017-11", "2018-02") == ("2017-11", "2017-12", "2018-01", "2018-02")
    assert deadlines.periods("2017-11", "2017-11") == ("2017-11",)
    assert deadlines.periods("2018-01", "2017-12") == ()
    assert (deadlines.next_period("2017-12"), deadlines.previous_period("2018-01")) == ("2018-01", "2017-12")
    assert deadlines.period_of(date(2016, 2, 29)) == "2016-02"


@given(st.integers(1, 9998), st.integers(1, 12))
def test_next_and_previous_are_inverse(year: int, month: int) -> None:
    period = f"{year:04d}-{month:02d}"
    after = deadlines.next_period(period)
    assert after > period
    assert deadlines.previous_period(after) == period
    assert deadlines.periods(period, after) == (period, after)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "2017",
        "2017-6",
        "2017-13",
        "2017-00",
        "201706",
        "2017/06",
        "2017-06-01",
        "2017-W1",
        "0000-01",
        "２０１７-06",
        "-017-06",
    ],
)
def test_what_is_no_period_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a period"):
        deadlines.deadline(ANNEX4, wrong, CALENDAR, BEIJING)
    with pytest.raises(ValueError, match="not a period"):
        deadlines.next_period(wrong)


@pytest.mark.parametrize(
    ("now", "opens_days", "expected"),
    [
        ("2017-06-23T23:59:59", 7, "2017-05"),
        ("2017-06-24T00:00:00", 7, "2017-06"),  # the last 7 days of June begin
        ("2017-06-30T23:59:59", 7, "2017-06"),
        ("2017-07-01T00:00:00", 7, "2017-06"),
        ("2017-07-24T12:00:00", 7, "2017-06"),
        ("2017-07-25T00:00:00", 7, "2017-07"),
        ("2018-01-05T23:59:59", 7, "2017-12"),
        ("2018-02-22T00:00:00", 7, "2018-02"),
        ("2020-02-22T23:59:59", 7, "2020-01"),  # a leap year: the 23rd
        ("2020-02-23T00:00:00", 7, "2020-02"),
        ("2017-06-30T23:59:59", 0, "2017-05"),
        ("2017-07-01T00:00:00", 0, "2017-06"),
        ("2018-02-01T00:00:00", 31, "2018-02"),  # never before the month itself
        ("2018-01-31T23:59:59", 31, "2018-01"),
    ],
)
def test_open_period(now: str, opens_days: int, expected: str) -> None:
    assert deadlines.open_period(owed(opens_days=opens_days), beijing(now), BEIJING) == expected


@given(st.datetimes(datetime(2016, 1, 1), datetime(2020, 12, 31)), st.integers(0, 31))  # noqa: DTZ001 - given a zone below
@settings(max_examples=200, deadline=None)
def test_the_open_period_is_the_last_that_has_opened(moment: datetime, opens_days: int) -> None:
    rule, now = owed(opens_days=opens_days), moment.replace(tzinfo=BEIJING)
    opened = deadlines.owed_periods(rule, "2015-01", "2021-12", now, BEIJING)
    assert opened[-1] == deadlines.open_period(rule, now, BEIJING)
    assert deadlines.opens_at(rule, opened[-1], BEIJING) <= now
    assert now < deadlines.opens_at(rule, deadlines.next_period(opened[-1]), BEIJING)


def test_owed_periods_keep_to_the_campaign() -> None:
    def owed_at(now: str) -> tuple[str, ...]:
        return deadlines.owed_periods(ANNEX4, "2017-06", "2017-08", beijing(now), BEIJING)

    assert owed_at("2017-06-23T23:59:59") == ()
    assert owed_at("2017-06-24T00:00:00") == ("2017-06",)
    assert owed_at("2017-08-10T00:00:00") == ("2017-06", "2017-07")
    assert owed_at("2019-01-01T00:00:00") == ("2017-06", "2017-07", "2017-08")


@pytest.mark.parametrize(
    ("received", "late"),
    [
        ("2017-06-25T09:00:00+08:00", 0),
        ("2017-07-05T23:59:59+08:00", 0),
        ("2017-07-05T23:59:59.999+08:00", 0),
        ("2017-07-06T00:00:00+08:00", 1),
        ("2017-07-05T15:59:59+00:00", 0),  # the same two moments as the mail server may write them
        ("2017-07-05T16:00:00+00:00", 1),
        ("2017-07-05T08:59:59-07:00", 0),
        ("2017-07-05T09:00:00-07:00", 1),
        ("2017-07-06T23:59:59+08:00", 1),
        ("2017-07-07T00:00:00+08:00", 2),
        ("2017-08-05T00:00:00+08:00", 31),
    ],
)
def test_late_days_under_any_zone_of_the_host(host_zone: str, received: str, late: int) -> None:
    end = deadlines.deadline(ANNEX4, "2017-06", CALENDAR, BEIJING)
    for stored in (end, end.astimezone(UTC)):
        assert deadlines.late_days(datetime.fromisoformat(received), stored, BEIJING) == late


def test_the_zone_of_the_host_changes_nothing(host_zone: str) -> None:
    opening = datetime(2017, 6, 23, 16, tzinfo=UTC)  # 00:00 of the 24th in Beijing
    assert deadlines.opens_at(ANNEX4, "2017-06", BEIJING) == opening
    assert deadlines.open_period(ANNEX4, opening, BEIJING) == "2017-06"
    assert deadlines.deadline(ANNEX4, "2017-06", CALENDAR, BEIJING) == datetime(2017, 7, 5, 15, 59, 59, tzinfo=UTC)


def test_another_office_counts_in_its_own_zone() -> None:
    there = ZoneInfo("America/Los_Angeles")
    end = deadlines.deadline(ANNEX4, "2017-10", CALENDAR, there)  # 11-05: the day on which summer time ends
    assert end.astimezone(UTC) == datetime(2017, 11, 6, 7, 59, 59, tzinfo=UTC)
    for stored in (end, end.astimezone(UTC)):
        assert deadlines.late_days(datetime(2017, 11, 6, 8, tzinfo=UTC), stored, there) == 1


def test_the_month_turns_in_the_office_s_zone() -> None:
    now = datetime(2017, 6, 30, 16, tzinfo=UTC)  # July has begun in Beijing
    assert deadlines.open_period(owed(opens_days=31), now, BEIJING) == "2017-07"

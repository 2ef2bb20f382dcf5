"""Working days against the State Council's announcements, and the office's file over them."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deciding.calendar import WorkCalendar
from bot.errors import ConfigError
from bot.rules.workdays import CalendarFile

# 国办发明电〔2016〕17号 and 〔2017〕12号: weekdays that are free, Saturdays and Sundays that are worked.
# The last two of 2018 belong to the arrangement of 2019, as announced in December 2018.
ANNOUNCED = {
    2017: (
        "01-02 01-27 01-30 01-31 02-01 02-02 04-03 04-04 05-01 05-29 05-30 10-02 10-03 10-04 10-05 10-06",
        "01-22 02-04 04-01 05-27 09-30",
    ),
    2018: (
        "01-01 02-15 02-16 02-19 02-20 02-21 04-05 04-06 04-30 05-01 06-18 09-24 10-01 10-02 10-03 10-04 10-05 12-31",
        "02-11 02-24 04-08 04-28 09-29 09-30 12-29",
    ),
}


def a_calendar(**year: object) -> WorkCalendar:
    return WorkCalendar(CalendarFile.model_validate({"years": [year] if year else []}))


@pytest.mark.parametrize("year", sorted(ANNOUNCED))
def test_every_day_is_as_announced(year: int) -> None:
    free, worked = (set(days.split()) for days in ANNOUNCED[year])
    calendar = a_calendar()
    day = date(year, 1, 1)
    while day.year == year:
        short = day.isoformat()[5:]
        expected = short in worked or (day.weekday() < 5 and short not in free)
        assert calendar.is_workday(day) is expected, day
        day += timedelta(days=1)


def test_a_year_that_nobody_announced_is_a_marked_guess_from_weekdays() -> None:
    calendar = a_calendar()
    assert [calendar.is_guess(y) for y in (2003, 2004, 2017, 2026, 2027)] == [True, False, False, False, True]
    assert calendar.is_workday(date(2027, 10, 1))  # a Friday, in truth the National Day
    assert not calendar.is_workday(date(2027, 10, 2))
    assert calendar.is_workday(date(2003, 12, 31))


def test_the_file_makes_an_unknown_year_known() -> None:
    calendar = a_calendar(year=2027, holidays=[date(2027, 10, 1)], workdays=[date(2027, 10, 9)])
    assert not calendar.is_guess(2027)
    assert not calendar.is_workday(date(2027, 10, 1))
    assert calendar.is_workday(date(2027, 10, 9))
    assert calendar.is_workday(date(2027, 10, 8))
    assert not calendar.is_workday(date(2027, 10, 10))


def test_one_day_in_the_file_changes_that_day_alone() -> None:
    """An office that adds one local holiday does not lose the State Council's arrangement of the year."""
    calendar = a_calendar(year=2017, holidays=[date(2017, 6, 15)], workdays=[date(2017, 10, 5)])
    assert not calendar.is_workday(date(2017, 6, 15))
    assert calendar.is_workday(date(2017, 10, 5))
    assert not calendar.is_workday(date(2017, 10, 4))
    assert calendar.is_workday(date(2017, 9, 30))


def test_a_day_of_the_year_before_counts_too() -> None:
    """The arrangement of 2028 may free 2027-12-31."""
    assert not a_calendar(year=2028, holidays=[date(2027, 12, 31)]).is_workday(date(2027, 12, 31))


def test_a_day_that_is_free_and_worked_is_a_wrong_file() -> None:
    with pytest.raises(ConfigError, match=r"^calendar\.toml: 2027-02-20 stands in holidays and in workdays"):
        a_calendar(year=2027, holidays=[date(2027, 2, 20)], workdays=[date(2027, 2, 20)])


@pytest.mark.parametrize(
    ("day", "by", "expected"),
    [
        ("2017-07-05", -3, "2017-06-30"),  # over a weekend
        ("2017-10-05", -1, "2017-09-30"),  # a Saturday that is worked
        ("2017-10-05", 1, "2017-10-09"),  # the holidays end on Sunday
        ("2017-05-30", -2, "2017-05-26"),  # 05-27, a Saturday, is worked
        ("2017-12-29", 1, "2018-01-02"),  # into the next year
        ("2018-02-14", 1, "2018-02-22"),  # over the Spring Festival
        ("2016-02-26", 2, "2016-03-01"),  # over a leap day: 02-29 is a Monday
        ("2017-07-01", 0, "2017-07-01"),  # 0 is the day itself, a Saturday
        ("2026-12-31", 2, "2027-01-04"),  # from the known into the guessed: 01-01 is a Friday
    ],
)
def test_shift(day: str, by: int, expected: str) -> None:
    assert a_calendar().shift(date.fromisoformat(day), by) == date.fromisoformat(expected)


def test_next_and_previous_keep_a_day_that_is_worked() -> None:
    calendar, worked, free = a_calendar(), date(2017, 7, 5), date(2017, 8, 5)
    assert (calendar.previous_workday(worked), calendar.next_workday(worked)) == (worked, worked)
    assert (calendar.previous_workday(free), calendar.next_workday(free)) == (date(2017, 8, 4), date(2017, 8, 7))


def test_a_datetime_is_taken_as_its_day() -> None:
    assert not a_calendar().is_workday(datetime(2017, 10, 5, 9))  # noqa: DTZ001 - a naive day is the point


DAYS = st.dates(date(2005, 1, 1), date(2029, 12, 31))


@given(DAYS, st.integers(1, 40))
@settings(max_examples=80, deadline=None)
def test_shift_there_and_back(day: date, count: int) -> None:
    calendar = a_calendar()
    there = calendar.shift(day, count)
    assert there > day
    assert calendar.is_workday(there)
    worked = calendar.next_workday(day)
    assert calendar.shift(calendar.shift(worked, count), -count) == worked
    assert calendar.shift(calendar.shift(worked, -count), count) == worked


@given(DAYS, st.integers(1, 40))
@settings(max_examples=80, deadline=None)
def test_shift_counts_the_working_days_that_it_passes(day: date, count: int) -> None:
    calendar = a_calendar()
    there = calendar.shift(day, count)
    passed = [day + timedelta(days=n) for n in range(1, (there - day).days + 1)]
    assert sum(map(calendar.is_workday, passed)) == count

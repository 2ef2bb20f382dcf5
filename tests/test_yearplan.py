"""A year's deadlines as they fall, and the calendar file that tells them: parsed back, and held against RFC 5545."""

from datetime import date, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from bot.config import Office, read_toml
from bot.deciding.calendar import WorkCalendar
from bot.deciding.whichperiod import Campaign
from bot.deciding.yearplan import PlanDay, dues, plan
from bot.letters.calendars import CalendarWords, calendar_file
from bot.rules.forms import FormRule
from tests.books import RULES
from tests.bots import ROOT, ZONE, at

ANNEX4 = RULES.forms["annex4"]
CAMPAIGN = Campaign("2017-06", "2027-12")
CALENDAR = WorkCalendar(RULES.calendar)
WORDS = CalendarWords.model_validate(read_toml(ROOT / "templates" / "calendar.toml"))
OFFICE = Office(name="县安委会办公室", contact="郭忠亮", phone="6228071")
NOW = at("2018-01-02T08:30")


def owed(**changes: Any) -> FormRule:
    return ANNEX4.model_copy(update={"owed": ANNEX4.owed.model_copy(update=changes)})


def of(year: int, *rules: FormRule, campaign: Campaign = CAMPAIGN) -> tuple[PlanDay, ...]:
    return plan(year, rules or (ANNEX4,), campaign, RULES.reminders, CALENDAR, ZONE)


def days(year: int, *rules: FormRule) -> list[tuple[int, int]]:
    return [(d.day.month, d.day.day) for d in of(year, *rules)]


def test_the_first_year_has_six_deadlines_and_december_s_is_the_next_year_s() -> None:
    assert [(d.due.period, d.due.deadline) for d in of(2017)] == [
        (f"2017-{m:02}", at(f"2017-{m + 1:02}-05T23:59:59")) for m in range(6, 12)
    ]
    assert of(2018)[0].due.period == "2017-12"
    assert len(of(2018)) == 12


def test_the_last_report_of_a_campaign_is_due_in_the_year_after() -> None:
    short = Campaign("2017-06", "2019-12")
    assert [d.due.period for d in of(2020, campaign=short)] == ["2019-12"]
    assert of(2021, campaign=short) == of(2016, campaign=short) == ()


def test_literal_days_are_marked_where_nobody_works() -> None:
    # 2018: Qingming, a Saturday, a Sunday, the National Day week
    assert [d.day.isoformat() for d in of(2018) if not d.worked] == [
        "2018-04-05", "2018-05-05", "2018-08-05", "2018-10-05",
    ]  # fmt: skip
    assert {d.moved_from for d in of(2018)} == {None}


def test_moved_days_are_worked_and_say_from_where() -> None:
    moved = {d.moved_from: d.day for d in of(2018, owed(shift="next")) if d.moved_from}
    assert moved == {
        date(2018, 4, 5): date(2018, 4, 8),  # a Sunday that is worked
        date(2018, 5, 5): date(2018, 5, 7),
        date(2018, 8, 5): date(2018, 8, 6),
        date(2018, 10, 5): date(2018, 10, 8),
    }
    assert all(d.worked for d in of(2018, owed(shift="next")))
    assert days(2018, owed(shift="previous"))[9] == (9, 30)  # before the holiday, and worked


def test_a_deadline_that_moves_across_new_year_belongs_to_the_year_in_which_it_falls() -> None:
    last = owed(day=31, months_after=0, shift="next")  # 2017-12-31 is a Sunday, New Year a Monday
    assert (1, 2) not in days(2017, last)
    assert of(2018, last)[0].due == dues(2018, [last], CAMPAIGN, CALENDAR, ZONE)[0]
    assert (of(2018, last)[0].due.period, of(2018, last)[0].day) == ("2017-12", date(2018, 1, 2))


def test_several_forms_stand_in_the_order_of_time() -> None:
    other = owed(day=1).model_copy(update={"id": "annex9"})
    found = [(d.due.form, d.day.isoformat()) for d in of(2018, ANNEX4, other)]
    assert found[:3] == [("annex9", "2018-01-01"), ("annex4", "2018-01-05"), ("annex9", "2018-02-01")]


def test_reminders_and_alarm_fall_on_working_days() -> None:
    april = of(2018)[3]
    assert april.reminders == (
        ("before-3", at("2018-04-02T08:30")),
        ("due", at("2018-04-04T08:30")),
        ("after-1", at("2018-04-08T08:30")),
        ("after-3", at("2018-04-10T08:30")),
        ("after-7", at("2018-04-16T08:30")),
        ("escalate-10", at("2018-04-19T08:30")),
    )
    assert april.alarm == at("2018-04-04T08:30")


def test_a_year_that_nobody_announced_is_a_guess() -> None:
    assert {d.guess for d in of(2027)} == {True}
    assert {d.guess for d in of(2026)} == {False}


# --- the calendar file ---


def written(year: int = 2018, *rules: FormRule) -> bytes:
    return calendar_file(year, of(year, *rules), RULES, WORDS, OFFICE, host="demo.test", now=NOW)


def read_back(data: bytes) -> list[Any]:
    """The events of a calendar file."""
    return list(Calendar.from_ical(data).walk("VEVENT"))


def test_the_file_is_as_rfc_5545_wants_it() -> None:
    data = written()
    assert data.endswith(b"END:VCALENDAR\r\n")
    for line in data.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line and b"\r" not in line
        line.removeprefix(b" ").decode()  # no character is cut in half
    assert data.count(b"BEGIN:VEVENT") == data.count(b"BEGIN:VALARM") == 12
    assert b"METHOD" not in data  # that would be an invitation, and needs an organizer


def test_it_says_what_the_plan_says_when_it_is_read_back() -> None:
    events = read_back(written())
    assert Calendar.from_ical(written())["x-wr-calname"] == "2018年安全生产标准化报送日程"
    assert [e["uid"] for e in events] == [f"annex4-{d.due.period}@demo.test" for d in of(2018)]
    for event, day in zip(events, of(2018), strict=True):
        assert (event.decoded("dtstart"), event.decoded("dtend")) == (day.day, day.day + timedelta(days=1))
        assert event.decoded("dtstamp") == NOW
        (alarm,) = event.walk("VALARM")
        midnight = at(f"{day.day}T00:00")
        assert midnight + alarm.decoded("trigger") == day.alarm
    assert events[0]["summary"] == "附件4（截至2017年12月）报送截止"
    assert "郭忠亮，电话：6228071" in events[0]["description"]
    # January 5th is a Friday; the alarm of a Monday rings on Friday
    assert events[0].walk("VALARM")[0].decoded("trigger") == timedelta(hours=-15, minutes=-30)
    assert events[1].walk("VALARM")[0].decoded("trigger") == timedelta(days=-2, hours=-15, minutes=-30)


def test_the_same_deadline_keeps_its_uid() -> None:
    first, again = ([e["uid"] for e in read_back(written(2018, rule))] for rule in (ANNEX4, owed(shift="next")))
    assert first == again
    assert len(set(first)) == 12


def test_moved_and_guessed_days_say_so() -> None:
    april = read_back(written(2018, owed(shift="next")))[3]
    assert "原定4月5日" in april["description"]
    assert "国务院办公厅" not in april["description"]
    assert "国务院办公厅" in read_back(written(2027))[0]["description"]


def test_what_is_owed_once_has_no_month() -> None:
    once = [RULES.forms[form] for form in ("plan", "annex2")]
    found = calendar_file(2017, of(2017, *once), RULES, WORDS, OFFICE, host="demo.test", now=NOW)
    assert [(e["uid"], e["summary"], e.decoded("dtstart")) for e in read_back(found)] == [
        ("plan-once@demo.test", "实施方案报送截止", date(2017, 6, 5)),
        ("annex2-once@demo.test", "附件2报送截止", date(2017, 6, 8)),
    ]


def test_numbers_of_one_month_are_named_without_until() -> None:
    monthly = RULES.model_copy(update={"forms": {"annex4": ANNEX4.model_copy(update={"cumulative": False})}})
    data = calendar_file(2018, of(2018)[:1], monthly, WORDS, OFFICE, host="demo.test", now=NOW)
    assert read_back(data)[0]["summary"] == "附件4（2017年12月）报送截止"


def test_hostile_words_stay_text() -> None:
    evil = ANNEX4.model_copy(update={"name": "a;b,c\\d\r\nBEGIN:VEVENT\r\nX:\x00y"})
    rules = RULES.model_copy(update={"forms": {"annex4": evil}})
    data = calendar_file(2018, of(2018)[:1], rules, WORDS, OFFICE, host="demo.test", now=NOW)
    assert data.split(b"\r\n").count(b"BEGIN:VEVENT") == 1
    (event,) = read_back(data)
    assert event["summary"] == "a;b,c\\d\nBEGIN:VEVENT\nX:y（截至2017年12月）报送截止"


@pytest.mark.parametrize(
    "key", ["file_name", "calendar_name", "cumulative", "monthly", "once", "summary", "description", "moved", "alarm"]
)
def test_a_wrong_word_is_named(key: str) -> None:
    with pytest.raises(ValueError, match=r"\{jahr\} is not filled in"):
        CalendarWords.model_validate({**WORDS.model_dump(), key: "{jahr}"})

"""The calendar file (.ics, RFC 5545) of a year's deadlines, for phones, Outlook, WPS.

A whole day for each deadline, which blocks nobody's time, with an alarm at the start of office hours on the working
day before. No METHOD: it is a file to open, and no invitation. UIDs are made of form and period alone, so a file
that is opened again replaces its own entries, in programs that look at UIDs.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from bot.config import Office
from bot.deciding.yearplan import PlanDay
from bot.letters.cells import clean
from bot.rules.base import Rule, allow_names
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

if TYPE_CHECKING:
    from icalendar import Event

ICS = "text/calendar"
PRODUCT = "-//annex4-bot//year plan//ZH"  # RFC 5545, 3.7.3: who made it
ABOUT = ("report", "title")
OFFICE = ("office", "contact", "phone")
DAY = ("month", "day")


class CalendarWords(Rule):
    """templates/calendar.toml."""

    file_name: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year",)))]
    calendar_name: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year",)))]
    cumulative: Annotated[str, AfterValidator(lambda text: allow_names(text, ("form", "period")))]
    monthly: Annotated[str, AfterValidator(lambda text: allow_names(text, ("form", "period")))]
    once: Annotated[str, AfterValidator(lambda text: allow_names(text, ("form",)))]
    summary: Annotated[str, AfterValidator(lambda text: allow_names(text, ABOUT))]
    description: Annotated[str, AfterValidator(lambda text: allow_names(text, (*ABOUT, *OFFICE)))]
    moved: Annotated[str, AfterValidator(lambda text: allow_names(text, DAY))]
    guess: str
    alarm: Annotated[str, AfterValidator(lambda text: allow_names(text, (*ABOUT, *DAY)))]


def calendar_file(
    year: int,
    days: Sequence[PlanDay],
    rules: Rules,
    words: CalendarWords,
    office: Office,
    *,
    host: str,
    now: datetime,
) -> bytes:
    """The file, in UTF-8 with CRLF, folded at 75 octets. ``host`` makes the UIDs this installation's own."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", words.calendar_name.format(year=year))
    calendar.add("x-wr-timezone", office.timezone)
    for day in days:
        calendar.add_component(_event(day, rules, words, office, host, now))
    return bytes(calendar.to_ical())


def _event(day: PlanDay, rules: Rules, words: CalendarWords, office: Office, host: str, now: datetime) -> "Event":
    from icalendar import Alarm, Event

    rule = rules.forms[day.due.form]
    about = {"report": _report(rule, day.due.period, words, rules), "title": rule.title}
    said = words.description.format(**about, office=office.name, contact=office.contact, phone=office.phone)
    said += words.moved.format(**_month_day(day.moved_from)) if day.moved_from else ""
    said += words.guess if day.guess else ""
    event = Event()
    event.add("uid", f"{day.due.form}-{day.due.period}@{host}")
    event.add("dtstamp", now)
    event.add("dtstart", day.day)
    event.add("dtend", day.day + timedelta(days=1))
    event.add("summary", clean(words.summary.format(**about)))
    event.add("description", clean(said))
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", clean(words.alarm.format(**about, **_month_day(day.day))))
    # Relative to the day's first minute: some programs ignore an alarm at an absolute time.
    alarm.add("trigger", day.alarm - datetime.combine(day.day, time.min, day.alarm.tzinfo))
    event.add_component(alarm)
    return event


def _report(rule: FormRule, period: str, words: CalendarWords, rules: Rules) -> str:
    """A form and its month, as letters name it."""
    if rule.owed.once:
        return words.once.format(form=rule.name)
    pattern = words.cumulative if rule.cumulative else words.monthly
    return pattern.format(form=rule.name, period=rules.words.month_text(period))


def _month_day(day: date) -> dict[str, int]:
    return {"month": day.month, "day": day.day}

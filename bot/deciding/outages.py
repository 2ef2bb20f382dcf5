"""What an outage of the program has put off, and what it has left out: only the latest of each kind is made up. Pure.

Off from Monday 2017-07-03 12:00 to Tuesday 2017-08-15 10:00, June's report due on 07-05, July's on Saturday 08-05:

    reminders of June   due, after-1, after-3 are left out; after-7 is made up
    digests             the one of Monday 08-14 is made up; those of five Mondays are left out
    bulletins           July's, due on 08-09, is made up; June's, due on 07-10, is left out, and can be ordered
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from bot.deciding.calendar import WorkCalendar
from bot.deciding.ladder import moment
from bot.rules.reminders import Hours, Reminders


@dataclass(frozen=True, slots=True)
class Missed:
    """Of one kind of letter: which of them, in order, are made up, and which are left out."""

    late: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def working_time(gone: datetime, back: datetime, hours: Hours, calendar: WorkCalendar, zone: tzinfo) -> timedelta:
    """How much of the office's working time lies between two moments: nights and holidays miss nothing."""
    day, last, found = gone.astimezone(zone).date(), back.astimezone(zone).date(), timedelta(0)
    while day <= last:
        if calendar.is_workday(day):
            begin, end = (datetime.combine(day, at, zone) for at in (hours.start, hours.to))
            found += max(timedelta(0), min(end, back) - max(begin, gone))
        day += timedelta(days=1)
    return found


def monthly(due: Mapping[str, datetime], gone: datetime, back: datetime) -> Missed:
    """Of letters of which each month has one, by their moments in order: the newest is made up."""
    reached = [period for period, at in due.items() if gone < at <= back]
    return Missed(tuple(reached[-1:]), tuple(reached[:-1]))


def weekly(weekday: int, at: time, gone: datetime, back: datetime, zone: tzinfo) -> Missed:
    """The same of a letter of each week, by its days."""
    day: date = gone.astimezone(zone).date()
    due = {}
    while day <= back.astimezone(zone).date():
        if day.isoweekday() == weekday:
            due[day.isoformat()] = datetime.combine(day, at, zone)
        day += timedelta(days=1)
    return monthly(due, gone, back)


def stages(
    reminders: Reminders, deadline: datetime, gone: datetime, back: datetime, calendar: WorkCalendar, zone: tzinfo
) -> Missed:
    """Of the ladder to the units: the last stage that still makes sense is made up, if it was reached meanwhile."""
    own = [(s, moment(s, deadline, reminders.hours, calendar, zone)) for s in reminders.stages if s.to == "unit"]
    missed = [stage for stage, at in own if gone < at <= back]
    useful = [stage for stage, at in own if at <= back and (stage.when == "after") == (deadline < back)]
    late = [stage.id for stage in missed if useful and stage is useful[-1]]
    return Missed(tuple(late), tuple(stage.id for stage in missed if stage.id not in late))


def names(found: Sequence[tuple[str, Missed]]) -> tuple[list[str], list[str]]:
    """The names of what something is made up of, and of what something is left out."""
    return [name for name, m in found if m.late], [name for name, m in found if m.skipped]

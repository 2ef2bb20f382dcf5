"""A year's deadlines as they really fall, with the days on which reminders go out. Pure.

A report belongs to the year in which it falls due: December's is due on January 5th, and stands in the next
year's plan and in its assessment. 2017, campaign from 2017-06, the 5th, literal:

    form    period   deadline            worked
    annex4  2017-06  2017-07-05 (Wed)    yes
    annex4  2017-07  2017-08-05 (Sat)    no; with shift = "next" it is 2017-08-07, moved_from 2017-08-05
    …
    annex4  2017-11  2017-12-05 (Tue)    yes       December's is the first one of 2018
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from bot.deciding.calendar import WorkCalendar
from bot.deciding.deadlines import deadline, owed_periods
from bot.deciding.ladder import moment
from bot.deciding.whichperiod import Campaign
from bot.rules.forms import FormRule
from bot.rules.reminders import Reminders

NOTHING_PASSED: Mapping[tuple[str, str], datetime] = {}


@dataclass(frozen=True, slots=True)
class Due:
    """One form falls due for one period. ``deadline`` is the last second that is on time, in the office's zone."""

    form: str
    period: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class PlanDay:
    """A deadline as it falls. ``moved_from`` is the day that the rule names, if that is another one; ``guess`` means
    that nobody has announced which days of that year are worked; ``reminders`` are the stages, in order, with the
    moment at which each is reached; ``alarm`` is the start of office hours on the working day before."""

    due: Due
    worked: bool
    moved_from: date | None
    guess: bool
    alarm: datetime
    reminders: tuple[tuple[str, datetime], ...]

    @property
    def day(self) -> date:
        """The last day on which the report is on time."""
        return self.due.deadline.date()


def dues(
    year: int,
    forms: Iterable[FormRule],
    campaign: Campaign,
    calendar: WorkCalendar,
    zone: tzinfo,
    passed: Mapping[tuple[str, str], datetime] = NOTHING_PASSED,
) -> tuple[Due, ...]:
    """Everything of the campaign that falls due in that year, in the order of time. ``passed``: (form, period) -> the
    deadline as it was, where it has passed."""
    # Beyond the year, so that every report that falls due in it has opened.
    after = datetime.combine(date(year + 1, 12, 31), time.min, zone)
    found = [
        Due(rule.id, period, passed.get((rule.id, period), deadline(rule, period, calendar, zone)).astimezone(zone))
        for rule in forms
        for period in owed_periods(rule, campaign.first, campaign.last, after, zone)
    ]
    return tuple(sorted((d for d in found if d.deadline.year == year), key=lambda d: d.deadline))


def plan(
    year: int,
    forms: Iterable[FormRule],
    campaign: Campaign,
    reminders: Reminders,
    calendar: WorkCalendar,
    zone: tzinfo,
) -> tuple[PlanDay, ...]:
    """The year's deadlines with all that a person wants to know of each."""
    rules = {rule.id: rule for rule in forms}
    return tuple(
        _plan_day(due, rules[due.form], reminders, calendar, zone)
        for due in dues(year, rules.values(), campaign, calendar, zone)
    )


def _plan_day(due: Due, rule: FormRule, reminders: Reminders, calendar: WorkCalendar, zone: tzinfo) -> PlanDay:
    literal = rule.model_copy(update={"owed": rule.owed.model_copy(update={"shift": "none"})})
    named, day = deadline(literal, due.period, calendar, zone).date(), due.deadline.date()
    return PlanDay(
        due=due,
        worked=calendar.is_workday(day),
        moved_from=None if named == day else named,
        guess=calendar.is_guess(day.year),
        alarm=datetime.combine(calendar.shift(day, -1), reminders.hours.start, zone),
        reminders=tuple((s.id, moment(s, due.deadline, reminders.hours, calendar, zone)) for s in reminders.stages),
    )

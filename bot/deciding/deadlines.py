"""Periods (``2017-06``) and when their reports open and fall due. Pure: ``now`` is a parameter.

The notice (section 三(三)) asks for the numbers of a month by the 5th of the following month. All days
are days in the office's zone; every datetime that enters or leaves is aware.
"""

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta, tzinfo

from bot.config import PERIOD_PATTERN
from bot.deciding.calendar import WorkCalendar
from bot.model.deciding import ONCE
from bot.rules.forms import FormRule

END_OF_DAY = time(23, 59, 59)


def _index(period: str) -> int:
    """Months since the year 0: consecutive numbers for consecutive months. ValueError if it is no period."""
    if not re.fullmatch(PERIOD_PATTERN, period, re.ASCII) or period < "0001":
        raise ValueError(f"not a period: {period!r}, expected YYYY-MM")
    return int(period[:4]) * 12 + int(period[5:]) - 1


def _first_day(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def _days(first: date) -> int:
    return monthrange(first.year, first.month)[1]


def period_of(day: date) -> str:
    """The month in which a day lies. A datetime must already be in the office's zone."""
    return f"{day.year:04d}-{day.month:02d}"


def _moved(period: str, months: int) -> str:
    return period_of(_first_day(_index(period) + months))


def next_period(period: str) -> str:
    """The month after; ``2017-12`` gives ``2018-01``."""
    return _moved(period, 1)


def previous_period(period: str) -> str:
    """The month before; ``2018-01`` gives ``2017-12``."""
    return _moved(period, -1)


def last_day(period: str) -> date:
    """The last day of a month: that of which its numbers are."""
    first = _first_day(_index(period))
    return first.replace(day=_days(first))


def periods(first: str, last: str) -> tuple[str, ...]:
    """Every month from ``first`` to ``last``, both included; nothing if ``last`` lies before ``first``."""
    return tuple(period_of(_first_day(i)) for i in range(_index(first), _index(last) + 1))


def deadline(rule: FormRule, period: str, calendar: WorkCalendar, zone: tzinfo) -> datetime:
    """The last second at which a report for ``period`` is on time.

    A day that the month does not have (the 31st of April) means its last day. ``owed.shift`` then moves
    a day that is not worked to the next or the previous working day, or leaves it. ValueError for
    something that is no period, or whose deadline lies beyond the year 9999.
    """
    day = _literal_day(rule, period)
    match rule.owed.shift:
        case "next":
            day = calendar.next_workday(day)
        case "previous":
            day = calendar.previous_workday(day)
        case "none":
            pass
    return datetime.combine(day, END_OF_DAY, zone)


def _literal_day(rule: FormRule, period: str) -> date:
    """The day that the rules name, before it is moved."""
    if rule.owed.on is not None:
        return rule.owed.on
    first = _first_day(_index(period) + rule.owed.months_after)
    return first.replace(day=min(rule.owed.day or _days(first), _days(first)))


def opens_at(rule: FormRule, period: str, zone: tzinfo) -> datetime:
    """From when on a report for ``period`` is welcome: the start of the day on which the last
    ``opens_days`` days of the month begin, but never before the month itself begins."""
    if rule.owed.on is not None:
        return datetime.combine(rule.owed.on - timedelta(days=rule.owed.opens_days), time.min, zone)
    first = _first_day(_index(period))
    day = first + timedelta(days=max(0, _days(first) - rule.owed.opens_days))
    return datetime.combine(day, time.min, zone)


def open_period(rule: FormRule, now: datetime, zone: tzinfo) -> str:
    """The month whose report is welcome now: this month once it is open, else the one before."""
    if rule.owed.once:
        return ONCE
    current = period_of(now.astimezone(zone))
    return current if now >= opens_at(rule, current, zone) else previous_period(current)


def owed_periods(
    rule: FormRule, campaign_first: str, campaign_last: str, now: datetime, zone: tzinfo
) -> tuple[str, ...]:
    """The months of the campaign whose reports have opened by now, in order, due or not; of a form that is owed
    once, ``ONCE``. Only those for which the form is owed at all."""
    every = (ONCE,) if rule.owed.once else periods(campaign_first, campaign_last)
    return tuple(p for p in every if rule.is_owed_for(p) and opens_at(rule, p, zone) <= now)


def late_days(received_at: datetime, deadline: datetime, zone: tzinfo) -> int:
    """How many days after the deadline's day a report came; 0 if on time. The 6th at 00:00 is 1 day late.

    ``received_at`` is when the server received it. The last second of the day counts whole.
    """
    return max(0, (received_at.astimezone(zone).date() - deadline.astimezone(zone).date()).days)

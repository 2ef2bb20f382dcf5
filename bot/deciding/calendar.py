"""Which days are worked in China: the State Council's arrangement, under a file that the office can edit."""

from datetime import date, timedelta
from functools import cache

from bot.errors import ConfigError
from bot.rules.workdays import CalendarFile

ONE_DAY = timedelta(days=1)
SATURDAY = 5


class WorkCalendar:
    """Working days. A day that rules/calendar.toml names is what the file says; any other day is what the
    State Council announced (library chinesecalendar, 2004 to 2026, with the make-up days 调休); in a year
    that neither knows, Monday to Friday are worked, and ``is_guess`` says so. Reads no clock.

    ConfigError if the file calls one day both free and worked.
    """

    def __init__(self, file: CalendarFile) -> None:
        self._years = frozenset(y.year for y in file.years)
        # By date, not by year: the arrangement of one year may move a day of the year before (2018-12-31).
        self._free = frozenset(d for y in file.years for d in y.holidays)
        self._worked = frozenset(d for y in file.years for d in y.workdays)
        if both := sorted(self._free & self._worked):
            raise ConfigError(f"calendar.toml: {both[0]} stands in holidays and in workdays; expected one of them")

    def is_workday(self, day: date) -> bool:
        """Whether people work on that day."""
        if day in self._free or day in self._worked:
            return day in self._worked
        return _library_says(day)

    def is_guess(self, year: int) -> bool:
        """Whether that year is computed from weekdays alone, because neither the file nor the library has it."""
        return year not in self._years and not _announced(year)

    def shift(self, day: date, working_days: int) -> date:
        """The n-th working day after ``day``, or before it if n is negative, not counting ``day`` itself.
        0 is ``day``, worked or not."""
        step = ONE_DAY if working_days > 0 else -ONE_DAY
        left = abs(working_days)
        while left:
            day += step
            left -= self.is_workday(day)
        return day

    def next_workday(self, day: date) -> date:
        """``day`` if it is worked, else the first working day after it."""
        return day if self.is_workday(day) else self.shift(day, 1)

    def previous_workday(self, day: date) -> date:
        """``day`` if it is worked, else the last working day before it."""
        return day if self.is_workday(day) else self.shift(day, -1)


@cache  # it takes the library 70 µs, and a ladder of reminders asks for the same days again and again
def _library_says(day: date) -> bool:
    """The library's word, or the weekday's in a year that the library does not know."""
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(date(day.year, day.month, day.day)))
    except NotImplementedError:  # 2027-01-04, as long as the library ends with 2026
        return day.weekday() < SATURDAY


def _announced(year: int) -> bool:
    """Whether the library knows that year."""
    import chinese_calendar

    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:  # year 2027
        return False
    return True

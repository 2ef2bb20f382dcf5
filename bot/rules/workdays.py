"""rules/calendar.toml: holidays, and the days that are worked in their place."""

from datetime import date

from bot.rules.base import Rule


class YearOfDays(Rule):
    """One year's exceptions from "Monday to Friday are worked"."""

    year: int
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class CalendarFile(Rule):
    """rules/calendar.toml."""

    years: tuple[YearOfDays, ...] = ()

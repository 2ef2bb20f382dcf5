"""Which month do the numbers cover? The month on the form; its year from whatever speaks of one."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.deciding.deadlines import open_period, opens_at, period_of
from bot.deciding.findings import finding
from bot.model.deciding import Finding
from bot.model.forms import Written
from bot.reading.written import month
from bot.rules.base import even
from bot.rules.forms import FormRule
from bot.rules.words import Words

_PLAUSIBLE_DAYS = 200  # a 填报时间 further from the arrival than this has a typing error in its year
_SHORT = 12  # a longer text is the whole title, and no month to be quoted


@dataclass(frozen=True, slots=True)
class Campaign:
    """The first and the last period that is collected."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class WhichPeriod:
    """The period, or None when nobody can tell; ``open`` is the one whose report is welcome now."""

    period: str | None
    open: str
    finding: Finding | None = None


def which_period(
    written: Written | None,
    rule: FormRule,
    words: Words,
    *,
    filled_on: date | None,
    subject: str,
    reply_period: str | None,
    received_at: datetime,
    campaign: Campaign,
    zone: ZoneInfo,
) -> WhichPeriod:
    """Never takes the month from anywhere but the form, unless the form has none: then it is the
    month of the letter that was answered, else the open one, with a warning."""
    text, place = (written.text, written.place) if written else ("", "")
    open_now = min(max(open_period(rule, received_at, zone), campaign.first), campaign.last)
    expected = words.month_text(open_now)
    year, number = month(text)
    period = reply_period or open_now
    if number is None and _is_unfilled(text, words, period if year else ""):
        told = finding(rule, "period", "blank", place, ("field", "period"), expected=words.month_text(period))
        return WhichPeriod(period, open_now, told)
    if number is None:
        return WhichPeriod(
            None, open_now, finding(rule, "period", "", place, ("field", "period"), written=text, expected=expected)
        )
    arrived = received_at.astimezone(zone).date()
    period = f"{year}-{number:02d}" if year else _with_year(number, filled_on, subject, arrived)
    shown = text if len(text) <= _SHORT else words.month_text(period)
    if opens_at(rule, period, zone) > received_at:
        return WhichPeriod(
            None,
            open_now,
            finding(rule, "period", "future", place, ("field", "period"), written=shown, expected=expected),
        )
    if not campaign.first <= period <= campaign.last:
        span = {"first": words.month_text(campaign.first), "last": words.month_text(campaign.last)}
        told = finding(rule, "period", "outside", place, ("field", "period"), written=shown, expected=expected, **span)
        return WhichPeriod(None, open_now, told)
    return WhichPeriod(period, open_now)


def _is_unfilled(text: str, words: Words, period: str) -> bool:
    """Whether nothing stands there but the words of the paper form, and perhaps the year of the period."""
    return set(even(text).replace(period[:4], "", 1)) <= words.printed


def _with_year(number: int, filled_on: date | None, subject: str, arrived: date) -> str:
    """The month in the year that makes sense: 12 arriving in January is last year's.

    A subject's year counts when it is written as a date of this very month, or of none: the number of the
    notice, 乐安字〔2017〕13号, is no date, and stands in subjects of later years too.
    """
    if filled_on and abs((filled_on - arrived).days) <= _PLAUSIBLE_DAYS:
        arrived = filled_on
    elif (spoken := month(subject)) and spoken[0] and spoken[1] in (None, number):
        period = f"{spoken[0]}-{number:02d}"
        if abs(spoken[0] - arrived.year) <= 1 and period <= period_of(arrived):
            return period
    last_month = arrived.year * 12 + arrived.month - 2  # months since year 0, January = 0
    years = (arrived.year - 1, arrived.year, arrived.year + 1)
    year = min(years, key=lambda y: (abs(y * 12 + number - 1 - last_month), y))
    return f"{year}-{number:02d}"

"""Time from outside: the one place where ``now`` enters, from the clock or from ``--now``."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.errors import UsageError

YEARS = range(1970, 9000)  # outside, time zones and deadlines leave what a date can hold
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The moment now, aware, in UTC."""
    return datetime.now(UTC)


def parse_now(text: str | None, zone: ZoneInfo) -> datetime | None:
    """``--now``: a naive time in the office's zone, or one with an offset; None for none.

    UsageError if it is neither."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.year not in YEARS:
            raise ValueError("too far from any campaign to compute with")
    except ValueError as error:
        raise UsageError(f"--now: expected a time such as 2017-07-06T09:00 (got {text!r})") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)

"""Time from outside: the one place where ``now`` enters, from the clock or from ``--now``."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.errors import UsageError

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    return datetime.now(UTC)


def parse_now(text: str | None, zone: ZoneInfo) -> datetime | None:
    """``--now``: a naive time in the office's zone, or one with an offset; None for none.

    UsageError if it is neither."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--now: expected a time such as 2017-07-06T09:00 (got {text!r})") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)

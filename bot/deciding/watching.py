"""When a trouble of the bot's own is worth telling: blips are not, what lasts is, once, and its end as well. Pure.

seen -> begun -> lasts (told) -> well again -> over (told)
          \\-> gone: a blip, never told
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

SETTLED = timedelta(minutes=10)  # an end that does not hold so long is no end: else each flicker is told twice
UNWATCHED = timedelta(hours=2)  # what nobody looked at for longer may have been gone in between
FADED = timedelta(days=2)  # what nobody has seen for longer is not known to last; perhaps its machine is gone
Step = Literal["", "lasts", "over"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A condition that holds now. ``told``: the office learns of it on another way, and needs only its end."""

    detail: str = ""
    told: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """A condition that was seen: since when, when last, when it was found to last, since when it is gone again."""

    since: datetime
    seen_at: datetime
    detail: str = ""
    told_at: datetime | None = None
    well_since: datetime | None = None


def follow(
    trouble: Trouble | None, seen: Seen | None, now: datetime, patience: timedelta
) -> tuple[Trouble | None, Step]:
    """What is known of a condition after this look at it, and what is to be told, if anything.

    A clock that jumps makes nothing last: a trouble of the future begins now, and so does one that was not watched.
    """
    if seen is None:
        return _well(trouble, now) if trouble and trouble.told_at else (None, "")
    trouble = trouble or Trouble(now, now)
    if trouble.told_at is None and not timedelta(0) <= now - trouble.seen_at <= UNWATCHED:
        trouble = Trouble(now, now)
    trouble = replace(trouble, seen_at=now, detail=seen.detail, well_since=None)
    if trouble.told_at is None and now - trouble.since >= patience:
        return replace(trouble, told_at=now), "lasts"
    return trouble, ""


def _well(trouble: Trouble, now: datetime) -> tuple[Trouble | None, Step]:
    since = trouble.well_since or now
    since = min(since, now)
    if now - since >= SETTLED:
        return None, "over"
    return replace(trouble, well_since=since), ""


def lasts(trouble: Trouble, now: datetime) -> bool:
    """Whether a person should look after it now."""
    return trouble.told_at is not None and abs(now - trouble.seen_at) <= FADED

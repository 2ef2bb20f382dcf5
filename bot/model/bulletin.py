"""A bulletin: everything that it announces of one month, in numbers and names, without a word of its template.

Labels stand in it as they were: a bulletin that was released is shown from its copy, whatever the rules say later.
The record keeps it as JSON of a numbered shape: whoever changes a field here gives ``bot.record.bulletins`` the next
number.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bot.model.deciding import Numbers

RankedBy = Literal["rate", "total"]


@dataclass(frozen=True, slots=True)
class Label:
    """A category or a level of the form."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """One category of the county, or all together. ``counts`` go by level. ``previous`` is the month before, None
    where nothing is known of it. Without a complete base there is no rate and no gap; ``target`` is in percent."""

    label: str
    counts: tuple[int, ...]
    reached: int
    previous: int | None
    base: int | None
    rate: float | None
    target: float | None
    until: date | None
    gap: int | None

    @property
    def change(self) -> int | None:
        """What came since the month before; None where nothing is known of that."""
        return None if self.previous is None else self.reached - self.previous


@dataclass(frozen=True, slots=True)
class Line:
    """One unit, by the name that it had then; ``id`` is the same whatever it is called later, and empty in a bulletin
    from before ids were kept. ``state`` and ``late_days`` are about this month's report; the numbers are those of
    ``since``, the last month that it has reported, None if it never did. ``sums`` and ``previous`` go by category.
    ``group`` is its inspection group, ``why`` the reason for which its report waits. A unit without a number has no
    rank."""

    unit: str
    kind: str
    group: str
    state: str
    late_days: int
    why: str
    since: str | None
    report_id: int | None
    version: int | None
    numbers: Numbers
    sums: tuple[int, ...]
    previous: tuple[int, ...]
    base: int | None
    rate: float | None
    rank: int | None = None
    id: str = ""

    @property
    def total(self) -> int | None:
        """All categories together; None for a unit that has never reported."""
        return sum(self.sums) if self.since else None

    @property
    def change(self) -> int | None:
        """What came since the month before; None where nothing is known of that."""
        return sum(self.sums) - sum(self.previous) if self.since and self.previous else None


@dataclass(frozen=True, slots=True)
class Change:
    """What was accepted for a month after that month had been announced: ``announced`` was said then (None: the unit
    had not reported that month), ``now`` is in force."""

    unit: str
    period: str
    kind: Literal["corrected", "added"]
    announced: int | None
    now: int
    report_id: int
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One month of one form. ``before`` is the month that it is compared with; ``ranked_by`` goes by kind of unit;
    ``changes`` are about months that were announced earlier."""

    form: str
    form_name: str
    form_title: str
    period: str
    before: str | None
    deadline: datetime
    made_at: datetime
    categories: tuple[Label, ...]
    levels: tuple[Label, ...]
    parts: tuple[Part, ...]
    whole: Part
    expected: int
    received: int
    on_time: int
    lines: tuple[Line, ...]
    ranked_by: dict[str, RankedBy]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A bulletin as the record keeps it; it is frozen once ``released_at`` stands in it."""

    bulletin: Bulletin
    drafted_at: datetime
    released_at: datetime | None

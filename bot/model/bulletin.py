"""A bulletin: everything that it announces of one month, in numbers and names, without a word of its template.

Labels stand in it as they were: a bulletin that was released is shown from its copy, whatever the rules say later.
The record keeps it as JSON of a numbered shape: whoever changes a field here gives ``bot.record.bulletins`` the next
number.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bot.model.deciding import Numbers

Lag = Literal["on_pace", "behind", "far_behind"]
RankedBy = Literal["rate", "total", "none"]  # by totals only what was announced when that was done


@dataclass(frozen=True, slots=True)
class Label:
    """A category or a level of the form."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Whom:
    """Over whom a number of several units is: of ``expected`` units ``counted`` have sent one, ``carried`` of them for
    an earlier month alone; ``rated`` of the counted have registered a base too, and reached ``reached`` together:
    these make rate, target and gap. ``newcomers`` had no number before, and brought ``first``: that is no growth."""

    expected: int
    counted: int
    carried: int
    rated: int
    reached: int
    newcomers: int
    first: int


@dataclass(frozen=True, slots=True)
class Part:
    """One category of the county, or all together. ``counts`` go by level. ``reached`` is None while nobody has sent
    anything. ``previous`` is the month before, of those who have both numbers; None where nothing is known of it.
    Without a base there is no rate and no gap; ``target`` is in percent, ``lag`` as in ``deciding.pace``. ``growth`` is
    over those who have both numbers: previous + growth + first = reached.

    ``whom`` is None in what was announced when all units were added up: then the growth is the difference.
    """

    label: str
    counts: tuple[int | None, ...]
    reached: int | None
    previous: int | None
    base: int | None
    rate: float | None
    target: float | None
    until: date | None
    gap: int | None
    whom: Whom | None = None
    growth: int | None = None
    lag: Lag | None = None

    @property
    def change(self) -> int | None:
        """What came since the month before; None where nothing is known of that."""
        if self.whom is not None:
            return self.growth
        return None if self.previous is None or self.reached is None else self.reached - self.previous


@dataclass(frozen=True, slots=True)
class Beside:
    """What units of a kind that is no part of the county have reported, ``counted`` of ``expected``: the same things
    from another side. ``sums`` and ``differences`` (theirs less the county's) go by category; ``reached`` and
    ``difference`` are all together, None as long as nobody has sent anything."""

    kind: str
    expected: int
    counted: int
    carried: int
    sums: tuple[int | None, ...]
    differences: tuple[int | None, ...]
    reached: int | None
    difference: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One unit, by the name that it had then; ``id`` is the same whatever it is called later, and empty in a bulletin
    from before ids were kept. ``state`` and ``late_days`` are about this month's report; the numbers are those of
    ``since``, the last month that it has reported, None if it never did. ``sums`` and ``previous`` go by category.
    ``group`` is its inspection group, ``why`` the reason for which its report waits. A unit without a number of this
    month has no rank.

    ``compared_with`` is the month of ``previous``; ``lag`` is its pace, ``streaks`` for how many months in a row it has
    not grown or was late, in words. ``compared`` tells whether the number is this month's and may be held against
    ``previous``; None in what was announced when a number that was carried on was held against itself."""

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
    compared: bool | None = None
    compared_with: str | None = None
    streaks: tuple[str, ...] = ()
    lag: Lag | None = None

    @property
    def total(self) -> int | None:
        """All categories together; None for a unit that has never reported."""
        return sum(self.sums) if self.since else None

    @property
    def change(self) -> int | None:
        """What came since the month before; None where nothing is known of that."""
        if self.compared is False or not self.since or not self.previous:
            return None
        return sum(self.sums) - sum(self.previous)


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
    ``changes`` are about months that were announced earlier. ``county`` are the kinds of unit that ``parts`` and
    ``whole`` add up, empty where they were all added up; ``beside`` the others. ``silent`` have never sent anything."""

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
    county: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def county_lines(self) -> tuple[Line, ...]:
        """The units that make the county."""
        return tuple(line for line in self.lines if not self.county or line.kind in self.county)


@dataclass(frozen=True, slots=True)
class Kept:
    """A bulletin as the record keeps it; it is frozen once ``released_at`` stands in it."""

    bulletin: Bulletin
    drafted_at: datetime
    released_at: datetime | None

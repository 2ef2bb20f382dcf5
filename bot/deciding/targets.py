"""How far the county, or a unit, is from the targets of rules/targets.toml (notice, section 一), and at what pace
they can still be reached.

Months are counted in reports. The numbers of June say what was reached when June ended, so June is no month in which
anything can still be done, whether its report comes on the 28th or on the 5th: until the end of 2017 the reports of
July to December are still to come, six of them. December's own report decides about a target of December 31st, though
it comes in January.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from bot.deciding.deadlines import last_day, period_of, previous_period
from bot.deciding.pace import lag_behind
from bot.deciding.rounding import shown_rate
from bot.model.bulletin import Lag
from bot.rules.targets import Target, Targets


@dataclass(frozen=True, slots=True)
class Share:
    """One category, or all together. ``reached`` and ``base`` count enterprises; ``rate`` is reached through
    base as every place shows it (``rounding.shown_rate``), so above 1 when more were reported than are registered;
    None without a base, or with base 0.

    ``target`` is in percent, to be reached by the end of ``until``; ``gap`` is how many enterprises are missing,
    0 if none, None without a base. ``passed`` means that ``until`` has gone by and no later target follows.
    ``months_left`` counts the months after that of the numbers, until then: the reports that can still be made.
    ``lag`` says whether it is on pace (``pace.lag_behind``); None without a base or a target.
    """

    reached: int
    base: int | None
    rate: float | None
    target: float | None
    until: date | None
    gap: int | None
    months_left: int | None
    passed: bool
    lag: Lag | None = None

    @property
    def pace(self) -> int | None:
        """How many enterprises each month still to come must bring; see ``pace``."""
        return pace(self.gap, self.months_left)


@dataclass(frozen=True, slots=True)
class Progress:
    """``groups`` by id, in the order in which they were given, and ``overall`` for their sum."""

    groups: dict[str, Share]
    overall: Share


def pace(gap: int | None, months: int | None) -> int | None:
    """How many a month must bring so that ``gap`` is closed in time: rounded up, so the last month may need fewer.
    0 when nothing is missing; None without a base, without a target, or when no month is left."""
    if gap is None or months is None or (gap and not months):
        return None
    return -(-gap // months) if gap else 0


def months_left(until: date, on: date) -> int:
    """The months after that of ``on`` up to that of ``until``; 0 when there is none."""
    return max(0, (until.year - on.year) * 12 + until.month - on.month)


def account_day(period: str, on: date) -> date:
    """The day to which a month's numbers are held, looked at on another: the last of the month; or of the one before
    ``on`` if that is later, because a report that is three months late does not give those months back."""
    return last_day(max(period, previous_period(period_of(on))))


def progress(sums: Mapping[str, int], base: Mapping[str, int] | None, targets: Targets, on: date) -> Progress:
    """The distance to the targets on a day (see ``account_day``): ``sums`` is what was reached by category, ``base``
    what is registered.

    Of each category, and of all, counts the next target that names it and has not passed; after the last
    one, the last. The base of all is known only when that of every category is.
    """
    base = base or {}
    ids = [*sums, *(id_ for id_ in base if id_ not in sums)]
    whole = sum(base.values()) if ids and all(id_ in base for id_ in ids) else None
    groups = {id_: share(id_, sums.get(id_, 0), base.get(id_), targets, on) for id_ in ids}
    return Progress(groups, share(None, sum(sums.values()), whole, targets, on))


def share(group: str | None, reached: int, base: int | None, targets: Targets, on: date) -> Share:
    """The distance of one category, or of all (None), to its target on a day."""

    def percent(target: Target) -> float | None:
        return target.all if group is None else target.groups.get(group)

    naming = [(t.until, asked) for t in targets.targets if (asked := percent(t)) is not None]
    chosen = next((n for n, (until, _) in enumerate(naming) if until >= on), len(naming) - 1)
    if chosen < 0:
        return Share(reached, base, _rate(reached, base, None), None, None, None, None, False)
    until, target = naming[chosen]
    # Exact: in floats 55 % of 100 is more than 55, and a gap of one would be invented.
    gap = None if base is None else max(0, ceil(Fraction(str(target)) * base / 100) - reached)
    before = naming[chosen - 1] if chosen else None
    lag = lag_behind(reached, base, (until, target), before, targets.pace, on) if gap else ("on_pace" if base else None)
    rate = _rate(reached, base, target)
    return Share(reached, base, rate, target, until, gap, months_left(until, on), until < on, lag)


def _rate(reached: int, base: int | None, target: float | None) -> float | None:
    return shown_rate(Fraction(reached, base), target) if base else None

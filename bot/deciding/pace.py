"""Whether a target is on pace, and for how many months a unit has not moved or was late. Pure.

The line of what should be reached is straight: from the target before, or from nothing on the day on which the
campaign began, to the target on its day. With begins = 2017-05-30, a target of 50 % until 2017-12-31 (215 days) and
the limits 10 and 30, on 2017-07-31 (62 days) 14.4 % should be reached:

    rate      below the line, in percent of the target    lag
    15 %      0                                           on_pace
    10 %      8.8                                         on_pace
    9 %       10.8                                        behind
    0 %       28.8                                        behind
    49 %      on 2017-12-31, the target's own day         far_behind: there is no time left
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

from bot.deciding.standing import Standing
from bot.model.bulletin import Lag
from bot.rules.targets import PaceRule

WORST: tuple[Lag, ...] = ("far_behind", "behind", "on_pace")
Stage = tuple[date, float]  # a target's day and what is asked then, in percent


def lag_behind(
    reached: int, base: int | None, stage: Stage, before: Stage | None, rule: PaceRule | None, on: date
) -> Lag | None:
    """How far something that has not reached its target is behind the line on a day. ``before`` is the target that
    was to be reached before this one. None without a rule or a base: then nobody can tell."""
    until, target = stage
    if rule is None or not base or not target:
        return None
    if on >= until:
        return "far_behind"
    begins, done = before or (rule.begins, 0.0)
    days = (until - begins).days
    gone = Fraction(min(max((on - begins).days, 0), days), days) if days > 0 else Fraction(1)
    expected = Fraction(str(done)) + (Fraction(str(target)) - Fraction(str(done))) * gone
    short = (expected - Fraction(100 * reached, base)) / Fraction(str(target)) * 100
    if short >= Fraction(str(rule.far_behind)):
        return "far_behind"
    return "behind" if short >= Fraction(str(rule.behind)) else "on_pace"


def worst(lags: Sequence[Lag | None]) -> Lag | None:
    """The worst of several; None where nothing is known of any."""
    return next((lag for lag in WORST if lag in lags), None)


@dataclass(frozen=True, slots=True)
class Streak:
    """So many months in a row, up to the newest that says anything: ``still`` without growth, ``late`` reported late
    or not at all. 0 where the newest month says otherwise."""

    still: int = 0
    late: int = 0


def streaks(months: Sequence[Mapping[str, Standing]]) -> dict[str, Streak]:
    """Of each unit of the newest month. ``months`` are consecutive, the newest last, each unit -> its line.

    A month without growth is one of which the unit sent the same total as of the month before: a month without a
    report says nothing, and ends the row. A month that is not due yet, or of which the unit is exempt, is passed over.
    """
    return {
        unit: Streak(_still([of.get(unit) for of in months]), _late([of.get(unit) for of in months]))
        for unit in (months[-1] if months else ())
    }


def _still(lines: Sequence[Standing | None]) -> int:
    newest_first = list(reversed(lines))
    while newest_first and (line := newest_first[0]) is not None and line.state == "open":
        newest_first.pop(0)
    found = 0
    for line, before in pairwise(newest_first):
        if line is None or before is None or line.total is None or line.total != before.total:
            break
        found += 1
    return found


def _late(lines: Sequence[Standing | None]) -> int:
    found = 0
    for line in reversed(lines):
        if line is None or line.state in {"waiting", "accepted"}:
            break
        found += bool(line.late_by_days) and line.state != "exempt"
    return found

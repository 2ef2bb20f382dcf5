"""How far the county, or a unit, is from the targets of rules/targets.toml (notice, section 一)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from bot.rules.policy import Target, Targets


@dataclass(frozen=True, slots=True)
class Share:
    """One category, or all together. ``reached`` and ``base`` count enterprises; ``rate`` is reached through
    base as it is, so above 1 when more were reported than are registered; None without a base, or with base 0.

    ``target`` is in percent, to be reached by the end of ``until``; ``gap`` is how many enterprises are missing,
    0 if none, None without a base. ``passed`` means that ``until`` has gone by and no later target follows.
    ``months_left`` counts the month ends still to come until then.
    """

    reached: int
    base: int | None
    rate: float | None
    target: float | None
    until: date | None
    gap: int | None
    months_left: int | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """``groups`` by id, in the order in which they were given, and ``overall`` for their sum."""

    groups: dict[str, Share]
    overall: Share


def progress(sums: Mapping[str, int], base: Mapping[str, int] | None, targets: Targets, on: date) -> Progress:
    """The distance to the targets on a day: ``sums`` is what was reached by category, ``base`` what is registered.

    Of each category, and of all, counts the next target that names it and has not passed; after the last
    one, the last. The base of all is known only when that of every category is.
    """
    base = base or {}
    ids = [*sums, *(id_ for id_ in base if id_ not in sums)]
    known = all(id_ in base for id_ in ids)

    def of_group(id_: str) -> Callable[[Target], float | None]:
        return lambda target: target.groups.get(id_)

    groups = {id_: _share(sums.get(id_, 0), base.get(id_), targets, on, of_group(id_)) for id_ in ids}
    whole = sum(base.values()) if ids and known else None
    return Progress(groups, _share(sum(sums.values()), whole, targets, on, lambda target: target.all))


def _share(
    reached: int, base: int | None, targets: Targets, on: date, percent: Callable[[Target], float | None]
) -> Share:
    rate = reached / base if base else None
    naming = [t for t in targets.targets if percent(t) is not None]
    chosen = next((t for t in naming if t.until >= on), naming[-1] if naming else None)
    if chosen is None:
        return Share(reached, base, rate, None, None, None, None, False)
    target = percent(chosen) or 0.0
    # Exact: in floats 55 % of 100 is more than 55, and a gap of one would be invented.
    gap = None if base is None else max(0, ceil(Fraction(str(target)) * base / 100) - reached)
    months = (chosen.until.year - on.year) * 12 + chosen.until.month - on.month
    return Share(reached, base, rate, target, chosen.until, gap, max(0, months), chosen.until < on)

"""What the county's numbers are: the one place where the numbers of several units are added up. Pure.

The county is the sum of the kinds of unit that its form names. The other kinds see the same things from another side:
their own sum stands beside it with the difference, and is never added. Three rules hold for every sum, of the county,
of an inspection group or of one unit:

    who has sent nothing             is in no sum and no rate: there is nothing that could be added
    growth                           is over those who have a number now and had one before; first numbers are none
    a rate, a distance to a target   is over those who have both a number and a registered base

Cumulative numbers carry on: who has not reported the period still has what was reported last, as ``carried`` tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.deciding.adding import subtotal, total
from bot.deciding.standing import Standing
from bot.deciding.targets import Share, share
from bot.model.deciding import Accepted, Numbers
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.units import InspectionGroup

Bases = Mapping[str, Mapping[str, int]]  # unit -> category -> registered


@dataclass(frozen=True, slots=True)
class Month:
    """What the record knows of a period: where each unit stands, by unit the report that counts for it and the one
    that it is compared with, each of that period or, where numbers are cumulative, the last before it; and the
    registered bases."""

    period: str
    standings: Sequence[Standing]
    present: Mapping[str, Accepted]
    before: Mapping[str, Accepted]
    bases: Bases


@dataclass(frozen=True, slots=True)
class Over:
    """Over whom a sum is: of ``expected`` units ``counted`` have sent a number, ``carried`` of them for an earlier
    period alone. ``rated`` of the counted have registered a base too: these make the rate. ``kinds`` are what they
    are."""

    kinds: tuple[str, ...]
    expected: int
    counted: int
    carried: int
    rated: int


@dataclass(frozen=True, slots=True)
class Tally:
    """One category of several units, or all together. ``reached`` is None while nobody has sent anything. ``growth``
    is None where nobody has two numbers; ``newcomers`` had none before, and brought ``first``. ``share`` is over the
    rated units alone: its ``reached`` is theirs."""

    reached: int | None
    growth: int | None
    newcomers: int
    first: int
    over: Over
    share: Share


@dataclass(frozen=True, slots=True)
class Together:
    """Several units together. ``counts`` is group -> column -> sum, empty while nobody has sent anything; ``silent``
    are the units that have sent nothing and owe it."""

    units: tuple[str, ...]
    silent: tuple[str, ...]
    counts: Numbers
    groups: dict[str, Tally]
    overall: Tally


@dataclass(frozen=True, slots=True)
class Beside:
    """What units of a kind that is no part of the county have reported together. ``difference`` is theirs less the
    county's, by category and in all (``overall``); None as long as one of the two has sent nothing."""

    kind: str
    together: Together
    differences: dict[str, int | None]
    overall: int | None


@dataclass(frozen=True, slots=True)
class Inspected:
    """One group of Annex 1 and how far the areas that it inspects are."""

    group: InspectionGroup
    together: Together


def together(rule: FormRule, rules: Rules, month: Month, units: Sequence[str], on: date) -> Together:
    """These units together. ``on`` is the day of ``targets.account_day``. Who is exempt and has sent nothing is not
    expected."""
    exempt = {line.unit.name for line in month.standings if line.state == "exempt"}
    expected = tuple(unit for unit in units if unit in month.present or unit not in exempt)
    counted = [unit for unit in expected if unit in month.present]
    numbers = [month.present[unit].numbers for unit in counted]
    return Together(
        expected,
        tuple(unit for unit in expected if unit not in month.present),
        {g.id: {c.id: sum(n.get(g.id, {}).get(c.id, 0) for n in numbers) for c in rule.columns} for g in rule.groups}
        if numbers
        else {},
        {g.id: _tally(rule, rules, month, expected, g.id, on) for g in rule.groups},
        _tally(rule, rules, month, expected, None, on),
    )


def county(rule: FormRule, rules: Rules, month: Month, on: date) -> Together:
    """The county: the units of the kinds that its form names."""
    return together(rule, rules, month, units_of(rule, rules, rule.county_kinds, month.period), on)


def beside(rule: FormRule, rules: Rules, month: Month, whole: Together, on: date) -> tuple[Beside, ...]:
    """Each other kind that owes the form, held against the county ``whole``."""
    found = []
    for kind in rule.kinds_beside:
        others = together(rule, rules, month, units_of(rule, rules, (kind,), month.period), on)
        apart = {id_: _less(tally, whole.groups[id_]) for id_, tally in others.groups.items()}
        found.append(Beside(kind, others, apart, _less(others.overall, whole.overall)))
    return tuple(found)


def by_group(rule: FormRule, rules: Rules, month: Month, on: date) -> tuple[Inspected, ...]:
    """How far each inspection group is, in the order of rules/units.toml. What its lead and members report as
    departments is not part of it: they inspect, and are not inspected."""
    areas = ((group, areas_of(group, rule, rules, month.period)) for group in rules.units.groups)
    return tuple(Inspected(group, together(rule, rules, month, own, on)) for group, own in areas if own)


def areas_of(group: InspectionGroup, rule: FormRule, rules: Rules, period: str) -> tuple[str, ...]:
    """The areas of a group that owe the form for a period."""
    return tuple(area for area in group.areas if rule.owed_by(rules.units.by_name[area], period))


def units_of(rule: FormRule, rules: Rules, kinds: Sequence[str], period: str) -> tuple[str, ...]:
    """The units of these kinds that owe the form for a period."""
    return tuple(unit.name for unit in rule.owing(rules.units.units, period) if unit.kind in kinds)


def _tally(rule: FormRule, rules: Rules, month: Month, units: Sequence[str], group: str | None, on: date) -> Tally:
    """One category, or all (None)."""
    ids = [group] if group else [g.id for g in rule.groups]

    def of(report: Accepted) -> int:
        return subtotal(report.numbers, group) if group else total(report.numbers)

    counted = [unit for unit in units if unit in month.present]
    both = [unit for unit in counted if unit in month.before]
    new = [unit for unit in counted if unit not in month.before]
    rated = [unit for unit in counted if all(id_ in month.bases.get(unit, {}) for id_ in ids)]
    base = sum(month.bases[unit][id_] for unit in rated for id_ in ids) if rated else None
    kinds = tuple(dict.fromkeys(rules.units.by_name[unit].kind for unit in units))
    carried = sum(month.present[unit].period != month.period for unit in counted)
    return Tally(
        sum(of(month.present[unit]) for unit in counted) if counted else None,
        sum(of(month.present[unit]) - of(month.before[unit]) for unit in both) if both else None,
        len(new),
        sum(of(month.present[unit]) for unit in new),
        Over(kinds, len(units), len(counted), carried, len(rated)),
        share(group, sum(of(month.present[unit]) for unit in rated), base, rules.targets, on),
    )


def _less(one: Tally, other: Tally) -> int | None:
    return None if one.reached is None or other.reached is None else one.reached - other.reached

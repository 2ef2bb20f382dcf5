"""The distance to the targets over several units: over all that report, and over what each inspection group inspects.

Pure. A base counts only when every one of the units has registered one: a rate over a part would be wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.deciding.adding import subtotal
from bot.deciding.targets import Progress, progress
from bot.model.deciding import Numbers
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.units import InspectionGroup

Bases = Mapping[str, Mapping[str, int]]  # unit -> category -> registered


@dataclass(frozen=True, slots=True)
class Inspected:
    """One group of Annex 1 and how far the areas that it inspects are. ``units`` are those that owe the form."""

    group: InspectionGroup
    units: tuple[str, ...]
    progress: Progress


def registered(rule: FormRule, units: Sequence[str], bases: Bases) -> dict[str, int] | None:
    """The base of these units by category, without the categories that one of them has not registered; None when
    nothing is left."""
    return {
        group.id: sum(bases[unit][group.id] for unit in units)
        for group in rule.groups
        if units and all(group.id in bases.get(unit, {}) for unit in units)
    } or None


def over(
    rule: FormRule, rules: Rules, units: Sequence[str], numbers: Mapping[str, Numbers], bases: Bases, on: date
) -> Progress:
    """How far these units are together. ``numbers`` has what counts of each; who has reported nothing adds nothing.
    ``on`` is the day of ``targets.account_day``."""
    sums = {g.id: sum(subtotal(numbers.get(unit, {}), g.id) for unit in units) for g in rule.groups}
    return progress(sums, registered(rule, units, bases), rules.targets, on)


def by_group(
    rule: FormRule, rules: Rules, numbers: Mapping[str, Numbers], bases: Bases, period: str, on: date
) -> tuple[Inspected, ...]:
    """How far each inspection group is in a period, in the order of rules/units.toml. What its lead and members report
    as departments is not part of it: they inspect, and are not inspected."""
    owing = {unit.name for unit in rule.owing(rules.units.units, period)}
    areas = ((group, tuple(a for a in group.areas if a in owing)) for group in rules.units.groups)
    return tuple(
        Inspected(group, units, over(rule, rules, units, numbers, bases, on)) for group, units in areas if units
    )

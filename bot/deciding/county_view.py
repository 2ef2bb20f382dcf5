"""The county's numbers as letters show them: plain values with the labels of the rules. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.deciding.adding import subtotal
from bot.deciding.county import Beside, Month, Together, beside, by_group, county
from bot.deciding.deadlines import last_day, previous_period
from bot.deciding.formwords import has_targets
from bot.deciding.pace import WORST, Streak, worst
from bot.deciding.standing import Standing
from bot.deciding.targets import progress
from bot.deciding.views import kinds_called, table, tally_view
from bot.model.bulletin import Lag
from bot.rules.forms import FormRule
from bot.rules.policy import Rules


def county_view(rule: FormRule, rules: Rules, month: Month, on: date) -> dict[str, Any]:
    """The numbers of the county, who of it is silent, and what stands beside it."""
    whole = county(rule, rules, month, on)
    return {
        **together_view(rule, rules, whole),
        "silent": [{"unit": unit} for unit in whole.silent] if len(whole.silent) < len(whole.units) else [],
        "beside": [beside_view(item, rule, rules) for item in beside(rule, rules, month, whole, on)],
    }


def together_view(rule: FormRule, rules: Rules, sums: Together) -> dict[str, Any]:
    """Several units by category, and all together: the distance to the targets for the form that has any, for another
    the ``table`` of the sums; None while nothing has come that could be added up."""
    targeted = has_targets(rule.id, rules)
    label = rules.targets.label if targeted else rule.headings.total[0]
    return {
        "categories": [tally_view(g.label, sums.groups[g.id], rules, targeted) for g in rule.groups],
        "total": tally_view(label, sums.overall, rules, targeted),
        "table": table(sums.counts, rule) if sums.counts and not targeted else None,
    }


def beside_view(item: Beside, rule: FormRule, rules: Rules) -> dict[str, Any]:
    """A kind of unit that is no part of the county: its own sum, and the difference to the county in words' parts."""
    return {
        "kind": kinds_called((item.kind,), rules),
        "county": kinds_called(rule.county_kinds, rules),
        "counted": item.together.overall.over.counted,
        "expected": item.together.overall.over.expected,
        "carried": item.together.overall.over.carried,
        "reached": item.together.overall.reached,
        "difference": item.overall,
        "categories": [
            {"label": g.label, "reached": item.together.groups[g.id].reached, "difference": item.differences[g.id]}
            for g in rule.groups
        ],
    }


def groups_view(rule: FormRule, rules: Rules, month: Month, on: date) -> list[dict[str, Any]]:
    """How far each inspection group is over all categories; nothing while no group has its base registered."""
    if not has_targets(rule.id, rules) or not month.bases:
        return []
    found = by_group(rule, rules, month, on)
    registered = any(unit in month.bases for item in found for unit in item.together.units)
    return [
        {
            **tally_view(item.group.name, item.together.overall, rules),
            "units": list(item.together.units),
            "silent": list(item.together.silent),
        }
        for item in found
        if registered
    ]


def lag_of(line: Standing, month: Month, rule: FormRule, rules: Rules) -> Lag | None:
    """The worst of a unit's distances to the targets, by the day of its own numbers. None for one that is no part of
    the county, has no base, or owes these numbers and has not sent them: nothing is said of its pace then."""
    name = line.unit.name
    report, base = month.present.get(name), month.bases.get(name)
    if report is None or not base or line.unit.kind not in rule.county_kinds or not has_targets(rule.id, rules):
        return None
    not_yet = line.state == "open" and report.period == previous_period(month.period)
    if report.period != month.period and not not_yet:
        return None
    sums = {g.id: subtotal(report.numbers, g.id) for g in rule.groups}
    known = {id_: base[id_] for id_ in sums if id_ in base}
    result = progress(sums, known, rules.targets, last_day(report.period))
    return worst([share.lag for share in (*result.groups.values(), result.overall)])


def pace_view(month: Month, streaks: Mapping[str, Streak], rule: FormRule, rules: Rules) -> list[dict[str, Any]]:
    """The units of which there is something to say, the worst first: behind their targets, for months without growth
    (only where something is left to be done), for months late. ``facts`` are the words."""
    found = []
    for line in month.standings:
        lag = lag_of(line, month, rule, rules)
        in_a_row = streak_words(line, streaks.get(line.unit.name, Streak()), month, rule, rules)
        facts = [*lag_words(lag, rules, last_day(month.period)), *in_a_row]
        if facts:
            found.append({"unit": line.unit.name, "kind": line.unit.kind, "lag": lag, "facts": facts})
    order: Sequence[Lag | None] = (*WORST, None)
    return sorted(found, key=lambda item: order.index(item["lag"]))


def lag_words(lag: Lag | None, rules: Rules, on: date) -> list[str]:
    """That a unit is behind on a day; nothing of one that is not, or of which nobody can tell."""
    pace = rules.targets.pace
    return [pace.called(lag, rules.targets.end, on)] if pace and lag in ("behind", "far_behind") else []


def streak_words(line: Standing, streak: Streak, month: Month, rule: FormRule, rules: Rules) -> list[str]:
    """For how many months in a row a unit has not grown, or was late, where that is spoken of."""
    pace = rules.targets.pace
    if pace is None or not has_targets(rule.id, rules):
        return []
    found = []
    held = line.unit.kind in rule.county_kinds
    if held and streak.still >= pace.months and _has_more_to_do(line.unit.name, month, rule):
        found.append(pace.words.still.format(n=streak.still))
    if streak.late >= pace.months:
        found.append(pace.words.late.format(n=streak.late))
    return found


def _has_more_to_do(unit: str, month: Month, rule: FormRule) -> bool:
    """Whether something of what it has registered is left. Who has registered nothing is not blamed for standing
    still: perhaps there is nothing to be done."""
    report, base = month.present.get(unit), month.bases.get(unit, {})
    return report is not None and any(base.get(g.id, 0) > subtotal(report.numbers, g.id) for g in rule.groups)

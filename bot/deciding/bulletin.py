"""What a bulletin announces of a month: the county, every unit, ranks, and what changed after earlier ones. Pure.

Numbers are cumulative: a unit that has not reported this month keeps what it reported last, and its line says of
which month that is. The units that make the county are ranked by rate, if they have reported this month and have a base
registered; the others are not ranked: by totals the large ones would lead, and who has nothing to do would be last.
Equals share a rank, and the ranks after them are left out (1, 1, 3).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from bot.deciding.adding import subtotal
from bot.deciding.county import Month, Tally, Together, beside, county
from bot.deciding.county_view import lag_of, streak_words
from bot.deciding.deadlines import last_day, previous_period
from bot.deciding.formwords import has_targets
from bot.deciding.pace import Streak
from bot.deciding.rounding import shown_rate
from bot.deciding.standing import Standing, rates
from bot.deciding.targets import share
from bot.model.bulletin import Beside, Bulletin, Change, Kept, Label, Line, Part, RankedBy, Whom
from bot.model.deciding import Accepted, Numbers
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.units import Units

NO_STREAKS: Mapping[str, Streak] = {}


def bulletin(
    rule: FormRule,
    rules: Rules,
    deadline: datetime,
    month: Month,
    now: datetime,
    changes: Sequence[Change] = (),
    streaks: Mapping[str, Streak] = NO_STREAKS,
) -> Bulletin:
    """The bulletin as it stands at this moment. Targets are those of the month's last day, whenever it is made."""
    on = last_day(month.period)
    lines = [_line(standing, month, rule, rules, streaks) for standing in month.standings]
    kinds = dict.fromkeys(line.kind for line in lines)
    ranked = {
        kind: _ranked([x for x in lines if x.kind == kind], month.period) if kind in rule.county_kinds else {}
        for kind in kinds
    }
    ranks = {unit: rank for of_kind in ranked.values() for unit, rank in of_kind.items()}
    by: dict[str, RankedBy] = {kind: "rate" if of_kind else "none" for kind, of_kind in ranked.items()}
    whole = county(rule, rules, month, on)
    parts, overall = _parts(rule, rules, month, whole)
    counted = rates(month.standings)
    return Bulletin(
        rule.id,
        rule.name,
        rule.title,
        month.period,
        previous_period(month.period) if overall.previous is not None else None,
        deadline,
        now.astimezone(deadline.tzinfo),
        tuple(Label(g.id, g.label) for g in rule.groups),
        tuple(Label(c.id, c.label) for c in rule.columns),
        parts,
        overall,
        counted.expected,
        counted.received,
        counted.on_time,
        tuple(replace(line, rank=ranks.get(line.unit)) for line in lines),
        by,
        tuple(changes),
        rule.county_kinds,
        tuple(
            Beside(
                item.kind,
                item.together.overall.over.expected,
                item.together.overall.over.counted,
                item.together.overall.over.carried,
                tuple(tally.reached for tally in item.together.groups.values()),
                tuple(item.differences.values()),
                item.together.overall.reached,
                item.overall,
            )
            for item in beside(rule, rules, month, whole, on)
        ),
        whole.silent,
    )


def changes_since(
    announced: Kept, in_force: Mapping[str, Accepted], units: Units, told: Iterable[int] = ()
) -> tuple[Change, ...]:
    """What was accepted for an announced month after its release. ``in_force`` are the reports of that very month, by
    the names that units have now; ``told`` the ids of those that a later bulletin has announced as a change already."""
    known, period, found = set(told), announced.bulletin.period, []
    for line in announced.bulletin.lines:
        unit = units.by_id.get(line.id) or units.resolve(line.unit)  # it may have another name by now
        report = in_force.get(unit.name if unit else line.unit)
        if report is None or report.report_id == line.report_id or report.report_id in known:
            continue
        reported = line.since == period
        found.append(
            Change(
                unit.name if unit else line.unit,
                period,
                "corrected" if reported else "added",
                line.total if reported else None,
                sum(_sums(report.numbers, (c.id for c in announced.bulletin.categories))),
                report.report_id,
                report.version,
                report.received_at,
            )
        )
    return tuple(found)


def _line(standing: Standing, month: Month, rule: FormRule, rules: Rules, streaks: Mapping[str, Streak]) -> Line:
    unit = standing.unit
    report, before = month.present.get(unit.name), month.before.get(unit.name)
    group = rules.units.group_of(unit.name)
    base = month.bases.get(unit.name, {})
    groups = [g.id for g in rule.groups]
    whole = sum(base[id_] for id_ in groups) if all(id_ in base for id_ in groups) else None
    sums = _sums(report.numbers, groups) if report else ()
    return Line(
        unit.name,
        unit.kind,
        group.name if group else "",
        standing.state,
        standing.late_by_days,
        standing.why,
        report.period if report else None,
        report.report_id if report else None,
        report.version if report else None,
        report.numbers if report else {},
        sums,
        _sums(before.numbers, groups) if before else (),
        whole,
        shown_rate(Fraction(sum(sums), whole), _target(rules, rule, month)) if report and whole else None,
        None,
        unit.id,
        report is not None and report.period == month.period,
        before.period if before else None,
        tuple(streak_words(standing, streaks.get(unit.name, Streak()), month, rule, rules)),
        lag_of(standing, month, rule, rules),
    )


def _target(rules: Rules, rule: FormRule, month: Month) -> float | None:
    """What is asked of all categories together, in percent."""
    return share(None, 0, None, rules.targets, last_day(month.period)).target if has_targets(rule.id, rules) else None


def _sums(numbers: Numbers, groups: Iterable[str]) -> tuple[int, ...]:
    return tuple(subtotal(numbers, group) for group in groups)


def _ranked(lines: Sequence[Line], period: str) -> dict[str, int]:
    """The rank of each unit of one kind that can have one. One alone is no order."""
    # Who has nothing registered to be brought up to standard has no rate, and no rank among those who have.
    values = {x.unit: Fraction(sum(x.sums), x.base) for x in lines if x.since == period and x.base}
    if len(values) < 2:
        return {}
    higher_first = sorted(-value for value in values.values())
    return {unit: 1 + bisect_left(higher_first, -value) for unit, value in values.items()}


def _parts(rule: FormRule, rules: Rules, month: Month, whole: Together) -> tuple[tuple[Part, ...], Part]:
    """Each category of the county, and all together."""
    targeted = has_targets(rule.id, rules)
    earlier = [month.before[unit].numbers for unit in whole.units if unit in month.before and unit in month.present]
    before = {g.id: sum(subtotal(n, g.id) for n in earlier) if earlier else None for g in rule.groups}
    unknown: tuple[int | None, ...] = (None,) * len(rule.columns)
    counts = {
        g.id: tuple(whole.counts[g.id][c.id] for c in rule.columns) if whole.counts else unknown for g in rule.groups
    }
    parts = tuple(_part(g.label, counts[g.id], whole.groups[g.id], before[g.id], targeted) for g in rule.groups)
    label = rules.targets.label if targeted else rule.headings.total[0]
    levels = tuple(sum(n[c.id] for n in whole.counts.values()) if whole.counts else None for c in rule.columns)
    previous = sum(n for n in before.values() if n is not None) if earlier else None
    return parts, _part(label, levels, whole.overall, previous, targeted)


def _part(label: str, counts: tuple[int | None, ...], tally: Tally, previous: int | None, targeted: bool) -> Part:
    of, over = tally.share, tally.over
    return Part(
        label,
        counts,
        tally.reached,
        previous,
        of.base,
        of.rate,
        of.target if targeted else None,
        of.until if targeted else None,
        of.gap if targeted else None,
        Whom(over.expected, over.counted, over.carried, over.rated, of.reached, tally.newcomers, tally.first),
        tally.growth,
        of.lag if targeted else None,
    )

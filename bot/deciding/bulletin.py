"""What a bulletin announces of a month: the county, every unit, ranks, and what changed after earlier ones. Pure.

Numbers are cumulative: a unit that has not reported this month keeps what it reported last, and its line says of
which month that is. Kinds of unit are ranked apart: by rate where every unit that has numbers has its base registered,
else by the total. Equals share a rank, and the ranks after them are left out (1, 1, 3).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.deciding.adding import subtotal
from bot.deciding.deadlines import last_day, previous_period
from bot.deciding.formwords import has_targets
from bot.deciding.standing import Standing, rates
from bot.deciding.targets import Share, progress
from bot.model.bulletin import Bulletin, Change, Kept, Label, Line, Part, RankedBy
from bot.model.deciding import Accepted, Numbers
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.units import Units


@dataclass(frozen=True, slots=True)
class Month:
    """What the record knows of a month: where each unit stands, the numbers that count for it and for the month
    before (by unit, from that month or the last one that was reported), and the registered bases."""

    standings: Sequence[Standing]
    present: Mapping[str, Accepted]
    before: Mapping[str, Accepted]
    bases: Mapping[str, Mapping[str, int]]


def bulletin(
    rule: FormRule,
    rules: Rules,
    period: str,
    deadline: datetime,
    month: Month,
    now: datetime,
    changes: Sequence[Change] = (),
) -> Bulletin:
    """The bulletin as it stands at this moment. Targets are those of the month's last day, whenever it is made."""
    lines = [_line(standing, month, rule, rules) for standing in month.standings]
    kinds = dict.fromkeys(line.kind for line in lines)
    ranked = {kind: _ranked([line for line in lines if line.kind == kind]) for kind in kinds}
    ranks = {unit: rank for _, of_kind in ranked.values() for unit, rank in of_kind.items()}
    parts, whole = _county(rule, rules, month, lines, period)
    counted = rates(month.standings)
    return Bulletin(
        rule.id,
        rule.name,
        rule.title,
        period,
        previous_period(period) if whole.previous is not None else None,
        deadline,
        now.astimezone(deadline.tzinfo),
        tuple(Label(g.id, g.label) for g in rule.groups),
        tuple(Label(c.id, c.label) for c in rule.columns),
        parts,
        whole,
        counted.expected,
        counted.received,
        counted.on_time,
        tuple(replace(line, rank=ranks.get(line.unit)) for line in lines),
        {kind: by for kind, (by, _) in ranked.items()},
        tuple(changes),
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


def _line(standing: Standing, month: Month, rule: FormRule, rules: Rules) -> Line:
    unit = standing.unit
    report, before = month.present.get(unit.name), month.before.get(unit.name)
    group = rules.units.group_of(unit.name)
    base = month.bases.get(unit.name, {})
    whole = sum(base[g.id] for g in rule.groups) if all(g.id in base for g in rule.groups) else None
    groups = [g.id for g in rule.groups]
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
        sum(sums) / whole if report and whole else None,
        id=unit.id,
    )


def _sums(numbers: Numbers, groups: Iterable[str]) -> tuple[int, ...]:
    return tuple(subtotal(numbers, group) for group in groups)


def _ranked(lines: Sequence[Line]) -> tuple[RankedBy, dict[str, int]]:
    """By what units of one kind are ranked, and the rank of each that can be."""
    counted = [line for line in lines if line.total is not None]
    by: RankedBy = "rate" if any(x.base for x in counted) and all(x.base is not None for x in counted) else "total"
    # Who has nothing registered to be brought up to standard has no rate, and no rank among those who have.
    values = {x.unit: value for x in counted if (value := x.rate if by == "rate" else x.total) is not None}
    higher_first = sorted(-value for value in values.values())
    return by, {unit: 1 + bisect_left(higher_first, -value) for unit, value in values.items()}


def _county(
    rule: FormRule, rules: Rules, month: Month, lines: Sequence[Line], period: str
) -> tuple[tuple[Part, ...], Part]:
    """Each category, and all together. A base counts only when every unit has registered it: a rate over half the
    county would be wrong."""
    present = [line.numbers for line in lines]
    base = {
        g.id: sum(month.bases[line.unit][g.id] for line in lines)
        for g in rule.groups
        if lines and all(g.id in month.bases.get(line.unit, {}) for line in lines)
    }
    cells = {g.id: tuple(sum(n.get(g.id, {}).get(c.id, 0) for n in present) for c in rule.columns) for g in rule.groups}
    result = progress({id_: sum(c) for id_, c in cells.items()}, base or None, rules.targets, last_day(period))
    targeted = has_targets(rule.id, rules)
    known = any(line.previous for line in lines)
    before = {g.id: sum(x.previous[i] for x in lines if x.previous) for i, g in enumerate(rule.groups)}
    parts = tuple(
        _part(g.label, cells[g.id], result.groups[g.id], before[g.id] if known else None, targeted) for g in rule.groups
    )
    label = rules.targets.label if targeted else rule.headings.total[0]
    levels = tuple(map(sum, zip(*cells.values(), strict=True)))
    previous = sum(before.values()) if known else None
    return parts, _part(label, levels, result.overall, previous, targeted)


def _part(label: str, counts: tuple[int, ...], share: Share, previous: int | None, targeted: bool) -> Part:
    return Part(
        label,
        counts,
        share.reached,
        previous,
        share.base,
        share.rate,
        share.target if targeted else None,
        share.until if targeted else None,
        share.gap if targeted else None,
    )

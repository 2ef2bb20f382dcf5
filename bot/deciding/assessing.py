"""The yearly assessment: a year's obligations and the record's reports -> evidence -> a score and a rank. Pure.

With full = 100, a late day 1 (at most 5 a report), missing 8, returned 0.5, corrected 0.5:

    deadline    first received       also              outcome   deducted
    07-05       07-05 23:59:59       -                 on_time   0
    07-05       07-06 00:00:00       -                 late      1        one day
    08-05       08-20                version 3         late      5 + 1    fifteen days, capped; two corrections
    09-05       -                    returned twice    missing   8 + 1
    10-05       waits since 10-04    -                 waiting   0        a person must decide first
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from decimal import Decimal

from bot.deciding.standing import Standing, Uncounted, standings
from bot.deciding.yearplan import Due
from bot.model.assessment import Assessed, AssessedAs, DeductedFor, Deduction, Evidence, Filed
from bot.model.deciding import Accepted
from bot.rules.assessment import Assessment, Deductions
from bot.rules.policy import Rules

LetOff = Mapping[str, datetime | None]  # unit -> its own deadline, or None when it is exempt
NOBODY: Mapping[tuple[str, str], LetOff] = {}
OUTCOMES: dict[str, AssessedAs] = {
    "accepted": "on_time",
    "late": "late",
    "waiting": "waiting",
    "returned": "missing",
    "missing": "missing",
}


def assess(
    rules: Rules,
    owed: Iterable[Due],
    filed: Iterable[Filed],
    now: datetime,
    zone: tzinfo,
    *,
    since: datetime,
    let_off: Mapping[tuple[str, str], LetOff] = NOBODY,
    entered: Collection[tuple[str, str]] = (),
) -> tuple[Assessed, ...]:
    """Every unit that owed something: by kind as rules/assessment.toml names them, then by rank.

    Of ``owed`` counts what has fallen due by ``now``, and not before ``since``, the bot's first run. ``filed`` is in
    the order of entry. ``let_off`` tells, by form and period, who has another deadline; whoever is exempt does not
    owe the report, and whoever has time left does not yet. ``entered`` are form and unit where the office has entered
    by itself what the form asks for: then it is not owed.
    """
    by_period: dict[tuple[str, str], list[Filed]] = {}
    for item in filed:
        by_period.setdefault((item.form, item.period), []).append(item)
    evidence: dict[str, list[Evidence]] = {}
    for due in owed:
        if since <= due.deadline < now:
            reports = by_period.get((due.form, due.period), [])
            off = let_off.get((due.form, due.period), {})
            returned = Counter(r.unit for r in reports if r.outcome == "returned")
            for line in _lines(rules, due, reports, now, zone, off):
                judged_by = line.judged_by.astimezone(zone) if line.judged_by else None
                own = replace(due, deadline=judged_by or off.get(line.unit.name) or due.deadline)
                settled = own.deadline < now and (due.form, line.unit.name) not in entered
                if line.state in OUTCOMES and (line.version or settled):
                    evidence.setdefault(line.unit.name, []).append(
                        _evidence(own, line, returned[line.unit.name], rules.assessment)
                    )
    return _ranked(rules, evidence)


def _lines(
    rules: Rules, due: Due, reports: Sequence[Filed], now: datetime, zone: tzinfo, off: LetOff
) -> tuple[Standing, ...]:
    """Where each unit stands with one report: the same answer as in every letter."""
    accepted = {
        r.unit: Accepted(
            r.report_id, r.unit, r.form, r.period, r.version, {}, r.received_at, r.first_received_at, [], r.deadline
        )
        for r in sorted((r for r in reports if r.outcome == "accepted"), key=lambda r: r.version or 0)
        if r.unit and r.version
    }
    # A report that waits speaks for the unit that it names and for its sender's own.
    uncounted = [
        Uncounted(unit, r.outcome, r.why, r.received_at)
        for r in reports
        if r.outcome in ("returned", "waiting")
        for unit in dict.fromkeys((r.unit, r.sender_unit))
        if unit == r.unit or r.outcome == "waiting"
    ]
    rule = rules.forms[due.form]
    units = rule.owing(rules.units.units, due.period)
    return standings(rule, units, accepted, uncounted, due.deadline, now, zone, off)


def _evidence(due: Due, line: Standing, returned: int, rule: Assessment) -> Evidence:
    outcome = OUTCOMES[line.state]
    late = line.late_by_days if outcome == "late" else 0
    corrected = line.version - 1 if line.version else 0
    return Evidence(
        form=due.form,
        period=due.period,
        deadline=due.deadline,
        outcome=outcome,
        received_at=None if outcome == "missing" else line.received_at,
        version=line.version,
        late_days=late,
        returned=returned,
        corrected=corrected,
        deductions=_deductions(rule.deductions, late, outcome == "missing", returned, corrected),
    )


def _deductions(rule: Deductions, late: int, missing: bool, returned: int, corrected: int) -> tuple[Deduction, ...]:
    """What happened with what it costs, also where the rules let it cost nothing."""
    found: list[tuple[DeductedFor, int, Decimal]] = [
        ("late", late, min(late * rule.late_per_day, rule.late_cap)),
        ("missing", int(missing), rule.missing),
        ("returned", returned, returned * rule.returned),
        ("corrected", corrected, corrected * rule.corrected),
    ]
    return tuple(Deduction(code, count, points) for code, count, points in found if count)


def _ranked(rules: Rules, evidence: dict[str, list[Evidence]]) -> tuple[Assessed, ...]:
    rule, kinds = rules.assessment, list(rules.assessment.words.kinds)
    units = [unit for unit in rules.units.units if unit.name in evidence]
    scores = {
        unit.name: max(Decimal(0), rule.full - sum((row.deducted for row in evidence[unit.name]), Decimal(0)))
        for unit in units
    }
    higher_first = {kind: sorted(-scores[u.name] for u in units if u.kind == kind) for kind in kinds}
    found = [
        Assessed(
            unit=unit.name,
            kind=unit.kind,
            evidence=tuple(evidence[unit.name]),
            score=scores[unit.name],
            grade=rule.grade(scores[unit.name]),
            rank=1 + bisect_left(higher_first[unit.kind], -scores[unit.name]),
        )
        for unit in units
    ]
    return tuple(sorted(found, key=lambda a: (kinds.index(a.kind), a.rank)))

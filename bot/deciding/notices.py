"""What the office is told of a period: the overdue notice's and the digest's values. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from bot.deciding.adding import subtotal
from bot.deciding.deadlines import late_days
from bot.deciding.formwords import form_words, has_targets
from bot.deciding.shares import Bases, registered
from bot.deciding.standing import Standing, rates
from bot.deciding.targets import Share, progress
from bot.deciding.views import share_view, shown_period, table
from bot.model.deciding import Numbers
from bot.model.people import Liaison
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

People = Mapping[str, Sequence[Liaison]]


def overdue_context(
    rule: FormRule,
    period: str,
    deadline: datetime,
    lines: Sequence[Standing],
    people: People,
    rules: Rules,
    *,
    now: datetime,
    zone: tzinfo,
    draft: bool,
    dead: Collection[str] = (),
    reminded: bool = True,
    escalation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Who has not reported, since when, whom to call, and which group inspects the unit. ``reminded``: letters to the
    units go with it, as drafts or not; ``escalation`` tells of those to the leads of groups, if this is their stage."""
    counted = rates(lines)
    return {
        "form_name": rule.name,
        "form_title": rule.title,
        "words": form_words(rule.id, rules),
        "period": shown_period(period),
        "deadline": deadline,
        "days_late": late_days(now, deadline, zone),
        "missing": [_missing(line, people, rules, dead) for line in lines if line.state in ("missing", "returned")],
        "waiting": [
            {"unit": line.unit.name, "why": rules.reasons.waiting.get(line.why, "")}
            for line in lines
            if line.state == "waiting"
        ],
        "received": counted.received,
        "expected": counted.expected,
        "draft": draft,
        "reminded": reminded,
        "escalation": escalation,
    }


def reachable(unit: str, people: People, dead: Collection[str]) -> list[Liaison]:
    """The liaisons of a unit who have an address that works."""
    return [person for person in people.get(unit, ()) if person.email and person.email not in dead]


def contact(unit: str, people: People) -> dict[str, str]:
    """Whom to call at a unit: each liaison's name, telephone and address, empty when nobody is registered."""
    persons = people.get(unit, ())
    return {
        "liaison": "、".join(p.name for p in persons if p.name),
        "phone": "、".join(p.mobile for p in persons if p.mobile),
        "email": "、".join(p.email for p in persons if p.email),
    }


def _missing(line: Standing, people: People, rules: Rules, dead: Collection[str]) -> dict[str, Any]:
    addresses = [p.email for p in people.get(line.unit.name, ()) if p.email]
    group = rules.units.group_of(line.unit.name)
    return {
        "unit": line.unit.name,
        "group": group.name if group else "",
        **contact(line.unit.name, people),
        "state": line.state,
        "unreachable": bool(addresses) and all(a in dead for a in addresses),
        "last_received": line.received_at,
    }


def categories(
    rule: FormRule,
    rules: Rules,
    numbers: Sequence[Numbers],
    before: Sequence[Numbers],
    bases: Bases,
    reporting: Sequence[str],
    on: date,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The county's numbers by category, and all together, with the distance to the targets.

    ``numbers`` are the reports in force, ``before`` those at the last digest; ``on`` see ``targets.account_day``.
    """
    sums = {g.id: _sum(numbers, g.id) for g in rule.groups}
    previous = {g.id: _sum(before, g.id) for g in rule.groups} if before else None
    result = progress(sums, registered(rule, reporting, bases), rules.targets, on)
    targeted = has_targets(rule.id, rules)
    label = rules.targets.label if targeted else rule.headings.total[0]
    rows = [
        _category(g.label, result.groups[g.id], None if previous is None else previous[g.id], targeted)
        for g in rule.groups
    ]
    whole = _category(label, result.overall, None if previous is None else sum(previous.values()), targeted)
    return rows, whole


def county(
    rule: FormRule,
    rules: Rules,
    numbers: Sequence[Numbers],
    before: Sequence[Numbers],
    bases: Bases,
    reporting: Sequence[str],
    on: date,
) -> dict[str, Any]:
    """The digest's numbers: the distance to the targets by category, for the form that has any; for another the
    ``table`` of the sums, None while nothing has come that could be added up."""
    rows, whole = categories(rule, rules, numbers, before, bases, reporting, on)
    summed = {
        g.id: {c.id: sum(n.get(g.id, {}).get(c.id, 0) for n in numbers) for c in rule.columns} for g in rule.groups
    }
    plain = numbers and not has_targets(rule.id, rules)
    return {"categories": rows, "total": whole, "table": table(summed, rule) if plain else None}


def _sum(numbers: Sequence[Numbers], group: str) -> int:
    return sum(subtotal(n, group) for n in numbers)


def _category(label: str, share: Share, previous: int | None, targeted: bool) -> dict[str, Any]:
    return {**share_view(label, share, targeted), "previous": previous}

"""What the office is told of a period that is overdue, and whom to call. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from bot.deciding.deadlines import late_days
from bot.deciding.formwords import form_words
from bot.deciding.standing import OWING, Standing, rates
from bot.deciding.views import shown_period
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
    """Who has not reported, since when, whom to call, and which group inspects the unit: of those whose deadline this
    is; ``apart`` are those who owe it by another day. ``reminded``: letters to the units go with it, as drafts or not;
    ``escalation`` tells of those to the leads of groups, if this is their stage."""
    counted = rates(lines)
    return {
        "form_name": rule.name,
        "form_title": rule.title,
        "words": form_words(rule.id, rules),
        "period": shown_period(period),
        "deadline": deadline,
        "days_late": late_days(now, deadline, zone),
        "missing": [
            _missing(line, people, rules, dead)
            for line in lines
            if line.state in OWING and line.late_by_days and (line.due or deadline) == deadline
        ],
        "apart": [
            {"unit": line.unit.name, "deadline": line.due, "days_late": line.late_by_days}
            for line in lines
            if line.state in OWING and line.due and line.due != deadline
        ],
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

"""After the overdue reminders: the lead department of the group that inspects a town is asked to press it. Pure.

A department is inspected by no group (Annex 1 names areas alone): nobody is asked about it, and the office's notice
says so.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from bot.deciding.deadlines import late_days
from bot.deciding.formwords import form_words
from bot.deciding.notices import People, contact, reachable
from bot.deciding.standing import Standing
from bot.deciding.views import shown_period
from bot.model.deciding import Obligation
from bot.rules.policy import Rules
from bot.rules.units import Units


def lead_of(unit: str, units: Units) -> str | None:
    """The lead department of the group that inspects a unit; None for a unit that no other is to press."""
    group = units.inspecting(unit)
    return group.lead if group and group.lead != unit else None


def escalation_context(
    person: str,
    items: Sequence[tuple[Obligation, Standing]],
    people: People,
    rules: Rules,
    *,
    now: datetime,
    zone: tzinfo,
) -> dict[str, Any]:
    """What the lead is told: its groups, and of each area, in the order of rules/units.toml, what is owed since when
    and whom to call there. Every number of days is as of ``now``, which the letter names: a draft may wait."""
    order = [unit.name for unit in rules.units.units]
    areas = sorted({o.unit for o, _ in items}, key=order.index)
    groups = [group for group in rules.units.groups if any(rules.units.inspecting(a) == group for a in areas)]
    return {
        "person": person,
        "leads": list(dict.fromkeys(group.lead for group in groups)),
        "groups": [{"name": g.name, "lead": g.lead, "areas": list(g.areas)} for g in groups],
        "areas": [
            {
                "unit": area,
                **contact(area, people),
                "owed": [
                    _owed(o, line, rules, now, zone)
                    for o, line in sorted(items, key=lambda item: item[0].deadline)
                    if o.unit == area
                ],
            }
            for area in areas
        ],
    }


def _owed(o: Obligation, line: Standing, rules: Rules, now: datetime, zone: tzinfo) -> dict[str, Any]:
    rule = rules.forms[o.form]
    return {
        "unit": o.unit,
        "form_name": rule.name,
        "form_title": rule.title,
        "words": form_words(rule.id, rules),
        "period": shown_period(o.period),
        "deadline": o.deadline,
        "days_late": late_days(now, o.deadline, zone),
        "returned": line.state == "returned",
    }


def escalated(
    missing: Iterable[str], people: People, units: Units, *, dead: Collection[str], draft: bool
) -> dict[str, Any]:
    """For the office's notice: which lead is written to about which of the missing units, which has no address that
    works, and which units no group inspects."""
    letters: dict[str, list[str]] = {}
    unreachable: dict[str, list[str]] = {}
    outside = []
    for unit in missing:
        lead = lead_of(unit, units)
        if lead is None:
            outside.append(unit)
        else:
            asked = letters if reachable(lead, people, dead) else unreachable
            asked.setdefault(lead, []).append(unit)
    return {
        "draft": draft,
        "letters": [{"lead": lead, "areas": areas} for lead, areas in letters.items()],
        "unreachable": [{"lead": lead, "areas": areas} for lead, areas in unreachable.items()],
        "outside": outside,
    }

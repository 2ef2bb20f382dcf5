"""What the lead department of an inspection group is told of a month, about the areas that it inspects. Pure.

Deadline Wednesday 2017-07-05, five working days after it, hours from 08:30, the first run long ago:

    now               due       because
    07-11 16:00       None      reached on 07-12 at 08:30
    07-12 08:30       2017-06   reached
    07-15 10:00       None      a Saturday; on Monday, if it was not sent
    08-13 10:00       2017-07   July's, due on 08-11: after an outage June's is left out
    07-12 08:30       None      where the first run was on 07-06: June fell due before it

What the lead itself owes is another matter, and does not stand in this letter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, tzinfo
from typing import Any

from bot.deciding.calendar import WorkCalendar
from bot.deciding.county import Month, areas_of, together
from bot.deciding.county_view import together_view
from bot.deciding.formwords import form_words
from bot.deciding.ladder import days_after, may_leave
from bot.deciding.notices import People, contact
from bot.deciding.standing import OWING, Standing, rates
from bot.deciding.targets import account_day
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.reminders import GroupReports, Hours
from bot.rules.units import InspectionGroup


def due_period(
    policy: GroupReports,
    deadlines: Mapping[str, datetime],
    now: datetime,
    hours: Hours,
    calendar: WorkCalendar,
    zone: tzinfo,
    *,
    since: datetime,
) -> str | None:
    """The newest month whose letter is reached and may leave now, sent or not; the table above. ``deadlines`` are those
    of the months that have opened, in order; ``since`` is the bot's first run."""
    if not may_leave(now, hours, calendar, zone):
        return None
    reached = [
        period
        for period, deadline in deadlines.items()
        if deadline >= since and days_after(deadline, policy.working_days, hours, calendar, zone) <= now
    ]
    return reached[-1] if reached else None


def report_context(
    person: str,
    groups: Sequence[InspectionGroup],
    month: Month,
    people: People,
    rule: FormRule,
    rules: Rules,
    deadline: datetime,
    now: datetime,
) -> dict[str, Any]:
    """Of each group its areas: where each stands, whom to call, its numbers. ``month`` may have other units too."""
    lines = {line.unit.name: line for line in month.standings}
    areas = {g.number: [lines[a] for a in areas_of(g, rule, rules, month.period) if a in lines] for g in groups}
    every = [line for found in areas.values() for line in found]
    counted, on = rates(every), account_day(month.period, now.astimezone(deadline.tzinfo).date())
    return {
        "person": person,
        "leads": list(dict.fromkeys(g.lead for g in groups)),
        "form_name": rule.name,
        "form_title": rule.title,
        "words": form_words(rule.id, rules),
        "period": month.period,
        "deadline": deadline,
        "expected": counted.expected,
        "received": counted.received,
        "on_time": counted.on_time,
        "owing": [{"unit": line.unit.name} for line in every if line.state in OWING and line.late_by_days],
        "groups": [
            {
                "name": g.name,
                "lead": g.lead,
                "members": list(g.members),
                "areas": [_area(line, month, people, rule, rules, on) for line in areas[g.number]],
            }
            for g in groups
        ],
    }


def _area(line: Standing, month: Month, people: People, rule: FormRule, rules: Rules, on: date) -> dict[str, Any]:
    unit = line.unit.name
    return {
        "unit": unit,
        "state": line.state,
        "received_at": line.received_at,
        "days_late": line.late_by_days,
        **contact(unit, people),
        **_numbers(unit, month, rule, rules, on),
    }


def _numbers(unit: str, month: Month, rule: FormRule, rules: Rules, on: date) -> dict[str, Any]:
    """``numbers_of`` is the month of the numbers: an earlier one where they carry on, which is compared with nothing;
    None where there are none, for nobody has sent a 0."""
    report = month.present.get(unit)
    if report is None:
        return {"numbers_of": None, "compared_with": None, "categories": [], "total": None, "table": None}
    earlier = month.before.get(unit) if report.period == month.period else None
    alone = replace(month, before={unit: earlier} if earlier else {})
    return {
        "numbers_of": report.period,
        "compared_with": earlier.period if earlier else None,
        **together_view(rule, rules, together(rule, rules, alone, [unit], on)),
    }

"""What the screen in the office shows of a form: every unit, most pressing first, and the distance to the targets.

Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from bot.deciding.adding import subtotal
from bot.deciding.county import Month
from bot.deciding.county_view import county_view, groups_view, pace_view
from bot.deciding.formwords import form_words, has_targets
from bot.deciding.pace import Streak
from bot.deciding.standing import Standing, State, rates
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

# From the back of the room the first lines must be those that somebody has to do something about.
PRESSING: tuple[State, ...] = ("missing", "returned", "waiting", "open", "late", "accepted", "exempt")


def board_form(
    rule: FormRule, rules: Rules, deadline: datetime, month: Month, streaks: Mapping[str, Streak], on: date
) -> dict[str, Any]:
    """One form for one month. ``on`` is the day of ``targets.account_day``."""
    lines = month.standings
    counted = rates(lines)
    states = [line.state for line in lines]
    sums = county_view(rule, rules, month, on)
    facts = {item["unit"]: item for item in pace_view(month, streaks, rule, rules)}
    return {
        "name": rule.name,
        "words": form_words(rule.id, rules),
        "period": month.period,
        "deadline": deadline,
        "expected": counted.expected,
        "received": counted.received,
        "on_time": counted.on_time,
        **{state: states.count(state) for state in ("missing", "open", "returned", "waiting")},
        "labels": [group.label for group in rule.groups],
        "targets": [s for s in (*sums["categories"], sums["total"]) if s["target"] is not None],
        "beside": sums["beside"] if has_targets(rule.id, rules) else [],
        "groups": groups_view(rule, rules, month, on),
        "units": [
            {**_unit(line, month, rule), "lag": None, "facts": [], **facts.get(line.unit.name, {})}
            for line in sorted(lines, key=lambda line: PRESSING.index(line.state))
        ],
    }


def _unit(line: Standing, month: Month, rule: FormRule) -> dict[str, Any]:
    """Who has not reported this month shows no numbers, though those of an earlier one may still count."""
    report = month.present.get(line.unit.name) if line.total is not None else None
    own = report.numbers if report else {}
    return {
        "unit": line.unit.name,
        "state": line.state,
        "since": line.received_at,
        "days": line.late_by_days,
        "total": line.total,
        "sums": [subtotal(own, group.id) for group in rule.groups] if own else [],
    }

"""What the screen in the office shows of a form: every unit, most pressing first, and the distance to the targets.

Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bot.deciding.adding import subtotal
from bot.deciding.formwords import form_words, has_targets
from bot.deciding.shares import Bases, over
from bot.deciding.standing import Standing, State, rates
from bot.deciding.views import shares
from bot.deciding.weekly import groups
from bot.model.deciding import Numbers
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

# From the back of the room the first lines must be those that somebody has to do something about.
PRESSING: tuple[State, ...] = ("missing", "returned", "waiting", "open", "late", "accepted", "exempt")


def board_form(
    rule: FormRule,
    rules: Rules,
    period: str,
    deadline: datetime,
    lines: Sequence[Standing],
    numbers: Mapping[str, Numbers],
    bases: Bases,
    on: date,
) -> dict[str, Any]:
    """One form for one month. ``numbers`` is what counts of each unit, ``on`` the day of ``targets.account_day``."""
    counted = rates(lines)
    states = [line.state for line in lines]
    names = [unit.name for unit in rule.owing(rules.units.units, period)]
    result = over(rule, rules, names, numbers, bases, on)
    return {
        "name": rule.name,
        "words": form_words(rule.id, rules),
        "period": period,
        "deadline": deadline,
        "expected": counted.expected,
        "received": counted.received,
        "on_time": counted.on_time,
        **{state: states.count(state) for state in ("missing", "open", "returned", "waiting")},
        "labels": [group.label for group in rule.groups],
        "targets": shares(result, rule, rules.targets.label) if has_targets(rule.id, rules) else [],
        "groups": groups(rule, rules, numbers, bases, period, on),
        "units": [_unit(line, numbers, rule) for line in sorted(lines, key=lambda line: PRESSING.index(line.state))],
    }


def _unit(line: Standing, numbers: Mapping[str, Numbers], rule: FormRule) -> dict[str, Any]:
    """Who has not reported this month shows no numbers, though those of an earlier one may still count."""
    own = numbers.get(line.unit.name, {}) if line.total is not None else {}
    return {
        "unit": line.unit.name,
        "state": line.state,
        "since": line.received_at,
        "days": line.late_by_days,
        "total": line.total,
        "sums": [subtotal(own, group.id) for group in rule.groups] if own else [],
    }

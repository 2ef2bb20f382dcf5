"""Where each unit stands with one form for one period. Status, reminders, notices and digests all look here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Literal

from bot.deciding.adding import total
from bot.deciding.deadlines import late_days
from bot.model.deciding import Accepted
from bot.rules.forms import FormRule
from bot.rules.units import Unit

State = Literal["accepted", "late", "returned", "waiting", "missing", "open", "exempt"]
OWING: frozenset[State] = frozenset({"missing", "open", "returned"})

# Waits that may really be the unit's report: they stop its reminders. A contradicted sender, or one that
# cannot be told, proves nothing about the unit and stops none.
CREDIBLE = frozenset(
    {
        "unknown_sender",
        "unit_mismatch",
        "token_mismatch",
        "conflict",
        "older",
        "confirm",
        "liaison",
        "locked",
        "unproven",
        "machine",
        "corrected_in_words",
        "shrunk",
    }
)


NOBODY: Mapping[str, datetime | None] = {}


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A returned or waiting report of the period."""

    unit: str | None
    outcome: str
    why: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """One unit's line. ``late_by_days`` is counted until the first accepted version arrived, or until now;
    0 when on time or not due. ``on_time`` and ``judged_by``, the deadline, are None while nothing is accepted. ``due``
    is the deadline that holds for this very unit, which the office may have put off; None for one that is exempt."""

    unit: Unit
    state: State
    received_at: datetime | None = None
    version: int | None = None
    total: int | None = None
    late_by_days: int = 0
    on_time: bool | None = None
    why: str = ""
    judged_by: datetime | None = None
    due: datetime | None = None


def standings(
    rule: FormRule,
    units: Iterable[Unit],
    accepted: Mapping[str, Accepted],
    uncounted: Iterable[Uncounted],
    deadline: datetime,
    now: datetime,
    zone: tzinfo,
    let_off: Mapping[str, datetime | None] = NOBODY,
) -> tuple[Standing, ...]:
    """A line for every unit that owes the form, in the order of rules/units.toml. ``units`` are those that owe
    anything for the period (``FormRule.owing``).

    ``let_off`` has the units whose deadline is another (aware), or that are exempt (None). ``uncounted`` are the
    period's returned and waiting reports, oldest first: the last one speaks for a unit that has nothing accepted.
    """
    last: dict[str, Uncounted] = {}
    for item in uncounted:
        if item.unit and (item.outcome == "returned" or item.why in CREDIBLE):
            last[item.unit] = item
    return tuple(
        _exempt(unit, accepted.get(unit.name))
        if unit.name in let_off and let_off[unit.name] is None
        else _standing(
            unit, accepted.get(unit.name), last.get(unit.name), let_off.get(unit.name) or deadline, now, zone
        )
        for unit in units
        if unit.kind in rule.owed.by
    )


def _exempt(unit: Unit, report: Accepted | None) -> Standing:
    """A unit that need not report; one that does so all the same shows its numbers."""
    return Standing(unit, "exempt") if report is None else replace(_counted(unit, report), state="exempt")


def _standing(
    unit: Unit, report: Accepted | None, other: Uncounted | None, deadline: datetime, now: datetime, zone: tzinfo
) -> Standing:
    if report is not None:
        own = report.deadline or deadline
        days = late_days(report.first_received_at, own, zone)
        state: State = "accepted" if days == 0 else "late"
        line = replace(_counted(unit, report), state=state, late_by_days=days, on_time=days == 0)
        return replace(line, judged_by=own, due=deadline)
    days = late_days(now, deadline, zone)
    if other is not None:
        state = "waiting" if other.outcome == "waiting" else "returned"
        return Standing(unit, state, other.received_at, late_by_days=days, why=other.why, due=deadline)
    return Standing(unit, "missing" if days else "open", late_by_days=days, due=deadline)


def _counted(unit: Unit, report: Accepted) -> Standing:
    return Standing(unit, "accepted", report.first_received_at, report.version, total(report.numbers))


@dataclass(frozen=True, slots=True)
class Rates:
    """How many owe the form, have an accepted report, and had it on time."""

    expected: int
    received: int
    on_time: int


def rates(lines: Iterable[Standing]) -> Rates:
    """How many units owed a report, have sent one, and have sent it on time; who is exempt counts nowhere."""
    rows = [line for line in lines if line.state != "exempt"]
    received = [line for line in rows if line.state in ("accepted", "late")]
    return Rates(len(rows), len(received), sum(line.state == "accepted" for line in received))

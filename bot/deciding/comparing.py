"""What was decided about a mail beside what today's rules would decide. Pure.

Words may change without a decision: findings are compared by check, case, severity and place, not by their sentences.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from bot.model.deciding import Content, Intent, Numbers, Ruling

Noted = tuple[str, str, str, str]  # check, case, severity, place of a finding
NOWHERE = "-"  # of a form that is there in one of the two only


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of one form; a repetition of an earlier report leaves nothing else."""

    form: str
    document: str
    place: str
    outcome: str
    why: str
    unit: str | None
    period: str | None
    on_time: bool | None
    numbers: Numbers
    content: Content
    findings: tuple[Noted, ...]

    @property
    def name(self) -> str:
        """How a form is called in a difference."""
        return f"{self.form} {self.document} [{self.place}]"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of one mail; ``repeats`` counts the forms in it that said what was known already."""

    outcome: str
    forms: tuple[Decided, ...] = ()
    repeats: int = 0


def decision_of(intent: Intent) -> Decision:
    """What an intent comes to."""
    new = [r for r in intent.rulings if r.outcome != "duplicate"]
    return Decision(intent.outcome, tuple(map(_decided, new)), len(intent.rulings) - len(new))


def _decided(ruling: Ruling) -> Decided:
    judged = ruling.judged
    return Decided(
        judged.form.form,
        judged.document,
        judged.form.place,
        ruling.outcome,
        ruling.why,
        judged.unit,
        judged.period,
        ruling.on_time if ruling.outcome == "accepted" else None,
        judged.numbers,
        judged.content,
        tuple((f.check, f.case, f.severity, f.place) for f in judged.findings),
    )


def differences(was: Decision, would: Decision) -> list[str]:
    """What is not the same, a line each; empty when today's rules decide as was decided."""
    found = _unlike("outcome", was.outcome, would.outcome) + _unlike("repeats", was.repeats, would.repeats)
    before, today = _by_name(was.forms), _by_name(would.forms)
    for name in dict.fromkeys((*before, *today)):
        for one, other in zip_longest(before.get(name, ()), today.get(name, ())):
            if one is None or other is None:
                found += _unlike(name, one.outcome if one else NOWHERE, other.outcome if other else NOWHERE)
            else:
                found += [f"{name}: {line}" for line in _form(one, other)]
    return found


def _by_name(forms: Sequence[Decided]) -> dict[str, list[Decided]]:
    named: dict[str, list[Decided]] = defaultdict(list)
    for form in forms:
        named[form.name].append(form)
    return named


def _form(one: Decided, other: Decided) -> list[str]:
    found = []
    for key in ("outcome", "why", "unit", "period", "on_time"):
        found += _unlike(key, getattr(one, key), getattr(other, key))
    for group, column in dict.fromkeys((*_cells(one.numbers), *_cells(other.numbers))):
        pair = (numbers.get(group, {}).get(column) for numbers in (one.numbers, other.numbers))
        found += _unlike(f"{group} {column}", *pair)
    if one.content != other.content:
        found.append(f"rows: {len(one.content)} -> {len(other.content)}, not the same")
    found += [f"finding gone: {' '.join(filter(None, f))}" for f in one.findings if f not in other.findings]
    found += [f"finding new: {' '.join(filter(None, f))}" for f in other.findings if f not in one.findings]
    return found


def _cells(numbers: Numbers) -> list[tuple[str, str]]:
    return [(group, column) for group, columns in numbers.items() for column in columns]


def _unlike(key: str, one: Any, other: Any) -> list[str]:
    return [] if one == other else [f"{key}: {one} -> {other}"]

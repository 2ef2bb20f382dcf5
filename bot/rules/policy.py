"""The smaller rules files: words, reasons, reminders, targets, calendar; and all of them together."""

from datetime import date, time
from typing import Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule
from bot.rules.forms import FormRule
from bot.rules.units import Units


class Words(Rule):
    """rules/words.toml: how people write "none", "nothing", and what may stand around a number."""

    zero: tuple[str, ...]
    blank: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


class Reasons(Rule):
    """rules/reasons.toml: code -> sentence."""

    unreadable: dict[str, str]
    waiting: dict[str, str]
    attention: dict[str, str]
    automatic: dict[str, str]


class Hours(Rule):
    """Office hours in which reminders may leave; ``from`` is a word of Python, so ``start`` here."""

    start: time = Field(alias="from")
    to: time


class Stage(Rule):
    """One rung of the ladder. ``letter`` and ``office`` name folders in templates/."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    when: Literal["before", "on", "after"]
    working_days: int = Field(ge=0)
    letter: str
    office: str | None = None
    draft: bool = False


class Reminders(Rule):
    """rules/reminders.toml. Stages stand in the order in which they fall due."""

    hours: Hours
    stages: tuple[Stage, ...]

    @model_validator(mode="after")
    def _stages_ascend(self) -> Self:
        sign = {"before": -1, "on": 0, "after": 1}
        steps = [sign[s.when] * s.working_days for s in self.stages]
        if steps != sorted(set(steps)):
            raise ValueError("stages: they must stand in the order in which they fall due, each day once")
        return self


class Target(Rule):
    """By the end of ``until``, these percentages of the base, per group and over all."""

    until: date
    all: float = Field(ge=0, le=100)
    groups: dict[str, float] = Field(default_factory=dict)


class Targets(Rule):
    """rules/targets.toml, in the order of time."""

    form: str
    targets: tuple[Target, ...]


class YearOfDays(Rule):
    """One year's exceptions from "Monday to Friday are worked"."""

    year: int
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class CalendarFile(Rule):
    """rules/calendar.toml."""

    years: tuple[YearOfDays, ...] = ()


class Rules(Rule):
    """Everything in rules/."""

    forms: dict[str, FormRule]
    units: Units
    words: Words
    reasons: Reasons
    reminders: Reminders
    targets: Targets
    calendar: CalendarFile

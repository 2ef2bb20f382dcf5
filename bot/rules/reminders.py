"""rules/reminders.toml: when reminders go, to whom, and the monthly letter to the groups."""

from datetime import time
from typing import Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule


class Hours(Rule):
    """Office hours in which reminders may leave; ``from`` is a word of Python, so ``start`` here."""

    start: time = Field(alias="from")
    to: time

    @model_validator(mode="after")
    def _some_time_between(self) -> Self:
        if self.start >= self.to:
            raise ValueError("from must be before to, or no reminder ever leaves")
        return self


Recipient = Literal["unit", "lead"]


class Stage(Rule):
    """One rung of the ladder. ``letter`` and ``office`` name folders in templates/. ``to``: the unit itself, or the
    lead department of the group that inspects it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    when: Literal["before", "on", "after"]
    working_days: int = Field(ge=0)
    to: Recipient = "unit"
    letter: str
    office: str | None = None
    draft: bool = False

    @model_validator(mode="after")
    def _days_fit(self) -> Self:
        if (self.when == "on") != (self.working_days == 0):
            raise ValueError('working_days: 0 with when = "on", at least 1 otherwise')
        if self.to == "lead" and self.when != "after":
            raise ValueError('to: nobody is to press a unit that is not late; "lead" goes with when = "after"')
        return self


class GroupReports(Rule):
    """The monthly letter to the lead department of each inspection group; ``letter`` is a folder in templates/."""

    working_days: int = Field(ge=1)
    letter: str
    draft: bool = False


class Reminders(Rule):
    """rules/reminders.toml. Stages stand in the order in which they fall due."""

    hours: Hours
    stages: tuple[Stage, ...]
    groups: GroupReports | None = None

    @property
    def letters(self) -> tuple[tuple[str, str], ...]:
        """Every folder in templates/ that is named here, with where."""
        named = [(s.id, letter) for s in self.stages for letter in (s.letter, s.office) if letter]
        return (*named, *([("groups", self.groups.letter)] if self.groups else []))

    @model_validator(mode="after")
    def _stages_ascend(self) -> Self:
        sign = {"before": -1, "on": 0, "after": 1}
        steps = [(sign[s.when] * s.working_days, s.to) for s in self.stages]
        days = [day for day, _ in steps]
        if days != sorted(days) or len(set(steps)) < len(steps):
            raise ValueError("stages: they must stand in the order in which they fall due, each day once for whom")
        return self

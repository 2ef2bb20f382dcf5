"""rules/targets.toml: what is to be reached by when."""

from datetime import date
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from bot.rules.base import Rule, allow_names, even

Plain = Annotated[str, Field(min_length=1), AfterValidator(lambda text: allow_names(text, ()))]


class Target(Rule):
    """By the end of ``until``, these percentages of the base, per group and over all."""

    until: date
    all: float = Field(ge=0, le=100)
    groups: dict[str, float] = Field(default_factory=dict)


class LagWords(Rule):
    """What letters call it."""

    on_pace: Plain
    behind: Plain
    far_behind: Plain
    past: Plain
    still: Annotated[str, AfterValidator(lambda text: allow_names(text, ("n",)))]
    late: Annotated[str, AfterValidator(lambda text: allow_names(text, ("n",)))]


class PaceRule(Rule):
    """When something is behind. On the day ``begins`` nothing is asked yet; from then on what should be reached grows
    evenly up to each target. ``behind`` and ``far_behind``: so much below that line, in percent of the target.
    ``months``: from so many months in a row on, no growth or being late is spoken of."""

    begins: date
    behind: float = Field(gt=0, le=100)
    far_behind: float = Field(gt=0, le=100)
    months: int = Field(ge=2)
    words: LagWords

    def called(self, lag: str, until: date | None, on: date) -> str:
        """A lag in words on a day: that of a target whose day has passed can not be caught up in time any more."""
        past = until is not None and until < on and lag != "on_pace"
        return self.words.past if past else str(getattr(self.words, lag))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.far_behind < self.behind:
            raise ValueError("far_behind: must not be less than behind")
        return self


class Targets(Rule):
    """rules/targets.toml, in the order of time; ``label`` names all categories together, ``reached`` is the word
    for what is counted towards a target, as in 已达标 and 达标率. Without ``pace`` nobody is called behind.
    ``industries``: a unit whose base is what the registers of others say of these industries."""

    form: str
    label: str
    reached: str = Field(min_length=1)
    targets: tuple[Target, ...]
    pace: PaceRule | None = None
    industries: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def end(self) -> date | None:
        """The day of the last target; None where there is none."""
        return self.targets[-1].until if self.targets else None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        days = [target.until for target in self.targets]
        if any(later <= day for day, later in pairwise(days)):
            raise ValueError("targets: expected in the order of time, each day once")
        if self.pace and days and self.pace.begins >= days[0]:
            raise ValueError(f"pace.begins: must lie before the first target ({days[0]})")
        taken: dict[str, str] = {}
        for unit, words in self.industries.items():
            for word in words:
                if taken.setdefault(even(word), unit) != unit:
                    raise ValueError(f"industries.{unit}: {word!r} stands at {taken[even(word)]}, too")
        return self

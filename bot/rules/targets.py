"""rules/targets.toml: what is to be reached by when."""

from datetime import date

from pydantic import Field

from bot.rules.base import Rule


class Target(Rule):
    """By the end of ``until``, these percentages of the base, per group and over all."""

    until: date
    all: float = Field(ge=0, le=100)
    groups: dict[str, float] = Field(default_factory=dict)


class Targets(Rule):
    """rules/targets.toml, in the order of time; ``label`` names all categories together, ``reached`` is the word
    for what is counted towards a target, as in 已达标 and 达标率."""

    form: str
    label: str
    reached: str = Field(min_length=1)
    targets: tuple[Target, ...]

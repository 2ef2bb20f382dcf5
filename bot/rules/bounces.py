"""rules/bounces.toml: why a letter came back, told by what mail systems write."""

import re
from functools import cached_property
from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from bot.rules.base import Rule, even

BounceClass = Literal["gone", "full", "refused", "expired", "delayed"]
_STATUS = re.compile(r"x\.\d{1,3}\.(?:\d{1,3}|x)")  # of RFC 3463; what comes first says only whether it may pass


class BounceRule(Rule):
    """One class: its status codes, SMTP reply codes, and words."""

    id: BounceClass
    status: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    words: tuple[str, ...] = Field(min_length=1)

    @field_validator("status")
    @classmethod
    def _is_status(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [code for code in codes if not _STATUS.fullmatch(code)]:
            raise ValueError(f"{wrong[0]!r}: expected x.1.1, or x.7.x")
        return codes

    @cached_property
    def evened(self) -> tuple[str, ...]:
        """The words as texts are compared."""
        return tuple(dict.fromkeys(word for word in map(even, self.words) if word))


class Bounces(Rule):
    """The classes, and from when on a failure lasts: ``lasts`` letters in ``days``; the same is told once in
    ``quiet_days``."""

    lasts: int = Field(ge=2)
    days: int = Field(ge=1)
    quiet_days: int = Field(ge=1)
    classes: tuple[BounceRule, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [rule.id for rule in self.classes]
        for id_ in get_args(BounceClass):
            if ids.count(id_) != 1:
                raise ValueError(f"classes: expected one {id_!r}")
        return self

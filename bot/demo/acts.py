"""What people do in the story, as story.toml has it: one deed of one person, or the same deed by many in turn."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from bot.demo.liaisons import Style
from bot.rules.base import Rule

Counts = Annotated[tuple[int, ...], Field(min_length=1)]
OfMonth = Literal["fills", "types", "spoils", "repeats", "redelivers", "writes", "auto_replies"]
OfStart = Literal["plans", "registers", "mends", "lists", "decides"]
Deed = OfMonth | OfStart


class Act(Rule):
    """Somebody does something; story.toml says what each key means. ``at`` is naive, in the office's zone."""

    at: datetime
    who: str
    does: Deed
    answers: bool = False
    style: Style = "official"
    written: str = ""
    month: str = ""
    numbers: Counts | None = None
    total: int | None = None
    twice: int = Field(default=0, ge=0)
    packed: str = ""
    sent_from: str = Field(default="", alias="from")
    folder: str = "INBOX"
    subject: str = ""
    text: str = ""
    about: str = ""


class Round(Rule):
    """The same deed by many, one after the other: by those in ``who``, or by all but those in ``but``; the first at
    ``at``, each next one ``every`` minutes later."""

    at: datetime
    every: int = Field(ge=1)
    does: Deed
    who: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def acts(self, everybody: Sequence[str]) -> Iterator[Act]:
        """One act a person, in the order of ``who``, or of ``everybody``."""
        for place, who in enumerate(self.who or [unit for unit in everybody if unit not in self.but]):
            yield Act(at=self.at + place * timedelta(minutes=self.every), who=who, does=self.does)

"""The story as data: story.toml, checked. Who reports, how they write, and what happens when.

Knows no server and makes no mail; ``county`` plays the people, ``player`` lets the time pass.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.demo.liaisons import Style
from bot.rules.base import Rule
from bot.rules.load import load_file

FILE = Path(__file__).with_name("story.toml")

Counts = Annotated[tuple[int, ...], Field(min_length=1)]
Texts = Annotated[tuple[str, ...], Field(min_length=1)]
Deed = Literal["fills", "types", "spoils", "repeats", "redelivers", "writes", "auto_replies"]


class OfficeOfStory(Rule):
    """The office; ``address`` and ``staff`` are local parts, ``sender`` is the name in From."""

    name: str
    address: str
    sender: str
    contact: str
    phone: str
    staff: Texts


class Words(Rule):
    """How the people of the story write; of several ways each person has one for good."""

    reply: Texts
    charset: Texts
    month: str
    date: str
    moment: str
    subject: str
    file: str
    measure: str
    letterhead: Texts
    with_file: Texts
    signature: str
    quotation: str
    auto_subject: str
    auto_text: str


class Person(Rule):
    """The liaison of one unit (an id of rules/units.toml). ``numbers`` are what the unit reports, group by group,
    ``base`` what it has registered. ``address`` is a local part, or a whole address, or empty for the unit's id."""

    unit: str
    name: str
    mobile: str
    base: Counts
    numbers: Counts
    address: str = ""


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
    packed: str = ""
    sent_from: str = Field(default="", alias="from")
    folder: str = "INBOX"
    subject: str = ""
    text: str = ""


class Story(Rule):
    """The whole of story.toml. Acts stand in the order of time, and their people exist."""

    domain: str
    start: date
    until: date
    period: str
    ticks: Annotated[tuple[time, ...], Field(min_length=1)]
    office: OfficeOfStory
    words: Words
    people: Annotated[tuple[Person, ...], Field(min_length=1)]
    acts: tuple[Act, ...]

    @model_validator(mode="after")
    def _acts_make_sense(self) -> Self:
        units = {p.unit for p in self.people}
        if len(units) != len(self.people):
            raise ValueError("people: a unit stands twice")
        for before, act in zip(self.acts, self.acts[1:], strict=False):
            if act.at <= before.at:
                raise ValueError(f"acts: {act.at} stands after {before.at}")
        for act in self.acts:
            if act.who not in units and "@" not in act.who:
                raise ValueError(f"acts: {act.at}: nobody is called {act.who!r}")
        return self

    def address(self, local: str) -> str:
        """A whole address in lower case; ``local`` may be one already."""
        return (local if "@" in local else f"{local}@{self.domain}").lower()

    def address_of(self, person: Person) -> str:
        return self.address(person.address or person.unit)

    def person(self, unit: str) -> Person | None:
        return next((p for p in self.people if p.unit == unit), None)

    def moments(self, until: date) -> Iterator[tuple[datetime, Act | None]]:
        """Everything that happens up to the end of a day, in order: acts, and None where only time passes."""
        days = [date.fromordinal(n) for n in range(self.start.toordinal(), until.toordinal() + 1)]
        passing = [(datetime.combine(day, tick), None) for day in days for tick in self.ticks]
        acts = [(act.at, act) for act in self.acts if self.start <= act.at.date() <= until]
        yield from sorted([*passing, *acts], key=lambda moment: moment[0])


def load_story() -> Story:
    """The story that comes with the program. ConfigError names the key that is wrong."""
    return load_file(FILE, Story)

"""The story as data: story.toml, checked. Who reports, how they write, and what happens when.

Knows no server and makes no mail; ``county`` plays the people, ``player`` lets the time pass.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.demo.acts import Act, Counts, Round
from bot.demo.enterprises import Enterprises
from bot.rules.base import Rule
from bot.rules.load import load_file

FILE = Path(__file__).with_name("story.toml")

Texts = Annotated[tuple[str, ...], Field(min_length=1)]


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
    plan_name: str
    plan: Texts
    registers_name: str
    list_name: str
    once: str


class Person(Rule):
    """The liaison of one unit (an id of rules/units.toml). ``numbers`` are what the unit reports, group by group,
    ``base`` what a town has registered: departments register nothing.
    ``address`` is a local part, or a whole address, or empty for the unit's id;
    ``listed`` tells that the office knows him before the story begins."""

    unit: str
    name: str
    mobile: str
    numbers: Counts
    base: tuple[int, ...] = ()
    address: str = ""
    listed: bool = True


class Quiet(Rule):
    """Days on which nobody does much: the bot looks once a day."""

    first: date
    last: date


class Story(Rule):
    """The whole of story.toml. Acts stand in the order of time, and their people exist."""

    domain: str
    start: date
    until: date
    period: str
    ticks: Annotated[tuple[time, ...], Field(min_length=1)]
    quiet: Quiet
    office: OfficeOfStory
    words: Words
    enterprises: Enterprises
    people: Annotated[tuple[Person, ...], Field(min_length=1)]
    rounds: tuple[Round, ...] = ()
    acts: tuple[Act, ...]

    @model_validator(mode="after")
    def _acts_make_sense(self) -> Self:
        units = {p.unit for p in self.people}
        if len(units) != len(self.people):
            raise ValueError("people: a unit stands twice")
        for before, act in zip(self.acts, self.acts[1:], strict=False):
            if act.at <= before.at:
                raise ValueError(f"acts: {act.at} stands after {before.at}")
        for act in self.all_acts:
            if act.who not in units and "@" not in act.who:
                raise ValueError(f"acts: {act.at}: nobody is called {act.who!r}")
        return self

    @cached_property
    def all_acts(self) -> tuple[Act, ...]:
        """The acts, those of the rounds among them, in the order of time."""
        of_rounds = [act for one in self.rounds for act in one.acts([p.unit for p in self.people])]
        return tuple(sorted([*self.acts, *of_rounds], key=lambda act: act.at))

    def address(self, local: str) -> str:
        """A whole address in lower case; ``local`` may be one already."""
        return (local if "@" in local else f"{local}@{self.domain}").lower()

    def address_of(self, person: Person) -> str:
        """A person's address in the story's domain."""
        return self.address(person.address or person.unit)

    def person(self, unit: str) -> Person | None:
        """Who reports for a unit; None where nobody does."""
        return next((p for p in self.people if p.unit == unit), None)

    def moments(self, until: date) -> Iterator[tuple[datetime, Act | None]]:
        """Everything that happens up to the end of a day, in order: acts, and None where only time passes."""
        days = [date.fromordinal(n) for n in range(self.start.toordinal(), until.toordinal() + 1)]
        passing = [(datetime.combine(day, tick), None) for day in days for tick in self._ticks_of(day)]
        acts = [(act.at, act) for act in self.all_acts if self.start <= act.at.date() <= until]
        yield from sorted([*passing, *acts], key=lambda moment: moment[0])

    def _ticks_of(self, day: date) -> tuple[time, ...]:
        return self.ticks[:1] if self.quiet.first <= day <= self.quiet.last else self.ticks


def load_story() -> Story:
    """The story that comes with the program. ConfigError names the key that is wrong."""
    return load_file(FILE, Story)

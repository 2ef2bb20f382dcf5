"""A form as data: which words name its parts, what is checked, who owes it and when."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import FromDay, Rule, ToDay, even, texts
from bot.rules.checks import OF_KIND, CheckRule
from bot.rules.units import Unit

LONGEST_MONTH = 31


class Owed(Rule):
    """Who owes the form and by when. ``shift`` moves the deadline to a working day.

    Each month: ``day`` is the deadline's day in the month that lies ``months_after`` the period; ``opens_days`` before
    the period ends its report is welcome. Once: by the end of the day ``on``, welcome from ``opens_days`` before it.

    Nothing is owed of what ended before ``first`` or after ``last``; where there is no ``first``, it is the day on
    which the program first saw the form."""

    by: tuple[Literal["town", "department"], ...] = Field(min_length=1)
    every: Literal["month", "once"] = "month"
    day: int | None = Field(default=None, ge=1, le=31)
    on: date | None = None
    months_after: int = Field(default=1, ge=0, le=12)
    shift: Literal["none", "next", "previous"] = "none"
    opens_days: int = Field(default=7, ge=0, le=400)
    first: FromDay | None = None
    last: ToDay | None = None

    @property
    def once(self) -> bool:
        """Whether it is owed once, and not for each month."""
        return self.every == "once"

    @model_validator(mode="after")
    def _opens_in_time(self) -> Self:
        wanted, other = ("on", "day") if self.once else ("day", "on")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"{wanted}: with every = {self.every!r} it must be there, and {other} must not")
        if self.day is None:
            return self
        if self.opens_days > LONGEST_MONTH:
            raise ValueError(f"opens_days: a month has at most {LONGEST_MONTH} days")
        opens = max(1, LONGEST_MONTH + 1 - self.opens_days)  # the latest day of a month on which it can open
        if self.months_after == 0 and opens > self.day:
            raise ValueError(f"opens_days: the report would open on day {opens}, after its deadline on day {self.day}")
        return self


class CountyOf(Rule):
    """Who makes the county, of those who owe the form: the numbers of these ``kinds`` are added up. What the other
    kinds report are the same things seen from another side: shown beside the county, never added to it."""

    kinds: tuple[Literal["town", "department"], ...] = Field(min_length=1)


class Labelled(Rule):
    """A group, a column or a field: the id in code and JSON, the label on paper, other spellings."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    synonyms: tuple[str, ...] = ()

    @cached_property
    def words(self) -> frozenset[str]:
        """Every text that means it, as texts are compared."""
        return texts(self.label, self.synonyms)


class FieldRule(Labelled):
    """A labelled text outside the table; ``side`` tells on which side of the numbers it stands."""

    side: Literal["above", "below"]


class Headings(Rule):
    """What stands in the row headings of a matrix. ``groups`` and ``columns`` are only written."""

    groups: str
    columns: str
    values: tuple[str, ...] = Field(min_length=1)
    subtotals: tuple[str, ...] = Field(min_length=1)
    total: tuple[str, ...] = Field(min_length=1)


class FormRule(Rule):
    """One file rules/<form>.toml. ``kind = "matrix"``: groups times columns of whole numbers. The other kinds have
    their own classes, and numbers too, so that whatever counts and compares need not know the kind: how many rows a
    table has (``rows.RowsRule``), or none (``papers.PaperRule``).

    ``cumulative``: the numbers of a month contain those of the months before. ``measure`` is what is counted
    with (家), ``counted`` what the numbers are called in letters. ``county``: without it, all who owe the form are the
    county."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["matrix", "rows", "paper"]
    name: str
    title: str
    keywords: tuple[str, ...]
    cumulative: bool = False
    measure: str = ""
    counted: str = Field(default="", max_length=40)
    unit_of_count: str = ""
    notes: tuple[str, ...] = ()
    owed: Owed
    county: CountyOf | None = None
    headings: Headings
    groups: tuple[Labelled, ...]
    columns: tuple[Labelled, ...]
    fields: tuple[FieldRule, ...] = ()
    checks: tuple[CheckRule, ...]

    def __hash__(self) -> int:
        """By its id alone: what is computed once of a form is kept by its rule, and is looked up for every sheet."""
        return hash(self.id)

    @model_validator(mode="after")
    def _has_a_table(self) -> Self:
        if self.kind != "paper" and not (self.groups and self.columns):
            raise ValueError("groups and columns: at least one of each")
        if self.kind == "matrix" and self.owed.once:
            raise ValueError("owed.every: numbers are owed by the month")
        return self

    @model_validator(mode="after")
    def _county_owes(self) -> Self:
        if self.county and self.kind != "matrix":
            raise ValueError("county: only numbers are added up")
        for kind in self.county_kinds:
            if kind not in self.owed.by:
                raise ValueError(f"county.kinds: {kind} does not owe the form")
        return self

    @model_validator(mode="after")
    def _checks_fit_the_kind(self) -> Self:
        for check in self.checks:
            if (check.id, check.case) not in OF_KIND[self.kind]:
                raise ValueError(f"checks: a form of kind {self.kind} has no check {check.id} {check.case!r}")
        return self

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        lists: dict[str, list[Any]] = {
            "groups": [g.id for g in self.groups],
            "columns": [c.id for c in self.columns],
            "fields": [f.id for f in self.fields],
            "checks": [(c.id, c.case) for c in self.checks],
        }
        for name, ids in lists.items():
            if len(ids) != len(set(ids)):
                raise ValueError(f"{name}: an id stands twice")
        return self

    def last_day(self, period: str) -> date:
        """The last day of a period (``2017-06``); of what is owed once, the day by which it is."""
        if self.owed.on is not None:
            return self.owed.on
        year, month = int(period[:4]), int(period[5:])
        return date(year, month, monthrange(year, month)[1])

    def is_owed_for(self, period: str) -> bool:
        """Whether anybody owes it for a period: not before its first, nor after its last."""
        day, owed = self.last_day(period), self.owed
        return (owed.first is None or owed.first <= day) and (owed.last is None or day <= owed.last)

    def owed_by(self, unit: Unit, period: str) -> bool:
        """Whether a unit owes it for a period: one of its kind does, in that period, and the unit is there."""
        return unit.kind in self.owed.by and self.is_owed_for(period) and unit.is_there(self.last_day(period))

    def owing(self, units: Iterable[Unit], period: str) -> tuple[Unit, ...]:
        """Those of the units that owe it for a period."""
        return tuple(unit for unit in units if self.owed_by(unit, period))

    @property
    def county_kinds(self) -> tuple[str, ...]:
        """The kinds of unit whose numbers are the county's."""
        return self.county.kinds if self.county else self.owed.by

    @property
    def kinds_beside(self) -> tuple[str, ...]:
        """The kinds of unit that report the same things from another side."""
        return tuple(kind for kind in self.owed.by if kind not in self.county_kinds)

    @property
    def numbers_called(self) -> str:
        """What letters and the workbook call the numbers."""
        return self.counted or self.headings.values[0]

    def group(self, id_: str) -> Labelled:
        """The category of that id."""
        return next(g for g in self.groups if g.id == id_)

    def column(self, id_: str) -> Labelled:
        """The column of that id."""
        return next(c for c in self.columns if c.id == id_)

    def label_of(self, group: str, column: str) -> str:
        """A cell in words, such as 规模以上企业·一级."""
        return f"{self.group(group).label}·{self.column(column).label}"

    def part_in_words(self, target: tuple[str, ...]) -> str:
        """A cell or a sum in words: ``("count", group, column)``, ``("subtotal", group)`` or ``("total",)``."""
        if target[0] == "count":
            return self.label_of(target[1], target[2])
        whole = len(target) == 1
        return self.headings.total[0] if whole else self.group(target[1]).label + self.headings.subtotals[0]

    def check(self, id_: str, case: str = "") -> CheckRule | None:
        """The rule of a check, or None when this form does not have it."""
        return next((c for c in self.checks if (c.id, c.case) == (id_, case)), None)

    def spoken_of_in(self, text: str) -> bool:
        """Whether a subject, a file name or a body mentions this form."""
        evened = even(text)
        return any(word in evened for word in self._spoken)

    @cached_property
    def names(self) -> frozenset[str]:
        """Its name, its title and the words that mean it, as texts are compared."""
        return self._spoken | {even(self.name)} - {""}

    @cached_property
    def _spoken(self) -> frozenset[str]:
        return texts(self.title, self.keywords)

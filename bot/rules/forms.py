"""A form as data: which words name its parts, what is checked, who owes it and when."""

from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule, even, texts
from bot.rules.checks import CheckRule

LONGEST_MONTH = 31


class Owed(Rule):
    """Who owes the form and by when. ``day`` is the deadline's day in the month that lies
    ``months_after`` the period; ``shift`` moves it to a working day; ``opens_days`` before the
    period ends its report is welcome."""

    by: tuple[Literal["town", "department"], ...] = Field(min_length=1)
    every: Literal["month"] = "month"
    day: int = Field(ge=1, le=31)
    months_after: int = Field(default=1, ge=0, le=12)
    shift: Literal["none", "next", "previous"] = "none"
    opens_days: int = Field(default=7, ge=0, le=31)

    @model_validator(mode="after")
    def _opens_in_time(self) -> Self:
        opens = max(1, LONGEST_MONTH + 1 - self.opens_days)  # the latest day of a month on which it can open
        if self.months_after == 0 and opens > self.day:
            raise ValueError(f"opens_days: the report would open on day {opens}, after its deadline on day {self.day}")
        return self


class Labelled(Rule):
    """A group, a column or a field: the id in code and JSON, the label on paper, other spellings."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    synonyms: tuple[str, ...] = ()

    @cached_property
    def words(self) -> frozenset[str]:
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
    """One file rules/<form>.toml with ``kind = "matrix"``: groups times columns of whole numbers.

    ``cumulative``: the numbers of a month contain those of the months before. ``measure`` is what is counted
    with (家), ``counted`` what the numbers are called in letters."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["matrix"]
    name: str
    title: str
    keywords: tuple[str, ...]
    cumulative: bool = False
    measure: str = ""
    counted: str = Field(default="", max_length=40)
    unit_of_count: str = ""
    notes: tuple[str, ...] = ()
    owed: Owed
    headings: Headings
    groups: tuple[Labelled, ...] = Field(min_length=1)
    columns: tuple[Labelled, ...] = Field(min_length=1)
    fields: tuple[FieldRule, ...]
    checks: tuple[CheckRule, ...]

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

    @property
    def numbers_called(self) -> str:
        """What letters and the workbook call the numbers."""
        return self.counted or self.headings.values[0]

    def group(self, id_: str) -> Labelled:
        return next(g for g in self.groups if g.id == id_)

    def column(self, id_: str) -> Labelled:
        return next(c for c in self.columns if c.id == id_)

    def label_of(self, group: str, column: str) -> str:
        """A cell in words, such as 规模以上企业·一级."""
        return f"{self.group(group).label}·{self.column(column).label}"

    def check(self, id_: str, case: str = "") -> CheckRule | None:
        """The rule of a check, or None when this form does not have it."""
        return next((c for c in self.checks if (c.id, c.case) == (id_, case)), None)

    def spoken_of_in(self, text: str) -> bool:
        """Whether a subject, a file name or a body mentions this form."""
        evened = even(text)
        return any(even(word) in evened for word in (self.title, *self.keywords))

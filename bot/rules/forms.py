"""A form as data: which words name its parts, what is checked, who owes it and when."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule, allow_names, even, texts

CheckId = Literal[
    "required", "count", "subtotal", "total", "decreased", "exceeds_base", "jump", "unit", "period", "reporter"
]
Severity = Literal["error", "warning"]
_COMPARED = ("label", "now", "last", "last_period", "difference")
# Every way in which a check can fail, and what its message may name besides {place}.
CASES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("required", ""): ("label",),
    ("count", ""): ("label", "written"),
    ("subtotal", ""): ("label", "stated", "computed"),
    ("total", ""): ("label", "stated", "computed"),
    ("decreased", ""): _COMPARED,
    ("exceeds_base", ""): ("label", "now", "base"),
    ("jump", ""): _COMPARED,
    ("unit", ""): ("written", "registered"),
    ("unit", "unknown"): ("written",),
    ("unit", "missing"): ("written",),
    ("unit", "blank"): ("registered",),
    ("unit", "several"): ("registered",),
    ("period", ""): ("written", "expected"),
    ("period", "future"): ("written", "expected"),
    ("period", "outside"): ("written", "expected", "first", "last"),
    ("period", "earlier"): ("written", "expected"),
    ("period", "blank"): ("expected",),
    ("reporter", ""): ("label",),
}


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
    values: tuple[str, ...]
    subtotals: tuple[str, ...] = Field(min_length=1)
    total: tuple[str, ...] = Field(min_length=1)


class CheckRule(Rule):
    """One check's severity, limits and words. ``case`` tells apart the ways one check can fail;
    ``message`` has {names} that the check fills in. With ``asks_reason`` a reply of one sentence settles it."""

    id: CheckId
    case: str = ""
    severity: Severity
    message: str
    factor: float = Field(default=3.0, gt=1)
    at_least: int = Field(default=20, ge=0)
    asks_reason: bool = False

    @model_validator(mode="after")
    def _message_can_be_filled_in(self) -> Self:
        if (self.id, self.case) not in CASES:
            known = ", ".join(repr(case) for id_, case in CASES if id_ == self.id)
            raise ValueError(f"case: the check {self.id} fails in the ways {known}, not in {self.case!r}")
        allow_names(self.message, ("place", *CASES[self.id, self.case]))
        return self


class FormRule(Rule):
    """One file rules/<form>.toml with ``kind = "matrix"``: groups times columns of whole numbers."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["matrix"]
    name: str
    title: str
    keywords: tuple[str, ...]
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

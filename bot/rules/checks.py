"""The checks of a form as data: every way in which one can fail, and what its words may name."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule, allow_names

CheckId = Literal[
    "required",
    "count",
    "subtotal",
    "total",
    "decreased",
    "exceeds_base",
    "jump",
    "duplicate",
    "unit",
    "period",
    "reporter",
    "rival",
    "more",
]
Severity = Literal["error", "warning"]
_COMPARED = ("label", "now", "last", "last_period", "difference")
Cases = Mapping[tuple[str, str], tuple[str, ...]]
# Every way in which a check can fail, and what its message may name besides {place}: whose form it is and who filled
# it in; then what each kind of form has of its own.
OWNER_CASES: Cases = {
    ("unit", ""): ("written", "registered"),
    ("unit", "unknown"): ("written",),
    ("unit", "missing"): ("written",),
    ("unit", "blank"): ("registered",),
    ("unit", "several"): ("registered",),
    ("unit", "not_owed"): ("registered",),
}
REPORTER_CASES: Cases = {("reporter", ""): ("label",)}
_RIVAL = ("label", "read", "line", "others")
MATRIX_CASES: Cases = {
    **{
        ("rival", case): _RIVAL
        for case in ("line", "label", "parts", "struck", "raised", "hidden", "concealed", "uncomputed", "covered")
    },
    ("required", ""): ("label",),
    ("count", ""): ("label", "written"),
    ("count", "merged"): ("label", "written"),
    ("subtotal", ""): ("label", "stated", "computed"),
    ("total", ""): ("label", "stated", "computed"),
    ("decreased", ""): _COMPARED,
    ("decreased", "later"): _COMPARED,
    ("exceeds_base", ""): ("label", "now", "base"),
    ("jump", ""): _COMPARED,
    ("jump", "later"): _COMPARED,
    ("period", ""): ("written", "expected"),
    ("period", "future"): ("written", "expected"),
    ("period", "outside"): ("written", "expected", "first", "last"),
    ("period", "earlier"): ("written", "expected"),
    ("period", "blank"): ("expected",),
}
ROWS_CASES: Cases = {
    **{("rival", case): _RIVAL for case in ("rows_hidden", "rows_struck")},
    ("required", "row"): ("label", "number", "column"),
    ("required", "table"): ("label",),
    ("required", "empty"): (),
    ("required", "one"): ("number",),
    ("count", "row"): ("label", "name", "column", "written"),
    ("duplicate", ""): ("label", "name", "first"),
    ("duplicate", "tables"): ("name", "label", "other"),
    ("duplicate", "forms"): ("name", "other"),
    ("duplicate", "units"): ("name", "other"),
}
CASES: Cases = {**MATRIX_CASES, **ROWS_CASES, **OWNER_CASES, **REPORTER_CASES}
OF_KIND: Mapping[str, Cases] = {
    "matrix": {**MATRIX_CASES, **OWNER_CASES, **REPORTER_CASES},
    "rows": {**ROWS_CASES, **OWNER_CASES, **REPORTER_CASES},
    "paper": OWNER_CASES,
}


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
        if self.id == "rival" and self.severity != ("error" if self.case == "parts" else "warning"):
            raise ValueError("severity: a rival is a warning: its sender is asked; only 'parts' is an error")
        allow_names(self.message, ("place", *CASES[self.id, self.case]))
        return self

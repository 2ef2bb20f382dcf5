"""rules/assessment.toml: what a late, a missing, a returned report costs in the yearly assessment, and its words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from bot.rules.base import Rule, allow_names

Points = Annotated[Decimal, Field(ge=0, le=1000, decimal_places=2)]

# The keys that the code gives, and what their texts may name. One that is missing would be missed in a workbook.
VALUES = ("full", "late_per_day", "late_cap", "missing", "returned", "corrected")
KEYS: Mapping[str, tuple[str, ...]] = {
    "sheets": ("ranking", "evidence", "rules"),
    "kinds": ("town", "department"),
    "ranking": (
        *("kind", "rank", "unit", "owed", "on_time", "late", "late_days", "missing", "waiting", "returned"),
        *("corrected", "deducted", "score", "grade"),
    ),
    "evidence": (
        *("unit", "form", "period", "deadline", "received", "version", "outcome", "late_days", "returned"),
        *("corrected", "minus_late", "minus_missing", "minus_returned", "minus_corrected", "deducted", "why"),
    ),
    "outcomes": ("on_time", "late", "missing", "waiting", "excused"),
    "reasons": ("late", "missing", "returned", "corrected", "waiting"),
    "rules": ("item", "value", "meaning", *VALUES, "grade", "at_least"),
    "meanings": VALUES,
}


class Deductions(Rule):
    """Points: ``late_per_day`` up to ``late_cap`` for one late report, and for each of the others one by one."""

    late_per_day: Points
    late_cap: Points
    missing: Points
    returned: Points
    corrected: Points

    @model_validator(mode="after")
    def _late_is_better_than_never(self) -> Self:
        if self.late_cap > self.missing:
            raise ValueError("late_cap: more than missing; whoever is late would do better not to report at all")
        return self


class Grade(Rule):
    """What a score of ``at_least`` so many points is called."""

    label: str = Field(min_length=1)
    at_least: Points


class AssessmentWords(Rule):
    """What the workbook says; the tables hold the keys of ``KEYS``, ``notes`` stand below the rules, a line each."""

    title: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year",)))]
    evidence_title: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year",)))]
    rules_title: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year",)))]
    basis: Annotated[str, AfterValidator(lambda text: allow_names(text, ("now", "since", "office")))]
    moment: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year", "month", "day", "hour", "minute")))]
    sheets: dict[str, str]
    kinds: dict[str, str]
    ranking: dict[str, str]
    evidence: dict[str, str]
    outcomes: dict[str, str]
    reasons: dict[str, str]
    rules: dict[str, str]
    meanings: dict[str, str]
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _nothing_is_missing(self) -> Self:
        for table, keys in KEYS.items():
            texts: dict[str, str] = getattr(self, table)
            if missing := [key for key in keys if not texts.get(key)]:
                raise ValueError(f"{table}.{missing[0]}: this text is missing")
            if unknown := [key for key in texts if key not in keys]:
                raise ValueError(f"{table}.{unknown[0]}: no such key; expected any of {', '.join(keys)}")
        for text in self.reasons.values():
            allow_names(text, ("count",))
        # The formulas of the workbook tell sheets and outcomes apart by these words.
        for table in ("sheets", "outcomes"):
            texts = getattr(self, table)
            if len(set(texts.values())) < len(texts):
                raise ValueError(f"{table}: a text stands twice")
        if wrong := [text for text in self.outcomes.values() if set(text) & set(',"')]:
            raise ValueError(f"outcomes: {wrong[0]!r}: no comma and no quotation mark, or a list cannot hold it")
        return self


class Assessment(Rule):
    """The whole file. ``full`` is what a unit begins with; grades stand from the best down, the last begins at 0."""

    forms: tuple[str, ...] = Field(min_length=1)
    full: Points
    deductions: Deductions
    grades: tuple[Grade, ...] = Field(min_length=1)
    words: AssessmentWords

    @model_validator(mode="after")
    def _grades_descend_to_zero(self) -> Self:
        steps = [grade.at_least for grade in self.grades]
        if steps != sorted(set(steps), reverse=True) or steps[-1] != 0:
            raise ValueError("grades: they must stand from the best down, each its own limit, the last at 0")
        return self

    def grade(self, score: Decimal) -> str:
        """The label of the best grade that the score reaches."""
        return next(grade.label for grade in self.grades if score >= grade.at_least)

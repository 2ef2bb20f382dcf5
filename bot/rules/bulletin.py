"""rules/bulletin.toml: when the monthly bulletin is due, and the words that its documents fill in."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bot.rules.base import Rule, allow_names


def _naming(*names: str) -> AfterValidator:
    """A text in whose braces nothing else may stand."""
    return AfterValidator(lambda text: allow_names(text, names))


Plain = Annotated[str, Field(min_length=1), _naming()]
OfMonth = Annotated[str, Field(min_length=1), _naming("year", "month")]
Counted = Annotated[str, Field(min_length=1), _naming("n")]


class Ranked(Rule):
    """By what a kind of unit is ranked, in words. ``total`` is only in what was announced when that was done."""

    rate: Plain
    total: Plain
    none: Plain


class States(Rule):
    """A unit's state in words, as ``deciding.standing`` names them; ``extended`` is one whose deadline the office has
    put off, and has not come."""

    accepted: Plain
    late: Annotated[str, _naming("days")]
    returned: Plain
    waiting: Plain
    missing: Plain
    open: Plain
    extended: Plain
    exempt: Plain


class Remarks(Rule):
    """What is said beside a unit's numbers: they are not this month's, they are held against an earlier month than the
    last, or there is nothing registered to hold them against."""

    carried: Annotated[str, _naming("month")]
    never: Plain
    compared: Annotated[str, _naming("month")]
    no_base: Plain


class Growth(Rule):
    """The change against the month before."""

    more: Counted
    less: Counted
    same: Plain
    unknown: Plain


class Changes(Rule):
    """What came after the release."""

    corrected: Plain
    added: Plain


class Files(Rule):
    """What the documents are called; ``draft`` is the document before its release."""

    document: OfMonth
    draft: OfMonth
    summary: OfMonth


class BulletinRule(Rule):
    """rules/bulletin.toml. ``leading``: so many ranks are named as first, and as last."""

    form: str | None = None
    working_days: int = Field(ge=1, le=60)
    leading: int = Field(ge=1)
    blank: Plain
    kinds: dict[Literal["town", "department"], Plain]
    ranked_by: Ranked
    states: States
    remarks: Remarks
    growth: Growth
    changes: Changes
    files: Files

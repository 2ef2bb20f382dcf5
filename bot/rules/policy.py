"""The smaller rules files: words, reasons, reminders, targets, calendar; and all of them together."""

from datetime import date, time
from functools import cached_property
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bot.rules.assessment import Assessment
from bot.rules.base import Rule, allow_names, even
from bot.rules.bulletin import BulletinRule
from bot.rules.commands import Commands
from bot.rules.forms import FormRule
from bot.rules.replies import Replies
from bot.rules.rows import RowsRule
from bot.rules.units import Units


class Words(Rule):
    """rules/words.toml: how people write "none", "nothing", and what may stand around a number;
    ``month`` is how a month is written, with {year} and {month}, ``week`` a week, with {year} and {week};
    ``table_cell`` names a cell that has no address, with {row} and {column}, ``body_name`` the text of a mail
    where it stands in place of a file."""

    zero: tuple[str, ...]
    blank: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    month: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year", "month")))]
    week: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year", "week")))]
    table_cell: Annotated[str, AfterValidator(lambda text: allow_names(text, ("row", "column")))]
    body_name: str = Field(min_length=1)

    @cached_property
    def printed(self) -> frozenset[str]:
        """The characters that a form with an empty month has in its place."""
        return frozenset(even("".join(text for text, *_ in Formatter().parse(self.month))))

    def with_measure(self, measure: str) -> Self:
        """The same words for a form whose numbers people follow with its ``measure``, such as 5处."""
        if not measure or measure in self.after:
            return self
        return self.model_copy(update={"after": (*self.after, measure)})

    def month_text(self, period: str) -> str:
        """2017-06 as people write it."""
        year, month = period.split("-")
        return self.month.format(year=int(year), month=int(month))

    def week_text(self, day: date) -> str:
        """The ISO week of a day, as people write it."""
        year, week, _ = day.isocalendar()
        return self.week.format(year=year, week=week)


# The keys that the code gives. A sentence that is missing would be missed in the middle of a mail.
REASONS: dict[str, tuple[str, ...]] = {
    "unreadable": (
        *("damaged", "encrypted", "empty", "no_form", "too_large", "too_complex", "timeout", "crashed", "link"),
        *("archive_damaged", "archive_tool", "archive_encrypted", "archive_limits", "mail_limits"),
        *("doc", "pdf", "image", "other"),
    ),
    "waiting": (
        *("unknown_sender", "ambiguous_sender", "authentication", "unit_mismatch", "token_mismatch"),
        *("conflict", "older", "confirm", "liaison", "locked"),
    ),
    "attention": (
        *("set_aside", "too_large", "bounced", "capped", "missing_attachment", "missing_attachment_unanswered"),
        *(
            "unreadable",
            "unreadable_unanswered",
            "no_form",
            "letter_failed",
            "letter_unproven",
            "letter_doubtful",
            "letter_restored",
        ),
        *("login_refused", "reply_words", "reply_unclear", "draft", "forged_order"),
        *("lead_unreachable", "answers_put_off", "strangers_unanswered"),
        *("login_over", "poll_lasts", "poll_over", "withheld", "unsafe_login"),
        *("outbox_lasts", "outbox_over", "probe_lasts", "probe_over", "disk_lasts", "disk_over"),
    ),
    "unclear": ("words", "several", "no_earlier", "other_month", "draft_errors"),
    "automatic": ("own", "bounce", "auto_submitted", "auto_reply", "list", "postmaster", "empty_return_path"),
}


class Reasons(Rule):
    """rules/reasons.toml: code -> sentence. Further codes may stand there; none of ``REASONS`` may be missing."""

    unreadable: dict[str, str]
    waiting: dict[str, str]
    attention: dict[str, str]
    unclear: dict[str, str]
    automatic: dict[str, str]

    @model_validator(mode="after")
    def _nothing_is_missing(self) -> Self:
        for table, codes in REASONS.items():
            if missing := [code for code in codes if not getattr(self, table).get(code)]:
                raise ValueError(f"{table}.{missing[0]}: this sentence is missing")
        return self


class Hours(Rule):
    """Office hours in which reminders may leave; ``from`` is a word of Python, so ``start`` here."""

    start: time = Field(alias="from")
    to: time

    @model_validator(mode="after")
    def _some_time_between(self) -> Self:
        if self.start >= self.to:
            raise ValueError("from must be before to, or no reminder ever leaves")
        return self


Recipient = Literal["unit", "lead"]


class Stage(Rule):
    """One rung of the ladder. ``letter`` and ``office`` name folders in templates/. ``to``: the unit itself, or the
    lead department of the group that inspects it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    when: Literal["before", "on", "after"]
    working_days: int = Field(ge=0)
    to: Recipient = "unit"
    letter: str
    office: str | None = None
    draft: bool = False

    @model_validator(mode="after")
    def _days_fit(self) -> Self:
        if (self.when == "on") != (self.working_days == 0):
            raise ValueError('working_days: 0 with when = "on", at least 1 otherwise')
        if self.to == "lead" and self.when != "after":
            raise ValueError('to: nobody is to press a unit that is not late; "lead" goes with when = "after"')
        return self


class GroupReports(Rule):
    """The monthly letter to the lead department of each inspection group; ``letter`` is a folder in templates/."""

    working_days: int = Field(ge=1)
    letter: str
    draft: bool = False


class Reminders(Rule):
    """rules/reminders.toml. Stages stand in the order in which they fall due."""

    hours: Hours
    stages: tuple[Stage, ...]
    groups: GroupReports | None = None

    @property
    def letters(self) -> tuple[tuple[str, str], ...]:
        """Every folder in templates/ that is named here, with where."""
        named = [(s.id, letter) for s in self.stages for letter in (s.letter, s.office) if letter]
        return (*named, *([("groups", self.groups.letter)] if self.groups else []))

    @model_validator(mode="after")
    def _stages_ascend(self) -> Self:
        sign = {"before": -1, "on": 0, "after": 1}
        steps = [(sign[s.when] * s.working_days, s.to) for s in self.stages]
        days = [day for day, _ in steps]
        if days != sorted(days) or len(set(steps)) < len(steps):
            raise ValueError("stages: they must stand in the order in which they fall due, each day once for whom")
        return self


class Target(Rule):
    """By the end of ``until``, these percentages of the base, per group and over all."""

    until: date
    all: float = Field(ge=0, le=100)
    groups: dict[str, float] = Field(default_factory=dict)


class Targets(Rule):
    """rules/targets.toml, in the order of time; ``label`` names all categories together, ``reached`` is the word
    for what is counted towards a target, as in 已达标 and 达标率."""

    form: str
    label: str
    reached: str = Field(min_length=1)
    targets: tuple[Target, ...]


class YearOfDays(Rule):
    """One year's exceptions from "Monday to Friday are worked"."""

    year: int
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class CalendarFile(Rule):
    """rules/calendar.toml."""

    years: tuple[YearOfDays, ...] = ()


class Rules(Rule):
    """Everything in rules/."""

    forms: dict[str, FormRule]
    units: Units
    words: Words
    reasons: Reasons
    reminders: Reminders
    replies: Replies
    commands: Commands
    targets: Targets
    calendar: CalendarFile
    assessment: Assessment
    bulletin: BulletinRule

    @cached_property
    def matrices(self) -> dict[str, FormRule]:
        """The forms of numbers, which are owed by the month."""
        return {id_: rule for id_, rule in self.forms.items() if rule.kind == "matrix"}

    @cached_property
    def registers(self) -> dict[str, RowsRule]:
        """The forms of rows."""
        return {id_: rule for id_, rule in self.forms.items() if isinstance(rule, RowsRule)}

    @cached_property
    def papers(self) -> dict[str, FormRule]:
        """The documents that are owed as they are."""
        return {id_: rule for id_, rule in self.forms.items() if rule.kind == "paper"}

    @cached_property
    def roster(self) -> RowsRule:
        """The list of liaisons."""
        return next(rule for rule in self.registers.values() if rule.appoints)

    @property
    def bulletin_form(self) -> str:
        """The form that the bulletin is about."""
        return self.bulletin.form or self.targets.form

"""rules/commands.toml: what the staff and the liaisons can order by mail, and what the answers say."""

from datetime import date
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule, allow_names, even

CommandId = Literal[
    "accept", "reject", "as", "register", "join", "dismiss", "reply", "send", "drop",
    "status", "remind", "extend", "exempt", "hold", "resume", "export", "history", "appoint", "undo", "help",
    "bulletin", "assessment", "report", "retract",
    "retire", "reinstate",
    "own_history", "own_form", "own_help", "hand_over",
]  # fmt: skip
ARGUMENTS = ("unit", "period", "until", "name", "mobile", "email", "reason", "numbers", "year")
# What the sentences of a command may name.
NAMES = (
    *ARGUMENTS,
    "number",
    "what",
    "outcome",
    "address",
    "form",
    "month",
    "count",
    "actor",
    "moment",
    "before",
    "version",
    "total",
)
# The sentences that name nothing.
_NAMELESS = (
    "several_questions", "no_period", "no_until", "no_reason", "no_name", "no_mobile", "no_email",
    "needs_token", "nothing_to_undo", "no_numbers", "no_year", "every_needs_letter", "nothing_left",
    "confirmed_before", "confirm_of_another", "confirm_too_late", "confirm_declined", "missing_nothing",
    "accepted", "duplicate", "leaves", "announced", "returned", "waiting",
    "state_returned", "state_waiting", "state_missing", "state_open", "state_exempt",
    "on_time", "late", "telephoned", "withdrawn", "by_telephone", "receipt_sent", "unit_told", "nobody_to_tell",
    "left_none", "would_leave_none", "by_mail_alone",
)  # fmt: skip
# Every sentence that the answers need, and what it may name.
SENTENCES: dict[str, tuple[str, ...]] = {
    "no_question": ("number",),
    "unread": ("text",),
    "decided_before": ("number", "actor", "moment", "said"),
    "decided_by_you": ("number", "moment", "said"),
    "decided_against": ("number", "said"),
    "cannot_undo": ("what", "moment"),
    "undo_overtaken": ("what", "actor", "moment"),
    "not_answerable": ("number", "words"),
    "what_words": ("sender", "subject"),
    "nobody_to_answer": ("number",),
    "assessment_file": ("year",),
    "left_as": ("unit", "month", "state"),
    "as_before": ("unit", "month", "state"),
    "asked_back": (),
    "file_failed": ("what", "fault"),
    "no_unit": ("text",),
    "not_understood": ("text",),
    "what_report": ("unit", "form", "month"),
    "what_letter": ("address", "subject"),
    "what_bulletin": ("form", "month"),
    "already_reported": ("unit",),
    "already_retired": ("unit",),
    "not_retired": ("unit",),
    "status_line": ("unit", "state"),
    "state_accepted": ("total", "received"),
    "state_late": ("days", "total", "received"),
    "counted": ("expected", "received", "on_time"),
    "history_line": ("form", "month", "version", "received", "punctual", "total", "how"),
    "numbers_unclear": ("text",),
    "numbers_wrong": ("text",),
    "same_numbers": ("unit", "month"),
    "nothing_registered": ("unit", "form", "month"),
    "announced_alone": ("unit", "form", "month"),
    "replaced_since": ("unit",),
    "left_version": ("version",),
    "would_leave_version": ("version",),
    "would_undo": ("what", "moment"),
    "settled_too": ("number", "subject"),
    "history_month": ("month",),
    "history_total": ("total",),
    **dict.fromkeys(_NAMELESS, ()),
}


class CommandRule(Rule):
    """One command. ``arguments`` in order, each of ``ARGUMENTS``, with ? if it may be left out; ``blank`` is
    shown where they are to be written; ``answers``: it decides a question; ``changes``: it changes data; ``grave``: it
    is confirmed unless the provider vouches; ``settles``: the kinds of words of the unit's liaison that it answers."""

    id: CommandId
    words: tuple[str, ...] = Field(min_length=1)
    by: Literal["staff", "liaison"]
    arguments: tuple[str, ...] = ()
    blank: str = ""
    answers: bool = False
    changes: bool = False
    grave: bool = False
    settles: tuple[str, ...] = ()
    help: str
    done: str

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for argument in self.arguments:
            if argument.removesuffix("?") not in ARGUMENTS:
                raise ValueError(f"arguments: {argument!r} is none of {', '.join(ARGUMENTS)}")
        allow_names(self.done, NAMES)
        return self

    @cached_property
    def evened(self) -> tuple[str, ...]:
        """The words as they are compared."""
        return tuple(map(even, self.words))


class Speech(Rule):
    """How people say it besides: ``fillers`` mean nothing wherever they stand, ``tails`` behind a command, ``because``
    begins a reason; ``every`` stands for all numbers; ``yes`` and ``no`` answer 请确认; a line with one of ``denials``
    orders nothing unless it is written exactly. ``no_reason`` is the reason of an order that gives none;
    ``until`` how an order that is asked back names a day."""

    fillers: tuple[str, ...]
    tails: tuple[str, ...]
    because: tuple[str, ...]
    every: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    denials: tuple[str, ...]
    no_reason: str
    until: str

    def day_text(self, day: date) -> str:
        """A day as an order names it."""
        return self.until.format(year=day.year, month=day.month, day=day.day)


class Commands(Rule):
    """rules/commands.toml. Every command of the program must stand there, and every sentence."""

    speech: Speech
    commands: tuple[CommandRule, ...]
    offers: dict[str, tuple[CommandId, ...]]
    answers: dict[str, str]

    @model_validator(mode="after")
    def _nothing_is_missing(self) -> Self:
        ids = [command.id for command in self.commands]
        known = CommandId.__args__  # type: ignore[attr-defined]
        if missing := [id_ for id_ in known if ids.count(id_) != 1]:
            raise ValueError(f"commands: expected {missing[0]!r} once")
        for kind, offered in self.offers.items():
            if not offered or not all(self.rule(id_).answers for id_ in offered):
                raise ValueError(f"offers.{kind}: expected commands that answer questions")
        for by in ("staff", "liaison"):
            # One word may be of two commands, if it tells by its arguments which.
            words = [(word, self._must(command)) for command in self.of(by) for word in command.evened]
            if twice := {word for word in words if words.count(word) > 1}:
                raise ValueError(f"commands: {twice.pop()[0]!r} means two of them")
        for key, names in SENTENCES.items():
            if not self.answers.get(key):
                raise ValueError(f"answers.{key}: this sentence is missing")
            allow_names(self.answers[key], names)
        return self

    @staticmethod
    def _must(command: CommandRule) -> tuple[str, ...]:
        return tuple(a for a in command.arguments if not a.endswith("?"))

    def of(self, by: str) -> tuple[CommandRule, ...]:
        """The commands of the staff, or those of liaisons."""
        return tuple(command for command in self.commands if command.by == by)

    def rule(self, id_: str) -> CommandRule:
        """The command of that id."""
        return next(command for command in self.commands if command.id == id_)

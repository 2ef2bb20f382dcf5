"""What is concluded from a mail: findings, judged forms, and the intent of what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from bot.model.commands import Orders
from bot.model.forms import Form
from bot.rules.checks import CheckId, Severity

Outcome = Literal["accepted", "returned", "waiting", "duplicate", "ignored", "unreadable"]
# ("count", group, column), ("subtotal", group), ("total",), ("field", id), or nothing in particular.
Target = tuple[str, ...]
Numbers = dict[str, dict[str, int]]  # group -> column -> how many
# What a report says besides its numbers: the rows of a form of rows, each keyed by column; of a document its name and
# the hash of its bytes. Empty for a matrix.
Content = list[dict[str, Any]]
ONCE = "once"  # the period of what is owed once


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that did not hold. ``check`` is the fixed id, ``case`` the way in which it failed;
    ``message`` is the sentence of the rules file with ``values`` filled in; ``place`` an A1 address or empty.
    ``target`` is the part of the form that it is about."""

    check: CheckId
    severity: Severity
    place: str
    message: str
    case: str = ""
    values: dict[str, str | int] = field(default_factory=dict)
    target: Target = ()


@dataclass(frozen=True, slots=True)
class Obligation:
    """One unit owes one form for one period (``2017-06``) by a deadline (aware)."""

    unit: str
    form: str
    period: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A form after the checks: whose and of which month it is taken to be, its numbers, and every finding.

    ``numbers`` is complete only when no ``required`` or ``count`` finding stands against it: a cell
    without a certain number is absent. ``unit`` and ``period`` are None when nobody can tell.
    """

    form: Form
    document: str
    unit: str | None
    period: str | None
    filled_on: date | None
    reporter: str
    phone: str
    numbers: Numbers
    findings: tuple[Finding, ...]
    content: Content = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The report in force for a unit and period: what the record knows of it. ``deadline`` is the one by which it was
    judged; None where nobody wrote it down."""

    report_id: int
    unit: str
    form: str
    period: str
    version: int
    numbers: Numbers
    received_at: datetime
    first_received_at: datetime
    content: Content = field(default_factory=list)
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A list of ``named`` things in the place of ``had``."""

    had: int
    named: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """What happens to one judged form. ``why`` is a key of ``[waiting]`` in rules/reasons.toml when it
    waits; ``before`` the report that it replaces or repeats; ``on_time`` counts the first version;
    ``base`` is what the unit has registered, by category.
    ``about`` is the period, or the one that was open when nobody can tell it; ``sender_unit`` the sender's own unit;
    ``arrived_at`` when the form first came, if that was with an earlier mail; ``went_back`` how often the very same
    form was returned before; ``shrunk`` tells of a list that waits because it loses most of its rows."""

    judged: Judged
    outcome: Outcome
    why: str = ""
    version: int = 0
    before: Accepted | None = None
    deadline: datetime | None = None
    on_time: bool | None = None
    base: Mapping[str, int] | None = None
    about: str = ""
    sender_unit: str | None = None
    arrived_at: datetime | None = None
    went_back: int = 0
    shrunk: Shrunk | None = None


@dataclass(frozen=True, slots=True)
class LetterDraft:
    """A letter before it is rendered: ``letter`` is a folder in templates/, ``context`` its values.

    ``key`` is unique for ever. ``reply_to`` holds the Message-ID that it answers and ``subject_of`` the
    subject. ``obligations`` is what it is about: a reply to it speaks of them. With ``only_while_owed``
    (a reminder) they are looked at again in the moment of sending.
    """

    key: str
    letter: str
    to: str
    context: dict[str, Any]
    reply_to: str | None = None
    subject_of: str = ""
    obligations: tuple[Obligation, ...] = ()
    only_while_owed: bool = False
    files: tuple["LetterFile", ...] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class LetterFile:
    """A file that goes with a letter."""

    name: str
    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that a person must see. ``kind`` is a key of ``[waiting]`` or ``[attention]`` in
    rules/reasons.toml; ``unit``, ``form`` and ``period`` name what waits because of it, if anything;
    ``letter_id`` the letter of ours that it is about, ``report_id`` the report; ``ruling`` is that report's place
    among the rulings of an intent, as long as nothing has happened yet."""

    kind: str
    detail: str = ""
    unit: str | None = None
    form: str | None = None
    period: str | None = None
    letter_id: int | None = None
    report_id: int | None = None
    ruling: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Why a mail is taken for its sender's own: the provider has vouched for him, or it answers a letter of ours to him
    that was not used yet. Neither: From alone says so. ``known``: the address is a liaison's or of the staff, and what
    the provider says of it is remembered."""

    vouched: bool = False
    letter_id: int | None = None
    known: bool = False

    @property
    def holds(self) -> bool:
        """Whether there is any."""
        return self.vouched or self.letter_id is not None


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything that one mail leads to; nothing has happened yet. ``reason`` is what the sender says to the findings
    with the ids ``explains``, or with ``explains_own`` to those of this mail's own reports; ``orders`` what he
    orders, ``counts`` the waiting reports that he confirms to be his; ``joins``: as lists of what is new."""

    outcome: Outcome
    why: str
    rulings: tuple[Ruling, ...] = ()
    letters: tuple[LetterDraft, ...] = ()
    attention: tuple[Attention, ...] = ()
    reason: str = ""
    explains: tuple[int, ...] = ()
    explains_own: bool = False
    orders: Orders | None = None
    counts: tuple[int, ...] = ()
    joins: bool = False
    proof: Proof = Proof()

"""What a liaison said in words, in a reply to a letter of ours or in a mail of his own."""

from dataclasses import dataclass, field
from typing import Literal

from bot.model.deciding import Accepted, Obligation
from bot.model.forms import Count, Document

# What a person should read, and who hears of it: a sentence, a question, a request, something taken back, numbers that
# contradict a file, "not to be counted yet", a file announced.
Note = Literal["words", "question", "request", "recall", "corrects", "hold", "announces"]
# Beside these: "whole" and "added" say what a list is; "promise" puts off, "unclear" looks like a report and is not
# understood, "zero" is neither all zeros nor last month's numbers for certain, "courtesy" is thanks and signatures,
# "nothing" an empty body.
ReplyKind = (
    Literal["confirm", "whole", "added", "unchanged", "numbers", "zero", "unclear", "promise", "courtesy", "nothing"]
    | Note
)


@dataclass(frozen=True, slots=True)
class Inline:
    """Numbers that were written in running text, as a matrix; a cell that was not named is absent."""

    counts: dict[str, dict[str, Count]]
    subtotals: dict[str, Count] = field(default_factory=dict)
    total: Count | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The sender's own words after reading. ``text`` is what he wrote, without quotation and signature rule;
    ``month`` the month that he named, as written, or empty; ``like`` the month that he compares with, or empty;
    ``unit`` the unit that he named, if one."""

    kind: ReplyKind
    text: str
    month: str = ""
    unit: str | None = None
    numbers: Inline | None = None
    like: str = ""


# Why a reply is asked back: its words, several reports that it could mean, no earlier numbers to keep, another
# month than the letter's, a draft with errors that cannot be confirmed, "zero report", an older month that is reported
# already while the open one is missing.
Unclear = Literal["", "words", "several", "no_earlier", "other_month", "draft_errors", "zero", "old_month"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A warning of a recorded report that a reason settles: the finding's id, and the sentence that asked."""

    finding_id: int
    report_id: int
    message: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One report that a unit owes now, and its version in force, if it was sent."""

    about: Obligation
    current: Accepted | None


@dataclass(frozen=True, slots=True)
class Said:
    """What the words of a mail come to: documents to judge like any other; or a reason for ``explains``; or ``unclear``
    and asked back, not if ``asked_before``; or a ``note`` that somebody must read; or, for ``filed``, mere thanks
    ("courtesy") or a promise, which nobody need hear of. ``about`` is what the answered letter, or a mail of his own,
    was about; ``replies`` tells whether a letter was answered. ``beside`` tells that a form stands beside the words.
    ``standing`` is what the record has of the sender's units, for a letter that answers a note. ``counts`` are
    the waiting reports that the sender confirms to be his; ``joins`` tells that they are lists of what is new."""

    documents: tuple[Document, ...] = ()
    text: str = ""
    explains: tuple[Asked, ...] = ()
    unclear: Unclear = ""
    asked_before: bool = False
    note: Note | Literal[""] = ""
    filed: Literal["", "courtesy", "promise"] = ""
    about: tuple[Obligation, ...] = ()
    replies: bool = False
    beside: bool = False
    standing: tuple[Standing, ...] = ()
    counts: tuple[int, ...] = ()
    joins: bool = False

"""What a liaison said in words, in a reply to a letter of ours."""

from dataclasses import dataclass, field
from typing import Literal

from bot.model.deciding import Obligation
from bot.model.forms import Count, Document

# "words" is a sentence, "question" one that wants an answer, "promise" one that puts off, "unclear" what looks like a
# report and is not understood, "nothing" thanks and signatures.
ReplyKind = Literal["confirm", "unchanged", "numbers", "words", "question", "promise", "unclear", "nothing"]


@dataclass(frozen=True, slots=True)
class Inline:
    """Numbers that were written in running text, as a matrix; a cell that was not named is absent."""

    counts: dict[str, dict[str, Count]]
    subtotals: dict[str, Count] = field(default_factory=dict)
    total: Count | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The sender's own words after reading. ``text`` is what he wrote, without quotation and signature rule;
    ``month`` the month that he named, as written, or empty; ``unit`` the unit that he named, if one."""

    kind: ReplyKind
    text: str
    month: str = ""
    unit: str | None = None
    numbers: Inline | None = None


# Why a reply is asked back: its words, several reports that it could mean, no earlier numbers to keep, another
# month than the letter's, a draft with errors that cannot be confirmed.
Unclear = Literal["", "words", "several", "no_earlier", "other_month", "draft_errors"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A warning of a recorded report that a reason settles: the finding's id, and the sentence that asked."""

    finding_id: int
    report_id: int
    message: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a reply comes to: documents to judge like any other; or a reason for ``explains``; or ``unclear`` and
    asked back, not if ``asked_before``; or ``for_person``: words that somebody must read. ``about`` is what the
    answered letter was about."""

    documents: tuple[Document, ...] = ()
    text: str = ""
    explains: tuple[Asked, ...] = ()
    unclear: Unclear = ""
    asked_before: bool = False
    for_person: bool = False
    about: tuple[Obligation, ...] = ()

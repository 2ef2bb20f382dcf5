"""What comes in: a mail as bytes, and the same mail unwrapped."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Authentication = Literal["pass", "fail", "unknown"]
Method = Literal["spf", "dkim", "dmarc"]
METHODS: tuple[Method, ...] = ("spf", "dkim", "dmarc")


@dataclass(frozen=True, slots=True)
class Vouching:
    """What the provider says of a sender, and the methods that passed for exactly the domain of From."""

    verdict: Authentication = "unknown"
    by: frozenset[Method] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail lay: folder name (decoded), UIDVALIDITY (0 if the server gives none), UID."""

    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class RawMail:
    """The bytes as the server gave them, and when the server received them (INTERNALDATE, aware)."""

    data: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file after unwrapping. ``name`` is decoded and cleaned, data and never a path; ``inside``
    names the containers it came out of (a zip, a forwarded mail), outermost first."""

    name: str
    data: bytes
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A part that a limit or a defect kept from being unwrapped. ``code`` is a key of
    ``[unreadable]`` in rules/reasons.toml; ``kind`` as in ``explain --json``. ``detail`` is what the
    mail itself tells about it, as it is written there: size and expiry of a link."""

    name: str
    code: str
    kind: str = "other"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report tells: the addresses that failed, the Message-IDs that it is about,
    and whether the failure is final (RFC 3464, Action: failed). ``diagnostic`` is what the other server answered,
    ``status`` the codes of RFC 3463, ``words`` what the system says itself. ``quoted`` is every text in which a mark
    of ours may stand."""

    recipients: tuple[str, ...]
    message_ids: tuple[str, ...]
    final: bool
    diagnostic: str = ""
    status: tuple[str, ...] = ()
    words: str = ""
    quoted: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, unwrapped. Every text is clean: no NUL, no lone surrogate, no newline in headers.

    ``sender`` is the one believed address in lower case, or None when From is missing or ambiguous;
    ``shown_from`` is the decoded header, for people. ``automatic`` names the reason why the mail
    counts as written by a machine, or is None. ``answers`` holds the Message-IDs of In-Reply-To and
    References, as evidence only. ``vouched_by`` holds the methods by which ``authentication`` passed.
    ``text`` is the plain body, or the visible text of the HTML body.
    """

    sha256: str
    received_at: datetime
    message_id: str | None
    sender: str | None
    shown_from: str
    subject: str
    text: str
    html: str
    answers: tuple[str, ...]
    automatic: str | None
    authentication: Authentication
    bounce: Bounce | None
    attachments: tuple[Attachment, ...]
    refused: tuple[Refused, ...]
    vouched_by: frozenset[Method] = frozenset()

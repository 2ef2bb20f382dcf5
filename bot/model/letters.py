"""What goes out: a letter as bytes, and what became of handing it over."""

from dataclasses import dataclass
from typing import Literal

from bot.model.deciding import Obligation

# ``unmade``: its template could not be filled in; its draft is kept until it can be.
LetterState = Literal["unmade", "held", "queued", "sending", "sent", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered letter. ``mime`` is the whole message with CRLF line ends, ready for DATA; ``token`` stands
    in its subject and, with the key, in its own headers."""

    key: str
    letter: str
    to: str
    subject: str
    mime: bytes
    token: str
    message_id: str
    held: bool = False
    obligations: tuple[Obligation, ...] = ()
    only_while_owed: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took the letter (250 after DATA); ``answer`` is its text."""

    answer: str


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Not taken now: try again after ``seconds``. ``whole_outbox`` means that it concerns every letter
    (a rate, a quota), not this one alone; ``tomorrow`` that the day's quota is used."""

    seconds: float
    reason: str
    whole_outbox: bool = False
    tomorrow: bool = False


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Never taken: ``dead_address`` when the recipient does not exist, ``needs_office`` when a person must
    decide (spam verdict, attachment refused); ``needs_office`` letters are held, not failed."""

    reason: str
    dead_address: bool = False
    needs_office: bool = False


Delivery = Sent | RetryAt | GivenUp

"""What somebody orders by mail: a command with its arguments, or what was understood of it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from bot.rules.commands import CommandRule


@dataclass(frozen=True, slots=True)
class Arguments:
    """What follows the word of a command. ``unit`` is a unit's name, ``period`` a month such as 2017-06."""

    unit: str | None = None
    period: str | None = None
    until: date | None = None
    name: str | None = None
    mobile: str | None = None
    email: str | None = None
    reason: str | None = None
    numbers: str | None = None
    year: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One line that was understood. ``number`` is that of the question which it answers, if one is written;
    ``every``: it answers all that the letter asks. ``loose``: its parts stood in another order than its rule says."""

    rule: CommandRule
    arguments: Arguments
    number: int | None
    text: str
    loose: bool = False
    every: bool = False


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """One line that looks like a command. ``lacks`` is the key of a sentence that says what it lacks, with the
    ``rest`` of the line; without it the word itself is unknown. ``nearest`` are commands that may be meant."""

    text: str
    lacks: str = ""
    rest: str = ""
    nearest: tuple[CommandRule, ...] = field(default=())


Verdict = Literal["obey", "confirm", "refuse", "forged"]


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of one mail, and whether they are obeyed. ``letter_key``, ``letter_kind`` and ``token`` are of the
    letter to this very address that the mail answers; ``confirms`` the letter whose order is confirmed; ``units`` those
    of a liaison; ``refusal`` the key of the sentence that says why it is refused. ``vouched``: the provider vouches for
    the sender; ``weaker``: it does not, and usually does."""

    orders: tuple[Command | Misunderstood, ...]
    verdict: Verdict
    letter_key: str = ""
    letter_kind: str = ""
    token: str | None = None
    confirms: str = ""
    units: tuple[str, ...] = ()
    refusal: str = "needs_token"
    vouched: bool = False
    weaker: bool = False

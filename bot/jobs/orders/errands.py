"""What passes between an order and whoever carries it out."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import BotError, ConfigError
from bot.jobs.enqueuing import fault_of
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.model.commands import Command
from bot.model.deciding import LetterFile

log = logging.getLogger(__name__)
LETTER, CONFIRM = "orders", "confirm_order"  # the letters that answer orders
STOPPED = "stopped_by_office"  # in meta: nothing leaves but these


@dataclass(frozen=True, slots=True)
class Given:
    """Who gave an order, in which mail, in answer to which letter (empty if to none); ``first_mail_id`` is the mail
    that gave it, where this one only confirms it."""

    actor: str
    mail_id: int | None = None
    letter_key: str = ""
    letter_kind: str = ""
    token: str | None = None
    units: tuple[str, ...] = ()
    first_mail_id: int | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """One order on its way: whatever it takes to carry it out, in the transaction of ``conn``. ``opened`` are the
    archived mails that it is about, by their numbers, as far as they were opened for it."""

    bot: Bot
    conn: Connection
    order: Command
    given: Given
    now: datetime
    opened: Mapping[int, Opened]


@dataclass(frozen=True, slots=True)
class Result:
    """What was done. ``values`` fill the command's sentence; ``lines`` and ``files`` go with it; ``undo`` takes it
    back, None if nothing does. ``letter`` is another letter that says it all, with what its ``context``
    needs besides, and ``about`` in its key."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    files: tuple[LetterFile, ...] = ()
    undo: dict[str, Any] | None = None
    letter: str = LETTER
    context: dict[str, Any] = field(default_factory=dict)
    about: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """What an order would do, where it is asked back: the numbers that it is about, each that changes, and lines."""

    numbers: dict[str, Any] | None = None
    changes: tuple[dict[str, Any], ...] = ()
    lines: tuple[str, ...] = ()


class Refusal(Exception):
    """An order that cannot be carried out: the key of a sentence in rules/commands.toml, and its values. Nothing has
    been written when it is raised. ``against`` is who had decided otherwise, and is told."""

    def __init__(self, key: str, values: dict[str, Any] | None = None, against: str = "") -> None:
        super().__init__(key)
        self.key, self.values, self.against = key, values or {}, against


UNMADE = "file_failed"  # the sentence of both: of rules/commands.toml, and of what the office is told
T = TypeVar("T")


def made(what: str, make: Callable[[], T]) -> T:
    """What ``make`` makes: a document or a workbook that an order asks for. ``Refusal`` where its template or its
    values are at fault: the other orders of the mail are carried out, and the office is told."""
    try:
        return make()
    except SQLAlchemyError:
        raise
    except Exception as error:  # a value that no workbook can hold: none is known
        if isinstance(error, BotError) and not isinstance(error, ConfigError):
            raise
        log.exception("a document for an order was not made")
        raise Refusal(UNMADE, {"what": what, "fault": fault_of(error)}) from error

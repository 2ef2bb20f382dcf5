"""A workbook that goes with a letter, or none: what cannot be made does not keep the letter back."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import BotError, ConfigError
from bot.jobs.enqueuing import fault_of, tell_once_a_day
from bot.jobs.parts import Bot
from bot.model.deciding import Attention, LetterFile

log = logging.getLogger(__name__)


def attached(
    bot: Bot, conn: Connection, now: datetime, what: str, make: Callable[[], LetterFile | None]
) -> LetterFile | None:
    """The file that ``make`` makes; None, and the office is told of ``what`` is lacking, if it cannot be made. The
    letter says all that the workbook does, and a number to call."""
    try:
        return make()
    except SQLAlchemyError:
        raise
    except Exception as error:  # a value that no workbook can hold: none is known
        if isinstance(error, BotError) and not isinstance(error, ConfigError):
            raise
        log.exception("a workbook was not made")
        tell_once_a_day(bot, conn, Attention("file_failed", f"{what}: {fault_of(error)}"), now)
        return None

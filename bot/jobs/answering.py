"""How much of what comes in is answered, so that nobody can make the bot write to the whole world.

an address of a liaison, or of the staff   letters_per_address_per_day
a stranger's                               one a day, and all strangers together no more than their share
                                           of the hour and of the day; what is over that is never answered
all together in an hour                    answers_per_hour; what is over that leaves later (``bot.jobs.enqueuing``)
"""

import math
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.deciding.decide import Policy
from bot.deciding.whose import KnownSender
from bot.jobs.parts import Bot
from bot.model.mail import Mail
from bot.record import answering, runs

STRANGER = 1  # whatever he sends, he is told once a day
NO_LIMIT = 1_000_000
HOUR = timedelta(hours=1)


def answer_from(conn: Connection, bot: Bot, now: datetime) -> datetime:
    """Mail from before this moment is recorded and never answered: the setting, else the first run."""
    return bot.config.answer_from or runs.began(conn, now) or now


def policy_for(conn: Connection, mail: Mail, sender: KnownSender, bot: Bot, now: datetime, wanted: bool) -> Policy:
    """What limits the answer to a mail. ``wanted``: the office has decided about it, and its sender is to hear."""
    since, own = answer_from(conn, bot, now), bot.config.own_address
    if wanted:
        return Policy(since, NO_LIMIT, own_address=own)
    if sender.units or mail.sender in bot.config.office.staff_addresses:
        return Policy(since, bot.config.limits.letters_per_address_per_day, own_address=own)
    return Policy(since, STRANGER, _flooded(conn, bot, now), own)


def _flooded(conn: Connection, bot: Bot, now: datetime) -> bool:
    """Whether strangers have had their share of an hour's answers, or of the letters that the provider lets through
    in a day."""
    limits, today, staff = bot.config.limits, now.astimezone(bot.zone).date(), bot.config.office.staff_addresses
    spans = ((now - HOUR, limits.answers_per_hour), (bot.midnight(now), bot.config.smtp.per_day))
    return any(
        answering.to_strangers(conn, since, now, today, but=staff) >= math.ceil(limits.strangers_share * measure)
        for since, measure in spans
    )

"""What several workers may decide at the same moment: each sees what the one before it wrote of the same units.

a mail with reports of numbers alone   beside others, but alone about its sender, his units and the units it names
the same from an address of nobody     and alone about strangers, who share one limit
anything else                          alone: orders, lists of liaisons, registers, words change what all are judged by

A mail waits for those that its sender wrote before: else his correction would be decided first, and what it corrects
be put before the office. Whose turn it is to be answered is asked for, last of all, by one after the other
(``bot.jobs.enqueuing``).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from sqlalchemy import Connection

from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.jobs.understand import posts_of
from bot.mail.sender import sender_of
from bot.record import claims, locks

STRANGERS = "strangers"  # no address and no unit is called so
# Seconds between two looks whether an earlier mail is done; most take milliseconds.
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@contextmanager
def turn(
    bot: Bot,
    claimed: claims.Claimed,
    opened: Opened,
    now: datetime,
    begin: Callable[[], AbstractContextManager[Connection]],
) -> Iterator[tuple[Connection, bool]]:
    """A transaction as ``begin`` begins it, and whether this worker may decide about a mail in it: not while an earlier
    one of the same sender has no fate, for which it waits two seconds."""
    for pause in (*PAUSES, None):
        with begin() as conn:
            take_turn(bot, conn, opened, now)
            mine = not comes_too_early(bot, conn, claimed, opened)
            if mine or pause is None:
                yield conn, mine
                return
        time.sleep(pause)


def comes_too_early(bot: Bot, conn: Connection, claimed: claims.Claimed, opened: Opened) -> bool:
    """Whether its sender wrote a mail before this one that has no fate: also one that failed and is to be tried again,
    until it is set aside. SQLite, which has one worker, takes mails in order and is asked for nothing."""
    sender = opened.mail.sender
    if bot.record.is_sqlite or sender is None:
        return False
    return any(sender_of(head) == sender for head in claims.undecided_before(conn, claimed))


def take_turn(bot: Bot, conn: Connection, opened: Opened, now: datetime) -> None:
    """Waits until this worker may decide about a mail, which it may until its transaction ends. On SQLite, whose
    writers are alone anyway, it asks for nothing."""
    if bot.record.is_sqlite:
        return
    if not only_numbers(bot, opened):
        locks.decide_alone(conn)
        return
    locks.decide_beside(conn)  # from here on nobody changes who the sender is
    locks.decide_about(conn, concerned(bot, conn, opened, now))


def only_numbers(bot: Bot, opened: Opened) -> bool:
    """Whether a mail brings reports of numbers, and nothing else that is acted on: such a report changes what its own
    unit is judged by, and no other."""
    forms = [form.form for document in opened.documents for form in document.forms]
    return not opened.mail.automatic and bool(forms) and all(form in bot.rules.matrices for form in forms)


def concerned(bot: Bot, conn: Connection, opened: Opened, now: datetime) -> set[str]:
    """The sender, his units, and every unit that a form in his mail names."""
    units = {post.unit for post in posts_of(conn, opened.mail, bot, now)}
    written = [form.fields.get("unit") for document in opened.documents for form in document.forms]
    named = {unit.name for w in written if w and (unit := bot.rules.units.resolve(w.text))}
    return {opened.mail.sender or STRANGERS, *units, *named, *(() if units else (STRANGERS,))}

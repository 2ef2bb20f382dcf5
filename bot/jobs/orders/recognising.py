"""Whether a mail gives orders: who sent it, which letter it answers, what it says first. Only reads the record."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.trust import verdict
from bot.jobs.orders.errands import CONFIRM
from bot.jobs.parts import Bot
from bot.letters.tokens import tokens_in
from bot.model.commands import Command, Orders
from bot.model.mail import Mail
from bot.reading.commands import commands_in
from bot.reading.replies import reply_in
from bot.record import acts, correspondence
from bot.rules.commands import CommandRule


def orders_of(mail: Mail, words: str, units: Sequence[str], bot: Bot, conn: Connection, now: datetime) -> Orders | None:
    """The orders of a mail without files; None if it gives none. ``units`` are the sender's own."""
    if mail.sender is None or mail.attachments or mail.refused:
        return None
    # A token alone says which letter is answered: In-Reply-To can be copied by anybody.
    answered = correspondence.by_token_or_id(conn, tokens_in(mail.subject), ())
    own = answered if answered is not None and answered.to == mail.sender else None
    if mail.sender in bot.config.office.staff_addresses:
        return _of_staff(mail, words, own, bot, conn, now)
    known = [rule for rule in bot.rules.commands.of("liaison") if rule.id != "hand_over"]
    return _of_liaison(mail, words, units, known, bot, now) if units else None


def _of_staff(mail: Mail, words: str, own: Row[Any] | None, bot: Bot, conn: Connection, now: datetime) -> Orders | None:
    confirms = ""
    if own is not None and own.letter == CONFIRM:
        words, confirms = _confirmed(words, own, mail, bot, conn, now)
        if not confirms:
            return None
    today = now.astimezone(bot.zone).date()
    known = bot.rules.commands.of("staff")
    text = words.strip() or ("" if own is not None else mail.subject)
    given = commands_in(text, known, bot.rules, today, expected=own is not None)
    if not given:
        return None
    changes = any(isinstance(order, Command) and order.rule.changes for order in given)
    fresh = own is not None and _is_young(own, bot, now)
    if own is not None and not _decides(given) and not confirms:
        fresh = fresh and not acts.token_was_used(conn, own.token)
    said = verdict(mail.authentication, has_token=fresh, changes=changes, without_token=bot.config.trust.without_token)
    key, kind = (own.key, own.letter) if own is not None else ("", "")
    return Orders(given, said, key, kind, own.token if own is not None else None, confirms=confirms)


def _is_young(own: Row[Any], bot: Bot, now: datetime) -> bool:
    """Whether the letter is young enough for its token to give a right: old subjects lie about in many mailboxes."""
    left: datetime = own.sent_at or own.queued_at
    return now - left <= timedelta(days=bot.config.trust.token_days)


def _decides(given: Sequence[object]) -> bool:
    """Whether every order decides a question: each of them can be decided once, so its letter serves for all."""
    return all(isinstance(order, Command) and order.rule.answers for order in given)


def _confirmed(words: str, own: Row[Any], mail: Mail, bot: Bot, conn: Connection, now: datetime) -> tuple[str, str]:
    """The order that is confirmed, and the letter that asked; empty if it is no yes, or there is nothing to confirm."""
    rule = next(iter(bot.rules.matrices.values()))
    if reply_in(words, rule, bot.rules).kind != "confirm":
        return "", ""
    text = acts.pending_order(conn, now, own.key, mail.sender or "")
    return (text, own.key) if text else ("", "")


def _of_liaison(
    mail: Mail, words: str, units: Sequence[str], known: Sequence[CommandRule], bot: Bot, now: datetime
) -> Orders | None:
    given = commands_in(
        words.strip() or mail.subject, known, bot.rules, now.astimezone(bot.zone).date(), expected=False
    )
    if len(given) != 1 or not isinstance(given[0], Command) or mail.authentication == "fail":
        return None
    return Orders(given, "obey", units=tuple(units))

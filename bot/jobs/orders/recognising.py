"""Whether a mail gives orders: who sent it, which letter it answers, what it says. Only reads the record.

answers a letter that asks for a confirmation   确认 in any dress carries out what was asked; 取消 drops it
answers a liaison's letter                      a liaison's word, also of one who is on the staff
else                                            orders in the sender's own words; below the quotation; in the
                                                subject of a mail that says nothing else
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.trust import is_vouched_for, verdict
from bot.jobs.orders.errands import CONFIRM, LETTER
from bot.jobs.parts import Bot
from bot.letters.tokens import tokens_in
from bot.mail.beneath import beneath
from bot.mail.body import own_words, visible_text
from bot.mail.unwrap import unwrap
from bot.model.commands import Command, Misunderstood, Orders
from bot.model.mail import Mail, RawMail
from bot.reading.commands import commands_in
from bot.reading.loose import yes_or_no
from bot.record import acts, correspondence, habits
from bot.rules.commands import CommandRule

# What the staff gets as staff. Whoever is a liaison too answers all others as one.
STAFF_LETTERS = frozenset({"attention", "alarm", "digest", LETTER, CONFIRM, "bulletin", "overdue_notice", "probe"})
SIGNATURE_LINES, SIGNATURE_LINE = 6, 20  # no more lines and characters: then a body is but a signature
SMALL = 64 << 10  # bytes of a picture in a signature
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")


def orders_of(mail: Mail, words: str, units: Sequence[str], bot: Bot, conn: Connection, now: datetime) -> Orders | None:
    """The orders of a mail; None if it gives none. ``units`` are the sender's own."""
    if mail.sender is None:
        return None
    # A token alone says which letter is answered: In-Reply-To can be copied by anybody.
    answered = correspondence.by_token_or_id(conn, tokens_in(mail.subject), ())
    own = answered if answered is not None and answered.to == mail.sender else None
    as_liaison = bool(units) and own is not None and own.letter not in STAFF_LETTERS
    if mail.sender in bot.config.office.staff_addresses and not as_liaison:
        found = _of_staff(mail, words, own, answered, bot, conn, now)
        if found or not units:
            return found
    if mail.refused or not all(_is_logo(a.name, a.data) for a in mail.attachments):
        return None  # what he sends says more than what he asks for
    known = [rule for rule in bot.rules.commands.of("liaison") if rule.id != "hand_over"]
    return _of_liaison(mail, words, units, known, bot, now) if units else None


def _is_logo(name: str, data: bytes) -> bool:
    return name.lower().endswith(PICTURES) and len(data) <= SMALL


def _of_staff(
    mail: Mail,
    words: str,
    own: Row[Any] | None,
    answered: Row[Any] | None,
    bot: Bot,
    conn: Connection,
    now: datetime,
) -> Orders | None:
    words = words.strip() or own_words(mail.text)
    if answered is not None and acts.is_asked(conn, answered.key):
        found = _answer_to_question(mail, words, own, answered, bot, conn, now)
        if found:
            return found
    given = _given(mail, words, own, bot, conn, now)
    return _judged(mail, given, own, bot, conn, now) if given else None


def _judged(
    mail: Mail,
    given: tuple[Command | Misunderstood, ...],
    own: Row[Any] | None,
    bot: Bot,
    conn: Connection,
    now: datetime,
    confirms: str = "",
) -> Orders:
    changes = any(isinstance(order, Command) and order.rule.changes for order in given)
    fresh = own is not None and _is_young(own, bot, now)
    if own is not None and not _decides(given) and not confirms:
        fresh = fresh and not acts.token_was_used(conn, own.token)
    said = verdict(mail.authentication, has_token=fresh, changes=changes, without_token=bot.config.trust.without_token)
    key, kind = (own.key, own.letter) if own is not None else ("", "")
    usual = habits.usual(conn, mail.sender or "")
    vouched = is_vouched_for(mail, usual)
    token = own.token if own is not None else None
    weaker = bool(usual) and not vouched
    return Orders(given, said, key, kind, token, confirms=confirms, vouched=vouched, weaker=weaker)


def _answer_to_question(
    mail: Mail, words: str, own: Row[Any] | None, answered: Row[Any], bot: Bot, conn: Connection, now: datetime
) -> Orders | None:
    """The order that is confirmed or dropped; or why it cannot be. None for an answer that is neither yes nor no."""
    said = yes_or_no(words, bot.rules) or yes_or_no(_below(mail, answered, conn, bot), bot.rules)
    if not said:
        return None
    if own is None:
        return _refused(mail, answered, "confirm_of_another")
    text = acts.pending_order(conn, now, own.key, mail.sender or "")
    if text is None:
        why = "confirmed_before" if acts.was_confirmed(conn, own.key) else "confirm_too_late"
        return _refused(mail, own, why)
    if said == "no":
        return replace(_refused(mail, own, "confirm_declined"), confirms=own.key)
    known, today = bot.rules.commands.of("staff"), now.astimezone(bot.zone).date()
    given = commands_in(text, known, bot.rules, today, expected=True)
    return _judged(mail, given, own, bot, conn, now, own.key)


def _refused(mail: Mail, answered: Row[Any], why: str) -> Orders:
    said = verdict(mail.authentication, has_token=True, changes=False, without_token="confirm")
    return Orders((), "refuse" if said == "obey" else said, answered.key, answered.letter, answered.token, refusal=why)


def _given(
    mail: Mail, words: str, own: Row[Any] | None, bot: Bot, conn: Connection, now: datetime
) -> tuple[Command | Misunderstood, ...]:
    """What is ordered, wherever in the mail it stands."""
    known, today = bot.rules.commands.of("staff"), now.astimezone(bot.zone).date()
    given = commands_in(words, known, bot.rules, today, expected=own is not None)
    if any(isinstance(order, Command) for order in given):
        return given
    below = commands_in(_below(mail, own, conn, bot), known, bot.rules, today, expected=False)
    if any(isinstance(order, Command) for order in below):
        # What somebody else wrote, in a mail that is passed on, is asked back.
        return below if own is not None else tuple(_asked(order) for order in below)
    if own is None and not given and _is_signature(words):
        return commands_in(mail.subject.rpartition(":")[2].rpartition("：")[2], known, bot.rules, today, expected=False)
    return given


def _asked(order: Command | Misunderstood) -> Command | Misunderstood:
    return replace(order, loose=True) if isinstance(order, Command) else order


def _below(mail: Mail, quoted: Row[Any] | None, conn: Connection, bot: Bot) -> str:
    """What stands below or between the quotation; of a mail that says nothing above it, what it passes on."""
    if quoted is None:
        return beneath(mail.text, ()) if not own_words(mail.text) else ""
    data = correspondence.bytes_of(conn, quoted.key)
    if data is None:
        return ""
    letter = unwrap(RawMail(data, mail.received_at), own_address="", provider=bot.provider)
    return beneath(mail.text, (letter.text, visible_text(letter.html), letter.subject))


def _is_signature(words: str) -> bool:
    lines = [line.strip() for line in words.split("\n") if line.strip()]
    return len(lines) <= SIGNATURE_LINES and all(
        len(line) <= SIGNATURE_LINE and not set("，。？！,?!") & set(line) for line in lines
    )


def _is_young(own: Row[Any], bot: Bot, now: datetime) -> bool:
    """Whether the letter is young enough for its token to give a right: old subjects lie about in many mailboxes."""
    left: datetime = own.sent_at or own.queued_at
    return now - left <= timedelta(days=bot.config.trust.token_days)


def _decides(given: Sequence[Command | Misunderstood]) -> bool:
    """Whether every order decides a question: each of them can be decided once, so its letter serves for all."""
    return all(order.rule.answers for order in given if isinstance(order, Command))


def _of_liaison(
    mail: Mail, words: str, units: Sequence[str], known: Sequence[CommandRule], bot: Bot, now: datetime
) -> Orders | None:
    given = commands_in(
        words.strip() or mail.subject, known, bot.rules, now.astimezone(bot.zone).date(), expected=False
    )
    if len(given) != 1 or not isinstance(given[0], Command) or mail.authentication == "fail":
        return None
    return Orders(given, "obey", units=tuple(units))

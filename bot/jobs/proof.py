"""Whether a mail is surely its sender's own: the provider says so, or it answers a letter that only he can have.

From alone proves nothing: anybody can write it. A letter to this very address, known by its token, serves once for a
correction, and not when it is old: old subjects lie about in many mailboxes.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.trust import is_vouched_for
from bot.deciding.whose import KnownSender
from bot.jobs.parts import Bot
from bot.letters.tokens import tokens_in
from bot.model.deciding import Intent, Proof
from bot.model.mail import Mail
from bot.record import correspondence, habits, runs

PROVED = "letter.proved"  # the event: a correction was believed because it answered this letter


def own_letter(conn: Connection, mail: Mail) -> Row[Any] | None:
    """The letter to its sender that a mail answers, by the token alone: In-Reply-To can be copied by anybody."""
    found = correspondence.by_token_or_id(conn, tokens_in(mail.subject), ())
    return found if found is not None and found.to == mail.sender else None


def is_young(own: Row[Any], bot: Bot, now: datetime) -> bool:
    """Whether a letter is young enough for its token to give a right."""
    left: datetime = own.sent_at or own.queued_at
    return now - left <= timedelta(days=bot.config.trust.token_days)


def proof_of(conn: Connection, mail: Mail, sender: KnownSender, bot: Bot, now: datetime) -> Proof:
    """What proves a mail to be its sender's own. Only reads."""
    if mail.sender is None or not (sender.units or mail.sender in bot.config.office.staff_addresses):
        return Proof()
    if mail.authentication == "fail":
        return Proof(known=True)
    vouched = is_vouched_for(mail, habits.usual(conn, mail.sender))
    own = own_letter(conn, mail)
    fresh = own is not None and is_young(own, bot, now) and not correspondence.was_returned(conn, PROVED, own.id)
    return Proof(vouched, own.id if own is not None and fresh else None, known=True)


def remember(conn: Connection, mail: Mail, intent: Intent, now: datetime, mail_id: int) -> None:
    """What the provider said of the sender; and that the letter is used up which made a correction count, unless the
    provider vouched anyway."""
    proof = intent.proof
    if proof.known:
        habits.learn(conn, mail, now, proven=proof.holds)
    if proof.vouched or proof.letter_id is None:
        return
    if any(r.outcome == "accepted" and r.before is not None for r in intent.rulings):
        runs.note(conn, now, PROVED, mail_id=mail_id, letter_id=proof.letter_id)

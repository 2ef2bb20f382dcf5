"""A letter of ours came back: what it means for its address, and what the office hears of it.

    no such address            the address is marked, and told; a mail from it or the office's word takes the mark away
    full, refused, expired     told, once in a while for each address; told again when it lasts. Nothing is marked
    a warning that it lasts    nothing: the letter is on its way
    not understood             a line before the office: one who should have read a letter may not have

Anyone can forge a bounce: one counts only if it names a letter of ours and the address to which it went, and for each
letter only the first.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.deciding.returned import why_returned
from bot.jobs.parts import Bot
from bot.letters.tokens import tokens_in
from bot.model.deciding import Attention
from bot.model.mail import Mail
from bot.record import attention, correspondence, people, runs

RETURNED = "letter.returned"  # the event; its detail says the class

UNCLEAR = "unclear"
# Class -> how it is told; keys of [attention] in rules/reasons.toml.
TOLD = {
    "gone": "bounced",
    "full": "bounced_full",
    "refused": "bounced_refused",
    "expired": "bounced_expired",
    UNCLEAR: "bounced_unclear",
}
_SAID = 300  # characters of a system's own words that are kept


def returned(bot: Bot, conn: Connection, mail: Mail, now: datetime, mail_id: int) -> None:
    """Writes down what a bounce tells, in the caller's transaction. Nothing for any other mail."""
    if mail.bounce is None or not mail.bounce.final:
        return
    ours = correspondence.by_token_or_id(conn, tokens_in(mail.bounce.quoted), mail.bounce.message_ids)
    if ours is None or correspondence.was_returned(conn, RETURNED, ours.id):
        return
    why = why_returned(mail.bounce, bot.rules.bounces)
    if why == "delayed":
        return
    kind = why if why and ours.to in mail.bounce.recipients else UNCLEAR
    runs.note(conn, now, RETURNED, mail_id=mail_id, letter_id=ours.id, why=kind)
    said = mail.bounce.diagnostic or mail.bounce.words[:_SAID]
    if kind == "gone" and not people.mark_dead(conn, ours.to, mail.received_at, said):
        return
    posts = people.at_address(conn, ours.to, now.astimezone(bot.zone).date())
    unit = posts[0].unit if posts else None
    _tell(bot, conn, Attention(TOLD[kind], ours.to, unit, letter_id=ours.id), now, mail_id)
    if kind not in ("gone", UNCLEAR):
        since = now - timedelta(days=bot.rules.bounces.days)
        if correspondence.returned_since(conn, RETURNED, ours.to, since, now) >= bot.rules.bounces.lasts:
            _tell(bot, conn, Attention("bounced_lasts", ours.to, unit, letter_id=ours.id), now, mail_id)


def lives(conn: Connection, mail: Mail, now: datetime, mail_id: int) -> None:
    """Whoever writes from an address has it: the mark is taken away. Not what a mail system writes, nor what the
    provider says somebody else wrote; nor a mail that is older than the bounce."""
    if mail.sender is None or mail.authentication == "fail" or mail.automatic not in (None, "auto_reply", "list"):
        return
    if people.mark_alive(conn, mail.sender, mail.received_at):
        runs.note(conn, now, "address.lives", mail_id=mail_id)


def _tell(bot: Bot, conn: Connection, item: Attention, now: datetime, mail_id: int) -> None:
    """Before the office, unless the same of this address was not long ago: its own letters may come back as well."""
    since = now - timedelta(days=bot.rules.bounces.quiet_days)
    if item.kind == "bounced" or not attention.was_opened(conn, item, since, now):
        attention.open_items(conn, [item], now, mail_id)

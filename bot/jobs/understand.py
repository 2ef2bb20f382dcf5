"""What one mail is and what it leads to, without doing it.

RawMail -unwrap-> Mail -documents-> Form... | Unreadable
  -known_sender, past-> what the record knows -place, judge, rule_on-> Ruling... -decide-> Intent
"""

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import Connection

from bot.deciding.decide import Policy, decide, ignore
from bot.deciding.judging import Past, judge, rule_on, why_waiting, without_repeats
from bot.deciding.placing import Placed, place
from bot.deciding.whose import KnownSender
from bot.jobs.parts import Bot
from bot.letters.tokens import tokens_in
from bot.mail.unwrap import unwrap
from bot.model.deciding import Intent
from bot.model.forms import Document
from bot.model.mail import Mail, RawMail
from bot.reading.documents import documents
from bot.reading.mailbody import body_document
from bot.record import outbox, people, reports, runs


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail and the documents in it; ``documents`` is empty for automatic mail, which is not read."""

    mail: Mail
    documents: tuple[Document, ...]


def open_mail(raw: RawMail, bot: Bot) -> Opened:
    """Unwraps a mail and reads what is in it. Needs no database. TooComplex if it is beyond the limits."""
    mail = unwrap(raw, own_address=bot.config.own_address, provider=bot.provider, unpacker=bot.unpacker)
    return Opened(mail, () if mail.automatic else _documents(mail, bot))


def _documents(mail: Mail, bot: Bot) -> tuple[Document, ...]:
    """The attachments; the mail's own text too, if a form is in it and in none of them."""
    found = documents(mail.attachments, bot.reader, bot.rules, bot.converter)
    body = None if any(d.forms for d in found) else body_document(mail, bot.reader, bot.rules)
    return (*found, body) if body else found


def intent_of(opened: Opened, bot: Bot, conn: Connection, now: datetime) -> Intent:
    """What is to be done with an opened mail. Only reads the record."""
    mail = opened.mail
    if mail.automatic:
        return ignore(mail.automatic)
    sender = known_sender(conn, mail, bot, now)
    placed = place(
        opened.documents,
        sender,
        bot.rules,
        subject=mail.subject,
        received_at=mail.received_at,
        campaign=bot.campaign,
        zone=bot.zone,
    )
    rulings = []
    for item in placed:
        past = past_of(conn, item)
        judged = judge(item, past, bot.rules.words)
        due = bot.deadline(judged.form.form, judged.period) if judged.period else None
        rulings.append(rule_on(item, judged, past, why_waiting(mail, item), due, mail.received_at))
    policy = Policy(answer_from(conn, bot, now), bot.config.limits.letters_per_address_per_day)
    return decide(mail, opened.documents, tuple(without_repeats(rulings)), sender, bot.rules, policy)


def answer_from(conn: Connection, bot: Bot, now: datetime) -> datetime:
    """Mail from before this moment is recorded and never answered: the setting, else the first run."""
    return bot.config.answer_from or runs.moment(conn, "first_run") or now


def known_sender(conn: Connection, mail: Mail, bot: Bot, now: datetime) -> KnownSender:
    """Who holds the address, which letter of ours is answered, how many answers it had today."""
    if mail.sender is None:
        return KnownSender()
    local = now.astimezone(bot.zone)
    arrived = mail.received_at.astimezone(bot.zone).date()
    # After an outage the mail of someone who has been replaced meanwhile is still his unit's.
    posts = people.at_address(conn, mail.sender, local.date()) or people.at_address(conn, mail.sender, arrived)
    answered = outbox.by_token_or_id(conn, tokens_in(mail.subject), mail.answers)
    about = outbox.obligations_of(answered) if answered else ()
    periods = {o.period for o in about}
    midnight = datetime.combine(local.date(), time.min, bot.zone)
    return KnownSender(
        tuple(dict.fromkeys(p.unit for p in posts)),
        next((p.name for p in posts if p.name), ""),
        tuple(dict.fromkeys(o.unit for o in about)),
        periods.pop() if len(periods) == 1 else None,
        outbox.letters_to(conn, mail.sender, midnight),
        answered is not None,
    )


def past_of(conn: Connection, placed: Placed) -> Past:
    """The history that a form is judged against; nothing for one without a unit or a month."""
    unit, period, form = placed.whose.unit, placed.when.period, placed.rule.id
    if unit is None or period is None:
        return Past()
    return Past(
        reports.accepted(conn, form, unit, period),
        reports.accepted_before(conn, form, unit, period),
        people.bases(conn, form).get(unit),
        reports.accepted(conn, form, unit, placed.when.open) is not None,
    )

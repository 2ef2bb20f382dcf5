"""What one mail is and what it leads to, without doing it.

RawMail -unwrap-> Mail -documents-> Form... | Unreadable, and the sender's own words
  -said_in-> what the words mean for the letter that they answer
  -known_sender, past-> what the record knows -place, judge, rule_on-> Ruling... -decide-> Intent
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.decide import by_machine, decide, ignore
from bot.deciding.evident import evident
from bot.deciding.heard import QUIET, From, heard
from bot.deciding.judging import Past, held_by, judge, rule_on, what_of, why_waiting, without_repeats
from bot.deciding.listed import successor
from bot.deciding.papers import with_papers
from bot.deciding.placing import Placed, brings_open, is_empty, place
from bot.deciding.registers import joined, shrinks
from bot.deciding.trusting import Trusted, trust, without_objection
from bot.deciding.whose import KnownSender
from bot.jobs.answering import answer_from, policy_for
from bot.jobs.dispensing import deadline_of
from bot.jobs.elsewhere import elsewhere
from bot.jobs.opening import Opened, Tools, opened_with
from bot.jobs.orders.recognising import orders_of
from bot.jobs.parts import Bot
from bot.jobs.proof import proof_of
from bot.jobs.registered import base_of
from bot.jobs.reminders.addressing import recipient_of
from bot.jobs.replying import beside, said_in
from bot.letters.tokens import tokens_in
from bot.model.commands import Command, Orders
from bot.model.deciding import ONCE, Intent, Proof, Ruling
from bot.model.forms import Document, Form, Written
from bot.model.mail import Authentication, Mail, RawMail
from bot.model.people import Liaison
from bot.model.replies import Said
from bot.reading.commands import commands_in
from bot.record import bulletins, correspondence, explanations, outbox, people, versions
from bot.rules.rows import RowsRule


@dataclass(frozen=True, slots=True)
class Then:
    """The history as it stood at a moment, when no report from a number on was there yet; None: all of them were."""

    moment: datetime
    report_id: int | None


def open_mail(raw: RawMail, bot: Bot) -> Opened:
    """Unwraps a mail and reads what is in it. Needs no database. TooComplex if it is beyond the limits."""
    tools = Tools(bot.config.own_address, bot.provider, bot.rules, bot.reader, bot.unpacker, bot.converter)
    return opened_with(raw, tools)


def intent_of(
    opened: Opened,
    bot: Bot,
    conn: Connection,
    now: datetime,
    trusted: Trusted | None = None,
    then: Then | None = None,
) -> Intent:
    """What is to be done with an opened mail. Only reads the record. With ``trusted`` only with the one form that the
    office decided about, as it decided. With ``then`` its forms are judged against the history of that moment."""
    mail = opened.mail
    if trusted:  # a person has looked at it
        said_of_it: Authentication = mail.authentication if trusted.by_sender else "unknown"
        opened = replace(opened, mail=(mail := replace(mail, authentication=said_of_it, automatic=None)))
    if mail.automatic in QUIET:
        return ignore(mail.automatic or "")
    sender = known_sender(conn, mail, bot, now)
    return heard(
        _intent(opened, sender, bot, conn, now, trusted, then),
        mail,
        opened.words,
        _from(mail, sender, bot, conn, now),
        bot.rules,
    )


def _from(mail: Mail, sender: KnownSender, bot: Bot, conn: Connection, now: datetime) -> From:
    is_staff = mail.sender in bot.config.office.staff_addresses
    if sender.units or is_staff or mail.automatic:
        return From(sender.units, is_staff, answers_ours=sender.answers_ours)
    today = now.astimezone(bot.zone).date()
    return From(people=frozenset(person.name for person in people.liaisons(conn, today)))


def _intent(
    opened: Opened,
    sender: KnownSender,
    bot: Bot,
    conn: Connection,
    now: datetime,
    trusted: Trusted | None,
    then: Then | None,
) -> Intent:
    mail = opened.mail
    if mail.automatic and not sender.units:
        return ignore(mail.automatic)
    proof = proof_of(conn, mail, sender, bot, now)
    opened = replace(opened, documents=evident(opened.documents, mail, sender.reply_forms, bot.rules))
    orders = _orders(opened, sender, bot, conn, now) if trusted is None and not mail.automatic else None
    if orders and not any(d.forms for d in opened.documents):
        return Intent("ignored" if orders.verdict == "forged" else "accepted", "orders", orders=orders, proof=proof)
    said = Said() if mail.automatic else _said(opened, sender, bot, conn, now)
    found = (*_with_papers(opened, sender, bot), *said.documents, *_handed_over(opened, sender, bot, now))
    placed = place(
        found,
        sender,
        bot.rules,
        subject=mail.subject,
        received_at=mail.received_at,
        campaign=bot.campaign,
        zone=bot.zone,
    )
    if not sender.units and all(is_empty(item.form) for item in placed):
        placed = ()  # a circular with the blank form in it is no report of whoever hands it on
    wanted = [item for item in placed if not trusted or trusted.means(item)]
    rulings = without_repeats(
        [_ruling(item, placed, mail, said, bot, conn, now, trusted, then, proof) for item in wanted]
    )
    if mail.automatic:
        return by_machine(mail, tuple(rulings))
    policy = policy_for(conn, mail, sender, bot, now, trusted is not None)
    intent = decide(mail, found, tuple(rulings), sender, bot.rules, policy, said)
    # A form beside orders is a form like any other; both are answered.
    return replace(intent, counts=said.counts, joins=said.joins, proof=proof, orders=orders)


def _orders(opened: Opened, sender: KnownSender, bot: Bot, conn: Connection, now: datetime) -> Orders | None:
    """The orders that a mail gives. Beside a form only the staff gives any, and none in the text where it stands."""
    if opened.mail.received_at < answer_from(conn, bot, now):
        return None
    kinds = {d.kind for d in opened.documents if d.forms}
    if "body" in kinds or (kinds and opened.mail.sender not in bot.config.office.staff_addresses):
        return None
    return orders_of(opened.mail, opened.words, sender.units, bot, conn, now)


def _ruling(
    item: Placed,
    placed: Sequence[Placed],
    mail: Mail,
    said: Said,
    bot: Bot,
    conn: Connection,
    now: datetime,
    trusted: Trusted | None,
    then: Then | None,
    proof: Proof,
) -> Ruling:
    """What happens to one form: judged against its history, and what comes with it, unless the office or its sender
    has spoken."""
    if trusted:
        item = trust(item, trusted)
    past = past_of(conn, item, bot, now, then)
    past = replace(past, open_reported=past.open_reported or brings_open(item, placed))
    if trusted and trusted.joined:
        item = joined(item, past.current, past.registered)
    judged = judge(item, past, bot.rules.words)
    due = deadline_of(bot, conn, judged.form.form, judged.unit, judged.period) if judged.period else None
    if trusted:
        past = past if trusted.by_sender else without_objection(past)
        return rule_on(item, judged, past, "", due, mail.received_at)
    waiting = why_waiting(mail, item, past) or held_by(said)
    shrunk = shrinks(item, past.current, past.registered)
    ruling = rule_on(item, judged, past, waiting, due, mail.received_at, proven=proof.holds, shrunk=shrunk)
    return replace(ruling, went_back=versions.went_back(conn, ruling)) if ruling.outcome == "returned" else ruling


def _with_papers(opened: Opened, sender: KnownSender, bot: Bot) -> tuple[Document, ...]:
    """The documents, with what is owed as it is. The office's mailbox gets plans of all sorts: only a registered
    liaison's are looked at."""
    if not sender.units or not bot.rules.papers:
        return opened.documents
    hashes = [sha256(a.data).hexdigest() for a in opened.mail.attachments]
    return with_papers(opened.documents, hashes, opened.mail.subject, sender.reply_forms, sender.units, bot.rules)


def _handed_over(opened: Opened, sender: KnownSender, bot: Bot, now: datetime) -> tuple[Document, ...]:
    """移交 姓名 手机 邮箱, by a unit's liaison: a list of one, which waits for the office like any other."""
    known = [bot.rules.commands.rule("hand_over")]
    if len(sender.units) != 1 or opened.mail.automatic or any(d.forms for d in opened.documents):
        return ()
    today = now.astimezone(bot.zone).date()
    for text in (opened.words, "" if sender.answers_ours else opened.mail.subject):
        said = commands_in(text, known, bot.rules, today, expected=False) if text else ()
        if said and isinstance(said[0], Command):
            return (successor(said[0].arguments, sender.units[0], bot.rules),)
    return ()


def _said(opened: Opened, sender: KnownSender, bot: Bot, conn: Connection, now: datetime) -> Said:
    """What the words mean. Beside a form, in a file or a table, they say no numbers: the form does."""
    mail = opened.mail
    if forms := [form for d in opened.documents for form in d.forms]:
        return beside(opened.words, forms, sender, bot)
    if mail.refused:
        return Said()
    said = said_in(mail, opened.words, _answered(conn, mail), sender, bot, conn, now)
    if mail.authentication == "fail" and not said.documents:
        return Said(text=said.text, note="words") if sender.units else Said()  # somebody else may have written it
    return replace(said, documents=tuple(_by(sender, d) for d in said.documents))


def _by(sender: KnownSender, document: Document) -> Document:
    """Who reports in words is known by his address."""
    known = {"reporter": Written(sender.person, ""), "phone": Written(sender.mobile, "")}

    def signed(form: Form) -> Form:
        return replace(form, fields={**{k: v for k, v in known.items() if v.text}, **form.fields})

    return replace(document, forms=tuple(signed(form) for form in document.forms))


def _answered(conn: Connection, mail: Mail) -> Row[Any] | None:
    """The letter of ours that a mail answers."""
    return correspondence.by_token_or_id(conn, tokens_in(mail.subject), mail.answers)


def known_sender(conn: Connection, mail: Mail, bot: Bot, now: datetime) -> KnownSender:
    """Who holds the address, which letter of ours is answered, how many answers it had today."""
    if mail.sender is None:
        return KnownSender()
    posts = posts_of(conn, mail, bot, now)
    answered = _answered(conn, mail)
    # What a lead department was asked about others is no word about its own report.
    own = answered is not None and recipient_of(answered.key) == "unit"
    about = outbox.obligations_of(answered) if answered and own else ()
    periods = {o.period for o in about if o.period != ONCE}
    told = correspondence.letters_to(conn, mail.sender, bot.midnight(now), now)
    return KnownSender(
        units=tuple(dict.fromkeys(p.unit for p in posts)),
        person=next((p.name for p in posts if p.name), ""),
        reply_units=tuple(dict.fromkeys(o.unit for o in about)),
        reply_period=periods.pop() if len(periods) == 1 else None,
        answers_today=sum(told.values()),
        answers_ours=answered is not None,
        mobile=next((p.mobile for p in posts if p.mobile), ""),
        reply_forms=tuple(dict.fromkeys(o.form for o in about)),
        unreadable_today=told.get("unreadable", 0),
    )


def posts_of(conn: Connection, mail: Mail, bot: Bot, now: datetime) -> list[Liaison]:
    """What its sender's address stands for. After an outage the mail of someone who has been replaced meanwhile is
    still his unit's."""
    today, arrived = now.astimezone(bot.zone).date(), mail.received_at.astimezone(bot.zone).date()
    return people.at_address(conn, mail.sender or "", today) or people.at_address(conn, mail.sender or "", arrived)


def past_of(conn: Connection, placed: Placed, bot: Bot, now: datetime, then: Then | None = None) -> Past:
    """The history that a form is judged against, now or at an earlier moment; nothing for one without a unit or a
    month. Registered bases have no history: they are those of today."""
    before, until = (then.report_id, then.moment) if then else (None, None)
    unit, period, form = placed.whose.unit, placed.when.period, placed.rule.id
    if unit is None or period is None:
        return Past()
    in_force = versions.accepted(conn, form, unit, period, before)
    is_open, today = placed.when.open == period, now.astimezone(bot.zone).date()
    rows = placed.rule if isinstance(placed.rule, RowsRule) else None
    return Past(
        in_force,
        versions.accepted_before(conn, form, unit, period, before),
        base_of(bot, conn, form, unit),
        (in_force if is_open else versions.accepted(conn, form, unit, placed.when.open, before)) is not None,
        frozenset(what_of(row.check_id, row.details) for row in explanations.explained(conn, form, unit, until)),
        elsewhere(bot, conn, rows, unit, before) if rows else {},
        tuple(people.liaisons_of(conn, unit, today)) if rows and rows.appoints else (),
        bulletins.is_released(conn, form, period, until),
        versions.accepted_after(conn, form, unit, period, before) if placed.rule.cumulative else None,
        versions.numbered(conn, form, unit, period, before),
        people.bases_of(conn, rows.base_of, unit) if rows and rows.base_of else None,
    )

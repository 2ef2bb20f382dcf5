"""Words: what the record knows of what they are about, and what they come to.

the letter, or what is open -> Answered; own words -reply_in-> Reply -said-> Said
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Row

from bot.deciding.deadlines import owed_periods
from bot.deciding.judging import SHRUNK, UNPROVEN
from bot.deciding.replies import Answered, Draft, said
from bot.deciding.whose import KnownSender
from bot.jobs.dispensing import let_off_between
from bot.jobs.parts import Bot
from bot.letters.tokens import tokens_in
from bot.model.deciding import Obligation
from bot.model.forms import Form
from bot.model.mail import Mail
from bot.model.replies import Asked, Said, Standing
from bot.reading.replies import covers, note_in, reply_in
from bot.record import correspondence, explanations, outbox, versions
from bot.rules.forms import FormRule

UNCLEAR = "unclear"  # the letter that asks back
ONCE = ("noted", "no_attachment")  # what answers these gets no such letter again: a machine may have written it
LOOKED_BACK = 13  # months in which a mail of one's own may find what is missing


def said_in(
    mail: Mail, words: str, answered: Row[object] | None, sender: KnownSender, bot: Bot, conn: Connection, now: datetime
) -> Said:
    """What a registered liaison says, in a reply or in a mail of his own; nothing of anybody else."""
    if not sender.units:
        return Said()
    names = names_of(sender, bot)
    if answered is None:
        return _of_his_own(mail, words, names, sender, bot, conn, now)
    about = replace(_answered(answered, sender, bot, conn, now), by_token=answered.token in tokens_in(mail.subject))
    found = said(reply_in(words, _rule(about, bot), bot.rules, names), about, sender, bot.rules)
    if found.note and answered.letter in ONCE:
        found = replace(found, asked_before=True)
    return _with_standing(found, sender, bot, conn, now)


def beside(words: str, forms: Iterable[Form], sender: KnownSender, bot: Bot) -> Said:
    """What a registered liaison says beside forms that they do not. Whoever filled one in may have signed the mail."""
    signed = (form.fields["reporter"].text.strip() for form in forms if "reporter" in form.fields)
    names = [*names_of(sender, bot), *(name for name in signed if len(name) > 1)]
    note, text = note_in(words, bot.rules, names) if sender.units else (None, "")
    return Said(text=text, note=note or "", beside=True)


def names_of(sender: KnownSender, bot: Bot) -> list[str]:
    """What the sender may sign with: his own name, and his units' with their aliases."""
    names = [sender.person]
    for name in sender.units:
        unit = bot.rules.units.by_name.get(name)
        names += unit.names if unit else [name]
    return names


def _of_his_own(
    mail: Mail, words: str, names: list[str], sender: KnownSender, bot: Bot, conn: Connection, now: datetime
) -> Said:
    """A mail that answers nothing: what it is about stands in it, or is the one report that is open."""
    subject = mail.subject
    spoken = [r for r in bot.rules.matrices.values() if r.spoken_of_in(f"{subject} {words}")]
    rule = spoken[0] if len(spoken) == 1 else next(iter(bot.rules.matrices.values()))
    own = "" if subject.casefold().startswith(bot.rules.replies.reply_subjects) else subject
    text = own if own and covers(words, bot.rules, names) and not covers(own, bot.rules, names) else words
    if any(subject.casefold().startswith(word) for word in bot.rules.replies.recall_subjects):
        return _with_standing(Said(text=words.strip() or subject, note="recall"), sender, bot, conn, now)
    reply = reply_in(text, rule, bot.rules, names)
    if not reply.month:
        reply = replace(reply, month=reply_in(subject, rule, bot.rules, names).month)
    if reply.kind == "unclear" and not spoken:
        return Said(text=reply.text, note="words")  # other business has numbers too
    if reply.kind in ("courtesy", "nothing") and any(r.spoken_of_in(f"{own} {words}") for r in spoken):
        return Said(text=reply.text or subject, note="announces")
    missing = _missing(sender, bot, conn, now)
    open_now = tuple(o for o in missing or _open(sender, bot, conn, now) if o.form == rule.id)
    about = known(Answered(open_now, missing=missing, fresh=True), bot, conn)
    asked_before = correspondence.was_asked(conn, UNCLEAR, mail.sender or "", open_now)
    found = said(reply, replace(about, asked_before=asked_before), sender, bot.rules)
    return _with_standing(found, sender, bot, conn, now)


def _with_standing(found: Said, sender: KnownSender, bot: Bot, conn: Connection, now: datetime) -> Said:
    """With what is on record, where a note is answered."""
    if not found.note:
        return found
    owed = _open(sender, bot, conn, now)
    return replace(found, standing=tuple(Standing(o, versions.accepted(conn, o.form, o.unit, o.period)) for o in owed))


def _open(sender: KnownSender, bot: Bot, conn: Connection, now: datetime) -> tuple[Obligation, ...]:
    """The newest report in numbers that each of the sender's units owes."""
    found = {(o.form, o.unit): o for o in _owed(sender, bot, conn, now)}
    return tuple(found.values())


def _missing(sender: KnownSender, bot: Bot, conn: Connection, now: datetime) -> tuple[Obligation, ...]:
    """What the sender's units owe in numbers, can report by now, and have not."""
    owed = _owed(sender, bot, conn, now)
    return tuple(o for o in owed if not versions.accepted(conn, o.form, o.unit, o.period))


def _owed(sender: KnownSender, bot: Bot, conn: Connection, now: datetime) -> list[Obligation]:
    """What the sender's units owe in numbers and can report by now, of the last year, in order. Who is let off owes
    nothing."""
    found = []
    for form, rule in bot.rules.matrices.items():
        opened = owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone)[-LOOKED_BACK:]
        off = let_off_between(bot, conn, form, opened[0], opened[-1]) if opened else {}
        for period in opened:
            for unit in filter(None, map(bot.rules.units.by_name.get, sender.units)):
                own = off.get(period, {}).get(unit.name, bot.deadline(form, period))
                if own is not None and rule.owed_by(unit, period):
                    found.append(Obligation(unit.name, form, period, own))
    return found


def _rule(answered: Answered, bot: Bot) -> FormRule:
    """The form that the letter is about; of several the first, of none the first one of numbers."""
    forms = [o.form for o in answered.obligations] or [d.form for d in answered.drafts]
    return bot.rules.forms[forms[0]] if forms else next(iter(bot.rules.matrices.values()))


def _answered(row: Row[object], sender: KnownSender, bot: Bot, conn: Connection, now: datetime) -> Answered:
    # A letter to several posts of one person speaks of all of them; one to other people's, of nothing here. Registers
    # and documents cannot be said in words.
    about = tuple(o for o in outbox.obligations_of(row) if o.unit in sender.units and o.form in bot.rules.matrices)
    missing = tuple(o for o in _missing(sender, bot, conn, now) if o.form in {a.form for a in about})
    found = known(Answered(about, missing=missing), bot, conn)
    found = replace(found, asked_before=row.letter == UNCLEAR or correspondence.was_asked(conn, UNCLEAR, row.to, about))
    if row.mail_id is None:
        return found
    unproven, shrunk = (
        tuple(explanations.waiting_for_sender(conn, row.mail_id, sender.units, why)) for why in (UNPROVEN, SHRUNK)
    )
    drafts, asks = _drafts(bot, conn, row.mail_id, sender), _asks(conn, row.mail_id, bot)
    return replace(found, drafts=drafts, asks=asks, unproven=unproven, shrunk=shrunk)


def known(answered: Answered, bot: Bot, conn: Connection) -> Answered:
    """The same with the reports that are in force, and those before them, of all that it can be about."""
    about = tuple(dict.fromkeys((*answered.obligations, *answered.missing)))
    current = {o: found for o in about if (found := versions.accepted(conn, o.form, o.unit, o.period))}
    carried = [o for o in about if bot.rules.forms[o.form].cumulative]
    earlier = {o: found for o in carried if (found := versions.accepted_before(conn, o.form, o.unit, o.period))}
    return replace(answered, current=current, earlier=earlier)


def _drafts(bot: Bot, conn: Connection, mail_id: int, sender: KnownSender) -> tuple[Draft, ...]:
    """Drafts of the sender's own units. One whose unit was not written down is his who sent it."""
    return tuple(
        Draft(
            row.form,
            row.unit,
            row.period,
            row.filled_on.isoformat() if row.filled_on else "",
            row.reporter,
            row.phone,
            row.document,
            row.sheet,
            row.numbers,
            row.received_at,
            wrong,
        )
        for row, wrong in explanations.drafts(conn, mail_id)
        if (row.unit or row.sender_unit) in sender.units and row.form in bot.rules.forms
    )


def _asks(conn: Connection, mail_id: int, bot: Bot) -> tuple[Asked, ...]:
    asking = bot.rules.asking
    return tuple(Asked(r.id, r.report_id, r.message) for r in explanations.unexplained(conn, mail_id, asking))

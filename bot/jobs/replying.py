"""A reply in words: what the record knows of the letter that it answers, and what the words come to.

the letter -> Answered; own words -reply_in-> Reply -said-> Said
"""

from sqlalchemy import Connection, Row

from bot.deciding.replies import Answered, Draft, said
from bot.deciding.whose import KnownSender
from bot.jobs.parts import Bot
from bot.model.replies import Asked, Said
from bot.reading.replies import reply_in
from bot.record import correspondence, explanations, outbox, versions
from bot.rules.forms import FormRule

UNCLEAR = "unclear"  # the letter that asks back


def said_in(words: str, answered: Row[object] | None, sender: KnownSender, bot: Bot, conn: Connection) -> Said:
    """What a registered liaison says in a reply; nothing of anybody else, or of a mail that answers no letter."""
    if answered is None or not sender.units or not words.strip():
        return Said()
    about = _answered(answered, sender, bot, conn)
    names = [sender.person]
    for name in sender.units:
        unit = bot.rules.units.by_name.get(name)
        names += unit.names if unit else [name]
    return said(reply_in(words, _rule(about, bot), bot.rules, names), about, sender, bot.rules)


def _rule(answered: Answered, bot: Bot) -> FormRule:
    """The form that the letter is about; of several, and of none, the first."""
    forms = [o.form for o in answered.obligations] or [d.form for d in answered.drafts]
    return bot.rules.forms[forms[0]] if forms else next(iter(bot.rules.forms.values()))


def _answered(row: Row[object], sender: KnownSender, bot: Bot, conn: Connection) -> Answered:
    # A letter to several posts of one person speaks of all of them; one to other people's, of nothing here. Registers
    # and documents cannot be said in words.
    about = tuple(o for o in outbox.obligations_of(row) if o.unit in sender.units and o.form in bot.rules.matrices)
    current = {o: found for o in about if (found := versions.accepted(conn, o.form, o.unit, o.period))}
    carried = [o for o in about if bot.rules.forms[o.form].cumulative]
    earlier = {o: found for o in carried if (found := versions.accepted_before(conn, o.form, o.unit, o.period))}
    asked_before = row.letter == UNCLEAR or correspondence.was_asked(conn, UNCLEAR, row.to, about)
    if row.mail_id is None:
        return Answered(about, current, earlier, asked_before=asked_before)
    return Answered(
        about, current, earlier, _drafts(bot, conn, row.mail_id, sender), _asks(conn, row.mail_id, bot), asked_before
    )


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
    checks = {check.id for rule in bot.rules.forms.values() for check in rule.checks if check.asks_reason}
    return tuple(Asked(r.id, r.report_id, r.message) for r in explanations.unexplained(conn, mail_id, checks))

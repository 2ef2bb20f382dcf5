"""The letters of an escalation: one for each person at the lead department, about all its areas that are late."""

from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.escalation import escalation_context, lead_of
from bot.deciding.notices import reachable
from bot.jobs.parts import Bot
from bot.jobs.reminders.addressing import Reminder, addressed, latest
from bot.jobs.standing import people_by_unit
from bot.model.deciding import Attention, LetterDraft
from bot.record import attention, people


def drafts(
    bot: Bot, conn: Connection, due: list[Reminder], now: datetime, only: str | None = None
) -> list[LetterDraft]:
    """One letter for each address; ``only`` as in ``addressed``. None about a unit that no group inspects."""
    who = people_by_unit(conn, bot, now)
    return [
        LetterDraft(
            key=key,
            letter=latest(bot, items).letter,
            to=person.email,
            context=escalation_context(
                person.name,
                [(r.obligation, r.owing.line) for r in items],
                who,
                bot.rules,
                now=now,
                zone=bot.zone,
            ),
            obligations=tuple(r.obligation for r in items),
            only_while_owed=True,
            held=any(r.stage.draft for r in items),
        )
        for key, person, items in addressed(bot, conn, due, now, only)
    ]


def tell_unreachable(bot: Bot, conn: Connection, due: list[Reminder], now: datetime) -> None:
    """The office must call a lead department that has no address: once for each form and month."""
    who, dead = people_by_unit(conn, bot, now), people.dead(conn)
    asked = ((lead_of(r.obligation.unit, bot.rules.units), r.obligation.form, r.obligation.period) for r in due)
    items = [
        Attention("lead_unreachable", unit=lead, form=form, period=period)
        for lead, form, period in dict.fromkeys(asked)
        if lead and not reachable(lead, who, dead)
    ]
    attention.open_items(conn, items, now)

"""The letters of a reminder: one for each person, with the workbooks of everything that is owed."""

from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.adding import total
from bot.deciding.deadlines import late_days
from bot.deciding.formwords import form_words
from bot.deciding.views import shown_period
from bot.jobs.attached import attached
from bot.jobs.parts import Bot
from bot.jobs.reminders.addressing import Reminder, addressed, latest
from bot.jobs.standing import carried_on
from bot.jobs.workbooks import workbook_for
from bot.model.deciding import LetterDraft, LetterFile
from bot.model.people import Liaison


def drafts(
    bot: Bot, conn: Connection, due: list[Reminder], now: datetime, only: str | None = None
) -> list[LetterDraft]:
    """One letter for each address, with all that its owner is to be reminded of; ``only`` as in ``addressed``."""
    return [_draft(bot, conn, *letter, now) for letter in addressed(bot, conn, due, now, only)]


def _draft(bot: Bot, conn: Connection, key: str, person: Liaison, items: list[Reminder], now: datetime) -> LetterDraft:
    views, files = [], []
    for item in sorted(items, key=lambda r: r.obligation.deadline):  # what is most urgent first
        view, file = _item(bot, conn, item, person, now)
        views.append(view)
        files += [file] if file else []
    return LetterDraft(
        key=key,
        letter=latest(bot, items).letter,
        to=person.email,
        context={"person": person.name, "items": views},
        obligations=tuple(r.obligation for r in items),
        only_while_owed=True,
        files=tuple(files),
        held=any(r.stage.draft for r in items),
    )


def _item(
    bot: Bot, conn: Connection, item: Reminder, person: Liaison, now: datetime
) -> tuple[dict[str, object], LetterFile | None]:
    """What the letter says of one obligation, and the workbook that goes with it, if it is a form."""
    o = item.obligation
    rule = bot.rules.forms[o.form]
    earlier = carried_on(bot, conn, o.form, o.unit, o.period)
    file = attached(bot, conn, now, f"{o.unit} {rule.name}", lambda: workbook_for(bot, conn, o, earlier, person))
    today, day = now.astimezone(bot.zone).date(), o.deadline.date()
    view: dict[str, object] = {
        "unit": o.unit,
        "form_name": rule.name,
        "form_title": rule.title,
        "words": form_words(rule.id, bot.rules),
        "period": shown_period(o.period),
        "deadline": o.deadline,
        "days_left": max(0, (day - today).days),
        "days_late": late_days(now, o.deadline, bot.zone),
        "returned": item.owing.line.state == "returned",
        "file": file.name if file else "",
        "cells": len(rule.groups) * len(rule.columns),
        "last_period": earlier.period if earlier else None,
        "last_total": total(earlier.numbers) if earlier else None,
    }
    return view, file

"""The letters of a reminder: one for each person, with the workbooks of everything that is owed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.deadlines import late_days
from bot.deciding.formwords import form_words
from bot.deciding.views import shown_period
from bot.jobs.parts import Bot
from bot.jobs.standing import Owing, carried_on, people_by_unit
from bot.jobs.workbooks import workbook_for
from bot.model.deciding import LetterDraft, LetterFile, Obligation
from bot.model.people import Liaison
from bot.record import people
from bot.rules.policy import Stage

JOB = "reminder"


@dataclass(frozen=True, slots=True)
class Reminder:
    """One obligation with the stage that is due for it."""

    owing: Owing
    stage: Stage

    @property
    def obligation(self) -> Obligation:
        return self.owing.obligation


def drafts(
    bot: Bot, conn: Connection, due: list[Reminder], now: datetime, only: str | None = None
) -> list[LetterDraft]:
    """One letter for each address, with everything that its owner is to be reminded of; with ``only``, a second
    letter to that address alone, for what is left of a first one."""
    dead = people.dead(conn)
    by_unit = people_by_unit(conn, bot, now)
    by_address: dict[str, tuple[Liaison, list[Reminder]]] = {}
    for item in due:
        for person in by_unit.get(item.obligation.unit, []):
            if person.email and person.email not in dead and only in (None, person.email):
                by_address.setdefault(person.email, (person, []))[1].append(item)
    keys = {_letter_key(bot, items) for _, items in by_address.values()} if only else set()
    return [_draft(bot, conn, person, items, now, keys) for person, items in by_address.values()]


def _draft(
    bot: Bot, conn: Connection, person: Liaison, items: list[Reminder], now: datetime, keys: set[str]
) -> LetterDraft:
    key = _letter_key(bot, items)
    if key in keys:  # a second liaison of the same units, or a second letter
        key = f"{key}:{person.email}"
    keys.add(key)
    rank = [s.id for s in bot.rules.reminders.stages]
    last = max(items, key=lambda r: rank.index(r.stage.id)).stage
    views, files = [], []
    for item in sorted(items, key=lambda r: r.obligation.deadline):  # what is most urgent first
        view, file = _item(bot, conn, item, person, now)
        views.append(view)
        files += [file] if file else []
    return LetterDraft(
        key=key,
        letter=last.letter,
        to=person.email,
        context={"person": person.name, "items": views},
        obligations=tuple(r.obligation for r in items),
        only_while_owed=True,
        files=tuple(files),
        held=any(r.stage.draft for r in items),
    )


def _letter_key(bot: Bot, items: list[Reminder]) -> str:
    """reminder:wutu:annex4:2017-06:after-1; units of one person are joined by +, different stages by a comma."""
    parts: dict[tuple[str, str, str], list[str]] = {}
    for r in items:
        unit = bot.rules.units.by_name[r.obligation.unit].id
        parts.setdefault((r.obligation.form, r.obligation.period, r.stage.id), []).append(unit)
    return f"{JOB}:" + ",".join(":".join(("+".join(units), *rest)) for rest, units in parts.items())


def _item(
    bot: Bot, conn: Connection, item: Reminder, person: Liaison, now: datetime
) -> tuple[dict[str, object], LetterFile | None]:
    """What the letter says of one obligation, and the workbook that goes with it, if it is a form."""
    o = item.obligation
    rule = bot.rules.forms[o.form]
    earlier = carried_on(bot, conn, o.form, o.unit, o.period)
    file = workbook_for(bot, conn, o, earlier, person)
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
        "last_total": sum(sum(c.values()) for c in earlier.numbers.values()) if earlier else None,
    }
    return view, file

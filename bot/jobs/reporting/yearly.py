"""The letter with a year's deadlines and their calendar file: one to each person, one to each of the staff.

now, first run 2017-06-20            sent
2017-06-20 10:00                     the rest of 2017: a bot that begins in mid-year introduces itself with it
2018-01-01 09:00                     nothing: New Year
2018-01-02 08:30                     2018
2018-01-02 08:31, a new liaison      2018, to that person alone
2018-01-25 10:00, off since December 2018, what is still to come
2018-02-01 08:30                     nothing: the month is over, and with it the use of the letter

yearplan.plan -> LetterDraft... -> job_run rows and letters: ONE transaction
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.deciding.formwords import form_words
from bot.deciding.ladder import may_leave
from bot.deciding.views import shown_period
from bot.deciding.yearplan import Due, PlanDay, plan
from bot.jobs.enqueuing import enqueue
from bot.jobs.parts import Bot
from bot.letters.calendars import ICS, calendar_file
from bot.model.deciding import LetterDraft, LetterFile
from bot.record import people, runs

JOB = "year_plan"
JANUARY = 1
SETTLING_IN = timedelta(days=31)  # a bot that begins in mid-year has as long as January for it


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address with all that its owner stands for; nobody's name and no unit for the staff."""

    address: str
    person: str
    units: tuple[str, ...]


def send_year_plan(bot: Bot, now: datetime) -> int:
    """Queues the year's plan for whoever has not had it. Returns how many letters are new."""
    if not may_leave(now, bot.rules.reminders.hours, bot.calendar, bot.zone):
        return 0
    year = now.astimezone(bot.zone).year
    with bot.record.begin() as conn:
        if not _in_season(bot, runs.first_run(conn, now), now):
            return 0
        done = runs.runs_starting(conn, JOB, [f"{year}:"], now)
        waiting = [r for r in _recipients(bot, conn, now) if _run_key(year, r) not in done]
        days = coming(bot, year, now) if waiting else ()
        drafts = [(r, _draft(bot, year, days, r, now)) for r in waiting]
        return sum(
            enqueue(bot, conn, draft, now) is not None
            for recipient, draft in drafts
            if draft and runs.claim_run(conn, JOB, _run_key(year, recipient), now)
        )


def coming(bot: Bot, year: int, now: datetime) -> tuple[PlanDay, ...]:
    """What is still to fall due in that year, of every form."""
    days = plan(year, bot.rules.forms.values(), bot.campaign, bot.rules.reminders, bot.calendar, bot.zone)
    return tuple(day for day in days if day.due.deadline >= now)


def _in_season(bot: Bot, first_run: datetime, now: datetime) -> bool:
    local, begun = now.astimezone(bot.zone), first_run.astimezone(bot.zone)
    return local.month == JANUARY or (begun.year == local.year and now - first_run < SETTLING_IN)


def _run_key(year: int, recipient: Recipient) -> str:
    return f"{year}:{recipient.address}"


def _recipients(bot: Bot, conn: Connection, now: datetime) -> list[Recipient]:
    """Everybody who reports, by address, then the staff; whoever is both gets the one letter of a liaison."""
    dead = people.dead(conn)
    found: dict[str, Recipient] = {}
    for person in people.liaisons(conn, now.astimezone(bot.zone).date()):
        unit = bot.rules.units.by_name.get(person.unit)
        if unit and person.email and person.email not in dead:
            before = found.get(person.email, Recipient(person.email, person.name, ()))
            found[person.email] = replace(before, units=_with(before.units, [unit.name]))
    for address in bot.config.office.staff:
        found.setdefault(address.lower(), Recipient(address.lower(), "", ()))
    return list(found.values())


def _concerns(bot: Bot, recipient: Recipient, due: Due) -> bool:
    """Whether one of his units owes it; the staff is told of everything."""
    units = [bot.rules.units.by_name[name] for name in recipient.units]
    rule = bot.rules.forms[due.form]
    return not units or any(rule.owed_by(unit, due.period) for unit in units)


def _with(known: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))


def _draft(bot: Bot, year: int, days: Iterable[PlanDay], recipient: Recipient, now: datetime) -> LetterDraft | None:
    """The letter; None for someone who has nothing to report any more in that year."""
    own = [day for day in days if _concerns(bot, recipient, day.due)]
    if not own:
        return None
    name = bot.calendar_words.file_name.format(year=year)
    host = bot.config.own_address.partition("@")[2]
    data = calendar_file(year, own, bot.rules, bot.calendar_words, bot.config.office, host=host, now=now)
    context = {
        "person": recipient.person,
        "units": list(recipient.units),
        "for_staff": not recipient.units,
        "year": year,
        "rest": now.astimezone(bot.zone).month != JANUARY,
        "guess": any(day.guess for day in own),
        "days": [_view(bot, day) for day in own],
        "file": name,
    }
    return LetterDraft(
        key=f"{JOB}:{_run_key(year, recipient)}",
        letter=JOB,
        to=recipient.address,
        context=context,
        files=(LetterFile(name, data, ICS),),
    )


def _view(bot: Bot, day: PlanDay) -> dict[str, object]:
    return {
        "form_name": bot.rules.forms[day.due.form].name,
        "words": form_words(day.due.form, bot.rules),
        "period": shown_period(day.due.period),
        "deadline": day.due.deadline,
        "worked": day.worked,
        "moved_from": day.moved_from,
    }

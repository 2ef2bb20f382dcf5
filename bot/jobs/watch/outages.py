"""After an outage of the program the office gets one letter: from when to when, what is late, what was left out.

    each tick -> the moment is kept -> too much working time since the last one -> from, to
    the mailbox is read again, and worked off -> LetterDraft for the staff, once

How long an outage is, is a setting, in hours of the office's working time: a night or a blip is none.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.deciding.deadlines import owed_periods
from bot.deciding.formwords import form_words
from bot.deciding.ladder import days_after
from bot.deciding.outages import Missed, monthly, stages, weekly, working_time
from bot.jobs.enqueuing import enqueue_for_staff
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL
from bot.jobs.reporting.bulletins import due_at
from bot.model.deciding import LetterDraft
from bot.record import archive, runs

TICKED, OUTAGE, JOB = "last_tick", "outage", "outage"
NOTED_EVERY = timedelta(minutes=5)  # the record is not written at each tick
AT_THE_LATEST = timedelta(days=1)  # so long the letter waits for a mailbox that cannot be read
ORDER = "bulletin"  # by which what was left out can be had all the same


def note_tick(bot: Bot, now: datetime) -> None:
    """That the program runs; and that it did not, if its last sign is too old."""
    hours = bot.config.watch.outage_hours
    with bot.record.read() as conn:
        last = runs.moment(conn, TICKED)
    if last is not None and timedelta(0) <= now - last < NOTED_EVERY:
        return
    with bot.record.begin() as conn:
        runs.put(conn, TICKED, now.isoformat())
        if last is not None and last < now and hours:
            lost = working_time(last, now, bot.rules.reminders.hours, bot.calendar, bot.zone)
            if lost >= timedelta(hours=hours):
                before = json.loads(runs.get(conn, OUTAGE) or "null")
                kept = {"from": before["from"] if before else last.isoformat(), "to": now.isoformat()}
                runs.put(conn, OUTAGE, json.dumps(kept))
                runs.note(conn, now, "outage", since=kept["from"])


def tell_outage(bot: Bot, now: datetime) -> bool:
    """Queues the letter, once the mailbox was read since and all that was in it worked off. True when it is new."""
    with bot.record.begin() as conn:
        kept = json.loads(runs.get(conn, OUTAGE) or "null")
        if kept is None or not bot.config.office.staff:
            return False
        gone, back = (datetime.fromisoformat(kept[key]).astimezone(bot.zone) for key in ("from", "to"))
        read = runs.moment(conn, LAST_POLL)
        caught_up = read is not None and read >= back and not archive.any_new(conn)
        if not caught_up and abs(now - back) < AT_THE_LATEST:
            return False
        runs.put(conn, OUTAGE, "null")
        if not runs.claim_run(conn, JOB, gone.isoformat(timespec="minutes"), now):
            return False
        context = _context(bot, conn, gone, back, now, caught_up=caught_up)
        draft = LetterDraft(f"{JOB}:{gone.isoformat(timespec='minutes')}", "outage", "", context)
        return enqueue_for_staff(bot, conn, draft, now) > 0


def _context(
    bot: Bot, conn: Connection, gone: datetime, back: datetime, now: datetime, *, caught_up: bool
) -> dict[str, Any]:
    since = max(gone, runs.first_run(conn, now))
    late: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    for item, missed in _missed(bot, since, back).items():
        what, form, period = item
        shown = {"what": what, "words": form_words(form, bot.rules) if form else None, "period": period}
        shown["form_name"] = bot.rules.forms[form].name if form else ""
        for list_, names in ((late, missed.late), (skipped, missed.skipped)):
            if names:
                list_.append({**shown, "number": len(names)})
    return {
        "since": gone,
        "until": back,
        "caught_up": caught_up,
        "mails": archive.came_between(conn, gone, back),
        "late": late,
        "skipped": skipped,
        "order": bot.rules.commands.rule(ORDER).words[0],
        "offered": [item["period"] for item in skipped if item["what"] == "bulletin"],
    }


def _missed(bot: Bot, gone: datetime, back: datetime) -> Mapping[tuple[str, str, str], Missed]:
    """Kind of letter, form and period -> what of it fell into the outage."""
    found: dict[tuple[str, str, str], Missed] = {}
    hours, c, reminders = bot.rules.reminders.hours, bot.campaign, bot.rules.reminders
    for form, rule in bot.rules.forms.items():
        owed = owed_periods(rule, c.first, c.last, back, bot.zone)
        due = {period: bot.deadline(form, period) for period in owed}
        for period, deadline in due.items():
            found["reminder", form, period] = stages(reminders, deadline, gone, back, bot.calendar, bot.zone)
        if form == bot.rules.bulletin_form:
            _each(found, "bulletin", form, monthly({p: due_at(bot, p) for p in owed}, gone, back))
        if reminders.groups is not None and form in bot.rules.matrices:
            days = reminders.groups.working_days
            told = {p: days_after(d, days, hours, bot.calendar, bot.zone) for p, d in due.items()}
            _each(found, "group_report", form, monthly(told, gone, back))
    schedule = bot.config.schedule
    found["digest", "", ""] = weekly(schedule.digest_weekday, schedule.digest_time, gone, back, bot.zone)
    return {item: missed for item, missed in found.items() if missed.late or missed.skipped}


def _each(found: dict[tuple[str, str, str], Missed], what: str, form: str, missed: Missed) -> None:
    for period in missed.skipped:
        found[what, form, period] = Missed(skipped=(period,))
    for period in missed.late:
        found[what, form, period] = Missed(late=(period,))

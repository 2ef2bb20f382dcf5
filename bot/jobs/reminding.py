"""Reminders: what is owed -> the stage that is due -> one letter a person, and one notice a stage to the office.

    standing.owing -> ladder.due_stage -> LetterDraft... -> job_run rows and letters: ONE transaction

A unit whose liaison has no working address gets no letter; the office's notice names it with its telephone.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.deciding.ladder import due_stage, may_leave
from bot.deciding.notices import overdue_context
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL
from bot.jobs.reminder_letters import JOB, Reminder, drafts
from bot.jobs.standing import lines, owing, people_by_unit
from bot.model.deciding import LetterDraft, Obligation
from bot.record import archive, people, runs
from bot.rules.policy import Stage

NOTICE = "overdue_notice"


def mailbox_was_read(bot: Bot, conn: Connection, now: datetime) -> bool:
    """Whether the mailbox was read lately, and all that was in it opened: a report may lie in a mail that was
    not, and its sender must not be reminded. A mail that fails is set aside soon, so this never lasts."""
    last = runs.moment(conn, LAST_POLL)
    fresh = last is not None and abs(now - last) <= timedelta(minutes=bot.config.schedule.stale_poll_minutes)
    return fresh and not archive.any_new(conn)


def remind(bot: Bot, now: datetime) -> int:
    """Queues what is due now. Returns how many letters to liaisons are new."""
    if not may_leave(now, bot.rules.reminders.hours, bot.calendar, bot.zone):
        return 0
    with bot.record.begin() as conn:
        if not mailbox_was_read(bot, conn, now):
            return 0
        due = _due(bot, conn, now)
        for item in due:
            runs.claim_run(conn, JOB, _run_key(bot, item.obligation, item.stage.id), now)
        letters = sum(bot.enqueue(conn, draft, now) is not None for draft in drafts(bot, conn, due, now))
        for form, period, stage in dict.fromkeys((r.obligation.form, r.obligation.period, r.stage) for r in due):
            _notice(bot, conn, form, period, stage, now)
    return letters


def remind_again(bot: Bot, conn: Connection, kept: list[Obligation], to: str, now: datetime) -> int:
    """For a letter that was cancelled because part of what it asked for has arrived: the rest, in a new letter to
    the same address."""
    wanted = set(kept)
    stages = {s.id: s for s in bot.rules.reminders.stages}
    due = []
    for item in owing(bot, conn, now):
        sent = _sent(bot, conn, item.obligation) if item.obligation in wanted else []
        if sent:
            due.append(Reminder(item, stages[sent[-1]]))
    return sum(bot.enqueue(conn, draft, now) is not None for draft in drafts(bot, conn, due, now, to))


def _due(bot: Bot, conn: Connection, now: datetime) -> list[Reminder]:
    since = runs.first_run(conn, now)
    found = []
    for item in owing(bot, conn, now):
        o = item.obligation
        sent = _sent(bot, conn, o)
        stage = due_stage(bot.rules.reminders, o.deadline, now, bot.calendar, bot.zone, sent=sent, since=since)
        if stage:
            found.append(Reminder(item, stage))
    return found


def _run_key(bot: Bot, o: Obligation, stage: str) -> str:
    return f"{bot.rules.units.by_name[o.unit].id}:{o.form}:{o.period}:{stage}"


def _sent(bot: Bot, conn: Connection, o: Obligation) -> list[str]:
    """The ids of the stages that were queued for an obligation, in the ladder's order."""
    keys = runs.runs_starting(conn, JOB, [_run_key(bot, o, "")])
    ids = {key.rsplit(":", 1)[1] for key in keys}
    return [s.id for s in bot.rules.reminders.stages if s.id in ids]


def _notice(bot: Bot, conn: Connection, form: str, period: str, stage: Stage, now: datetime) -> None:
    """The office's notice of one stage: who, since when, telephone, group. Once."""
    if stage.office is None or not runs.claim_run(conn, NOTICE, f"{form}:{period}:{stage.id}", now):
        return
    context = overdue_context(
        bot.rules.forms[form],
        period,
        bot.deadline(form, period),
        lines(bot, conn, form, period, now),
        people_by_unit(conn, bot, now),
        bot.rules,
        now=now,
        zone=bot.zone,
        draft=stage.draft,
        dead=people.dead(conn),
    )
    key = f"{NOTICE}:{form}:{period}:{stage.id}"
    bot.enqueue_for_staff(conn, LetterDraft(key=key, letter=stage.office, to="", context=context), now)

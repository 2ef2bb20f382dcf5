"""Reminders: what is owed -> the stage that is due -> one letter a person, and one notice a stage to the office.

    standing.owing -> ladder.due_stage -> LetterDraft... -> job_run rows and letters: ONE transaction

A stage goes to the unit itself, or about it to the lead of the group that inspects it: each has a ladder of its own.
A unit whose liaison has no working address gets no letter; the office's notice names it with its telephone.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.deciding.escalation import escalated
from bot.deciding.ladder import may_leave, reached
from bot.deciding.notices import overdue_context
from bot.jobs.enqueuing import enqueue, enqueue_for_staff
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL
from bot.jobs.reminders import escalation_letters, reminder_letters
from bot.jobs.reminders.addressing import KINDS, Reminder, recipient_of
from bot.jobs.standing import lines, owing, owing_among, people_by_unit
from bot.model.deciding import LetterDraft, Obligation
from bot.record import archive, people, runs
from bot.record.outbox import Due
from bot.rules.reminders import Recipient

JOB = "reminder"
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
        # Another worker may have written part of it since it was looked at: what is claimed is this one's to say.
        due = [item for item in _due(bot, conn, now) if _claimed(bot, conn, item, now)]
        letters = sum(enqueue(bot, conn, draft, now) is not None for draft in _drafts(bot, conn, due, now))
        escalation_letters.tell_unreachable(bot, conn, _to("lead", due), now)
        for form, term in dict.fromkeys((r.obligation.form, bot.term(r.obligation)) for r in due):
            of_both = [r for r in due if (r.obligation.form, bot.term(r.obligation)) == (form, term)]
            _notice(bot, conn, form, term, of_both, now)
    return letters


def remind_again(bot: Bot, conn: Connection, cancelled: Due, kept: list[Obligation], now: datetime) -> None:
    """For a letter that was cancelled because part of what it asked for has arrived: the rest, in a new letter to
    the same address. What was a draft is one again, and waits for the office."""
    due = _reached(bot, conn, cancelled.key, kept, now)
    for draft in _drafts(bot, conn, due, now, cancelled.to):
        enqueue(bot, conn, draft, now)


def anew(
    bot: Bot, conn: Connection, key: str, to: str, about: Iterable[Obligation], now: datetime
) -> LetterDraft | None:
    """A reminder that was never made, as it is to be written now: of what is still owed, under its own key. None if
    nothing of it is."""
    drafts = _drafts(bot, conn, _reached(bot, conn, key, about, now), now, to)
    return replace(drafts[0], key=key) if drafts else None


def _reached(bot: Bot, conn: Connection, key: str, about: Iterable[Obligation], now: datetime) -> list[Reminder]:
    """What is still owed of what a letter was about, each with the latest stage that it has had."""
    stages = {s.id: s for s in bot.rules.reminders.stages if s.to == recipient_of(key)}
    due = []
    for item in owing_among(bot, conn, about, now):
        if sent := [id_ for id_ in _sent(bot, conn, item.obligation, now) if id_ in stages]:
            due.append(Reminder(item, stages[sent[-1]]))
    return due


def _drafts(
    bot: Bot, conn: Connection, due: list[Reminder], now: datetime, only: str | None = None
) -> list[LetterDraft]:
    """Whoever is reminded himself, and is asked to press others, gets two letters: they say different things."""
    own = reminder_letters.drafts(bot, conn, _to("unit", due), now, only)
    return own + escalation_letters.drafts(bot, conn, _to("lead", due), now, only)


def _to(recipient: Recipient, due: list[Reminder]) -> list[Reminder]:
    return [item for item in due if item.stage.to == recipient]


def _due(bot: Bot, conn: Connection, now: datetime) -> list[Reminder]:
    since = runs.first_run(conn, now)
    items = owing(bot, conn, now)
    ladder = {
        deadline: [
            stages
            for to in KINDS
            if (stages := reached(bot.rules.reminders, deadline, now, bot.calendar, bot.zone, since=since, to=to))
        ]
        for deadline in {item.obligation.deadline for item in items}
    }
    # One that never comes has had its last reminder long ago: what was sent is asked of all of them at once.
    asked = [(item, stages) for item in items for stages in ladder[item.obligation.deadline]]
    keys = {(n, stage.id): _run_key(bot, item.obligation, stage.id) for n, (item, s) in enumerate(asked) for stage in s}
    sent = runs.done_among(conn, JOB, keys.values(), now)
    return [
        Reminder(item, stages[0])
        for n, (item, stages) in enumerate(asked)
        if not any(keys[n, stage.id] in sent for stage in stages)
    ]


def _claimed(bot: Bot, conn: Connection, item: Reminder, now: datetime) -> bool:
    return runs.claim_run(conn, JOB, _run_key(bot, item.obligation, item.stage.id), now)


def _run_key(bot: Bot, o: Obligation, stage: str) -> str:
    return f"{bot.rules.units.by_name[o.unit].id}:{o.form}:{bot.term(o)}:{stage}"


def _sent(bot: Bot, conn: Connection, o: Obligation, now: datetime) -> list[str]:
    """The ids of the stages that were queued for an obligation, in the ladder's order."""
    keys = runs.runs_starting(conn, JOB, [_run_key(bot, o, "")], now)
    ids = {key.rsplit(":", 1)[1] for key in keys}
    return [s.id for s in bot.rules.reminders.stages if s.id in ids]


def _notice(bot: Bot, conn: Connection, form: str, term: str, due: list[Reminder], now: datetime) -> None:
    """The office's notice: who, since when, telephone, group. Once a stage; of several that an outage has brought
    together, one notice for all. Units whose deadline was put off have one of their own, by their own day."""
    period, deadline = due[0].obligation.period, due[0].obligation.deadline
    stages = [s for s in bot.rules.reminders.stages if s in {r.stage for r in due}]
    told = [s for s in stages if s.office and runs.claim_run(conn, NOTICE, f"{form}:{term}:{s.id}", now)]
    if not told or told[-1].office is None:
        return
    who, dead = people_by_unit(conn, bot, now), people.dead(conn)
    pressed = _to("lead", due)
    units, draft = [r.obligation.unit for r in pressed], any(r.stage.draft for r in pressed)
    context = overdue_context(
        bot.rules.forms[form],
        period,
        deadline.astimezone(bot.zone),
        lines(bot, conn, form, period, now),
        who,
        bot.rules,
        now=now,
        zone=bot.zone,
        draft=any(s.draft for s in stages if s.to == "unit"),
        dead=dead,
        reminded=any(s.to == "unit" for s in stages),
        escalation=escalated(units, who, bot.rules.units, dead=dead, draft=draft) if pressed else None,
    )
    key = f"{NOTICE}:{form}:{term}:{told[-1].id}"
    enqueue_for_staff(bot, conn, LetterDraft(key=key, letter=told[-1].office, to="", context=context), now)

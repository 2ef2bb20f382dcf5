"""The weekly digest for staff.

    which week is due -> standing, numbers, changes -> LetterDraft -> job_run row and letters: ONE transaction

After an outage only the latest digest is written.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.deciding.deadlines import owed_periods
from bot.deciding.notices import categories, contact
from bot.deciding.standing import rates
from bot.jobs.attending import sentence
from bot.jobs.parts import Bot
from bot.jobs.standing import lines, people_by_unit
from bot.model.deciding import LetterDraft
from bot.record import attention, outbox, people, reports, runs

DIGEST = "digest"
SHOWN_BEFORE_DEADLINE = timedelta(days=7)  # from when on a digest is about the coming deadline, not the last
UNREAD = (
    "unreadable",
    "unreadable_unanswered",
    "missing_attachment",
    "missing_attachment_unanswered",
    "no_form",
    "set_aside",
    "too_large",
)


def digest(bot: Bot, now: datetime) -> bool:
    """Queues the digest of this week, once its day and time have come. True when it is new."""
    local = now.astimezone(bot.zone)
    schedule = bot.config.schedule
    day = local.date() - timedelta(days=(local.isoweekday() - schedule.digest_weekday) % 7)
    due = datetime.combine(day, schedule.digest_time, bot.zone)
    if due > now:
        due -= timedelta(days=7)
    with bot.record.begin() as conn:
        if due < runs.first_run(conn, now) or not owed_periods_any(bot, now):
            return False
        week = due.strftime("%G-W%V")
        since = runs.latest_run(conn, DIGEST) or runs.first_run(conn, now)
        if not runs.claim_run(conn, DIGEST, week, now):
            return False
        for form in bot.rules.forms:
            context = digest_context(bot, conn, form, due, since, now)
            if context:
                key = f"{DIGEST}:{week}" if len(bot.rules.forms) == 1 else f"{DIGEST}:{week}:{form}"
                bot.enqueue_for_staff(conn, LetterDraft(key=key, letter="digest", to="", context=context), now)
    return True


def owed_periods_any(bot: Bot, now: datetime) -> bool:
    """Whether anything at all is owed yet."""
    c = bot.campaign
    return any(owed_periods(rule, c.first, c.last, now, bot.zone) for rule in bot.rules.forms.values())


def shown_period(bot: Bot, form: str, now: datetime) -> str | None:
    """The period that a digest is about: the newest whose deadline is past or near."""
    periods = owed_periods(bot.rules.forms[form], bot.campaign.first, bot.campaign.last, now, bot.zone)
    near = [p for p in periods if bot.deadline(form, p) <= now + SHOWN_BEFORE_DEADLINE]
    return near[-1] if near else (periods[0] if periods else None)


def digest_context(
    bot: Bot, conn: Connection, form: str, due: datetime, since: datetime, now: datetime
) -> dict[str, Any] | None:
    """The values of one form's digest; None when nothing of it is owed yet."""
    period = shown_period(bot, form, now)
    if period is None:
        return None
    rule, deadline = bot.rules.forms[form], bot.deadline(form, period)
    rows = lines(bot, conn, form, period, now)
    counted = rates(rows)
    who = people_by_unit(conn, bot, now)
    changed = _changes(conn, form, since, now)
    unread = _unread(bot, conn, since)
    letters = outbox.counts(conn, queued_before=now)  # what this very run queues is no backlog
    table, total = _numbers(bot, conn, form, period, since, now)
    return {
        "week": bot.rules.words.week_text(due - timedelta(days=1)),
        "period": period,
        "deadline": deadline,
        "form_name": rule.name,
        "form_title": rule.title,
        "expected": counted.expected,
        "received": counted.received,
        "on_time": counted.on_time,
        "late": [{"unit": r.unit.name, "late_days": r.late_by_days} for r in rows if r.state == "late"],
        "missing": [
            {"unit": r.unit.name, "state": r.state, **contact(r.unit.name, who)}
            for r in rows
            if r.state in ("missing", "open")
        ],
        "returned": [
            {"unit": r.unit.name, "since": r.received_at, **contact(r.unit.name, who)}
            for r in rows
            if r.state == "returned"
        ],
        "waiting": _waiting(bot, conn, form, period),
        "not_due": now <= deadline,
        "categories": table,
        "total": total,
        "changes": changed,
        "unread": unread,
        "letters": {state: letters.get(state, 0) for state in ("sent", "queued", "held", "failed")},
        "quiet": not changed and not unread and counted.received == counted.expected,
    }


def _numbers(bot: Bot, conn: Connection, form: str, period: str, since: datetime, now: datetime) -> tuple[Any, Any]:
    """Numbers are cumulative: a unit that has not reported this month still has what it reported last."""
    present = reports.in_force_until(conn, form, period)
    before = reports.in_force_until(conn, form, period, recorded_until=since)
    reporting = [u.name for u in bot.rules.units.units if u.kind in bot.rules.forms[form].owed.by]
    return categories(
        bot.rules.forms[form],
        bot.rules,
        [row.numbers for row in present.values()],
        [row.numbers for row in before.values()],
        people.bases(conn, form),
        reporting,
        now.astimezone(bot.zone),
    )


def _changes(conn: Connection, form: str, since: datetime, now: datetime) -> list[dict[str, Any]]:
    found = []
    for row in reports.recorded_between(conn, since, now):
        if row.form == form:
            earlier = reports.accepted_before(conn, form, row.unit, row.period)
            found.append(
                {
                    "unit": row.unit,
                    "period": row.period,
                    "version": row.version,
                    "total": _total(row.numbers),
                    "previous_total": _total(earlier.numbers) if earlier else None,
                    "received_at": row.received_at,
                    "on_time": row.on_time,
                }
            )
    return found


def _total(numbers: dict[str, dict[str, int]]) -> int:
    return sum(sum(columns.values()) for columns in numbers.values())


def _waiting(bot: Bot, conn: Connection, form: str, period: str) -> list[dict[str, Any]]:
    return [
        {
            "unit": row.unit,
            "sender": row.shown_from or "",
            "subject": row.subject or "",
            "why": bot.rules.reasons.waiting[row.why],
            "since": row.received_at,
        }
        for row in reports.waiting(conn, form, period)
    ]


def _unread(bot: Bot, conn: Connection, since: datetime) -> list[dict[str, Any]]:
    return [
        {
            "sender": row.shown_from or "",
            "subject": row.subject or "",
            "received_at": row.received_at,
            "reason": sentence(bot, row.kind),
        }
        for row in attention.since(conn, since)
        if row.kind in UNREAD
    ]

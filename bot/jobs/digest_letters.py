"""What the weekly digest says of one form: standing, numbers, changes; and how the mail went. Reads the record."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.deciding.deadlines import owed_periods
from bot.deciding.formwords import form_words
from bot.deciding.notices import contact, county
from bot.deciding.standing import OWING, rates
from bot.jobs.attending import sentence
from bot.jobs.parts import Bot
from bot.jobs.standing import lines, people_by_unit
from bot.model.deciding import ONCE
from bot.record import attention, outbox, people, reports, runs

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
    changed = _changes(bot, conn, form, since, now)
    return {
        "week": bot.rules.words.week_text(due - timedelta(days=1)),
        "period": period,
        "deadline": deadline,
        "form_name": rule.name,
        "form_title": rule.title,
        "words": form_words(form, bot.rules),
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
        **_numbers(bot, conn, form, period, since, now),
        "changes": changed,
        "quiet": not changed and counted.received == counted.expected,
    }


def post_context(bot: Bot, conn: Connection, since: datetime, now: datetime) -> dict[str, Any]:
    """What came and could not be read, whatever form it may have been, how our own letters stand, and what is owed
    once and still missing."""
    letters = outbox.counts(conn, queued_before=now)  # what this very run queues is no backlog
    return {
        "unread": _unread(bot, conn, since),
        "once": _once(bot, conn, now),
        "letters": {state: letters.get(state, 0) for state in ("sent", "queued", "held", "failed")},
    }


def _once(bot: Bot, conn: Connection, now: datetime) -> list[dict[str, Any]]:
    """Each form that is owed once and not complete. What fell due before the first run is not chased, and stands here
    only if somebody has sent it since."""
    began = runs.first_run(conn, now)
    found = []
    for form, rule in bot.rules.forms.items():
        if not rule.owed.once or not owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone):
            continue
        rows, deadline = lines(bot, conn, form, ONCE, now), bot.deadline(form, ONCE)
        counted = rates(rows)
        missing = [r.unit.name for r in rows if r.state in OWING]
        if missing and (deadline >= began or any(r.received_at for r in rows)):
            item = {"form_name": rule.name, "deadline": deadline, "expected": counted.expected}
            item |= {"received": counted.received, "missing": missing, "not_due": now <= deadline}
            found.append({**item, "waiting": sum(r.state == "waiting" for r in rows)})
    return found


def _numbers(bot: Bot, conn: Connection, form: str, period: str, since: datetime, now: datetime) -> dict[str, Any]:
    """The county's numbers: of the units that owe the form, and now as against the last digest.

    Where numbers are cumulative, a unit that has not reported this month still has what it reported last.
    """
    rule = bot.rules.forms[form]
    first = "" if rule.cumulative else period
    present = reports.in_force_until(conn, form, period, first=first)
    before = reports.in_force_until(conn, form, period, recorded_until=since, first=first)
    reporting = [unit for unit in bot.rules.units.units if unit.kind in rule.owed.by]
    return county(
        rule,
        bot.rules,
        [present[u.name].numbers for u in reporting if u.name in present],
        [before[u.name].numbers for u in reporting if u.name in before],
        people.bases(conn, form),
        [u.name for u in reporting],
        now.astimezone(bot.zone),
    )


def _changes(bot: Bot, conn: Connection, form: str, since: datetime, now: datetime) -> list[dict[str, Any]]:
    rule = bot.rules.forms[form]
    owing = {unit.name for unit in bot.rules.units.units if unit.kind in rule.owed.by}
    found = []
    for row in reports.recorded_between(conn, since, now):
        if row.form == form:
            # Numbers that begin anew each month are not to be held against those of another.
            earlier = reports.accepted_before(conn, form, row.unit, row.period) if rule.cumulative else None
            found.append(
                {
                    "unit": row.unit,
                    "owes": row.unit in owing,
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

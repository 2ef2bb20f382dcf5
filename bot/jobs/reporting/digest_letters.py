"""What the weekly digest says of one form: standing, whom to call, numbers, changes, reasons. Reads the record."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding import weekly
from bot.deciding.adding import total
from bot.deciding.county_view import county_view, groups_view, pace_view
from bot.deciding.deadlines import next_period, owed_periods
from bot.deciding.formwords import form_words
from bot.deciding.notices import contact
from bot.deciding.standing import rates
from bot.jobs.parts import Bot
from bot.jobs.reporting.figures import held_to, month_of, streaks_of
from bot.jobs.standing import people_by_unit
from bot.record import explanations, people, reports, versions

SHOWN_BEFORE_DEADLINE = timedelta(days=7)  # from when on a digest is about the coming deadline, not the last


def period_in_view(bot: Bot, form: str, now: datetime) -> str | None:
    """The period that a digest is about: the newest whose deadline is past or near. None before a form's first, and
    when a period after its last would be in view."""
    rule = bot.rules.forms[form]
    periods = owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone)
    if periods and not rule.owed.once and periods[-1] < bot.campaign.last:
        after = next_period(periods[-1])
        if not rule.is_owed_for(after) and bot.deadline(form, after) <= now + SHOWN_BEFORE_DEADLINE:
            return None
    near = [p for p in periods if bot.deadline(form, p) <= now + SHOWN_BEFORE_DEADLINE]
    return near[-1] if near else (periods[0] if periods else None)


def digest_context(
    bot: Bot, conn: Connection, form: str, due: datetime, since: datetime, now: datetime
) -> dict[str, Any] | None:
    """The values of one form's digest; None when nothing of it is owed yet."""
    period = period_in_view(bot, form, now)
    if period is None:
        return None
    rule, deadline = bot.rules.forms[form], bot.deadline(form, period)
    month, on = month_of(bot, conn, form, period, now, since), held_to(bot, period, now)
    rows = month.standings
    counted = rates(rows)
    who = people_by_unit(conn, bot, now)
    found: dict[str, Any] = {
        "calls": weekly.calls(rows, who, people.dead(conn), now, bot.zone),
        "changes": _changes(bot, conn, form, since, now),
        "reasons": weekly.reasons(explanations.given_between(conn, form, since, now)),
    }
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
            {
                "unit": r.unit.name,
                "state": r.state,
                "until": r.due if r.due != deadline else None,
                **contact(r.unit.name, who),
            }
            for r in rows
            if r.state in ("missing", "open")
        ],
        "returned": [
            {"unit": r.unit.name, "since": r.received_at, **contact(r.unit.name, who)}
            for r in rows
            if r.state == "returned"
        ],
        "waiting": [question(bot, row) for row in reports.waiting(conn) if (row.form, row.about) == (form, period)],
        **county_view(rule, bot.rules, month, on),
        "groups": groups_view(rule, bot.rules, month, on),
        "paces": pace_view(month, streaks_of(bot, conn, form, period, now), rule, bot.rules),
        **found,
        "quiet": not any(found.values()) and counted.received == counted.expected,
    }


def question(bot: Bot, row: Row[Any]) -> dict[str, Any]:
    """A report that waits, with the number under which the office decides it, and the words by which it can. Its form
    is not named, as where only one is spoken of."""
    commands = bot.rules.commands
    offered = commands.offers.get(row.why, ()) if row.number else ()
    return {
        "number": row.number,
        "offers": [commands.rule(id_).words[0] for id_ in offered],
        "unit": row.unit,
        "form_name": None,
        "sender": row.shown_from or "",
        "subject": row.subject or "",
        "why": bot.rules.reasons.waiting[row.why],
        "since": row.received_at,
    }


def _changes(bot: Bot, conn: Connection, form: str, since: datetime, now: datetime) -> list[dict[str, Any]]:
    rule = bot.rules.forms[form]
    units = bot.rules.units.by_name
    rows = [row for row in versions.recorded_between(conn, since, now) if row.form == form]
    # Numbers that begin anew each month are not to be held against those of another.
    told = [(row.unit, row.period) for row in rows] if rule.cumulative else []
    earlier = versions.before_each(conn, form, told)
    return [
        {
            "unit": row.unit,
            "owes": row.unit in units and rule.owed_by(units[row.unit], row.period),
            "period": row.period,
            "version": row.version,
            "total": total(row.numbers),
            "previous_total": total(earlier[row.unit, row.period]) if (row.unit, row.period) in earlier else None,
            "received_at": row.received_at,
            "on_time": row.on_time,
        }
        for row in rows
    ]

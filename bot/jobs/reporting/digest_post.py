"""What the first digest of a week says beside its form: how the mail went, what waits beyond the month, what is owed
once. Reads the record."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.deadlines import owed_periods
from bot.deciding.formwords import form_words
from bot.deciding.heard import FILED
from bot.deciding.standing import OWING, rates
from bot.deciding.views import shown_period
from bot.jobs.attending import sentence
from bot.jobs.parts import Bot
from bot.jobs.reporting.digest_letters import question
from bot.jobs.standing import lines
from bot.model.deciding import ONCE
from bot.record import archive, attention, correspondence, people, questions, reports, runs

UNREAD = (
    "unreadable",
    "unreadable_unanswered",
    "in_vain",
    "missing_attachment",
    "missing_attachment_unanswered",
    "no_form",
    "set_aside",
    "too_large",
)


NOTHING: dict[str, Any] = {"unread": [], "filed": [], "letters": None, "once": [], "questions": []}


def post_context(
    bot: Bot, conn: Connection, shown: Collection[tuple[str, str]], since: datetime, now: datetime
) -> dict[str, Any]:
    """What came and could not be read, whatever form it may have been, how our own letters stand, what is owed once
    and still missing, and what waits for the office beyond the forms and months that are ``shown`` by themselves."""
    letters = correspondence.counts(conn, queued_before=now)  # what this very run queues is no backlog
    letters["queued"] = letters.get("queued", 0) + letters.get("unmade", 0)  # both leave by themselves, in the end
    return {
        "unread": _unread(bot, conn, since),
        "filed": filed(bot, conn, now, since),
        "questions": _questions(bot, conn, shown),
        "once": _once(bot, conn, now),
        "letters": {state: letters.get(state, 0) for state in ("sent", "queued", "held", "failed")},
    }


def filed(bot: Bot, conn: Connection, now: datetime, since: datetime | None = None) -> list[dict[str, Any]]:
    """Mails of liaisons and of the staff that nobody was told of: thanks, promises, automatic replies."""
    known = {p.email for p in people.liaisons(conn, now.astimezone(bot.zone).date()) if p.email}
    rows = archive.only_filed(conn, FILED, known | set(bot.config.office.staff_addresses), since)
    return [
        {"sender": row.shown_from or "", "subject": row.subject or "", "received_at": row.received_at} for row in rows
    ]


def _questions(bot: Bot, conn: Connection, shown: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    rest = [row for row in reports.waiting(conn) if (row.form, row.about) not in shown]
    return [
        {
            **question(bot, row),
            "form_name": bot.rules.form_name(row.form),
            "words": form_words(row.form, bot.rules),
            "period": shown_period(row.period),
        }
        for row in rest
    ] + [_words(bot, row) for row in questions.about_words(conn)]


def _words(bot: Bot, row: Row[Any]) -> dict[str, Any]:
    """What somebody said and nobody has answered yet."""
    commands = bot.rules.commands
    return {
        "number": row.number,
        "offers": [commands.rule(id_).words[0] for id_ in commands.offers.get(row.kind, ())],
        "unit": row.about_unit,
        "form_name": None,
        "sender": row.shown_from or "",
        "subject": row.subject or "",
        "why": sentence(bot, row.kind),
        "since": row.received_at or row.opened_at,
        "words": None,
        "period": None,
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

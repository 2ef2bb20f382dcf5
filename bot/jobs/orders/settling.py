"""What the office decides about a report that waited: it counts, perhaps for another unit or month; or it does not.

The archived mail is looked at again with the office's word, by the same code as on the first day:

    report -> raw mail -> open_mail -> intent_of(.., trusted) -> report, letter, the question settled

All in the caller's transaction.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.trusting import Trusted
from bot.jobs.enqueuing import enqueue
from bot.jobs.parts import Bot
from bot.jobs.recording import made_ready, write_down
from bot.jobs.understand import intent_of, open_mail
from bot.model.deciding import LetterDraft, Outcome
from bot.record import archive, locks, reports, runs

REJECTED, DISMISSED = "rejected", "dismissed"


def accept(
    bot: Bot,
    conn: Connection,
    report_id: int,
    now: datetime,
    *,
    by: str,
    unit: str | None = None,
    period: str | None = None,
) -> Outcome | None:
    """Takes a waiting report as one that counts, from the day on which it came. Its sender gets the receipt that any
    report gets; or what to correct, if there are errors in it. None if nothing of that number waits."""
    locks.decide_alone(conn)
    row = reports.open_question(conn, report_id)
    raw = archive.raw_of(conn, row.mail_id) if row else None
    if row is None or raw is None:
        return None
    opened = open_mail(raw, bot)
    trusted = Trusted(row.form, row.document, row.sheet, unit or row.unit, period or row.period)
    intent = intent_of(opened, bot, conn, now, trusted)
    # A mail that today's rules read otherwise has no such form any more: then a person must look at it.
    if not intent.rulings or not reports.settle(conn, report_id, intent.outcome):
        return None
    # The mail had its letter on the first day, under the key of the mail.
    letters = tuple(replace(draft, key=f"{draft.key}:{report_id}") for draft in intent.letters)
    ready = made_ready(bot, conn, replace(intent, letters=letters), now)
    write_down(bot, conn, row.mail_id, opened, ready, now)
    runs.note(conn, now, "question.accepted", mail_id=row.mail_id, report_id=report_id, by=by, as_=intent.outcome)
    return intent.outcome


def dismiss(conn: Connection, report_id: int, now: datetime, *, by: str) -> bool:
    """Leaves a waiting report uncounted; the unit owes again, and nobody is told. False if none waits."""
    return _leave(conn, report_id, now, DISMISSED, by)


def reject(bot: Bot, conn: Connection, report_id: int, now: datetime, *, by: str, reason: str) -> bool:
    """The same, and its sender is told why. False if none waits."""
    row = reports.open_question(conn, report_id)
    if row is None or not _leave(conn, report_id, now, REJECTED, by):
        return False
    came = archive.headline(conn, row.mail_id)
    if came.sender is None:
        return True
    context = {
        "person": "",
        "units": [],
        "original_subject": came.subject or "",
        "received_at": came.received_at,
        "forms": [],
        "files": [],
        "marked": [],
        "reason": reason,
        "form_name": bot.rules.form_name(row.form),
        "document": row.document,
    }
    draft = LetterDraft(
        key=f"rejected:{report_id}",
        letter="rejected",
        to=came.sender,
        context=context,
        reply_to=came.message_id,
        subject_of=came.subject or "",
    )
    enqueue(bot, conn, draft, now, row.mail_id)
    return True


def _leave(conn: Connection, report_id: int, now: datetime, how: str, by: str) -> bool:
    row = reports.open_question(conn, report_id)
    if row is None or not reports.settle(conn, report_id, how):
        return False
    runs.note(conn, now, f"question.{how}", mail_id=row.mail_id, report_id=report_id, by=by)
    return True


def reopen(conn: Connection, report_id: int, now: datetime, *, by: str) -> bool:
    """Takes a dismissal back: the report waits again."""
    if not reports.reopen(conn, report_id, DISMISSED):
        return False
    runs.note(conn, now, "question.reopened", report_id=report_id, by=by)
    return True

"""What the office decides about a report that waited: it counts, perhaps for another unit or month; or it does not.

The archived mail is looked at again with the office's word, by the same code as on the first day:

    report -> raw mail -> opened -> intent_of(.., trusted) -> report, letter, the question settled

All in the caller's transaction, but that the mail is opened outside it (``with_opened``): that may take minutes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from bot.deciding.trusting import Trusted
from bot.jobs.enqueuing import enqueue
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.jobs.recording import made_ready, write_down
from bot.jobs.succession import leaving
from bot.jobs.understand import intent_of
from bot.model.deciding import LetterDraft, Outcome
from bot.model.mail import RawMail
from bot.record import archive, locks, reports, runs

REJECTED, DISMISSED = "rejected", "dismissed"
T = TypeVar("T")


class Unopened(Exception):
    """An archived mail must be opened first, outside the transaction."""

    def __init__(self, mail_id: int, raw: RawMail) -> None:
        super().__init__(mail_id)
        self.mail_id, self.raw = mail_id, raw


def with_opened(bot: Bot, do: Callable[[Mapping[int, Opened]], T]) -> T:
    """What ``do`` returns, which is a transaction of its own. It gets the archived mails that were opened for it, and
    is begun anew for each that it lacks. MailEnded and TooComplex as ``Opener.open``."""
    opened: dict[int, Opened] = {}
    while True:
        try:
            return do(opened)
        except Unopened as lacking:
            opened[lacking.mail_id] = bot.opener.open(lacking.raw)


def accept(
    bot: Bot,
    conn: Connection,
    report_id: int,
    now: datetime,
    opened_mails: Mapping[int, Opened],
    *,
    by: str,
    unit: str | None = None,
    period: str | None = None,
    by_sender: bool = False,
    joined: bool = False,
) -> Outcome | None:
    """Takes a waiting report as one that counts, from the day on which it came. Its sender gets the receipt that any
    report gets; or what to correct, if there are errors in it. None if nothing of that number waits; Unopened if its
    mail is not among ``opened_mails``. ``by_sender``: its own sender has confirmed it, and what is the
    office's to decide still waits for the office. ``joined``: a list is added to what is in force."""
    locks.decide_alone(conn)
    row = reports.open_question(conn, report_id)
    raw = archive.raw_of(conn, row.mail_id) if row else None
    if row is None or raw is None:
        return None
    if (opened := opened_mails.get(row.mail_id)) is None:
        raise Unopened(row.mail_id, raw)
    trusted = Trusted(row.form, row.document, row.sheet, unit or row.unit, period or row.period, by_sender, joined)
    intent = intent_of(opened, bot, conn, now, trusted)
    # A mail that today's rules read otherwise has no such form any more: then a person must look at it.
    if not intent.rulings or not reports.settle(conn, report_id, intent.outcome):
        return None
    # The mail had its letter on the first day, under the key of the mail.
    gone = leaving(bot, conn, intent.rulings, opened.mail.sender or "", now)
    letters = tuple(
        replace(draft, key=f"{draft.key}:{report_id}")
        for draft in intent.letters
        if not (draft.letter == "receipt" and draft.to in gone)  # he is thanked instead
    )
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

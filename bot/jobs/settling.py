"""What the office decides about a report that waited: it counts, perhaps for another unit or month; or it does not.

The archived mail is looked at again with the office's word, by the same code as on the first day:

    report -> raw mail -> open_mail -> intent_of(.., trusted) -> report, letter, the question settled: ONE transaction
"""

from dataclasses import replace
from datetime import datetime

from bot.deciding.trusting import Trusted
from bot.errors import UsageError
from bot.jobs.intake import write_down
from bot.jobs.parts import Bot
from bot.jobs.understand import intent_of, open_mail
from bot.model.deciding import Outcome
from bot.record import archive, reports, runs


def accept(
    bot: Bot, report_id: int, now: datetime, *, by: str, unit: str | None = None, period: str | None = None
) -> Outcome:
    """Takes a waiting report as one that counts, from the day on which it came. Its sender gets the receipt that any
    report gets; or what to correct, if there are errors in it. UsageError if nothing of that number waits."""
    with bot.record.read() as conn:
        row = reports.open_question(conn, report_id)
        raw = archive.raw_of(conn, row.mail_id) if row else None
    if row is None or raw is None:
        raise UsageError(f"no report {report_id} waits")
    trusted = Trusted(row.form, row.document, row.sheet, unit or row.unit, period or row.period)
    opened = open_mail(raw, bot)
    with bot.record.begin() as conn:
        bot.record.decide_alone(conn)
        intent = intent_of(opened, bot, conn, now, trusted)
        if not intent.rulings or not reports.settle(conn, report_id, intent.outcome):
            raise UsageError(f"no report {report_id} waits, or it cannot be found in its mail any more")
        # The mail had its letter on the first day, under the key of the mail.
        letters = tuple(replace(draft, key=f"{draft.key}:{report_id}") for draft in intent.letters)
        write_down(bot, conn, row.mail_id, opened, replace(intent, letters=letters), now)
        runs.note(conn, now, "question.accepted", mail_id=row.mail_id, report_id=report_id, by=by, as_=intent.outcome)
    return intent.outcome


def dismiss(bot: Bot, report_id: int, now: datetime, *, by: str) -> None:
    """Leaves a waiting report uncounted for good; the unit owes again, and nobody is told."""
    with bot.record.begin() as conn:
        row = reports.open_question(conn, report_id)
        if row is None or not reports.settle(conn, report_id, "dismissed"):
            raise UsageError(f"no report {report_id} waits")
        runs.note(conn, now, "question.dismissed", mail_id=row.mail_id, report_id=report_id, by=by)

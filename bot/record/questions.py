"""What the office is asked, by number: reports that wait, and letters that are held until somebody agrees."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, String, and_, cast, or_, select

from bot.record.schema import attention, job_run, letter, mail, report

# What somebody said that wants an answer and is about no report; it is open until it has one.
ABOUT_WORDS = (
    *("reply_words", "reply_unclear", "liaison_words", "liaison_question", "liaison_request", "liaison_recall"),
    *("words_beside", "machine_words", "stranger_words", "stranger_blank"),
    "no_form",
    "missing_attachment_unanswered",
    "unreadable_unanswered",
    "in_vain",
)
ANSWERED = "answered"  # the job in whose name an answer to such a question is written down, once
ABOUT_LETTERS = ("draft", "letter_doubtful", "letter_restored")  # why a letter is held until somebody agrees


def open_ones(conn: Connection) -> list[Row[Any]]:
    """Every question that is not decided, oldest first, each with its report or its letter."""
    return [row for row in _all(conn) if not _is_about_words(row)]


def by_number(conn: Connection, number: int) -> Row[Any] | None:
    """One question; None when there is none of that number, or it was decided."""
    return conn.execute(_questions().where(attention.c.id == number)).first()


def in_bundle(conn: Connection, slot: str) -> list[Row[Any]]:
    """The questions of one letter to the staff that are still open."""
    return list(conn.execute(_questions().where(attention.c.told_in == slot).order_by(attention.c.id)))


def was_told(conn: Connection, number: int, slot: str) -> bool:
    """Whether a question stands in one letter to the staff; also for a number that is none."""
    row = conn.execute(select(attention.c.told_in).where(attention.c.id == number)).first()
    return row is None or row.told_in == slot


def was_open(conn: Connection, number: int, letter_key: str) -> bool:
    """Whether a question was there when a letter was written; also for a number that is none."""
    row = conn.execute(select(attention.c.opened_at).where(attention.c.id == number)).first()
    written = conn.execute(select(letter.c.queued_at).where(letter.c.key == letter_key)).scalar()
    return row is None or (written is not None and row.opened_at <= written)


def about_words(conn: Connection) -> list[Row[Any]]:
    """The open questions about what somebody said, oldest first."""
    return [row for row in _all(conn) if _is_about_words(row)]


def _all(conn: Connection) -> list[Row[Any]]:
    return list(conn.execute(_questions().order_by(attention.c.id)))


def _is_about_words(row: Row[Any]) -> bool:
    return row.report_id is None and row.letter_id is None


def for_letters(conn: Connection, letter_ids: Sequence[int]) -> list[Row[Any]]:
    """The open questions about these letters."""
    return list(conn.execute(_questions().where(attention.c.letter_id.in_(letter_ids)).order_by(attention.c.id)))


def _questions() -> Any:
    waits = and_(report.c.outcome == "waiting", report.c.settled == "")
    held = and_(attention.c.kind.in_(ABOUT_LETTERS), letter.c.state == "held")
    done = select(job_run.c.job).where(job_run.c.job == ANSWERED, job_run.c.period_key == cast(attention.c.id, String))
    unasked = and_(attention.c.report_id.is_(None), attention.c.mail_id.is_not(None), ~done.exists())
    words = and_(attention.c.kind.in_(ABOUT_WORDS), unasked)
    columns = (
        attention.c.id.label("number"),
        attention.c.kind,
        attention.c.report_id,
        attention.c.letter_id,
        attention.c.mail_id,
        attention.c.unit.label("about_unit"),
        attention.c.opened_at,
        report.c.form,
        report.c.unit,
        report.c.period,
        report.c.document,
        report.c.sheet,
        mail.c.shown_from,
        mail.c.sender,
        mail.c.subject,
        mail.c.message_id,
        mail.c.received_at,
        letter.c.key.label("letter_key"),
        letter.c.to.label("letter_to"),
        letter.c.subject.label("letter_subject"),
    )
    return (
        select(*columns)
        .outerjoin(report, report.c.id == attention.c.report_id)
        .outerjoin(mail, mail.c.id == attention.c.mail_id)
        .outerjoin(letter, letter.c.id == attention.c.letter_id)
        .where(or_(waits, held, words))
    )

"""The monthly bulletin: made from the record, sent to the staff as a draft, frozen when they release it.

    which month is due -> standing, numbers, changes -> Bulletin -> documents -> LetterDraft
                                                     -> bulletin row, job_run row and letters: ONE transaction

After an outage only the latest month is drafted. What was released is shown from its copy ever after.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.bulletin import bulletin, changes_since
from bot.deciding.bulletin_view import document_context, letter_context
from bot.deciding.deadlines import owed_periods, previous_period
from bot.deciding.ladder import may_leave
from bot.errors import ConfigError, UsageError
from bot.jobs.enqueuing import enqueue_for_staff
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import mailbox_was_read
from bot.jobs.reporting.figures import month_of, streaks_of
from bot.jobs.standing import people_by_unit
from bot.letters.bulletin import DOCX, TEMPLATE, document
from bot.letters.summary import Source, summary
from bot.letters.workbooks import XLSX
from bot.model.bulletin import Bulletin, Change
from bot.model.deciding import Accepted, LetterDraft, LetterFile
from bot.record import bulletins, locks, runs, versions

JOB = LETTER = "bulletin"


@dataclass(frozen=True, slots=True)
class Edition:
    """A bulletin as it can be shown: as it stands now, or as it was released. ``later`` was accepted for its month
    after the release."""

    bulletin: Bulletin
    released_at: datetime | None = None
    later: tuple[Change, ...] = ()


def due_at(bot: Bot, period: str) -> datetime:
    """When a month's draft goes to the office: at the start of working hours, so many working days after the
    deadline's day."""
    day = bot.calendar.shift(bot.deadline(bot.rules.bulletin_form, period).date(), bot.rules.bulletin.working_days)
    return datetime.combine(day, bot.rules.reminders.hours.start, bot.zone)


def latest_past(bot: Bot, now: datetime) -> str | None:
    """The newest month whose deadline has passed."""
    form = bot.rules.bulletin_form
    past = [p for p in _opened(bot, now) if bot.deadline(form, p) < now]
    return past[-1] if past else None


def draft(bot: Bot, now: datetime) -> bool:
    """Queues the draft of the newest month that is due, once. True when it is new."""
    due = [p for p in _opened(bot, now) if due_at(bot, p) <= now]
    if not due or not bot.config.office.staff or not may_leave(now, bot.rules.reminders.hours, bot.calendar, bot.zone):
        return False
    form, period = bot.rules.bulletin_form, due[-1]
    with bot.record.begin() as conn:
        before_our_time = bot.deadline(form, period) < runs.first_run(conn, now)
        if before_our_time or not mailbox_was_read(bot, conn, now):
            return False
        if not runs.claim_run(conn, JOB, f"{form}:{period}", now) or bulletins.is_released(conn, form, period):
            return False
        made = _make(bot, conn, period, now)
        bulletins.draft(conn, made, now)
        return enqueue_for_staff(bot, conn, letter_of(bot, conn, Edition(made), now), now) > 0


def edition(bot: Bot, conn: Connection, period: str, now: datetime) -> Edition:
    """The bulletin of a month: from its frozen copy, or as it stands now."""
    form = bot.rules.bulletin_form
    kept = bulletins.kept(conn, form, period)
    if kept is not None and kept.released_at is not None:
        later = changes_since(kept, _of_months(conn, form, [period]).get(period, {}), bot.rules.units)
        return Edition(kept.bulletin, kept.released_at, later)
    return Edition(_make(bot, conn, period, now))


def release(bot: Bot, conn: Connection, period: str, now: datetime) -> Edition:
    """Freezes a month in the caller's transaction. UsageError when it was released already.

    No worker decides about a mail meanwhile: what is announced is what is locked."""
    locks.decide_alone(conn)
    made = _make(bot, conn, period, now)
    if not bulletins.release(conn, made, now):
        kept = bulletins.kept(conn, made.form, period)
        at = kept.released_at.astimezone(bot.zone) if kept and kept.released_at else now
        raise UsageError(f"{period} was released at {at.isoformat(timespec='minutes')}; what was announced stays")
    return Edition(made, now)


def document_of(bot: Bot, shown: Edition) -> bytes:
    """The bulletin as a Word file. ConfigError for a template that is missing or broken."""
    path = bot.config.paths.templates / TEMPLATE
    try:
        template = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    values = document_context(shown.bulletin, bot.rules, shown.released_at)
    values["office"] = bot.renderer.office
    return document(template, str(path), values, bot.renderer.filters, bot.rules.bulletin.blank)


def summary_of(bot: Bot, shown: Edition) -> bytes:
    """The county's summary workbook, with what changed after its own release beside what the bulletin tells of."""
    changes = (*shown.bulletin.changes, *shown.later)
    return summary(
        Source(shown.bulletin, bot.rules, bot.summary_words, bot.renderer.filters, shown.released_at, changes)
    )


def _opened(bot: Bot, now: datetime) -> tuple[str, ...]:
    rule = bot.rules.forms[bot.rules.bulletin_form]
    return owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone)


def _make(bot: Bot, conn: Connection, period: str, now: datetime) -> Bulletin:
    form = bot.rules.bulletin_form
    month = month_of(bot, conn, form, period, now)
    announced = bulletins.released(conn, form, previous_period(period))
    told = {c.report_id for kept in announced for c in kept.bulletin.changes}
    now_counts = _of_months(conn, form, [kept.bulletin.period for kept in announced])
    changes = [
        change
        for kept in announced
        for change in changes_since(kept, now_counts.get(kept.bulletin.period, {}), bot.rules.units, told)
    ]
    streaks = streaks_of(bot, conn, form, period, now)
    return bulletin(bot.rules.forms[form], bot.rules, bot.deadline(form, period), month, now, changes, streaks)


def _of_months(conn: Connection, form: str, announced: Sequence[str]) -> dict[str, dict[str, Accepted]]:
    """period -> unit -> what counts of it now, for months that ascend."""
    if not announced:
        return {}
    found = versions.in_force_between(conn, form, announced[0], announced[-1])
    return {period: {u: versions.as_accepted(row) for u, row in rows.items()} for period, rows in found.items()}


def letter_of(bot: Bot, conn: Connection, shown: Edition, now: datetime) -> LetterDraft:
    """The letter with both documents. They are drafts: who is to sign them may still change the text."""
    made, names = shown.bulletin, bot.rules.bulletin.files
    year, month = map(int, made.period.split("-"))
    files = (
        LetterFile(names.draft.format(year=year, month=month), document_of(bot, shown), DOCX),
        LetterFile(names.summary.format(year=year, month=month), summary_of(bot, shown), XLSX),
    )
    context = letter_context(made, people_by_unit(conn, bot, now), bot.rules, [f.name for f in files])
    return LetterDraft(key=f"{LETTER}:{made.form}:{made.period}", letter=LETTER, to="", context=context, files=files)

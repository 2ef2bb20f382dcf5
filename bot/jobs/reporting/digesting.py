"""The weekly digest for staff: one letter for each form.

    which week is due -> standing, numbers, changes -> LetterDraft -> job_run row and letters: ONE transaction

After an outage only the latest digest is written. When the campaign is over, a closing letter takes its place, once.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.deciding.deadlines import owed_periods
from bot.jobs.enqueuing import enqueue_for_staff
from bot.jobs.parts import Bot
from bot.jobs.reporting.closing import close, end_of
from bot.jobs.reporting.digest_letters import digest_context
from bot.jobs.reporting.digest_post import NOTHING, post_context
from bot.model.deciding import LetterDraft
from bot.record import runs

DIGEST = "digest"


def digest(bot: Bot, now: datetime) -> bool:
    """Queues the digest of this week, once its day and time have come. True when it is new."""
    local = now.astimezone(bot.zone)
    schedule = bot.config.schedule
    day = local.date() - timedelta(days=(local.isoweekday() - schedule.digest_weekday) % 7)
    due = datetime.combine(day, schedule.digest_time, bot.zone)
    if due > now:
        due -= timedelta(days=7)
    with bot.record.begin() as conn:
        # A month that opens on a Saturday is nothing that Monday's digest has missed.
        if due < runs.first_run(conn, now) or not _is_anything_owed(bot, due):
            return False
        end = end_of(bot, conn)
        if end is not None and end < due:
            return end >= runs.first_run(conn, now) and close(bot, conn, now)
        week = due.strftime("%G-W%V")
        since = runs.latest_run(conn, DIGEST, now) or runs.first_run(conn, now)
        if not runs.claim_run(conn, DIGEST, week, now):
            return False
        for draft in _drafts(bot, conn, due, since, now):
            enqueue_for_staff(bot, conn, draft, now)
    return True


def _is_anything_owed(bot: Bot, now: datetime) -> bool:
    """Whether anything at all is owed yet."""
    c = bot.campaign
    return any(owed_periods(rule, c.first, c.last, now, bot.zone) for rule in bot.rules.matrices.values())


def _drafts(bot: Bot, conn: Connection, due: datetime, since: datetime, now: datetime) -> list[LetterDraft]:
    """A letter for each form of which anything is owed; how the mail itself went stands in the first alone. The
    targets' form comes first, and its key is the week's, whatever forms are added later."""
    forms = sorted(bot.rules.matrices, key=lambda form: form != bot.rules.targets.form)
    contexts = {form: made for form in forms if (made := digest_context(bot, conn, form, due, since, now)) is not None}
    post = post_context(bot, conn, {(form, made["period"]) for form, made in contexts.items()}, since, now)
    found: list[LetterDraft] = []
    for form, made in contexts.items():
        nothing_else = not any(post[what] for what in ("unread", "once", "questions"))
        context = {**made, **post, "quiet": made["quiet"] and nothing_else}
        key = f"{DIGEST}:{due.strftime('%G-W%V')}" + ("" if form == bot.rules.targets.form else f":{form}")
        found.append(LetterDraft(key=key, letter="digest", to="", context=context))
        post = NOTHING
    return found

"""What needs a person, told to the staff in one letter now and then.

attention.untold -> their mails, opened: nobody waits
attention.untold -portioned-> LetterDraft -> job_run row, letters, told: ONE transaction
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.bundling import Portions, portioned
from bot.deciding.heard import QUOTING
from bot.deciding.notices import People, contact
from bot.deciding.views import shown_period
from bot.jobs import matters
from bot.jobs.enqueuing import BUNDLE, UNMADE, enqueue_for_staff
from bot.jobs.evidence import evidence
from bot.jobs.matters import ASIDE
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.jobs.reporting.closing import end_of
from bot.jobs.standing import people_by_unit
from bot.model.deciding import Attention, LetterDraft
from bot.record import attention, runs
from bot.record.people import at_address
from bot.record.questions import ABOUT_LETTERS, ABOUT_WORDS

YEAR_AHEAD = timedelta(days=60)  # how long before a year begins its working days should be known


def sentence(bot: Bot, kind: str) -> str:
    """The words of rules/reasons.toml for something that needs a person."""
    reasons = bot.rules.reasons
    return reasons.waiting.get(kind) or reasons.attention[kind]


def watch_calendar(bot: Bot, now: datetime) -> None:
    """Working days that are a guess, now or soon, are put before the office: once for each year."""
    days = {(now.astimezone(bot.zone) + ahead).year for ahead in (timedelta(0), YEAR_AHEAD)}
    for year in sorted(y for y in days if bot.calendar.is_guess(y)):
        with bot.record.begin() as conn:
            end = end_of(bot, conn)
            if end is not None and end.year < year:  # nothing is asked of its days any more
                continue
            if runs.claim_run(conn, "calendar", str(year), now):
                attention.open_items(conn, [Attention("calendar_unknown", str(year))], now)


def bundle(bot: Bot, now: datetime) -> int:
    """Tells the staff, in one letter, what came up and needs a person; not more often than the setting says.

    Returns how many things were told. Without staff addresses they stay untold, for ``status`` and the digest; so does,
    until the next letter, what one letter has no room for.
    """
    with bot.record.begin() as conn:
        rows = _due(bot, conn, now)
    if not rows:
        return 0
    # Before anything is locked: what is in a mail decides how long that takes.
    opened = matters.opened(bot, _portioned(bot, rows).whole)
    with bot.record.begin() as conn:
        rows = _due(bot, conn, now)
        if not rows:
            return 0
        slot = now.astimezone(bot.zone).strftime("%Y-%m-%dT%H:%M:%S")
        if not runs.claim_run(conn, BUNDLE, slot, now):
            return 0
        parts = _portioned(bot, rows)
        told = [*parts.whole, *parts.brief]
        people = people_by_unit(conn, bot, now)
        shown = evidence(bot, conn, parts.whole, opened)
        items, brief = (
            [_item(bot, conn, row, people, opened) | {"original": shown.originals.get(row.id)} for row in part]
            for part in (parts.whole, parts.brief)
        )
        draft = LetterDraft(
            key=f"{BUNDLE}:{slot}",
            letter=BUNDLE,
            to="",
            context={"items": items, "brief": brief, "n": len(told), "left": parts.left},
            files=shown.files,
        )
        enqueue_for_staff(bot, conn, draft, now)
        attention.told(conn, [row.id for row in told], now, slot)
    return len(told)


def _due(bot: Bot, conn: Connection, now: datetime) -> list[Row[Any]]:
    """What the staff is to be told of now."""
    hours = timedelta(hours=bot.config.schedule.attention_hours)
    last = runs.latest_run(conn, BUNDLE, now)
    if not bot.config.office.staff or (last is not None and now - last < hours):
        return []
    return attention.untold(conn)


def _portioned(bot: Bot, rows: list[Row[Any]]) -> Portions[Row[Any]]:
    return portioned(rows, lambda row: row.kind, bot.config.limits.attention_items)


def _unit_at(conn: Connection, bot: Bot, row: Row[Any]) -> str | None:
    """The unit of whoever sent a mail that nobody has opened, if it is his only one."""
    if row.kind != ASIDE or not row.sender:
        return None
    day = row.received_at.astimezone(bot.zone).date()
    units = {post.unit for post in at_address(conn, row.sender, day)}
    return units.pop() if len(units) == 1 else None


def _item(bot: Bot, conn: Connection, row: Row[Any], people: People, opened: Mapping[int, Opened]) -> dict[str, Any]:
    """One thing that needs a person: what, about which mail or letter, whom to call."""
    registered = attention.sender_unit(conn, row.mail_id) if row.mail_id else None
    registered = registered or _unit_at(conn, bot, row)
    unmade = row.kind == UNMADE
    quotes = row.kind in QUOTING
    is_address = "@" in row.detail and not unmade and not quotes and row.kind != ASIDE
    asks = row.report_id is not None or row.kind in ABOUT_LETTERS or row.kind in ABOUT_WORDS
    offered = [bot.rules.commands.rule(id_) for id_ in bot.rules.commands.offers.get(row.kind, ())] if asks else []
    return {
        "number": row.id,
        "words": [rule.words[0] for rule in offered],
        "answers": [rule.help for rule in offered],
        "copies": [f"{row.id} {rule.words[0]} {rule.blank}".strip() for rule in offered],
        **matters.matter(bot, conn, row, opened, quoted=quotes),
        "sentence": sentence(bot, row.kind),
        "unit": row.unit,
        "registered": registered if registered != row.unit else None,
        "form": bot.rules.form_name(row.form) if row.form else "",
        "period": shown_period(row.period),
        "sender": row.shown_from or "",
        "subject": row.subject or "",
        "received_at": row.received_at,
        "said": row.detail if quotes else "",
        "file": "" if is_address or quotes else row.detail,
        "address": (row.letter_to or "") if unmade else row.detail if is_address else "",
        "letter_subject": row.letter_subject or "",
        "answer": (not unmade and row.answer) or "",
        **contact(registered or row.unit or "", people),
    }

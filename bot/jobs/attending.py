"""What needs a person, told to the staff in one letter now and then.

attention.untold -> LetterDraft -> job_run row, letters, told: ONE transaction
"""

from datetime import datetime, timedelta

from bot.jobs.parts import Bot
from bot.model.deciding import LetterDraft
from bot.record import attention, runs

BUNDLE = "attention"


def sentence(bot: Bot, kind: str) -> str:
    """The words of rules/reasons.toml for something that needs a person."""
    reasons = bot.rules.reasons
    return reasons.waiting.get(kind) or reasons.attention[kind]


def bundle(bot: Bot, now: datetime) -> int:
    """Tells the staff, in one letter, what came up and needs a person; not more often than the setting says.

    Returns how many things were told. Without staff addresses they stay untold, for ``status`` and the digest.
    """
    hours = timedelta(hours=bot.config.schedule.attention_hours)
    with bot.record.begin() as conn:
        last = runs.latest_run(conn, BUNDLE)
        rows = attention.untold(conn)
        if not rows or not bot.config.office.staff or (last is not None and now - last < hours):
            return 0
        slot = now.astimezone(bot.zone).strftime("%Y-%m-%dT%H:%M:%S")
        if not runs.claim_run(conn, BUNDLE, slot, now):
            return 0
        items = [
            {
                "sentence": sentence(bot, row.kind),
                "unit": row.unit,
                "period": row.period,
                "sender": row.shown_from or "",
                "subject": row.subject or "",
                "received_at": row.received_at,
                "detail": row.detail,
            }
            for row in rows
        ]
        draft = LetterDraft(
            key=f"{BUNDLE}:{slot}", letter="attention", to="", context={"items": items, "n": len(items)}
        )
        bot.enqueue_for_staff(conn, draft, now)
        attention.told(conn, [row.id for row in rows], now)
    return len(rows)

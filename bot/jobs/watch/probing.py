"""A letter to the bot's own address, now and then: what comes back proves the way out and in.

slot claimed, letter queued: ONE transaction -> outbox -> the provider -> poll -> intake -> came_back
"""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.deciding.watching import Seen
from bot.jobs.enqueuing import enqueue
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL
from bot.letters.tokens import tokens_in
from bot.model.deciding import LetterDraft
from bot.model.mail import Mail
from bot.record import correspondence, runs

PROBE = "probe"  # the job, and the letter
BACK = "probe_back"


def probes(bot: Bot) -> bool:
    """Whether probes leave at all: where letters are held, a probe would be held too, and prove nothing."""
    return bot.config.watch.probe_hours > 0 and bot.config.smtp.deliver == "send"


def probe(bot: Bot, now: datetime) -> bool:
    """Queues the probe of this stretch of hours, once. None while an earlier one still waits to leave."""
    if not probes(bot):
        return False
    hours = bot.config.watch.probe_hours
    slot = f"{hours:g}h-{int(now.timestamp() // (hours * 3600))}"
    with bot.record.read() as conn:
        if slot in runs.runs_starting(conn, PROBE, [slot], now):
            return False
    with bot.record.begin() as conn:
        if correspondence.any_unsent(conn, PROBE) or not runs.claim_run(conn, PROBE, slot, now):
            return False
        draft = LetterDraft(key=f"{PROBE}:{slot}", letter=PROBE, to=bot.config.own_address, context={})
        return enqueue(bot, conn, draft, now) is not None


def came_back(conn: Connection, mail: Mail, now: datetime, mail_id: int) -> None:
    """Notes the return of a probe, when a mail of our own is one. Its token cannot be guessed, but repeated."""
    ids = [mail.message_id] if mail.message_id else []
    letter = correspondence.by_token_or_id(conn, tokens_in(mail.subject), ids)
    if letter is None or letter.letter != PROBE or letter.id <= last_back(conn)["letter_id"]:
        return
    runs.put(conn, BACK, json.dumps({"letter_id": letter.id, "at": now.isoformat()}))
    runs.note(conn, now, "probe.returned", mail_id=mail_id, letter_id=letter.id)


def last_back(conn: Connection) -> dict[str, Any]:
    """The newest probe that came back: ``letter_id`` (0 for none) and ``at``."""
    found: dict[str, Any] = json.loads(runs.get(conn, BACK) or '{"letter_id": 0, "at": null}')
    return found


def lost_probe(bot: Bot, conn: Connection, now: datetime) -> Seen | None:
    """A probe left, the mailbox was read well long after, and neither it nor a later one was there. While the mailbox
    cannot be read, or nothing leaves, that is what is wrong, and not the way in between."""
    sent = correspondence.first_sent_after(conn, PROBE, last_back(conn)["letter_id"], now) if probes(bot) else None
    read = runs.moment(conn, LAST_POLL)
    if sent is None or read is None or read - sent < timedelta(hours=bot.config.watch.probe_back_hours):
        return None
    return Seen(sent.astimezone(bot.zone).strftime("%Y-%m-%d %H:%M"))

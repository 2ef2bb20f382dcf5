"""How a letter comes into the outbox: rendered once for its key, held, or with its turn among an hour's answers."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.jobs.parts import Bot
from bot.letters.tokens import message_id, token
from bot.model.deciding import Attention, LetterDraft
from bot.record import answering, attention, locks, outbox, runs
from bot.record.clocks import key_for


def enqueue(bot: Bot, conn: Connection, draft: LetterDraft, now: datetime, mail_id: int | None = None) -> int | None:
    """Renders a letter and queues it, once for its key; None when it was there already.

    With ``mail_id`` it answers that mail, and takes its turn among the answers of the hour; the staff never waits.
    With ``deliver = "hold"`` every letter is held until someone releases it.
    """
    # What the calendar asks for comes up again at each tick, and is not rendered again; an answer comes but once.
    key = key_for(conn, draft.key, now) if mail_id is None else draft.key
    if key is None:
        return None
    draft = replace(draft, key=key)
    secret = runs.token_secret(conn)
    own_id = message_id(secret, draft.key, bot.config.own_address.partition("@")[2])
    held = draft.held or bot.config.smtp.deliver == "hold"
    letter = bot.renderer.render(replace(draft, held=held), token=token(secret, draft.key), message_id=own_id, now=now)
    letter = replace(letter, only_while_owed=draft.only_while_owed)
    due_at = now if held or mail_id is None else _turn_of(bot, conn, draft.to, now)
    letter_id = outbox.enqueue(conn, letter, now, mail_id=mail_id, due_at=due_at)
    if letter_id is not None and due_at > now:
        until = due_at.isoformat()
        runs.note(
            conn, now, "letter.put_off", letter_id=letter_id, mail_id=mail_id, why="answers_per_hour", until=until
        )
        tell_once_a_day(bot, conn, Attention("answers_put_off"), now, mail_id)
    if draft.held and letter_id is not None:  # a draft, which only the office's word lets go
        about = letter.obligations[0] if letter.obligations else None
        unit, form, period = (about.unit, about.form, about.period) if about else (None, None, None)
        item = Attention("draft", letter.to, unit, form, period, letter_id=letter_id)
        attention.open_items(conn, [item], now)
    return letter_id


def _turn_of(bot: Bot, conn: Connection, address: str, now: datetime) -> datetime:
    staff = bot.config.office.staff_addresses
    if address in staff:
        return now
    locks.answer_in_turn(conn)
    return answering.next_turn(conn, bot.config.limits.answers_per_hour, now, but=staff)


def tell_once_a_day(bot: Bot, conn: Connection, item: Attention, now: datetime, mail_id: int | None) -> None:
    """Puts something before the office, unless the same was already today."""
    if not attention.was_opened(conn, item, bot.midnight(now), now):
        attention.open_items(conn, [item], now, mail_id)


def enqueue_for_staff(bot: Bot, conn: Connection, draft: LetterDraft, now: datetime, but: str = "") -> int:
    """One letter for each staff address (providers dislike several recipients), ``but`` left out.

    Returns how many are new."""
    staff = [a for a in bot.config.office.staff if a.lower() != but]
    drafts = [replace(draft, key=f"{draft.key}:{a.lower()}", to=a) for a in staff]
    return sum(enqueue(bot, conn, d, now) is not None for d in drafts)

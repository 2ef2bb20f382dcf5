"""How a letter comes into the outbox: rendered once for its key, held, or with its turn among an hour's answers.

LetterDraft -rendered-> Letter -> outbox
           -a fault in its template-> kept unmade, told to the office; ``bot.jobs.making`` makes it when it can be

So a letter that cannot be made never undoes what it is about.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.errors import ConfigError
from bot.jobs.parts import Bot
from bot.letters.kept import kept
from bot.letters.mime import one_line
from bot.letters.tokens import message_id, token
from bot.model.deciding import Attention, LetterDraft
from bot.model.letters import Letter
from bot.record import answering, attention, locks, outbox, runs
from bot.record.clocks import key_for

log = logging.getLogger(__name__)
BUNDLE, ALARM = "attention", "alarm"  # the letter that tells the office what needs a person; the one beside it
UNMADE = "letter_unmade"  # the sentence of rules/reasons.toml


@dataclass(frozen=True, slots=True)
class Made:
    """A letter that was made of its draft, or why it cannot be."""

    draft: LetterDraft
    letter: Letter | Exception


def enqueue(bot: Bot, conn: Connection, draft: LetterDraft, now: datetime, mail_id: int | None = None) -> int | None:
    """Renders a letter and queues it, once for its key; None when it was there already.

    With ``mail_id`` it answers that mail, and takes its turn among the answers of the hour; the staff never waits.
    With ``deliver = "hold"`` every letter is held until someone releases it. One that cannot be rendered waits unmade.
    """
    # What the calendar asks for comes up again at each tick, and is not rendered again; an answer comes but once.
    key = key_for(conn, draft.key, now) if mail_id is None else draft.key
    if key is None:
        return None
    return put(bot, conn, make(bot, conn, replace(draft, key=key), now), now, mail_id)


def make(bot: Bot, conn: Connection, draft: LetterDraft, now: datetime) -> Made:
    """Renders a letter, and writes nothing: it takes its time, for which nobody else should wait."""
    try:
        return Made(draft, rendered(bot, conn, draft, now))
    except Exception as error:  # a template's fault, or a bug: {{ unitt }}, an address that no header can carry
        return Made(draft, error)


def put(bot: Bot, conn: Connection, made: Made, now: datetime, mail_id: int | None = None) -> int | None:
    """Queues a letter as ``enqueue`` does, once for the key of its draft."""
    draft, letter = made.draft, made.letter
    if isinstance(letter, Exception):
        return _keep(bot, conn, draft, letter, now, mail_id)
    due_at = turn_of(bot, conn, letter, now, mail_id)
    letter_id = outbox.enqueue(conn, letter, now, mail_id=mail_id, due_at=due_at)
    if letter_id is not None:
        tell_of_queued(bot, conn, draft, letter_id, due_at, now, mail_id)
    return letter_id


def rendered(bot: Bot, conn: Connection, draft: LetterDraft, now: datetime) -> Letter:
    """The letter, dated ``now``; whatever is wrong with its template or its values is raised."""
    own = runs.token_secret(conn)
    own_id = message_id(own, draft.key, bot.config.own_address.partition("@")[2])
    held = draft.held or bot.config.smtp.deliver == "hold"
    letter = bot.renderer.render(replace(draft, held=held), token=token(own, draft.key), message_id=own_id, now=now)
    return replace(letter, only_while_owed=draft.only_while_owed)


def turn_of(bot: Bot, conn: Connection, letter: Letter, now: datetime, mail_id: int | None) -> datetime:
    """When a letter may leave at the earliest: an answer takes its turn, the staff and what is held do not wait."""
    staff = bot.config.office.staff_addresses
    if letter.held or mail_id is None or letter.to in staff:
        return now
    locks.answer_in_turn(conn)
    return answering.next_turn(conn, bot.config.limits.answers_per_hour, now, but=staff)


def tell_of_queued(
    bot: Bot, conn: Connection, draft: LetterDraft, letter_id: int, due_at: datetime, now: datetime, mail_id: int | None
) -> None:
    """What the office is told of a letter that is made: that it waits for its turn, or for their word."""
    if due_at > now:
        until = due_at.isoformat()
        runs.note(
            conn, now, "letter.put_off", letter_id=letter_id, mail_id=mail_id, why="answers_per_hour", until=until
        )
        tell_once_a_day(bot, conn, Attention("answers_put_off"), now, mail_id)
    if draft.held:  # a draft, which only the office's word lets go
        attention.open_items(conn, [_about("draft", draft.to, draft, letter_id)], now)


def _about(kind: str, detail: str, draft: LetterDraft, letter_id: int) -> Attention:
    about = draft.obligations[0] if draft.obligations else None
    unit, form, period = (about.unit, about.form, about.period) if about else (None, None, None)
    return Attention(kind, detail, unit, form, period, letter_id=letter_id)


def _keep(
    bot: Bot, conn: Connection, draft: LetterDraft, error: Exception, now: datetime, mail_id: int | None
) -> int | None:
    """Keeps the draft, and tells the office once, with whom and what about."""
    why, own = fault_of(error), runs.token_secret(conn)
    mark, subject = token(own, draft.key), draft.subject_of
    with suppress(Exception):  # the fault may stand there
        subject = bot.renderer.subject(draft, token=mark, now=now)
    domain = bot.config.own_address.partition("@")[2]
    letter = Letter(
        draft.key,
        draft.letter,
        draft.to,
        subject,
        kept(draft),
        mark,
        message_id(own, draft.key, domain),
        obligations=draft.obligations,
        only_while_owed=draft.only_while_owed,
    )
    letter_id = outbox.keep(conn, letter, now, why, mail_id=mail_id)
    if letter_id is None:
        return None
    log.error("letter not made: %s", why, extra={"letter": letter_id, "kind": draft.letter})
    if draft.letter != BUNDLE:
        attention.open_items(conn, [_about(UNMADE, why, draft, letter_id)], now, mail_id)
    elif runs.claim_run(conn, UNMADE, now.astimezone(bot.zone).date().isoformat(), now):
        # What tells the office of all else is at fault itself: once a day the plain alarm says so.
        context = {"sentence": bot.rules.reasons.attention[UNMADE], "since": now, "detail": why}
        enqueue_for_staff(bot, conn, LetterDraft(f"{ALARM}:{draft.key}", ALARM, "", context), now)
    return letter_id


def fault_of(error: Exception) -> str:
    """One line for the operator. What a bug says of itself may quote what somebody wrote: only its kind is told."""
    return one_line(str(error)) if isinstance(error, ConfigError) else type(error).__name__


def tell_once_a_day(bot: Bot, conn: Connection, item: Attention, now: datetime, mail_id: int | None = None) -> None:
    """Puts something before the office, unless the same was already today."""
    if not attention.was_opened(conn, item, bot.midnight(now), now):
        attention.open_items(conn, [item], now, mail_id)


def enqueue_for_staff(bot: Bot, conn: Connection, draft: LetterDraft, now: datetime, but: str = "") -> int:
    """One letter for each staff address (providers dislike several recipients), ``but`` left out.

    Returns how many are new."""
    staff = [a for a in bot.config.office.staff if a.lower() != but]
    drafts = [replace(draft, key=f"{draft.key}:{a.lower()}", to=a) for a in staff]
    return sum(enqueue(bot, conn, d, now) is not None for d in drafts)

"""Letters out, as many as the rates allow now: claim -> look again -> send -> mark, each mark committed at once.

    outbox.claim: commit -> Sender.send -> Sent | RetryAt | GivenUp -> outbox.mark_...: commit -> ... -> QUIT

Between the server's 250 and the mark the process can die: then nobody knows, and the letter stays ``sending`` until
``proving`` has looked for its copy.
"""

import logging
from collections.abc import Callable
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from bot.deciding.ladder import may_leave, next_leaving
from bot.deciding.returned import why_returned
from bot.errors import BotError, LoginRefused, SmtpError
from bot.jobs import logins, restored
from bot.jobs.orders.errands import CONFIRM, LETTER, STOPPED
from bot.jobs.parts import Bot, Stop
from bot.jobs.proving import stop_waiting
from bot.jobs.reminders.reminding import mailbox_was_read, remind_again
from bot.jobs.standing import still_owed
from bot.letters.smtp import RECONNECT_SECONDS, AnswerLost, Sender
from bot.letters.smtp_replies import is_spam
from bot.letters.smtp_wire import TurnedAway
from bot.model.deciding import Attention
from bot.model.letters import GivenUp, RetryAt, Sent
from bot.model.mail import Bounce
from bot.record import attention, correspondence, outbox, people, runs
from bot.record.clocks import SKEW
from bot.record.outbox import Due

log = logging.getLogger(__name__)
GIVE_UP_AFTER = timedelta(days=3)
GIVE_UP_ATTEMPTS = 10  # and not before so many: days of our own outage, or in the office's hands, are not tries
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=2)
PAUSED, PAUSED_AT = "outbox_paused_until", "outbox_paused_at"
LONGEST_PAUSE = timedelta(days=2)  # "until tomorrow" is the longest


def send_due(bot: Bot, open_sender: Callable[[], Sender], now: datetime, stop: Stop) -> int:
    """Sends what is due and allowed. Returns how many letters the server took.

    Where letters are held (``deliver``), only those that a person released. LoginRefused, SmtpError and
    ConfigError (no password) leave this function after the letter was put back; the server is not called again before
    the pause is over that each asks for.
    """
    with bot.record.begin() as conn:
        stop_waiting(bot, conn, now)
        allowed = 0 if is_paused(conn, now) else _allowed(bot, conn, now)
    sent = 0
    sender: Sender | None = None
    try:
        while sent < allowed and not stop():
            due = _next(bot, now)
            if due is None:
                break
            try:
                sender = sender or open_sender()
            except BotError as error:  # also a password that is nowhere to be found
                _put_back(bot, due, error, now)
                raise
            try:
                sent += _send(bot, sender, due, now)
            except (LoginRefused, SmtpError) as error:
                _put_back(bot, due, error, now)
                if isinstance(error, LoginRefused):  # after a login that went well, or in a second one
                    logins.refused(bot, "smtp", now, error)
                raise
            alarms, sender.alarms = sender.alarms, []
            _tell_alarms(bot, alarms, now)
            with bot.record.read() as conn:
                if is_paused(conn, now):
                    break
    finally:
        if sender is not None:
            sender.close()
    return sent


def _allowed(bot: Bot, conn: Connection, now: datetime) -> int:
    """How many letters the rates per minute and per day (office time) leave."""
    settings = bot.config.smtp
    midnight = bot.midnight(now)
    minute = settings.per_minute - correspondence.sent_since(conn, now - timedelta(minutes=1), now)
    return max(0, min(minute, settings.per_day - correspondence.sent_since(conn, midnight, now)))


def _next(bot: Bot, now: datetime) -> Due | None:
    """Claims the next letter that still makes sense; what does not is cancelled or put off on the way."""
    while True:
        with bot.record.begin() as conn:
            only = (LETTER, CONFIRM) if runs.get(conn, STOPPED) else None
            due = outbox.claim(conn, now, released_only=bot.config.smtp.deliver == "hold", only=only)
            if due is None or (_still_wanted(bot, conn, due, now) and restored.may_leave(bot, conn, due, now)):
                return due


def _still_wanted(bot: Bot, conn: Connection, due: Due, now: datetime) -> bool:
    """Looks at a reminder again in the moment of sending: is it office hours, was the mailbox read lately, is all
    of it still owed, and is no later reminder on its way? A reminder must never reach a unit that has reported,
    and after an outage one letter is enough. Every other letter still is."""
    if not due.only_while_owed:
        return True
    hours = bot.rules.reminders.hours
    if not may_leave(now, hours, bot.calendar, bot.zone):
        outbox.put_off(conn, due, next_leaving(now, hours, bot.calendar, bot.zone))
        return False
    if not mailbox_was_read(bot, conn, now):
        outbox.put_off(conn, due, now + timedelta(minutes=5))
        return False
    owed = still_owed(bot, conn, due.obligations, now)
    later = correspondence.asked_later(conn, due)
    kept = [o for o in owed if (o.unit, o.form, o.period) not in later]
    if len(kept) == len(due.obligations):
        return True
    reason = "reported in the meantime" if len(owed) < len(due.obligations) else "a later reminder asks for it"
    outbox.mark_ended(conn, due, now, "cancelled", reason)
    if kept:
        remind_again(bot, conn, due, kept, now)
    return False


def _send(bot: Bot, sender: Sender, due: Due, now: datetime) -> int:
    with bot.record.read() as conn:  # a pause of the whole outbox is no verdict about this letter
        called_spam = sum(map(is_spam, correspondence.refusals(conn, due))) if due.attempts > 1 else 0
    try:
        delivery = sender.send(due.mime, due.to, called_spam + 1)
    except AnswerLost as error:
        log.warning("nobody knows yet whether it left: %s", error, extra={"letter": due.letter_id})
        return 1  # it counts against the rates; ``prove`` takes it up
    with bot.record.begin() as conn:
        match delivery:
            case Sent(answer):
                outbox.mark_sent(conn, due, now, answer)
            case RetryAt():
                _retry(bot, conn, due, delivery, now)
            case GivenUp():
                _give_up(bot, conn, due, delivery, now)
    if not isinstance(delivery, Sent):
        return 0
    about = {"letter": due.letter_id, "kind": due.letter, "mail": due.mail_id, "attempt": due.attempts}
    log.info("letter sent", extra={k: v for k, v in about.items() if v is not None})
    return 1


def _tell_alarms(bot: Bot, alarms: list[str], now: datetime) -> None:
    """What the provider said about the account itself (quota, rights, standing) goes to the office, once a day."""
    for text in alarms:
        log.error("the provider says: %s", text)
    if alarms:
        with bot.record.begin() as conn:
            if runs.claim_run(conn, "account", now.astimezone(bot.zone).date().isoformat(), now):
                attention.open_items(conn, [Attention("account", alarms[0][:200])], now)


def _retry(bot: Bot, conn: Connection, due: Due, delivery: RetryAt, now: datetime) -> None:
    patient = due.attempts < GIVE_UP_ATTEMPTS or now - due.queued_at <= GIVE_UP_AFTER
    if not patient and not delivery.whole_outbox:
        _give_up(bot, conn, due, GivenUp(delivery.reason), now)
        return
    backoff = min(FIRST_RETRY * 2 ** min(due.attempts, 10), LONGEST_RETRY)
    open_again = _open_again(bot, delivery, now)
    outbox.mark_retry(conn, due, now, max(now + backoff, open_again), delivery.reason)
    if delivery.whole_outbox or delivery.tomorrow:  # not for this letter's own patience: others may fare better
        _pause(conn, open_again, now)


def _open_again(bot: Bot, delivery: RetryAt, now: datetime) -> datetime:
    """When the server may be asked again at the earliest."""
    if delivery.tomorrow:
        tomorrow = now.astimezone(bot.zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(0, 10), bot.zone)
    return now + timedelta(seconds=delivery.seconds)


def _give_up(bot: Bot, conn: Connection, due: Due, delivery: GivenUp, now: datetime) -> None:
    """The office learns of it: somebody waits for this letter. A refusal marks the address as a bounce does, by the
    same rules: only where it says that there is none."""
    state = "held" if delivery.needs_office else "failed"
    outbox.mark_ended(conn, due, now, state, delivery.reason)
    refused = Bounce((due.to,), (), True, diagnostic=delivery.reason)
    if delivery.dead_address and why_returned(refused, bot.rules.bounces) == "gone":
        people.mark_dead(conn, due.to, now, delivery.reason)
    unit = due.obligations[0].unit if due.obligations else None
    attention.open_items(conn, [Attention("letter_failed", due.to, unit, letter_id=due.letter_id)], now, due.mail_id)


def _put_back(bot: Bot, due: Due, error: Exception, now: datetime) -> None:
    """No letter was handed over. A server that cannot be reached is left alone for a while, and one that turned us
    away as long as it said; a refused login has a pause of its own."""
    verdict = RetryAt(RECONNECT_SECONDS, str(error), whole_outbox=True)
    if isinstance(error, TurnedAway):
        verdict = error.verdict
    with bot.record.begin() as conn:
        outbox.unclaim(conn, due)
        if isinstance(error, SmtpError):
            _pause(conn, _open_again(bot, verdict, now), now)
    log.warning("letter waits: %s", error, extra={"letter": due.letter_id})
    if isinstance(error, TurnedAway) and error.alarm:
        _tell_alarms(bot, [error.alarm], now)


def _pause(conn: Connection, until: datetime, now: datetime) -> None:
    runs.put(conn, PAUSED, until.isoformat())
    runs.put(conn, PAUSED_AT, now.isoformat())


def is_paused(conn: Connection, now: datetime) -> bool:
    """A pause that begins later, or lies farther ahead than any, was set by a clock that was wrong."""
    until, since = runs.moment(conn, PAUSED), runs.moment(conn, PAUSED_AT)
    if until is None or (since is not None and since > now + SKEW):
        return False
    return now < until < now + LONGEST_PAUSE

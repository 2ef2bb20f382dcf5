"""Archived mails are worked off one by one; whatever happens to a mail, the next one is worked off.

claims.claim: commit -> open_mail -> intent_of, its letters made: nobody waits -> apply, claim of the next -> commit

From ``intent_of`` on it is ONE transaction, and another process opens the next mail meanwhile (``bot.jobs.hand``). One
worker of SQLite may keep every other process waiting as long as it writes: so it reads until all is ready, and decides
again, with its letters in hand, where somebody wrote meanwhile.
"""

import faulthandler
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.errors import (
    BotError,
    ConfigError,
    MailEnded,
    MailOverdue,
    Outdated,
    OutOfReach,
    RecordError,
    TooComplex,
)
from bot.jobs.hand import Hand, in_hand
from bot.jobs.opening import Opened
from bot.jobs.orders.obeying import obey
from bot.jobs.orders.settling import accept, with_opened
from bot.jobs.parts import Bot, Stop
from bot.jobs.proof import remember
from bot.jobs.recording import Ready, made_ready, write_down
from bot.jobs.returning import lives, returned
from bot.jobs.turns import turn
from bot.jobs.understand import intent_of
from bot.jobs.watch.probing import came_back
from bot.mail.outline import outline
from bot.model.deciding import Attention, Intent
from bot.model.mail import RawMail
from bot.record import attention, claims, correspondence, runs

log = logging.getLogger(__name__)
FILE_SEPARATOR = " / "  # between the names of files, as an item for the office tells them
STDERR = 2
OVERDUE = 2  # attempts at a mail that takes all the time that it may: another would hold the others back in vain
SOON = timedelta(seconds=1)  # a mail that waits for an earlier one is looked at again at the next tick
TRIES = 3  # so often are letters made anew because somebody wrote what changes them; then all others wait for it
RETRY = timedelta(minutes=2)  # a mail that failed is tried again after so long, times the attempts it had


@dataclass(slots=True)
class Ahead:
    """What was made ready of a mail before anything is written; ``opened`` are the archived mails that its orders are
    about. ``hurried``: others wait, and nothing more is made."""

    opened: Mapping[int, Opened]
    ready: Ready | None = None
    hurried: bool = False

    def of(self, bot: Bot, conn: Connection, intent: Intent, now: datetime) -> Ready:
        """The intent with its letters; those that were made of an equal one. Outdated if it is another, in a hurry."""
        if self.ready is None or self.ready.intent != intent:
            if self.hurried:
                raise Outdated("what was made ready does not hold")
            self.ready = made_ready(bot, conn, intent, now)
        return self.ready


@dataclass(slots=True)
class Tally:
    """How many mails one run worked off, and at how many it failed."""

    worked: int = 0
    failed: int = 0


def work(bot: Bot, now: datetime, stop: Stop) -> Tally:
    """Works off every archived mail that is free, oldest first."""
    tally = Tally()
    with in_hand(bot, now, lambda raw: open_mail(raw, bot)) as hand:
        while not stop() and (claimed := hand.take()):
            try:
                _work_one(bot, hand, claimed, now)
                tally.worked += 1
            except OutOfReach:
                # A full disk that took the claim and not the rest must not set aside what lies before it.
                with suppress(RecordError), bot.record.begin() as conn:
                    claims.put_off(conn, claimed, now + RETRY)
                raise
            except RecordError:
                raise
            except BotError as error:
                if not isinstance(error, ConfigError | MailEnded | TooComplex):
                    # What opens mails cannot start, or was closed because this process ends: no mail is to blame.
                    with bot.record.begin() as conn:
                        claims.put_back(conn, claimed)
                    if stop():
                        break
                    raise
                tally.failed += 1  # a template that cannot take what this mail says
                log.error("mail failed: %s", error, extra={"mail": claimed.mail_id, "attempt": claimed.attempts})
                _failed(bot, claimed, now, error)
            except Exception as error:  # a bug, or a mail that no test had: this one waits, the others go on
                tally.failed += 1
                log.exception("mail failed", extra={"mail": claimed.mail_id, "attempt": claimed.attempts})
                _failed(bot, claimed, now, error)
    return tally


def open_mail(raw: RawMail, bot: Bot) -> Opened:
    """In the process that can be ended: MailEnded when it had to be."""
    return bot.opener.open(raw)


def _work_one(bot: Bot, hand: Hand, claimed: claims.Claimed, now: datetime) -> None:
    """Works off one mail. Those behind it are claimed as it is written down, so that a mail costs one commit."""
    if claimed.raw is None:
        _set_aside(bot, claimed, now, "too_large")
    elif claimed.attempts > bot.config.limits.attempts:
        _set_aside(bot, claimed, now, "set_aside")
    else:
        begun = time.monotonic()
        try:
            opened = hand.opened(claimed)
        except TooComplex:
            _set_aside(bot, claimed, now, "set_aside")
            return
        done = _decide(bot, hand, claimed, opened, now)
        if done:  # said only of what is committed
            log.info("mail worked off", extra={**done, "ms": round(1000 * (time.monotonic() - begun))})


def _decide(bot: Bot, hand: Hand, claimed: claims.Claimed, opened: Opened, now: datetime) -> dict[str, object]:
    """Decides about a mail, and what is said of it. Where somebody wrote while its letters were made, it is decided
    once more with all others waiting; and if those letters are then wrong, begun anew."""
    return with_opened(bot, lambda archived: _tried(bot, hand, claimed, opened, now, Ahead(archived)))


def _tried(
    bot: Bot, hand: Hand, claimed: claims.Claimed, opened: Opened, now: datetime, ahead: Ahead
) -> dict[str, object]:
    for attempt in range(2 * TRIES):
        ahead.hurried = attempt % 2 == 1 and attempt < 2 * TRIES - 1
        begin = bot.record.begin if attempt % 2 else bot.record.consider
        done: dict[str, object] = {}
        try:
            with turn(bot, claimed, opened, now, begin) as (conn, mine):
                if mine:
                    with _no_longer_than(bot.config.limits.mail_seconds):
                        done = apply(bot, conn, claimed.mail_id, opened, now, ahead)
                else:
                    claims.put_off(conn, claimed, now + SOON)
                following = hand.following(conn)
            hand.keep(following)
            return done
        except Outdated:
            continue
    raise AssertionError("the last try makes whatever is lacking")


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """Ends this process, and says where it was, if the block takes longer; its transaction is undone. A thread of ours
    could not: it would wait for the hanging one. The attempt was counted before: after the last the mail is set aside.
    """
    faulthandler.dump_traceback_later(seconds, file=STDERR, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def apply(bot: Bot, conn: Connection, mail_id: int, opened: Opened, now: datetime, ahead: Ahead) -> dict[str, object]:
    """Decides and writes everything down in the caller's transaction: report, findings, letters, the mail's fate.
    Returns what an operator may read of it; nothing when another worker was faster."""
    intent = intent_of(opened, bot, conn, now)
    ready = ahead.of(bot, conn, intent, now)
    if not claims.finish(conn, mail_id, now, intent.outcome, intent.why, opened.mail):
        return {}
    runs.note(conn, now, f"mail.{intent.outcome}", mail_id=mail_id, why=intent.why)
    write_down(bot, conn, mail_id, opened, ready, now)
    remember(conn, opened.mail, intent, now, mail_id)
    for report_id in intent.counts:
        accept(
            bot, conn, report_id, now, ahead.opened, by=opened.mail.sender or "", by_sender=True, joined=intent.joins
        )
    if intent.orders:
        obey(bot, conn, mail_id, opened.mail, intent.orders, now, ahead.opened)
    if opened.mail.automatic == "own":
        came_back(conn, opened.mail, now, mail_id)
    returned(bot, conn, opened.mail, now, mail_id)
    lives(conn, opened.mail, now, mail_id)
    letters = ",".join(map(str, correspondence.answering(conn, mail_id)))
    return {"mail": mail_id, "outcome": intent.outcome, "why": intent.why, "letters": letters or "none"}


def _failed(bot: Bot, claimed: claims.Claimed, now: datetime, error: BaseException) -> None:
    most = min(bot.config.limits.attempts, OVERDUE if isinstance(error, MailOverdue) else sys.maxsize)
    if claimed.attempts >= most:
        _set_aside(bot, claimed, now, "set_aside", type(error).__name__)
        return
    with bot.record.begin() as conn:
        claims.release(conn, claimed.mail_id, now + RETRY * claimed.attempts)
        runs.note(conn, now, "mail.failed", mail_id=claimed.mail_id, error=type(error).__name__)


def _set_aside(bot: Bot, claimed: claims.Claimed, now: datetime, why: str, error: str = "") -> None:
    says = outline(claimed.raw.data) if claimed.raw else None
    files = FILE_SEPARATOR.join(says.files) if says else ""
    with bot.record.begin() as conn:
        if claims.set_aside(conn, claimed.mail_id, now, why, says):
            runs.note(conn, now, "mail.aside", mail_id=claimed.mail_id, why=why, error=error)
            attention.open_items(conn, [Attention(why, files)], now, claimed.mail_id)
    log.warning("mail set aside", extra={"mail": claimed.mail_id, "why": why, "attempt": claimed.attempts})

"""The mails that a worker has in hand: claimed in their order, each opened while the one before it is decided about.

    claimed n, n+1 -> n opened -> n decided, written down, n+2 claimed -> commit
                                  n+1 opened meanwhile                    -> n+1 decided ...

An attempt counts from the claim. So what ends this process while n is decided about costs n+1 one as well, and no more:
a mail that had an attempt before is never claimed beside another.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy import Connection

from bot.errors import RecordError
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.model.mail import RawMail
from bot.record import claims

BEHIND = 2  # mails claimed behind the one that is decided about, when it is written down; one is being opened by then


class Hand:
    """Its mails leave in the order in which they were claimed. ``begin`` begins to open one."""

    def __init__(self, bot: Bot, now: datetime, begin: Callable[[RawMail], Future[Opened]]) -> None:
        self._bot, self._now, self._begin = bot, now, begin
        self._behind: list[claims.Claimed] = []
        self._ahead: dict[int, Future[Opened]] = {}

    def take(self) -> claims.Claimed | None:
        """The next mail, which is claimed now if none was before; None when none is free."""
        if not self._behind:
            with self._bot.record.begin() as conn:
                self._behind = self.following(conn)
        return self._behind.pop(0) if self._behind else None

    def opened(self, claimed: claims.Claimed) -> Opened:
        """A mail, opened, and the next one begun. Raises what opening it raises."""
        assert claimed.raw is not None
        mail = self._ahead.pop(claimed.mail_id, None) or self._begin(claimed.raw)
        opened = mail.result()
        if self._behind and (raw := self._behind[0].raw):
            self._ahead[self._behind[0].mail_id] = self._begin(raw)
        return opened

    def following(self, conn: Connection) -> list[claims.Claimed]:
        """What is in hand when the caller's transaction is committed: what is behind, and what is claimed in it."""
        found = list(self._behind)
        # With one attempt a mail, an innocent one would be set aside for the fault of the one before it.
        most = BEHIND if self._bot.config.limits.attempts > 1 else 1
        while len(found) < most and all(claimed.attempts == 1 for claimed in found):
            claimed = claims.claim(conn, self._now, untried=bool(found))
            if claimed is None:
                break
            found.append(claimed)
        return found

    def keep(self, following: list[claims.Claimed]) -> None:
        """That transaction was committed."""
        self._behind = following

    def put_back(self) -> None:
        """What was not taken is as if it had not been claimed."""
        if self._behind:
            with suppress(RecordError), self._bot.record.begin() as conn:
                for claimed in self._behind:
                    claims.put_back(conn, claimed)


@contextmanager
def in_hand(bot: Bot, now: datetime, opening: Callable[[RawMail], Opened]) -> Iterator[Hand]:
    """A hand that is empty again in the end. It waits for no mail that is being opened then: whoever ends this process
    closes what opens mails; else it is opened for nothing."""
    thread = ThreadPoolExecutor(1, "ahead")
    hand = Hand(bot, now, lambda raw: thread.submit(opening, raw))
    try:
        yield hand
    finally:
        thread.shutdown(wait=False, cancel_futures=True)
        hand.put_back()

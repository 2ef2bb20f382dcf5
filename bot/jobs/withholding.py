"""Mails that the server lists and does not give: asked for alone, last, and ever more rarely; then told to the office.

A mail at which the connection breaks each time (a message that the server cannot read itself, a literal that lies about
its size) would else keep every other one from us, and one that is merely never given would be missed by nobody.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import Connection

from bot.record import runs

ALONE_AFTER = 2  # tries that came to nothing; one may be the network's fault, and many share its portion
RESTS_AFTER = 3
FIRST_REST, LONGEST_REST = timedelta(minutes=5), timedelta(hours=6)
TOGETHER = 1000  # years of mail may come at once, and what is known of each is kept until its portion is archived
TOLD_AFTER = 6  # with a poll each minute or two, after half an hour


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a mail was asked for in vain, and when last."""

    count: int
    last: datetime

    def rests(self, now: datetime) -> bool:
        """Whether the mail is left alone for now."""
        if self.count < RESTS_AFTER:
            return False
        doublings = min(self.count - RESTS_AFTER, 10)
        return abs(now - self.last) < min(FIRST_REST * (1 << doublings), LONGEST_REST)


@dataclass(slots=True)
class Withheld:
    """What the server has withheld of one folder, by UID."""

    folder: str
    uidvalidity: int
    tries: dict[int, Tries] = field(default_factory=dict)

    @classmethod
    def of(cls, conn: Connection, folder: str, uidvalidity: int) -> Self:
        """As the record knows it; nothing where the folder was renumbered."""
        kept = json.loads(runs.get(conn, _key(folder)) or "null")
        if kept is None or kept["uidvalidity"] != uidvalidity:
            return cls(folder, uidvalidity)
        rows = kept["uids"].items()
        return cls(folder, uidvalidity, {int(u): Tries(n, datetime.fromisoformat(at)) for u, (n, at) in rows})

    def portions(self, unknown: Iterable[int], now: datetime) -> list[list[int]]:
        """What is to be asked for now: together what made no trouble, then each of the others alone, the worst
        last."""
        none = Tries(0, now)
        awake = [uid for uid in unknown if not self.tries.get(uid, none).rests(now)]
        alone = [uid for uid in awake if self.tries.get(uid, none).count >= ALONE_AFTER]
        together = sorted(uid for uid in awake if self.tries.get(uid, none).count < ALONE_AFTER)
        worst_last = sorted(alone, key=lambda uid: (self.tries[uid].count, uid))
        chunks = [together[start : start + TOGETHER] for start in range(0, len(together), TOGETHER)]
        return [*chunks, *([uid] for uid in worst_last)]

    @contextmanager
    def asked_for(self, uids: Iterable[int], now: datetime) -> Iterator[set[int]]:
        """Counts a try for what does not come into the yielded set, also where the connection breaks meanwhile."""
        given: set[int] = set()
        try:
            yield given
        finally:
            for uid in set(uids) - given:
                before = self.tries.get(uid)
                self.tries[uid] = Tries(before.count + 1 if before else 1, now)

    def keep(self, conn: Connection, missing: Iterable[int]) -> list[int]:
        """Writes down what is still ``missing``; what was given, or has gone from the folder, is forgotten. Returns
        what the office must hear of, each UID once in its life."""
        still = {uid: self.tries[uid] for uid in sorted(missing) if uid in self.tries}
        rows = {str(uid): [tries.count, tries.last.isoformat()] for uid, tries in still.items()}
        text = json.dumps({"uidvalidity": self.uidvalidity, "uids": rows})
        if (rows or runs.get(conn, _key(self.folder))) and runs.get(conn, _key(self.folder)) != text:
            runs.put(conn, _key(self.folder), text)
        due = [uid for uid, tries in still.items() if tries.count >= TOLD_AFTER]
        place = f"{self.folder}:{self.uidvalidity}"
        return [uid for uid in due if runs.claim_run(conn, "withheld", f"{place}:{uid}", still[uid].last)]


def _key(folder: str) -> str:
    return f"withheld:{folder}"

"""The mailbox over IMAP, as intake needs it: folders, unknown UIDs, sizes, bodies, filing, waiting.

    open -> folders -> for each: select -> unknown -> sizes -> batches -> fetch ... -> file

It reads by EXAMINE and BODY.PEEK[], so ``\\Seen`` stays with the people who read the same box. It searches by
ALL and UID only, never by text, and never deletes or expunges. What was done with a mail is not known here.
"""

import imaplib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from bot.config import MailboxSettings
from bot.errors import MailboxError
from bot.mail.answers import Row, fetched_rows, found_uids, internal_date
from bot.mail.batches import Headline
from bot.mail.folders import Listed, folders_to_read, other_folders, sent_folder
from bot.mail.push import wait_for_mail
from bot.mail.wire import GuardedClient, connect, describe, hang_up, translated

UIDS_PER_COMMAND = 500  # 20,000 in one command gave "BAD … Too long argument"; 8,000 octets are safe (RFC 2683)
LARGEST_SIZE = 2**31 - 1  # bytes; a size above is a lie, and more than the record can hold
LOGOUT_SECONDS = 3.0
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # RFC 3501, date-month

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Selected:
    """The folder that is open. ``uidvalidity`` is 0 when the server gives none; on NetEase it is always 1."""

    folder: str
    uidvalidity: int
    uidnext: int | None


class Mailbox:
    """One connection after LOGIN and ID. Every method raises MailboxError when the world is broken; after
    that the connection is not to be used again. Not for several threads, except ``close``."""

    def __init__(self, client: GuardedClient, settings: MailboxSettings) -> None:
        self._client = client
        self._settings = settings
        self._selected: Selected | None = None
        self._broken = False

    @classmethod
    def open(cls, settings: MailboxSettings, password: str) -> Self:
        """Connect and log in. LoginRefused for a refused password, MailboxError for everything else."""
        return cls(connect(settings, password), settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and not self._broken:
            try:
                self._client.socket().settimeout(min(LOGOUT_SECONDS, self._settings.timeout_seconds))
                self._client.logout()
            except (OSError, imaplib.IMAP4.error):  # the server has gone already, or does not answer
                log.debug("no orderly logout from %s", self._settings.host)
        hang_up(self._client)

    def close(self) -> None:
        """Break the connection off; safe from another thread, whose call then raises MailboxError."""
        self._broken = True
        self._client.patience.break_off()

    @contextmanager
    def poll(self) -> Iterator[None]:
        """One poll, which may take so long as the settings say: what it has archived stays, the next one goes on."""
        seconds = 60 * self._settings.poll_minutes
        with translated("the poll was broken off"), self._client.patience.over(seconds, "a poll"):
            yield

    def folders(self) -> list[str]:
        """The configured folder, then the junk folders (by special-use flag or by name), decoded.

        The configured one alone when the server's list cannot be understood: one odd name must not stop intake.
        """
        try:
            with translated("cannot list the folders"):
                return folders_to_read(self._listing(), self._settings.folder, self._settings.file_into)
        except MailboxError as error:
            if is_lost(error):
                raise
            log.warning("%s: %s; junk folders are not read", self._settings.host, error)
            return folders_to_read([], self._settings.folder)

    def other_folders(self) -> list[str]:
        """Where else a mail may lie: every folder but those that are read anyway, those of sent mail, drafts and trash,
        and the bot's own; more or fewer by the settings."""
        settings = self._settings
        with translated("cannot list the folders"):
            listing = self._listing()
        read = folders_to_read(listing, settings.folder, settings.file_into)
        own = (settings.file_into, settings.sent_folder, sent_folder(listing) or "")
        return other_folders(listing, read, own, settings.look_into, settings.leave_out)

    def sent_folder(self) -> str | None:
        """Where the server keeps copies of what was sent: the folder of the settings, else the one that it marks or
        names so; None when there is none."""
        if self._settings.sent_folder:
            return self._settings.sent_folder
        with translated("cannot list the folders"):
            return sent_folder(self._listing())

    def _listing(self) -> list[Listed]:
        return [(flags, (delimiter or b"").decode(), name) for flags, delimiter, name in self._client.list_folders()]

    def select(self, folder: str) -> Selected:
        """Open a folder for reading only (EXAMINE)."""
        return self._select(folder, readonly=True)

    def _select(self, folder: str, readonly: bool) -> Selected:
        self._selected = None
        with translated(f"cannot open the folder {folder!r}"):
            answer = self._client.select_folder(folder, readonly=readonly)
        uidvalidity = answer.get(b"UIDVALIDITY", 0)
        if not 0 < uidvalidity < 2**32:  # RFC 3501, 2.3.1.1; more than the record can hold
            uidvalidity = 0
        self._selected = Selected(folder, uidvalidity, answer.get(b"UIDNEXT"))
        return self._selected

    def unknown(self, after: int | None, known: Callable[[Iterable[int]], set[int]]) -> list[int]:
        """The UIDs in the open folder that ``known`` does not know, ascending.

        ``after`` None looks at all; a UID looks only behind it. ``n:*`` also matches the last mail when its
        UID is below n (RFC 3501, 6.4.8), so what is not behind is dropped here.
        """
        with translated("cannot search the folder"):
            criteria = ("ALL",) if after is None else ("UID", f"{after + 1}:*")
            uids = found_uids(self._checked(self._client._imap.uid("SEARCH", *criteria)))
        if after is not None:
            uids = {uid for uid in uids if uid > after}
        ascending = sorted(uids)
        there = known(ascending) if ascending else set()
        return [uid for uid in ascending if uid not in there]

    def arrived_since(self, day: date) -> list[int]:
        """The UIDs of the open folder that came on ``day`` or later, by the server's zone, whichever it is."""
        with translated("cannot search the folder"):
            since = f"{day.day:02}-{MONTHS[day.month - 1]}-{day.year}"
            return sorted(found_uids(self._checked(self._client._imap.uid("SEARCH", "SINCE", since))))

    def headers(self, uids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """The header of each mail as it stands; a mail that has gone is absent."""
        for uid, row in self._rows(sorted(set(uids)), "(UID BODY.PEEK[HEADER])"):
            header = row.get(b"BODY[HEADER]")
            if isinstance(header, bytes):
                yield uid, header

    def sizes(self, uids: Iterable[int]) -> dict[int, Headline]:
        """Size and date of arrival of each mail. A UID that the server does not answer for is absent."""
        result = {}
        for uid, row in self._rows(sorted(set(uids)), "(UID RFC822.SIZE INTERNALDATE)"):
            size = row.get(b"RFC822.SIZE")
            if isinstance(size, int):
                result[uid] = Headline(min(size, LARGEST_SIZE), internal_date(row.get(b"INTERNALDATE")))
        return result

    def fetch(self, uids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """The raw bytes of each mail, in no certain order; take the UIDs from ``batches``, which bounds the
        memory. A mail that has gone, or that the server will not give, is absent and stays unknown."""
        for uid, row in self._rows(sorted(set(uids)), "(UID BODY.PEEK[])"):
            body = row.get(b"BODY[]")
            if isinstance(body, bytes):
                yield uid, body

    def _rows(self, uids: Sequence[int], items: str) -> Iterator[tuple[int, Row]]:
        for start in range(0, len(uids), UIDS_PER_COMMAND):
            yield from self._fetch(uids[start : start + UIDS_PER_COMMAND], items)

    def _fetch(self, uids: Sequence[int], items: str) -> Iterator[tuple[int, Row]]:
        """One FETCH. When the server refuses it, or answers nonsense, both halves are asked for again, so that
        one mail on which it stumbles does not keep the others from us."""
        try:
            with translated("cannot fetch", over_mail=True):
                rows = self._fetched(uids, items)
        except MailboxError as error:
            if is_lost(error):
                raise
            log.warning("%s answers for %d mail(s): %s", self._settings.host, len(uids), error)
            middle = len(uids) // 2
            for half in (uids[:middle], uids[middle:]) if middle else ():
                yield from self._fetch(half, items)
            return
        wanted = set(uids)
        yield from ((uid, row) for uid, row in rows.items() if uid in wanted)

    def _fetched(self, uids: Sequence[int], items: str) -> dict[int, Row]:
        return fetched_rows(self._checked(self._client._imap.uid("FETCH", ",".join(map(str, uids)), items)))

    @staticmethod
    def _checked(answer: tuple[str, list[Any]]) -> list[Any]:
        if answer[0] != "OK":
            raise imaplib.IMAP4.error(f"{answer[0]} {describe(answer[1][-1])}")
        return answer[1]

    def file(self, uids: Iterable[int], into: str) -> bool:
        """Move mails of the open folder to ``into``, which is made if missing. False, and nothing is done,
        where the server has no MOVE (RFC 6851): COPY and EXPUNGE could take a mail that is not ours."""
        opened = self._selected
        numbers = sorted(set(uids))
        if opened is None or not numbers or not into or into == opened.folder or not self._can("MOVE"):
            return False
        if self._select(opened.folder, readonly=False).uidvalidity != opened.uidvalidity:
            raise MailboxError(f"the folder {opened.folder!r} was renumbered in between: nothing is moved")
        with translated(f"cannot move mail to {into!r}"):
            self._make(into)
            for start in range(0, len(numbers), UIDS_PER_COMMAND):
                self._client.move(numbers[start : start + UIDS_PER_COMMAND], into)
        return True

    def _make(self, folder: str) -> None:
        if self._client.folder_exists(folder):
            return
        try:
            self._client.create_folder(folder)
        except imaplib.IMAP4.error:
            if not self._client.folder_exists(folder):  # else another worker, or a person, has made it just now
                raise

    def _can(self, capability: str) -> bool:
        with translated("cannot ask for the capabilities"):
            return bool(self._client.has_capability(capability))

    @property
    def can_idle(self) -> bool:
        """Whether the server tells of new mail by itself (IDLE). NetEase does not."""
        return self._can("IDLE")

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for mail in the open folder: True when some came, False after ``seconds`` or once ``stop`` is
        set, which is looked at twice a second."""
        patience = self._client.patience.over(seconds + self._settings.timeout_seconds, "the end of waiting for mail")
        with translated("lost the connection while waiting for mail"), patience:
            return wait_for_mail(self._client._imap, seconds, stop)


def is_lost(error: MailboxError) -> bool:
    """Whether the connection is gone, or in an unknown state; else the server merely refused or mumbled."""
    return isinstance(error.__cause__, OSError | imaplib.IMAP4.abort)

"""One IMAP connection: encrypted, guarded, logged in, introduced by ID, with every failure as one clear line.

    settings, password -connect-> GuardedClient, ready for EXAMINE

Commands go through ``GuardedClient`` only, so nothing with a control character ever leaves (CVE-2025-15366).
"""

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import imapclient
from imapclient import IMAPClient, SocketTimeout
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

import bot
from bot.config import MailboxSettings
from bot.errors import LoginRefused, MailboxError
from bot.patience import READS, Patience

CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
ATOM = re.compile(r"[A-Za-z0-9!#$&'+,./:;=?@^_`|~-]+")  # RFC 3501: needs no quotes
_QUOTATION = re.compile(r"(unexpected (?:tagged )?response|unterminated line).*")
# imaplib ends at a million bytes: 90,000 mails with UIDs of ten digits in one answer to SEARCH, and nothing was read.
MAX_LINE = 32_000_000  # bytes
MAX_LITERAL = 256_000_000  # bytes; far above any mail that is asked for, below what ends the process
# The same in words, of servers that know no codes: "Too many simultaneous connections", "Maximum number of connections
# from user+IP exceeded". "Too many login failures" is another thing, and so is a text that also names the password.
CROWDED = re.compile(
    r"too many (\w+ )?(connection|session)s?|(maximum|max) (number of )?(connection|session)s?"
    r"|(connection|session)s? limit|connections? from user\+ip",
    re.I,
)
LATER = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")  # RFC 5530: not the password's fault
UNSAFE = (
    "the provider wants a client that introduces itself by ID and an account open for IMAP: "
    "check the IMAP switch in its web mail, make a new authorization code, else ask its support"
)


class UnsafeLogin(MailboxError):
    """The provider let us log in and opens no folder: a person must see to the account."""


class GuardedClient(IMAPClient):  # type: ignore[misc]  # the library has no types
    """IMAPClient without its costly debug log, which sends no control character inside a command and reads no absurdly
    large literal or line. Every answer is whole in time, or the connection ends. Times keep their zone."""

    def __init__(self, settings: MailboxSettings, context: ssl.SSLContext | None) -> None:
        self.patience, self._seconds = Patience(), READS * settings.timeout_seconds
        seconds = SocketTimeout(settings.timeout_seconds, settings.timeout_seconds)
        encrypted = settings.security == "tls"
        with self.patience.over(self._seconds, "the greeting"):
            super().__init__(settings.host, settings.port, ssl=encrypted, ssl_context=context, timeout=seconds)
        self._imap.debug = 0  # at 5 each literal is formatted, and the login would reach a log
        self.normalise_times = False

    def _create_IMAP4(self) -> Any:
        imap = self._connected()
        send, read, complete = imap.send, imap.read, imap._command_complete

        def guarded_send(data: bytes) -> None:
            if CONTROL.search(data.removesuffix(b"\r\n")):
                raise MailboxError("refused to send an IMAP command that holds a control character")
            send(data)

        def bounded_read(size: int) -> Any:
            if size > MAX_LITERAL:
                raise imaplib.IMAP4.abort(f"a literal of {size} bytes")
            self.patience.expect(size)
            return read(size)

        def long_readline() -> Any:
            line = imap.file.readline(MAX_LINE + 1)
            if len(line) > MAX_LINE:
                raise imaplib.IMAP4.abort(f"a line of more than {MAX_LINE} bytes")
            return line

        def patient_complete(name: str, tag: bytes) -> Any:
            with self.patience.over(self._seconds):
                return complete(name, tag)

        imap.send, imap.read, imap._command_complete = guarded_send, bounded_read, patient_complete
        imap.readline = long_readline
        return imap

    def _connected(self) -> Any:
        """The connection after its greeting, which is read while it is made."""
        connect = self._timeout.connect
        if self.ssl:
            return _Tls(self.patience, self.host, self.port, self.ssl_context, connect)
        return _Plain(self.patience, self.host, self.port, connect)


class _Plain(IMAP4WithTimeout):  # type: ignore[misc]  # the library has no types
    def __init__(self, patience: Patience, *where: Any) -> None:
        self._patience = patience
        super().__init__(*where)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._patience.watch(super()._create_socket(timeout))


class _Tls(IMAP4_TLS):  # type: ignore[misc]  # the library has no types
    def __init__(self, patience: Patience, *where: Any) -> None:
        self._patience = patience
        super().__init__(*where)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._patience.watch(super()._create_socket(timeout))


def connect(settings: MailboxSettings, password: str) -> GuardedClient:
    """A connection after LOGIN and ID. LoginRefused when the password is refused, MailboxError for the rest.

    Certificates are verified; STARTTLS that is not offered ends it; so does a PREAUTH greeting, which
    would let somebody in the middle keep the connection in plain text.
    """
    where = f"{settings.host}:{settings.port}"
    with translated(f"cannot connect to {where}"):
        client = GuardedClient(settings, ssl.create_default_context() if settings.security == "tls" else None)
    try:
        with translated(f"cannot open a session on {where}"):
            _encrypt(client, settings)
            before = {word.upper() for word in client._imap.capabilities}
            _log_in(client, settings, password)
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # small commands leave at once
            if "ID" in before or client.has_capability("ID"):
                _introduce(client, settings)
    except BaseException:
        hang_up(client)
        raise
    return client


def _encrypt(client: GuardedClient, settings: MailboxSettings) -> None:
    if client._imap.state != "NONAUTH":
        raise MailboxError(f"{settings.host} greets as if somebody had logged in already (PREAUTH): not trusted")
    if settings.security == "starttls":
        try:
            client.starttls(ssl.create_default_context())
            client.patience.watch(client.socket())
        except imapclient.exceptions.CapabilityError as error:
            raise MailboxError(f"{settings.host} offers no STARTTLS: the password is not sent in plain text") from error


def _log_in(client: GuardedClient, settings: MailboxSettings, password: str) -> None:
    user = settings.username
    if not password or not all(text.isascii() and text.isprintable() for text in (user, password)):
        raise LoginRefused("the mailbox's user name or password is empty or not plain ASCII: IMAP cannot send it")
    try:
        client._imap.login(user if ATOM.fullmatch(user) else client._imap._quote(user), password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        said = describe(error).replace(password, "***")  # a server may quote the command that it refuses
        if any(code in said.upper() for code in LATER) or (CROWDED.search(said) and "password" not in said.lower()):
            raise MailboxError(f"{settings.host} lets nobody log in now: {said}") from None
        raise LoginRefused(f"{settings.host} refused the login of {user}: {said}", said) from None


def _introduce(client: GuardedClient, settings: MailboxSettings) -> None:
    """ID (RFC 2971): NetEase opens no folder without it, and wants it on every connection."""
    address = settings.username if "@" in settings.username else f"{settings.username}@{settings.host}"
    fields = {"name": "annex4-bot", "version": bot.__version__, "vendor": "office", "support-email": address}
    quoted = " ".join(client._imap._quote(word) for pair in fields.items() for word in pair)
    try:
        answer, data = client._imap._simple_command("ID", f"({quoted})")
        said = describe(data[-1])
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        answer, said = "BAD", describe(error)
    if answer != "OK":
        raise MailboxError(f"{settings.host} refused our ID ({said}), and may open no folder without it: {UNSAFE}")


@contextmanager
def translated(doing: str, *, over_mail: bool = False) -> Iterator[None]:
    """Whatever a broken world raises inside becomes a MailboxError: ``doing: what was said``. ``over_mail``: mail is
    being read, so what an error quotes may be a mail; then only its kind is said."""
    try:
        yield
    # OSError: refused, timed out, reset, bad certificate. IMAP4.error: NO, BAD, BYE, EOF, ProtocolError.
    # ValueError: "* OK [UIDVALIDITY x]", "&V4NXPp" as a folder's name, a capability that is not ASCII.
    # TypeError, AttributeError: "* LIST (1) NIL 2", "* FLAGS () {0}", which the libraries take for other shapes.
    except (OSError, imaplib.IMAP4.error, ValueError, TypeError, AttributeError) as error:
        said = _kind(error) if over_mail else describe(error)
        if "unsafe login" in said.lower():
            raise UnsafeLogin(f"{doing}: {said}; {UNSAFE}") from error
        raise MailboxError(f"{doing}: {said}") from error


def _kind(error: Exception) -> str:
    """The words of the world (time-outs, refusals), and of nonsense only that it is some: "unexpected response:
    b'Subject: …'", "unknown items [b'…", a ProtocolError with the literal in it."""
    if isinstance(error, OSError):
        return describe(error)
    if type(error) in (imaplib.IMAP4.error, imaplib.IMAP4.abort):
        return _QUOTATION.sub(r"\1", describe(error))
    return f"an answer that makes no sense ({type(error).__name__})"


def describe(what: object) -> str:
    """An error or an answer of the server as one printable line."""
    if isinstance(what, BaseException):
        what = what.args[0] if len(what.args) == 1 else str(what) or type(what).__name__
    if isinstance(what, bytes):
        what = what.decode("utf-8", "replace")
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x1f\x7f]", " ", str(what))).strip()[:300]


def hang_up(client: GuardedClient) -> None:
    """Close the socket without a word. Never raises."""
    with suppress(OSError, imaplib.IMAP4.error):  # already reset by the server
        client.shutdown()

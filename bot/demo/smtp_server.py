"""A real SMTP server in the process (aiosmtpd), which keeps every letter that it takes. Loopback only."""

import asyncio
import logging
import secrets
import ssl
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

MAX_BYTES = 71_680_000  # NetEase's own limit


@dataclass(frozen=True, slots=True)
class Posted:
    """One letter to one recipient, in lower case, as it went over the wire (CRLF, dots undone)."""

    mail_from: str
    to: str
    data: bytes


class _Connection(SMTP):
    """Closed as soon as its client has gone: the library keeps its side open for ever."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False


@dataclass
class SmtpPost:
    """What an SMTP server takes: any recipient in ``domains``, any other gets 550. A login is needed.

    ``refusals`` names recipients that get the given reply instead, for example "550 User not found";
    ``on_taken`` is awaited with each letter, before the server says 250.
    """

    username: str
    password: str
    domains: Collection[str]
    on_taken: Callable[[Posted], Awaitable[None]] | None = None
    refusals: dict[str, str] = field(default_factory=dict)
    sent: list[Posted] = field(default_factory=list)
    logins: int = 0

    async def serve(self, tls: ssl.SSLContext | None = None) -> tuple[asyncio.Server, int]:
        """Listen on a free port of the running loop, encrypted from the first byte with ``tls``; server and port."""
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # it warns of its own old attribute at each login
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: self._session(loop), "127.0.0.1", 0, ssl=tls)
        return server, server.sockets[0].getsockname()[1]

    def _session(self, loop: asyncio.AbstractEventLoop) -> _Connection:
        # auth_required stays off: together with plain text on loopback it would only warn; MAIL checks instead.
        return _Connection(
            self,
            data_size_limit=MAX_BYTES,
            hostname="localhost",
            auth_require_tls=False,
            authenticator=self._authenticate,
            loop=loop,
        )

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _name: str, data: Any) -> AuthResult:
        good = (
            isinstance(data, LoginPassword)
            and data.login == self.username.encode()
            and secrets.compare_digest(data.password, self.password.encode())
        )
        self.logins += good
        return AuthResult(success=good, handled=False)

    async def handle_MAIL(
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Takes a sender after a login, and only the account's own."""
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Takes a recipient unless the story refuses him."""
        address = address.lower()
        if refusal := self.refusals.get(address):
            return refusal
        if address.rpartition("@")[2] not in self.domains:
            return "550 5.1.1 User not found"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keeps the letter, and delivers it where its recipient has a mailbox here."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        for to in envelope.rcpt_tos:
            posted = Posted(envelope.mail_from or "", to, content)
            self.sent.append(posted)
            if self.on_taken is not None:
                await self.on_taken(posted)
        return f"250 2.0.0 OK queued as {len(self.sent)}"

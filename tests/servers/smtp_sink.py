"""An SMTP server that takes letters and keeps them: the demo's own, in a thread of its own."""

import asyncio
import ssl
from collections.abc import Callable, Collection
from typing import Self

from bot.demo.servers import LoopThread
from bot.demo.smtp_server import Posted, SmtpPost


class SmtpSink:
    """``sent`` has every letter in order; ``refusals`` maps an address to the reply that its RCPT gets. With ``tls``
    the same server also listens on ``tls_port``."""

    def __init__(
        self,
        username: str,
        password: str,
        domains: Collection[str],
        keep: Callable[[Posted], None] = lambda posted: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.username, self.password, self._tls = username, password, tls
        self._keep = keep
        self._post = SmtpPost(username, password, domains, self._taken)
        self.sent, self.refusals = self._post.sent, self._post.refusals
        self._thread = LoopThread("smtp-sink")

    @property
    def logins(self) -> int:
        """How many clients have logged in."""
        return self._post.logins

    def __enter__(self) -> Self:
        self._thread.start(self._main)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.stop()

    async def _main(self, ready: Callable[[], None]) -> None:
        self._standing = asyncio.all_tasks()
        server, self.port = await self._post.serve()
        servers = [server]
        if self._tls is not None:
            server, self.tls_port = await self._post.serve(self._tls)
            servers.append(server)
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            for server in servers:
                server.close()

    async def _taken(self, posted: Posted) -> None:
        # Shielded: a server that has taken a letter keeps its copy, whether or not the client still listens.
        await asyncio.shield(asyncio.to_thread(self._keep, posted))

    def settle(self) -> None:
        """Wait until every client has gone, and all that it sent is taken."""
        self._thread.call(self._settled())

    async def _settled(self) -> None:
        while busy := asyncio.all_tasks() - self._standing - {asyncio.current_task()}:
            await asyncio.wait(busy)

"""An SMTP server that takes letters and keeps them: the demo's own, in a thread of its own."""

import asyncio
from collections.abc import Callable, Collection
from typing import Self

from bot.demo.servers import LoopThread
from bot.demo.smtp_server import Posted, SmtpPost


class SmtpSink:
    """``sent`` has every letter in order; ``refusals`` maps an address to the reply that its RCPT gets."""

    def __init__(
        self,
        username: str,
        password: str,
        domains: Collection[str],
        keep: Callable[[Posted], None] = lambda posted: None,
    ) -> None:
        self.username, self.password = username, password
        self._keep = keep
        self._post = SmtpPost(username, password, domains, self._taken)
        self.sent, self.refusals = self._post.sent, self._post.refusals
        self._thread = LoopThread("smtp-sink")

    def __enter__(self) -> Self:
        self._thread.start(self._main)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.stop()

    async def _main(self, ready: Callable[[], None]) -> None:
        server, self.port = await self._post.serve()
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            server.close()

    async def _taken(self, posted: Posted) -> None:
        await asyncio.to_thread(self._keep, posted)

"""A post office for one town: mailboxes over IMAP, letters over SMTP, both real, both in this process.

For the demo and quick tests. Without encryption, on loopback only; nothing outlives the process.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, Protocol, Self, TypeVar

from bot.demo.smtp_server import Posted, SmtpPost

HOST = "127.0.0.1"
START_SECONDS = 20.0

T = TypeVar("T")


class PostOffice(Protocol):
    """Where a story is told: one mailbox that the bot reads, and everything that it sends.

    ``username`` and ``password`` serve IMAP and SMTP; ``sent`` holds the letters in the order of arrival.
    """

    host: str
    imap_port: int
    smtp_port: int
    username: str
    password: str
    sent: list[Posted]

    def deliver(self, user: str, data: bytes, when: datetime, folder: str = "INBOX") -> None:
        """Put a mail into a mailbox, as if the server had received it at ``when`` (aware)."""
        ...

    def letters_to(self, address: str) -> list[bytes]:
        """What was sent to this address, in order."""
        ...


class LoopThread:
    """An event loop in a thread of its own, for servers that others talk to from outside."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started: Future[asyncio.AbstractEventLoop] = Future()

    def start(self, main: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        """Run ``main(ready)``, which calls ``ready`` when it serves and ends when cancelled."""
        self._thread = threading.Thread(target=self._run, args=(main,), name=self._name, daemon=True)
        self._thread.start()
        self._loop = self._started.result(START_SECONDS)

    def _run(self, main: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        async def body() -> None:
            self._stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            serving = asyncio.ensure_future(main(lambda: self._started.set_result(loop)))
            stopping = asyncio.ensure_future(self._stop.wait())
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(0)  # transports that were just closed let go of their sockets
            if not serving.cancelled() and (error := serving.exception()):
                raise error

        try:
            asyncio.run(body())
        except Exception as error:
            if not self._started.done():
                self._started.set_exception(error)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one coroutine in the loop, and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    def stop(self) -> None:
        """Ends the loop and waits for its thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


class DemoServers:
    """pymap and aiosmtpd as one ``PostOffice``. ``username`` is the bot's address; ``users`` may name more
    mailboxes (address -> password). Letters to a mailbox of this office also arrive in it, dated ``now()``.
    Recipients in ``domains`` are taken, others get 550."""

    host = HOST

    def __init__(
        self,
        username: str,
        password: str,
        domains: Collection[str],
        users: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        from bot.demo.imap_server import ImapPost  # heavy: pymap and all that it needs

        self.username, self.password, self.now = username, password, now
        self._imap = ImapPost({**(users or {}), username: password})
        self._smtp = SmtpPost(username, password, domains, self._keep)
        self.sent = self._smtp.sent
        self.refusals = self._smtp.refusals
        self._thread = LoopThread("post-office")

    def __enter__(self) -> Self:
        self._thread.start(self._main)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.stop()

    async def _main(self, ready: Callable[[], None]) -> None:
        async with AsyncExitStack() as stack:
            imap, self.imap_port = await self._imap.serve(stack)
            stack.callback(imap.close)
            smtp, self.smtp_port = await self._smtp.serve()
            stack.callback(smtp.close)
            ready()
            await asyncio.Event().wait()

    async def _keep(self, posted: Posted) -> None:
        if posted.to in self._imap.users:
            await self._imap.deliver(posted.to, posted.data, self.now())

    def deliver(self, user: str, data: bytes, when: datetime, folder: str = "INBOX") -> None:
        """Puts a mail into a user's folder, as if it had arrived at ``when``."""
        self._thread.call(self._imap.deliver(user, data, when, folder))

    def letters_to(self, address: str) -> list[bytes]:
        """Every letter that the server took for an address, as bytes, in the order of sending."""
        return [posted.data for posted in self.sent if posted.to == address.lower()]

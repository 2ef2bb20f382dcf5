"""A real IMAP server in the process (pymap, mailboxes in memory). Nothing outlives it; loopback only.

Known of pymap 0.36: UIDVALIDITY is new at each start, IDLE writes lines in pieces, there is no junk folder
until one is made.
"""

import argparse
import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, cast

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer, IMAPService
from pymap.parsing.message import AppendMessage
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash


class _Admin:
    """Whom pymap lets into every mailbox, to deliver: all that it asks of such an identity."""

    name = "admin"
    roles = frozenset({"admin"})


ADMIN = cast(Any, _Admin())


class ImapPost:
    """Mailboxes for ``users`` (address -> password), each with an INBOX."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self.users = users
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, stack: AsyncExitStack) -> tuple[asyncio.Server, int]:
        """Listen on a free port of the running loop until ``stack`` closes; the server, and its port."""
        quick = BuiltinHash(rounds=1000)  # its 500,000 rounds cost 0.15 s a login, for passwords that guard nothing
        here = Subsystem.for_asyncio()  # its own pool of threads for hashing would never end
        options = {"invalid_user_sleep": 0, "hash_context": quick, "cpu_subsystem": here}
        backend, config = await DictBackend.init(self._arguments(), **options)
        config.apply_context()
        self._login = backend.login
        for user, password in self.users.items():
            identity = await self._login.authorize(ADMIN, user)
            hashed = await Passwords(config).hash_password(password)
            await identity.set(UserMetadata(config, user, password=hashed))
        await backend.start(stack)
        talk = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        return server, server.sockets[0].getsockname()[1]

    @staticmethod
    def _arguments() -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        IMAPService.add_arguments(parser)
        DictBackend.add_subparser("dict", parser.add_subparsers())
        parser.set_defaults(debug=False, passlib_cfg=None)
        return parser.parse_args(["--no-tls", "--proxy-protocol", "noop", "dict"])

    async def deliver(self, user: str, data: bytes, when: datetime, folder: str = "INBOX") -> None:
        """Append ``data`` as it is, with INTERNALDATE ``when`` (aware); the folder is made if missing."""
        identity = await self._login.authorize(ADMIN, user)
        async with identity.new_session() as session:
            if folder != "INBOX" and not (await session.mailbox_set.list_mailboxes()).get(folder):
                await session.mailbox_set.add_mailbox(folder)
            mailbox = await session.mailbox_set.get_mailbox(folder)
            await mailbox.append(AppendMessage(data, when, frozenset()), recent=True)

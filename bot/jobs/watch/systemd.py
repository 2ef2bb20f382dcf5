"""What systemd is told of this process (sd_notify(3)): that it is ready, that it lives, that it ends.

One datagram to the socket that systemd names. Where none is named (a terminal, cron, Windows) nothing happens.
"""

import logging
import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

log = logging.getLogger(__name__)
READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


class Supervisor:
    """Whoever started this process and wants to hear of it, if anybody. Failure to reach it stops nothing."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        # Taken out: the programs that open foreign files need not know where to say something.
        self._address = environment.pop("NOTIFY_SOCKET", "")
        self._watchdog = environment.pop("WATCHDOG_USEC", "")

    @property
    def seconds(self) -> float | None:
        """How often it wants a sign at the most: half of WatchdogSec, as sd_watchdog_enabled(3) says; None: never."""
        return int(self._watchdog) / 2_000_000 if self._watchdog.isdecimal() and int(self._watchdog) else None

    def say(self, state: str) -> None:
        """One state, such as ``READY``."""
        family = getattr(socket, "AF_UNIX", None)
        if not self._address or family is None:
            return
        # "@" stands for the zero byte that begins an abstract name.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as line:  # systemd is restarting itself
            line.setblocking(False)
            line.connect(address)
            line.send(state.encode())
            log.debug("told the supervisor: %s", state)

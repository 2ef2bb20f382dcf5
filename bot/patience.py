"""How long a server may take for a whole answer: a connection that takes longer is broken off.

The time-out of a socket holds for one read. A server that sends a byte every two seconds never meets it, and
so holds a program for ever.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

READS = 2  # times the time-out of one read: so long may a whole answer take; who is silent meets that time-out first
SLOWEST = 50_000  # bytes a second: the slowest line (0.4 Mbit/s) over which the largest mail still comes


class _Wait:
    """Somebody waits for a server; ``end`` ends the wait in so many seconds, unless it is put off or over."""

    def __init__(self, seconds: float, patience: "Patience") -> None:
        self.seconds, self._patience = seconds, patience
        self.passed = False
        self._begin(seconds)

    def _begin(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True
        self._timer.start()

    def allow(self, seconds: float) -> None:
        """So much more time than was allowed, from now on."""
        self._timer.cancel()
        if not self.passed:
            self.seconds += seconds
            self._begin(self.seconds)

    def end(self) -> None:
        """The server has answered."""
        self._timer.cancel()

    def _pass(self) -> None:
        self.passed = True
        self._patience.break_off()


class Patience:
    """Breaks one connection off when a block takes longer than it may. Waits may be nested: the whole poll, one answer.

    Only for the thread that talks over the connection, except ``break_off``.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._broken = False
        self._waits: list[_Wait] = []

    def watch(self, connection: socket.socket) -> socket.socket:
        """The socket that is broken off; call it again after STARTTLS has wrapped it. Returns it."""
        self._socket = connection
        if self._broken:
            self.break_off()
        return connection

    def break_off(self) -> None:
        """Ends the connection under whoever reads from it. From any thread."""
        self._broken = True
        if self._socket is not None:
            with suppress(OSError):  # not connected any more
                # Not SSLSocket.shutdown: that one takes the encryption from under the reader's feet.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    @contextmanager
    def over(self, seconds: float, what: str = "a whole answer") -> Iterator[None]:
        """TimeoutError if the block takes longer, in place of what the broken connection makes of it."""
        wait = _Wait(seconds, self)
        self._waits.append(wait)
        try:
            yield
        except Exception as error:
            if wait.passed and not isinstance(error, TimeoutError):
                raise TimeoutError(f"{what} took longer than {wait.seconds:.0f} s") from error
            raise
        else:
            if wait.passed:  # half a line before the end of a connection looks like a line
                raise TimeoutError(f"{what} took longer than {wait.seconds:.0f} s")
        finally:
            self._waits.pop()
            wait.end()

    def expect(self, size: int) -> None:
        """So many bytes are announced: the innermost wait gets the time that the slowest line needs for them."""
        if self._waits and size > 0:
            self._waits[-1].allow(size / SLOWEST)

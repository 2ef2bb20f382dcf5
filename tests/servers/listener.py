"""A loopback server in threads, on a free port, which lets go of everything at the end."""

import socket
import ssl
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import IO, Self

HOLD_SECONDS = 30.0
DRIP_SECONDS = 0.1


class Listener(ABC):
    """Calls ``serve`` for each connection, in a thread of its own, between ``with``."""

    tls: ssl.SSLContext | None = None

    @abstractmethod
    def serve(self, connection: socket.socket, lines: IO[bytes]) -> None:
        """Talk to one client until it or we want no more; OSError is a client that has gone."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def hold(self) -> None:
        """Say nothing, and keep the connection, until the server is stopped."""
        self._ended.wait(HOLD_SECONDS)

    def drip(self, connection: socket.socket) -> None:
        """A byte each tenth of a second, of a line that never ends: no single read of the client times out."""
        for _ in range(int(HOLD_SECONDS / DRIP_SECONDS)):
            connection.sendall(b"*")
            if self._ended.wait(DRIP_SECONDS):
                return

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection, connection.makefile("rb") as lines:
                self.serve(connection, lines)
        except OSError:  # the client has gone, or did not like our certificate
            connection.close()

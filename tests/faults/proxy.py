"""A TCP proxy in front of a real server: it passes bytes on, each way as late as told, until its one fault strikes.

The fault strikes after so many bytes of one way, counted over all connections; who connects later is served well.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Literal, Self

from bot.demo.servers import LoopThread

Kind = Literal["reset", "close", "half", "stall", "slow", "flip", "refuse"]
Way = Literal["up", "down"]  # from the client to the server, and back
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing is a reset
ARRIVAL_SECONDS = 0.005  # what was passed on is there before the reset
CRAWL_SECONDS = 0.0005  # long enough for each byte to be read by itself
CRAWL_BYTES = 600


@dataclass(frozen=True, slots=True)
class Fault:
    """``reset`` by RST; ``close`` of both sides by FIN; ``half``: FIN in this way, the other goes on; ``stall``: both
    sockets stay, nothing goes through; ``slow``: the next bytes come one at a time; ``flip``: one bit of the last byte
    is wrong; ``refuse``: nobody listens."""

    kind: Kind
    way: Way = "down"
    after: int = 1  # bytes


@dataclass(slots=True)
class _Link:
    """One connection through the proxy: its two ends, and the ways on which nothing goes through any more."""

    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    silent: set[Way] = field(default_factory=set)


class _Late:
    """A reader whose bytes, and whose end, come so many seconds later."""

    def __init__(self, reader: asyncio.StreamReader, delay: float) -> None:
        self._reader, self._delay = reader, delay
        self._coming: asyncio.Queue[tuple[float, bytes | OSError]] = asyncio.Queue()
        self._task = asyncio.create_task(self._fill())

    async def _fill(self) -> None:
        data: bytes | OSError = b"-"
        while data and not isinstance(data, OSError):
            try:
                data = await self._reader.read(65_536)
            except OSError as error:
                data = error
            self._coming.put_nowait((asyncio.get_running_loop().time() + self._delay, data))

    async def read(self, _most: int) -> bytes:
        due, data = await self._coming.get()
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        if isinstance(data, OSError):
            raise data
        return data


class Proxy:
    """Between ``with``: listens on ``port`` of the loopback. ``passed`` counts the bytes of each way, ``struck`` says
    that the fault was reached. ``delay`` in seconds, each way: every byte is so late, however many follow it."""

    def __init__(self, server_port: int, fault: Fault | None = None, delay: float = 0.0) -> None:
        self._server_port, self._fault, self._delay = server_port, fault, delay
        self.passed: dict[Way, int] = {"up": 0, "down": 0}
        self.struck = fault is not None and fault.kind == "refuse"
        self._refuses = self.struck
        self._crawl = 0
        self._serving: set[asyncio.Task[None] | None] = set()
        self._socket = socket.socket()
        self._thread = LoopThread("proxy")

    def __enter__(self) -> Self:
        self._socket.bind(("127.0.0.1", 0))  # ours from now on; refused as long as nobody listens
        self.port = int(self._socket.getsockname()[1])
        if not self._refuses:
            self._thread.start(self._main)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._refuses:
            self._thread.stop()
        self._socket.close()

    async def _main(self, ready: Callable[[], None]) -> None:
        server = await asyncio.start_server(self._serve, sock=self._socket)
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._serving.add(task)  # asyncio itself does not hold it: it was collected while both ends were silent
        with closing(writer):
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
            with closing(server_writer):
                link = _Link((writer, server_writer))
                up = self._pump("up", reader, server_writer, link)
                await asyncio.gather(up, self._pump("down", server_reader, writer, link))

    async def _pump(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link) -> None:
        """One way until its end, which is passed on."""
        source = _Late(reader, self._delay) if self._delay else reader
        with suppress(OSError):  # reset, by the fault or by an end that has had enough
            while data := await source.read(65_536):
                if way not in link.silent:
                    await self._pass_on(way, data, writer, link)
            if len(link.silent) == 2:  # stalled, until one end gives up
                for end in link.ends:
                    end.close()
            elif way not in link.silent and not writer.is_closing():
                writer.write_eof()

    async def _pass_on(self, way: Way, data: bytes, writer: asyncio.StreamWriter, link: _Link) -> None:
        fault, before = self._fault, self.passed[way]
        if fault is None or self.struck or way != fault.way or before + len(data) < fault.after:
            await self._write(way, data, writer)
            return
        self.struck = True
        good, rest = data[: fault.after - before], data[fault.after - before :]
        if fault.kind == "flip":
            good = good[:-1] + bytes([good[-1] ^ 1 << fault.after % 8])
        await self._write(way, good, writer)
        if fault.kind == "slow":
            self._crawl = CRAWL_BYTES
        if fault.kind in ("slow", "flip"):
            await self._write(way, rest, writer)
        else:
            await self._break(fault, writer, link)

    async def _write(self, way: Way, data: bytes, writer: asyncio.StreamWriter) -> None:
        self.passed[way] += len(data)
        slow, self._crawl = data[: self._crawl], max(0, self._crawl - len(data))
        for byte in slow:
            writer.write(bytes([byte]))
            await asyncio.sleep(CRAWL_SECONDS)
        writer.write(data[len(slow) :])
        await writer.drain()

    async def _break(self, fault: Fault, writer: asyncio.StreamWriter, link: _Link) -> None:
        if fault.kind == "stall":
            link.silent |= {"up", "down"}
        elif fault.kind == "half":
            link.silent.add(fault.way)
            writer.write_eof()
        else:
            await asyncio.sleep(ARRIVAL_SECONDS)
            for end in link.ends:
                if fault.kind == "reset":
                    end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    end.transport.abort()
                else:
                    end.close()

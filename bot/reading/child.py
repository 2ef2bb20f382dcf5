"""The process that opens foreign files: bytes in on stdin, kind and grids out on stdout, until the pipe closes.

Started by ``guard.Reader``. A frame is a length of four bytes, big-endian, and so many bytes. First frame out
is empty: "ready". Then for each file the kind, and the answer. It has limits on time and memory, no
file to write, no secret in its environment, and ends with its parent, however that ends.
"""

import contextlib
import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from bot.reading.opened import Opened, encoded
from bot.reading.opening import open_bytes

try:
    import resource
except ImportError:  # Windows has no such module: there the wall clock alone holds.
    resource = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of address space; seconds for one file. ``wall`` is for a parent that is no longer there to look
    at the clock."""

    memory: int
    cpu: int
    wall: int


QUICK = Limits(512 << 20, 4, 8)  # Python with calamine takes 50 MB of it
Opener = Callable[[bytes, Callable[[str], None]], Opened]


def read_frame(stream: IO[bytes], limit: int) -> bytes:
    """The next frame. EOFError when the stream has ended, ValueError when it is longer than ``limit``."""
    head = stream.read(4)
    size = int.from_bytes(head, "big")
    if len(head) < 4:
        raise EOFError
    if size > limit:
        raise ValueError(f"a frame of {size} bytes")
    body = stream.read(size)
    if len(body) < size:
        raise EOFError
    return body


def write_frame(stream: IO[bytes], body: bytes) -> None:
    """Sends one frame. OSError when nobody listens."""
    stream.write(len(body).to_bytes(4, "big") + body)
    stream.flush()


def serve(opener: Opener = open_bytes, limits: Limits = QUICK) -> None:
    """Answers until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = private_streams()
    _limit_the_process(limits.memory)
    with contextlib.suppress(EOFError, OSError):
        write_frame(sink, b"")
        while True:
            data = read_frame(source, sys.maxsize)
            _limit_this_file(limits)
            write_frame(sink, encoded(_answer(opener, data, sink)))
            _watch(0)


def _answer(opener: Opener, data: bytes, sink: IO[bytes]) -> Opened:
    kind = "other"

    def tell(what: str) -> None:
        nonlocal kind
        kind = what
        write_frame(sink, what.encode())

    try:
        return opener(data, tell)
    except MemoryError:
        return Opened(kind, unreadable="too_complex")


def private_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The two pipes, away from descriptors 0 and 1: what a library prints must not look like an answer."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return source, sink


def _limit_the_process(memory: int) -> None:
    sys.dont_write_bytecode = True
    if resource is not None:
        for what, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
            # macOS refuses RLIMIT_AS with ValueError.
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(what, (limit, limit))


def _limit_this_file(limits: Limits) -> None:
    if resource is not None:
        # The limit counts from the start of the process: move it on by what was used before.
        used = int(time.process_time()) + 1
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (used + limits.cpu, hard))
    _watch(limits.wall)


def _watch(seconds: float) -> None:
    """Ends this process after so many seconds, also while native code holds the interpreter; 0: no longer."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # SIGALRM's default is to end the process
    elif seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)  # Windows: a thread in C
    else:
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    serve()

"""IDLE (RFC 2177): wait until the server tells of a new mail.

IMAPClient's own ``idle_check`` reads without blocking, so a line that arrives in two pieces breaks it, and a
line that arrives together with the server's "+" is not seen. Here a line is awaited, then read whole.
"""

import imaplib
import select
import ssl
import threading
import time
from typing import Any

IDLE_SECONDS = 9 * 60  # RFC 2177 says less than 29 min; routers forget a silent connection sooner
GLANCE_SECONDS = 0.5  # how often ``stop`` is looked at
GOODBYE_SECONDS = 1.0  # how long the server may take to end IDLE when we are being stopped


def wait_for_mail(imap: Any, seconds: float, stop: threading.Event) -> bool:
    """True when EXISTS came within ``seconds``; False after that time, or soon after ``stop`` is set.

    Raises what imaplib raises when the connection breaks or the server refuses IDLE.
    """
    end = time.monotonic() + seconds
    while not stop.is_set() and (left := end - time.monotonic()) > 0:
        if _idle_once(imap, min(left, IDLE_SECONDS), stop):
            return True
    return False


def _idle_once(imap: Any, seconds: float, stop: threading.Event) -> bool:
    imap.untagged_responses.pop("EXISTS", None)
    tag = imap._command("IDLE")
    while imap._get_response() is not None:  # None is the server's "+"; EXISTS may come before it
        if imap.tagged_commands[tag] is not None:
            raise imaplib.IMAP4.error(f"the server refused IDLE: {imap.tagged_commands.pop(tag)[1][-1]!r}")
    end = time.monotonic() + seconds
    # Whatever line comes ends this IDLE: the answer to DONE brings all that Python has buffered meanwhile.
    arrived = "EXISTS" in imap.untagged_responses
    while not arrived and not stop.is_set() and (left := end - time.monotonic()) > 0:
        arrived = _something_waits(imap, min(left, GLANCE_SECONDS))
    usual = imap.sock.gettimeout()
    try:
        if stop.is_set():
            imap.sock.settimeout(GOODBYE_SECONDS)
        imap.send(b"DONE\r\n")
        imap._command_complete("IDLE", tag)
    except TimeoutError:
        if not stop.is_set():
            raise
    finally:
        imap.sock.settimeout(usual)
    return "EXISTS" in imap.untagged_responses


def _something_waits(imap: Any, seconds: float) -> bool:
    """Whether a line, or the end of the connection, can be read: from Python's buffer or from the socket."""
    usual = imap.sock.gettimeout()
    imap.sock.setblocking(False)
    try:
        buffered = getattr(imap, "_readbuf", None)  # Python 3.14 keeps its own buffer in place of ``file``
        if buffered or (buffered is None and imap.file.peek(1)):
            return True
    except (BlockingIOError, ssl.SSLWantReadError):  # nothing there yet
        pass
    finally:
        imap.sock.settimeout(usual)
    return bool(select.select([imap.sock], [], [], seconds)[0])

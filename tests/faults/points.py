"""Every place where the outside is touched, numbered in order; the process can be ended at any of them.

A point lies before and after each piece that goes to the IMAP server or the SMTP server, after each answer, and
before and after each COMMIT. What lies between two points changes nothing outside, so no other place to die matters.
"""

import imaplib
import os
import smtplib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

KILLED = 137


class Points:
    """Counts; dies at number ``die_at``; writes the name of each point to ``trace`` before it is passed."""

    def __init__(self, die_at: int, trace: Path) -> None:
        self._die_at, self._trace = die_at, trace
        self._count = 0
        self._lock = threading.Lock()

    def passed(self, name: str) -> None:
        with self._lock:
            self._count += 1
            with self._trace.open("a") as out:
                out.write(f"{name}\n")
            if self._count == self._die_at:
                os._exit(KILLED)

    def around(self, owner: Any, method: str, name: Callable[..., str], *, before: bool = True) -> None:
        """Puts a point before (unless told otherwise) and after a method."""
        real = getattr(owner, method)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            what = name(*args)
            if before:
                self.passed(f"before {what}")
            result = real(*args, **kwargs)
            self.passed(f"after {what}")
            return result

        setattr(owner, method, wrapped)


def install(die_at: int, trace: str) -> None:
    """In this process from now on; for the process of a test alone."""
    points = Points(die_at, Path(trace))
    points.around(imaplib.IMAP4, "_command", lambda _self, verb, *args: f"imap {_command(verb, args)}")
    points.around(imaplib.IMAP4, "_command_complete", lambda _self, verb, _tag: f"imap answer to {verb}", before=False)
    points.around(smtplib.SMTP, "send", lambda _self, data: f"smtp {_verb(data)}")
    points.around(smtplib.SMTP, "getreply", lambda _self: "smtp answer", before=False)
    points.around(DefaultDialect, "do_commit", lambda *_: "commit")


def _command(verb: str, args: tuple[Any, ...]) -> str:
    return f"{verb} {args[0]}" if verb == "UID" else verb


def _verb(data: str | bytes) -> str:
    text = data if isinstance(data, str) else data[:200].decode("latin-1")
    word = text.split(None, 1)[0].upper() if text.split() else ""
    return word if word in {"EHLO", "HELO", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "QUIT"} else "letter"

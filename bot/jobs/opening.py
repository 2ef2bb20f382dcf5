"""A mail is opened in a process that can be ended: whatever is in it, the next one is worked off.

    raw bytes -> [unwrap, read its documents, find forms, its sender's own words] -> Opened, as JSON -> decided here

Started at the first mail, it serves one after the other, and is started anew after one that ended it: a mail has
``[limits] mail_seconds`` for all of this; before they are over nothing more of it is begun, and what was not looked at
is said (``bot.allowance``). It asks who the sender is: one whom nobody knows has ``stranger_seconds``. It ends with its
parent, even one that was killed; so does the process in it that opens foreign files (``bot.reading.guard``). What it
answers is checked against the types, and runs no code here.
"""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from bot.allowance import Allowance
from bot.deciding.heard import QUIET
from bot.errors import BotError, MailEnded, MailOverdue, TooComplex
from bot.mail.authentication import Provider
from bot.mail.packed import Unpacker
from bot.mail.unwrap import unwrap
from bot.model.forms import Document
from bot.model.mail import Mail, RawMail
from bot.reading.child import private_streams, read_frame, write_frame
from bot.reading.documents import documents
from bot.reading.guard import ended, frame, start
from bot.reading.legacy import Converter
from bot.reading.mailbody import read_body
from bot.reading.opened import Opener as FileOpener
from bot.reading.watchdog import Watchdog
from bot.rules.policy import Rules

LARGEST = 512 << 20  # bytes of one frame of an answer
KIND = 100  # bytes of the frame that says what became of the mail
PART = 0.75  # of a mail's seconds, in which its files are looked at; the rest is for finding forms and words
MEMORY = 3 << 30  # bytes of address space; a mail of the largest size with what is unpacked of it takes half of it
UNREAD = "unread"  # behind the moment in the frame before the mail: its files are not read
ASKED = b"sender"  # the frame before the one that names him
ADDRESS = 1_000  # bytes of the frame that names a sender
SPARE_SECONDS = 5  # so much later the process ends by itself, where its parent is no longer there to do it


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail and the documents in it. Of mail that bears the mark of a machine only files are read; of what a machine
    writes by itself, nothing. ``words`` are the sender's own."""

    mail: Mail
    documents: tuple[Document, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a mail is opened with."""

    own_address: str
    provider: Provider
    rules: Rules
    reader: FileOpener
    unpacker: Unpacker
    converter: Converter
    heard: Callable[[str | None], None] = lambda _: None


def opened_with(raw: RawMail, tools: Tools, *, read: bool = True) -> Opened:
    """Unwraps a mail and reads what is in it; without ``read`` no file, and only its sender's words. Needs no database.
    TooComplex if it is beyond the limits."""
    mail = unwrap(
        raw,
        own_address=tools.own_address,
        provider=tools.provider,
        unpacker=tools.unpacker,
        heard=tools.heard,
        shared=tools.rules.links.shared,
    )
    if mail.automatic in QUIET or (mail.automatic and not mail.attachments):
        return Opened(mail, ())
    found = documents(mail.attachments, tools.reader, tools.rules, tools.converter) if read else ()
    # The words count in any case; a table in the text only where no file has a form.
    body = read_body(mail, tools.reader, tools.rules, forms=read and not any(d.forms for d in found))
    return Opened(mail, (*found, body.document) if body.document else found, body.words)


@dataclass(frozen=True, slots=True)
class Told:
    """What the process is told at its start; no secret."""

    rules: str
    own_address: str
    netease: bool
    authserv_id: str
    seconds: float
    stranger_seconds: float


Known = Callable[[str, datetime], bool]  # whether an address was somebody's at that time


class Opener:
    """The process that opens mails; one at a time, from any thread. ``known`` tells whose files get the whole time.
    ``command`` replaces it, for tests."""

    def __init__(self, told: Told, command: Sequence[str] | None = None, known: Known = lambda *_: True) -> None:
        self.told, self.known = told, known
        names = {name: getattr(told, name) for name in Told.__slots__}
        self._command = list(command or (sys.executable, "-m", "bot.jobs.opening", json.dumps(names)))
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._watchdog = Watchdog()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process that waits for mails; None before the first one, and after one that ended it."""
        process = self._process
        return process.pid if process else None

    def close(self) -> None:
        """Ends the process, also in the middle of a mail: then ``open`` is a BotError. May be called twice."""
        self._closed = True
        if process := self._process:
            process.kill()
        with self._lock:
            self._watchdog.close()
            self._end()

    def open(self, raw: RawMail, *, read: bool = True) -> Opened:
        """A mail, opened; its files as they came without ``read``. TooComplex if it is beyond the limits; MailEnded if
        it ended the process, MailOverdue if it took too long; BotError when that cannot be started, or was closed."""
        with self._lock:
            if self._closed:
                raise BotError("the process that opens mails is closed")
            process = self._process = self._process or start(self._command, self._watchdog)
            answer: tuple[str, Opened | None] | None = None
            try:
                with self._watchdog.over(process, self.told.seconds) as wait:
                    answer = _exchange(process, raw, self.known, read)
            finally:
                if answer is None or wait.passed:
                    self._end()
        if answer is None:
            if self._closed:
                raise BotError("the process that opens mails was closed")
            if wait.passed:
                raise MailOverdue(f"took more than {self.told.seconds:g} s")
            raise MailEnded("ended its process")
        kind, opened = answer
        if opened is not None:
            return opened
        if kind == "broken":
            raise BotError("the process that opens mails cannot start the one that reads their files")
        raise TooComplex("beyond the limits") if kind == "complex" else MailEnded(kind)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            ended(process)


def _exchange(
    process: subprocess.Popen[bytes], raw: RawMail, known: Known, read: bool
) -> tuple[str, Opened | None] | None:
    """What became of the mail, and the mail; None where the process ended, or answers what makes no sense."""
    try:
        assert process.stdin is not None
        write_frame(process.stdin, f"{raw.received_at.isoformat()} {UNREAD * (not read)}".encode())
        write_frame(process.stdin, raw.data)
        kind = frame(process.stdout, KIND)
        if kind == ASKED:
            address = (frame(process.stdout, ADDRESS) or b"").decode("utf-8", "replace")
            write_frame(process.stdin, b"known" if address and known(address, raw.received_at) else b"")
            kind = frame(process.stdout, KIND)
    except OSError:
        return None
    if kind is None or kind != b"opened":
        return None if kind is None else (kind.decode("ascii", "replace"), None)
    said = frame(process.stdout, LARGEST)
    try:
        opened: Opened = _form().validate_json(said or b"")
    except ValueError:
        return None
    files = []
    for attachment in opened.mail.attachments:
        data = frame(process.stdout, LARGEST)
        if data is None:
            return None
        files.append(replace(attachment, data=data))
    return "opened", replace(opened, mail=replace(opened.mail, attachments=tuple(files), received_at=raw.received_at))


@cache
def _form() -> Any:
    """The types of an answer."""
    from pydantic import TypeAdapter

    return TypeAdapter(Opened)


def serve(told: Told) -> None:
    """Answers until the pipe closes."""
    from bot.mail.unpacker import Programs
    from bot.reading.convert import Office
    from bot.reading.guard import Reader
    from bot.rules.load import load_rules

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = private_streams()
    provider = Provider(told.netease, told.authserv_id)
    allowance = Allowance()

    def heard(sender: str | None) -> None:
        write_frame(sink, ASKED)
        write_frame(sink, (sender or "").encode("utf-8", "replace")[:ADDRESS])
        if not read_frame(source, KIND):
            allowance.reduce(told.stranger_seconds)

    with contextlib.suppress(EOFError, OSError), Reader(allowance=allowance) as reader:
        programs = Programs(allowance=allowance), Office(allowance=allowance)
        tools = Tools(told.own_address, provider, load_rules(Path(told.rules)), reader, *programs, heard)
        _limit_memory()
        write_frame(sink, b"")
        while True:
            moment, _, how = read_frame(source, KIND).decode().partition(" ")
            data = read_frame(source, sys.maxsize)
            _watch(told.seconds + SPARE_SECONDS)
            allowance.begin(told.seconds * PART)
            for part in _answer(RawMail(data, datetime.fromisoformat(moment)), tools, read=how != UNREAD):
                write_frame(sink, part)
            _watch(0)


def _answer(raw: RawMail, tools: Tools, *, read: bool) -> list[bytes]:
    """The frames about one mail: what became of it, the mail as JSON, the bytes of its files."""
    try:
        opened = opened_with(raw, tools, read=read)
        files = [attachment.data for attachment in opened.mail.attachments]
        bare = tuple(replace(attachment, data=b"") for attachment in opened.mail.attachments)
        said = _form().dump_json(replace(opened, mail=replace(opened.mail, attachments=bare)))
    except (TooComplex, MemoryError):
        return [b"complex"]
    except BotError:
        return [b"broken"]
    except Exception as error:
        return [type(error).__name__.encode()[:KIND]]
    return [b"opened", said, *files]


def _limit_memory() -> None:
    """The soft limit alone: the programs that this process starts set their own, and some need more."""
    try:
        import resource
    except ImportError:  # Windows has no such module
        return
    with contextlib.suppress(ValueError, OSError):  # macOS refuses
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _watch(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # SIGALRM's default is to end the process


if __name__ == "__main__":
    serve(Told(**json.loads(sys.argv[1])))

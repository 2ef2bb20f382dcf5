"""A scripted IMAP server that speaks like NetEase's, and breaks off, falls silent or lies when told to.

It refuses folders before ID, has no IDLE and no MOVE, says UIDVALIDITY 1, answers BAD to SEARCH CHARSET.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from tests.servers.listener import Listener

CAPABILITIES = "IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS XAPPLEPUSHSERVICE UIDPLUS X-CM-EXT-1"
GREETING = "* OK Coremail System IMap Server Ready(163com[10774b260cc7a37d26d71b52404dcf5c])"
UNSAFE = "NO SELECT Unsafe Login. Please contact kefu@188.com for help"
FOLDERS = (
    '() "/" "INBOX"',
    '(\\Drafts) "/" "&g0l6P3ux-"',
    '(\\Sent) "/" "&XfJT0ZAB-"',
    '(\\Trash) "/" "&XfJSIJZk-"',
    '(\\Junk) "/" "&V4NXPpCuTvY-"',
    '() "/" "&dcVr0pCuTvY-"',
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SILENCE = "silence"  # what ``interfere`` returns for: keep the connection, say nothing more
DRIP = "drip"  # a byte now and then, of a line that never ends
PIECE = 4_096  # bytes, and ``pause`` seconds after each: a slow line
CUT = "cut"  # close the connection


def imap_day(text: str) -> tuple[int, int, int]:
    """``03-Jul-2017``, with or without its time."""
    day, month, year = text[:11].split("-")
    return int(year), MONTHS.index(month), int(day)


@dataclass
class Stored:
    """A mail as the server keeps it."""

    uid: int
    data: bytes
    date: str = "03-Jul-2017 16:00:00 +0800"


@dataclass
class NetEase(Listener):
    """Runs between ``with``. ``log`` has a list of commands for each connection, without their ``tags``.

    ``interfere`` sees each command and may return text to send instead of the answer (``TAG`` stands for the
    tag), SILENCE, DRIP or CUT; None lets the server answer. It moves, makes folders and tells of new mail where its
    ``capabilities`` name MOVE and IDLE; an empty ``uidvalidity`` is not told. ``cut_after`` closes after so many bytes
    were sent; ``answered`` counts them, by connection; ``pause`` makes the line slow. ``upgrade`` is what STARTTLS
    switches to; without it none is known.
    """

    username: str = "bot@163.test"
    password: str = "code"
    capabilities: str = CAPABILITIES
    greeting: str = GREETING
    needs_id: bool = True
    uidvalidity: str = "1"
    folders: tuple[str, ...] = FOLDERS
    tls: ssl.SSLContext | None = None
    upgrade: ssl.SSLContext | None = None
    interfere: Callable[[str], str | None] | None = None
    cut_after: int | None = None
    pause: float = 0
    mails: dict[str, list[Stored]] = field(default_factory=lambda: {"INBOX": []})
    log: list[list[str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    answered: list[int] = field(default_factory=list)

    def commands(self) -> list[str]:
        """The commands of all connections, one after the other."""
        return [command for connection in self.log for command in connection]

    def serve(self, connection: socket.socket, lines: IO[bytes]) -> None:
        _Session(self, connection).run(lines)


class _Session:
    def __init__(self, server: NetEase, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.introduced = self.in_session = False
        self.folder = ""
        self.sent = 0
        self.idle = ""
        self.log: list[str] = []
        server.log.append(self.log)
        server.answered.append(0)

    def run(self, lines: IO[bytes]) -> None:
        if self.server.greeting == DRIP:
            self.server.drip(self.connection)
            return
        self.say(self.server.greeting)
        self.converse(lines)

    def converse(self, lines: IO[bytes]) -> None:
        for line in lines:
            tag, _, command = line.decode("latin-1").rstrip("\r\n").partition(" ")
            self.log.append(command)
            self.server.tags.append(tag)
            answer = self.server.interfere(command) if self.server.interfere else None
            if answer == SILENCE:
                self.server.hold()
                return
            if answer == DRIP:
                self.server.drip(self.connection)
                return
            if answer == CUT:
                return
            self.say(answer.replace("TAG", tag) if answer is not None else self.answer(tag, command))
            if command.upper() == "LOGOUT":
                return
            if command.upper() == "STARTTLS" and self.server.upgrade is not None:
                self.upgraded(self.server.upgrade)
                return

    def upgraded(self, context: ssl.SSLContext) -> None:
        with context.wrap_socket(self.connection.dup(), server_side=True) as encrypted:
            self.server._open.append(encrypted)
            self.connection = encrypted
            with encrypted.makefile("rb") as lines:
                self.converse(lines)

    def say(self, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode("latin-1")
        data += b"" if data.endswith(b"\r\n") or not data else b"\r\n"
        limit = self.server.cut_after
        if limit is not None and self.sent + len(data) >= limit:
            self.connection.sendall(data[: limit - self.sent])
            raise OSError("cut")
        self.sent += len(data)
        self.server.answered[-1] = self.sent
        for start in range(0, len(data), PIECE):
            self.connection.sendall(data[start : start + PIECE])
            time.sleep(self.server.pause)

    def answer(self, tag: str, command: str) -> str | bytes:
        word = command.split(" ", 1)[0].upper()
        handler = getattr(self, f"do_{word.lower()}", None)
        if handler is None:
            return f"{tag} BAD command not support"
        result: str | bytes = handler(tag, command)
        return result

    def do_capability(self, tag: str, command: str) -> str:
        return f"* CAPABILITY {self.server.capabilities}\r\n{tag} OK CAPABILITY completed"

    def do_login(self, tag: str, command: str) -> str:
        if command != f'LOGIN {self.server.username} "{self.server.password}"':
            return f"{tag} NO LOGIN Login error or password error"
        self.in_session = True
        return f"{tag} OK LOGIN completed"

    def do_id(self, tag: str, command: str) -> str:
        if not re.fullmatch(r'ID \(("[ -!#-~]+" "[ -!#-~]+" ?)+\)', command):
            return f"{tag} BAD Parse command error"
        self.introduced = self.in_session
        return f'* ID ("name" "Coremail Imap" "vendor" "Mailtech" "TransID" "x")\r\n{tag} OK ID completed'

    def do_list(self, tag: str, command: str) -> str:
        wanted = command.rsplit(" ", 1)[1]
        lines = [line for line in self.server.folders if wanted in ('"*"', line.rsplit(" ", 1)[1])]
        return "".join(f"* LIST {line}\r\n" for line in lines) + f"{tag} OK LIST Completed"

    def do_create(self, tag: str, command: str) -> str:
        self.server.folders += (f'() "/" {command.split(" ", 1)[1]}',)
        return f"{tag} OK CREATE completed"

    def do_idle(self, tag: str, command: str) -> str:
        if "IDLE" not in self.server.capabilities.split():
            return f"{tag} BAD command not support"
        self.idle = tag
        return "+ idling"

    def do_done(self, tag: str, command: str) -> str:
        return f"{self.idle} OK IDLE completed"

    def do_starttls(self, tag: str, command: str) -> str:
        return f"{tag} OK begin" if self.server.upgrade is not None else f"{tag} BAD command not support"

    def do_noop(self, tag: str, command: str) -> str:
        return f"{tag} OK NOOP completed"

    def do_logout(self, tag: str, command: str) -> str:
        return f"* BYE IMAP4rev1 Server logging out\r\n{tag} OK LOGOUT completed"

    def do_select(self, tag: str, command: str) -> str:
        if self.server.needs_id and not self.introduced:
            return f"{tag} {UNSAFE}"
        self.folder = command.split(" ", 1)[1].strip('"')
        if f'"{self.folder}"' not in " ".join(self.server.folders):
            return f"{tag} NO SELECT Not exist"
        mode = "READ-ONLY" if command.startswith("EXAMINE") else "READ-WRITE"
        count = len(self.mails())
        told = f"* OK [UIDVALIDITY {self.server.uidvalidity}] UIDs valid\r\n" if self.server.uidvalidity else ""
        return f"* {count} EXISTS\r\n* 0 RECENT\r\n{told}{tag} OK [{mode}] completed"

    do_examine = do_select

    def mails(self) -> list[Stored]:
        return self.server.mails.get(self.folder, [])

    def do_uid(self, tag: str, command: str) -> str | bytes:
        _, word, rest = command.split(" ", 2)
        if word == "SEARCH":
            return self.search(tag, rest)
        if word == "FETCH":
            return self.fetch(tag, *rest.split(" ", 1))
        if word == "MOVE" and "MOVE" in self.server.capabilities.split():
            return self.move(tag, *rest.split(" ", 1))
        return f"{tag} BAD Parse command error"

    def search(self, tag: str, criteria: str) -> str:
        uids = sorted(mail.uid for mail in self.mails())
        if match := re.fullmatch(r"UID (\d+):\*", criteria):
            uids = [uid for uid in uids if uid >= int(match[1])] or uids[-1:]
        elif re.fullmatch(r"SINCE \d\d-[A-Z][a-z]{2}-\d{4}", criteria):
            since = {mail.uid for mail in self.mails() if imap_day(mail.date) >= imap_day(criteria[6:])}
            uids = [uid for uid in uids if uid in since]
        elif criteria != "ALL":
            return f"{tag} BAD SEARCH command error"
        return f"* SEARCH {' '.join(map(str, uids))}".rstrip() + f"\r\n{tag} OK SEARCH completed"

    def fetch(self, tag: str, numbers: str, items: str) -> bytes:
        wanted = {int(number) for number in numbers.split(",")}
        answer = b""
        for place, mail in enumerate(self.mails(), 1):
            if mail.uid in wanted:
                answer += b"* %d FETCH (UID %d%s)\r\n" % (place, mail.uid, self.items(mail, items))
        return answer + f"{tag} OK FETCH completed".encode()

    def move(self, tag: str, numbers: str, into: str) -> str:
        """The mails get new UIDs where they go."""
        wanted = {int(number) for number in numbers.split(",")}
        target = self.server.mails.setdefault(into.strip('"'), [])
        gone = [mail for mail in self.mails() if mail.uid in wanted]
        for mail in gone:
            self.mails().remove(mail)
            target.append(Stored(max((m.uid for m in target), default=0) + 1, mail.data, mail.date))
        return f"{tag} OK MOVE completed"

    def items(self, mail: Stored, items: str) -> bytes:
        if "BODY[]" in items:
            self.server.seen.add(mail.uid)
        result = b" RFC822.SIZE %d" % len(mail.data) if "RFC822.SIZE" in items else b""
        if "INTERNALDATE" in items:
            result += f' INTERNALDATE "{mail.date}"'.encode()
        if "BODY.PEEK[HEADER]" in items:
            header = mail.data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            result += b" BODY[HEADER] {%d}\r\n%s" % (len(header), header)
        elif "BODY" in items:
            result += b" BODY[] {%d}\r\n%s" % (len(mail.data), mail.data)
        return result

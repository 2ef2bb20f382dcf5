"""A scripted SMTP server: it answers each command as told, or hangs up, and keeps what it was sent."""

import base64
import socket
import ssl
from dataclasses import dataclass, field
from typing import IO

from tests.servers.listener import Listener

CUT = "cut"  # as a reply: close the connection without one
SILENCE = "silence"
DRIP = "drip"


@dataclass
class ScriptedSmtp(Listener):
    """``replies`` maps a verb (GREETING, EHLO, AUTH, MAIL, RCPT, DATA, DOT, RSET, QUIT, STARTTLS) to its reply, or
    to a list of replies that are used up one by one, the last one for ever. ``log`` is a list of commands for
    each connection, ``letters`` what came through DATA, ``taken`` what was also answered with 250: recipient and bytes;
    ``upgrade`` is what STARTTLS switches to."""

    replies: dict[str, str | list[str]] = field(default_factory=dict)
    features: tuple[str, ...] = ("AUTH PLAIN LOGIN", "SIZE 71680000", "8BITMIME")
    tls: ssl.SSLContext | None = None
    upgrade: ssl.SSLContext | None = None
    log: list[list[str]] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)

    def verbs(self) -> list[list[str]]:
        """The verbs of each connection."""
        return [[line.split(" ")[0].upper() for line in lines] for lines in self.log]

    def serve(self, connection: socket.socket, lines: IO[bytes]) -> None:
        log: list[str] = []
        self.log.append(log)
        if self._reply(connection, "GREETING", "220 ready"):
            while (line := lines.readline()) and self._answer(connection, lines, line, log):
                pass

    def _answer(self, connection: socket.socket, lines: IO[bytes], line: bytes, log: list[str]) -> bool:
        command = line.decode("latin-1").rstrip("\r\n")
        verb = command.split(" ")[0].upper()
        log.append(command if verb != "AUTH" else "AUTH ***")
        if verb == "AUTH":
            self.passwords.append(base64.b64decode(command.split(" ")[2]).decode().split("\0")[2])
        usual = {
            "EHLO": self._ehlo(),
            "AUTH": "235 ok",
            "DATA": "354 go on",
            "QUIT": "221 bye",
            "STARTTLS": "220 go",
        }.get(verb, "250 ok")
        told = self._reply(connection, verb, usual)
        if verb == "DATA" and told.startswith("354"):
            letter = b""
            while (part := lines.readline()) != b".\r\n":
                if not part:
                    return False
                letter += part
            self.letters.append(letter)
            log.append("DOT")
            told = self._reply(connection, "DOT", "250 queued")
            if told.startswith("250"):
                to = next(line for line in reversed(log) if line.upper().startswith("RCPT"))
                self.taken.append((to[to.index("<") + 1 : to.rindex(">")], letter))
        if verb == "STARTTLS" and told.startswith("220") and self.upgrade is not None:
            self._upgrade(connection, log)
            return False
        return bool(told) and verb != "QUIT" and not told.startswith("421")

    def _upgrade(self, connection: socket.socket, log: list[str]) -> None:
        assert self.upgrade is not None
        with self.upgrade.wrap_socket(connection.dup(), server_side=True) as encrypted:
            self._open.append(encrypted)
            with encrypted.makefile("rb") as lines:
                while (line := lines.readline()) and self._answer(encrypted, lines, line, log):
                    pass

    def _ehlo(self) -> str:
        lines = ["scripted", *self.features]
        return "\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines)

    def _reply(self, connection: socket.socket, verb: str, usual: str) -> str:
        """Send what the script says; empty when the connection is to be closed."""
        told = self.replies.get(verb, usual)
        if isinstance(told, list):
            told = told.pop(0) if len(told) > 1 else told[0]
        if told == SILENCE:
            self.hold()
        if told == DRIP:
            self.drip(connection)
        if told in (SILENCE, DRIP, CUT):
            return ""
        connection.sendall((told or usual).encode() + b"\r\n")
        return told or usual

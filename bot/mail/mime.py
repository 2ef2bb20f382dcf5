"""One mail as a tree of parts, parsed once with the standard library's compat32 policy behind limits.

The parser is given a message class of our own: header access cannot raise and is linear in time, and the
limits are counted where parts and headers come into being, so that no time is spent beyond them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import MissingHeaderBodySeparatorDefect
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Policy, compat32
from typing import Any

from bot.errors import TooComplex
from bot.mail import armour, names, sniff
from bot.mail.charsets import bytes_of

HEADER_BYTES = 262_144  # of one part
PART_LIMIT = 200
DEPTH_LIMIT = 20
# The parser spends about 4 µs a line, and 0.4 µs more for each multipart around it. Large mails are base64
# with 78 bytes a line; short lines in such number are an attack.
LINES, BYTES_A_LINE = 100_000, 40
LINES_TIMES_DEPTH = 6_000_000
PORTION = 65_536  # bytes; the parser holds three copies of what it is given at once, and here 2.7 times the mail in all

# What the parser takes for a line of the header; the first other line begins the body.
_HEADER_LINES = re.compile(rb"\A(?:(?:From |[\x21-\x39\x3b-\x7e]*+:|[\t ])[^\r\n]*+(?>\r\n|\r|\n|\Z))*+")
_BLANK_LINE = re.compile(rb"(?>\r\n|\r|\n)(?>\r\n|\r|\n)")
_LINE = re.compile(rb"[^\r\n]*+(?>\r\n|\r|\n|\Z)")
_IS_HEADER = re.compile(rb"\A(?:[\x21-\x39\x3b-\x7e]+:|[\t ])")
_MIME_FIELD = re.compile(rb"(?i)(?:\A|[\r\n])(?:content-[a-z-]+|mime-version):")
_BOUNDARY_LINE = re.compile(rb"(?:\A|[\r\n])--([\x21-\x7e](?:[\x20-\x7e]{0,200}[\x21-\x7e])?)[ \t]*(?=[\r\n])")
_RAW_BOUNDARY = re.compile(r'(?i)\bboundary\s*=\s*"?([^";\r\n]+)')
_TOKEN = re.compile(r"[a-z0-9-]+")


@dataclass(slots=True)
class Budget:
    """What may still be unpacked from one mail, nested mails and archives included."""

    parts: int = PART_LIMIT
    members: int = 200
    unpacked: int = 200 * 1024 * 1024  # bytes


class Part(Message):
    """A MIME part. The overridden methods are those that the parser calls; they never raise ValueError,
    LookupError or the like, but TooComplex where a limit is passed."""

    def __init__(self, policy: Policy[Any] = compat32) -> None:
        super().__init__(policy)
        self.depth = 0
        self._header_size = 0
        self._type: str | None = None
        self._by_name: dict[str, list[str]] | None = None

    def set_raw(self, name: str, value: str) -> None:
        """Add a header as it is. TooComplex beyond 256 KB of headers in this part."""
        self._header_size += len(name) + len(value)
        if self._header_size > HEADER_BYTES:
            raise TooComplex(f"more than {HEADER_BYTES} bytes of headers in one part")
        self._by_name = None
        super().set_raw(name, value)

    def attach(self, payload: Any) -> None:
        """Add a child. TooComplex beyond 20 levels."""
        payload.depth = self.depth + 1
        if payload.depth > DEPTH_LIMIT:
            raise TooComplex(f"parts nested more than {DEPTH_LIMIT} deep")
        super().attach(payload)

    def get_content_type(self) -> str:
        """``main/sub`` in lower case; the default type for a missing or malformed header (RFC 2045, 5.2)."""
        if self._type is None:
            token = (self.raw("content-type") or "")[:200].split(";")[0].strip().lower()
            if token.count("/") != 1 or not token.isascii():
                return "text/plain" if token else self.get_default_type()
            self._type = "/".join(piece.strip() for piece in token.split("/"))
        return self._type

    def get_content_maintype(self) -> str:
        """The type before the slash, in lower case."""
        return self.get_content_type().split("/")[0]

    def get_boundary(self, failobj: Any = None) -> Any:
        """The boundary, or ``failobj``. The standard one raises on a charset with a NUL in boundary*=…"""
        raw = self.raw("content-type") or ""
        if raw.isascii():
            return self.parameters("content-type").get("boundary", "").rstrip() or failobj
        match = _RAW_BOUNDARY.search(raw)  # 8-bit bytes must stay as they stand, to be found again in the body
        return match[1].rstrip() if match else failobj

    def raw_all(self, name: str) -> list[str]:
        """Every value of a header as it stands in the mail, folds and 8-bit bytes (as surrogates) included."""
        return list(self._named().get(name, ()))

    def raw(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next(iter(self._named().get(name, ())), None)

    def _named(self) -> dict[str, list[str]]:
        """Values by the name in lower case, until another header is set: some thirty are asked for in each mail."""
        if self._by_name is None:
            self._by_name = {}
            for key, value in self.raw_items():
                self._by_name.setdefault(key.lower(), []).append(str(value))
        return self._by_name

    def __setitem__(self, name: str, value: Any) -> None:
        self._by_name = None
        super().__setitem__(name, value)

    def replace_header(self, _name: str, _value: Any) -> None:
        """As the standard one does."""
        self._by_name = None
        super().replace_header(_name, _value)

    def text(self, name: str) -> str:
        """The first value of a header, decoded: one clean line, or empty."""
        return names.decode_header(self.raw(name))

    def parameters(self, name: str) -> dict[str, str]:
        """The parameters of the first header of that name, decoded (RFC 2231, encoded words, raw bytes)."""
        return names.parameters(self.raw(name) or "")

    def disposition(self) -> str:
        """``attachment``, ``inline`` or what else is said, in lower case; empty for none."""
        return (self.raw("content-disposition") or "")[:200].split(";")[0].strip().lower()

    def file_name(self) -> str:
        """The cleaned name that the part claims, or empty."""
        return names.file_name(self.raw("content-disposition"), self.raw("content-type"))

    def children(self) -> list[Part]:
        """The parts directly below; none for a leaf."""
        payload = self.get_payload() if self.is_multipart() else []
        return [child for child in payload if isinstance(child, Part)]

    def data(self) -> bytes:
        """The decoded bytes of a leaf; as they stand when the transfer encoding is unknown or broken. A file in base64
        is decoded though nothing, or something else, is said of it."""
        claimed = self.raw("content-transfer-encoding")
        if claimed is not None:
            # "base64 " and "base64;" are not decoded by the standard library.
            token = _TOKEN.search(claimed.lower())
            self.replace_header("Content-Transfer-Encoding", token[0] if token else "binary")
            if token and token[0] == "base64":
                text = self.undecoded()
                if sniff.extension(text):
                    return text  # not encoded at all
                if armour.in_pieces(text):
                    return armour.joined_pieces(text)  # the standard library ends at the first padding
        payload = self.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        return armour.file_in_base64(data) or data

    def undecoded(self) -> bytes:
        """The bytes of a leaf as they stand in the mail, before the transfer encoding is undone."""
        payload: Any = self.__dict__["_payload"]  # get_payload() would replace 8-bit bytes
        return bytes_of(payload) if isinstance(payload, str) else b""


def parse(data: bytes, budget: Budget) -> Part:
    """The tree of one mail. TooComplex beyond the limits, before time is spent; nothing else is raised."""
    match = _HEADER_LINES.match(data, 0, HEADER_BYTES + 1)
    if match and match.end() > HEADER_BYTES:
        raise TooComplex(f"more than {HEADER_BYTES} bytes of headers")
    lines = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    if lines > LINES + len(data) // BYTES_A_LINE:
        raise TooComplex(f"{lines} lines of a few bytes each")
    if lines * DEPTH_LIMIT > LINES_TIMES_DEPTH and lines * data.lower().count(b"multipart/") > LINES_TIMES_DEPTH:
        raise TooComplex(f"{lines} lines in many multiparts")
    root = _parse(data, budget)
    return mended(root, budget) or root


def _parse(data: bytes, budget: Budget) -> Part:
    def make(policy: Policy[Any] = compat32) -> Part:
        if budget.parts <= 0:
            raise TooComplex(f"more than {PART_LIMIT} parts")
        budget.parts -= 1
        return Part(policy)

    parser = BytesFeedParser(make, policy=compat32)
    budget.parts += 1  # the parser makes one message to see how the factory is called
    for start in range(0, len(data), PORTION):
        parser.feed(data[start : start + PORTION])
    root = parser.close()
    assert isinstance(root, Part)
    return root


def mended(part: Part, budget: Budget) -> Part | None:
    """The same part parsed again, where a defect of form hid what is in it; None when there is none.

    A line without a colon among the headers (a continuation that is not indented) makes the rest of the
    headers part of the body; a wrong boundary makes a multipart one text.
    """
    if part.children():
        return None
    if any(isinstance(d, MissingHeaderBodySeparatorDefect) for d in part.defects):
        body = part.undecoded()
        end = _BLANK_LINE.search(body)
        head = body[: end.start()] if end else body[:HEADER_BYTES]
        if _MIME_FIELD.search(head):
            lines = [line if _IS_HEADER.match(line) else b" " + line for line in _LINE.findall(head) if line]
            return _parse(_header_of(part) + b"".join(lines) + body[len(head) :], budget)
    if part.get_content_maintype() == "multipart":
        body = part.undecoded()
        boundary = _BOUNDARY_LINE.search(body)
        if boundary and _MIME_FIELD.search(body):
            # A report stays one: what a machine sent is not answered, however badly it wrote it.
            kind = b"report" if part.get_content_type() == "multipart/report" else b"mixed"
            quoted = boundary[1].replace(b'"', b'\\"')
            head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind, quoted)
            return _parse(_header_of(part, without="content-type") + head + body, budget)
    return None


def _header_of(part: Part, without: str = "") -> bytes:
    kept = [(k, v) for k, v in part.raw_items() if k.lower() != without]
    return b"".join(bytes_of(f"{k}: {v}") + b"\r\n" for k, v in kept)


def header_block(data: bytes) -> bytes:
    """The raw bytes before the first blank line: what any other reader may take for the header."""
    end = _BLANK_LINE.search(data, 0, HEADER_BYTES + 2)
    return data[: end.start()] if end else data[:HEADER_BYTES]

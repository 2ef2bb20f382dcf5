"""Files written as text: base64 whose header is missing or lies, or that comes in pieces; uuencode in a body. Pure.

Old servers, scanners and gateways send such mail. What is no file of a known kind is left as the text that it is.
Sources: RFC 4648; POSIX uuencode.
"""

import binascii
import re

from bot.mail.names import clean_name

# How the base64 of a file begins: zip, OLE, PDF, JPEG, PNG, GIF, rar, 7z, RTF, gzip, TNEF, CMS.
_BEGINNINGS = (
    *(b"UEsDB", b"0M8R4KGx", b"JVBERi", b"/9j/", b"iVBORw0KGgo", b"R0lGOD", b"UmFyIRo", b"N3q8ryc", b"e1xydG"),
    *(b"H4sI", b"eJ8+", b"MIA", b"MII"),
)
_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_PADDING = re.compile(rb"=+")
_SHORTEST = 200  # characters; less is a word or a key
_BEGIN = re.compile(rb"(?:(?<=\n)|\A)begin(-base64)? [0-7]{3,4} ([^\r\n]{1,300})\r?\n")
_FILES = 20  # of one body


def file_in_base64(data: bytes) -> bytes | None:
    """The file, where all of ``data`` is base64 of one of a known kind."""
    head = data[:100].lstrip()
    if not head.startswith(_BEGINNINGS) or len(data) < _SHORTEST:
        return None
    lines = data.split()
    # Its own lines, and perhaps a few words that a list or a scanner put behind it.
    whole = next((number for number, line in enumerate(lines) if not _LINE.fullmatch(line)), len(lines))
    digits = b"".join(lines[:whole])
    return from_pieces(digits) if len(digits) >= _SHORTEST and len(digits) > 0.9 * sum(map(len, lines)) else None


def in_pieces(text: bytes) -> bool:
    """Whether base64 goes on behind its padding."""
    end = text.find(b"=")
    return end >= 0 and bool(_LINE.match(text[end:].lstrip(b"=\r\n\t ")))


def joined_pieces(text: bytes) -> bytes:
    """Base64 that was encoded piece by piece, up to the first line that is none."""
    lines = text.split()
    whole = next(
        (number for number, line in enumerate(lines) if not re.fullmatch(rb"[A-Za-z0-9+/=]+", line)), len(lines)
    )
    return from_pieces(b"".join(lines[:whole]))


def from_pieces(digits: bytes) -> bytes:
    """The bytes of one or more pieces of base64, each with its own padding or none."""
    out = bytearray()
    for piece in _PADDING.split(digits):
        usable = piece[:-1] if len(piece) % 4 == 1 else piece  # a lone last digit holds less than a byte
        out += binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))
    return bytes(out)


def uuencoded(text: bytes) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """A body without the files in it, and these: raw name and bytes."""
    if b"begin" not in text:
        return text, ()
    kept: list[bytes] = []
    files: list[tuple[bytes, bytes]] = []
    at = 0
    while len(files) < _FILES and (begin := _BEGIN.search(text, at)):
        data, end = (_base64_lines if begin[1] else _uu_lines)(text, begin.end())
        kept.append(text[at : begin.start()] if data else text[at:end])
        files += [(begin[2].strip(), data)] if data else []
        at = end
    return b"".join((*kept, text[at:])), tuple(files)


def _uu_lines(text: bytes, at: int) -> tuple[bytes, int]:
    """The bytes of the lines from ``at`` on, and where they end."""
    out = bytearray()
    while at < len(text):
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end].rstrip(b"\r")
        if line.strip() in (b"end", b"`", b""):
            at = end + 1
            if line.strip() == b"end":
                break
            continue
        if not 0x20 <= line[0] <= 0x60 or len(line) > 90:
            break
        try:
            # Exactly its characters: some programs add a checksum, some drop the blanks at the end.
            out += binascii.a2b_uu(line[: 1 + ((line[0] - 32 & 63) + 2) // 3 * 4])
        except binascii.Error:
            break
        at = end + 1
    return bytes(out), min(at, len(text))


def _base64_lines(text: bytes, at: int) -> tuple[bytes, int]:
    end = text.find(b"====", at)
    end = len(text) if end < 0 else end
    return joined_pieces(text[at:end]), min(end + 4, len(text))


def name_of(raw: bytes) -> str:
    """A raw name, decoded and cleaned."""
    from bot.mail.charsets import decode

    return clean_name(decode(raw))

"""What a mail says of itself, cheaply: of one that could not be opened, or is not opened now.

Looks for the fields of the header and for the names of files with patterns alone: what broke the parser cannot break
this. Never raises, and takes time linear in the mail.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from bot.mail.names import decode_header, file_name
from bot.mail.sender import sender_of

HEAD = 65_536  # bytes in which the header is looked for
FIELDS, FILES = 400, 20  # so many parts are looked at, so many names told
_FIELD = rb"(?im)^%s:([^\r\n]*+(?:\r?\n[ \t][^\r\n]*+)*+)"
_FROM, _SUBJECT, _ID = (re.compile(_FIELD % name) for name in (rb"from", rb"subject", rb"message-id"))
_PART = re.compile(_FIELD % rb"content-(?:disposition|type)")


@dataclass(frozen=True, slots=True)
class Outline:
    """``sender`` is the one believed address or None; the rest is for people: decoded, one line each, or empty."""

    sender: str | None = None
    shown_from: str = ""
    subject: str = ""
    message_id: str = ""
    files: tuple[str, ...] = ()


def outline(data: bytes) -> Outline:
    """What a person needs to know a mail by."""
    head = data[:HEAD]
    sender = None
    with suppress(Exception):  # the strict way goes through the parser, which may be what broke
        sender = sender_of(head)
    shown, subject, message_id = (_text(pattern.search(head)) for pattern in (_FROM, _SUBJECT, _ID))
    return Outline(sender, shown, subject, message_id, _files(data))


def _text(found: re.Match[bytes] | None) -> str:
    return decode_header(found[1].decode("ascii", "surrogateescape")).strip() if found else ""


def _files(data: bytes) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for field in islice(_PART.finditer(data), FIELDS):
        raw = field[1].decode("ascii", "surrogateescape")
        if name := file_name(raw, None) or file_name(None, raw):
            names[name] = None
    return tuple(islice(names, FILES))

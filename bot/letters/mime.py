"""A letter as bytes, ready for DATA: headers, plain text, HTML, files.

Every text is cleaned before it becomes a header, so that nothing that a stranger wrote can end one or
begin another. The parts are put together as bytes: MIMEText and its generator take several times the CPU. Same input,
same bytes: the boundaries come from the token. ASCII only, CRLF, no line over 998 bytes (RFC 5322, 2.1.1).
"""

import hashlib
import re
import unicodedata
from base64 import encodebytes
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.utils import format_datetime, formataddr
from functools import lru_cache

from bot.model.deciding import LetterFile

WIRE = policy.compat32.clone(linesep="\r\n", max_line_length=0)  # of a part with a file: nothing is folded
_LINE_END = re.compile(r"\r|\n(?![ \t])")  # any but a fold
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"\A{_ATOM}(?:\.{_ATOM})*@{_HOST}(?:\.{_HOST})*")  # RFC 5322 dot-atom, no quoting
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")  # what a foreign Message-ID must be to be repeated
_TOKEN = re.compile(r"[A-Za-z0-9_-]{4,64}")
_MEDIA_TYPE = re.compile(r"\A[a-z]+/[A-Za-z0-9.+-]+")
_NAME_BYTES = 120
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Cs"}


@dataclass(frozen=True, slots=True)
class Heading:
    """What goes into the headers. ``sender`` may have a display name, ``to`` is a plain address; ``answer``
    tells an answer to a mail from a letter that comes by itself (RFC 3834, section 5)."""

    sender: str
    to: str
    subject: str
    message_id: str
    token: str
    key: str
    date: datetime
    reply_to: str | None = None
    answer: bool = False


def one_line(text: str) -> str:
    """The text without control and invisible characters, lone surrogates and line ends of any kind; runs of
    white space become one blank. Safe in a header, in a list and in a file name."""
    if text.isprintable():  # most are, and then there is nothing of all this in it
        return " ".join(unicodedata.normalize("NFC", text).split())
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    kept = (
        ("" if unicodedata.category(c) == "Cf" else " ") if unicodedata.category(c) in _INVISIBLE else c for c in text
    )
    return " ".join("".join(kept).split())


def plain_address(address: str) -> str:
    """The address itself. ValueError unless it is one plain ASCII addr-spec (security: header injection)."""
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise ValueError(f"not a plain address: {address!r}")
    return address


def build(heading: Heading, text: str, html: str, files: tuple[LetterFile, ...] = ()) -> bytes:
    """The whole message. ValueError for an address, token, Message-ID or media type that cannot stand in one."""
    if not _TOKEN.fullmatch(heading.token):
        raise ValueError(f"not a token: {heading.token!r}")
    type_, body = _multipart("alternative", heading.token, [_text_part(text, "plain"), _text_part(html, "html")])
    if files:
        both = f"Content-Type: {type_}\r\n\r\n".encode() + body
        type_, body = _multipart("mixed", heading.token, [both, *map(_file_part, files)])
    headers = {"Content-Type": type_, "MIME-Version": "1.0", **_headers(heading)}
    return b"".join(_line(name, value) for name, value in headers.items()) + b"\r\n" + body


def _line(name: str, value: str) -> bytes:
    """One header. What can be long was folded where it was encoded: "In-Reply-To:" must not stand on a line alone.
    ValueError for a value that would begin another header, or is not encoded: each was cleaned before."""
    if _LINE_END.search(value):
        raise ValueError(f"{name}: a line end in a header")
    return f"{name}: {value}\n".replace("\n", "\r\n").encode("ascii")


def _multipart(kind: str, token: str, parts: list[bytes]) -> tuple[str, bytes]:
    """The Content-Type, and the parts between their boundaries (RFC 2046, 5.1.1)."""
    # "=_" cannot occur in base64, and every part is base64.
    boundary = "=_" + hashlib.sha256(f"{kind}:{token}".encode()).hexdigest()[:32]
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    return f'multipart/{kind}; boundary="{boundary}"', body


def _text_part(text: str, subtype: str) -> bytes:
    clean = text.encode("utf-8", "replace").replace(b"\0", b"")
    # RFC 2046, 4.1.1: a line of text ends with CRLF, also inside base64.
    lines = encodebytes(clean.replace(b"\n", b"\r\n")).replace(b"\n", b"\r\n")
    heads = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return heads.encode() + lines


def _file_part(file: LetterFile) -> bytes:
    if not _MEDIA_TYPE.fullmatch(file.media_type):
        raise ValueError(f"not a media type: {file.media_type!r}")
    name = file_name(file.name)
    part = MIMEBase(*file.media_type.split("/"))
    del part["MIME-Version"]
    part.set_payload(file.data)
    encode_base64(part)
    # Old clients (Foxmail, QQ) know only the encoded word in Content-Type; the standard is RFC 2231 below.
    old = Header(name, "utf-8" if not name.isascii() else "us-ascii", maxlinelen=70).encode()
    # A gateway may take text without a charset for ASCII; ours is UTF-8 (RFC 5545, 3.1.4).
    charset = "; charset=utf-8" if part.get_content_maintype() == "text" else ""
    part.replace_header("Content-Type", f'{file.media_type}{charset};\n name="{old}"')
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
    return part.as_bytes(policy=WIRE)


def file_name(name: str) -> str:
    """The name without what a path or a quoted header gives a meaning to, at most 120 bytes, extension kept."""
    name = one_line(re.sub(r'[\\/:*?"<>|]', "_", name)).lstrip(".") or "_"
    stem, dot, extension = name.rpartition(".") if "." in name[-10:] else (name, "", "")
    room = _NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + extension


def _headers(heading: Heading) -> dict[str, str]:
    name, own = _name_and_address(heading.sender)
    key, answered = one_line(heading.key), (heading.reply_to or "").strip()
    headers = {
        "From": _mailbox(name, plain_address(own)),
        "To": plain_address(heading.to),
        "Subject": Header(one_line(heading.subject), "utf-8", header_name="Subject").encode(),
        "Date": format_datetime(heading.date),
        "Message-ID": _own_id(heading.message_id),
    }
    if _MESSAGE_ID.fullmatch(answered):
        headers |= {"In-Reply-To": answered, "References": answered}
    return headers | {
        "Auto-Submitted": "auto-replied" if heading.answer else "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Bot-Token": heading.token,
        "X-Bot-Key": key if key.isascii() else Header(key, "utf-8", header_name="X-Bot-Key").encode(),
        "X-Loop": own,
    }


def _name_and_address(sender: str) -> tuple[str, str]:
    """``Name <address>`` in its parts. Not parseaddr: it takes the first of two addresses, wherever it stands."""
    name, bracket, address = one_line(sender).rpartition("<")
    return (name.strip(' "'), address.removesuffix(">")) if bracket else ("", address)


@lru_cache(16)  # it is the office's own
def _mailbox(name: str, address: str) -> str:
    if name.isascii():
        return formataddr((name, address))
    header = Header(name, "utf-8", header_name="From")
    return f"{header.encode()} <{address}>"


def _own_id(message_id: str) -> str:
    bracketed = f"<{message_id.strip('<>')}>"
    if not _MESSAGE_ID.fullmatch(bracketed):
        raise ValueError(f"not a Message-ID: {message_id!r}")
    return bracketed

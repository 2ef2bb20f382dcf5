"""Who sent a mail: the one From address that can be believed to be meant, or nobody.

Says nothing about whether the sender is who he claims to be: that is ``authentication``.
"""

import re
from email.utils import parseaddr

from bot.errors import TooComplex
from bot.mail.charsets import raw_text
from bot.mail.mime import Budget, Part, header_block, parse
from bot.mail.names import decode_words, unfold

_LENGTH_LIMIT = 2000  # characters of a From header; the longest honest one seen is far below

# Every line that some reader takes for a From header: with control characters before it, or blanks before
# the colon ("From : boss@…", which the standard library drops), or after a lone CR.
_FROM_LINE = re.compile(rb"(?i)(?:\A|[\r\n])[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*from[\x00-\x09\x0b\x0c\x0e-\x20\x7f]*:")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9](?:[A-Za-z0-9-]*)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*))*"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x20-\x7e])*+"'
# No comment, group, route or bare "@" outside quotes: readers disagree about each of them (CVE-2023-27043).
_PHRASE = rf'(?:{_QUOTED}|[^<>@,;:()"\[\]\\\x00-\x08\x0a-\x1f\x7f])*+'
_FROM = re.compile(rf"\A[ \t]*+(?:(?P<bare>{_ADDRESS})|(?P<phrase>{_PHRASE})<[ \t]*(?P<angle>{_ADDRESS})[ \t]*>)[ \t]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def believed_sender(msg: Part, header_block: bytes) -> str | None:
    """The address in lower case, or None when From is missing, repeated, ambiguous or not plain ASCII.

    ``header_block`` holds the raw bytes of the header: the parser hides some lines that other readers see.
    Two readings must agree: a strict pattern and the standard library's ``parseaddr``.
    """
    values = msg.raw_all("from")
    if len(values) != 1 or len(_FROM_LINE.findall(header_block)) != 1 or len(values[0]) > _LENGTH_LIMIT:
        return None
    text = _once(unfold(raw_text(values[0])))
    match = _FROM.fullmatch(text)
    if match is None:
        return None
    address = match["bare"] or match["angle"]
    phrase = decode_words(match["phrase"] or "").replace("\t", " ")
    if _CONTROL.search(phrase) or "=?" in address or parseaddr(text)[1] != address:
        return None
    return address.lower()


def _once(text: str) -> str:
    """``li@x <li@x>``, as phones write it where the name is not known: one address, said twice. Another address as the
    name stays, and is refused."""
    name, bracket, rest = text.partition("<")
    same = bracket and name.strip(" \t'").lower() == rest.strip(" \t").removesuffix(">").strip(" \t").lower()
    return bracket + rest if same else text


def sender_of(data: bytes) -> str | None:
    """The same of a mail that is not opened: its beginning will do, with the whole header."""
    head = header_block(data)
    try:
        return believed_sender(parse(head, Budget()), head)
    except TooComplex:
        return None

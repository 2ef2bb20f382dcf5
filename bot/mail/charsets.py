"""Bytes from a mail to clean text, with the charset labels that Chinese mail really carries.

Never raises, whatever the label and the bytes are.
"""

import codecs
import re

# gb2312, gbk and their many spellings are subsets of gb18030, and senders use characters outside them.
# fmt: off
_GB18030 = frozenset({
    "gb2312", "gb_2312", "gb_2312-80", "gb2312-80", "csgb2312", "csiso58gb231280", "gbk", "x-gbk", "cp936",
    "ms936", "936", "windows-936", "x-cp936", "euc-cn", "euccn", "x-euc-cn", "eucgb2312-cn", "chinese", "gb18030",
    "gb18030-2000", "gb18030-2005", "x-gb18030",
})
# fmt: on
# Labels that say nothing about bytes above 0x7F: what stands there is looked at first.
_VAGUE = frozenset({"ascii", "iso8859-1", "cp1252", "latin_1"})
# Text codecs of Python that are no charset of a mail, or cost quadratic time (idna, punycode).
_NEVER = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape", "undefined"})
_LABEL = re.compile(r"[A-Za-z0-9._:+-]{1,40}")

_CONTROL = bytes({*range(0x20), 0x7F} - {0x09, 0x0A})  # in UTF-8 no other character has such a byte
_LINE_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
DAMAGED = "\ufffd"
_CHINESE = re.compile(r"[\u2010-\u2027\u3000-\u303f\u4e00-\u9fff\uff00-\uff5e]")
_CUT = re.compile(rf"(?<={_CHINESE.pattern}){DAMAGED}(?![^\x00-\x7f])")
_WHOLE_AN_ODD = 3  # Chinese characters for each other or broken one, at least
_LINE_LIMIT = 1000  # characters of a header that are of use to anybody; the raw mail keeps the rest


def codec(label: str | None) -> str | None:
    """Python's name for a charset label, or None for one that is unknown or no charset."""
    label = (label or "").strip(" \t\"'").lower()
    if label in _GB18030:
        return "gb18030"
    if not _LABEL.fullmatch(label):  # "utf-8\0" raises ValueError in codecs.lookup
        return None
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    return None if name in _NEVER else name


def decode(data: bytes, label: str | None = None) -> str:
    """The text of ``data``; a missing, vague or wrong label is made up for by UTF-8, then gb18030."""
    name = codec(label)
    order = ("utf-8", "gb18030", name) if name in _VAGUE else (name, "utf-8", "gb18030")
    for candidate in order:
        if candidate is None:
            continue
        try:
            return data.decode(candidate)
        except (UnicodeError, LookupError, ValueError):  # LookupError: "zlib" is a codec, but not of text
            if candidate == name == "utf-8" and _mostly_readable(text := data.decode("utf-8", "replace")):
                return text
            if candidate == "utf-8" and (cut := _cut_utf8(data)) is not None:
                return cut
    try:
        return data.decode(name or "gb18030", "replace")
    except (UnicodeError, LookupError, ValueError):
        return data.decode("gb18030", "replace")


def _mostly_readable(text: str) -> bool:
    """A cut or damaged UTF-8 text is still UTF-8: gb18030 would read rubbish out of it without an error."""
    return text.count(DAMAGED) * 20 <= max(len(text), 20)


def _cut_utf8(data: bytes) -> str | None:
    """UTF-8 in which a program cut a character in two, each place as U+FFFD; None for what is no UTF-8.

    A cut stands behind a whole character, and before ASCII or the end. Chinese in GBK, looked at as UTF-8, has broken
    places elsewhere (measured: none of 36,000 words and pieces of sentences is taken for UTF-8).
    """
    text = data.decode("utf-8", "replace")
    whole = len(_CHINESE.findall(text))
    odd = sum(c > "\x7f" for c in _CUT.sub("", text)) - whole
    return text if whole and whole >= _WHOLE_AN_ODD * odd else None


def without_damage(text: str) -> str:
    """Decoded text without the characters that could not be read: the halves of what a program cut."""
    return text.replace(DAMAGED, "")


def bytes_of(raw: str) -> bytes:
    """The bytes that the parser kept in a header or payload: 8-bit ones survive in it as lone surrogates."""
    try:
        return raw.encode("utf-8", "surrogateescape")
    except UnicodeError:  # a surrogate that stands for no byte: "\ud800"
        return raw.encode("utf-8", "replace")


def raw_text(raw: str) -> str:
    """A header as the parser kept it, its raw 8-bit bytes read as strict UTF-8, else as gb18030."""
    return raw if raw.isascii() else decode(bytes_of(raw))


def clean_text(text: str) -> str:
    """A body: without NUL, other C0 but tab and newline, and lone surrogates; newlines are ``\\n``."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").translate(None, _CONTROL).decode().removeprefix("\ufeff")


def clean_line(text: str) -> str:
    """A header value: one line (no CR, LF, VT, NEL, U+2028), no control characters, at most 1,000 characters."""
    text = _LINE_BREAKING.sub(" ", text[: 4 * _LINE_LIMIT]).strip()
    return text[:_LINE_LIMIT].encode("utf-8", "replace").decode()

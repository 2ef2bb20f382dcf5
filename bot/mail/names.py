"""Headers and file names as Chinese mail writes them: RFC 2047, RFC 2231, raw bytes, percent signs.

Works on the raw values that the compat32 parser keeps. Never raises.
"""

import binascii
import re
import unicodedata
from urllib.parse import quote_from_bytes, unquote_to_bytes

from bot.mail.charsets import clean_line, codec, decode, raw_text, without_damage

HEADER_LIMIT = 65_536  # characters of one header that are looked at
NAME_LIMIT = 120  # bytes of a file name in UTF-8: fits every file system, and a line of a letter

_FOLD = re.compile(r"[\r\n]+")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)[ \t]+(?==\?)")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")
# The value of an unquoted parameter reaches to the semicolon: "filename==?gb18030?B?…?=", "filename=a b.xls".
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))', re.DOTALL)
_LOOSE = r'(?i:\b{key}\s*=\s*"?([^";\r\n]+))'
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_HALF_PERCENT = re.compile(r"%[0-9A-Fa-f]?\Z")
_PIECE = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*)?")  # filename*, filename*0, filename*0*
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})  # categories of Unicode
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')


def decode_header(raw: str | None) -> str:
    """One header for people: unfolded, decoded, one clean line. Empty for None."""
    return clean_line(without_damage(decode_words(unfold(raw_text((raw or "")[:HEADER_LIMIT])))))


def unfold(value: str) -> str:
    """A header without its line ends; the white space of the folds stays (RFC 5322, 2.2.3)."""
    return _FOLD.sub("", value)


def decode_words(text: str) -> str:
    """Text with its encoded words decoded (RFC 2047), wherever they stand.

    The *bytes* of neighbours in the same charset are joined first: mailers split a character between two words.
    """
    if "=?" not in text:
        return text
    text = _BETWEEN_WORDS.sub("", text)
    out: list[str] = []
    run, label, end = bytearray(), "", 0
    for word in _WORD.finditer(text):
        charset = word[1].split("*")[0].lower()  # RFC 2231, 5: charset*language
        if word.start() != end or codec(charset) != codec(label):
            out.append(decode(bytes(run), label) + text[end : word.start()])
            run.clear()
        label = charset
        run += _word_bytes(word[2], word[3])
        end = word.end()
    out.append(decode(bytes(run), label) + text[end:])
    return "".join(out)


def _word_bytes(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        return binascii.a2b_qp(text.encode("utf-8", "replace"), header=True)
    digits = _NOT_BASE64.sub("", text)
    if len(digits) % 4 == 1:  # a lone last digit holds less than a byte, and a2b_base64 raises on it
        digits = digits[:-1]
    return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))


def parameters(raw: str) -> dict[str, str]:
    """The parameters of a structured header in lower-case names, the first of each name, RFC 2231 put together.

    Linear in the length, unlike the standard library's. Encoded words are left as they are.
    """
    text = unfold(raw_text(raw[:HEADER_LIMIT]))
    found = [(m[1].lower(), _unquote(m[2], m[3])) for m in _PARAMETER.finditer(text)]
    out: dict[str, str] = {}
    for name, value in found:
        if "*" not in name:
            out.setdefault(name, value)
    extended = [(name, value) for name, value in found if "*" in name]
    return out | _rfc2231(extended) if extended else out


def _unquote(quoted: str | None, bare: str | None) -> str:
    if quoted is None:
        return (bare or "").strip(" \t\"'")
    return quoted.replace("\\\\", "\\").replace('\\"', '"')


def _rfc2231(pieces: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters that came in pieces or percent-encoded (RFC 2231, 3 and 4), the first of each name and number.

    The pieces are joined before anything is decoded: programs split inside a character, and inside ``%E4`` itself.
    """
    found: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in pieces:
        if match := _PIECE.fullmatch(name):
            found.setdefault(match[1], {}).setdefault(int(match[2] or 0), (value, bool(match[3])))
    return {name: _joined([numbered[n] for n in sorted(numbered)]) for name, numbered in found.items()}


def _joined(pieces: list[tuple[str, bool]]) -> str:
    """One value from its pieces; each comes with whether it is percent-encoded."""
    if not any(encoded for _, encoded in pieces):
        return "".join(value for value, _ in pieces)
    first, charset = pieces[0], ""
    if first[1] and first[0].count("'") >= 2:
        charset, _, rest = first[0].split("'", 2)
        pieces = [(rest, True), *pieces[1:]]
    label = codec(charset) or "utf-8"
    text = "".join(value if encoded else quote_from_bytes(value.encode(label, "replace")) for value, encoded in pieces)
    text = _HALF_PERCENT.sub("", text).strip('"')
    # Raw text that stood there unencoded was decoded with the header already.
    return decode(unquote_to_bytes(text), charset if text.isascii() else "utf-8")


def file_name(disposition: str | None, content_type: str | None) -> str:
    """The cleaned file name that a part claims in these raw headers, or an empty text."""
    for raw, key in ((disposition, "filename"), (content_type, "name"), (content_type, "filename")):
        if raw and (value := parameters(raw).get(key) or _loose(raw, key)):
            name = clean_name(without_damage(_decode_name(value)))
            if name:
                return name
    return ""


def _loose(raw: str, key: str) -> str:
    """A parameter without the semicolon before it, as in ``attachment filename=a.xls``."""
    match = re.search(_LOOSE.format(key=key), unfold(raw_text(raw[:HEADER_LIMIT])))
    return match[1] if match else ""


def _decode_name(value: str) -> str:
    text = decode_words(value)
    if text == value and _PERCENT.search(value):  # percent-encoded without the "*" that says so
        try:
            return unquote_to_bytes(_HALF_PERCENT.sub("", value)).decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data":  # the name was cut
                return error.object[: error.start].decode("utf-8")
            return value
    return text


def clean_name(name: str) -> str:
    """A file name as data: base name only, NFC, no control, format or path characters, at most 120 bytes.

    Never a path, and possibly empty. The extension survives the cut.
    """
    if len(name) > 1000:
        name = name[:900] + name[-100:]
    name = name.replace("\\", "/").rstrip("/ ").rsplit("/", 1)[-1]
    name = "".join(" " if c in "\t\r\n" else c for c in name if c in "\t\r\n" or unicodedata.category(c) not in _UNSEEN)
    name = _FORBIDDEN.sub("", unicodedata.normalize("NFC", name)).strip(" .")
    if len(name.encode()) <= NAME_LIMIT:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 12:
        stem, dot, extension = name, "", ""
    room = NAME_LIMIT - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + dot + extension

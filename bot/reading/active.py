"""Whether a document can do more than show itself: macros, fields that fetch, objects, scripts, files in it. Pure.

For documents and pictures, which are passed on as they came; of a workbook only its values are. In doubt yes: what is
not passed on is named, and kept. Never raises because of the content.
"""

import io
import re
import zipfile
import zlib

from bot.reading.links import without_links
from bot.reading.sniff import OLE, RTF, ZIP

PASSED = frozenset({"docx", "doc", "odt", "pdf", "image"})  # kinds that can be told to be harmless
_LARGEST = 16 << 20  # bytes that are looked at, unpacked
_MEMBERS = re.compile(r"vba|macro|basic/|scripts/|activex|embeddings|object|\.bin$|\.js$|\.ole$|\.swf$", re.IGNORECASE)
_INSTRUCTIONS = re.compile(rb"<w:(?:instrText|delInstrText)\b[^<>]*>([^<>]*)<|\bw:instr\s*=\s*[\"']([^\"'<>]*)")
_FETCHES = re.compile(rb"(?i)DDE|INCLUDE|LINK|IMPORT|DATABASE|MACRO|AUTOTEXT")
_IN_XML = re.compile(
    rb"(?i)<(?:\w+:)?(?:object|control|altChunk|script|event-listener|dde-[a-z]+|plugin|applet)\b|<!ENTITY"
)
_IN_OLE = ("VBA", "Macros", "ObjectPool", "Ole10Native", "DDE", "MACROBUTTON")
_SECTOR, _WORD_STREAM = 512, b"\xec\xa5"
_IN_RTF = re.compile(rb"\\(?:object|objdata|objocx|fldinst)(?![a-zA-Z])")
_IN_PDF = re.compile(
    rb"/(?:JavaScript|JS|Launch|OpenAction|AA|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToR|GoToE|URI|Encrypt)\b"
)
_STREAM = re.compile(rb"stream\r?\n")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def is_active(data: bytes, kind: str) -> bool:
    """True for what may run, fetch or hold something, and for every kind that is not told here."""
    if kind == "image":
        return False
    if kind == "pdf":
        return _pdf(data)
    if kind not in PASSED or without_links(data) != data:
        return True
    if data.startswith(ZIP):
        return _package(data)
    if data.startswith(RTF):
        return bool(_IN_RTF.search(data))
    words = (word.encode(code) for word in _IN_OLE for code in ("ascii", "utf-16-le"))
    return not data.startswith(OLE) or _is_locked(data) or any(word in data for word in words)


def _is_locked(data: bytes) -> bool:
    """Whether a .doc is behind a password, so that its fields cannot be looked at ([MS-DOC] 2.5.2: fEncrypted)."""
    starts = (n for n in range(_SECTOR, len(data) - 12, _SECTOR) if data[n : n + 2] == _WORD_STREAM)
    return any(data[n + 11] & 1 for n in starts)


def _package(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(m.file_size for m in members) > _LARGEST or any(_MEMBERS.search(m.filename) for m in members):
                return True
            return any(_xml(archive.read(m)) for m in members if m.filename.lower().endswith((".xml", ".rels")))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, OSError):
        return True


def _xml(part: bytes) -> bool:
    if part[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in part[:200] or _IN_XML.search(part):
        return True
    # What is one instruction can be divided over many runs.
    return bool(_FETCHES.search(b"".join(one or other for one, other in _INSTRUCTIONS.findall(part))))


def _pdf(data: bytes) -> bool:
    """Names stand in the open, written with escapes, or in streams of objects that are packed."""
    left = _LARGEST
    for found in (None, *_STREAM.finditer(data)):
        text = data if found is None else _inflated(data, found.end(), left)
        left -= len(text) if found else 0
        if left <= 0 or _IN_PDF.search(_ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), text)):
            return True
    return False


def _inflated(data: bytes, start: int, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data[start:], most)
    except zlib.error:
        return b""

"""gzip, bzip2, xz and tar, alone or one in the other (.tar.gz): opened in memory, within the limits of ``members``."""

import bz2
import lzma
import re
import zlib
from typing import Any

from bot.mail.charsets import decode
from bot.mail.members import NESTING, Opened, beyond_limits, is_chaff, most_bytes, refused
from bot.mail.mime import Budget
from bot.mail.names import clean_name
from bot.mail.packed import tar_files

_GZIP, _BZIP2, _XZ = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0"
_XZ_MEMORY = 96 << 20  # bytes; an .xz may ask for 4 GB
_STREAMS = 20  # one behind the other in a file, as "cat a.gz b.gz" makes it
_NAMED = 0x08  # RFC 1952, 2.3.1: the name of the file stands behind the head
_ENDINGS = re.compile(r"(?i)\.(?:gz|bz2|xz|tgz|tbz2?|txz)$")


class _TooMuchError(Exception):
    """More than the limit comes out."""


def open_compressed(name: str, data: bytes, nesting: int, budget: Budget) -> Opened | None:
    """What is in it; None for bytes that are none of these. Takes from ``budget``. Never raises."""
    packed = data.startswith((_GZIP, _BZIP2, _XZ))
    if not packed and not _is_tar(data):
        return None
    if nesting >= NESTING:
        return refused(name, "archive_limits")
    try:
        inner = _unpacked(data, most_bytes(len(data), budget)) if packed else data
    except _TooMuchError:
        return refused(name, "archive_limits")
    except Exception:  # zlib.error, OSError of bz2, LZMAError, EOFError: cut short or patched
        return refused(name, "archive_damaged")
    members = [(_name_inside(name, data), inner)]
    if _is_tar(inner):
        members, whole = tar_files(inner, budget.members)
        if not whole:
            return refused(name, "archive_damaged")
    if beyond_limits(len(members), sum(len(content) for _, content in members), len(data), budget) and packed:
        return refused(name, "archive_limits")
    if len(members) > budget.members:
        return refused(name, "archive_limits")
    kept = [(clean_name(path) or f"{n}", content) for n, (path, content) in enumerate(members, 1) if not is_chaff(path)]
    budget.members -= len(members)
    budget.unpacked -= sum(len(content) for _, content in members)
    return Opened(tuple(kept)) if kept else refused(name, "empty")


def _is_tar(data: bytes) -> bool:
    return data[257:262] == b"ustar"


def _unpacked(data: bytes, most: int) -> bytes:
    """All streams of the file. Rubbish behind the first one is left, as gzip does."""
    out = b""
    for number in range(_STREAMS):
        try:
            stream = _stream(data)
            out += stream.decompress(data, most - len(out) + 1)
        except Exception:
            if number:
                break
            raise
        if len(out) > most:
            raise _TooMuchError
        if not stream.eof:
            raise EOFError
        data = stream.unused_data
        if not data.startswith((_GZIP, _BZIP2, _XZ)):
            break
    return out


def _stream(data: bytes) -> Any:
    if data.startswith(_GZIP):
        return zlib.decompressobj(wbits=31)
    return bz2.BZ2Decompressor() if data.startswith(_BZIP2) else lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


def _name_inside(name: str, data: bytes) -> str:
    """The name that gzip keeps, else that of the archive without its ending."""
    if data.startswith(_GZIP) and data[3] & _NAMED and not data[3] & 0x04:
        kept = clean_name(decode(data[10:500].split(b"\0")[0]))
        if kept:
            return kept
    return _ENDINGS.sub("", name) or name

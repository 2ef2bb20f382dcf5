"""Archives in memory: told by their bytes, bounded by their directory before anything is inflated.

Only zip is opened; another kind is one more row of ``OPENERS``. Nothing is written, no name is a path.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from bot.mail.charsets import decode
from bot.mail.mime import Budget
from bot.mail.names import clean_name
from bot.model.mail import Refused

RATIO = 200  # unpacked to packed; a table of numbers reaches about 20
NESTING = 2  # an archive in an archive
DIRECTORY_BYTES = 1 << 20  # zipfile reads the whole directory at once: 1 MB are some 10,000 entries

# Members that make a zip one document: OOXML, OPC packages in general, OFD, iWork; ODF needs two.
_DOCUMENT_MEMBERS = frozenset(
    {
        "xl/workbook.xml",
        "xl/workbook.bin",
        "word/document.xml",
        "ppt/presentation.xml",
        "[content_types].xml",
        "ofd.xml",
        "index/document.iwa",
    }
)
_ODF_MEMBERS = frozenset({"content.xml", "mimetype"})
# The names stand uncompressed in the file: this tells a damaged workbook from a damaged archive.
_DOCUMENT_BYTES = (
    b"[Content_Types].xml",
    b"xl/workbook.xml",
    b"xl\\workbook.xml",
    b"word/document.xml",
    b"mimetypeapplication/vnd.oasis",
)
# What operating systems put beside the files of their users.
_SYSTEM_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
# LZMA is left out: its header alone may ask for 4 GB. Others are unknown to zipfile.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_ENCRYPTED, _UTF8 = 0x1, 0x800  # general purpose bits 0 and 11 (APPNOTE 4.4.4)


@dataclass(frozen=True, slots=True)
class Opened:
    """The files of an archive, (name, bytes), and what could not be taken out of it."""

    members: tuple[tuple[str, bytes], ...] = ()
    refused: tuple[Refused, ...] = ()


def open_archive(name: str, data: bytes, nesting: int, budget: Budget) -> Opened | None:
    """What is in an archive that lies in ``nesting`` others; None for bytes that are no archive that can be opened.

    Takes members and bytes from ``budget``. Never raises.
    """
    opener = next((o for magic, o in OPENERS if data.startswith(magic)), None)
    return opener(name, data, nesting, budget) if opener else None


def _open_zip(name: str, data: bytes, nesting: int, budget: Budget) -> Opened | None:
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    if end >= 0 and int.from_bytes(data[end + 12 : end + 16], "little") > DIRECTORY_BYTES:
        return _refused(name, "archive_limits")
    try:
        # Without metadata_encoding zipfile decodes as cp437, which loses nothing: a name that is not valid
        # gb18030 would raise for the whole archive, and macOS writes UTF-8 without the bit that says so.
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception:  # BadZipFile, struct.error, NotImplementedError, ValueError, OverflowError: a damaged directory
        return None if any(mark in data for mark in _DOCUMENT_BYTES) else _refused(name, "archive_damaged")
    with archive:
        infos = archive.infolist()
        if _is_document(infos):
            return None
        if nesting >= NESTING or _beyond_limits(infos, len(data), budget):
            return _refused(name, "archive_limits")
        return _read(name, archive, [i for i in infos if not _is_chaff(i)], budget)


def _is_document(infos: list[zipfile.ZipInfo]) -> bool:
    names = {info.orig_filename.replace("\\", "/").lower() for info in infos[:5000]}
    return bool(names & _DOCUMENT_MEMBERS) or names >= _ODF_MEMBERS


def _beyond_limits(infos: list[zipfile.ZipInfo], size: int, budget: Budget) -> bool:
    """By what the directory declares; zipfile raises on a member that holds more than was declared."""
    unpacked = sum(info.file_size for info in infos)
    return len(infos) > budget.members or unpacked > budget.unpacked or unpacked > RATIO * max(size, 1)


def _is_chaff(info: zipfile.ZipInfo) -> bool:
    path = info.orig_filename.replace("\\", "/").lower()
    return path.endswith("/") or path.startswith("__macosx/") or path.rsplit("/", 1)[-1] in _SYSTEM_FILES


def _read(name: str, archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], budget: Budget) -> Opened:
    members: list[tuple[str, bytes]] = []
    refused: list[Refused] = []
    budget.members -= len(infos)
    for number, info in enumerate(infos, 1):
        member = clean_name(_member_name(info)) or f"{number}"
        if info.flag_bits & _ENCRYPTED:
            refused.append(Refused(name, "archive_encrypted"))
            continue
        budget.unpacked -= info.file_size
        try:
            if info.compress_type not in _METHODS:
                raise NotImplementedError(info.compress_type)
            members.append((member, archive.read(info)))
        except Exception:  # BadZipFile (CRC, lying size, other local name), zlib.error, EOFError, OSError, Deflate64
            refused.append(Refused(member, "archive_damaged"))
    if not infos:
        refused.append(Refused(name, "empty"))
    return Opened(tuple(members), tuple(dict.fromkeys(refused)))


def _member_name(info: zipfile.ZipInfo) -> str:
    """Bit 11 says UTF-8; without it Chinese programs write GBK, and macOS writes UTF-8."""
    if info.flag_bits & _UTF8:
        return info.orig_filename
    return decode(info.orig_filename.encode("cp437", "replace"))


def _refused(name: str, code: str) -> Opened:
    return Opened(refused=(Refused(name, code),))


Opener = Callable[[str, bytes, int, Budget], Opened | None]
OPENERS: tuple[tuple[bytes, Opener], ...] = ((b"PK\x03\x04", _open_zip), (b"PK\x05\x06", _open_zip))

"""Archives in memory: told by their bytes, bounded by their directory before anything is inflated.

A zip is opened here, gzip, tar and their like by ``compressed``, rar, 7z and winmail.dat by ``packed``. Nothing is
written, no name is a path.
"""

import io
import zipfile

from bot.mail import packed
from bot.mail.charsets import decode
from bot.mail.compressed import open_compressed
from bot.mail.members import NESTING, Opened, beyond_limits, is_chaff, refused
from bot.mail.mime import Budget
from bot.mail.names import clean_name
from bot.mail.packed import Unpacker
from bot.model.mail import Refused

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
# A damaged one of these is a damaged document for whoever sent it, and no archive.
_DOCUMENT_ENDINGS = (".xlsx", ".xlsm", ".xltx", ".docx", ".docm", ".dotx", ".ods", ".odt", ".et", ".wps")
_DOCUMENT_BYTES = (
    b"[Content_Types].xml",
    b"docProps/",  # openpyxl writes this first and the workbook's own part last: half a file may lack that
    b"xl/worksheets/",
    b"xl/workbook.xml",
    b"xl\\workbook.xml",
    b"word/document.xml",
    b"mimetypeapplication/vnd.oasis",
)
# LZMA is left out: its header alone may ask for 4 GB. Others are unknown to zipfile.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_ENCRYPTED, _UTF8 = 0x1, 0x800  # general purpose bits 0 and 11 (APPNOTE 4.4.4)


# The last two begin an archive that was, or could have been, divided (APPNOTE 8.5.4).
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK", b"PK00PK")


def open_archive(
    name: str, data: bytes, nesting: int, budget: Budget, unpacker: Unpacker | None = None
) -> Opened | None:
    """What is in an archive that lies in ``nesting`` others; None for bytes that are no archive.

    Takes members and bytes from ``budget``. Never raises; without ``unpacker`` only a zip is opened.
    """
    if data.startswith(_ZIP):
        return _open_zip(name, data, nesting, budget)
    compressed = open_compressed(name, data, nesting, budget)
    return compressed or packed.open_packed(name, data, nesting, budget, unpacker)


def _open_zip(name: str, data: bytes, nesting: int, budget: Budget) -> Opened | None:
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    if end >= 0 and int.from_bytes(data[end + 12 : end + 16], "little") > DIRECTORY_BYTES:
        return refused(name, "archive_limits")
    try:
        # Without metadata_encoding zipfile decodes as cp437, which loses nothing: a name that is not valid
        # gb18030 would raise for the whole archive, and macOS writes UTF-8 without the bit that says so.
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception:  # BadZipFile, struct.error, NotImplementedError, ValueError, OverflowError: a damaged directory
        known = name.lower().endswith(_DOCUMENT_ENDINGS) or any(mark in data for mark in _DOCUMENT_BYTES)
        return None if known else refused(name, "archive_damaged")
    with archive:
        infos = archive.infolist()
        if _is_document(infos):
            return None
        if nesting >= NESTING or _too_much(infos, len(data), budget):
            return refused(name, "archive_limits")
        return _read(name, archive, [i for i in infos if not is_chaff(i.orig_filename)], budget)


def _is_document(infos: list[zipfile.ZipInfo]) -> bool:
    names = {info.orig_filename.replace("\\", "/").lower() for info in infos[:5000]}
    return bool(names & _DOCUMENT_MEMBERS) or names >= _ODF_MEMBERS


def _too_much(infos: list[zipfile.ZipInfo], size: int, budget: Budget) -> bool:
    """By what the directory declares; zipfile raises on a member that holds more than was declared."""
    return beyond_limits(len(infos), sum(info.file_size for info in infos), size, budget)


def _read(name: str, archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], budget: Budget) -> Opened:
    members: list[tuple[str, bytes]] = []
    broken: list[Refused] = []
    budget.members -= len(infos)
    for number, info in enumerate(infos, 1):
        member = clean_name(_member_name(info)) or f"{number}"
        if info.flag_bits & _ENCRYPTED:
            broken.append(Refused(name, "archive_encrypted"))
            continue
        budget.unpacked -= info.file_size
        if info.compress_type not in _METHODS:
            broken.append(Refused(member, "archive_damaged"))
            continue
        try:
            members.append((member, archive.read(info)))
        except Exception:  # BadZipFile (CRC, lying size, other local name), zlib.error, EOFError, OSError, Deflate64
            broken.append(Refused(member, "archive_damaged"))
    if not infos:
        broken.append(Refused(name, "empty"))
    return Opened(tuple(members), tuple(dict.fromkeys(broken)))


def _member_name(info: zipfile.ZipInfo) -> str:
    """Bit 11 says UTF-8; without it Chinese programs write GBK, and macOS writes UTF-8."""
    if info.flag_bits & _UTF8:
        return info.orig_filename
    return decode(info.orig_filename.encode("cp437", "replace"))

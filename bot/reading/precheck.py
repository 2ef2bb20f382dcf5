"""A look at a workbook that is a zip, before a reader opens it.

Sizes come from the central directory and are held to: Python's zipfile stops at the declared size, so a
directory that lies makes a damaged file here and never a large one. It sees the extent of .xlsx sheets
only; other kinds, and .xlsb, are left to the limits of the guarded process.
"""

import io
import re
import zipfile

MEMBERS = 400
INFLATED = 32 << 20  # bytes, all members together; a form is under 100 KB
RATIO = 200  # inflated to packed, for what is larger than SMALL
SMALL = 4 << 20
# A cell with a value in column AAA or beyond, or in row 10000 or below. Readers that lay a sheet out densely
# would ask for gigabytes; an empty cell that only carries a style (WPS formats whole columns) costs nothing.
FAR = re.compile(
    rb"""<(?:\w+:)?c\b(?=[^<>]*?\br\s*=\s*["'](?:[A-Z]{3,}\d|[A-Z]*\d{5}))[^<>]*+(?<!/)>\s*+<(?:\w+:)?(?:v|is|f)\b"""
)
PARSED = (".xml", ".rels", ".bin", "mimetype")  # members that a reader opens; pictures it does not
ENCRYPTED = 0x1  # general purpose bit 0 (APPNOTE 4.4.4)


def precheck(data: bytes, *, strays: bool = False) -> str | None:
    """A code of ``[unreadable]`` for what must not be opened, or None. Never raises on content. ``strays``: far
    cells are no reason, because the reader cuts them out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _refusal(archive, strays)
    except MemoryError:
        raise
    except Exception:
        # Cut short or patched: BadZipFile, zlib.error, EOFError, NotImplementedError (compression), and
        # struct.error or ValueError from a hand-made directory.
        return "damaged"


def _refusal(archive: zipfile.ZipFile, strays: bool) -> str | None:
    members = archive.infolist()
    inflated = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MEMBERS or inflated > INFLATED:
        return "too_complex"
    if inflated > SMALL and inflated > RATIO * max(packed, 1):
        return "too_complex"
    if any(member.flag_bits & ENCRYPTED for member in members):
        return "encrypted"
    for member in members:
        name = member.filename.replace("\\", "/").lower()
        if name.endswith(PARSED):
            # One byte more than declared: only so a size that lies is found out (BadZipFile), and a plain
            # read() would first inflate all that is there.
            with archive.open(member) as part:
                inside = part.read(member.file_size + 1)
            if not strays and name.startswith("xl/worksheets/") and FAR.search(inside):
                return "too_complex"
    return None

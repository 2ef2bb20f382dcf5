"""Bytes -> Opened: which reader opens which kind. Runs in the guarded process only.

Another container is another line in READERS.
"""

import io
from collections.abc import Callable
from dataclasses import replace

from bot.reading import delimited, markup, opendocument, package, pdf, picture, twofold, wordfile, workbook
from bot.reading.opened import REFUSED, Opened
from bot.reading.precheck import precheck
from bot.reading.sniff import BARE_BIFF, OLE, ZIP, is_encrypted_package, kind_of

DEFAULT_PASSWORD = "VelvetSweatshop"
READERS: dict[str, Callable[[bytes, str], Opened]] = {
    "xlsx": workbook.opened,
    "xls": workbook.opened,
    "ods": workbook.opened,
    "pdf": pdf.opened,
    "image": picture.opened,
    "docx": wordfile.opened,
    "odt": opendocument.opened,
    "html": markup.opened,
    "csv": delimited.opened,
}

HOLDING = frozenset({"xlsx", "xls", "ods", "docx", "odt"})  # kinds in which other files and pictures lie


def open_bytes(data: bytes, tell: Callable[[str], None]) -> Opened:
    """The file's grids, or why there are none. ``tell`` hears the kind before anything is opened, so that
    it is known even if the reader does not come back. MemoryError passes; nothing else is raised."""
    kind = kind_of(data)
    tell(kind)
    if kind in ("ods", "odt") and not data.startswith(ZIP):
        data = package.of_flat(data, kind)
    opened = _opened(data, kind)
    if opened.unreadable != "encrypted":
        return opened
    plain = _unlocked(data)
    again = _opened(plain, kind_of(plain)) if plain else opened
    return opened if again.kind == "other" else again


def _opened(data: bytes, kind: str) -> Opened:
    reader = None if is_encrypted_package(data) else READERS.get(kind)
    if reader is None:
        return Opened(kind, unreadable="encrypted" if _wants_password(data) else kind)
    refusal = precheck(data, strays=kind == "xlsx") if data.startswith(ZIP) else None
    if refusal:
        return Opened(kind, unreadable=refusal)
    try:
        return _with_contents(reader(data, kind), data)
    except workbook.Malformed:
        return Opened(kind, unreadable="damaged")
    except workbook.Encrypted:
        return Opened(kind, unreadable="encrypted")
    except MemoryError:
        raise
    except BaseException:
        # Whatever a damaged file makes of a reader: CalamineError, and pyo3's PanicException, which
        # derives from BaseException ("range start index out of range" on a truncated .xls).
        if _wants_password(data):
            return Opened(kind, unreadable="encrypted")
        return Opened(kind, unreadable=REFUSED if _is_whole(data, kind) else "damaged")


def _is_whole(data: bytes, kind: str) -> bool:
    """Whether a workbook that its reader refuses may be one all the same: a zip of which every part is there, or a
    sheet as programs wrote it before 1993. What was cut short would be opened by other programs in part."""
    return (kind in ("xlsx", "ods") and data.startswith(ZIP)) or data.startswith(BARE_BIFF)


def _unlocked(data: bytes) -> bytes | None:
    """The file behind the password that every spreadsheet program tries first; None when it is another one.

    Excel protects a workbook's structure, or marks it as final, with this password, and no one is asked for it
    ([MS-OFFCRYPTO] 2.4.2.3 footnote; LibreOffice and WPS do the same)."""
    import msoffcrypto

    plain = io.BytesIO()
    try:
        file = msoffcrypto.OfficeFile(io.BytesIO(data))
        file.load_key(password=DEFAULT_PASSWORD)
        file.decrypt(plain)
    except MemoryError:
        raise
    except Exception:
        # InvalidKeyError, DecryptionError, and what damage makes of a parser: ParseError, struct.error, ElementTree's.
        return None
    return plain.getvalue()


def _with_contents(opened: Opened, data: bytes) -> Opened:
    """What is not the matter of one reader: notes typed as raised characters, and what lies inside."""
    files, pictures = package.contents(data) if opened.kind in HOLDING else ((), ())
    return replace(
        opened,
        grids=twofold.noted(opened.grids),
        hidden=twofold.noted(opened.hidden),
        seen=twofold.noted(opened.seen),
        enclosed=files,
        pictures=pictures,
    )


def _wants_password(data: bytes) -> bool:
    """Whether an old binary file is behind a password: calamine only says that it cannot tell its format."""
    if not data.startswith(OLE):
        return False
    import msoffcrypto

    try:
        return bool(msoffcrypto.OfficeFile(io.BytesIO(data)).is_encrypted())
    except Exception:
        # No Office file, or a damaged one: FileFormatError, ParseError, struct.error, OSError of olefile.
        return False

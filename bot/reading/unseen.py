"""The workbook as it looks: without what stands in rows that are hidden. Runs in the guarded process only.

People copy last month's row or form, hide the old one, and type the new one below: nobody who looks at the sheet
sees the old numbers, so they must not be taken for the report. Readers give no word about hidden rows.
"""

import io
import re
import zipfile

from bot.reading import biff, strays
from bot.reading.sniff import OLE, ZIP

# No "<" inside a tag, so that a page of "<row" costs no more than its length.
_XLSX = re.compile(rb"""<((?:\w+:)?row)\b[^<>]*\shidden\s*=\s*["'](?:1|true)["'][^<>]*(?<!/)>""")
_ODS = re.compile(rb"""<((?:\w+:)?table-row)\b[^<>]*:visibility\s*=\s*["'](?:collapse|filter)["'][^<>]*(?<!/)>""")


def as_seen(data: bytes) -> bytes | None:
    """The workbook with its hidden rows emptied; None when none is hidden, or on damage that readers may forgive."""
    try:
        if data.startswith(ZIP):
            return _zip_as_seen(data)
        return biff.without_hidden_rows(data) if data.startswith(OLE) else None
    except MemoryError:
        raise
    except Exception:
        # What zipfile, olefile and struct raise on damage; ``workbook`` reads the file as it is, or refuses it.
        return None


def _zip_as_seen(data: bytes) -> bytes | None:
    changed: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            even = name.replace("\\", "/").lower()
            is_sheet = even.startswith("xl/worksheets/") and even.endswith(".xml")
            if not is_sheet and even != "content.xml":
                continue
            xml = archive.read(name)
            seen = _emptied(xml, _XLSX if is_sheet else _ODS)
            if seen != xml:
                changed[name] = seen
        return strays.rewritten(archive, changed) if changed else None


def _emptied(xml: bytes, hidden: re.Pattern[bytes]) -> bytes:
    """The sheet with nothing between the tags of these rows. The rows stay: those below keep their places."""
    kept: list[bytes] = []
    position = 0
    for found in hidden.finditer(xml):
        end = xml.find(b"</" + found[1], found.end())
        if end < 0:
            break
        kept.append(xml[position : found.end()])
        position = end
    return b"".join([*kept, xml[position:]])

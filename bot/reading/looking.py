"""Bytes of a workbook -> how its sheets look, whatever kind it is. Runs in the guarded process only."""

from bot.reading import lookods, lookxls, lookxlsx
from bot.reading.looks import Look
from bot.reading.sniff import OLE, ZIP
from bot.reading.xmlfile import TooMuch


def looks(data: bytes, kind: str) -> tuple[dict[str, Look], bool]:
    """The look of each sheet by its name, as far as there is anything to tell; and whether its formulas wait to be
    computed. ``TooMuch`` where it cannot be told; nothing for what is so damaged that only the reader opens it."""
    try:
        if data.startswith(ZIP):
            return lookods.looks(data) if kind == "ods" else lookxlsx.looks(data)
        return lookxls.looks(data) if data.startswith(OLE) else ({}, False)
    except (MemoryError, TooMuch):
        raise
    except Exception:
        # What zipfile, olefile, struct and expat raise on damage.
        return {}, False

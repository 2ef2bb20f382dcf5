"""A page of a PDF drawn anew by PDFium: notes and form fields made part of the page, a turned page set upright.

Runs in the guarded process only. What the page shows is then characters and lines like any other, in their places.
"""

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Self

# Kinds of annotations that show nothing of their own on the page, or no text and nothing that covers one.
_SILENT = frozenset({"Link", "Popup", "Text", "Sound", "FileAttachment", "Highlight", "Underline", "Squiggly"})
_HIDDEN = 0x02 | 0x20  # flags Hidden and NoView (ISO 32000-1, table 165)
_LOOKED_AT = 500  # annotations of a page


def notes(page: Any) -> list[Mapping[str, Any]]:
    """What lies over a page (of pdfplumber): typed notes, stamps, fields, lines through the text."""
    return [note for note in page.annots[:_LOOKED_AT] if _shows(note["data"])]


def _shows(data: Mapping[str, Any]) -> bool:
    kind = getattr(data.get("Subtype"), "name", "")
    flags = data.get("F")
    return kind not in _SILENT and not (isinstance(flags, int) and flags & _HIDDEN)


def says_something(note: Mapping[str, Any]) -> bool:
    """Whether a note or a field holds a text that must be seen after it was drawn."""
    kind = getattr(note["data"].get("Subtype"), "name", "")
    text = note["data"].get("V") if kind == "Widget" else note["data"].get("Contents") if kind == "FreeText" else None
    return isinstance(text, bytes | str) and bool(text.strip())


def turn_of(chars: Iterable[Mapping[str, Any]]) -> int:
    """By how many degrees, clockwise, a page must be turned so that most of its text stands upright."""
    turns: Counter[int] = Counter()
    for char in chars:
        a, b = char["matrix"][:2]
        turns[(0 if a >= 0 else 180) if abs(a) >= abs(b) else (90 if b > 0 else 270)] += 1
    return max(turns, key=lambda turn: (turns[turn], -turn), default=0)


class Redrawing:
    """A document that is opened by PDFium when its first page is to be redrawn."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._document: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._document is not None:
            self._document.close()

    def page(self, number: int, turn: int) -> bytes:
        """A document of this one page. Raises PdfiumError on damage."""
        import pypdfium2
        import pypdfium2.raw

        if self._document is None:
            self._document = pypdfium2.PdfDocument(self._data)
            self._document.init_forms()  # fields without a drawing of their own get one
        page = self._document[number]
        pypdfium2.raw.FPDFPage_Flatten(page.raw, pypdfium2.raw.FLAT_NORMALDISPLAY)
        page.set_rotation((page.get_rotation() + turn) % 360)
        page.close()
        single = pypdfium2.PdfDocument.new()
        single.import_pages(self._document, [number])
        out = io.BytesIO()
        single.save(out)
        single.close()
        return out.getvalue()

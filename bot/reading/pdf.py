"""A PDF with a text layer -> grids, by pdfplumber. Runs in the guarded process only.

A PDF can mislead where a workbook cannot: what it holds is where characters were printed. So what is read
from it counts as follows.

- A ruled table, each text within its lines, on a page that is no picture: as certain as the sums written in
  it. Where these agree with the numbers (``documents`` looks), a glyph that was lost or moved would show: exact.
- Columns that were found by position alone, a text that crosses a line, a text layer over a picture (which a
  scanner's own recognition wrote): a person confirms it.
- Texts of two cells over each other, as a sheet with columns too narrow is printed ("138001380农村公路改造"):
  cells cannot be told, and the sender is asked for the workbook.

A page without text is a picture, and is left to the slow process.
"""

import io
import time
from typing import Any

from bot.model.forms import Grid
from bot.reading import boxes, picture, ruled
from bot.reading.opened import Opened
from bot.reading.runs import colliding, runs

PAGES = 10
SECONDS = 2.5  # after which no further page is begun; the process has four of CPU time
CHARACTERS = 20_000  # of one page; a full page of small print has 4,000
STROKES = 4_000  # lines and rectangles of one page; finding tables takes their square
FEWEST = 8  # characters of all pages; below, the text is a page number over a picture
COVERED = 0.5  # of the page: a picture so large is the page itself


class _Pages:
    """What was found on the pages so far."""

    def __init__(self) -> None:
        self.ruled: list[Grid] = []
        self.placed: list[Grid] = []
        self.doubtful = False
        self.glued = False
        self.pictures = False
        self.cut = False
        self.characters = 0

    def add(self, page: Any, name: str) -> None:
        chars = page.chars
        if not _is_simple(page):
            self.cut = True
            return
        upright = [char for char in chars if char["upright"] and char["text"].strip()]
        self.characters += len(upright)
        self.pictures = self.pictures or _is_picture(page) or 2 * len(upright) < len(chars)
        words = runs(chars)
        struck = colliding(words)
        try:
            tables = [ruled.Table(table.cells) for table in page.find_tables()]
            if any(table.is_one for table in tables):
                grid, crossing = ruled.grid(tables, words, struck, name)
                self.ruled.append(grid)
                self.doubtful = self.doubtful or crossing
            elif struck:
                raise ruled.Glued
        except ruled.Glued:
            self.glued = True
            return
        self.placed.append(boxes.grid(words, name))


def opened(data: bytes, kind: str) -> Opened:
    """The pages as grids; as ``hidden`` the same by position alone, for a table whose lines are not whole.
    Raises anything on damage."""
    import pdfplumber
    from pdfplumber.utils.exceptions import PdfminerException

    found = _Pages()
    started = time.monotonic()
    try:
        # One page more than is read, to know whether there are more.
        with pdfplumber.open(io.BytesIO(data), pages=list(range(1, PAGES + 2))) as document:
            for number, page in enumerate(document.pages):
                if number == PAGES or time.monotonic() - started > SECONDS:
                    found.cut = True
                    break
                found.add(page, f"{number + 1}")
                page.close()
    except PdfminerException as error:
        if _is_password(error):
            return Opened(kind, unreadable="encrypted")
        raise
    return _answer(found, kind)


def _answer(found: _Pages, kind: str) -> Opened:
    if found.characters < FEWEST or (found.pictures and picture.can_be_read()):
        return Opened(kind, slow=True) if picture.can_be_read() else Opened(kind, unreadable="pdf")
    doubtful = found.doubtful or found.glued or found.pictures
    return Opened(
        kind,
        tuple(found.ruled),
        tuple(found.placed),
        found.cut,
        unreadable="pdf" if found.glued else None,
        confidence="confirm" if doubtful else "summed",
    )


def _is_simple(page: Any) -> bool:
    return len(page.chars) <= CHARACTERS and len(page.lines) + len(page.rects) + len(page.curves) <= STROKES


def _is_picture(page: Any) -> bool:
    area = float(page.width) * float(page.height)
    return any(float(image["width"]) * float(image["height"]) > COVERED * area for image in page.images)


def _is_password(error: BaseException) -> bool:
    """pdfplumber wraps what pdfminer raises: PdfminerException(PDFPasswordIncorrect())."""
    from pdfminer.pdfdocument import PDFPasswordIncorrect

    return any(
        isinstance(inner, PDFPasswordIncorrect) for inner in (error, error.__cause__, error.__context__, *error.args)
    )

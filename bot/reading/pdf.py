"""A PDF with a text layer -> grids, by pdfplumber. Runs in the guarded process only.

A PDF can mislead where a workbook cannot: what it holds is where characters were printed. So what is read
from it counts as follows.

- A ruled table, each text within its lines, on a page that is no picture: as certain as the sums written in
  it. Where these agree with the numbers (``documents`` looks), a glyph that was lost or moved would show: exact.
- Columns that were found by position alone, a text that crosses a line, a text layer over a picture (which a
  scanner's own recognition wrote): a person confirms it.
- Texts of two cells over each other, as a sheet with columns too narrow is printed ("138001380农村公路改造"):
  cells cannot be told, and the sender is asked for the workbook.

A page without text is a picture, and is left to the slow process. A page that is turned, or on which notes and fields
lie, is drawn anew first (``redrawn``); what is covered, struck out or raised is told from what is seen (``pagemarks``).
"""

import io
import time
from collections.abc import Mapping
from typing import Any

from bot.model.forms import Grid
from bot.reading import boxes, picture, ruled
from bot.reading.opened import Opened
from bot.reading.pagemarks import Marks, TooMany, marks
from bot.reading.redrawn import Redrawing, notes, says_something, turn_of
from bot.reading.runs import Run, colliding, runs
from bot.reading.twofold import clean, marked, told

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

    def add(self, page: Any, name: str, own: Mapping[str, int] | None = None) -> None:
        """One page. ``own`` as in ``pagemarks.marks``."""
        chars = page.chars
        if not _is_simple(page):
            self.cut = True
            return
        upright = [char for char in chars if char["upright"] and char["text"].strip()]
        self.characters += len(upright)
        self.pictures = self.pictures or _is_picture(page) or 2 * len(upright) < len(chars)
        try:
            told_apart = marks(page, own)
            words = _words(told_apart)
            struck = colliding(words)
            dropped = told_apart.dropped
            shown = page.filter(lambda item: id(item) not in dropped) if dropped else page
            tables = [ruled.Table(table.cells) for table in shown.find_tables()]
            words += runs({**char, "text": marked(clean(char["text"]), "covered")} for char in told_apart.covered)
            if any(table.is_one for table in tables):
                grid, crossing = ruled.grid(tables, words, struck, name)
                self.ruled.append(told(grid))
                self.doubtful = self.doubtful or crossing
            elif struck:
                raise ruled.Glued
        except (ruled.Glued, TooMany):
            self.glued = True
            return
        self.placed.append(told(boxes.grid(words, name)))


def _words(told_apart: Marks) -> list[Run]:
    """What is printed on the page, and what was laid over it."""
    own = len(told_apart.chars) - told_apart.typed
    return runs(told_apart.chars[:own]) + runs(told_apart.chars[own:], typed=True)


def opened(data: bytes, kind: str) -> Opened:
    """The pages as grids; as ``hidden`` the same by position alone, for a table whose lines are not whole.
    Raises anything on damage."""
    import pdfplumber
    from pdfplumber.utils.exceptions import PdfminerException

    found = _Pages()
    started = time.monotonic()
    try:
        # One page more than is read, to know whether there are more.
        with (
            Redrawing(data) as redrawing,
            pdfplumber.open(io.BytesIO(data), pages=list(range(1, PAGES + 2))) as document,
        ):
            for number, page in enumerate(document.pages):
                if number == PAGES or time.monotonic() - started > SECONDS:
                    found.cut = True
                    break
                _add(found, page, number, redrawing)
                page.close()
    except PdfminerException as error:
        if _is_password(error):
            return Opened(kind, unreadable="encrypted")
        raise
    return _answer(found, kind)


def _add(found: _Pages, page: Any, number: int, redrawing: Redrawing) -> None:
    import pdfplumber

    over, turn = notes(page), turn_of(page.chars)
    if (not over and not turn) or not _is_simple(page):
        found.add(page, f"{number + 1}")
        return
    own = {"chars": len(page.chars), "rects": len(page.rects)}
    with pdfplumber.open(io.BytesIO(redrawing.page(number, turn))) as document:
        (again,) = document.pages
        if any(map(says_something, over)) and len(again.chars) == own["chars"]:
            found.glued = True  # what was filled in does not show
            found.characters += own["chars"]
            return
        found.add(again, f"{number + 1}", own)


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

"""HTML -> grid: files that Excel, WPS and web systems call .xls, web archives (.mht), and the body of a mail.

Runs in the guarded process only. The page becomes one grid, as a spreadsheet lays it out: each paragraph takes a
row, each table its rows below, with rowspan and colspan as merges. Nothing is fetched and no script is run. What
is quoted from an older mail stands apart, as ``hidden``. SpreadsheetML is read by ``spreadsheetml``.
"""

import re
from typing import Any

from bot.model.forms import Cell, Grid
from bot.reading.canvas import Item, Row, Spot, laid_out
from bot.reading.charset import decoded
from bot.reading.opened import CELLS, COLUMNS, ROWS, SHEETS, Opened
from bot.reading.quoting import Marked, begins_quote, is_quote, parted
from bot.reading.spreadsheetml import is_spreadsheetml, worksheets

LARGEST = 8 << 20  # bytes of one page; an honest form takes 100 KB, and the tree of elements many times its text
PAGE_CELLS = 60_000  # cells that are collected: python takes 20 microseconds for each
ITEMS = 2 * ROWS  # paragraphs and rows that are collected: half of them may be quoted
_UNSEEN = frozenset(
    {"script", "style", "head", "title", "template", "noscript", "object", "svg", "textarea", "select", "iframe"}
)
_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "dl", "dt", "dd", "hr", "pre", "blockquote", "section", "article", "center", "form"}
) | {*("h1", "h2", "h3", "h4", "h5", "h6", "caption", "tr", "td", "th", "tbody", "thead", "tfoot", "body")}
_PARTS = frozenset({"thead", "tbody", "tfoot"})
_HIDDEN = re.compile(r"(?i)display\s*:\s*none")
_NOT_MERGED = re.compile(r"(?i)mso-ignore\s*:\s*colspan")  # Excel's run of blank cells, which are none the less apart
_BLANKS = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_MAIL_HEAD = re.compile(rb"(?i)\s*[a-z][a-z-]*:")


class _Full(Exception):
    """More than a grid can hold."""


def opened(data: bytes, kind: str) -> Opened:
    """One grid a page, a grid a worksheet. Raises anything on damage."""
    if len(data) > LARGEST:
        return Opened(kind, unreadable="too_complex")
    pages = _html_parts(data) if _MAIL_HEAD.match(data) else [decoded(data)]
    grids: list[Grid] = []
    hidden: list[Grid] = []
    left, cut = CELLS, len(pages) > SHEETS
    for page in pages[:SHEETS]:
        if is_spreadsheetml(page):
            return worksheets(page, kind)
        collected = _Page()
        try:
            collected.read(page)
        except _Full:
            cut = True
        for items, shelf in zip(parted(collected.items), (grids, hidden), strict=True):
            grid, canvas = laid_out(items, left)
            left, cut = canvas.left, cut or canvas.cut
            if grid.rows:
                shelf.append(grid)
    return Opened(kind, tuple(grids), tuple(hidden), cut)


def _html_parts(data: bytes) -> list[str]:
    """The pages of a web archive (RFC 2557), which is a mail."""
    import email
    from email.policy import compat32

    message = email.message_from_bytes(data, policy=compat32)
    bodies = [part.get_payload(decode=True) for part in message.walk() if part.get_content_type() == "text/html"]
    return [decoded(body) for body in bodies if isinstance(body, bytes)]


class _Page:
    """Collects the paragraphs and table rows of a page, in reading order. ``items`` tells which are quoted."""

    def __init__(self) -> None:
        self.items: list[Marked] = []
        self._text: list[str] = []
        self._tables = 0
        self._cells = 0
        self._rest_is_quoted = False
        self._lines_count = False  # inside pre

    def read(self, page: str) -> None:
        from lxml import etree
        from lxml import html as lxml_html

        parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
        try:
            root = lxml_html.document_fromstring(page.replace("\0", "").encode("utf-8", "replace"), parser=parser)
        except etree.ParserError:
            return  # "<!---->" alone: Document is empty
        self._flow(root, False)
        self._end(False)

    def _flow(self, element: Any, quoted: bool) -> None:
        self._text.append(element.text or "")
        for child in element:
            tag = child.tag
            if tag == "table":
                self._end(quoted)
                if not _is_hidden(child):
                    self._table(child, quoted or is_quote(child))
            elif isinstance(tag, str) and tag not in _UNSEEN and not _is_hidden(child):
                self._inside(child, tag, quoted)
            self._text.append(child.tail or "")

    def _inside(self, child: Any, tag: str, quoted: bool) -> None:
        quote = is_quote(child)
        apart = quote or tag == "br" or tag in _BLOCKS
        if apart:
            self._end(quoted)
        self._rest_is_quoted = self._rest_is_quoted or begins_quote(child)
        before, self._lines_count = self._lines_count, self._lines_count or tag == "pre"
        self._flow(child, quoted or quote)
        if apart:
            self._end(quoted or quote)
        self._lines_count = before

    def _end(self, quoted: bool) -> None:
        """A paragraph ends here."""
        text, self._text = "".join(self._text), []
        for line in text.split("\n") if self._lines_count else [_BLANKS.sub(" ", text)]:
            if line.strip():
                self._add(line.strip(" \r\n"), quoted)

    def _add(self, item: Item, quoted: bool) -> None:
        if len(self.items) >= ITEMS or self._cells > PAGE_CELLS:
            raise _Full
        self.items.append((item, quoted or self._rest_is_quoted))

    def _table(self, table: Any, quoted: bool) -> None:
        """A row that holds another table is a frame for the layout: what stands in it comes one below the other."""
        self._tables += 1
        number = self._tables
        taken: dict[int, int] = {}  # column -> the row from which on it is free again
        row = -1
        for line in _lines_of(table):
            if line.tag != "tr":
                self._inside(line, line.tag, quoted)
                continue
            cells = [cell for cell in line if cell.tag in ("td", "th")]
            if any(cell.find(".//table") is not None for cell in cells):
                for cell in cells:
                    self._inside(cell, cell.tag, quoted)
                continue
            row += 1
            spots = _spots(cells, row, taken)
            self._cells += len(spots)
            # A row that Excel saved as hidden keeps its place and says nothing.
            self._add(Row(number, () if _is_hidden(line) else spots), quoted)


def _lines_of(table: Any) -> list[Any]:
    """The rows of a table, and its caption; not those of a table inside."""
    parts = [part for part in table if isinstance(part.tag, str)]
    lines = [line for part in parts for line in (part if part.tag in _PARTS else [part])]
    return [line for line in lines if line.tag in ("tr", "caption")]


def _spots(cells: list[Any], row: int, taken: dict[int, int]) -> tuple[Spot, ...]:
    """The cells of a row at their columns: those that a cell above covers are left out."""
    spots: list[Spot] = []
    column = 0
    for cell in cells:
        while taken.get(column, 0) > row:
            column += 1
        if column >= COLUMNS:
            spots.append(Spot(COLUMNS, _value(cell)))  # beyond the limit: the canvas tells that it was cut
            break
        width, height = _span(cell, "colspan", COLUMNS), _span(cell, "rowspan", ROWS)
        for covered in range(column, min(column + width, COLUMNS)):
            taken[covered] = row + height
        merged = 1 if width > 1 and _NOT_MERGED.search(cell.get("style") or "") else width
        spots.append(Spot(column, _value(cell), height, merged))
        column += width
    return tuple(spots)


def _span(cell: Any, name: str, most: int) -> int:
    written = cell.get(name)
    found = re.match(r"\s*(\d{1,6})", written) if written else None
    return min(max(int(found[1]), 1), most) if found else 1


def _value(cell: Any) -> Cell:
    # Excel shows 1.38E+10 and keeps what was typed in an attribute of its own.
    number = cell.get("x:num")
    if number and re.fullmatch(r"-?\d{1,15}(?:\.\d{1,15})?", number):
        return float(number) if "." in number else int(number)
    if len(cell) == 0:
        return _BLANKS.sub(" ", cell.text or "").strip() or None
    page = _Page()
    page._flow(cell, False)
    page._end(False)
    return "\n".join(item for item, _ in page.items if isinstance(item, str)) or None


def _is_hidden(element: Any) -> bool:
    return bool(_HIDDEN.search(element.get("style") or ""))

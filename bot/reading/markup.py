"""HTML -> grid: files that Excel, WPS and web systems call .xls, web archives (.mht), and the body of a mail.

Runs in the guarded process only. The page becomes one grid, as a spreadsheet lays it out: each paragraph takes a
row, each table its rows below, with rowspan and colspan as merges. Nothing is fetched and no script is run. What
is quoted from an older mail stands apart, as ``hidden``. What is struck out, raised or not shown stands between the
marks of ``twofold``. SpreadsheetML is read by ``spreadsheetml``.
"""

import re
from collections.abc import Iterator
from typing import Any

from bot.model.forms import Cell, Grid, Mark
from bot.reading.canvas import Item, Row, Spot, laid_out
from bot.reading.charset import decoded
from bot.reading.opened import CELLS, COLUMNS, ROWS, SHEETS, Opened
from bot.reading.pagelook import Looks
from bot.reading.quoting import Marked, begins_quote, is_quote, parted
from bot.reading.spreadsheetml import is_spreadsheetml, worksheets
from bot.reading.twofold import clean, marked, readings

LARGEST = 8 << 20  # bytes of one page; an honest form takes 100 KB, and the tree of elements many times its text
PAGE_CELLS = 60_000  # cells that are collected: python takes 20 microseconds for each
ITEMS = 2 * ROWS  # paragraphs and rows that are collected: half of them may be quoted
_UNSEEN = frozenset(
    {"script", "style", "head", "title", "template", "noscript", "object", "svg", "iframe", "datalist", "rt", "rp"}
)
_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "dl", "dt", "dd", "hr", "pre", "blockquote", "section", "article", "center", "form"}
) | {*("h1", "h2", "h3", "h4", "h5", "h6", "caption", "tr", "td", "th", "tbody", "thead", "tfoot", "body")}
_PARTS = frozenset({"thead", "tbody", "tfoot"})
_FIELDS = frozenset({"input", "textarea", "select"})
# Fields that hold no words of the one who fills them in.
_NO_WORDS = frozenset({"hidden", "submit", "button", "reset", "image", "file", "password", "color", "range"})
_TICKS = {"checkbox": ("\u2611", "\u2610"), "radio": ("\u25cf", "\u25cb")}
_NOT_MERGED = re.compile(r"(?i)mso-ignore\s*:\s*colspan")  # Excel's run of blank cells, which are none the less apart
_BLANKS = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_MAIL_HEAD = re.compile(rb"(?i)\A\s*+[a-z][a-z-]*:")


class _Full(Exception):
    """More than a grid can hold."""


def opened(data: bytes, kind: str) -> Opened:
    """One grid a page, a grid a worksheet. Raises anything on damage."""
    if len(data) > LARGEST:
        return Opened(kind, unreadable="too_complex")
    texts = _texts(data)
    grids: list[Grid] = []
    hidden: list[Grid] = []
    left, cut = CELLS, len(texts) > SHEETS
    for text in texts[:SHEETS]:
        if is_spreadsheetml(text):
            return worksheets(text, kind)
        page = _Page()
        cut = not page.read(text) or cut
        for items, shelf in zip(parted(page.items), (grids, hidden), strict=True):
            grid, canvas = laid_out(items, left)
            left, cut = canvas.left, cut or canvas.cut
            if grid.rows:
                shelf.append(grid)
    return Opened(kind, tuple(grids), tuple(hidden), cut)


def pages(data: bytes) -> Iterator[tuple[list[Item], list[Item]]]:
    """What stands on each page, and what is quoted there, as far as the limits reach. Raises anything on damage."""
    for text in _texts(data)[:SHEETS] if len(data) <= LARGEST else ():
        page = _Page()
        page.read(text)
        yield parted(page.items)


def _texts(data: bytes) -> list[str]:
    return _html_parts(data) if _MAIL_HEAD.match(data) else [decoded(data)]


def _html_parts(data: bytes) -> list[str]:
    """The pages of a web archive (RFC 2557), which is a mail."""
    import email
    from email.policy import compat32

    message = email.message_from_bytes(data, policy=compat32)
    bodies = [part.get_payload(decode=True) for part in message.walk() if part.get_content_type() == "text/html"]
    return [decoded(body) for body in bodies if isinstance(body, bytes)]


class _Page:
    """Collects the paragraphs and table rows of a page, in reading order. ``items`` tells which are quoted."""

    def __init__(self, looks: Looks | None = None) -> None:
        self._looks = looks or Looks()
        self.items: list[Marked] = []
        self._text: list[str] = []
        self._tables = 0
        self._cells = 0
        self._rest_is_quoted = False
        self._lines_count = False  # inside pre

    def read(self, page: str) -> bool:
        """Collects all of it; False when a limit left something out."""
        from lxml import etree
        from lxml import html as lxml_html

        parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
        try:
            root = lxml_html.document_fromstring(
                clean(page).replace("\0", "").encode("utf-8", "replace"), parser=parser
            )
        except etree.ParserError:
            return True  # "<!---->" alone: Document is empty
        if "<style" in page or "<STYLE" in page:
            self._looks = Looks("\n".join(style.text or "" for style in root.iter("style")))
        try:
            self.flow(root, False, None)
        except _Full:
            return False
        return True

    def flow(self, element: Any, quoted: bool, mark: Mark | None) -> None:
        """Everything in an element; ``mark`` is what becomes of its text."""
        self._flow(element, quoted, mark)
        self._end(quoted)

    def _flow(self, element: Any, quoted: bool, mark: Mark | None) -> None:
        self._text.append(marked(element.text or "", mark))
        for child in element:
            tag = child.tag
            if tag == "table":
                self._end(quoted)
                if not self._looks.is_hidden(child):
                    self._table(child, quoted or is_quote(child), mark)
            elif tag in _FIELDS:
                if not self._looks.is_hidden(child):
                    self._text.append(marked(_filled(child, tag), mark))
            elif isinstance(tag, str) and tag not in _UNSEEN:
                self._inside(child, tag, quoted, self._looks.mark(child, mark))
            self._text.append(marked(child.tail or "", mark))

    def _inside(self, child: Any, tag: str, quoted: bool, mark: Mark | None) -> None:
        if mark == "hidden" and (tag in _BLOCKS or tag == "br"):
            return  # no part of a text that is seen
        quote = is_quote(child)
        apart = quote or tag == "br" or tag in _BLOCKS
        if apart:
            self._end(quoted)
        self._rest_is_quoted = self._rest_is_quoted or begins_quote(child)
        before, self._lines_count = self._lines_count, self._lines_count or tag == "pre"
        self._flow(child, quoted or quote, mark)
        if apart:
            self._end(quoted or quote)
        self._lines_count = before

    def _end(self, quoted: bool) -> None:
        """A paragraph ends here."""
        text, self._text = "".join(self._text), []
        if not text or text.isspace():
            return
        for line in text.split("\n") if self._lines_count else [_BLANKS.sub(" ", text)]:
            if line.strip():
                self._add(line.strip(" \r\n"), quoted)

    def _add(self, item: Item, quoted: bool) -> None:
        if len(self.items) >= ITEMS or self._cells > PAGE_CELLS:
            raise _Full
        self.items.append((item, quoted or self._rest_is_quoted))

    def _table(self, table: Any, quoted: bool, mark: Mark | None) -> None:
        """A row that holds another table is a frame for the layout: what stands in it comes one below the other."""
        self._tables += 1
        number = self._tables
        mark = self._looks.mark(table, mark)
        hidden = self._hidden_columns(table)
        taken: dict[int, int] = {}  # column -> the row from which on it is free again
        row = -1
        for line in _lines_of(table):
            if line.tag != "tr":
                self._inside(line, line.tag, quoted, mark)
                continue
            # A cell that is not shown has no place either: the next one moves up.
            cells = [cell for cell in line if cell.tag in ("td", "th") and not self._looks.is_hidden(cell)]
            through = self._looks.mark(line, mark)
            if any(cell.find(".//table") is not None for cell in cells):
                for cell in cells:
                    self._inside(cell, cell.tag, quoted, self._looks.mark(cell, through))
                continue
            row += 1
            spots = self._spots(cells, row, taken, through, hidden)
            self._cells += len(spots)
            # A row that Excel saved as hidden keeps its place and says nothing.
            self._add(Row(number, () if through == "hidden" else spots), quoted)

    def _hidden_columns(self, table: Any) -> frozenset[int]:
        """The columns that <col> elements hide, as Excel saves them."""
        hidden: set[int] = set()
        at = 0
        for part in table:
            for col in part if part.tag == "colgroup" else [part] if part.tag == "col" else ():
                width = _span(col, "span", COLUMNS)
                if col.tag == "col" and self._looks.is_hidden(col):
                    hidden.update(range(at, min(at + width, COLUMNS)))
                at += width
        return frozenset(hidden)

    def _spots(
        self, cells: list[Any], row: int, taken: dict[int, int], mark: Mark | None, hidden: frozenset[int]
    ) -> tuple[Spot, ...]:
        """The cells of a row at their columns: those that a cell above covers are left out."""
        spots: list[Spot] = []
        column = 0
        for cell in cells:
            while taken.get(column, 0) > row:
                column += 1
            if column >= COLUMNS:
                spots.append(Spot(COLUMNS, self._value(cell, mark)))  # the canvas tells that it was cut
                break
            width, height = _span(cell, "colspan", COLUMNS), _span(cell, "rowspan", ROWS)
            for covered in range(column, min(column + width, COLUMNS)):
                taken[covered] = row + height
            merged = 1 if width > 1 and _NOT_MERGED.search(cell.get("style") or "") else width
            unseen = bool(hidden) and hidden.issuperset(range(column, min(column + width, COLUMNS)))
            spots.append(Spot(column, self._value(cell, "hidden" if unseen else mark), height, merged))
            column += width
        return tuple(spots)

    def _value(self, cell: Any, mark: Mark | None) -> Cell:
        mark = self._looks.mark(cell, mark)
        if len(cell) == 0 and mark is None:
            # Excel shows 1.38E+10 and keeps what was typed in an attribute of its own.
            number = _number(cell)
            return _BLANKS.sub(" ", cell.text or "").strip() or None if number is None else number
        page = _Page(self._looks)
        page.flow(cell, False, mark)
        text = "\n".join(item for item, _ in page.items if isinstance(item, str)) or None
        number = _number(cell)
        return text if number is None or (text and readings(text).mark) else number


def _lines_of(table: Any) -> list[Any]:
    """The rows of a table, and its caption; not those of a table inside."""
    parts = [part for part in table if isinstance(part.tag, str)]
    lines = [line for part in parts for line in (part if part.tag in _PARTS else [part])]
    return [line for line in lines if line.tag in ("tr", "caption")]


def _span(cell: Any, name: str, most: int) -> int:
    written = cell.get(name)
    found = re.match(r"\A\s*+(\d{1,6})", written) if written else None
    return min(max(int(found[1]), 1), most) if found else 1


def _number(cell: Any) -> int | float | None:
    """What Excel keeps in an attribute of the cell."""
    number = cell.get("x:num")
    if number and re.fullmatch(r"-?\d{1,15}(?:\.\d{1,15})?", number):
        return float(number) if "." in number else int(number)
    return None


def _filled(field: Any, tag: str) -> str:
    """What was filled in: the value of a field, the text of an area, what is chosen of a list, a tick."""
    if tag == "textarea":
        return field.text or ""
    if tag == "select":
        options = list(field.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None] or options[:1]
        return " ".join("".join(option.itertext()).strip() for option in chosen)
    kind = (field.get("type") or "text").lower()
    if kind in _TICKS:
        return _TICKS[kind][field.get("checked") is None]
    return "" if kind in _NO_WORDS else field.get("value") or ""

"""Word documents (.docx, .docm, .dotx, Word's XML in one file) -> grids. Runs in the guarded process only.

Reads the XML itself and not through python-docx, which leaves out what stands in w:ins and w:sdt and repeats merged
cells. Tracked changes count as accepted. Pages after a page or section break are a grid of their own, so that the
words of one annex do not meet the table of another. Source: ECMA-376 part 1, 17.
"""

from dataclasses import replace
from typing import Any

from bot.model.forms import Cell, Grid
from bot.reading import markup
from bot.reading.canvas import Item, Row, Spot, laid_out
from bot.reading.charset import decoded
from bot.reading.opened import CELLS, COLUMNS, ROWS, SHEETS, Opened
from bot.reading.package import Package
from bot.reading.sniff import ZIP, kind_of
from bot.reading.wordlook import Look, Styles, matters, shaded
from bot.reading.wordtext import PAGE, Paragraph, flag, paragraph, seen
from bot.reading.xmlfile import attribute, child, local, parsed

DOCUMENT = "word/document.xml"
CHUNKS = 2  # levels of documents that are put into documents as they are (w:altChunk)
PAGE_CELLS = 60_000  # cells and paragraphs that are collected: python takes 20 microseconds for each


class _Full(Exception):
    """More than the grids can hold."""


def opened(data: bytes, kind: str) -> Opened:
    """The pages as grids, tables and the paragraphs around them in reading order. Raises anything on damage."""
    document = _Document()
    cut = False
    try:
        document.file(data)
    except _Full:
        cut = True
    grids: list[Grid] = []
    left = CELLS
    for items in document.pages:
        grid, canvas = laid_out(items, left)
        left, cut = canvas.left, cut or canvas.cut
        if grid.rows:
            grids.append(grid)
    return Opened(kind, tuple(grids[:SHEETS]), cut=cut or len(grids) > SHEETS)


class _Document:
    """Collects paragraphs and rows, page by page."""

    def __init__(self, chunks: int = CHUNKS) -> None:
        self.pages: list[list[Item]] = [[]]
        self._tables = 0
        self._taken = 0
        self._chunks = chunks
        self._package: Package | None = None
        self._main = ""
        self._styles = Styles()

    def file(self, data: bytes) -> None:
        """A whole document: a package, or the one element of Word 2003."""
        text = "" if data.startswith(ZIP) else decoded(data)
        if text and "xmlPackage" not in text[:2000]:
            root = parsed(text)
            styles = child(root, "styles")
        else:
            self._package = Package(data)
            self._main = self._package.main(DOCUMENT)
            root = parsed(decoded(self._package.read(self._main)))
            styles = self._styles_of(self._package)
        if styles is not None:
            self._styles = Styles.of(styles)
        for body in seen(root):
            if local(body) == "body":
                self.flow(body)

    def _styles_of(self, package: Package) -> Any:
        name = next(iter(package.related(self._main, "styles").values()), "word/styles.xml")
        if name not in package.names:
            return None
        styles = package.read(name)
        return parsed(decoded(styles)) if matters(styles) else None

    def flow(self, element: Any) -> None:
        """Everything in a body, a cell or a text box."""
        for part in seen(element):
            name = local(part)
            if name == "p":
                self._paragraph(paragraph(part, self._styles))
            elif name == "tbl":
                self._table(part)
            elif name == "altChunk":
                self._chunk(attribute(part, "id"))

    def _chunk(self, relationship: str) -> None:
        """Another document that was put in here as it is: a page, or a Word file. RTF is read as a file of its own."""
        if self._package is None or not self._chunks:
            return
        target = self._package.related(self._main, "aFChunk").get(relationship, "")
        data = self._package.read(target) if target in self._package.names else b""
        kind = kind_of(data)
        pages: list[list[Item]] = []
        if kind == "docx":
            inner = _Document(self._chunks - 1)
            inner.file(data)
            pages = inner.pages
        elif kind == "html":
            pages = [items for items, _ in markup.pages(data)]
        offset = self._tables
        for number, items in enumerate(pages):
            if number:
                self.pages.append([])
            for item in items:
                if isinstance(item, Row):
                    self._tables = max(self._tables, offset + item.table)
                    self._add(replace(item, table=offset + item.table))
                else:
                    self._add(item)

    def _paragraph(self, read: Paragraph) -> None:
        if read.begins_page:
            self.pages.append([])
        for number, text in enumerate(read.text.split(PAGE)):
            if number:
                self.pages.append([])
            if text.strip():
                self._add(text.strip("\n"))
        for box in read.boxes:
            self.flow(box)
        if read.ends_section:
            self.pages.append([])

    def _add(self, item: Item) -> None:
        self._taken += isinstance(item, str)
        if self._taken > PAGE_CELLS or len(self.pages) > 10 * SHEETS:
            raise _Full
        self.pages[-1].append(item)

    def _table(self, table: Any) -> None:
        """A row that holds another table is a frame for the layout: what stands in it comes one below the other."""
        self._tables += 1
        number = self._tables
        properties = child(table, "tblPr")
        look = self._styles.style(properties, "tblStyle") | shaded(properties)
        lines: list[list[_Cell]] = []
        for row in seen(table):
            if local(row) == "tr" and not flag(row, "trPr", "del"):
                lines.append(_cells(row))
                self._taken += len(lines[-1])
            if len(lines) > ROWS or self._taken > PAGE_CELLS:
                break
        covers = _covers(lines)
        for line, heights in zip(lines, covers, strict=True):
            if any(next(cell.element.iter("{*}tbl"), None) is not None for cell in line):
                for cell in line:
                    self.flow(cell.element)
            else:
                spots = (
                    Spot(c.column, self._value(c.element, look), heights[c.column], c.width)
                    for c in line
                    if not c.continues
                )
                self.pages[-1].append(Row(number, tuple(spots)))
        if len(lines) > ROWS or self._taken > PAGE_CELLS:
            raise _Full

    def _value(self, cell: Any, look: Look) -> Cell:
        texts: list[str] = []
        look = look | shaded(child(cell, "tcPr"))
        for part in seen(cell):
            if local(part) == "p":
                read = paragraph(part, self._styles, look)
                texts.append(read.text.replace(PAGE, "\n"))
                texts += [str(self._value(box, look) or "") for box in read.boxes]
        return "\n".join(text for text in texts if text.strip()) or None


class _Cell:
    """One w:tc: where it begins, how many columns it covers, whether the cell above goes on in it."""

    def __init__(self, element: Any, column: int) -> None:
        properties = child(element, "tcPr")
        self.element, self.column = element, column
        self.width = _number(properties, "gridSpan", 1)
        self.continues = "continue" in (_merge(properties, "vMerge"), _merge(properties, "vmerge"))  # Word 2003's
        self.goes_on = "continue" in (_merge(properties, "hMerge"), _merge(properties, "hmerge"))


def _cells(row: Any) -> list[_Cell]:
    line: list[_Cell] = []
    column = _number(child(row, "trPr"), "gridBefore", 0)
    for element in seen(row):
        if local(element) != "tc" or len(line) > COLUMNS:
            continue
        cell = _Cell(element, column)
        column += cell.width
        if cell.goes_on and line:
            line[-1].width += cell.width
        else:
            line.append(cell)
    return line


def _covers(lines: list[list[_Cell]]) -> list[dict[int, int]]:
    """For each row: column -> how many rows its cell covers. A cell that continues nothing stands for itself."""
    covers: list[dict[int, int]] = [{} for _ in lines]
    starts: dict[int, int] = {}  # column -> the row in which the open cell began
    for row, line in enumerate(lines):
        begun: dict[int, int] = {}
        for cell in line:
            cell.continues = cell.continues and cell.column in starts
            start = starts[cell.column] if cell.continues else row
            begun[cell.column] = start
            covers[start][cell.column] = row - start + 1
        starts = begun
    return covers


def _number(properties: Any, name: str, otherwise: int) -> int:
    element = child(properties, name) if properties is not None else None
    text = attribute(element, "val") if element is not None else ""
    return min(int(text), COLUMNS) if text.isdecimal() and len(text) < 9 and int(text) > 0 else otherwise


def _merge(properties: Any, name: str) -> str:
    """``restart``, ``continue`` (which is what the element means without a value), or empty."""
    element = child(properties, name) if properties is not None else None
    return "" if element is None else attribute(element, "val") or "continue"

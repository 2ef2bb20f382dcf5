"""Texts of OpenDocument (.odt) -> grids: paragraphs, tables, text boxes, sections. Runs in the guarded process only.

Pages after a page break are a grid of their own, as in Word files. Tracked deletions are kept apart by the format and
are not looked at. Source: OpenDocument 1.3, part 3.
"""

from typing import Any

from bot.model.forms import Cell, Grid, Mark
from bot.reading.canvas import Item, Row, Spot, laid_out
from bot.reading.charset import decoded
from bot.reading.opened import CELLS, COLUMNS, ROWS, SHEETS, Opened
from bot.reading.package import Package
from bot.reading.twofold import clean, marked
from bot.reading.xmlfile import attribute, child, local, parsed

ITEMS = 60_000  # paragraphs and cells that are collected
_SILENT = frozenset({"note", "annotation", "annotation-end", "tracked-changes", "ruby-text", "forms"})
_ROWS = frozenset({"table-rows", "table-header-rows", "table-row-group"})
RAISED = 2.0  # points or per cent by which a text is moved up or down


def opened(data: bytes, kind: str) -> Opened:
    """The text as one grid. Raises anything on damage."""
    package = Package(data)
    content = parsed(decoded(package.read("content.xml")))
    styles = parsed(decoded(package.read("styles.xml"))) if "styles.xml" in package.names else None
    roots = [content, *([styles] if styles is not None else [])]
    text = _Text(_looks(roots), _breaks(roots))
    body = child(content, "body")
    cut = False
    try:
        for office_text in body if body is not None else ():
            text.flow(office_text)
    except _Full:
        cut = True
    grids: list[Grid] = []
    left = CELLS
    for items in text.pages:
        grid, canvas = laid_out(items, left)
        left, cut = canvas.left, cut or canvas.cut
        if grid.rows:
            grids.append(grid)
    return Opened(kind, tuple(grids[:SHEETS]), cut=cut or len(grids) > SHEETS)


class _Full(Exception):
    """More than the grids can hold."""


class _Text:
    """Collects paragraphs and rows, page by page."""

    def __init__(self, looks: dict[str, Mark | None], breaks: frozenset[str]) -> None:
        self.pages: list[list[Item]] = [[]]
        self._looks, self._breaks = looks, breaks
        self._tables = 0
        self._taken = 0

    def flow(self, element: Any) -> None:
        """Everything in the text, a section, a list, a box or a cell."""
        for part in element:
            name = local(part)
            if name in ("p", "h"):
                self._break(part)
                text, boxes = self._paragraph(part)
                if text.strip():
                    self._add(text)
                for box in boxes:
                    self.flow(box)
            elif name == "table":
                self._break(part)
                self._table(part)
            elif name and name not in _SILENT:
                self.flow(part)

    def _break(self, part: Any) -> None:
        if attribute(part, "style-name") in self._breaks and self.pages[-1]:
            self.pages.append([])

    def _add(self, item: Item) -> None:
        self._taken += 1 if isinstance(item, str) else len(item.spots)
        if self._taken > ITEMS or len(self.pages) > 10 * SHEETS:
            raise _Full
        self.pages[-1].append(item)

    def _paragraph(self, element: Any) -> tuple[str, list[Any]]:
        """The text, and the boxes that are anchored in it."""
        out: list[str] = []
        boxes: list[Any] = []
        self._collect(element, self._looks.get(attribute(element, "style-name")), out, boxes)
        return "".join(out), boxes

    def _collect(self, element: Any, mark: Mark | None, out: list[str], boxes: list[Any]) -> None:
        out.append(marked(clean(element.text or ""), mark))
        for part in element:
            name = local(part)
            if name == "s":
                out.append(" " * _whole(part, "c", 1_000))
            elif name in ("tab", "line-break"):
                out.append("\t" if name == "tab" else "\n")
            elif name == "text-box":
                boxes.append(part)
            elif name and name not in _SILENT:
                style = attribute(part, "style-name") if name in ("span", "a") else ""
                self._collect(part, self._looks.get(style) or mark, out, boxes)
            out.append(marked(clean(part.tail or ""), mark))

    def _table(self, table: Any) -> None:
        """A row that holds another table is a frame for the layout: what stands in it comes one below the other."""
        self._tables += 1
        number = self._tables
        for row in _rows(table):
            cells = [cell for cell in row if local(cell) in ("table-cell", "covered-table-cell")]
            if any(next(cell.iter("{*}table"), None) is not None for cell in cells):
                for cell in cells:
                    self.flow(cell)
                continue
            for _ in range(_whole(row, "number-rows-repeated", ROWS)):
                self._add(Row(number, tuple(self._spots(cells))))

    def _spots(self, cells: list[Any]) -> list[Spot]:
        spots: list[Spot] = []
        column = 0
        for cell in cells:
            repeated = _whole(cell, "number-columns-repeated", COLUMNS)
            if local(cell) == "table-cell":
                value = self._value(cell)
                height, width = (
                    _whole(cell, "number-rows-spanned", ROWS),
                    _whole(cell, "number-columns-spanned", COLUMNS),
                )
                spots += [Spot(column + n, value, height, width) for n in range(repeated)]
            column += repeated
            if column > COLUMNS:
                break
        return spots

    def _value(self, cell: Any) -> Cell:
        texts: list[str] = []
        for part in cell.iter("{*}p", "{*}h"):
            if local(part.getparent()) not in ("note-body", "annotation"):
                texts.append(self._paragraph(part)[0])
        return "\n".join(text for text in texts if text.strip()) or None


def _rows(table: Any) -> list[Any]:
    """The rows of a table, not those of a table inside."""
    found: list[Any] = []
    for part in table:
        name = local(part)
        if name == "table-row":
            found.append(part)
        elif name in _ROWS:
            found += _rows(part)
    return found[:ROWS]


def _whole(element: Any, name: str, most: int) -> int:
    text = attribute(element, name)
    return min(int(text), most) if text.isdecimal() and len(text) < 9 and int(text) > 0 else 1


Look = tuple[bool | None, bool | None, bool | None]  # struck, raised, hidden; None: as the parent style says


def _looks(roots: list[Any]) -> dict[str, Mark | None]:
    """What each style makes of a text."""
    own: dict[str, tuple[Look, str]] = {}
    for root in roots:
        for style in root.iter("{*}style"):
            own.setdefault(
                attribute(style, "name"),
                (_look(child(style, "text-properties")), attribute(style, "parent-style-name")),
            )
    return {name: _mark(_inherited(own, name)) for name in own}


def _breaks(roots: list[Any]) -> frozenset[str]:
    """The styles of what begins a page."""
    found: set[str] = set()
    for root in roots:
        for style in root.iter("{*}style"):
            parts = [part for part in style if local(part) in ("paragraph-properties", "table-properties")]
            if any(attribute(part, "break-before") == "page" for part in parts) or attribute(style, "master-page-name"):
                found.add(attribute(style, "name"))
    return frozenset(found)


def _inherited(own: dict[str, tuple[Look, str]], name: str) -> Look:
    look: Look = (None, None, None)
    seen: set[str] = set()
    while name in own and name not in seen:
        seen.add(name)
        above, name = own[name]
        look = (
            above[0] if look[0] is None else look[0],
            above[1] if look[1] is None else look[1],
            above[2] if look[2] is None else look[2],
        )
    return look


def _look(properties: Any) -> Look:
    if properties is None:
        return None, None, None
    lines = [attribute(properties, f"text-line-through-{what}") for what in ("style", "type")]
    struck = None if not any(lines) else any(line not in ("", "none") for line in lines)
    position = attribute(properties, "text-position").split()
    display = attribute(properties, "display")
    return struck, _is_raised(position[0]) if position else None, display == "none" if display else None


def _is_raised(position: str) -> bool:
    """``super``, ``sub``, or a percentage of the height of a line."""
    number = position.rstrip("%").lstrip("-")
    return position in ("super", "sub") or (number.replace(".", "", 1).isdecimal() and float(number) >= RAISED)


def _mark(look: Look) -> Mark | None:
    struck, raised, hidden = look
    return "hidden" if hidden else "struck" if struck else "raised" if raised else None

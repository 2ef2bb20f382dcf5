"""Texts of OpenDocument (.odt) -> grids: paragraphs, tables, text boxes, sections. Runs in the guarded process only.

Pages after a page break are a grid of their own, as in Word files. Tracked deletions are kept apart by the format and
are not looked at. Source: OpenDocument 1.3, part 3.
"""

from typing import Any

from bot.model.forms import Cell, Grid, Mark
from bot.reading.canvas import Item, Row, Spot, laid_out
from bot.reading.charset import decoded
from bot.reading.faint import has_numeral, is_ground, is_pale, is_tiny
from bot.reading.lookods import points
from bot.reading.opened import CELLS, COLUMNS, ROWS, SHEETS, Opened
from bot.reading.package import Package
from bot.reading.twofold import clean, marked
from bot.reading.xmlfile import attribute, child, local, parsed

Look = dict[str, bool]  # struck, raised, hidden, pale, tiny, ground; absent: as the parent style says

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
    text = _Text(_looks(roots), _breaks(roots), _deletions(content))
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

    def __init__(self, looks: dict[str, Look], breaks: frozenset[str], gone: frozenset[str]) -> None:
        self.pages: list[list[Item]] = [[]]
        self._looks, self._breaks = looks, breaks
        self._tables = 0
        self._taken = 0
        self._ground: Look = {}  # of the cell that is read
        self._gone = gone
        self._open: set[str] = set()  # deletions in which the text stands

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
        look = self._ground | self._looks.get(attribute(element, "style-name"), {})
        self._collect(element, look, out, boxes)
        return "".join(out), boxes

    def _collect(self, element: Any, look: Look, out: list[str], boxes: list[Any]) -> None:
        out.append(self._told(element.text, look))
        for part in element:
            name = local(part)
            if name in ("change-start", "change-end"):
                self._change(name, attribute(part, "change-id"))
            elif name == "s":
                out.append(" " * _whole(part, "c", 1_000))
            elif name in ("tab", "line-break"):
                out.append("\t" if name == "tab" else "\n")
            elif name == "text-box":
                boxes.append(part)
            elif name and name not in _SILENT:
                style = attribute(part, "style-name") if name in ("span", "a") else ""
                self._collect(part, look | self._looks.get(style, {}), out, boxes)
            out.append(self._told(part.tail, look))

    def _change(self, name: str, id_: str) -> None:
        """In one XML (.fodt) what was deleted stands where it stood, between these two."""
        if id_ in self._gone:
            (self._open.add if name == "change-start" else self._open.discard)(id_)

    def _told(self, text: str | None, look: Look) -> str:
        """A text between the marks of its look."""
        if not text or self._open:
            return ""
        return marked(plain := clean(text), _mark(look, plain) if look else None)

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
        self._ground = self._looks.get(attribute(cell, "style-name"), {})
        for part in cell.iter("{*}p", "{*}h"):
            if local(part.getparent()) not in ("note-body", "annotation"):
                texts.append(self._paragraph(part)[0])
        self._ground = {}
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


def _looks(roots: list[Any]) -> dict[str, Look]:
    """What each style makes of a text, as far as it says anything."""
    own: dict[str, tuple[Look, str]] = {}
    for root in roots:
        for style in root.iter("{*}style"):
            own.setdefault(
                attribute(style, "name"),
                (_look(style), attribute(style, "parent-style-name")),
            )
    return {name: look for name in own if (look := _inherited(own, name))}


def _deletions(content: Any) -> frozenset[str]:
    """The tracked changes by which a text was deleted."""
    regions = content.iter("{*}changed-region")
    return frozenset(attribute(region, "id") for region in regions if child(region, "deletion") is not None)


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
    look: Look = {}
    seen: set[str] = set()
    while name in own and name not in seen:
        seen.add(name)
        above, name = own[name]
        look = above | look
    return look


def _look(style: Any) -> Look:
    look: Look = {}
    for properties in style:
        # the ground of a cell, a paragraph or a text
        if ground := attribute(properties, "background-color").replace("transparent", ""):
            look["ground"] = is_ground(ground)
        if local(properties) != "text-properties":
            continue
        lines = [line for what in ("style", "type") if (line := attribute(properties, f"text-line-through-{what}"))]
        if lines:
            look["struck"] = any(line != "none" for line in lines)
        if position := attribute(properties, "text-position").split():
            look["raised"] = _is_raised(position[0])
        if display := attribute(properties, "display"):
            look["hidden"] = display == "none"
        if colour := attribute(properties, "color"):
            look["pale"] = is_pale(colour)
        if size := attribute(properties, "font-size"):
            length = points(size)
            look["tiny"] = length is not None and is_tiny(length)
    return look


def _is_raised(position: str) -> bool:
    """``super``, ``sub``, or a percentage of the height of a line."""
    number = position.rstrip("%").lstrip("-")
    return position in ("super", "sub") or (number.replace(".", "", 1).isdecimal() and float(number) >= RAISED)


def _mark(look: Look, text: str) -> Mark | None:
    """What the look makes of a text. What nobody sees matters only where it is a number."""
    if look.get("hidden"):
        return "hidden"
    if look.get("struck"):
        return "struck"
    if look.get("raised"):
        return "raised"
    faint = look.get("tiny") or (look.get("pale") and not look.get("ground"))
    return "hidden" if faint and has_numeral(text) else None

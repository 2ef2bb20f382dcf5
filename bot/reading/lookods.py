"""The looks of an .ods workbook's sheets, out of its XML. Source: OpenDocument 1.3 part 3: 9, 16.27, 20.

Runs in the guarded process only; raises what zipfile and expat raise on damage, ``TooMuch`` on what has no end.
"""

import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.forms import Mark
from bot.reading.faint import is_ground, is_pale, is_tiny
from bot.reading.looks import Look, Run, marked
from bot.reading.opened import COLUMNS, MERGES, ROWS
from bot.reading.xmlfile import TooMuch, walk

_REFERENCE = re.compile(
    r"\[(?:\$?('(?:[^']|'')+'|[^\[\].']+))?\.(\$?[A-Z]+\$?\d+)(?::(?:\$?[^\[\].']+)?\.(\$?[A-Z]+\$?\d+))?\]"
)
_UNITS = {"pt": 1.0, "in": 72.0, "cm": 28.35, "mm": 2.835, "px": 0.75}
THIN = 2.0  # points of a row or a column: nothing can be read in less
MARKS = 20_000  # cells of a sheet of which there is something to tell
_GROUPS = ("table-row-group", "table-column-group")


@dataclass
class Styles:
    """Of each style what its characters look like ("" for: as those of ``parents``)."""

    marks: dict[str, Mark | None] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    pale: dict[str, bool] = field(default_factory=dict)  # or tiny
    grounds: dict[str, bool] = field(default_factory=dict)
    thin: set[str] = field(default_factory=set)  # of rows and columns in which nothing can be read
    _name: str = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Takes an element of the styles."""
        if name == "style":
            self._name = attributes.get("name", "")
            self.parents[self._name] = attributes.get("parent-style-name", "")
        elif name == "text-properties" and self._name:
            line = [v for k, v in attributes.items() if k in ("text-line-through-style", "text-line-through-type")]
            position = attributes.get("text-position", "")
            if any(value != "none" for value in line):
                self.marks[self._name] = "struck"
            elif position and not position.startswith("0%"):
                self.marks[self._name] = "raised"
            elif line or position:
                self.marks[self._name] = None
            if (colour := attributes.get("color")) is not None:
                self.pale[self._name] = is_pale(colour)
            if (size := points(attributes.get("font-size", ""))) is not None and is_tiny(size):
                self.pale[self._name] = True
        elif name == "table-cell-properties" and (ground := attributes.get("background-color")):
            self.grounds[self._name] = is_ground(ground)
        elif name in ("table-row-properties", "table-column-properties") and self._name:
            size = points(attributes.get("row-height", attributes.get("column-width", "")))
            if size is not None and size < THIN:
                self.thin.add(self._name)

    def is_faint(self, name: str) -> bool:
        """Whether nobody sees characters of this style."""
        return bool(self._of(self.pale, name)) and not self._of(self.grounds, name)

    def _of(self, said: Mapping[str, bool], name: str) -> bool | None:
        for _ in range(10):
            if not name or name in said:
                break
            name = self.parents.get(name, "")
        return said.get(name)

    def mark(self, name: str) -> Mark | None:
        """What characters of this style look like."""
        for _ in range(10):
            if not name or name in self.marks:
                break
            name = self.parents.get(name, "")
        return self.marks.get(name)

    def says(self, name: str) -> bool:
        """Whether the style speaks of it at all."""
        return name in self.marks or self.mark(name) is not None


def looks(data: bytes) -> tuple[dict[str, Look], bool]:
    """The look of each sheet by its name."""
    styles = Styles()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "styles.xml" in archive.namelist():
            walk(archive.read("styles.xml"), lambda n, a: styles.start(n, _local(a)))
        content = _Content(styles)
        walk(archive.read("content.xml"), content.start, content.end, content.text)
    return {name: look for name, look in content.found.items() if look != Look()}, False


def points(length: str) -> float | None:
    """A length in points; None for what is none."""
    found = re.fullmatch(r"(\d{1,5}(?:\.\d{1,9})?)(pt|in|cm|mm|px)", length)
    return float(found[1]) * _UNITS[found[2]] if found else None


def _local(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name.rpartition(":")[2]: value for name, value in attributes.items()}


class _Content:
    """One pass over the content. Rows and columns are counted; what is repeated counts as often."""

    def __init__(self, styles: Styles) -> None:
        self.found: dict[str, Look] = {}
        self._styles = styles
        self._look = Look()
        self._row = self._column = self._at = 0
        self._rows = 1  # how often the present row is repeated
        self._hidden_row = False
        self._folded: list[bool] = []  # the groups around, and whether they are closed
        self._defaults: list[tuple[int, int, str]] = []  # columns and the style of their cells
        self._cell: dict[str, str] = {}
        self._runs: list[Run] = []
        self._spans: list[Run] = []  # the marks of the spans around, as runs without text
        self._paragraphs = self._aside = 0
        self._inside = False

    def start(self, name: str, given: dict[str, str]) -> None:
        attributes = _local(given)
        if name == "style" or name.endswith("-properties"):
            self._styles.start(name, attributes)
        elif name == "table":
            self._look = self.found[attributes.get("name", "")] = Look()
            self._row = self._column = 0
            self._defaults, self._folded = [], []
        elif name in _GROUPS:
            self._folded.append(attributes.get("display") == "false")
        elif name == "table-column":
            self._begin_column(attributes)
        elif name == "table-row":
            self._rows = _count(attributes, "number-rows-repeated")
            self._at = 0
            if self._is_hidden(attributes):
                self._look.rows.update(range(self._row, min(self._row + self._rows, ROWS)))
        elif name in ("table-cell", "covered-table-cell"):
            self._cell, self._runs, self._paragraphs, self._inside = attributes, [], 0, True
        elif self._inside:
            self._begin_text(name, attributes)

    def _begin_column(self, attributes: Mapping[str, str]) -> None:
        last = self._column + _count(attributes, "number-columns-repeated") - 1
        if self._is_hidden(attributes):
            self._look.columns.append((self._column, last))
        if style := attributes.get("default-cell-style-name"):
            self._defaults.append((self._column, last, style))
        self._column = last + 1

    def _is_hidden(self, attributes: Mapping[str, str]) -> bool:
        """Whether a row or a column cannot be seen."""
        gone = attributes.get("visibility") in ("collapse", "filter") or any(self._folded)
        return gone or attributes.get("style-name") in self._styles.thin

    def _begin_text(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "annotation":
            self._aside += 1
        elif name == "p" and not self._aside:
            self._paragraphs += 1
            if self._paragraphs > 1:
                self._runs.append(("\n", "cell"))
        elif name == "span":
            style = attributes.get("style-name", "")
            outer = self._spans[-1][1] if self._spans else "cell"
            mark = self._styles.mark(style) if self._styles.says(style) else outer
            self._spans.append(("", "hidden" if mark in (None, "cell") and self._styles.is_faint(style) else mark))
        elif name == "s":
            self.text(" " * min(_count(attributes, "c"), 100))
        elif name in ("tab", "line-break"):
            self.text("\n" if name == "line-break" else "\t")

    def end(self, name: str) -> None:
        if name in _GROUPS and self._folded:
            self._folded.pop()
        elif name == "table-row":
            self._row += self._rows
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()
            self._inside = False
        elif name == "annotation" and self._inside:
            self._aside -= 1
        elif name == "span" and self._spans:
            self._spans.pop()

    def text(self, text: str) -> None:
        if self._inside and self._paragraphs and not self._aside:
            self._runs.append((text, self._spans[-1][1] if self._spans else "cell"))

    def _end_cell(self) -> None:
        first, times = self._at, _count(self._cell, "number-columns-repeated")
        self._at += times
        self._merge(first)
        if self._runs or "formula" in self._cell or "value" in self._cell:
            for row in range(self._row, min(self._row + self._rows, ROWS)):
                for column in range(first, min(first + times, COLUMNS)):
                    self._tell((row, column))
        if len(self._look.texts) + len(self._look.fonts) + len(self._look.formulas) + len(self._look.faint) > MARKS:
            raise TooMuch

    def _merge(self, column: int) -> None:
        height, width = _count(self._cell, "number-rows-spanned"), _count(self._cell, "number-columns-spanned")
        if (height > 1 or width > 1) and len(self._look.merges) < MERGES:
            self._look.merges.append((self._row, column, self._row + height - 1, column + width - 1))

    def _tell(self, at: tuple[int, int]) -> None:
        style = self._cell.get("style-name") or next((s for a, b, s in self._defaults if a <= at[1] <= b), "")
        mark = self._styles.mark(style)
        if any(mark != "cell" for _, mark in self._runs):
            if text := marked(self._runs, mark):
                self._look.texts[at] = text
        elif mark:
            self._look.fonts[at] = mark
        if self._styles.is_faint(style):
            self._look.faint.add(at)
        shown = _is_shown(self._cell.get("value", ""), "".join(text for text, _ in self._runs))
        if shown is not None and self._paragraphs:
            self._look.formats[at] = not shown
        if formula := self._cell.get("formula"):
            self._look.formulas[at] = _plain(formula)


def _is_shown(value: str, text: str) -> bool | None:
    """None when the text that the program showed is the number, dressed or not; False when there is no number in it,
    True when there is another one. The text stands beside the value, whatever the format is."""
    if not re.fullmatch(r"-?\d{1,15}(?:\.0+)?", value):
        return None
    written = re.sub(r"(?<=\d)[, '\u00a0\u202f](?=\d{3})", "", unicodedata.normalize("NFKC", text))
    found = re.findall(r"\d+(?:\.\d+)?", written)
    if len(found) == 1 and float(found[0]) == abs(float(value)):
        return None
    return bool(found)


def _plain(formula: str) -> str:
    """A formula of OpenFormula (of:=SUM([.B7:.E7];3)) as others write it."""

    def reference(found: re.Match[str]) -> str:
        sheet = f"{found[1]}!" if found[1] else ""
        return f"{sheet}{found[2]}:{found[3]}" if found[3] else f"{sheet}{found[2]}"

    return _REFERENCE.sub(reference, formula.partition("=")[2])


def _count(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(int(text), 1) if text.isascii() and text.isdecimal() and len(text) < 9 else 1

"""The looks of an .xlsx workbook's sheets, out of its XML. Source: ECMA-376 part 1, 18.3, 18.4 and 18.8.

Nothing is parsed that holds no trace of what is looked for: a plain form costs a search over its bytes. Runs in the
guarded process only; raises what zipfile and expat raise on damage, ``TooMuch`` on what has no end.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError

from bot.model.forms import Mark
from bot.reading.addresses import column_of, moved
from bot.reading.looks import Look, Place, Run, marked
from bot.reading.opened import COLUMNS, ROWS
from bot.reading.runsxlsx import Runs, is_on, mark_of
from bot.reading.shownas import shows
from bot.reading.xmlfile import walk

MAIN, SHARED, STYLES = "xl/workbook.xml", "xl/sharedstrings.xml", "xl/styles.xml"
# What may stand in a sheet's XML, and in that of its texts and styles, if there is anything to tell.
_IN_SHEET = (
    *(b"<f>", b"<f ", b":f>", b":f ", b"strike", b"vertAlign", b"hidden"),
    *(b'ht="0', b"ht='0", b'width="0', b"width='0"),
)
_IN_TEXTS = re.compile(rb"<(?:\w+:)?(?:strike|vertAlign)\b")
_IN_STYLES = re.compile(rb"<(?:\w+:)?(?:strike|vertAlign|numFmt)\b")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_PERCENT = {"9": "0%", "10": "0.00%"}  # formats without a code in the file


@dataclass
class Styles:
    """What the styles of a workbook do to a cell: by the number that the cell has for its style."""

    fonts: dict[int, Mark] = field(default_factory=dict)
    formats: dict[int, bool] = field(default_factory=dict)


def looks(data: bytes) -> tuple[dict[str, Look], bool]:
    """The look of each sheet by its name, as far as it has one; and whether the program that wrote the workbook left
    its formulas to be computed by the next one."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
        if MAIN not in names:
            return {}, False

        def part(name: str) -> bytes:
            return archive.read(names[name]) if name in names else b""

        texts, styles = _texts(part(SHARED)), _styles(part(STYLES))
        marked = bool(texts or styles.fonts or styles.formats)
        telling = {name: xml for name, xml in _sheet_parts(names, part) if marked or _tells(xml)}
        if not telling:
            return {}, False  # most forms: nothing was parsed
        sheets, computes = _sheets(part(MAIN), part("xl/_rels/workbook.xml.rels"))
        found = {}
        for sheet, target in sheets:
            look = _Sheet(texts, styles).look(telling[target]) if target in telling else Look()
            if look != Look():
                found[sheet] = look
        return found, computes


def _sheet_parts(names: Iterable[str], part: Callable[[str], bytes]) -> Iterator[tuple[str, bytes]]:
    return ((name, part(name)) for name in names if "sheet" in name and name.endswith(".xml"))


def _tells(xml: bytes) -> bool:
    return any(trace in xml for trace in _IN_SHEET)


def _texts(xml: bytes) -> dict[int, list[Run]]:
    """The shared texts with marked characters, by their number."""
    if not _IN_TEXTS.search(xml):
        return {}
    runs = Runs()
    found: dict[int, list[Run]] = {}
    count = 0

    def end(name: str) -> None:
        nonlocal count
        if name == "si":
            if any(mark != "cell" for _, mark in runs.all):
                found[count] = runs.all
            runs.begin()
            count += 1
        else:
            runs.end(name)

    walk(xml, runs.start, end, runs.text)
    return found


def _styles(xml: bytes) -> Styles:
    if not _IN_STYLES.search(xml):
        return Styles()
    fonts: list[Mark | None] = []
    codes: dict[str, str] = {}
    used: list[tuple[int, str]] = []  # of each cell style its font and its format
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        parent = inside[-1] if inside else ""
        inside.append(name)
        if name == "font" and parent == "fonts":
            fonts.append(None)
        elif parent == "font" and (mark := mark_of(name, attributes)) and "fonts" in inside:
            fonts[-1] = mark if fonts[-1] != "struck" else "struck"
        elif name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and parent == "cellXfs":
            used.append((_number(attributes.get("fontId", "0")), attributes.get("numFmtId", "0")))

    def end(_: str) -> None:
        inside.pop()

    try:
        walk(xml, start, end)
    except ExpatError:
        return Styles()  # no program knows what they say
    styles = Styles()
    for number, (font, code) in enumerate(used):
        if font < len(fonts) and (mark := fonts[font]):
            styles.fonts[number] = mark
        look = shows(codes.get(code) or _PERCENT.get(code, ""))
        if look is not None:
            styles.formats[number] = look
    return styles


def _sheets(workbook: bytes, relations: bytes) -> tuple[list[tuple[str, str]], bool]:
    """Name and part of each sheet, and whether all is to be computed when the workbook is opened."""
    targets: dict[str, str] = {}
    sheets: list[tuple[str, str]] = []
    computes = False

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "").replace("\\", "/")
            whole = target if target.startswith(("/", "xl/")) else f"xl/{target}"
            targets[attributes.get("Id", "")] = posixpath.normpath(whole.lstrip("/")).lower()

    def sheet(name: str, attributes: dict[str, str]) -> None:
        nonlocal computes
        if name == "sheet":
            id_ = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            sheets.append((attributes.get("name", ""), id_))
        elif name == "calcPr":
            computes = any(is_on(attributes.get(key, "0")) for key in ("fullCalcOnLoad", "forceFullCalc"))

    if relations:
        walk(relations, relation)
    walk(workbook, sheet)
    return [(name, targets.get(id_, "")) for name, id_ in sheets], computes


class _Enough(Exception):
    """Nothing is read from here on."""


class _Sheet:
    """One pass over a sheet."""

    def __init__(self, texts: dict[int, list[Run]], styles: Styles) -> None:
        self._look = Look()
        self._texts, self._styles = texts, styles
        self._runs = Runs()
        self._row, self._column = -1, -1
        self._kind = ""
        self._flat = False  # a row without a height of its own has none at all
        self._taken = ""  # "f" or "v": the characters of which element come here
        self._said: dict[str, str] = {}
        self._shared: dict[str, tuple[Place, str]] = {}
        self._formula: dict[str, str] = {}

    def look(self, xml: bytes) -> Look:
        with suppress(_Enough):
            walk(xml, self._start, self._end, self._text)
        return self._look

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name == "row":
            self._begin_row(attributes)
        elif name in ("f", "v"):
            self._taken = name
            if name == "f":
                self._formula = attributes
                self._said["f"] = ""
        elif name == "col":
            if is_on(attributes.get("hidden", "0")) or _is_zero(attributes.get("width")):
                first, last = (_number(attributes.get(key, "0")) - 1 for key in ("min", "max"))
                self._look.columns.append((first, last))
        elif name == "sheetFormatPr":
            self._flat = _is_zero(attributes.get("defaultRowHeight"))
        else:
            self._runs.start(name, attributes)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._row = _number(attributes["r"]) - 1 if "r" in attributes else self._row + 1
        self._column = -1
        if self._row >= ROWS:
            raise _Enough
        height = attributes.get("ht", "0" if self._flat else None)
        if is_on(attributes.get("hidden", "0")) or _is_zero(height):
            self._look.rows.add(self._row)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = _REFERENCE.fullmatch(attributes.get("r", ""))
        self._column = column_of(place[1]) if place else self._column + 1
        self._kind = attributes.get("t", "")
        self._said = {}
        self._runs.begin()
        style = _number(attributes.get("s", "0"))
        at = self._row, self._column
        if (mark := self._styles.fonts.get(style)) is not None:
            self._look.fonts[at] = mark
        if (nothing := self._styles.formats.get(style)) is not None:
            self._look.formats[at] = nothing

    def _end(self, name: str) -> None:
        self._taken = ""
        if name == "c":
            self._end_cell()
        else:
            self._runs.end(name)

    def _end_cell(self) -> None:
        at = self._row, self._column
        if self._row >= ROWS or self._column >= COLUMNS:
            return
        runs = self._texts.get(_number(self._said.get("v", "x"), -1)) if self._kind == "s" else self._runs.all
        if runs and any(mark != "cell" for _, mark in runs):
            text = marked(runs, self._look.fonts.pop(at, None))
            if text:
                self._look.texts[at] = text
        if "f" in self._said:
            self._keep_formula(at)

    def _keep_formula(self, at: Place) -> None:
        """A formula that is shared stands in its first cell only: the others have its number."""
        text, number = self._said["f"], self._formula.get("si", "")
        if self._formula.get("t") == "shared" and text:
            self._shared[number] = at, text
        elif self._formula.get("t") == "shared" and number in self._shared:
            first, text = self._shared[number]
            text = moved(text, at[0] - first[0], at[1] - first[1])
        self._look.formulas[at] = text

    def _text(self, text: str) -> None:
        if self._taken:
            self._said[self._taken] = self._said.get(self._taken, "") + text
        else:
            self._runs.text(text)


def _is_zero(value: str | None) -> bool:
    try:
        return value is not None and float(value) == 0
    except ValueError:
        return False


def _number(text: str, otherwise: int = 0) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else otherwise

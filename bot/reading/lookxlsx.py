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
from dataclasses import replace

from bot.reading.addresses import column_of, moved
from bot.reading.looks import Condition, Look, Place, Run, marked
from bot.reading.opened import COLUMNS, ROWS
from bot.reading.runsxlsx import Runs, is_on
from bot.reading.stylesxlsx import Styles, styles_of
from bot.reading.xmlfile import walk

MAIN, SHARED, STYLES = "xl/workbook.xml", "xl/sharedstrings.xml", "xl/styles.xml"
# What may stand in a sheet's XML, and in that of its texts and styles, if there is anything to tell.
_IN_SHEET = (b"<f>", b"<f ", b":f>", b":f ", b"strike", b"vertAlign", b"hidden", b"<color ", b":color ")
_THIN = re.compile(rb"(?:ht|width)=[\"'](?:0|1[.\"'])")
_IN_TEXTS = re.compile(rb"<(?:\w+:)?(?:strike|vertAlign|color)\b")
NARROW, LOW = 0.5, 2.0  # characters and points: nothing can be read in less
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def looks(data: bytes) -> tuple[dict[str, Look], bool]:
    """The look of each sheet by its name, as far as it has one; and whether the program that wrote the workbook left
    its formulas to be computed by the next one."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
        if MAIN not in names:
            return {}, False

        def part(name: str) -> bytes:
            return archive.read(names[name]) if name in names else b""

        texts, styles = _texts(part(SHARED)), styles_of(part(STYLES))
        marked = bool(texts) or styles != Styles()
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
    return any(trace in xml for trace in _IN_SHEET) or _THIN.search(xml) is not None


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
        self._areas: tuple[tuple[int, int, int, int], ...] = ()
        self._rule: Condition | None = None
        self._simple = False

    def look(self, xml: bytes) -> Look:
        with suppress(_Enough):
            walk(xml, self._start, self._end, self._text)
        return self._look

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name == "row":
            self._begin_row(attributes)
        elif name in ("f", "v", "formula"):
            self._taken = name
            if name == "f":
                self._formula = attributes
                self._said["f"] = ""
        elif name == "col":
            if is_on(attributes.get("hidden", "0")) or _is_thin(attributes.get("width"), NARROW):
                first, last = (_number(attributes.get(key, "0")) - 1 for key in ("min", "max"))
                self._look.columns.append((first, last))
        elif name == "sheetFormatPr":
            self._flat = _is_thin(attributes.get("defaultRowHeight"), LOW)
        elif name in ("conditionalFormatting", "cfRule"):
            self._condition(name, attributes)
        else:
            self._runs.start(name, attributes)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._row = _number(attributes["r"]) - 1 if "r" in attributes else self._row + 1
        self._column = -1
        if self._row >= ROWS:
            raise _Enough
        height = attributes.get("ht", "0" if self._flat else None)
        if is_on(attributes.get("hidden", "0")) or _is_thin(height, LOW):
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
        if style in self._styles.faint:
            self._look.faint.add(at)

    def _condition(self, name: str, attributes: dict[str, str]) -> None:
        if name == "conditionalFormatting":
            self._areas = tuple(area for text in attributes.get("sqref", "").split()[:100] if (area := _area(text)))
        elif (mark := self._styles.conditional.get(_number(attributes.get("dxfId", "x"), -1))) and self._areas:
            self._rule = Condition(self._areas, mark, attributes.get("operator", "equal"))
            self._simple = attributes.get("type") == "cellIs"
            self._said = {}

    def _end_condition(self) -> None:
        """A comparison with a number can be decided here, and nothing else."""
        if self._rule is None:
            return
        against = self._said.get("formula", "") if self._simple else ""
        rule, self._rule = self._rule, None
        number = float(against) if re.fullmatch(r"-?\d{1,9}(?:\.\d{1,9})?", against) else None
        self._look.conditions.append(replace(rule, against=number))

    def _end(self, name: str) -> None:
        self._taken = ""
        if name == "c":
            self._end_cell()
        elif name == "cfRule":
            self._end_condition()
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


def _area(text: str) -> tuple[int, int, int, int] | None:
    """First row and column, last row and column of B7:M7, or of one cell."""
    first, _, last = text.partition(":")
    ends = [_REFERENCE.fullmatch(end) for end in (first, last or first)]
    if ends[0] is None or ends[1] is None:
        return None
    (a, b), (c, d) = ((int(end[2]) - 1, column_of(end[1])) for end in ends if end)
    return a, b, min(c, ROWS), min(d, COLUMNS)


def _is_thin(value: str | None, least: float) -> bool:
    try:
        return value is not None and float(value) < least
    except ValueError:
        return False


def _number(text: str, otherwise: int = 0) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else otherwise

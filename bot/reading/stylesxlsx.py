"""What the styles of an .xlsx do to its cells: struck out, raised, in the colour of the ground, too small, with a
format that shows another number, or nothing. Source: ECMA-376 part 1, 18.8; for what a condition draws, 18.3.1.10."""

import re
from dataclasses import dataclass, field
from typing import Literal
from xml.parsers.expat import ExpatError

from bot.model.forms import Mark
from bot.reading.faint import is_tiny
from bot.reading.runsxlsx import Colour, colour_of, is_white, mark_of
from bot.reading.shownas import shows
from bot.reading.xmlfile import walk

# What may stand in the styles if there is anything to tell: a plain form costs a search over its bytes.
_TELLS = re.compile(
    rb"<(?:\w+:)?(?:strike|vertAlign|numFmt)\b"
    rb"|(?i:rgb=\"(?:FF)?(?:F[5-9A-F]){3}\")|theme=\"0\"|indexed=\"[19]\"|<(?:\w+:)?sz val=\"[01][.\"]"
)
_PERCENT = {"9": "0%", "10": "0.00%"}  # formats without a code in the file


@dataclass
class Styles:
    """By the number that a cell has for its style: its font's mark, whether its format shows nothing (True) or another
    number (False), whether it is faint. ``conditional``: by the number of what a condition draws."""

    fonts: dict[int, Mark] = field(default_factory=dict)
    formats: dict[int, bool] = field(default_factory=dict)
    faint: set[int] = field(default_factory=set)
    conditional: dict[int, Literal["struck", "hidden"]] = field(default_factory=dict)


@dataclass
class _Drawn:
    """A font, a fill and a format together: a dxf; of a font or a fill alone its part."""

    mark: Mark | None = None
    colour: Colour | None = None
    tiny: bool = False
    ground: Colour | None = None
    code: str = ""

    def is_faint(self, ground: Colour | None) -> bool:
        """Whether nobody sees characters of this font on that ground."""
        if self.tiny or self.colour is None:
            return self.tiny
        return self.colour == ground if ground else is_white(self.colour)


def styles_of(xml: bytes) -> Styles:
    """What the part says. Styles that are no XML say nothing: no program knows what they mean."""
    if not _TELLS.search(xml):
        return Styles()
    part = _Part()
    try:
        walk(xml, part.start, part.end)
    except ExpatError:
        return Styles()
    return part.styles()


class _Part:
    """One pass over the part."""

    def __init__(self) -> None:
        self._fonts: list[_Drawn] = []
        self._fills: list[_Drawn] = []
        self._drawn: list[_Drawn] = []  # what conditions draw
        self._codes: dict[str, str] = {}
        self._used: list[tuple[int, int, str]] = []  # of each cell style its font, its fill and its format
        self._inside: list[str] = []
        self._now = _Drawn()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._inside[-1] if self._inside else ""
        self._inside.append(name)
        if name in ("font", "fill") and parent in ("fonts", "fills"):
            self._now = _Drawn()
            (self._fonts if name == "font" else self._fills).append(self._now)
        elif name == "dxf":
            self._now = _Drawn()
            self._drawn.append(self._now)
        elif parent == "font":
            self._font(name, attributes)
        elif parent == "patternFill":
            self._fill(name, attributes)
        elif name == "patternFill" and attributes.get("patternType") not in (None, "none", "solid"):
            self._now.ground = ("pattern", "")
        elif name == "gradientFill":
            self._now.ground = ("gradient", "")
        elif name == "numFmt" and parent == "dxf":
            self._now.code = attributes.get("formatCode", "")
        elif name == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and parent == "cellXfs":
            font, fill = (_number(attributes.get(key, "0")) for key in ("fontId", "fillId"))
            self._used.append((font, fill, attributes.get("numFmtId", "0")))

    def end(self, _: str) -> None:
        self._inside.pop()

    def _font(self, name: str, attributes: dict[str, str]) -> None:
        if name == "color":
            self._now.colour = colour_of(attributes)
        elif name == "sz":
            size = attributes.get("val", "")
            self._now.tiny = size.replace(".", "", 1).isdecimal() and is_tiny(float(size))
        elif (mark := mark_of(name, attributes)) and self._now.mark != "struck":
            self._now.mark = mark

    def _fill(self, name: str, attributes: dict[str, str]) -> None:
        """The colour in front fills a cell, the one behind what a condition draws."""
        if name == ("bgColor" if "dxf" in self._inside else "fgColor") and self._now.ground is None:
            colour = colour_of(attributes)
            self._now.ground = None if colour and is_white(colour) else colour

    def styles(self) -> Styles:
        """All of it, by the numbers that the sheets use."""
        found = Styles()
        for number, (font, fill, code) in enumerate(self._used):
            drawn = self._fonts[font] if font < len(self._fonts) else _Drawn()
            if drawn.mark:
                found.fonts[number] = drawn.mark
            if drawn.is_faint(self._fills[fill].ground if fill < len(self._fills) else None):
                found.faint.add(number)
            look = shows(self._codes.get(code) or _PERCENT.get(code, ""))
            if look is not None:
                found.formats[number] = look
        for number, drawn in enumerate(self._drawn):
            if drawn.is_faint(drawn.ground) or shows(drawn.code):
                found.conditional[number] = "hidden"
            elif drawn.mark == "struck":
                found.conditional[number] = "struck"
        return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0

"""The runs of a text in an .xlsx, and what their fonts do to them. Source: ECMA-376 part 1, 18.4 and 18.8.22."""

from typing import Literal

from bot.model.forms import Mark
from bot.reading.faint import is_pale
from bot.reading.looks import Run

Colour = tuple[str, str]  # kind and value; two that are equal look the same

_NO = ("0", "false", "off")
_WHITE = frozenset({"1", "9"})  # 18.8.27


class Runs:
    """Collects the runs of one text, shared or in a cell. Phonetic runs are no part of it."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new text."""
        self.all: list[Run] = []
        self.mark: Mark | Literal["cell"] | None = "cell"
        self._said = False  # the characters of a text come here
        self._aside = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Takes the beginning of an element."""
        if name in ("rPh", "phoneticPr"):
            self._aside += 1
        elif name == "rPr":
            self.mark = None
        elif name == "t":
            self._said = not self._aside
        elif (mark := mark_of(name, attributes)) and self.mark != "struck":
            self.mark = mark

    def end(self, name: str) -> None:
        """Takes its end."""
        if name in ("rPh", "phoneticPr"):
            self._aside -= 1
        elif name == "t":
            self._said = False
        elif name == "r":
            self.mark = "cell"

    def text(self, text: str) -> None:
        """Takes characters."""
        if self._said:
            self.all.append((text, self.mark))


def mark_of(name: str, attributes: dict[str, str]) -> Mark | None:
    """What an element of a font makes of its characters."""
    if name in ("strike", "dstrike"):
        return "struck" if is_on(attributes.get("val", "1")) else None
    if name == "vertAlign":
        return "raised" if attributes.get("val", "") in ("superscript", "subscript") else None
    if name == "color":
        colour = colour_of(attributes)
        return "hidden" if colour and is_white(colour) else None
    return None


def colour_of(attributes: dict[str, str]) -> Colour | None:
    """The first of the ways in which a colour may be said; None for the one that the program takes by itself."""
    tint = attributes.get("tint", "0")
    for kind in ("rgb", "theme", "indexed"):
        if kind in attributes and attributes[kind] != "64":
            value = attributes[kind].upper()[-6:] if kind == "rgb" else attributes[kind]
            return kind, value if tint.lstrip("-").startswith("0.0") or tint == "0" else f"{value} {tint}"
    return None


def is_white(colour: Colour) -> bool:
    """Whether it is that of the paper, which the first colour of a theme is."""
    kind, value = colour
    return is_pale(value) if kind == "rgb" else value == "0" if kind == "theme" else value in _WHITE


def is_on(value: str) -> bool:
    """Whether a switch of the XML is on."""
    return value.lower() not in _NO

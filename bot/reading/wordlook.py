"""How the characters of a Word file look, as far as it changes what they say: struck out, raised or lowered, hidden,
in the colour of the paper or too small to be read.

A run's own properties go before its character style, its paragraph's style, its table's style and the defaults of the
document. Source: ECMA-376 part 1, 17.3.2 and 17.7. Word 2003 XML has the same elements.
"""

from dataclasses import dataclass, field
from typing import Any

from bot.model.forms import Mark
from bot.reading.faint import has_numeral, is_ground, is_pale, is_tiny
from bot.reading.xmlfile import attribute, child, children, inner_text, local

RAISED = 4  # half-points by which a note is moved up or down; less evens out a line
OFF = frozenset({"0", "false", "off", "none"})
# Without one of these in its bytes a part of styles changes nothing, and is not parsed.
_WORDS = (b"strike", b"vertAlign", b"vanish", b":position", b'="FF', b'="ff', b':sz w:val="1"', b':sz w:val="2"')
_PROPERTIES = frozenset({"strike", "dstrike", "vertAlign", "vanish", "position", "color", "sz", "shd", "highlight"})

Look = dict[str, bool]  # property -> whether it is on; absent: as the next style says


def matters(styles: bytes) -> bool:
    """Whether these styles can change what a text says."""
    return any(word in styles for word in _WORDS)


def look_of(properties: Any) -> Look:
    """What a w:rPr says."""
    look: Look = {}
    for part in properties if properties is not None else ():
        name = local(part)
        if name == "shd":
            look |= _shading(part)
        elif name in _PROPERTIES:
            look[name] = _is_on(name, attribute(part, "val").lower())
    return look


def shaded(properties: Any) -> Look:
    """Whether something is drawn behind a cell, a paragraph or a table: what its w:shd says."""
    shading = child(properties, "shd") if properties is not None else None
    return {} if shading is None else _shading(shading)


def _shading(shading: Any) -> Look:
    fill, pattern = attribute(shading, "fill"), attribute(shading, "val").lower()
    if is_ground(fill) or (pattern not in ("", "clear", "nil") and not is_pale(attribute(shading, "color") or "black")):
        return {"shd": True}
    return {"shd": False} if is_pale(fill) else {}  # auto: what is behind it shows through


def _is_on(name: str, value: str) -> bool:
    if name == "vertAlign":
        return value in ("superscript", "subscript")
    if name == "position":
        return value.lstrip("-").isdecimal() and abs(int(value[:6])) >= RAISED
    if name in ("color", "highlight"):
        return is_pale(value) if name == "color" else is_ground(value)
    if name == "sz":  # half-points; Word 2003 has fractions
        return value.replace(".", "", 1).isdecimal() and is_tiny(float(value[:9]) / 2)
    return value not in OFF


def mark_of(look: Look) -> Mark | None:
    """What the look makes of a text. What is hidden is not seen, however it is drawn."""
    if look.get("vanish"):
        return "hidden"
    if look.get("strike") or look.get("dstrike"):
        return "struck"
    return "raised" if look.get("vertAlign") or look.get("position") else None


def is_faint(look: Look) -> bool:
    """Whether nobody sees a text of this look."""
    return look.get("sz", False) or (look.get("color", False) and not (look.get("shd") or look.get("highlight")))


@dataclass
class Styles:
    """The looks of a document's styles, by their ids. Empty when no style says anything."""

    looks: dict[str, Look] = field(default_factory=dict)
    otherwise: Look = field(default_factory=dict)  # the defaults of the document and of its paragraphs

    @classmethod
    def of(cls, root: Any) -> "Styles":
        """Out of a w:styles element."""
        own: dict[str, tuple[Look, str]] = {}
        styles = cls()
        for style in children(root, "style"):
            based = child(style, "basedOn")
            look = look_of(child(style, "rPr"))
            own[attribute(style, "styleId")] = look, attribute(based, "val") if based is not None else ""
            if attribute(style, "default") in ("1", "true", "on") and attribute(style, "type") == "paragraph":
                styles.otherwise = look
        defaults = child(root, "docDefaults")
        defaults = child(defaults, "rPrDefault") if defaults is not None else None
        if defaults is not None:
            styles.otherwise = look_of(child(defaults, "rPr")) | styles.otherwise
        for name in own:
            look, seen = {}, set[str]()
            at = name
            while at in own and at not in seen:  # a style based on itself is no style of a sane document
                seen.add(at)
                look, at = own[at][0] | look, own[at][1]
            if look:
                styles.looks[name] = look
        return styles

    def style(self, properties: Any, name: str) -> Look:
        """The look of the style that a w:pPr, w:rPr or w:tblPr names."""
        if not self.looks or properties is None:
            return {}
        named = child(properties, name)
        return self.looks.get(attribute(named, "val"), {}) if named is not None else {}

    def mark(self, run: Any, around: Look) -> Mark | None:
        """What a w:r says besides its text; ``around`` is the look of its paragraph, table and document."""
        properties = child(run, "rPr")
        look = around if properties is None else around | self.style(properties, "rStyle") | look_of(properties)
        if not look:
            return None
        return mark_of(look) or ("hidden" if is_faint(look) and has_numeral(inner_text(run)) else None)

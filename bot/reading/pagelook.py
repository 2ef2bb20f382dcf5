"""How the elements of a page look, as far as it changes what they say: struck out, raised or lowered, hidden, or not to
be seen. Pure.

Looks at tags, at style attributes, and at the rules that a page brings along for classes, ids and tags, as Word, WPS,
Excel and web systems write them. It is no browser: of a selector only its last part counts, and the last rule wins.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from bot.model.forms import Mark
from bot.reading.faint import has_numeral, is_ground, is_pale, is_tiny

RULES = 2_000  # of one page that are looked at; Excel writes some hundred
STYLES = 400_000  # characters of them
_TAGS: dict[str, Mark] = {"s": "struck", "strike": "struck", "del": "struck", "sup": "raised", "sub": "raised"}
_SIMPLE = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+)*)", re.I)
# Only a declaration with one of these words can matter.
_MATTERS = re.compile(
    r"(?i)line-through|vertical-align|display|visibility|mso-hide|text-decoration|mso-text-raise|color|background|font-size"
    r"|opacity|indent|left|top"
)
_DECLARATION = re.compile(r"(?i)(?:^|;)\s*([a-z-]+)\s*:\s*([^;]*)")
_LENGTH = re.compile(r"-?\s*(\d*\.?\d+)\s*(pt|px|em|ex|%|mm|cm|in)?")
RAISED = {"pt": 2.0, "px": 3.0, "em": 0.15, "ex": 0.3, "%": 15.0, "mm": 0.7, "cm": 0.07, "in": 0.03, None: 3.0}
_CELLS = frozenset(
    {"td", "th", "tr", "tbody", "thead", "tfoot", "table", "col", "img"}
)  # they are not raised: top, middle

_POINTS = {"pt": 1.0, "px": 0.75, "mm": 2.83, "cm": 28.3, "in": 72.0, "em": 12.0, "ex": 6.0, "%": 0.12, None: 0.75}
_AWAY = re.compile(r"-\s*\d{3,}")  # so far to the left or above that it is off the page
_AROUND = 30  # elements around one in which its ground may be drawn

# "struck", "raised", "hidden", "pale", "tiny", "ground" -> whether; absent: nothing is said
Look = dict[str, bool]


class Looks:
    """The rules of one page. Without any, an element tells by its tag and its style alone."""

    def __init__(self, styles: str = "") -> None:
        self._rules: dict[str, Look] = {}
        for selector, body in _rules(styles):
            look = _declared(body)
            for one in selector.split(",") if look else ():
                last = re.split(r"[\s>+~]+", one.strip())[-1] if one.strip() else ""
                found = _SIMPLE.fullmatch(last)
                if found and last and last != "*":
                    key = last.lower()
                    self._rules[key] = self._rules.get(key, {}) | look

    def of(self, element: Any) -> Look:
        """What is said of the element itself, not of what stands around it."""
        tag = element.tag
        look: Look = {_TAGS[tag]: True} if tag in _TAGS else {}
        if self._rules:
            look |= self._ruled(element, tag)
        style = element.get("style")
        if style and _MATTERS.search(style):
            look |= _declared(style)
        if element.get("hidden") is not None:
            look["hidden"] = True
        if colour := element.get("color"):
            look["pale"] = is_pale(colour)
        if ground := element.get("bgcolor") or element.get("background"):
            look["ground"] = is_ground(ground)
        if tag in _CELLS:
            look.pop("raised", None)
        return look

    def mark(self, element: Any, around: Mark | None) -> Mark | None:
        """What becomes of the text in the element, where ``around`` becomes of the text around it."""
        if not self._rules and element.tag not in _TAGS and not element.keys():
            return around  # most elements: nothing is said of them
        look = self.of(element)
        if look.get("hidden") or around == "hidden":
            return "hidden"
        if look.get("struck") or around == "struck":
            return "struck"  # a line that goes through the whole goes through its parts
        if (look.get("pale") or look.get("tiny")) and self._is_faint(element, look):
            return "hidden"
        return "raised" if look.get("raised", around == "raised") else None

    def _is_faint(self, element: Any, look: Look) -> bool:
        """Whether numbers stand in an element of this look that nobody sees on what is drawn behind them."""
        if not has_numeral("".join(element.itertext())):
            return False
        if look.get("tiny"):
            return True
        behind = (element, *islice(element.iterancestors(), _AROUND))
        return not next((found["ground"] for one in behind if "ground" in (found := self.of(one))), False)

    def is_hidden(self, element: Any) -> bool:
        """Whether the element is not shown."""
        return bool(self._rules or element.keys()) and self.of(element).get("hidden", False)

    def _ruled(self, element: Any, tag: str) -> Look:
        look = dict(self._rules.get(tag, {}))
        names = [f".{name}" for name in (element.get("class") or "").lower().split()[:20]]
        identity = element.get("id")
        for name in (*names, *([f"#{identity.lower()}"] if identity else ())):
            look |= self._rules.get(name, {}) | self._rules.get(f"{tag}{name}", {})
        return look


def _rules(styles: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations, but those for paper only. Linear in the length, whatever the braces are."""
    if not _MATTERS.search(styles):
        return
    begin, *rest = styles[:STYLES].replace("<!--", " ").replace("-->", " ").split("/*")
    text = begin + "".join(piece.partition("*/")[2] for piece in rest)
    for_paper = False
    for rule in text.split("}")[:RULES]:
        pieces = rule.split("{")
        if len(pieces) == 1:  # the end of an @-rule around others
            for_paper = False
            continue
        if len(pieces) > 2:
            for_paper = "print" in pieces[-3].lower() and "screen" not in pieces[-3].lower()
        if not for_paper and _MATTERS.search(pieces[-1]):
            yield pieces[-2], pieces[-1]


def _declared(style: str) -> Look:
    """What the declarations say, the last of a kind."""
    look: Look = {}
    for found in _DECLARATION.finditer(style):
        name, value = found[1].lower(), found[2].strip().lower()
        if name in ("text-decoration", "text-decoration-line"):
            look["struck"] = "line-through" in value
        elif name == "vertical-align":
            look["raised"] = value.startswith(("super", "sub")) or _is_far(value)
        elif name == "mso-text-raise":
            look["raised"] = _is_far(value)
        elif (name, value.split("!")[0].strip()) in (
            ("display", "none"),
            ("visibility", "hidden"),
            ("mso-hide", "all"),
        ):
            look["hidden"] = True
        else:
            look |= _seen(name, value)
    return look


def _seen(name: str, value: str) -> Look:
    """What a declaration says of whether its text can be seen at all."""
    value = value.partition("!")[0].strip()
    if name == "color":
        return {"pale": is_pale(value)}
    if name in ("background", "background-color"):
        colours = [part for part in value.split() if is_ground(part) or is_pale(part)] or [value]
        return {} if value in ("none", "transparent", "inherit") else {"ground": any(map(is_ground, colours))}
    if name == "font-size" and (found := _LENGTH.match(value)):
        return {"tiny": is_tiny(float(found[1]) * _POINTS[found[2]])}
    if name == "opacity" and (found := _LENGTH.match(value)) and float(found[1]) == 0:
        return {"hidden": True}
    if name in ("text-indent", "left", "top") and _AWAY.match(value):
        return {"hidden": True}
    return {}


def _is_far(value: str) -> bool:
    found = _LENGTH.match(value)
    return found is not None and float(found[1]) >= RAISED[found[2]]

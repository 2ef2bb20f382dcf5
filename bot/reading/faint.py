"""Characters that nobody sees though nothing hides them: of the colour of the paper, or too small to be read. Pure.

A heading in white on a ground that a style draws is no rarity, and what it says is in no doubt: only numerals count.
"""

import re

SMALLEST = 2.0  # points: what is smaller is a line of dots
PALE = 0xF5  # of red, green and blue: paler colours are white to the eye
_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{8}|[0-9a-f]{3})", re.I)
_NEXT = r"(?:\s*+,\s*+|\s++)(\d{1,3})"
_RGB = re.compile(r"rgba?\(\s*+(\d{1,3})" + 2 * _NEXT + r"\s*+(?:[,/]\s*+([\d.]++%?)\s*+)?\)", re.I)
_CLEAR = ("transparent", "none", "auto", "inherit", "initial", "")
_NUMERAL = re.compile(r"[0-9\uff10-\uff19]")


def is_pale(colour: str) -> bool:
    """Whether a colour is that of the paper, or none at all: ``#fff``, ``FFFFFFFF``, ``white``, ``rgb(255,255,255)``,
    ``transparent``. Of eight digits the first two are its strength."""
    text = colour.strip().lower()
    if text in ("white", "transparent", "snow", "ivory", "ghostwhite", "whitesmoke"):
        return True
    if found := _RGB.fullmatch(text):
        return (found[4] or "1").strip("0.%") == "" or all(int(part) >= PALE for part in found.groups()[:3])
    found = _HEX.fullmatch(text)
    if not found:
        return False
    digits = "".join(2 * char for char in found[1]) if len(found[1]) == 3 else found[1][-6:]
    return all(int(digits[n : n + 2], 16) >= PALE for n in (0, 2, 4))


def is_ground(colour: str) -> bool:
    """Whether something is drawn behind the text on which white can be read."""
    return colour.strip().lower() not in _CLEAR and not is_pale(colour)


def is_tiny(points: float) -> bool:
    """Whether characters of this size cannot be read."""
    return points < SMALLEST


def has_numeral(text: str) -> bool:
    """Whether there is a digit in the text."""
    return _NUMERAL.search(text) is not None

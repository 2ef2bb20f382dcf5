"""Which characters of a PDF page the eye does not see, or sees differently. Pure; lengths in points, y grows downwards.

covered   a white or black box was painted over it later, or a note or a field is written over it
struck    a line goes through its middle that is no line of a table
raised    smaller than its neighbour, and higher or lower
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.reading.twofold import clean, marked

Char = Mapping[str, Any]
THIN = 2.5  # of a box that is a line
MIDDLE = (0.3, 0.72)  # of a character's height, in which a line goes through it; an underline is below
THROUGH = 0.5  # of a character's width
SMALLER = 0.8  # of its neighbour's size
SHIFTED = 0.1  # of its neighbour's size
OVERLAP = 0.2  # of a character's area
TOUCHING = 1.0  # between the end of a table's line and the line that it ends at
LOOKS = 150_000  # comparisons on one page; an honest one takes some thousand
LINE = 12.0  # height of the bands by which characters are looked up


class TooMany(Exception):
    """More lines through characters than any honest page has."""


@dataclass(frozen=True, slots=True)
class Marks:
    """``chars`` as they are seen, those that are struck or raised between the marks of ``twofold``; ``covered`` are
    not seen. ``typed`` is how many of the last ``chars`` were laid over the page; ``dropped`` are the ids of the boxes
    and lines that are no part of a table."""

    chars: Sequence[Char]
    covered: Sequence[Char] = ()
    typed: int = 0
    dropped: frozenset[int] = field(default_factory=frozenset)


def marks(page: Any, own: Mapping[str, int] | None = None) -> Marks:
    """What becomes of the characters of a page (of pdfplumber). ``own`` are the numbers of characters and boxes of the
    page itself, if the rest was laid over it. TooMany on a page that was made to take long."""
    chars: list[Char] = list(page.chars)
    over = chars[own["chars"] :] if own else []
    dropped: set[int] = set()
    hidden = _under_boxes(page, chars, len(over), own, dropped)
    bands = _Bands([char for char in chars if id(char) not in hidden])
    for char in over:
        hidden.update(id(other) for other in bands.near(char) if id(other) != id(char) and _overlap(char, other))
    hidden.difference_update(map(id, over))
    struck = _struck(page, bands, dropped)
    seen = [_raised_or_struck(char, struck) for char in chars if id(char) not in hidden]
    return Marks(_with_notes(seen), [c for c in chars if id(c) in hidden], len(over), frozenset(dropped))


def _under_boxes(
    page: Any, chars: Sequence[Char], over: int, own: Mapping[str, int] | None, dropped: set[int]
) -> set[int]:
    """The characters over which a box was painted. Such boxes, and all that were laid over, are no part of a table."""
    hidden: set[int] = set()
    hiding: list[tuple[Char, int]] = []
    painted: list[int] | None = None
    for number, box in enumerate(page.rects):
        laid_over = own is not None and number >= own["rects"]
        if laid_over:
            dropped.add(id(box))
        if _hides(box) and chars:
            if painted is None and not laid_over:
                painted = _painted_before(page)
            before = len(chars) - over if laid_over else (painted or [])[number]
            hiding += [(box, before)] if before else []
    if hiding:
        bands = _Bands(chars)
        places = {id(char): place for place, char in enumerate(chars)}
        for box, before in hiding:
            under = {id(char) for char in bands.near(box) if places[id(char)] < before and _is_in(box, char)}
            dropped.update([id(box)] if under else [])
            hidden |= under
    return hidden


def _hides(box: Char) -> bool:
    """Whether a box is filled with what hides: white, or the black of a censor. Colours may be see-through."""
    colour = box.get("non_stroking_color")
    if not box.get("fill") or box["height"] < THIN or box["width"] < THIN:
        return False
    several = colour if isinstance(colour, tuple | list) else [colour]  # grey is one number
    values = [float(value) for value in several if isinstance(value, int | float)]
    if len(values) == 4:  # cyan, magenta, yellow, black
        return max(values) < 0.05 or values[3] > 0.9
    return bool(values) and (min(values) > 0.95 or max(values) < 0.1)


def _painted_before(page: Any) -> list[int]:
    """For each box, how many characters were painted before it."""
    from pdfminer.layout import LTChar, LTFigure, LTRect

    def walk(objects: Any) -> Iterator[Any]:
        for item in objects:
            if isinstance(item, LTFigure):
                yield from walk(item)
            else:
                yield item

    chars = 0
    before: list[int] = []
    for item in walk(page.layout):
        chars += isinstance(item, LTChar)
        if isinstance(item, LTRect):
            before.append(chars)
    return before if len(before) == len(page.rects) else [0] * len(page.rects)


def _is_in(box: Char, char: Char) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(box["x0"] <= x <= box["x1"] and box["top"] <= y <= box["bottom"])


def _overlap(one: Char, other: Char) -> bool:
    across = min(one["x1"], other["x1"]) - max(one["x0"], other["x0"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    area = max((other["x1"] - other["x0"]) * (other["bottom"] - other["top"]), 0.01)
    return bool(across > 0 and down > 0 and across * down > OVERLAP * area)


class _Bands:
    """Characters by the height at which they stand, each band from left to right."""

    def __init__(self, chars: Sequence[Char]) -> None:
        self._bands: dict[int, list[Char]] = {}
        self._left = LOOKS
        for char in chars:
            for band in range(
                int(char["top"] // LINE), min(int(char["bottom"] // LINE), int(char["top"] // LINE) + 50) + 1
            ):
                self._bands.setdefault(band, []).append(char)
        for band_of in self._bands.values():
            band_of.sort(key=lambda char: float(char["x0"]))
        self._first, self._last = min(self._bands, default=0), max(self._bands, default=-1)
        self._widest = max((float(char["x1"] - char["x0"]) for char in chars), default=0.0)

    def near(self, box: Char) -> Iterator[Char]:
        """Those that may stand on, over or under it. One may come twice."""
        if not self._bands:
            return
        first, last = max(int(box["top"] // LINE), self._first), min(int(box["bottom"] // LINE), self._last)
        for band in range(first, last + 1):
            chars = self._bands.get(band, [])
            at = bisect_left(chars, box["x0"] - self._widest, key=lambda char: float(char["x0"]))
            while at < len(chars) and chars[at]["x0"] < box["x1"]:
                self._left -= 1
                if self._left < 0:
                    raise TooMany
                yield chars[at]
                at += 1


def _struck(page: Any, bands: _Bands, dropped: set[int]) -> set[int]:
    """The characters with a line through them. Such lines are no part of a table."""
    upright = [line for line in (*page.lines, *page.rects) if line["width"] < THIN < line["height"]]
    struck: set[int] = set()
    for line in (*page.lines, *page.rects, *page.curves):
        if line["height"] > THIN or line["width"] < THIN:
            continue
        y = (line["top"] + line["bottom"]) / 2
        through = [char for char in bands.near(line) if _goes_through(line, y, char)]
        if through and not _is_ruled(line, y, upright):
            struck.update(map(id, through))
            dropped.add(id(line))
    return struck


def _goes_through(line: Char, y: float, char: Char) -> bool:
    height, width = char["bottom"] - char["top"], max(char["x1"] - char["x0"], 0.01)
    across = min(line["x1"], char["x1"]) - max(line["x0"], char["x0"])
    return bool(MIDDLE[0] * height < y - char["top"] < MIDDLE[1] * height and across > THROUGH * width)


def _is_ruled(line: Char, y: float, upright: Sequence[Char]) -> bool:
    """Whether the line begins or ends at one that stands upright: so do those of a table."""
    return any(
        min(abs(line["x0"] - other["x0"]), abs(line["x1"] - other["x1"])) <= TOUCHING
        and other["top"] - TOUCHING <= y <= other["bottom"] + TOUCHING
        for other in upright
    )


def _raised_or_struck(char: Char, struck: set[int]) -> Char:
    return {**char, "text": marked(clean(str(char["text"])), "struck")} if id(char) in struck else char


def _with_notes(chars: Sequence[Char]) -> list[Char]:
    """Small characters beside larger ones that stand higher or lower, set upon the line of the larger."""
    sizes = {float(char["size"]) for char in chars}
    if not sizes or min(sizes) > SMALLER * max(sizes):
        return list(chars)
    found: list[Char] = []
    beside: Char | None = None  # the last one of the usual size
    for number, char in enumerate(chars):
        following = chars[number + 1] if number + 1 < len(chars) else None
        if beside is not None and _is_note(char, beside, found[-1]):
            found.append(_on_line(char, beside))
            continue
        if following is not None and str(char["text"]).strip() and _is_note(char, following, following):
            found.append(_on_line(char, following))
            continue
        beside = char if str(char["text"]).strip() else None
        found.append(char)
    return found


def _is_note(char: Char, other: Char, neighbour: Char) -> bool:
    size = float(other["size"])
    gap = max(char["x0"] - neighbour["x1"], neighbour["x0"] - char["x1"])
    shift = (char["top"] + char["bottom"] - other["top"] - other["bottom"]) / 2
    return bool(
        char["size"] <= SMALLER * size
        and str(char["text"]).strip()
        and -0.4 * size < gap < 0.4 * size
        and SHIFTED * size < abs(shift) < 0.8 * size
    )


def _on_line(char: Char, other: Char) -> Char:
    text = marked(clean(str(char["text"])), "raised")
    return {**char, "text": text, "top": other["top"], "bottom": other["bottom"], "size": other["size"]}

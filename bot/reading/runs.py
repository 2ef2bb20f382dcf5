"""The characters of a PDF page -> runs: the pieces of text as the program that printed the page laid them down.

A printed sheet puts each cell's text down in one go, so a run tells what belongs together even where two cells'
texts were printed over each other. Lengths are in points, y grows downwards (pdfplumber).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bot.reading.boxes import Word

GAP = 0.3  # of the character's size: a wider gap begins a new run; a blank has its own character
BACK = 0.4  # of the size: so far may a character stand over the one before (kerning, bold printed twice)
OVER = 1.0  # points by which two runs may touch


@dataclass(frozen=True, slots=True)
class Run(Word):
    """A word that was laid down at once, and its characters one by one. ``typed``: somebody laid it over the page, by
    hand, so that it may stand a little beside its cell."""

    glyphs: tuple[Word, ...]
    typed: bool = False


def part(glyphs: Sequence[Word], typed: bool = False) -> Run:
    """These characters as a run; at least one."""
    return Run(
        "".join(glyph.text for glyph in glyphs),
        min(glyph.x0 for glyph in glyphs),
        min(glyph.y0 for glyph in glyphs),
        max(glyph.x1 for glyph in glyphs),
        max(glyph.y1 for glyph in glyphs),
        tuple(glyphs),
        typed,
    )


def runs(chars: Iterable[Mapping[str, Any]], typed: bool = False) -> list[Run]:
    """The page's text in the order in which it was laid down. Characters that do not stand upright are left out."""
    found: list[list[Mapping[str, Any]]] = []
    for char in chars:
        if not char["upright"] or not char["text"]:
            continue
        if found and _continues(found[-1][-1], char):
            found[-1].append(char)
        else:
            found.append([char])
    return [run for piece in found if (run := _run(piece, typed)) is not None]


def _continues(before: Mapping[str, Any], char: Mapping[str, Any]) -> bool:
    size = max(float(before["size"]), float(char["size"]), 1.0)
    same_line = abs(float(before["bottom"]) - float(char["bottom"])) < 0.3 * size
    return same_line and -BACK * size < float(char["x0"]) - float(before["x1"]) < GAP * size


def _run(piece: list[Mapping[str, Any]], typed: bool) -> Run | None:
    """The run without blanks at its ends: a cell may be filled up with them."""
    blank = [not str(char["text"]).strip() for char in piece]
    if all(blank):
        return None
    first, end = blank.index(False), len(piece) - blank[::-1].index(False)
    return part([_glyph(char) for char in piece[first:end]], typed)


def _glyph(char: Mapping[str, Any]) -> Word:
    return Word(str(char["text"]), *(float(char[side]) for side in ("x0", "top", "x1", "bottom")))


def colliding(found: Iterable[Run]) -> list[Run]:
    """Runs that stand over another one on the same line, both of them: clipped on paper, mixed in the text."""
    lines: dict[int, list[Run]] = {}
    for run in found:
        # Half a line apart still collides: look in the neighbouring lines too.
        for line in {int(run.y0 // 6), int(run.y1 // 6), int(run.middle // 6)}:
            lines.setdefault(line, []).append(run)
    struck: dict[int, Run] = {}
    for line_of in lines.values():
        ordered = sorted(line_of, key=lambda run: run.x0)
        for one, other in pairwise(ordered):
            if _over(one, other):
                struck[id(one)], struck[id(other)] = one, other
    return list(struck.values())


def _over(one: Run, other: Run) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > OVER and down > 0.5 * min(one.height, other.height)

"""Which part of a sheet belongs to which table, when several stand on it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bot.reading.fields import Found
from bot.reading.view import Box, View
from bot.reading.vocabulary import Vocabulary

FAR_END = 1 << 30


def blocks(view: View, vocab: Vocabulary, boxes: Sequence[Box], texts: Sequence[Found]) -> Iterator[tuple[int, Box]]:
    """The index of each table, from top to bottom, and the part of the sheet in which its fields stand.

    What lies between two tables is divided at the next title, else at the next field that belongs above a table.
    """
    bands: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda i: (boxes[i].top, boxes[i].left)):
        if bands and boxes[index].top <= max(boxes[i].bottom for i in bands[-1]):
            bands[-1].append(index)
        else:
            bands.append([index])
    starts = [0]
    for before, band in pairwise(bands):
        gap = range(max(boxes[i].bottom for i in before) + 1, min(boxes[i].top for i in band))
        starts.append(_boundary(view, vocab, gap, texts))
    for band, start, end in zip(bands, starts, [*starts[1:], FAR_END], strict=True):
        band.sort(key=lambda i: boxes[i].left)
        lefts = [0, *(boxes[i].right + 1 for i in band[:-1])]
        for index, left, following in zip(band, lefts, [*lefts[1:], FAR_END], strict=True):
            yield index, Box(start, left, end - 1, following - 1)


def _boundary(view: View, vocab: Vocabulary, gap: range, texts: Sequence[Found]) -> int:
    titles = (row for row in gap if any(vocab.title in name for names in view.names[row] for name in names))
    above = (text.row for text in texts if text.rule.side == "above" and text.row in gap)
    return next(titles, None) or min(above, default=gap.stop)

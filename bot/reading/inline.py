"""Numbers in running text -> a matrix: twelve in the order of the paper, or after the words that name them.

    0 2 5 1 1 0 3 0 0 1 12 7                     in order; also with the sums behind them, if they agree
    规上 0 2 5 1，高危 1 0 3 0，其他 0 1 12 7     a group and its columns in order; also with its sum behind them
    规上：一级0，二级2，三级5，其他1；高危……       each number with its column; columns may lead and groups follow

A text with anything else in it is not understood, and nothing is guessed. A group or a column that is not named
is absent, and asked for like any cell that was left blank.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.model.forms import Count
from bot.model.replies import Inline
from bot.reading.tokens import LONGEST, Token, tokens_of
from bot.rules.base import even
from bot.rules.forms import FormRule, Labelled
from bot.rules.words import Words


def numbers_in(text: str, rule: FormRule, words: Words, noise: Iterable[str] = ()) -> Inline | None:
    """The numbers of the form, or None when the text is anything but them. ``noise`` are texts that mean nothing."""
    tokens = tokens_of(text[:LONGEST], rule, words, tuple(noise))
    if tokens is None or not any(t.count for t in tokens):
        return None
    return _in_order(tokens, rule) or _by_rows(tokens, rule) or _by_cells(tokens, rule)


def how_many(text: str) -> int:
    """How many numbers stand in a text that was not understood."""
    return len(re.findall(r"(?<!\d)\d{1,6}(?!\d)", unicodedata.normalize("NFKC", text[:LONGEST])))


def _in_order(tokens: Sequence[Token], rule: FormRule) -> Inline | None:
    """All numbers in the order of the paper. Sums behind them count as such only when they agree."""
    counts = [t.count for t in tokens if t.count]
    if len(counts) < len(tokens) - sum(t.is_subtotal or t.is_total for t in tokens):
        return None
    size, groups = len(rule.columns), len(rule.groups)
    cells, sums = counts[: size * groups], [c.value for c in counts[size * groups :]]
    if len(cells) < size * groups:
        return None
    parts = [cells[i * size : (i + 1) * size] for i in range(groups)]
    added = [sum(c.value or 0 for c in part) for part in parts]
    if sums not in ([], [sum(added)], added, [*added, sum(added)]):
        return None
    table = {
        g.id: {c.id: n for c, n in zip(rule.columns, part, strict=True)}
        for g, part in zip(rule.groups, parts, strict=True)
    }
    return Inline(table)


def _by_rows(tokens: Sequence[Token], rule: FormRule) -> Inline | None:
    """Each group, its columns in order behind it, perhaps its sum; at last perhaps the total."""
    result = Inline({})
    total, at = None, 0
    while at < len(tokens):
        if tokens[at].is_total and total is None:
            total, at = _one(tokens, at + 1)
            if total is None or at < len(tokens):
                return None
            continue
        group = tokens[at].group
        if not group or group in result.counts:
            return None
        numbers, at = _run(tokens, at + 1)
        if at < len(tokens) and tokens[at].is_subtotal:
            subtotal, at = _one(tokens, at + 1)
            if subtotal is None:
                return None
            numbers.append(subtotal)
        if len(numbers) not in (len(rule.columns), len(rule.columns) + 1):
            return None
        result.counts[group] = {c.id: n for c, n in zip(rule.columns, numbers, strict=False)}
        if len(numbers) > len(rule.columns):
            result.subtotals[group] = numbers[-1]
    return Inline(result.counts, result.subtotals, total) if result.counts else None


def _by_cells(tokens: Sequence[Token], rule: FormRule) -> Inline | None:
    """Each number behind its own word: a group, then pairs of column and number; or the other way round."""
    upright = _pairs(tokens, "group", "column")
    turned = _pairs(tokens, "column", "group") if upright is None else None
    if upright is None and turned is None:
        return None
    cells, subtotals, total = upright or turned or ({}, {}, None)
    if turned is not None:
        cells, subtotals = _turned(cells), {}
    return Inline({g.id: cells[g.id] for g in rule.groups if g.id in cells}, subtotals, total)


_Pairs = tuple[dict[str, dict[str, Count]], dict[str, Count], Count | None]


def _pairs(tokens: Sequence[Token], outer: str, inner: str) -> _Pairs | None:
    cells: dict[str, dict[str, Count]] = {}
    sums: dict[str, Count] = {}
    total: Count | None = None
    here, at = "", 0
    while at < len(tokens):
        token = tokens[at]
        number, after = _one(tokens, at + 1)
        if number is None:
            # 其他 is a group and a column: without a number right behind it, it can only lead.
            here = getattr(token, outer)
            if not here or here in cells:
                return None
            cells[here], at = {}, at + 1
        elif getattr(token, inner) and here and getattr(token, inner) not in cells[here]:
            cells[here][getattr(token, inner)], at = number, after
        elif token.is_subtotal and here and here not in sums:
            sums[here], at = number, after
        elif token.is_total and total is None:
            total, at = number, after
        else:
            return None
    return (cells, sums, total) if all(cells.values()) and cells else None


def _turned(cells: dict[str, dict[str, Count]]) -> dict[str, dict[str, Count]]:
    turned: dict[str, dict[str, Count]] = {}
    for column, numbers in cells.items():
        for group, number in numbers.items():
            turned.setdefault(group, {})[column] = number
    return turned


def _run(tokens: Sequence[Token], at: int) -> tuple[list[Count], int]:
    found = []
    while at < len(tokens) and (number := tokens[at].count):
        found.append(number)
        at += 1
    return found, at


def _one(tokens: Sequence[Token], at: int) -> tuple[Count | None, int]:
    return (tokens[at].count, at + 1) if at < len(tokens) and tokens[at].count else (None, at)


def labels(parts: Iterable[Labelled]) -> set[str]:
    """Every word for these parts, evened out."""
    return {even(word) for part in parts for word in (part.label, *part.synonyms)}

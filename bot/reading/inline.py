"""Numbers in running text -> a matrix: twelve in the order of the paper, or after the words that name them.

    0 2 5 1 1 0 3 0 0 1 12 7                     in order; also with the sums behind them, if they agree
    规上 0 2 5 1，高危 1 0 3 0，其他 0 1 12 7     a group and its columns in order; also with its sum behind them
    规上：一级0，二级2，三级5，其他1；高危……       each number with its column; one group so, and the next in order
    一级：规上0，高危1，其他0；二级……              the same with the columns leading

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
    return _in_order(tokens, rule) or _by_groups(tokens, rule) or _by_columns(tokens, rule)


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


def _by_groups(tokens: Sequence[Token], rule: FormRule) -> Inline | None:
    """Each group, and behind it its columns in order, perhaps with their sum, or each number behind its own word. How
    many numbers follow tells what 其他 is: a column has one."""
    columns = [column.id for column in rule.columns]
    found = Inline({})
    total: Count | None = None
    here, at = "", 0
    while at < len(tokens):
        token = tokens[at]
        numbers, at = _run(tokens, at + 1)
        one = len(numbers) == 1
        if one and here and token.column and token.column not in found.counts[here]:
            found.counts[here][token.column] = numbers[0]
        elif token.group and token.group not in found.counts and len(numbers) in (0, len(columns), len(columns) + 1):
            here = token.group
            found.counts[here] = dict(zip(columns, numbers, strict=False))
            if len(numbers) > len(columns):
                found.subtotals[here] = numbers[-1]
        elif one and here and token.is_subtotal and here not in found.subtotals:
            found.subtotals[here] = numbers[0]
        elif one and token.is_total and total is None:
            total = numbers[0]
        else:
            return None
    whole = bool(found.counts) and all(found.counts.values())
    counts = {group.id: found.counts[group.id] for group in rule.groups if group.id in found.counts}
    return Inline(counts, found.subtotals, total) if whole else None


def _by_columns(tokens: Sequence[Token], rule: FormRule) -> Inline | None:
    """Each column, and behind it the groups, each number behind its own word."""
    cells: dict[str, dict[str, Count]] = {}
    total: Count | None = None
    here = ""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        numbers, at = _run(tokens, at + 1)
        if not numbers and token.column and token.column not in {c for row in cells.values() for c in row} | {here}:
            here = token.column
        elif len(numbers) == 1 and here and token.group and here not in cells.get(token.group, {}):
            cells.setdefault(token.group, {})[here] = numbers[0]
        elif len(numbers) == 1 and token.is_total and total is None:
            total = numbers[0]
        else:
            return None
    return Inline({g.id: cells[g.id] for g in rule.groups if g.id in cells}, {}, total) if cells else None


def _run(tokens: Sequence[Token], at: int) -> tuple[list[Count], int]:
    found = []
    while at < len(tokens) and (number := tokens[at].count):
        found.append(number)
        at += 1
    return found, at


def labels(parts: Iterable[Labelled]) -> set[str]:
    """Every word for these parts, evened out."""
    return {even(word) for part in parts for word in (part.label, *part.synonyms)}

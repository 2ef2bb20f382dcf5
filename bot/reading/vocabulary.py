"""The words of one form, made ready for looking up. They all come from its rules file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.reading.view import Names
from bot.rules.base import even, texts
from bot.rules.forms import FieldRule, FormRule

_GAP = r"[\s()\[\]_*·:]*"  # what people put between the characters of a label: 填 报 人, 填报单位（盖章）


@dataclass(frozen=True)
class Vocabulary:
    """Evened words -> ids, and a pattern that finds a field's label in a text (after NFKC).

    ``need`` is how many different columns make a row of column words; ``known`` holds every word
    that is part of the blank form, so never a value.
    """

    columns: Mapping[str, str]
    groups: Mapping[str, str]
    values: Mapping[str, str]
    subtotals: Mapping[str, str]
    totals: Mapping[str, str]
    title: str
    known: frozenset[str]
    need: int
    label: re.Pattern[str]
    labels: Mapping[str, FieldRule]
    spoken: re.Pattern[str]

    def speaks(self, name: str) -> bool:
        """Whether an evened text can hold a field's label at all; cheaper than the pattern."""
        return self.spoken.search(name) is not None


def meaning(names: Names, words: Mapping[str, str]) -> str | None:
    """What a cell's names mean in ``words``, or None."""
    for name in names:
        if name in words:
            return words[name]
    return None


@lru_cache(maxsize=64)
def vocabulary(rule: FormRule) -> Vocabulary:
    """The vocabulary of a form; computed once."""
    headings = rule.headings
    columns = {word: column.id for column in rule.columns for word in column.words}
    groups = {word: group.id for group in rule.groups for word in group.words}
    labels = {word: field for field in rule.fields for word in field.words}
    values, subtotals, totals = (
        {word: word for word in texts("", some) if word}
        for some in (headings.values, headings.subtotals, headings.total)
    )
    written = texts(rule.title, (headings.groups, headings.columns, rule.unit_of_count, *rule.notes))
    known = written.union(columns, groups, values, subtotals, totals) - {""}
    longest_first = sorted(labels, key=len, reverse=True)
    pattern = "|".join(_GAP.join(map(re.escape, word)) for word in longest_first) or "(?!)"
    return Vocabulary(
        columns,
        groups,
        values,
        subtotals,
        totals,
        title=even(rule.title),
        known=known,
        need=min(2, len(rule.columns)),
        label=re.compile(pattern, re.IGNORECASE),
        labels=labels,
        spoken=re.compile("|".join(map(re.escape, longest_first)) or "(?!)"),
    )

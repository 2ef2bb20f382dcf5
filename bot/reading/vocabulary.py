"""The words of one form, made ready for looking up. They all come from its rules file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from bot.reading.view import LABEL, Names
from bot.reading.written import month
from bot.rules.base import even, texts
from bot.rules.forms import FieldRule, FormRule
from bot.rules.words import LineWords

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

    def split(self, name: str, lines: LineWords) -> tuple[str, str] | None:
        """The word of a column or group that a name begins or ends with, and the rest that says of which month, or
        that it is new or cumulative: 本月一级, 一级累计. None for any other name; a rate of 一级 is none of it."""
        if len(name) > LABEL or name in self.known or not (name.startswith(self._heads) or name.endswith(self._heads)):
            return None
        word = next((w for w in self._heads if len(w) < len(name) and name.startswith(w)), None)
        rest = name[len(word) :] if word else ""
        if word is None or not _tells(rest, lines):
            word = next((w for w in self._heads if len(w) < len(name) and name.endswith(w)), None)
            rest = name[: -len(word)] if word else ""
        return (word, rest) if word and _tells(rest, lines) else None

    @cached_property
    def _heads(self) -> tuple[str, ...]:
        """The words of columns and groups, the longest first."""
        return tuple(sorted({*self.columns, *self.groups}, key=len, reverse=True))

    def speaks(self, name: str) -> bool:
        """Whether an evened text can hold a field's label at all; cheaper than the pattern."""
        return self.spoken.search(name) is not None


def _tells(rest: str, lines: LineWords) -> bool:
    """Whether it says which of several numbers stands there, and that it is one of the form's."""
    said = any(lines.say(kind, rest) for kind in ("this", "before", "cumulative", "fresh"))
    return (said or month(rest)[1] is not None) and not rest.isdecimal() and not lines.say("apart", rest)


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

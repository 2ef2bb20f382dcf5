"""The words of commands in a text, and the words around them that mean nothing. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache

from bot.reading.arguments import SPACE, period_at, unit_at
from bot.rules.base import even
from bot.rules.commands import CommandRule
from bot.rules.policy import Rules

LIKENESS = 0.6
MOST_NEAREST = 3
_EDGE = re.compile(r"^[\s,，、;；:：。.!~]+|[\s,，、;；:：。.!~]+$")


@lru_cache(maxsize=1024)
def _pattern(word: str) -> re.Pattern[str]:
    """A word, with blanks between its characters: 通 过."""
    plain = "".join(unicodedata.normalize("NFKC", word).split())
    return re.compile(r"\s*".join(map(re.escape, plain)), re.IGNORECASE)


def words_at(text: str, known: Sequence[CommandRule]) -> tuple[tuple[CommandRule, ...], str]:
    """The commands whose word a text begins with, by the longest word of all, and what follows it; those that want
    more come first."""
    text = text.lstrip(" ,.:;、")
    found: list[tuple[int, CommandRule]] = []
    for rule in known:
        ends = [hit.end() for word in rule.words if (hit := _pattern(word).match(text))]
        found += [(max(ends), rule)] if ends else []
    if not found:
        return (), text
    longest = max(end for end, _ in found)
    rivals = [rule for end, rule in found if end == longest]
    rivals.sort(key=lambda rule: -sum(not a.endswith("?") for a in rule.arguments))
    return tuple(rivals), SPACE.sub("", text[longest:])


def begins(line: str, rules: Rules) -> str:
    """A line without the numbers of a list and the words before a command that mean nothing: 1. 请帮忙"""
    text = re.sub(r"^\s*[(]?(?:第\s*)?\d{1,7}(?!\d)\s*(?:项\s*)?[.、):]*\s*(?=\D)(?![年月日号./-])", "", line)
    return _without_first(text, _noise(rules))


def bare(text: str, rules: Rules) -> str:
    """What is left of a text without words that mean nothing at its beginning."""
    return _EDGE.sub("", _without_first(text, _noise(rules)))


def _without_first(text: str, noise: Sequence[str]) -> str:
    before = None
    while text != before:
        before = text
        text = _EDGE.sub("", text) if not text.strip() else re.sub(r"^[\s,，、;；:：。.!~]+", "", text)
        for phrase in noise:
            if text[: len(phrase)].casefold() == phrase:
                text = text[len(phrase) :]
                break
    return text


def consists(text: str, rules: Rules) -> bool:
    """Whether a text is nothing but words that mean nothing."""
    return consists_of(even(text).strip("!~"), _tails(rules))


def consists_of(text: str, phrases: Sequence[str]) -> bool:
    """Whether an evened text can be put together out of phrases."""
    reached = {0}
    for start in range(len(text)):
        if start in reached:
            reached |= {start + len(p) for p in phrases if text.startswith(p, start)}
    return len(text) in reached


def _noise(rules: Rules) -> tuple[str, ...]:
    return _sorted(rules.commands.speech.fillers, rules.replies.courtesy)


def _tails(rules: Rules) -> tuple[str, ...]:
    return _sorted((*rules.commands.speech.fillers, *rules.commands.speech.tails), rules.replies.courtesy)


@lru_cache(maxsize=8)
def _sorted(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({even(t) for t in (*some, *others)} - {""}, key=len, reverse=True))


def nearest(line: str, known: Sequence[CommandRule], rules: Rules, today: date) -> tuple[CommandRule, ...]:
    """The commands that a line may mean: one of their words stands in it, misspelt or among others, beside something
    that commands speak of; or the line begins much like one."""
    first = even(re.split(r"\s", begins(line, rules), maxsplit=1)[0])[:8]
    found = list(_alike(first, known))
    if not found and (re.match(r"\s*(?:第\s*)?\d{1,7}(?!\d|月|日|号)", line) or _speaks_of(line, rules, today)):
        plain = even(line)
        found += [rule for rule in known if any(word in plain for word in rule.evened if len(word) > 1)]
        found += [rule for rule in known if any(_misspelt(word, plain) for word in rule.evened)]
    return tuple(dict.fromkeys(found))[:MOST_NEAREST]


def _alike(first: str, known: Sequence[CommandRule]) -> Iterator[CommandRule]:
    scored = [(SequenceMatcher(None, word, first).ratio(), rule) for rule in known for word in rule.evened if first]
    yield from (rule for score, rule in sorted(scored, key=lambda s: -s[0]) if score >= LIKENESS)


def _misspelt(word: str, text: str) -> bool:
    """Whether a word stands in a text with one character wrong."""
    if len(word) < 2:
        return False
    return any(
        sum(a != b for a, b in zip(word, text[n : n + len(word)], strict=True)) == 1
        for n in range(len(text) - len(word) + 1)
    )


def _speaks_of(line: str, rules: Rules, today: date) -> bool:
    """Whether a unit or a month stands in a short line."""
    if len(line) > 40:
        return False
    return any(unit_at(line[n:], rules)[0] for n in range(len(line))) or any(
        period_at(line[n:], today)[0] for n in range(len(line)) if re.match(r"\d{1,2}\s*月", line[n:])
    )

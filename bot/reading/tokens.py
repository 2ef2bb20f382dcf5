"""The tokens of running text: words of a form, and numbers. Anything that is neither makes the text unreadable."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bot.model.forms import Count
from bot.reading.written import count, has_odd_digits
from bot.rules.forms import FormRule
from bot.rules.words import Words

LONGEST = 2_000  # characters of a reply that are looked at
_PLAUSIBLE = r"(?<![\d.])[+-]?\d+(?:\.\d+)?|[零一二三四五六七八九十百千两〇]+"  # how a number may look
_SEPARATOR = re.compile(r"[\s,，、;；:：。.|｜()（）]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a number of the text: the meanings that it can have. 其他 may be a group and a column."""

    text: str
    group: str = ""
    column: str = ""
    is_subtotal: bool = False
    is_total: bool = False
    count: Count | None = None


def tokens_of(text: str, rule: FormRule, words: Words, noise: tuple[str, ...]) -> list[Token] | None:
    """The tokens in order, without separators and ``noise``; None when anything else stands in the text."""
    if has_odd_digits(text):
        return None
    known = _known(rule, noise)
    pattern = _pattern(tuple(known), (*words.zero, *words.blank), words.after)
    plain = unicodedata.normalize("NFKC", text).casefold()
    tokens: list[Token] = []
    at = 0
    while at < len(plain):
        if blank := _SEPARATOR.match(plain, at):
            at = blank.end()
            continue
        found = pattern.match(plain, at)
        if found is None:
            return None
        at = found.end()
        if word := found["word"]:
            if token := known[word]:
                tokens.append(token)
        else:
            tokens.append(Token(found[0], count=count(found[0], "", words)))
    return tokens


@lru_cache(maxsize=32)
def _known(rule: FormRule, noise: tuple[str, ...]) -> dict[str, Token | None]:
    """Every word of the form, and what it can mean; None for noise."""
    table: dict[str, Token | None] = {_plain(text): None for text in noise if text.strip()}
    for text in (rule.headings.groups, rule.headings.columns, *rule.headings.values, rule.name, rule.title):
        table[_plain(text)] = None
    for text in rule.headings.subtotals:
        table[_plain(text)] = Token(text, is_subtotal=True)
    for text in rule.headings.total:
        table[_plain(text)] = Token(text, is_total=True)
    groups = {_plain(w): g.id for g in rule.groups for w in (g.label, *g.synonyms)}
    columns = {_plain(w): c.id for c in rule.columns for w in (c.label, *c.synonyms)}
    for word in {*groups, *columns}:
        table[word] = Token(word, groups.get(word, ""), columns.get(word, ""))
    table.pop("", None)
    return table


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


@lru_cache(maxsize=32)
def _pattern(known: tuple[str, ...], signs: tuple[str, ...], after: tuple[str, ...]) -> re.Pattern[str]:
    def any_of(texts: Iterable[str]) -> str:
        return "|".join(re.escape(_plain(t)) for t in sorted(texts, key=len, reverse=True) if t.strip()) or "(?!)"

    number = rf"(?:{_PLAUSIBLE}|{any_of(signs)})\s*(?:{any_of(after)})?"
    return re.compile(rf"(?P<word>{any_of(known)})|{number}")

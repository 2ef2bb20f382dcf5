"""What every rules file has in common: unknown keys are errors, values are frozen, texts are compared evened out."""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Collection
from datetime import date
from functools import lru_cache
from string import Formatter
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

# Marks without a glyph: Unicode's Default_Ignorable_Code_Point without U+202E, which turns what follows around, and
# control characters that are no blanks. Names copied from chats, web pages and PDFs carry them.
_INVISIBLE = (
    r"\x00-\x08\x0e-\x1b\x7f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202d"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
TURNING = "\u202e"
WORD = 40  # characters of a text that may be one of the rules' words, or a label
_HIDDEN = re.compile(f"[{_INVISIBLE}]+")
_IGNORED = re.compile(rf"[\s{_INVISIBLE}{TURNING}:：,，.。、;；()（）\[\]【】〔〕《》<>“”\"'‘’·*＊_|]+")


class Rule(BaseModel):
    """A table of a rules file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def visible(text: str) -> str:
    """The text without marks that nobody sees. U+202E stays: the eye reads what stands behind it from the right."""
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub("", text)


_MONTH = re.compile(r"(?a:\d{4}-(?:0[1-9]|1[0-2]))")


def _first_of(value: Any) -> Any:
    return f"{value}-01" if isinstance(value, str) and _MONTH.fullmatch(value) else value


def _last_of(value: Any) -> Any:
    if isinstance(value, str) and _MONTH.fullmatch(value):
        return f"{value}-{monthrange(int(value[:4]), int(value[5:]))[1]}"
    return value


# A day, or a month ("2018-03") for its first or its last day.
FromDay = Annotated[date, BeforeValidator(_first_of)]
ToDay = Annotated[date, BeforeValidator(_last_of)]


def even(text: str) -> str:
    """The text without differences that people do not see: width (NFKC), blanks, invisible marks, punctuation, case."""
    return _even_word(text) if len(text) <= WORD else _evened(text)


def _evened(text: str) -> str:
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).casefold()


_even_word = lru_cache(8192)(_evened)  # the rules' words are compared with every mail


def allow_names(template: str, names: Collection[str]) -> str:
    """The template, if it has no other {names} than these. ValueError names the first that nobody fills in."""
    for _, name, _, _ in Formatter().parse(template):
        if name is not None and name not in names:
            raise ValueError(f"{{{name}}} is not filled in here; expected any of {', '.join(sorted(names))}")
    return template


def texts(label: str, synonyms: tuple[str, ...]) -> frozenset[str]:
    """A label and its synonyms, evened out for comparison."""
    return frozenset(even(t) for t in (label, *synonyms))

"""What every rules file has in common: unknown keys are errors, values are frozen, texts are compared evened out."""

import re
import unicodedata
from collections.abc import Collection
from string import Formatter

from pydantic import BaseModel, ConfigDict

_IGNORED = re.compile(r"[\s\u3000\u00a0\u200b-\u200f\ufeff:：,，.。、;；()（）\[\]【】〔〕《》<>“”\"'‘’·*＊_|]+")


class Rule(BaseModel):
    """A table of a rules file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def even(text: str) -> str:
    """The text without differences that people do not see: width (NFKC), blanks, punctuation, case."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).casefold()


def allow_names(template: str, names: Collection[str]) -> str:
    """The template, if it has no other {names} than these. ValueError names the first that nobody fills in."""
    for _, name, _, _ in Formatter().parse(template):
        if name is not None and name not in names:
            raise ValueError(f"{{{name}}} is not filled in here; expected any of {', '.join(sorted(names))}")
    return template


def texts(label: str, synonyms: tuple[str, ...]) -> frozenset[str]:
    """A label and its synonyms, evened out for comparison."""
    return frozenset(even(t) for t in (label, *synonyms))

"""The own words of a reply -> what they say. Pure; it knows nothing of the letter that is answered.

Meaning is taken only from the whole: "无变化，但高危增加1家" is not "无变化". Courtesies, the sender's own names,
telephone numbers and dates around the words mean nothing, and are taken away first.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.model.replies import Reply
from bot.reading.inline import how_many, labels, numbers_in
from bot.rules.base import even
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

KEPT = 500  # characters of a reply that are kept and repeated
ATTEMPT = 3  # so many numbers, and the writer meant to report
# An address, a mobile or a fixed telephone, a whole date: parts of a signature, and no numbers of enterprises.
_CONTACT = re.compile(
    r"(?<![^\s@])[^\s@]++@\S++"
    r"|(?<!\d)(?:1\d\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}|\d{7,8})(?!\d)|20\d\d年\d{1,2}月\d{1,2}日?"
)
_EXCLAIMED = re.compile(r"[!~…]+")
_MONTH = re.compile(r"(?:截至|截止)?((?:20\d\d年)?(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月)(?:份|底|末)?")


def reply_in(words: str, rule: FormRule, rules: Rules, names: Iterable[str] = ()) -> Reply:
    """What the words say. ``rule`` is the form that the answered letter is about; ``names`` those of the sender: his
    own, his units' with their aliases."""
    text = words.strip()[:KEPT]
    names = tuple(sorted({n for n in names if n}, key=len, reverse=True))
    lines, month, unit = _bare_lines(text, rules, names)
    if not lines:
        return Reply("nothing", text, month, unit)
    replies = rules.replies
    for kind, meant in (("confirm", replies.confirming), ("unchanged", replies.keeping)):
        if all(line in meant for line in lines):
            return Reply("confirm" if kind == "confirm" else "unchanged", text, month, unit)
    noise = (*replies.courtesy, *replies.signature, *names)
    without = _MONTH.sub(" ", _CONTACT.sub(" ", unicodedata.normalize("NFKC", text)))
    if numbers := numbers_in(without, rule, rules.words, noise):
        return Reply("numbers", text, month, unit, numbers)
    if _is_attempt(without, lines, rule, rules):
        return Reply("unclear", text, month, unit)
    if _has(replies.questions, lines):
        return Reply("question", text, month, unit)
    return Reply("promise" if _has(replies.promises, lines) else "words", text, month, unit)


def _has(words: Iterable[str], lines: Sequence[str]) -> bool:
    return any(even(word) in line for word in words for line in lines)


def _bare_lines(text: str, rules: Rules, names: Sequence[str]) -> tuple[list[str], str, str | None]:
    """The lines, evened, without what means nothing; the month and the unit that are named."""
    ends = tuple(
        sorted({*map(even, (*rules.replies.courtesy, *rules.replies.signature, *names))} - {""}, key=len)[::-1]
    )
    meant = rules.replies.confirming | rules.replies.keeping
    found, months = [], []
    units = {unit.name for name in names if name in text and (unit := rules.units.resolve(name))}
    for line in text.split("\n"):
        plain = unicodedata.normalize("NFKC", line)
        dated = _CONTACT.sub(" ", plain)
        months += _MONTH.findall(dated)
        bare = _stripped(_EXCLAIMED.sub("", even(_MONTH.sub(" ", dated))), ends, meant)
        if bare:
            found.append(bare)
    return found, months[0] if len(set(months)) == 1 else "", units.pop() if len(units) == 1 else None


def _stripped(line: str, ends: tuple[str, ...], meant: frozenset[str]) -> str:
    """A line without courtesies and names at its ends. What has a meaning as it stands is not cut any further."""
    before = ""
    while line != before and line not in meant:
        before = line
        for end in ends:
            line = line.removeprefix(end).removesuffix(end) if line not in meant else line
    return line


def _is_attempt(text: str, lines: Sequence[str], rule: FormRule, rules: Rules) -> bool:
    """Whether somebody meant to report, or to confirm: not to be passed over."""
    phrases = rules.replies.confirming | rules.replies.keeping
    if any(phrase in line for phrase in phrases for line in lines if len(phrase) > 1):
        return True
    numbers = how_many(text)
    named = any(word in line for word in labels((*rule.groups, *rule.columns)) for line in lines)
    return (numbers >= ATTEMPT and named) or numbers >= len(rule.groups) * len(rule.columns) // 2

"""The own words of a mail -> what they say. Pure; it knows nothing of a letter that is answered.

Meaning is taken only from the whole: "无变化，但高危增加1家" is not "无变化". Courtesies, the sender's own names,
telephone numbers and dates around the words mean nothing.

    whole lines    confirm, whole, added, unchanged, zero, numbers; courtesy where all of it is covering words
    one word       recall, request, question, promise, announces; beside a form also hold and corrects
    else           unclear if somebody tried to report, else words
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bot.model.replies import Note, Reply
from bot.reading.inline import how_many, labels, numbers_in
from bot.reading.spelling import spelled
from bot.rules.base import even
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

NAME = 3  # letters of a name before a title
KEPT = 500  # characters of a reply that are kept and repeated
ATTEMPT = 3  # so many numbers, and the writer meant to report
# An address, a page, a mobile or a fixed telephone, a whole date: parts of a signature, and no numbers of enterprises.
_CONTACT = re.compile(
    r"(?<![^\s@])[^\s@]++@\S++|(?i:https?://)[!-~]++"
    r"|(?<!\d)(?:1\d\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}|\d{7,8})(?!\d)|20\d\d年\d{1,2}月\d{1,2}日?"
)
_EXCLAIMED = re.compile(r"[!~…]+")
_MONTH = re.compile(r"(?:截至|截止)?((?:20\d\d年)?(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月)(?:份|底|末)?")


# Stand for a month in an evened line, and for one that is only compared with.
_NAMED, _LIKE = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class _Lines:
    """The evened lines that say something, with ``_NAMED`` and ``_LIKE`` for months, and which months these are; the
    same without the courtesies at their ends."""

    whole: tuple[str, ...]
    bare: tuple[str, ...]
    month: str
    like: str
    unit: str | None


def reply_in(words: str, rule: FormRule, rules: Rules, names: Iterable[str] = ()) -> Reply:
    """What the words say. ``rule`` is the form that they are about; ``names`` those of the sender: his own, his units'
    with their aliases."""
    text = words.strip()[:KEPT]
    names = tuple(sorted({n for n in names if n}, key=len, reverse=True))
    lines = _lines(text, rules, names)
    about = (text, lines.month, lines.unit)
    if not text:
        return Reply("nothing", *about)
    if lines.bare and all(line in rules.replies.confirming for line in lines.bare):
        return Reply("confirm", *about)
    if listed := _listed(lines, rules, names):
        return Reply(listed, *about)
    if _keeps(lines, rules, names):
        return Reply("unchanged", *about, like=lines.like)
    if _spell(lines.whole, rules.replies.beside_keeping | set(map(even, names)), set(map(even, rules.replies.zero))):
        return Reply("zero", *about)
    noise = (*rules.replies.courtesy, *rules.replies.signature, *names)
    without = _MONTH.sub(" ", _CONTACT.sub(" ", unicodedata.normalize("NFKC", text)))
    if numbers := numbers_in(without, rule, rules.words, noise):
        return Reply("numbers", *about, numbers)
    if covers(text, rules, names):
        return Reply("announces" if _has(rules.replies.announces, (even(text),)) else "courtesy", *about)
    for kind, meant in (("recall", rules.replies.recalls), ("request", rules.replies.requests)):
        if _has(meant, lines.bare):
            return Reply("recall" if kind == "recall" else "request", *about)
    tried = _is_attempt(without, lines.bare, rule, rules)
    if tried != "numbers" and _has(rules.replies.questions, lines.bare):
        return Reply("question", *about)
    if tried:
        return Reply("unclear", *about)
    if _has(rules.replies.promises, lines.bare):
        return Reply("promise", *about)
    return Reply("announces" if _has(rules.replies.announces, lines.bare) else "words", *about)


def note_in(words: str, rules: Rules, names: Iterable[str] = ()) -> tuple[Note | None, str]:
    """What the words beside a form say that the form does not, and these words; None for a covering note. Lines of a
    table are no words."""
    text = "\n".join(line for line in words.split("\n") if "\t" not in line).strip()[:KEPT]
    names = tuple(sorted({n for n in names if n}, key=len, reverse=True))
    if covers(text, rules, names):
        return None, text
    replies, bare = rules.replies, _lines(text, rules, names).bare
    told = "".join(bare).replace(_NAMED, "").replace(_LIKE, "")
    for form in rules.forms.values():
        for word in _all_evened((form.name, *form.keywords)):
            told = told.replace(word, "")
    if _has(replies.corrects, bare) and re.search(r"\d|[零一二两三四五六七八九十]家", told):
        return "corrects", text
    kinds: tuple[tuple[Note, tuple[str, ...]], ...] = (
        ("hold", replies.holds),
        ("request", replies.requests),
        ("question", replies.questions),
    )
    return next((kind for kind, meant in kinds if _has(meant, bare)), "words"), text


def covers(words: str, rules: Rules, names: Iterable[str] = ()) -> bool:
    """Whether a text is nothing but a covering note: greetings, what is sent, for which month, by whom."""
    noise = rules.replies.noise | _evened(names) | {_NAMED, _LIKE} | rules.units.words
    noise = noise.union(*(form.names for form in rules.forms.values()))
    titles = _evened(rules.replies.titles)
    return all(spelled(_unsaluted(line, titles), noise, ()) for line in _lines(words, rules, ()).whole)


def _unsaluted(line: str, titles: Iterable[str]) -> str:
    """A line without the person who is greeted at its beginning: a name and a title."""
    ends = (n + len(title) for title in titles for n in range(NAME + 1) if line.startswith(title, n))
    return line[max(ends, default=0) :]


def _evened(words: Iterable[str]) -> set[str]:
    return {even(word) for word in words} - {""}


def _has(words: tuple[str, ...], lines: Sequence[str]) -> bool:
    return any(word in line for word in _all_evened(words) for line in lines)


@lru_cache(64)  # of the rules
def _all_evened(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(even, words))


def _listed(lines: _Lines, rules: Rules, names: Collection[str]) -> Literal["whole", "added"] | None:
    """Whether every line says of a list that it is the whole one, or what is new."""
    beside = rules.replies.beside_keeping | _evened(names)
    if _spell(lines.whole, beside, _evened(rules.replies.whole)):
        return "whole"
    return "added" if _spell(lines.whole, beside, _evened(rules.replies.added)) else None


def _keeps(lines: _Lines, rules: Rules, names: Collection[str]) -> bool:
    """Whether every line is spelled from the words that keep the numbers, and one of them tells it."""
    replies = rules.replies
    parts = replies.beside_keeping | _evened(names) | {_NAMED, _LIKE}
    like = {f"{word}{_LIKE}" for word in _evened(replies.same_as)}
    before = (*_evened(replies.last), _LIKE)
    alone = replies.keeping | like
    if _spell(lines.whole, parts, alone):
        return True
    compared = any(word in line for word in before for line in lines.whole)
    return compared and _spell(lines.whole, parts, alone | _evened(replies.alike))


def _spell(lines: Sequence[str], parts: Collection[str], telling: Collection[str]) -> bool:
    found = [spelled(line, {*parts, _NAMED, _LIKE}, telling) for line in lines]
    return "meant" in found and "" not in found


def _lines(text: str, rules: Rules, names: Sequence[str]) -> _Lines:
    """The lines, evened, with and without what means nothing at their ends; the months and the unit that are named."""
    replies = rules.replies
    ends = tuple(sorted(replies.polite | _evened(names), key=len)[::-1])
    meant = replies.confirming | replies.keeping
    compared = tuple(_evened(replies.compared))
    units = {unit.name for name in names if name in text and (unit := rules.units.resolve(name))}
    whole, bare = [], []
    named: list[str] = []
    like: list[str] = []

    def marked(found: re.Match[str]) -> str:
        is_like = found.string[: found.start()].endswith(compared)
        (like if is_like else named).append(found[1])
        return _LIKE if is_like else _NAMED

    for line in text.split("\n"):
        dated = _CONTACT.sub(" ", unicodedata.normalize("NFKC", line))
        evened = _MONTH.sub(marked, _EXCLAIMED.sub("", even(dated)))
        if evened:
            whole.append(evened)
        if rest := _stripped(evened.replace(_NAMED, "").replace(_LIKE, ""), ends, meant):
            bare.append(rest)
    return _Lines(tuple(whole), tuple(bare), _only(named), _only(like), units.pop() if len(units) == 1 else None)


def _only(months: Sequence[str]) -> str:
    return months[0] if len(set(months)) == 1 else ""


@lru_cache(1024)  # signatures and greetings come again and again
def _stripped(line: str, ends: tuple[str, ...], meant: frozenset[str]) -> str:
    """A line without courtesies and names at its ends. What has a meaning as it stands is not cut any further."""
    before = ""
    while line != before and line not in meant and (line.startswith(ends) or line.endswith(ends)):
        before = line
        for end in ends:
            line = line.removeprefix(end).removesuffix(end) if line not in meant else line
    return line


def _is_attempt(text: str, lines: Sequence[str], rule: FormRule, rules: Rules) -> str:
    """Whether somebody meant to report, or to confirm: not to be passed over. By "numbers", by "words", or empty."""
    numbers = how_many(text)
    named = any(word in line for word in labels((*rule.groups, *rule.columns)) for line in lines)
    if (numbers >= ATTEMPT and named) or numbers >= len(rule.groups) * len(rule.columns) // 2:
        return "numbers"
    phrases = rules.replies.confirming | rules.replies.keeping
    return "words" if any(phrase in line for phrase in phrases for line in lines if len(phrase) > 1) else ""

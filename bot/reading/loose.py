"""A command whose parts stand in another order than its rule says: 给五图街道延期到10号, 五图街道 免报 7月. Pure.

Exactly one word of a command, the parts that it takes, words that mean nothing, and behind the last part a reason; a
sentence that says more, asks or denies is no command.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.model.commands import Arguments, Command
from bot.reading.arguments import SPACE, argument, day_alone, period_at
from bot.reading.commandwords import bare, consists, consists_of, words_at
from bot.rules.base import even
from bot.rules.commands import CommandRule
from bot.rules.policy import Rules

_MONTH = re.compile(r"^(?:自|从|由)?\s*(?:20\d\d\s*[-年/.]\s*\d|\d{1,2}\s*月|十?[一二三四五六七八九十]月)")
_ORDER = ("email", "mobile", "until", "period", "unit")
_LEAST = 2  # characters of a word that may stand within a sentence


@dataclass(slots=True)
class _Found:
    parts: dict[str, object] = field(default_factory=dict)
    rest: str = ""


def loosely(line: str, known: Sequence[CommandRule], rules: Rules, today: date, *, complete: bool) -> Command | None:
    """The one command that a line comes to, or None. One that changes something is to be asked back; ``complete``
    fills in what such a question can show."""
    reason, text = _because(line, rules)
    for at in range(len(text)):
        rivals, _ = words_at(text[at:], known)
        if not rivals or text[at] in " ,.:;、" or _is_short(text, at, rivals):
            continue
        behind = words_at(text[at:], known)[1]
        for rule in rivals:
            said = None if rule.answers else _taken(rule, (text[:at], behind), reason, rules, today, complete)
            if said and not (rule.changes and _asks(line, rules)):
                return Command(rule, said, None, line, loose=True)
        return None
    return None


def _is_short(text: str, at: int, rivals: Sequence[CommandRule]) -> bool:
    return all(len(word) < _LEAST for rule in rivals for word in rule.evened if text.startswith(word, at))


def _because(line: str, rules: Rules) -> tuple[str, str]:
    """因联络员住院，…: the reason that stands before, and the rest of the line."""
    for word in rules.commands.speech.because:
        if line.startswith(word):
            reason, comma, rest = re.sub(r"[,，;；]", ",", line[len(word) :]).partition(",")
            if comma:
                return reason.strip(" :："), rest.strip()
    return "", line


def _asks(line: str, rules: Rules) -> bool:
    plain = line.casefold()
    return any(word in plain for word in (*rules.replies.questions, *rules.commands.speech.denials))


def _taken(
    rule: CommandRule, sides: tuple[str, str], reason: str, rules: Rules, today: date, complete: bool
) -> Arguments | None:
    """The arguments on both sides of the word; None if one is missing, or something is left over."""
    before, behind = sides
    wanted = {name.removesuffix("?") for name in rule.arguments}
    left, right = _Found(), _Found()
    _take(before, wanted, left, rules, today)
    _take(behind, wanted - left.parts.keys(), right, rules, today)
    if not consists(left.rest, rules):
        return None
    parts = {**left.parts, **right.parts}
    if "reason" in wanted and not consists(right.rest, rules):
        parts["reason"] = right.rest.strip(" ,，。.;；:：")
    elif not consists(right.rest, rules):
        return None
    if reason and "reason" not in wanted:
        return None
    if reason:
        parts["reason"] = reason
    if complete:
        _complete(rule, parts, rules)
    missing = [name for name in rule.arguments if not name.endswith("?") and name not in parts]
    return None if missing else Arguments(**parts)  # type: ignore[arg-type]


def _take(text: str, wanted: set[str], found: _Found, rules: Rules, today: date) -> None:
    """Takes one part after the other; at the first text that is none, the rest is left."""
    while text:
        text = SPACE.sub("", text)
        for name in _ORDER:
            if name in wanted and name not in found.parts:
                value, left = _part(name, text, rules, today)
                if value is not None:
                    found.parts[name], text = value, left
                    break
        else:
            shorter = bare(text, rules)
            if shorter == text.strip(" ,，、;；:：。.!~") or len(shorter) >= len(text):
                break
            text = shorter
    if "name" in wanted and "name" not in found.parts:
        value, left = argument("name", text, rules, today)
        if value is not None:
            found.parts["name"] = value
            _take(left, wanted, found, rules, today)
            return
    found.rest = text


def _part(name: str, text: str, rules: Rules, today: date) -> tuple[object | None, str]:
    if name == "until":
        value, left = argument("until", text, rules, today)
        return (value, left) if value is not None else day_alone(text, today)
    if name == "period":
        return period_at(text, today) if _MONTH.match(text) else (None, text)
    return argument(name, text, rules, today)


def _complete(rule: CommandRule, parts: dict[str, object], rules: Rules) -> None:
    """What the asking back shows for what was not said: the month before the new day, the office as the reason."""
    until = parts.get("until")
    if "period" in rule.arguments and "period" not in parts and isinstance(until, date):
        year, number = divmod(until.year * 12 + until.month - 2, 12)
        parts["period"] = f"{year}-{number + 1:02d}"
    if "reason" in rule.arguments and "reason" not in parts:
        parts["reason"] = rules.commands.speech.no_reason


def yes_or_no(words: str, rules: Rules) -> str:
    """Whether an answer to 请确认 says "yes" or "no", or neither: an empty string. What counts is its first line, and
    the first that is more than a courtesy: ok is both, and a name may stand below it."""
    lines = [line for line in words.split("\n") if even(line)]
    first = [next((line for line in lines if not consists(line, rules)), ""), *lines[:1]]
    said = [_yes_or_no(even(line).strip("!~"), rules) for line in first]
    return "no" if "no" in said else next(filter(None, said), "")


def _yes_or_no(plain: str, rules: Rules) -> str:
    speech = rules.commands.speech
    if plain in {even(word) for word in speech.no}:
        return "no"
    yes = tuple(map(even, speech.yes))
    around = tuple(even(t) for t in (*speech.fillers, *speech.tails, *rules.replies.courtesy) if even(t))
    has_one = any(word in plain for word in yes)
    return "yes" if has_one and consists_of(plain, (*yes, *around)) else ""

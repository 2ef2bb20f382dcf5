"""The own words of a mail -> commands, line by line, until a line that is none. Pure.

3 通过                      the number of a question, and the answer
延期 五图街道 6月 至 7月10日 联络员住院     the word, and its arguments in order
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches

from bot.model.commands import Arguments, Command, Misunderstood
from bot.reading.written import day, month, phone
from bot.rules.base import even
from bot.rules.commands import CommandRule
from bot.rules.policy import Rules

MOST_LINES = 30
LONGEST = 300  # characters of a line
LIKENESS = 0.6
_NUMBER = re.compile(r"^\s*(?:第\s*)?(\d{1,7})\s*+(?:项|号|题|条)?[\s.、,:;)）-]*+")
_SPACE = re.compile(r"^[\s,，、;；:：。.]+")
_MONTH = re.compile(
    r"^(?:20\d\d\s*[-年/.]\s*)?(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])(?:\s*月(?:份)?)?(?!\d|日|号)"
)
_UNTIL = re.compile(
    r"^(?:延期?至|延期?到|至|到|截至)?\s*((?:20\d\d\s*[-年/.]\s*)?\d{1,2}\s*[-月/.]\s*\d{1,2}\s*(?:日|号)?)"
)
_FROM = re.compile(r"^(?:自|从|由)\s*")
_ON = re.compile(r"^\s*(?:起|开始)")
_EMAIL = re.compile(r"^[^\s,，;；@]++@[^\s,，;；]++")
_MOBILE = re.compile(r"^\+?\d[\d-]{5,17}\d")
_NAME = re.compile(r"^[\u4e00-\u9fff·]{2,12}|^[A-Za-z][A-Za-z .]{1,30}")
HALF_A_YEAR = 183


def commands_in(
    words: str, known: Sequence[CommandRule], rules: Rules, today: date, *, expected: bool
) -> tuple[Command | Misunderstood, ...]:
    """The commands at the top of a text; nothing for a text that is no order at all. ``expected``: it answers a letter
    of ours, so that a first line which is not understood is one that was meant."""
    found: list[Command | Misunderstood] = []
    for line, written in _lines(words, rules):
        said = _command(line, written, known, rules, today)
        if isinstance(said, Misunderstood) and found:
            break  # a signature, or a remark
        if isinstance(said, Misunderstood) and not (expected or said.lacks or said.nearest):
            break
        found.append(said)
        if isinstance(said, Misunderstood):
            break
    return tuple(found)


def _lines(words: str, rules: Rules) -> Iterator[tuple[str, str]]:
    """The lines that say something, plain and as they are written: a greeting is none."""
    greetings = {even(text) for text in rules.replies.courtesy}
    for line in words.split("\n")[:MOST_LINES]:
        plain = unicodedata.normalize("NFKC", line[:LONGEST]).strip()
        if plain and even(plain.rstrip("!~")) not in greetings:
            yield plain, line


def _command(
    line: str, written: str, known: Sequence[CommandRule], rules: Rules, today: date
) -> Command | Misunderstood:
    number, rest = _number(line)
    rule, rest = _word(rest, known)
    if rule is None and number is not None:
        number, (rule, rest) = None, _word(line, known)
    if rule is None:
        return Misunderstood(line, nearest=_nearest(line, known))
    arguments: dict[str, object] = {}
    for wanted in rule.arguments:
        name = wanted.removesuffix("?")
        value, left = _argument(name, rest, rules, today)
        if name == "reason" and value is not None:
            value = _as_written(written, rest)
        if value is None and not wanted.endswith("?"):
            return Misunderstood(line, f"no_{name}", rest.split(" ")[0], (rule,))
        if value is not None:
            arguments[name], rest = value, left
    if _left_over(rest, rules):
        return Misunderstood(line, nearest=(rule,))  # 停发通知已收到: a sentence that begins with the word of a command
    return Command(rule, Arguments(**arguments), number, line)  # type: ignore[arg-type]


def _as_written(line: str, rest: str) -> str:
    """The end of a line as its writer has it: a reason goes into letters, with its own commas."""
    tails = (line[n:] for n in range(len(line)))
    found = next((t for t in tails if unicodedata.normalize("NFKC", t).strip() == rest.strip()), rest)
    return found.strip(" \u3000,，。.;；")


def _left_over(rest: str, rules: Rules) -> bool:
    left = even(rest).strip("!~")
    for courtesy in sorted(map(even, rules.replies.courtesy), key=len, reverse=True):
        left = left.removeprefix(courtesy).removesuffix(courtesy)
    return bool(left)


def _number(line: str) -> tuple[int | None, str]:
    found = _NUMBER.match(line)
    return (int(found[1]), line[found.end() :]) if found else (None, line)


def _word(text: str, known: Sequence[CommandRule]) -> tuple[CommandRule | None, str]:
    """The command that a text begins with, the longest word of all, and what follows it."""
    text = re.sub(r"^(?:请|麻烦|烦请)\s*", "", text.lstrip(" ,.:;、"))
    best: tuple[int, CommandRule] | None = None
    for rule in known:
        for word in rule.words:
            plain = "".join(unicodedata.normalize("NFKC", word).split())
            # Blanks inside a word: 通 过.
            found = re.match(r"\s*".join(map(re.escape, plain)), text, re.IGNORECASE)
            if found and (best is None or found.end() > best[0]):
                best = (found.end(), rule)
    if best is None:
        return None, text
    return best[1], _SPACE.sub("", text[best[0] :])


def _nearest(line: str, known: Sequence[CommandRule]) -> tuple[CommandRule, ...]:
    first = even(re.split(r"\s", line, maxsplit=1)[0])[:8]
    words = {word: rule for rule in known for word in rule.evened}
    alike = get_close_matches(first, words, n=3, cutoff=LIKENESS) if first else []
    return tuple(dict.fromkeys(words[word] for word in alike))


def _argument(name: str, rest: str, rules: Rules, today: date) -> tuple[object | None, str]:
    """One argument at the beginning of a text, and what follows it."""
    match name:
        case "unit":
            return _unit(rest, rules)
        case "period":
            return _period(rest, today)
        case "until":
            found = _UNTIL.match(rest)
            until = _day(found[1], today) if found else None
            return until, _SPACE.sub("", rest[found.end() :]) if found else rest
        case "mobile":
            found = _MOBILE.match(rest)
            return (phone(found[0]), _SPACE.sub("", rest[found.end() :])) if found else (None, rest)
        case "reason":
            return (rest.strip(" ,。.;") or None), ""
        case _:
            found = (_EMAIL if name == "email" else _NAME).match(rest)
            value = (found[0].lower() if name == "email" else found[0].strip()) if found else None
            return value, _SPACE.sub("", rest[found.end() :]) if found else rest


def _unit(rest: str, rules: Rules) -> tuple[str | None, str]:
    """The longest beginning that names a unit: 五图街道6月 has no blank between."""
    limit = re.search(r"[\s,，、;；:：]", rest)
    end = limit.start() if limit else len(rest)
    for length in range(min(end, 30), 1, -1):
        if unit := rules.units.resolve(rest[:length]):
            return unit.name, _SPACE.sub("", rest[length:])
    return None, rest


def _period(rest: str, today: date) -> tuple[str | None, str]:
    """A month, in the year that makes sense: the nearest to the month before today's."""
    rest = _FROM.sub("", rest)
    found = _MONTH.match(rest)
    if found is None:
        return None, rest
    year, number = month(re.sub(r"\s", "", found[0]))
    if number is None:
        return None, rest
    last = today.year * 12 + today.month - 2
    years = [year] if year else [today.year - 1, today.year, today.year + 1]
    best = min(years, key=lambda y: abs(y * 12 + number - 1 - last))
    return f"{best}-{number:02d}", _SPACE.sub("", _ON.sub("", rest[found.end() :]))


def _day(text: str, today: date) -> date | None:
    plain = re.sub(r"\s", "", text)
    if whole := day(plain, None):
        return whole
    near = [day(plain, year) for year in (today.year - 1, today.year, today.year + 1)]
    return next((d for d in near if d and abs((d - today).days) <= HALF_A_YEAR), None)

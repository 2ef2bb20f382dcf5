"""Answers to questions by their numbers: 3 通过, 3-10 通过, 3、4、5 通过, 全部通过, 4通过，5退回 数字不对. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.reading.commandwords import words_at
from bot.rules.base import even
from bot.rules.commands import CommandRule, Speech

MOST = 500  # numbers in one range; what is longer is a telephone number, or a slip
_NUMBER = re.compile(r"\s*+(?:[(\[【〔]\s*+)?(?:第\s*+)?(\d{1,7})(?!\d)(?:\s*+(?:项|号|题|条))?")
_TO = re.compile(r"\s*(?:--?|~|—+|–|至|到)\s*(?=第|\d)")
_AND = re.compile(r"\s*(?:[、,，/和及与]|以及)\s*(?=第|\d)|\s+(?=第?\d)")
_AFTER = re.compile(r"[\s.、,:;)）\]】〕-]*+(?:均|都|全部|一并)?\s*")
_BETWEEN = " ,，;；、。\t"


@dataclass(frozen=True, slots=True)
class Opening:
    """Where an answer begins in a line: the numbers, and the commands whose word follows; its arguments stand from
    ``end`` on. ``every``: all that the letter asks, without those that are named."""

    at: int
    end: int
    numbers: tuple[int, ...]
    rules: tuple[CommandRule, ...]
    every: bool = False


def openings(line: str, known: Sequence[CommandRule], speech: Speech) -> list[Opening]:
    """Every place where a line begins to answer a question by number, or all of them."""
    answers = [rule for rule in known if rule.answers]
    found: list[Opening] = []
    at = 0
    while at < len(line):
        closed = bool(found) and at == found[-1].end and not found[-1].rules[0].arguments  # 3通过4通过
        opening = _opening(line, at, answers, speech)
        starts = at == 0 or closed or line[at - 1] in _BETWEEN
        if opening and not starts and not _after_words(line, at, found, speech):
            opening = None
        if opening:
            found.append(opening)
        at = opening.end if opening else at + 1
    return found


def _after_words(line: str, at: int, found: Sequence[Opening], speech: Speech) -> bool:
    """请将3通过: nothing stands before the number but words that mean nothing."""
    return not found and even(line[:at]).endswith(tuple(even(filler) for filler in speech.fillers))


def _opening(line: str, at: int, answers: Sequence[CommandRule], speech: Speech) -> Opening | None:
    if line[at] in _BETWEEN:
        return None
    numbers, end = _numbers(line, at)
    every = not numbers and (end := _every(line, at, speech)) > at
    if not numbers and not every:
        return None
    rules, rest = words_at(line[end:], answers)
    return Opening(at, len(line) - len(rest), numbers, rules, every) if rules else None


def _numbers(line: str, at: int) -> tuple[tuple[int, ...], int]:
    """The numbers of a list that begins there, and where it ends; none for a range that goes down or is too long."""
    found: list[int] = []
    hit = _NUMBER.match(line, at)
    while hit:
        low, end = int(hit[1]), hit.end()
        to = _TO.match(line, end)
        upper = _NUMBER.match(line, to.end()) if to else None
        if upper:
            high, end = int(upper[1]), upper.end()
            if not low <= high < low + MOST:
                return (), at
            found += range(low, high + 1)
        else:
            found.append(low)
        following = _AND.match(line, end)
        hit = _NUMBER.match(line, following.end()) if following else None
    if not found:
        return (), at
    after = _AFTER.match(line, end)
    return tuple(dict.fromkeys(found)), after.end() if after else end


def _every(line: str, at: int, speech: Speech) -> int:
    """Where words such as 全部 or 其余各项均 end that begin there."""
    end, before = at, -1
    while end != before:
        before = end
        end = max((end + len(w) for w in speech.every if line.startswith(w, end)), default=end)
        while end > at and end < len(line) and line[end] in " \t":
            end += 1
    return end

"""Why a letter came back: the class of rules/bounces.toml that a bounce speaks of, or None. Pure."""

import re

from bot.mail.bounces import without_addresses
from bot.model.mail import Bounce
from bot.rules.base import even
from bot.rules.bounces import BounceClass, Bounces

# RFC 5321 and RFC 3463. A reply code stands at the beginning of an answer, or behind "said:", "#", "<<<", "(".
_CODE = re.compile(r"(?:\A|[\s:>#(\]])([45][0-9]{2})(?=[\s\-#:]|\Z)")
_STATUS = re.compile(r"(?<![0-9.])[45]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")


def why_returned(bounce: Bounce, rules: Bounces) -> BounceClass | None:
    """What the other server answered comes first, because a report's own words often list all that may have happened;
    in its answer words come first, because the codes are often the same for everything (NetEase: 5.0.0)."""
    answers = [line for line in bounce.words.split("\n") if _CODE.search(line) or _STATUS.search(line)]
    for answer, status in ((bounce.diagnostic, bounce.status), ("\n".join(answers), ())):
        if found := _by_words(answer, rules) or _by_codes(answer, status, rules):
            return found
    return _by_own_words(bounce.words, rules)


def _by_words(text: str, rules: Bounces) -> BounceClass | None:
    """The class of the longest word: "mailbox unavailable or access denied" says more than "access denied"."""
    said = even(without_addresses(text))
    longest = [(max((len(word) for word in rule.evened if word in said), default=0), rule.id) for rule in rules.classes]
    length, id_ = max(longest, key=lambda found: found[0])
    return id_ if length else None


def _by_codes(text: str, status: tuple[str, ...], rules: Bounces) -> BounceClass | None:
    """The class of the first status that has one, x.7.1 before x.7.x; else of the first reply code."""
    for code in (*status, *_STATUS.findall(text)):
        exact = "x" + code[1:]
        for wanted in (exact, exact.rpartition(".")[0] + ".x"):
            if found := next((rule.id for rule in rules.classes if wanted in rule.status), None):
                return found
    replies = map(int, _CODE.findall(text))
    return next((rule.id for code in replies for rule in rules.classes if code in rule.codes), None)


def _by_own_words(text: str, rules: Bounces) -> BounceClass | None:
    """The class that the report itself speaks of. A warning is one, whatever it warns of; of several that heal by
    themselves the first counts; None where an address that is gone is only one of the things that may be so."""
    said = even(without_addresses(text))
    found = [rule.id for rule in rules.classes if any(word in said for word in rule.evened)]
    if "delayed" in found:
        return "delayed"
    return None if not found or ("gone" in found and len(found) > 1) else found[0]

"""What a person wrote below or between the lines of a mail that he quotes without a mark, as QQ has it; and what
somebody else wrote whose mail he passes on. Pure."""

import unicodedata
from collections.abc import Collection

from bot.mail import marks
from bot.rules.base import even

_HEADS = (marks.QUOTE_RULE, marks.QUOTE_INTRODUCTION, marks.QUOTE_FROM)  # with which a quotation begins
_QUOTED, _MARKS = (">", "＞"), " >＞"
LONG = 8  # evened characters of a line that stands nowhere but in the mail that is quoted


def beneath(text: str, quoted: Collection[str]) -> str:
    """The lines of a text that do not come from one of the ``quoted``, nor introduce a quotation."""
    ours = {_plain(line) for whole in quoted for line in whole.split("\n")}
    whole = "\n".join(map(even, quoted))
    kept = [line.rstrip() for line in text.split("\n") if not _is_quoted(line, ours, whole)]
    return "\n".join(kept).strip()


def passed_on(text: str) -> str:
    """What a mail quotes, without the heads of the quotations; nothing where nothing marks one."""
    lines = [line.strip() for line in text.split("\n")]
    first = next((n for n, line in enumerate(lines) if _begins(line)), len(lines))
    return beneath("\n".join(line.lstrip(_MARKS) for line in lines[first:]), ())


def _begins(line: str) -> bool:
    return line.startswith(_QUOTED) or any(mark.match(line[:400]) for mark in _HEADS)


def _is_quoted(line: str, ours: Collection[str], whole: str) -> bool:
    bare, evened = line.strip(), even(line)
    if not evened or _plain(line) in ours or (len(evened) >= LONG and evened in whole):
        return True
    if bare.startswith(_QUOTED):
        return True
    return any(mark.match(bare[:400]) for mark in (*_HEADS, marks.QUOTE_FIELD, marks.DEVICE_LINE))


def _plain(line: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", line).split())

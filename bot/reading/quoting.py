"""Which part of an HTML page is an older mail that was quoted: by what mail programs put around and before it.

Sources: raw samples of NetEase, QQ, Foxmail, Outlook, OWA, Gmail. It knows nothing of forms.
"""

from collections.abc import Sequence
from typing import Any

from bot.mail import marks
from bot.reading.canvas import Item

Marked = tuple[Item, bool]  # an item, and whether an element around it quotes it

_CLASSES = {
    "gmail_quote",
    "ntes_reply",
    "ntes-mailmaster-quote",
    "yahoo_quoted",
    "protonmail_quote",
    "mailmaster-quote",
}
_IDS = {"isreplycontent", "ntes-ios-mail-quote", "ntes-mailmaster-quote", "divneteasemailcard"}
# Outlook and OWA close the head of the old mail before its text begins.
_IDS_BEFORE = {"divrplyfwdmsg", "appendonsend", "stopspelling", "mail-editor-reference-message-container"}
_LINES_OF_HEAD = 4  # so many lines after 发件人 the next field of the head must stand
_GREATER = (">", "＞")


def is_quote(element: Any) -> bool:
    """Whether everything inside the element is quoted."""
    if element.tag == "blockquote":
        return True
    classes = (element.get("class") or "").lower().split()
    return (element.get("id") or "").lower() in _IDS or not _CLASSES.isdisjoint(classes)


def begins_quote(element: Any) -> bool:
    """Whether everything from the element on is quoted."""
    return (element.get("id") or "").lower() in _IDS_BEFORE


def parted(items: Sequence[Marked]) -> tuple[list[Item], list[Item]]:
    """What the writer wrote, and what is quoted.

    After "-----Original Message-----", or the head of a mail, all is quoted; after "On ... wrote:" the element that
    quotes, if one follows, else all. A table above or below a marked quotation is the writer's own.
    """
    own: list[Item] = []
    quoted: list[Item] = []
    introduced = rest = False
    skip = 0
    for number, (item, inside) in enumerate(items):
        if skip:
            skip -= 1
            quoted.append(item)
            continue
        rest = rest or (introduced and not inside)
        if inside or rest:
            introduced = False
            quoted.append(item)
        elif length := _introduction(items, number):
            introduced, skip = True, length - 1
            quoted.append(item)
        elif _is_head(items, number):
            rest = True
            quoted.append(item)
        elif isinstance(item, str) and item.startswith(_GREATER):
            quoted.append(item)
        else:
            own.append(item)
    return own, quoted


def _line(items: Sequence[Marked], number: int) -> str:
    item = items[number][0] if number < len(items) else ""
    return " ".join(item[:400].split()) if isinstance(item, str) else ""


def _introduction(items: Sequence[Marked], number: int) -> int:
    """How many lines an "On ... wrote:" takes that begins here; 0 for none."""
    first = _line(items, number)
    if marks.QUOTE_INTRODUCTION.match(first):
        return 1
    if marks.QUOTE_BEGINNING.match(first) and marks.QUOTE_INTRODUCTION.match(f"{first} {_line(items, number + 1)}"):
        return 2
    return 0


def _is_head(items: Sequence[Marked], number: int) -> bool:
    line = _line(items, number)
    if marks.QUOTE_RULE.match(line):
        return True
    following = (_line(items, number + n) for n in range(1, _LINES_OF_HEAD + 1))
    return bool(marks.QUOTE_FROM.match(line)) and any(marks.QUOTE_FIELD.match(text) for text in following)

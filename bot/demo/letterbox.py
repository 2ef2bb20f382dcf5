"""What a person of the story finds among the letters that he really received."""

import re
from typing import TYPE_CHECKING

from bot.demo import writing
from bot.demo.writing import File, Received
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.demo.servers import PostOffice

_ITEM = re.compile(r"^(\d+)\. ", re.MULTILINE)  # how our letters number what they ask about


class OutOfPlot(BotError):
    """The story asks somebody to do what he cannot: he has not received the letter that he is to answer."""


def last(office: "PostOffice", address: str) -> Received:
    """The last letter that arrived."""
    letters = office.letters_to(address)
    if not letters:
        raise OutOfPlot(f"{address} has received no letter")
    return writing.received(letters[-1])


def workbook(office: "PostOffice", address: str, unit: str) -> tuple[Received, File]:
    """The workbook of a unit (its name) that came last, and the letter that brought it."""
    for data in reversed(office.letters_to(address)):
        letter = writing.received(data)
        for file in letter.files:
            if unit in file.name and file.name.endswith(".xlsx"):
                return letter, file
    raise OutOfPlot(f"{address} has received no workbook of {unit}")


def about(office: "PostOffice", address: str, words: str) -> tuple[Received, str]:
    """The last letter that speaks of something, in its subject or in one of the things that it numbers; and that
    thing's number, or an empty string."""
    for data in reversed(office.letters_to(address)):
        letter = writing.received(data)
        if words in letter.subject:
            return letter, ""
        _, *items = _ITEM.split(letter.text)
        for number, text in zip(items[::2], items[1::2], strict=True):
            if words in text:
                return letter, number
    raise OutOfPlot(f"{address} has received no letter about {words}")

"""How much one mail may bring, and what of it is looked at first. Pure; the seconds are counted in ``bot.allowance``.

What is beyond it is ``left_out``: its sender is told so by the name of the file, and so is the office.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from bot.model.forms import Document, Unreadable
from bot.model.mail import Attachment
from bot.reading.sniff import plain_kind
from bot.rules.base import even
from bot.rules.policy import Rules

LEFT_OUT = "left_out"  # a key of [unreadable] and of [attention] in rules/reasons.toml
FORMS = 150  # of one mail: a county of thirty units, with five forms each
ROWS = 5_000  # of all its registers; a large town has some hundred enterprises
CHARACTERS = 2_000_000  # in the cells of these rows
SLOW = {"doc": 1, "pdf": 1, "image": 2}  # kinds that take seconds, where a workbook takes milliseconds


@dataclass
class Measure:
    """What the files of one mail have brought so far."""

    forms: int = 0
    rows: int = 0
    characters: int = 0

    def within(self, document: Document) -> Document:
        """The document, if the mail may bring its forms as well; else the same, left out."""
        rows = [row for form in document.forms for row in form.rows or ()]
        forms, count = self.forms + len(document.forms), self.rows + len(rows)
        characters = self.characters + sum(len(cell.text) for row in rows for cell in row.cells.values())
        if document.forms and (forms > FORMS or count > ROWS or characters > CHARACTERS):
            return left_out(document)
        self.forms, self.rows, self.characters = forms, count, characters
        return document


@dataclass
class Once:
    """The files that were read, by their bytes: a logo or a photo that comes ten times is looked at once."""

    _read: dict[bytes, Document] = field(default_factory=dict)

    def of(self, file: Attachment, read: Callable[[], Document]) -> Document:
        """What was read of these bytes before, under this file's name; else it is read now."""
        key = sha256(file.data).digest()
        if key not in self._read:
            self._read[key] = read()
        return replace(self._read[key], name=file.name)


def left_out(document: Document) -> Document:
    """The same file, not looked at."""
    return replace(document, forms=(), unreadable=Unreadable(LEFT_OUT))


def most_promising(files: Sequence[Attachment], rules: Rules) -> list[int]:
    """The files by their places, those that look most like a report first: tables before pages, pages before pictures;
    names that speak of a form or a unit before others, and those that cameras and signatures give last."""
    if len(files) < 2:
        return list(range(len(files)))
    likely = frozenset(map(even, rules.words.files.likely))
    unlikely = frozenset(map(even, rules.words.files.unlikely))
    units = frozenset(even(name) for unit in rules.units.units for name in unit.names)

    def rank(number: int) -> tuple[int, bool, bool]:
        name = even(files[number].name)
        speaks = any(form.spoken_of_in(name) for form in rules.forms.values())
        speaks = speaks or any(word in name for word in likely) or any(unit in name for unit in units)
        kind = SLOW.get(plain_kind(files[number].data), 0)
        return kind, not speaks, any(word in name for word in unlikely)

    return sorted(range(len(files)), key=rank)

"""A mail's own text: a document, when a form stands in it (a table pasted into HTML, or columns in plain text); and
what its writer wrote.

What is quoted from an older mail is no new report; see ``quoting``. It looks at nothing but the body.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.errors import SpentError
from bot.mail.body import own_words
from bot.model.forms import Document, Doubt, Form, Grid, Mark
from bot.model.mail import Mail
from bot.reading.canvas import Item, Row, Spot, laid_out
from bot.reading.documents import forms_of
from bot.reading.opened import Opener
from bot.reading.twofold import marked
from bot.rules.policy import Rules

LARGEST = 1_000_000  # characters of a body that are looked at
LINES = 4_000
_PAGE = b"<html>"  # so that the bytes are taken for a page, whatever the mail begins with
_BAR = re.compile(r"[|｜│┃]")
_RULE = re.compile(r"[\s|｜│┃+:=—\-─━┄┈┌┐└┘├┤┬┴┼]+")  # +----+----+ between two rows


@dataclass(frozen=True, slots=True)
class Body:
    """``document``, of kind ``body``, is None when no form is in what the writer wrote; ``words`` is all of that as
    text, a line a paragraph, a tab between cells."""

    document: Document | None
    words: str


def read_body(mail: Mail, reader: Opener, rules: Rules, *, forms: bool = True) -> Body:
    """The body of a mail without what it quotes; only its words without ``forms``.

    Never raises because of its content; BotError when the guarded process cannot be started. Where the files have taken
    all the time that a mail may take, no table is looked for in it.
    """
    found: tuple[Form, ...] = ()
    if mail.html.strip():
        try:
            opened = reader.read(_PAGE + mail.html[:LARGEST].encode("utf-8", "replace"))
        except SpentError:
            return Body(None, own_words(mail.text[:LARGEST]))
        # opened.hidden is what is quoted.
        if forms:
            found = forms_of(opened.grids, rules) or forms_of(_columns(_paragraphs(opened.grids)), rules)
        words = own_words("\n".join(_lines(opened.grids)))
    else:
        words = own_words(mail.text[:LARGEST])
        if forms:
            found = forms_of(_columns((line, None) for line in words.split("\n")), rules)
    return Body(Document(rules.words.body_name, "body", found) if found else None, words)


def _lines(grids: Iterable[Grid]) -> Iterator[str]:
    """Every row of a page as a line."""
    for grid in grids:
        for row in grid.rows[:LINES]:
            yield "\t".join("" if cell is None else str(cell) for cell in row).strip("\t")


def _paragraphs(grids: Iterable[Grid]) -> Iterator[tuple[str, Doubt | None]]:
    """The texts outside tables, each with what else it could say."""
    for grid in grids:
        doubts = {(doubt.row, doubt.column): doubt for doubt in grid.doubts}
        inside = {row for first, last in grid.tables or () for row in range(first, last + 1)}
        for number, row in enumerate(grid.rows):
            if number not in inside and row and isinstance(row[0], str):
                yield row[0], doubts.get((number, 0))


def _columns(lines: Iterable[tuple[str, Doubt | None]]) -> tuple[Grid, ...]:
    """The lines as a grid, with those that have tabs or bars as rows of a table; nothing without such lines."""
    items: list[Item] = []
    for _, (line, doubt) in zip(range(LINES), lines, strict=False):
        cells = _in_doubt(_cells(line), doubt)
        if len(cells) > 1:
            items.append(Row(1, tuple(Spot(n, cell.strip() or None) for n, cell in enumerate(cells))))
        elif line.strip() and not _RULE.fullmatch(line):
            items.append(line)
    return (laid_out(items)[0],) if any(isinstance(item, Row) for item in items) else ()


def _in_doubt(cells: list[str], doubt: Doubt | None) -> list[str]:
    """The cells of a line of which a part is struck out or raised, with marks around what their own has more."""
    whole = _cells(doubt.other) if doubt else []
    if doubt is None or len(whole) != len(cells):
        return cells
    return [seen if seen == full else _marked(seen, full, doubt.mark) for seen, full in zip(cells, whole, strict=True)]


def _marked(seen: str, full: str, mark: Mark) -> str:
    """The full text with marks around what is not seen; behind what is seen, where that is no part of it."""
    found: list[str] = []
    left = seen
    for char in full:
        is_seen = left.startswith(char)
        found.append(char if is_seen else marked(char, mark))
        left = left[1:] if is_seen else left
    return "".join(found) if not left else seen + marked(full, mark)


def _cells(line: str) -> list[str]:
    if _RULE.fullmatch(line):
        return []
    if _BAR.search(line):
        return _BAR.split(line.strip().strip("|｜│┃"))
    return line.split("\t")

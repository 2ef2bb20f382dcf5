"""The labelled texts around a matrix: label and value in one cell, several in one cell, or side by side."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from bot.model.forms import Cell, Written
from bot.reading.cells import is_formula, shown
from bot.reading.view import Box, View
from bot.reading.vocabulary import Vocabulary
from bot.reading.written import month, phone
from bot.rules.base import even
from bot.rules.forms import FieldRule

LONGEST = 400  # characters of a cell that are searched for labels
MOST_LABELS = 12  # of one cell
MOST_CELLS = 1_000  # of one sheet in which labels are looked for; a form has five
LONGEST_BELOW = 40  # a longer text below a label is a note, not its value
_EDGE = " \t\r\n:_,;、。·*"
_STARTS_LABEL = re.compile(r"[\s(\[]$")
_ENDS_LABEL = re.compile(r"\s*(?:\([^()]{0,12}\)\s*)?(?::|$|\s|\)\s*:)")
_AFTER_LABEL = re.compile(r"\A\s*+(?:(?:\)|\([^()]{0,12}\))\s*+)?:\s*+")  # 填报单位（盖章）：

_BRACKETS = re.compile(r"\(([^()]*)\)$")


@dataclass(frozen=True)
class Found:
    """One label on the sheet with the text that belongs to it, and where the label stands."""

    rule: FieldRule
    written: Written
    row: int
    column: int


def labelled(view: View, vocab: Vocabulary, turned: bool) -> list[Found]:
    """Every label of the form's fields, in reading order. On a turned sheet a value may stand below its label."""
    speaking = (
        (row, column)
        for row, line in enumerate(view.names)
        for column, names in enumerate(line)
        if names and vocab.speaks(names[0])
    )
    return [found for at in islice(speaking, MOST_CELLS) for found in _in_cell(view, vocab, at, turned)]


def of_block(
    view: View, vocab: Vocabulary, texts: Iterable[Found], block: Box, top: int | None = None
) -> dict[str, Written]:
    """The fields of one form. Of a label that stands twice the first with a text counts; a month may also
    stand in the title without any label. With ``top``, the first row of a table that has another one beside it, the
    month that stands next above the table counts, and not that of a title over both."""
    fields: dict[str, Written] = {}
    for found in texts:
        before = fields.get(found.rule.id)
        own = top is not None and found.rule.id == "period" and found.row < top and month(found.written.text)[1]
        if block.holds(found.row, found.column) and (own or before is None or not before.text):
            fields[found.rule.id] = found.written if found.written.text else before or found.written
    if "period" in (rule.id for rule in vocab.labels.values()) and not _text(fields, "period"):
        in_title = _month_in_title(view, vocab, block)
        if in_title:
            fields["period"] = in_title
    return fields


def _text(fields: dict[str, Written], id_: str) -> str:
    return fields[id_].text if id_ in fields else ""


def _in_cell(view: View, vocab: Vocabulary, at: tuple[int, int], turned: bool) -> list[Found]:
    text = _plain(view.cells[at[0]][at[1]])
    matches: list[re.Match[str]] = []
    for match in islice(vocab.label.finditer(text), MOST_LABELS):
        if _is_label(vocab, text, match, bool(matches)):
            matches.append(match)
    found = []
    for number, match in enumerate(matches):
        following = matches[number + 1] if number + 1 < len(matches) else None
        rule = vocab.labels[even(match[0])]
        value = _value(text[match.end() : following.start() if following else None], rule)
        written = Written(value, view.place(*at))
        if not value and following is None:
            written = _beside(view, vocab, at, rule, turned) or written
        found.append(Found(rule, written, *at))
    return found


def _is_label(vocab: Vocabulary, text: str, match: re.Match[str], after_another: bool) -> bool:
    """Whether the words are a label here, and not a part of a sentence such as a note."""
    before, after = text[: match.start()], text[match.end() :]
    if not before.strip(_EDGE):
        return True
    if vocab.labels[even(match[0])].id == "period" and month(_value(after[:LONGEST_BELOW], None))[1]:
        return True  # 情况表截至2017年6月底: the label may end a title
    if not _ENDS_LABEL.match(after):
        return False
    return after_another or bool(_STARTS_LABEL.search(before))


def _beside(view: View, vocab: Vocabulary, at: tuple[int, int], rule: FieldRule, turned: bool) -> Written | None:
    """The value of a label that stands alone: the next cell to the right that is not blank."""
    row, column = at
    for right in range(column + 1, view.width):
        if not view.is_blank(row, right):
            if _is_free(view, vocab, row, right):
                return Written(_value(view.cells[row][right], rule), view.place(row, right))
            break
    below = row + 1
    if turned and below < view.height and not view.is_blank(below, column) and _is_free(view, vocab, below, column):
        text = _value(view.cells[below][column], rule)
        return Written(text, view.place(below, column)) if len(text) <= LONGEST_BELOW else None
    return None


def _is_free(view: View, vocab: Vocabulary, row: int, column: int) -> bool:
    """Whether the cell is no part of the blank form: neither a label nor a heading."""
    names = view.names[row][column]
    return not any(name in vocab.known for name in names) and not vocab.label.match(_plain(view.cells[row][column]))


def _month_in_title(view: View, vocab: Vocabulary, block: Box) -> Written | None:
    for row in range(block.top, min(block.bottom + 1, view.height)):
        for column in range(block.left, min(block.right + 1, view.width)):
            if any(vocab.title in name for name in view.names[row][column]):
                text = _plain(view.cells[row][column])
                if month(text)[1] is not None:
                    return Written(text, view.place(row, column))
    return None


def _plain(cell: Cell) -> str:
    told = isinstance(cell, str) and not is_formula(cell)  # ="填报单位："&A1 was never calculated: nobody wrote it
    return unicodedata.normalize("NFKC", cell[:LONGEST]) if told and isinstance(cell, str) else ""


def _value(cell: Cell, rule: FieldRule | None) -> str:
    """The cell's text without what surrounds a value on a form: colons, rules of underscores, stray brackets."""
    if rule and rule.id == "phone":
        return phone(cell)
    text = unicodedata.normalize("NFKC", shown(cell))
    text = _AFTER_LABEL.sub("", text, count=1) if _AFTER_LABEL.match(text) else text
    text = text.strip(_EDGE).lstrip(")]").lstrip(_EDGE)
    depth = 0
    for index, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if depth < 0:
            return text[:index].rstrip(_EDGE)
    return _without_seal(text, rule)


def _without_seal(text: str, rule: FieldRule | None) -> str:
    """五图街道（盖章）: what the label itself may carry in brackets is no part of the value."""
    found = _BRACKETS.search(text)
    if not found or not rule or not text[: found.start()].strip():
        return text
    labels = (unicodedata.normalize("NFKC", label) for label in (rule.label, *rule.synonyms))
    carried = {even(match[1]) for match in map(_BRACKETS.search, labels) if match}
    return text[: found.start()].rstrip(_EDGE) if even(found[1]) in carried else text

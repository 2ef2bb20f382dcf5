"""Attachments -> documents: what each one is, and the forms in it, or why there are none.

The bytes are opened by the guarded process; here are only cells, looked at with the words of the rules.
"""

from collections.abc import Iterable
from dataclasses import replace

from bot.errors import SpentError
from bot.model.forms import Document, Doubt, Form, Grid, Unreadable
from bot.model.mail import Attachment
from bot.reading import legacy, printed
from bot.reading.choosing import forms_on
from bot.reading.measure import LEFT_OUT, Measure, Once, left_out, most_promising
from bot.reading.opened import REFUSED, Opened, Opener
from bot.reading.rivals import Side, of_sheet, one_of_each
from bot.reading.rows import forms_of_rows
from bot.reading.sniff import plain_kind
from bot.rules.policy import Rules

LARGEST = 30 << 20  # bytes of one file; mail providers take 20 to 50 MB
LEVELS = 2  # of files in files: a workbook in a Word file, in a Word file
PICTURES = 2  # of one file that are looked at; each takes some seconds
FEW_WORDS = 300  # characters; a file with more is a text with pictures, and not a table that was pasted as one


def documents(
    attachments: Iterable[Attachment], reader: Opener, rules: Rules, converter: legacy.Converter | None = None
) -> tuple[Document, ...]:
    """One document for each attachment, in their order. What is beyond the measure of one mail is ``left_out``; what
    looks most like a report is read first, and the same bytes once. Never raises because of a file's content; BotError
    when the guarded process cannot be started. ``converter`` opens old Word files."""
    few = legacy.Few(converter) if converter else None
    files, found, measure, once = tuple(attachments), dict[int, Document](), Measure(), Once()
    for number in most_promising(files, rules):
        file = files[number]
        read = once.of(file, lambda file=file: document(file, reader, rules, few))  # type: ignore[misc]
        found[number] = measure.within(read)
    return tuple(found[number] for number in range(len(files)))


def document(
    attachment: Attachment, reader: Opener, rules: Rules, converter: legacy.Converter | None = None
) -> Document:
    """One attachment as a document, with what lies in it."""
    return _document(attachment, reader, rules, converter, LEVELS)


def _document(
    attachment: Attachment, reader: Opener, rules: Rules, converter: legacy.Converter | None, levels: int
) -> Document:
    data = attachment.data
    if not data:
        return Document(attachment.name, "other", unreadable=Unreadable("empty"))
    if len(data) > LARGEST:
        return Document(attachment.name, plain_kind(data), unreadable=Unreadable("too_large"))
    try:
        return _read(attachment, reader, rules, converter, levels)
    except SpentError:
        return left_out(Document(attachment.name, plain_kind(data)))


def _read(
    attachment: Attachment, reader: Opener, rules: Rules, converter: legacy.Converter | None, levels: int
) -> Document:
    data = attachment.data
    opened = reader.read(data)
    if converter and (opened.kind, opened.unreadable) == ("doc", "doc"):
        opened = legacy.converted(data, reader, converter)
    if opened.unreadable == REFUSED:
        opened = legacy.workbook(data, opened.kind, reader, converter)
    if opened.kind == "html":
        opened = _as_sheet(opened)
    found = _found(attachment, opened, rules)
    inside = opened.enclosed if levels else ()
    enclosed = [_document(replace(attachment, data=d), reader, rules, converter, levels - 1) for d in inside]
    forms = (*found.forms, *(form for inner in enclosed for form in inner.forms))
    if forms:
        return replace(found, forms=forms, unreadable=None)
    broken = next((d.unreadable for d in enclosed if d.unreadable and d.unreadable.code != "no_form"), None)
    if broken:
        return replace(found, unreadable=broken)
    return _shown(found, opened, reader, rules) if opened.pictures and levels == LEVELS else found


def _found(attachment: Attachment, opened: Opened, rules: Rules) -> Document:
    """The forms in the cells of one file."""
    # A hidden sheet is last month's copy, or the template: it counts only when nothing else is there. In a register
    # rows are hidden by a filter that was left on: there they count.
    grids = unseen(opened.grids, opened.seen)
    forms = numbers_of(grids, rules) + rows_of(grids, rules) or forms_of(opened.hidden, rules)
    if opened.cut and any(form.rows is not None for form in forms):
        forms = ()  # what a limit left out would be missing from the register
    if opened.confidence != "exact":
        opened, forms = printed.weighed(opened, forms, rules)
    if forms:
        return Document(attachment.name, opened.kind, forms)
    code = opened.unreadable or ("too_complex" if opened.cut else "no_form")
    # The code comes from a process that the file may have taken over: only known ones pass.
    return Document(
        attachment.name, opened.kind, unreadable=Unreadable(code if code in rules.reasons.unreadable else "crashed")
    )


def _shown(found: Document, opened: Opened, reader: Opener, rules: Rules) -> Document:
    """A file without any form in its cells: the table may be a picture in it."""
    pictures = [_document(Attachment(found.name, data), reader, rules, None, 0) for data in opened.pictures[:PICTURES]]
    forms = tuple(form for picture in pictures for form in picture.forms)
    if forms:
        return replace(found, forms=forms, unreadable=None)
    words = sum(len(cell) for grid in opened.grids for row in grid.rows for cell in row if isinstance(cell, str))
    if any(picture.unreadable and picture.unreadable.code == LEFT_OUT for picture in pictures):
        return left_out(found)
    unread = any(picture.unreadable and picture.unreadable.code != "no_form" for picture in pictures)
    return replace(found, unreadable=Unreadable("picture")) if unread and words < FEW_WORDS else found


def _as_sheet(opened: Opened) -> Opened:
    """A page called .xls is looked at in Excel, where its cells have addresses."""
    grids, hidden = (tuple(replace(grid, tables=None) for grid in part) for part in (opened.grids, opened.hidden))
    return replace(opened, grids=grids, hidden=hidden)


def forms_of(grids: Iterable[Grid], rules: Rules) -> tuple[Form, ...]:
    """Every form on the sheets: those of numbers sheet by sheet, then those of rows, which may go over several."""
    sheets = tuple(grids)
    return numbers_of(sheets, rules) + rows_of(sheets, rules)


def numbers_of(grids: Iterable[Grid], rules: Rules) -> tuple[Form, ...]:
    """Every form of numbers. Of several sheets for one month the one counts that the sheets' names decide for."""
    found = [form for grid in grids for form in forms_on(grid, rules.matrices, rules.words)]
    sides = [Side(of_sheet(form), (form.place,)) for form in found]
    kept = [
        form
        for id_, rule in rules.matrices.items()
        for form in one_of_each([side for side in sides if side.form.form == id_], rule, rules.words)
    ]
    places = [(form.form, form.place) for form in found]
    return tuple(sorted(kept, key=lambda form: places.index((form.form, form.place))))


def unseen(grids: tuple[Grid, ...], seen: tuple[Grid, ...]) -> tuple[Grid, ...]:
    """The grids with a doubt for each cell that stands in a hidden row, and so not in ``seen``."""
    if len(grids) != len(seen):
        return grids
    return tuple(
        replace(grid, doubts=(*grid.doubts, *_hidden(grid, shown))) for grid, shown in zip(grids, seen, strict=True)
    )


def _hidden(grid: Grid, shown: Grid) -> Iterable[Doubt]:
    marked = {(doubt.row, doubt.column) for doubt in grid.doubts}
    for row, cells in enumerate(grid.rows):
        left = shown.rows[row] if row < len(shown.rows) else ()
        for column, cell in enumerate(cells):
            if cell is not None and (column >= len(left) or left[column] is None) and (row, column) not in marked:
                yield Doubt(row, column, "hidden")


def rows_of(grids: Iterable[Grid], rules: Rules) -> tuple[Form, ...]:
    """Every form of rows."""
    return forms_of_rows(grids, rules.registers, rules.words)

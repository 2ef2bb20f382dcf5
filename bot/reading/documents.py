"""Attachments -> documents: what each one is, and the forms in it, or why there are none.

The bytes are opened by the guarded process; here are only cells, looked at with the words of the rules.
"""

from collections.abc import Iterable
from dataclasses import replace

from bot.model.forms import Document, Form, Grid, Unreadable
from bot.model.mail import Attachment
from bot.reading import legacy, printed
from bot.reading.choosing import forms_on
from bot.reading.opened import Opened, Opener
from bot.reading.rows import forms_of_rows
from bot.reading.sniff import plain_kind
from bot.rules.policy import Rules

LARGEST = 30 << 20  # bytes of one file; mail providers take 20 to 50 MB


def documents(
    attachments: Iterable[Attachment], reader: Opener, rules: Rules, converter: legacy.Converter | None = None
) -> tuple[Document, ...]:
    """One document for each attachment, in their order. Never raises because of a file's content;
    BotError when the guarded process cannot be started. ``converter`` opens old Word files."""
    few = legacy.Few(converter) if converter else None
    return tuple(document(attachment, reader, rules, few) for attachment in attachments)


def document(
    attachment: Attachment, reader: Opener, rules: Rules, converter: legacy.Converter | None = None
) -> Document:
    """One attachment as a document."""
    data = attachment.data
    if not data:
        return Document(attachment.name, "other", unreadable=Unreadable("empty"))
    if len(data) > LARGEST:
        return Document(attachment.name, plain_kind(data), unreadable=Unreadable("too_large"))
    opened = reader.read(data)
    if converter and (opened.kind, opened.unreadable) == ("doc", "doc"):
        opened = legacy.converted(data, reader, converter)
    if opened.kind == "html":
        opened = _as_sheet(opened)
    # A hidden row or sheet is last month's copy, or the template: it counts only when nothing else is there. In a
    # register rows are hidden by a filter that was left on: there they count.
    numbers = numbers_of(opened.seen, rules) or numbers_of(opened.grids, rules)
    forms = numbers + rows_of(opened.grids, rules) or forms_of(opened.hidden, rules)
    if opened.cut and any(form.rows is not None for form in forms):
        forms = ()  # what a limit left out would be missing from the register
    if opened.confidence == "exact":
        return _document(attachment, opened, forms, rules)
    return _document(attachment, *printed.weighed(opened, forms, rules), rules)


def _document(attachment: Attachment, opened: Opened, forms: tuple[Form, ...], rules: Rules) -> Document:
    if forms:
        return Document(attachment.name, opened.kind, forms)
    code = opened.unreadable or ("too_complex" if opened.cut else "no_form")
    # The code comes from a process that the file may have taken over: only known ones pass.
    return Document(
        attachment.name, opened.kind, unreadable=Unreadable(code if code in rules.reasons.unreadable else "crashed")
    )


def _as_sheet(opened: Opened) -> Opened:
    """A page called .xls is looked at in Excel, where its cells have addresses."""
    grids, hidden = (tuple(replace(grid, tables=None) for grid in part) for part in (opened.grids, opened.hidden))
    return replace(opened, grids=grids, hidden=hidden)


def forms_of(grids: Iterable[Grid], rules: Rules) -> tuple[Form, ...]:
    """Every form on the sheets: those of numbers sheet by sheet, then those of rows, which may go over several."""
    sheets = tuple(grids)
    return numbers_of(sheets, rules) + rows_of(sheets, rules)


def numbers_of(grids: Iterable[Grid], rules: Rules) -> tuple[Form, ...]:
    """Every form of numbers."""
    return tuple(form for grid in grids for form in forms_on(grid, rules.matrices, rules.words))


def rows_of(grids: Iterable[Grid], rules: Rules) -> tuple[Form, ...]:
    """Every form of rows."""
    return forms_of_rows(grids, rules.registers, rules.words)

"""Attachments -> documents: what each one is, and the forms in it, or why there are none.

The bytes are opened by the guarded process; here are only cells, looked at with the words of the rules.
"""

from collections.abc import Iterable
from typing import Protocol

from bot.model.forms import Document, Form, Grid, Unreadable
from bot.model.mail import Attachment
from bot.reading.matrix import forms_in
from bot.reading.opened import Opened
from bot.reading.sniff import plain_kind
from bot.rules.policy import Rules

LARGEST = 30 << 20  # bytes of one file; mail providers take 20 to 50 MB


class Opener(Protocol):
    """What ``guard.Reader`` does."""

    def read(self, data: bytes) -> Opened: ...


def documents(attachments: Iterable[Attachment], reader: Opener, rules: Rules) -> tuple[Document, ...]:
    """One document for each attachment, in their order. Never raises because of a file's content;
    BotError when the guarded process cannot be started."""
    return tuple(document(attachment, reader, rules) for attachment in attachments)


def document(attachment: Attachment, reader: Opener, rules: Rules) -> Document:
    """One attachment as a document."""
    data = attachment.data
    if not data:
        return Document(attachment.name, "other", unreadable=Unreadable("empty"))
    if len(data) > LARGEST:
        return Document(attachment.name, plain_kind(data), unreadable=Unreadable("too_large"))
    opened = reader.read(data)
    if opened.unreadable:
        # The code comes from a process that the file may have taken over: only known ones pass.
        code = opened.unreadable if opened.unreadable in rules.reasons.unreadable else "crashed"
        return Document(attachment.name, opened.kind, unreadable=Unreadable(code))
    # A hidden sheet is last month's copy, or the template: it counts only when nothing else is there.
    forms = _forms(opened.grids, rules) or _forms(opened.hidden, rules)
    if forms:
        return Document(attachment.name, opened.kind, forms)
    code = "too_complex" if opened.cut else "no_form"
    return Document(attachment.name, opened.kind, unreadable=Unreadable(code))


def _forms(grids: Iterable[Grid], rules: Rules) -> tuple[Form, ...]:
    return tuple(form for grid in grids for rule in rules.forms.values() for form in forms_in(grid, rule, rules.words))

"""Which lists in a mail are forms of ours. A name and a telephone stand on every attendance sheet, duty list and
address book, and on the registration tables of spam. Pure."""

from collections.abc import Collection
from dataclasses import replace

from bot.mail.body import own_words
from bot.model.forms import Document, Form, Unreadable
from bot.model.mail import Mail
from bot.rules.policy import Rules

UNNAMED = "unnamed"  # why a list is no form; a key of [unreadable] in rules/reasons.toml


def evident(documents: tuple[Document, ...], mail: Mail, asked: Collection[str], rules: Rules) -> tuple[Document, ...]:
    """The documents without the forms of rows that nothing says to be one: neither the sheet itself, nor the file's
    name and those around it, nor the mail's subject and words; and its sender was not ``asked`` for that form."""
    if not any(form.rows is not None and not form.titled for document in documents for form in document.forms):
        return documents
    words = f"{mail.subject} {own_words(mail.text)}"
    # One document for each attachment, in their order; the body stands behind them.
    around = [" ".join(a.inside) for a in mail.attachments]
    around += [""] * (len(documents) - len(around))

    def is_one(form: Form, said: str) -> bool:
        return form.rows is None or form.titled or form.form in asked or rules.forms[form.form].spoken_of_in(said)

    return tuple(
        _with(document, tuple(form for form in document.forms if is_one(form, f"{document.name} {outer} {words}")))
        for document, outer in zip(documents, around, strict=False)
    )


def _with(document: Document, forms: tuple[Form, ...]) -> Document:
    if forms or not document.forms:
        return document if forms == document.forms else replace(document, forms=forms)
    return replace(document, forms=(), unreadable=Unreadable(UNNAMED))

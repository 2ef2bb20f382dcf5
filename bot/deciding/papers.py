"""Which attachment is a document that is owed as it is: a plan, a summary. Pure; nothing is read out of it.

It is told by the name of the file, else by the subject or by the letter that it answers, as long as only one such
document can be meant. A file with a form in it is that form's; a picture in a signature is none.

Nothing in it says whose it is: the sender's address does. Who serves several units names one in the same two places.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.model.forms import Document, Form, Written
from bot.rules.base import even
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

KINDS = ("docx", "doc", "odt", "pdf", "xlsx", "xls", "ods", "html", "image")
# What cannot be opened at all is no document; what merely has no table in it is one.
BROKEN = {"damaged", "encrypted", "empty", "timeout", "crashed", "too_large", "link"}


def with_papers(
    documents: tuple[Document, ...],
    hashes: Collection[str],
    subject: str,
    asked: Collection[str],
    units: Sequence[str],
    rules: Rules,
) -> tuple[Document, ...]:
    """The documents, each that is a paper with its form. ``hashes`` are of their bytes, in their order (fewer, if the
    last document is the mail's own text); ``asked`` the forms that the answered letter asked for; ``units`` the
    sender's own."""
    found = []
    for document, digest in zip(documents, (*hashes, *[""] * len(documents)), strict=False):
        rule = _paper(document, subject, asked, rules) if digest else None
        unit = _one_of(units, (document.name, subject), rules) if rule else ""
        found.append(_as_paper(document, rule, digest, unit) if rule else document)
    return tuple(found)


def _paper(document: Document, subject: str, asked: Collection[str], rules: Rules) -> FormRule | None:
    if document.forms or document.kind not in KINDS:
        return None
    if document.unreadable and document.unreadable.code in BROKEN:
        return None
    named = [rule for rule in rules.papers.values() if rule.spoken_of_in(document.name)]
    if not named and any(rule.spoken_of_in(document.name) for rule in rules.forms.values()):
        return None  # 附件4.pdf in a mail about the plan
    if not named and document.kind == "image":
        return None  # a picture without a telling name is as often a logo
    named = named or [rule for rule in rules.papers.values() if rule.spoken_of_in(subject)]
    named = named or [rules.papers[form] for form in asked if form in rules.papers]
    return named[0] if len(named) == 1 else None


def _one_of(units: Sequence[str], texts: Sequence[str], rules: Rules) -> str:
    """Which of several units the first text that names any of them means; empty if it names more than one. For
    one unit its address has spoken."""
    for text in map(even, texts if len(units) > 1 else ()):
        named = [u.name for u in rules.units.units if u.name in units and any(even(n) in text for n in u.names)]
        if named:
            return named[0] if len(named) == 1 else ""
    return ""


def _as_paper(document: Document, rule: FormRule, digest: str, unit: str) -> Document:
    fields = {"unit": Written(unit, "")} if unit else {}
    return replace(document, forms=(Form(rule.id, "", fields, {}, paper=digest),), unreadable=None)

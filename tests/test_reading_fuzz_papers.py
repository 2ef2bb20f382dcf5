"""Pages, texts and Word files that were damaged by chance: each ends as a document, and the reader lives."""

import random
from collections.abc import Callable

import pytest

from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.guard import Reader
from tests import books, papers
from tests.books import MERGES, RULES, VALUES, official, values_of
from tests.test_reading_fuzz import KINDS, MUTATIONS

SEED = 20170706
MUTANTS = 60
CSV = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in official()).encode("gb18030")
MIME = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
SOURCES = {
    "page": papers.page(papers.report_html()),
    "workbook in XML": papers.spreadsheetml(official(), MERGES),
    "web archive": MIME + papers.page(papers.report_html()) + b"\r\n--b--\r\n",
    "separators": CSV,
    "Word": papers.word(papers.report_body()),
}


def _word(chance: random.Random, mutate: Callable[[random.Random, bytes], bytes], data: bytes) -> bytes:
    """Damage to the XML under a zip that is whole, every other time."""
    if chance.random() < 0.5:
        return mutate(chance, data)
    return books.patched(data, {"word/document.xml": lambda old: mutate(chance, old)})


@pytest.mark.parametrize("source", SOURCES)
def test_no_damaged_paper_ends_the_reader_or_raises(source: str) -> None:
    chance = random.Random(SEED)
    whole = SOURCES[source]
    ends: set[str] = set()
    with Reader() as reader:
        for _ in range(MUTANTS):
            mutate = chance.choice(MUTATIONS)
            data = _word(chance, mutate, whole) if source == "Word" else mutate(chance, whole)
            read = document(Attachment("a", data), reader, RULES)
            assert read.kind in KINDS
            assert (read.unreadable is None) == bool(read.forms)
            ends.add(read.unreadable.code if read.unreadable else "read")
        (form,) = document(Attachment("a", whole), reader, RULES).forms
    assert values_of(form) == VALUES
    assert "read" in ends
    assert len(ends) > 1  # the mutations reach the reader, and some do no harm
    assert ends <= {"read", "damaged", "no_form", "other", "too_complex", "empty"}

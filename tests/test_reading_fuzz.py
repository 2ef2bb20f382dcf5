"""Files that were damaged by chance: each ends as a document, and the reader lives."""

import io
import random
import zipfile
from collections.abc import Callable

import pytest

from bot.model.forms import Cell
from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.guard import Reader
from bot.reading.matrix import forms_in
from tests import books
from tests.books import ANNEX4, MERGES, RULES, VALUES, WORDS, official, values_of

SEED = 20170705
MUTANTS = 160
KINDS = {"xlsx", "xls", "ods", "docx", "doc", "html", "csv", "pdf", "image", "other"}
Mutation = Callable[[random.Random, bytes], bytes]


def _flipped(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 5, 50])):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def _repeated(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 200)]
    return data[:start] + piece * chance.choice([2, 10, 100]) + data[start:]


def _dropped(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 100) :]


MUTATIONS: tuple[Mutation, ...] = (_flipped, _cut, _repeated, _dropped)


def _inside(chance: random.Random, data: bytes) -> bytes:
    """Damage to the XML of one member, under a zip that is whole."""
    mutate = chance.choice(MUTATIONS)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        member = chance.choice([name for name in archive.namelist() if name.startswith("xl/")])
    return books.patched(data, {member: lambda old: mutate(chance, old)})


def test_no_damaged_file_ends_the_reader_or_raises() -> None:
    chance = random.Random(SEED)
    zipped, old = books.good(), books.xls(official(), MERGES)
    ends: set[str] = set()
    with Reader() as reader:
        for number in range(MUTANTS):
            source = (zipped, old)[number % 2]
            mutate = _inside if source is zipped and number % 4 == 0 else chance.choice(MUTATIONS)
            data = mutate(chance, source)
            read = document(Attachment("a", data), reader, RULES)
            assert read.kind in KINDS
            assert (read.unreadable is None) == bool(read.forms)
            ends.add(read.unreadable.code if read.unreadable else "read")
        (form,) = document(Attachment("a", zipped), reader, RULES).forms
    assert values_of(form) == VALUES
    assert {"read", "damaged"} <= ends  # the mutations reach the readers, and some do no harm


WORDS_OF_THE_FORM = (
    *(
        "一级",
        "其他",
        "规模以上企业",
        "数量",
        "合计",
        "总计",
        "填报单位：",
        "截至",
        "（",
        "）：",
        "合计：8",
        "2017年6月",
    ),
    *("填报人：李明 联系电话：", "生产经营单位安全生产标准化达标情况表"),
)
ODD: tuple[Cell, ...] = (None, "", " ", 0, -1, 5.5, True, float("nan"), 10**20, "\x00", "\ud800", "=1", "长" * 2000)
CELLS = (*WORDS_OF_THE_FORM, *ODD)


@pytest.mark.parametrize("seed", range(8))
def test_no_mixed_up_grid_raises(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        rows = official()
        for _ in range(chance.randrange(1, 40)):
            row = chance.choice(rows)
            row.insert(chance.randrange(len(row) + 1), chance.choice(CELLS))
            if chance.random() < 0.3:
                chance.shuffle(rows)
            if chance.random() < 0.3:
                rows.append(list(chance.choice(rows)))
        numbers = [chance.randrange(-3, 15) for _ in range(4)]
        merges = [*MERGES, (numbers[0], numbers[1], numbers[2], numbers[3])]
        for form in forms_in(books.grid(rows, merges), ANNEX4, WORDS):
            assert form.counts
            assert all(count.place for counts in form.counts.values() for count in counts.values())

"""PDFs with a text layer: printed forms, clipped ones, hostile ones."""

from collections.abc import Iterator
from random import Random

import pytest

from bot.model.forms import Document, Unreadable
from bot.model.mail import Attachment
from bot.reading import pdf, picture, ruled
from bot.reading.boxes import Word
from bot.reading.documents import document
from bot.reading.guard import Reader
from bot.reading.printed import sums_agree
from bot.reading.runs import colliding, part, runs
from tests import books, scans
from tests.books import RULES, SUBTOTALS, TOTAL, VALUES, texts_of, values_of

FILE_SECONDS = 5.0


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _read(reader: Reader, data: bytes) -> Document:
    found = document(Attachment("附件4.xlsx", data), reader, RULES)
    assert found.kind == "pdf"
    assert (found.unreadable is None) == bool(found.forms)
    return found


# --- printed by LibreOffice ---


@pytest.mark.parametrize("name", ["ruled", "with a text below", "not to be printed"])
def test_a_ruled_table_whose_sums_agree_is_exact(reader: Reader, name: str) -> None:
    (form,) = _read(reader, scans.printed(name)).forms
    assert (form.confidence, values_of(form)) == ("exact", VALUES)
    assert {group: count.value for group, count in form.subtotals.items()} == SUBTOTALS
    assert form.total is not None
    assert form.total.value == TOTAL
    assert texts_of(form) == {
        "unit": "五图街道办事处",
        "period": "6 月",
        "filled_on": "2017年7月3日",
        "reporter": "李明",
        "phone": "0536-6221234",
    }


def test_the_bot_s_own_workbook_printed(reader: Reader) -> None:
    (form,) = _read(reader, scans.printed("prefilled")).forms
    assert (form.confidence, values_of(form)) == ("exact", VALUES)
    # Its values are underlined, which joins them to the table's lines.
    assert texts_of(form) == {
        "unit": "五图街道",
        "period": "2017年6月",
        "filled_on": "",
        "reporter": "李明",
        "phone": "05366221234",
    }


def test_places_are_rows_and_columns_of_the_table(reader: Reader) -> None:
    (form,) = _read(reader, scans.printed("ruled")).forms
    assert form.counts["above_scale"]["level_1"].place == RULES.words.table_cell.format(row=3, column=2)
    assert form.counts["other"]["ungraded"].place == RULES.words.table_cell.format(row=3, column=13)


@pytest.mark.parametrize("name", ["unruled", "wrong sum", "without sums"])
def test_what_nothing_vouches_for_is_to_be_confirmed(reader: Reader, name: str) -> None:
    (form,) = _read(reader, scans.printed(name)).forms
    assert (form.confidence, values_of(form)) == ("confirm", VALUES)


def test_a_wrapped_heading_is_read_and_two_numbers_in_a_cell_are_a_doubt(reader: Reader) -> None:
    (form,) = _read(reader, scans.printed("wrapped")).forms
    assert form.confidence == "confirm"
    doubtful = form.counts["above_scale"]["level_3"]
    assert (doubtful.value, doubtful.written, doubtful.doubt) == (None, "12 7", "words")
    rest = {(g, c): count.value for g, row in form.counts.items() for c, count in row.items() if count != doubtful}
    assert rest == {(g, c): VALUES[g][c] for g in VALUES for c in VALUES[g] if (g, c) != ("above_scale", "level_3")}


@pytest.mark.parametrize("name", ["long text", "too wide", "narrow", "two pages"])
def test_clipped_and_divided_tables_are_answered_with_a_request_for_the_workbook(reader: Reader, name: str) -> None:
    found = _read(reader, scans.printed(name))
    assert found.unreadable == Unreadable("pdf")
    assert ".xlsx" in RULES.reasons.unreadable["pdf"]


def test_behind_a_password(reader: Reader) -> None:
    assert _read(reader, scans.printed("locked")).unreadable == Unreadable("encrypted")


# --- by hand ---

LEVELS = ["一级", "二级", "三级", "其他"]


def _cells(rows: int, columns: int) -> list[ruled.Rectangle]:
    return [(c * 40.0, r * 20.0, c * 40.0 + 40, r * 20.0 + 20) for r in range(rows) for c in range(columns)]


def _chars(text: str, x: float, y: float, size: float = 10, advance: float = 5) -> list[dict[str, object]]:
    """As pdfplumber gives them."""
    return [
        {
            "text": char, "size": size, "upright": True, "top": y, "bottom": y + size,
            "x0": x + n * advance, "x1": x + (n + 1) * advance,
        }
        for n, char in enumerate(text)
    ]  # fmt: skip


def _grid(chars: list[dict[str, object]]) -> tuple[tuple[tuple[object, ...], ...], bool]:
    words = runs(chars)
    grid, crossing = ruled.grid([ruled.Table(_cells(3, 3))], words, colliding(words), "1")
    return grid.rows, crossing


def test_texts_of_neighbouring_cells_that_nearly_touch_are_told_apart() -> None:
    rows, crossing = _grid([*_chars("12", 29, 5), *_chars("7", 41, 5)])
    assert (rows[0], crossing) == (("12", "7"), False)


def test_a_number_that_goes_on_over_a_line_belongs_to_no_cell() -> None:
    with pytest.raises(ruled.Glued):
        _grid(_chars("1007", 30, 5))


def test_a_heading_that_goes_on_over_a_line_is_to_be_confirmed() -> None:
    rows, crossing = _grid(_chars("规模以上企业", 2, 5, advance=10))
    assert (rows[0], crossing) == (("规模以上企业",), True)


def test_texts_over_each_other_belong_to_no_cell() -> None:
    with pytest.raises(ruled.Glued):
        _grid([*_chars("12", 50, 5), *_chars("34", 53, 6)])


def test_text_printed_twice_for_bold_is_glued_and_not_doubled() -> None:
    # The same text again, a third of a point aside: told apart from one text only by a person.
    with pytest.raises(ruled.Glued):
        _grid([*_chars("12", 50, 5), *_chars("12", 50.3, 5)])


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["规模以", "上企业"], "规模以上企业"),
        (["138001", "38000"], "13800138000"),
        (["2017年", "7月3日"], "2017年7月3日"),
        (["Li", "Ming"], "Li Ming"),
        (["12", "7"], "12 7"),
        (["5"], "5"),
    ],
)
def test_lines_of_one_cell(lines: list[str], joined: str) -> None:
    words = [Word(text, 0, 20 * n, 50, 20 * n + 10) for n, text in enumerate(lines)]
    assert ruled.joined(words) == joined


def test_what_stands_beside_the_table_is_in_the_grid() -> None:
    rows, _ = _grid(
        [*_chars("above", 0, -30), *_chars("5", 50, 25), *_chars("right", 130, 25), *_chars("below", 0, 70)]
    )
    assert rows[0] == ("above",)
    assert rows[2] == (None, "5", "right")
    assert rows[-1] == ("below",)


def test_blanks_that_fill_a_cell_up_cross_no_line() -> None:
    words = runs(_chars("5        ", 50, 5))
    assert [(word.text, word.x1) for word in words] == [("5", 55)]
    assert part(words[0].glyphs) == words[0]


# --- pages that are pictures ---

PICTURE = b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 "
LAYER = scans.text([(100, 400, "a layer of a scanner, with numbers 1 2 3")])


def _scanned(text: bytes = LAYER) -> bytes:
    content = b"q 800 0 0 600 0 0 cm /I Do Q " + text
    return scans.one_page(
        scans.stream(content), b"/XObject << /I 6 0 R >>", scans.stream(b"\0", PICTURE[2:])
    )  # fmt: skip


@pytest.mark.parametrize("data", [_scanned(), _scanned(b""), scans.one_page(scans.stream(b""))])
def test_a_page_that_is_a_picture_goes_to_the_slow_process(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "can_be_read", lambda: True)
    assert pdf.opened(data, "pdf").slow


def test_without_the_extra_a_scan_is_unreadable_and_a_scanner_s_text_to_be_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture, "can_be_read", lambda: False)
    assert pdf.opened(_scanned(b""), "pdf").unreadable == "pdf"
    layer = pdf.opened(_scanned(), "pdf")
    assert (layer.slow, layer.unreadable, layer.confidence) == (False, None, "confirm")


def test_pages_are_bounded() -> None:
    kids = [b"%d 0 R" % number for number in range(5, 5 + pdf.PAGES + 3)]
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 800 600] /Contents 4 0 R /Resources << /Font << /F 3 0 R >> >> >>"
    )
    data = scans.pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids)),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            scans.stream(scans.text([(10, 10, "a line of text")])),
            *[page] * len(kids),
        ]
    )
    opened = pdf.opened(data, "pdf")
    assert (len(opened.hidden), opened.cut) == (pdf.PAGES, True)


@pytest.mark.parametrize(
    ("changes", "agree"),
    [
        ({}, True),
        ({"total": 33}, False),
        ({"total": None}, False),
        ({"sums": (8, 5, 20)}, False),
        ({"sums": (None, None, None)}, True),
        ({"counts": ["?", *books.COUNTS[1:]]}, False),
    ],
)
def test_whether_the_sums_vouch_for_the_numbers(changes: dict[str, object], agree: bool) -> None:
    from bot.reading.matrix import forms_in

    rows = books.official(**changes)  # type: ignore[arg-type]
    (form,) = forms_in(books.grid(rows, books.MERGES), books.ANNEX4, books.WORDS)
    assert sums_agree(form) is agree


# --- hostile ---


def _nested(depth: int) -> bytes:
    return scans.one_page(scans.stream(b"[" * depth + b"]" * depth), b"/X " + b"[" * depth + b"]" * depth)


def _page_tree_in_itself() -> bytes:
    return scans.pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"])


def _deep_page_tree(depth: int) -> bytes:
    kids = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (number + 3) for number in range(depth)]
    return scans.pdf([b"<< /Type /Catalog /Pages 2 0 R >>", *kids, b"<< /Type /Page /MediaBox [0 0 9 9] >>"])


def _many_pages(count: int) -> bytes:
    kids = b"3 0 R " * count
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 800 600] >>"
    pages = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)
    return scans.pdf([b"<< /Type /Catalog /Pages 2 0 R >>", pages, page])


def _many_lines(count: int) -> bytes:
    lines = b"".join(b"%d 0 m %d 600 l S 0 %d m 800 %d l S " % (n, n, n, n) for n in range(count))
    return scans.one_page(scans.stream(lines + scans.text([(9, 9, "123456789")])))


HOSTILE = {
    "one gibibyte": scans.one_page(scans.stream(scans.deflated(1024, b" " * 1024), b"/Filter /FlateDecode")),
    "endless text": scans.one_page(
        scans.stream(scans.deflated(64, b"BT /F 9 Tf (abcdefgh) Tj ET   \n"), b"/Filter /FlateDecode")
    ),
    "deep nesting": _nested(200_000),
    "a page tree in itself": _page_tree_in_itself(),
    "a deep page tree": _deep_page_tree(20_000),
    "a million pages": _many_pages(1_000_000),
    "a lying count": _many_pages(1).replace(b"/Count 1", b"/Count 2147483647"),
    "many lines": _many_lines(1_900),
    "more lines": _many_lines(6_000),
    "an endless page": scans.one_page(scans.stream(LAYER)).replace(b"[0 0 800 600]", b"[0 0 1e30 1e-30]"),
    "cut short": scans.one_page(scans.stream(LAYER))[:300],
    "a head alone": b"%PDF-1.7",
    "a picture's head": b"\xff\xd8\xff\xe0 %PDF-1.7 ",
    "a zip behind": scans.one_page(scans.stream(b"")) + books.good(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_cost_little_and_the_next_is_read(reader: Reader, name: str) -> None:
    found = reader.look(HOSTILE[name])
    assert found.kind == "pdf"
    # One without a text goes on to the process for pictures, which has tests of its own.
    assert found.slow or found.unreadable or not found.grids
    assert reader.read(books.good()).grids[0].rows[6][3] == 5


def test_damaged_forms_are_never_read_wrong_and_exact(reader: Reader) -> None:
    good, random = scans.printed("ruled"), Random(4)
    read = 0
    for _ in range(40):
        data = bytearray(good)
        for _ in range(random.choice([1, 3, 30])):
            data[random.randrange(len(data))] = random.randrange(256)
        found = document(Attachment("a", bytes(data)), _Quick(reader), RULES)
        for form in found.forms:
            read += 1
            assert form.confidence == "confirm" or values_of(form) == VALUES
    assert read  # most of the file is its fonts


class _Quick:
    """The quick process alone."""

    def __init__(self, reader: Reader) -> None:
        self.read = reader.look

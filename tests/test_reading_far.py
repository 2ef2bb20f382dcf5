"""Values far away and formulas that nobody calculated: the rest of the sheet is read."""

import io
import random
import zipfile
from collections.abc import Callable, Iterator

import pytest
import xlwt

from bot.model.forms import Cell, Count, Document, Unreadable
from bot.model.mail import Attachment
from bot.reading import biff, strays
from bot.reading.documents import document
from bot.reading.guard import Reader
from tests import books
from tests.books import COUNTS, MERGES, RULES, VALUES, Rows, official, patched, texts_of, values_of

SHEET = "xl/worksheets/sheet1.xml"
SPREADSHEETML = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _read(reader: Reader, data: bytes) -> Document:
    return document(Attachment("附件4", data), reader, RULES)


def _assert_good(found: Document) -> None:
    assert found.unreadable is None
    assert [values_of(form) for form in found.forms] == [VALUES]


def _with_rows(rows: bytes) -> bytes:
    return patched(books.good(), {SHEET: lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>")})


def _far_row(cells: bytes) -> bytes:
    return _with_rows(b'<row r="60000" spans="1:9">' + cells + b"</row>")


def _many(count: int) -> bytes:
    return b"".join(FAR.replace(b"1048576", b"%d" % (50_000 + n)) for n in range(count))


def _in_first_row(cell: bytes) -> bytes:
    return patched(books.good(), {SHEET: lambda xml: xml.replace(b"</row>", cell + b"</row>", 1)})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_with_rows(FAR), id="the last cell"),
        pytest.param(_with_rows(b"<row r = '1048576' ><c s='1'\nr = 'XFD1048576'\n><v>1</v></c></row>"), id="quotes"),
        pytest.param(_with_rows(b'<row r="1048576"><c><v>1</v></c></row>'), id="no address"),
        pytest.param(_far_row(b'<c r="C60000" t="inlineStr"><is><t>a&lt;b</t></is></c>'), id="a text"),
        pytest.param(_with_rows(b'<row r="60000"><c r="C60000"><f>A1</f><v>1</v></c></row>'), id="a formula"),
        pytest.param(_with_rows(b'<row r="60000"><c r="C60000"><f>A1</f></c></row>'), id="a formula without a value"),
        pytest.param(_far_row(b'<c r="A60000" s="0"/><c r="ABC60000"><v>1</v></c>'), id="beside styles"),
        pytest.param(_in_first_row(b'<c r="XFD1"><v>1</v></c>'), id="a far column"),
        pytest.param(_in_first_row(b'<c r="AAA1" t="s"><v>0</v></c><c r="XFD1"><v>1</v></c>'), id="two far columns"),
        pytest.param(_with_rows(_many(1000)), id="a thousand"),
        pytest.param(
            patched(_with_rows(FAR), {SHEET: lambda xml: xml.replace(b'ref="A1:M10"', b'ref="A1:XFD1048576"')}),
            id="a dimension that believes it",
        ),
        pytest.param(books.renamed(_with_rows(FAR), lambda name: name.replace("/", "\\")), id="backslashes"),
    ],
)  # fmt: skip
def test_a_sheet_with_a_stray_far_value_is_read(data: bytes, reader: Reader) -> None:
    _assert_good(_read(reader, data))


def test_a_far_value_on_another_sheet_does_not_hide_the_form(reader: Reader) -> None:
    two = books.xlsx(([["说明"]], ()), (official(), MERGES))
    data = patched(two, {SHEET: lambda xml: xml.replace(b"</sheetData>", FAR + b"</sheetData>")})
    found = _read(reader, data)
    _assert_good(found)
    assert found.forms[0].place == "Sheet2"


def _prefixed(cell: Cell, row: int, column: int) -> str:
    place = f"{chr(65 + column)}{row + 1}"
    return "" if cell is None else f'<x:c r="{place}" t="inlineStr"><x:is><x:t>{cell}</x:t></x:is></x:c>'


def test_names_with_a_prefix(reader: Reader) -> None:
    rows = ""
    for r, row in enumerate(official()):
        rows += f'<x:row r="{r + 1}">' + "".join(_prefixed(cell, r, c) for c, cell in enumerate(row)) + "</x:row>"
    rows += '<x:row r="99999"><x:c r="ZZZ99999"><x:v>1</x:v></x:c></x:row>'
    xml = f'<x:worksheet xmlns:x="{SPREADSHEETML}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    data = books.with_sheet_xml(xml.encode())
    assert strays.mended(data)[1]
    _assert_good(_read(reader, data))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(_many(1001), id="too many"),
        pytest.param(b'<row r="99999"><c r="A99999"><v>1</v></c ></row>', id="another end"),
    ],
)
def test_more_than_stray_values_are_too_complex(rows: bytes, reader: Reader) -> None:
    assert _read(reader, _with_rows(rows)).unreadable == Unreadable("too_complex")


def test_a_form_that_was_cut_out_is_not_called_absent(reader: Reader) -> None:
    far: Rows = [[] for _ in range(10_000)]
    found = _read(reader, books.xlsx(([*far, *official()], ())))
    assert found.unreadable == Unreadable("too_complex")


def test_styled_empty_cells_far_away_cost_nothing_and_stay() -> None:
    styled = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (n, n) for n in range(11, 30_000))
    data = _with_rows(styled + b'<row r="1048576"><c r="XFD1048576" s="0"></c></row>')
    near, cut = strays.mended(data)
    assert near is data
    assert not cut


def test_a_million_styled_rows_with_a_form_above_them(reader: Reader) -> None:
    styled = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (n, n) for n in range(11, 300_000))
    _assert_good(_read(reader, _with_rows(styled)))


def test_an_honest_workbook_is_handed_on_untouched() -> None:
    for data in (books.good(), books.ods(""), books.xlsx((official(), ()), (official(), ()))):
        near, cut = strays.mended(data)
        assert near is data
        assert not cut


def test_only_the_sheet_is_rewritten() -> None:
    data = _with_rows(FAR)
    near, _ = strays.mended(data)
    assert near is not None
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(io.BytesIO(near)) as after:
        assert before.namelist() == after.namelist()
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
        assert changed == {SHEET}
        assert after.read(SHEET) == before.read(SHEET).replace(FAR, b'<row r="1048576"></row>')


def test_no_damaged_sheet_raises() -> None:
    chance = random.Random(20170705)
    base = _with_rows(FAR * 3)
    for _ in range(60):
        xml = bytearray(zipfile.ZipFile(io.BytesIO(base)).read(SHEET))
        for _ in range(chance.choice([1, 5, 50])):
            xml[chance.randrange(len(xml))] = chance.choice(b"<>/\"'= rcvf0A:")
        cut_off = bytes(xml[: chance.randrange(len(xml))])
        near, cut = strays.mended(patched(base, {SHEET: lambda _, changed=cut_off: changed}))  # type: ignore[misc]
        assert near or cut


# .xls


def _xls(*far: tuple[int, int, Cell], rows: Rows | None = None) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for r, row in enumerate(rows or official()):
        for c, cell in enumerate(row):
            if cell is not None:
                sheet.write(r, c, cell)
    for r, c, cell in far:
        sheet.write(r, c, xlwt.Formula(cell[1:]) if isinstance(cell, str) and cell.startswith("=") else cell)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize(
    "far",
    [
        [(65535, 255, 1)],
        [(65535, 255, "某厂")],
        [(65535, 255, True)],
        [(65535, 255, 5.5), (65535, 254, 1), (65535, 253, 2)],
        [(65535, 255, '="a"')],
        [(60000, 255, "=A1+1"), (60001, 254, 1)],
        [(65535, 20, 1)],
        [(9000, 200, 1)],
    ],
)
def test_an_old_workbook_with_a_stray_far_value_is_read(far: list[tuple[int, int, Cell]], reader: Reader) -> None:
    found = _read(reader, _xls(*far))
    _assert_good(found)
    assert texts_of(found.forms[0])["unit"] == "五图街道办事处"


def test_an_old_workbook_full_of_far_values_is_too_complex_and_does_not_crash(reader: Reader) -> None:
    many: list[tuple[int, int, Cell]] = [(20_000 + n, 255, n) for n in range(1001)]
    assert _read(reader, _xls(*many, (65535, 255, 1))).unreadable == Unreadable("too_complex")


def test_only_the_far_values_of_an_old_workbook_are_blotted_out() -> None:
    data = _xls((65535, 255, 1), (65535, 254, "某厂"))
    near, cut = biff.mended(data)
    assert near is not None
    assert cut
    assert len(near) == len(data)
    assert sum(a != b for a, b in zip(data, near, strict=True)) <= 6  # the types of three records, DIMENSIONS too


def test_an_old_workbook_of_which_all_is_styled_is_read(reader: Reader) -> None:
    # given a styled blank cell in the last corner, so that the sheet announces 16 million cells
    data = _xls((65535, 255, None))
    near, cut = biff.mended(data)
    assert near != data
    assert not cut
    _assert_good(_read(reader, data))


def test_an_honest_old_workbook_is_handed_on_untouched() -> None:
    for data in (_xls(), _xls((9_999, 255, 1)), _xls((65535, 20, 1))):
        assert biff.mended(data) == (data, False)


@pytest.mark.parametrize(
    "change", [lambda d: d[:3000], lambda d: d[:512], lambda d: d.replace(b"W\0o\0r\0k", b"X\0o\0r\0k")]
)
def test_a_damaged_old_workbook_does_not_end_the_reader(change: Callable[[bytes], bytes], reader: Reader) -> None:
    found = _read(reader, change(_xls((65535, 255, 1))))
    assert found.unreadable is not None
    _assert_good(_read(reader, books.good()))


def test_changed_records_do_no_harm(reader: Reader) -> None:
    chance = random.Random(20170705)
    whole = _xls((65535, 255, 1), (65535, 254, "某厂"))
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(20):
            data[chance.randrange(512, len(data))] = chance.randrange(256)
        found = _read(reader, bytes(data))
        assert (found.unreadable is None) == bool(found.forms)
    _assert_good(_read(reader, books.good()))


# Formulas without a value


def _formula_book(counts: list[Cell], **more: Cell) -> bytes:
    sums: tuple[Cell, ...] = ("=SUM(B7:E7)", "=SUM(F7:I7)", "=SUM(J7:M7)")
    return books.xlsx((official(counts, sums=sums, total="=SUM(B8:M8)", **more), MERGES))  # type: ignore[arg-type]


def test_a_formula_that_nobody_calculated_is_shown_and_not_called_blank(reader: Reader) -> None:
    (form,) = _read(reader, _formula_book(["=1+2", "=IF(A1<5,1,2)", *COUNTS[2:]])).forms
    assert form.counts["above_scale"]["level_1"].value == 3  # as for everyone who opens the file
    assert form.counts["above_scale"]["level_2"] == Count(None, "=IF(A1<5,1,2)", "C7", "words")
    assert form.counts["above_scale"]["level_3"] == Count(5, "5", "D7")


def test_sums_that_nobody_calculated_are_blank(reader: Reader) -> None:
    (form,) = _read(reader, _formula_book(list(COUNTS))).forms
    assert values_of(form) == VALUES
    assert form.total == Count(None, "", "B9", "blank")
    assert {(count.value, count.doubt) for count in form.subtotals.values()} == {(None, "blank")}


def test_labels_that_nobody_calculated_are_no_texts(reader: Reader) -> None:
    rows = official()
    rows[2] = ['="填报单位："&A20', None, "填报时间", "=TODAY()"]
    (form,) = _read(reader, books.xlsx((rows, ()))).forms
    assert "unit" not in form.fields
    assert form.fields["filled_on"].text == ""


def _cell(xml: bytes) -> bytes:
    """The official workbook, in which this stands for the cell B7."""

    def change(sheet: bytes) -> bytes:
        start = sheet.index(b'<c r="B7"')
        return sheet[:start] + xml + sheet[sheet.index(b"</c>", start) + 4 :]

    return patched(books.good(), {SHEET: change})


@pytest.mark.parametrize(
    ("xml", "count"),
    [
        (b'<c r="B7"><f>A1+1</f></c>', Count(None, "=A1+1", "B7", "words")),
        (b'<c r="B7" s="0"><f>A1+1</f><v/></c>', Count(None, "=A1+1", "B7", "words")),
        (b'<c r="B7" t="n">\n<f ca="1">A1&amp;"x"</f>\n<v> </v>\n</c>', Count(None, '=A1&"x"', "B7", "words")),
        (b'<c r="B7"><f t="shared" si="0"/><v></v></c>', Count(None, "=...", "B7", "words")),
        (b'<c r="B7"><f>A1+1</f><v>3</v></c>', Count(3, "3", "B7", mark="uncomputed")),
        (
            b'<c r="B7" t="str"><f>A1+1</f><v></v></c>',
            Count(None, "", "B7", "blank", "uncomputed"),
        ),  # it is an empty text
        (b'<c r="B7"></c>', Count(None, "", "B7", "blank")),
    ],
)
def test_what_a_formula_can_look_like(xml: bytes, count: Count, reader: Reader) -> None:
    (form,) = _read(reader, _cell(xml)).forms
    assert form.counts["above_scale"]["level_1"] == count
    assert form.counts["above_scale"]["level_2"].value == 2

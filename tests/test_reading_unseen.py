"""Rows that are hidden: what nobody sees in the sheet is not reported, unless the form is nowhere else."""

import io
from collections.abc import Callable, Iterator, Sequence

import openpyxl
import pytest
import xlwt

from bot.model.forms import Document
from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.guard import Reader
from bot.reading.looking import looks
from tests import books, papers
from tests.books import MERGES, RULES, VALUES, Rows, Span, official, texts_of, values_of

OLD = (0, 1, 4, 1, 1, 0, 2, 0, 0, 1, 10, 7)
Make = Callable[[Rows, Sequence[Span], Sequence[int]], bytes]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _xlsx(rows: Rows, merges: Sequence[Span], hidden: Sequence[int]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(books.xlsx((rows, merges))))
    for row in hidden:
        book.worksheets[0].row_dimensions[row + 1].hidden = True
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _xls(rows: Rows, merges: Sequence[Span], hidden: Sequence[int]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if value is not None:
                sheet.write(r, c, value)
    for number in hidden:
        sheet.row(number).hidden = True
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _ods(rows: Rows, merges: Sequence[Span], hidden: Sequence[int]) -> bytes:
    def row(number: int, cells: Sequence[object]) -> str:
        look = ' table:visibility="collapse"' if number in hidden else ""
        inside = "".join(
            f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
            if isinstance(cell, int)
            else f'<table:table-cell office:value-type="string"><text:p>{cell or ""}</text:p></table:table-cell>'
            for cell in cells
        )
        return f"<table:table-row{look}>{inside or '<table:table-cell/>'}</table:table-row>"

    return books.ods("".join(row(number, cells) for number, cells in enumerate(rows)))


makers = pytest.mark.parametrize("make", [_xlsx, _xls, _ods])


def _read(reader: Reader, data: bytes) -> Document:
    return document(Attachment("附件4", data), reader, RULES)


def _two_rows() -> tuple[Rows, list[Span]]:
    """Last month's numbers in a row of the same name, above this month's."""
    rows = official()
    rows.insert(6, ["数量", *OLD])
    return rows, [(a + (a > 5), b, c + (c > 5), d) for a, b, c, d in MERGES]


@makers
def test_a_hidden_row_of_old_numbers_is_not_the_report(make: Make, reader: Reader) -> None:
    rows, merges = _two_rows()
    (form,) = _read(reader, make(rows, merges, [6])).forms
    assert values_of(form) == VALUES
    assert form.counts["other"]["level_3"].place == "L8"  # where the sender sees it


@makers
def test_a_hidden_form_above_the_new_one_does_not_count(make: Make, reader: Reader) -> None:
    old = official(OLD, sums=(6, 3, 18), total=27, period="（截至  5 月）")
    rows = [*old, [], *official()]
    merges = [*MERGES, *((a + 11, b, c + 11, d) for a, b, c, d in MERGES)]
    (form,) = _read(reader, make(rows, merges, range(11))).forms
    assert (values_of(form), texts_of(form)["period"]) == (VALUES, "6 月")


@makers
def test_a_form_whose_headings_are_hidden_is_read_all_the_same(make: Make, reader: Reader) -> None:
    (form,) = _read(reader, make(official(), MERGES, [5])).forms
    assert values_of(form) == VALUES


def _html(rows: Rows, merges: Sequence[Span], hidden: Sequence[int]) -> bytes:
    lines = papers.report_html(rows, merges).split("<tr>")
    looks = ("<tr style='height:15;display:none'>" if n in hidden else "<tr>" for n in range(len(lines) - 1))
    return papers.page(lines[0] + "".join(look + line for look, line in zip(looks, lines[1:], strict=True)))


def _spreadsheetml(rows: Rows, merges: Sequence[Span], hidden: Sequence[int]) -> bytes:
    data = papers.spreadsheetml(rows, merges)
    for row in hidden:
        data = data.replace(b'<Row ss:Index="%d"' % (row + 1), b'<Row ss:Index="%d" ss:Hidden="1"' % (row + 1))
    return data


@pytest.mark.parametrize("make", [_html, _spreadsheetml])
def test_a_hidden_row_of_a_page_called_xls_keeps_its_place_and_says_nothing(make: Make, reader: Reader) -> None:
    rows, merges = _two_rows()
    (form,) = _read(reader, make(rows, merges, [6])).forms
    assert values_of(form) == VALUES
    assert form.counts["other"]["level_3"].place == "L8"


def test_the_second_sheet_has_rows_of_its_own(reader: Reader) -> None:
    # given an .xls whose first sheet hides a row that the second one shows
    book = xlwt.Workbook()
    notes: Rows = [["说明"]] * 10
    for name, rows in (("说明", notes), ("附件4", official())):
        sheet = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    sheet.write(r, c, value)
    book.get_sheet(0).row(6).hidden = True
    data = io.BytesIO()
    book.save(data)
    (form,) = _read(reader, data.getvalue()).forms
    assert values_of(form) == VALUES


@pytest.mark.parametrize("value", ['hidden="1"', "hidden='true'", 'spans="1:13" hidden = "1" ht="0"'])
def test_ways_to_write_it(value: str, reader: Reader) -> None:
    rows, merges = _two_rows()
    data = books.xlsx((rows, merges))
    sheet = {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b'<row r="7"', f'<row r="7" {value}'.encode())}
    (form,) = _read(reader, books.patched(data, sheet)).forms
    assert values_of(form) == VALUES


def test_where_nothing_is_hidden_or_all_is_damaged_there_is_no_other_look() -> None:
    for data in (books.good(), b"", b"PK\x03\x04", b"text"):
        assert looks(data, "xlsx")[0] == {}
    for data in (books.xls(official()), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        assert looks(data, "xls") == ({}, False)
    for hidden in ('hidden="0"', 'collapsed="1"'):
        sheet = {
            "xl/worksheets/sheet1.xml": lambda xml, h=hidden: xml.replace(b'<row r="7"', f'<row r="7" {h}'.encode())
        }
        assert looks(books.patched(books.good(), sheet), "xlsx")[0] == {}

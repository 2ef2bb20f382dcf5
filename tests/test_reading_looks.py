"""Cells that look other than their values: struck out, raised, hidden, not computed. In three kinds of workbooks.

Wherever on the form the mark stands, what the eye reads is in the grid, and the other reading is a doubt beside it.
"""

import io
import random
from collections.abc import Callable, Iterator

import openpyxl
import pytest
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from bot.model.forms import Doubt, Grid, Unreadable
from bot.model.mail import Attachment
from bot.reading.convert import Office
from bot.reading.documents import document
from bot.reading.guard import Reader
from bot.reading.opened import Opened
from bot.reading.shownas import shows
from tests import books
from tests.books import COUNTS, MERGES, RULES, TOTAL, VALUES, official, patched, values_of
from tests.servers.need import program

NUMBERS = 6  # the row of the numbers in the official layout
SHEET = "xl/worksheets/sheet1.xml"
CELLS = random.Random(7).sample(range(12), 6)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _xlsx(column: int, mark: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(books.good()))
    cell = book.worksheets[0].cell(NUMBERS + 1, column + 1)
    seen = str(COUNTS[column - 1])
    if mark == "struck":
        cell.value = CellRichText(TextBlock(InlineFont(strike=True), "3"), TextBlock(InlineFont(), seen))
    elif mark == "raised":
        cell.value = CellRichText(TextBlock(InlineFont(), seen), TextBlock(InlineFont(vertAlign="superscript"), "3"))
    else:
        cell.font = Font(strike=True)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _xls(column: int, mark: str) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    seen = str(COUNTS[column - 1])
    for r, row in enumerate(official()):
        for c, value in enumerate(row):
            if (r, c) != (NUMBERS, column):
                sheet.write(r, c, value)
    if mark == "struck":
        sheet.write_rich_text(NUMBERS, column, [("3", xlwt.easyfont("struck_out on")), (seen, xlwt.easyfont(""))])
    elif mark == "raised":
        sheet.write_rich_text(NUMBERS, column, [seen, ("3", xlwt.easyfont("escapement superscript"))])
    else:
        sheet.write(NUMBERS, column, int(seen), xlwt.easyxf("font: struck_out on"))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _ods(column: int, mark: str) -> bytes:
    seen = str(COUNTS[column - 1])
    parts = {
        "struck": f'<text:span text:style-name="T1">3</text:span>{seen}',
        "raised": f'{seen}<text:span text:style-name="T2">3</text:span>',
    }

    def cell(r: int, c: int, value: object) -> str:
        if (r, c) == (NUMBERS, column) and mark in parts:
            return f'<table:table-cell office:value-type="string"><text:p>{parts[mark]}</text:p></table:table-cell>'
        style = ' table:style-name="C1"' if (r, c) == (NUMBERS, column) else ""
        if isinstance(value, int):
            return f'<table:table-cell{style} office:value-type="float" office:value="{value}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{value or ""}</text:p></table:table-cell>'

    rows = "".join(
        f"<table:table-row>{''.join(cell(r, c, v) for c, v in enumerate(row))}</table:table-row>"
        for r, row in enumerate(official())
    )
    names = (
        b' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
        b' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"><office:automatic-styles>'
        b'<style:style style:name="T1" style:family="text"><style:text-properties style:text-line-through-style="solid"'
        b' style:text-line-through-type="double"/></style:style>'
        b'<style:style style:name="T2" style:family="text"><style:text-properties style:text-position="super 58%"/>'
        b'</style:style><style:style style:name="C1" style:family="table-cell" style:parent-style-name="C0"/>'
        b'<style:style style:name="C0" style:family="table-cell"><style:text-properties '
        b'style:text-line-through-style="solid"/></style:style></office:automatic-styles><office:body>'
    )
    return patched(books.ods(rows), {"content.xml": lambda xml: xml.replace(b"><office:body>", names)})


makers = pytest.mark.parametrize("make", [_xlsx, _xls, _ods])
Make = Callable[[int, str], bytes]


def _grid(reader: Reader, data: bytes) -> Grid:
    return reader.read(data).grids[0]


@makers
@pytest.mark.parametrize("column", [n + 1 for n in CELLS])
def test_a_struck_out_digit_is_not_read(make: Make, column: int, reader: Reader) -> None:
    grid = _grid(reader, make(column, "struck"))
    seen = str(COUNTS[column - 1])
    assert grid.rows[NUMBERS][column] == seen
    assert grid.doubts == (Doubt(NUMBERS, column, "struck", f"3{seen}"),)


@makers
@pytest.mark.parametrize("column", [n + 1 for n in CELLS])
def test_a_raised_mark_is_not_read(make: Make, column: int, reader: Reader) -> None:
    grid = _grid(reader, make(column, "raised"))
    seen = str(COUNTS[column - 1])
    assert grid.rows[NUMBERS][column] == seen
    assert grid.doubts == (Doubt(NUMBERS, column, "raised", f"{seen}3"),)


@makers
@pytest.mark.parametrize("column", [n + 1 for n in CELLS])
def test_a_cell_that_is_struck_out_is_blank(make: Make, column: int, reader: Reader) -> None:
    grid = _grid(reader, make(column, "all"))
    row = grid.rows[NUMBERS]
    assert (row[column] if column < len(row) else None) is None
    assert grid.doubts == (Doubt(NUMBERS, column, "struck", str(COUNTS[column - 1])),)


def _text(runs: str) -> bytes:
    """The official workbook, in which these runs stand for the 5 in D7."""
    cell = f'<c r="D7" t="inlineStr"><is>{runs}</is></c>'.encode()
    return patched(books.good(), {SHEET: lambda xml: xml.replace(b'<c r="D7" t="n"><v>5</v></c>', cell)})


@pytest.mark.parametrize(
    ("runs", "cell", "doubts"),
    [
        ('<r><rPr><strike val="0"/></rPr><t>3</t></r><r><t>5</t></r>', "35", ()),
        ('<r><rPr><vertAlign val="baseline"/></rPr><t>5</t></r>', "5", ()),
        ('<r><rPr><vertAlign val="subscript"/></rPr><t>1</t></r><r><t>5</t></r>', "5", (("raised", "15"),)),
        ('<r><rPr><vertAlign val="superscript"/></rPr><t>5</t></r>', "5", (("raised", "5"),)),
        ('<r><rPr><strike/></rPr><t>5</t></r>', None, (("struck", "5"),)),
        ('<r><t>5</t></r><rPh sb="0" eb="1"><t>3</t></rPh>', "5", ()),
        ('<r><rPr><strike/></rPr><t>3</t></r><r><t>5</t></r><rPh><t>9</t></rPh>', "5", (("struck", "35"),)),
    ],
)  # fmt: skip
def test_runs(runs: str, cell: str | None, doubts: tuple[tuple[str, str], ...], reader: Reader) -> None:
    grid = _grid(reader, _text(runs))
    assert grid.rows[NUMBERS][3] == cell
    assert tuple((doubt.mark, doubt.other) for doubt in grid.doubts) == doubts


def _formula(formula: str, saved: str, attributes: str = "") -> bytes:
    cell = f'<c r="D7"{attributes}><f>{formula}</f>{saved}</c>'.encode()
    return patched(books.good(), {SHEET: lambda xml: xml.replace(b'<c r="D7" t="n"><v>5</v></c>', cell)})


@pytest.mark.parametrize(
    ("formula", "saved", "cell", "other"),
    [
        ("2+3", "<v>0</v>", 5, "5"),  # openpyxl's workbooks are to be computed when they are opened
        ("2+3", "", 5, "5"),
        ("SUM(B7:C7)+E7*2+1", "<v>0</v>", 5, "5"),
        ("SUM(B7,C7,E7,2)", "<v>0</v>", 5, "5"),
        ("(C7+E7)-C7/2+$B$7+3", "<v></v>", 5, "5"),
        ("Sheet1!M7-'Sheet1'!C7", "<v>0</v>", 5, "5"),
        ("2+3", "<v>5</v>", 5, None),
        ("2+3", "<v>4</v>", 5, "4"),  # saved before a number changed
        ("COUNTIF(A1:A9,1)", "<v>5</v>", 5, ""),
        ("COUNTIF(A1:A9,1)", "<v>0</v>", "=COUNTIF(A1:A9,1)", ""),
        ("D7+1", "<v>0</v>", "=D7+1", ""),
        ("1/0", "<v>0</v>", "=1/0", ""),
        ("A1+1", "<v>0</v>", "=A1+1", ""),
        ("[1]Sheet1!A1", "<v>0</v>", "=[1]Sheet1!A1", ""),
    ],
)
def test_formulas(formula: str, saved: str, cell: object, other: str | None, reader: Reader) -> None:
    grid = _grid(reader, _formula(formula, saved))
    assert grid.rows[NUMBERS][3] == cell
    assert [d.other for d in grid.doubts if d.column == 3] == ([] if other is None else [other])


def test_a_saved_value_that_a_program_has_computed_is_believed(reader: Reader) -> None:
    done = {"xl/workbook.xml": lambda xml: xml.replace(b'fullCalcOnLoad="1"', b"")}
    grid = _grid(reader, patched(_formula("COUNTIF(A1:A9,1)", "<v>0</v>"), done))
    assert (grid.rows[NUMBERS][3], grid.doubts) == (0, ())


def test_old_formulas_are_computed(reader: Reader) -> None:
    book = xlwt.Workbook()
    sheet, other = book.add_sheet("附件4"), book.add_sheet("台 账")
    for r, row in enumerate(official(sums=(None, None, None), total=None)):
        for c, value in enumerate(row):
            if r != NUMBERS or c == 0:
                sheet.write(r, c, value)
    for n, number in enumerate(COUNTS):
        other.write(0, n, number)
        sheet.write(NUMBERS, n + 1, xlwt.Formula(f"SUM('台 账'!{chr(65 + n)}1;1)-1"))
    data = io.BytesIO()
    book.save(data)
    (form,) = document(Attachment("附件4.xls", data.getvalue()), reader, RULES).forms
    assert values_of(form) == VALUES


def test_sums_that_nobody_computed_state_nothing(reader: Reader) -> None:
    sums = {
        name: f"SUM({first}7:{last}7)" for name, first, last in (("B8", "B", "E"), ("F8", "F", "I"), ("J8", "J", "M"))
    }

    def zero(xml: bytes) -> bytes:
        for (name, formula), value in zip({**sums, "B9": "SUM(B8:M8)"}.items(), (8, 4, 20, TOTAL), strict=True):
            xml = xml.replace(
                f'<c r="{name}" t="n"><v>{value}</v></c>'.encode(),
                f'<c r="{name}"><f>{formula}</f><v>0</v></c>'.encode(),
            )
        return xml

    (form,) = document(Attachment("a", patched(books.good(), {SHEET: zero})), reader, RULES).forms
    assert values_of(form) == VALUES
    assert form.total is not None
    assert {count.doubt for count in (*form.subtotals.values(), form.total)} == {"blank"}


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (";;;", True), ('"无"', True), ("0;;;@", None), ("0%", False), ("#,##0", None), ("#,##0,", False),
        ('0"家"', None), ('0"0"', False), ("General", None), ("[Red]0", None), ('yyyy"年"m"月"', None), ("@", None),
        ('_ * #,##0_ ;_ * -#,##0_ ;_ * "-"??_ ;_ @_ ', None), ("", None), ('0;-0;"-"', None),
    ],
)  # fmt: skip
def test_number_formats(code: str, shown: bool | None) -> None:
    assert shows(code) is shown


def test_a_number_that_its_format_does_not_show_is_blank_and_in_doubt(reader: Reader) -> None:
    book = openpyxl.load_workbook(io.BytesIO(books.good()))
    book.worksheets[0]["D7"].number_format = ";;;"
    data = io.BytesIO()
    book.save(data)
    grid = _grid(reader, data.getvalue())
    assert grid.rows[NUMBERS][3] is None
    assert grid.doubts == (Doubt(NUMBERS, 3, "hidden", "5"),)


@pytest.mark.parametrize("column", ['hidden="1"', 'width="0" customWidth="1"', 'hidden="true" outlineLevel="1"'])
def test_what_is_in_a_hidden_column_is_not_seen(column: str, reader: Reader) -> None:
    cols = f'<cols><col min="4" max="4" {column}/></cols><sheetData>'.encode()
    opened: Opened = reader.read(patched(books.good(), {SHEET: lambda xml: xml.replace(b"<sheetData>", cols)}))
    assert opened.grids[0].rows[NUMBERS][3] == 5
    assert opened.seen[0].rows[NUMBERS][3] is None
    assert Doubt(NUMBERS, 3, "hidden", "5") in opened.seen[0].doubts
    # the merged heading over it is seen, because a part of it is
    assert opened.seen[0].rows[4][1] == "规模以上企业"


@pytest.mark.parametrize("member", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_what_is_no_xml_is_damaged_and_no_other_program_is_asked(member: str, reader: Reader) -> None:
    data = patched(books.good(), {member: lambda xml: xml[: len(xml) // 2] + b"</x>" + xml[len(xml) // 2 :]})
    assert document(Attachment("a", data), reader, RULES, Office()).unreadable == Unreadable("damaged")


@pytest.mark.parametrize("old", [b'<mergeCell ref="A1:M1"', b'<dimension ref="A1:M10"'])
def test_what_the_reader_refuses_another_program_opens(old: bytes, reader: Reader) -> None:
    program("soffice")
    new = old.split(b'"')[0] + b'"A:M"'
    data = patched(books.xlsx((official(), MERGES)), {SHEET: lambda xml: xml.replace(old, new)})
    found = document(Attachment("a", data), reader, RULES, Office())
    assert found.kind == "xlsx"
    assert values_of(found.forms[0]) == VALUES
    assert document(Attachment("a", data), reader, RULES).unreadable == Unreadable("damaged")

"""HTML and SpreadsheetML under the name .xls, and web archives: what Excel would show, and what would hurt it."""

import base64
import resource
from collections.abc import Iterator
from datetime import date

import pytest

from bot.model.forms import Document, Unreadable
from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.guard import Reader
from bot.reading.markup import opened
from tests import books, papers
from tests.books import MERGES, RULES, SUBTOTALS, TOTAL, VALUES, official, texts_of, values_of
from tests.papers import html_table, page, report_html, spreadsheetml, xml_book

SECONDS = 6.0  # what any file may cost, and a little more


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _read(reader: Reader, data: bytes, name: str = "附件4.xls") -> Document:
    read = document(Attachment(name, data), reader, RULES)
    assert (read.unreadable is None) == bool(read.forms)
    return read


def _assert_official(read: Document) -> None:
    assert (read.kind, read.unreadable) == ("html", None)
    (form,) = read.forms
    assert values_of(form) == VALUES
    assert {group: count.value for group, count in form.subtotals.items()} == SUBTOTALS
    assert form.total is not None
    assert form.total.value == TOTAL
    assert texts_of(form)["unit"] == "五图街道办事处"
    assert texts_of(form)["reporter"] == "李明"


def test_a_page_called_xls_has_the_addresses_that_excel_shows(reader: Reader) -> None:
    read = _read(reader, page(report_html()))
    _assert_official(read)
    assert read.forms[0].counts["other"]["level_3"].place == "L7"
    assert read.forms[0].subtotals["high_risk"].place == "F8"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_charsets(reader: Reader, encoding: str) -> None:
    # the label lies in three cases of four, and is not believed
    text = page(report_html(), '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">').decode()
    _assert_official(_read(reader, text.encode(encoding)))


def test_paragraphs_around_the_table_take_rows_of_their_own(reader: Reader) -> None:
    above, rows, merges, below = papers.texts_and_table()
    lines = "".join(f"<p>{text}</p>" for text in above)
    read = _read(reader, page(f"{lines}{html_table(rows, merges)}<div>{below[0]}</div>"))
    _assert_official(read)
    assert read.forms[0].counts["above_scale"]["level_1"].place == "B7"


def test_cells_that_span_rows_push_what_stands_below_aside() -> None:
    table = (
        "<table><tr><td rowspan=2>a</td><td colspan=2>b</td><td rowspan=0>x</td></tr><tr><td>c</td><td>d</td></tr>"
        "<tr><td>e</td></tr></table>"
    )
    (grid,) = opened(page(table), "html").grids
    assert grid.rows == (("a", "b", None, "x"), (None, "c", "d"), ("e",))
    assert grid.merges == ((0, 0, 1, 0), (0, 1, 0, 2))


def test_a_cell_ends_with_its_table_and_not_in_the_next() -> None:
    (grid,) = opened(page("<table><tr><td rowspan=500>a</td></tr></table><p>b</p>"), "html").grids
    assert grid.merges == ((0, 0, 0, 0),)
    assert grid.rows == (("a",), ("b",))


def test_blank_cells_that_excel_only_writes_together_are_not_merged(reader: Reader) -> None:
    # Excel writes a run of blank cells as one, and marks it; taken for a merge it would cover three sums
    sums = '<tr><td>合计</td><td colspan=12 style="mso-ignore:colspan"></td></tr>'
    html = report_html([*official()[:7], ["SUMS"], *official()[8:]], MERGES[:6]).replace(
        "<tr><td>SUMS</td>" + "<td></td>" * 12 + "</tr>", sums
    )
    assert sums in html
    (form,) = _read(reader, page(html)).forms
    assert set(form.subtotals) == {"above_scale", "high_risk", "other"}
    assert form.total is not None
    assert form.total.value == TOTAL


def test_a_number_is_what_was_typed_and_not_how_excel_shows_it() -> None:
    (grid,) = opened(
        page('<table><tr><td x:num="13800138000">1.38E+10</td><td x:num>5</td></tr></table>'), "html"
    ).grids
    assert grid.rows == ((13800138000, "5"),)


def test_a_table_in_a_table_of_the_layout(reader: Reader) -> None:
    frame = f"<table><tr><td>页眉</td><td><table><tr><td>{report_html()}</td></tr></table></td></tr></table>"
    _assert_official(_read(reader, page(frame)))


def test_line_breaks_styles_scripts_and_what_is_hidden() -> None:
    body = (
        "<style>td{}</style><script>document.write('一级')</script><div style='display: none'>预览</div>"
        "<p>一&nbsp;&nbsp;行<br>二<b>行</b></p><table><tr><td>规模以上<br>企业</td><td><p>甲</p><p>乙</p></td></tr></table>"
        "<!-- 注释 --><pre>三\t行\n四行</pre>"
    )
    (grid,) = opened(page(body), "html").grids
    assert grid.rows == (("一 行",), ("二行",), ("规模以上\n企业", "甲\n乙"), ("三\t行",), ("四行",))
    assert grid.tables == ((2, 2),)


def test_a_saved_mail_gives_its_own_form_before_the_quoted_one(reader: Reader) -> None:
    old = report_html(official([n + 1 for n in books.COUNTS]))
    read = _read(reader, page(f"{report_html()}<blockquote>{old}</blockquote>"))
    _assert_official(read)


def test_a_form_that_is_only_quoted_is_still_read_from_a_file(reader: Reader) -> None:
    _assert_official(_read(reader, page(f"<p>见下</p><blockquote>{report_html()}</blockquote>")))


def test_spreadsheetml(reader: Reader) -> None:
    read = _read(reader, spreadsheetml(official(), MERGES))
    _assert_official(read)
    assert (read.forms[0].place, read.forms[0].counts["other"]["level_3"].place) == ("Sheet1", "L7")


def test_spreadsheetml_in_gbk_that_says_so(reader: Reader) -> None:
    text = spreadsheetml(official(), MERGES).decode().replace('version="1.0"', 'version="1.0" encoding="GB2312"')
    _assert_official(_read(reader, text.encode("gb18030")))


def test_spreadsheetml_positions_types_and_hidden_sheets() -> None:
    rows = (
        '<Row ss:Index="2"><Cell ss:MergeAcross="1" ss:MergeDown="1"><Data ss:Type="String">a</Data></Cell>'
        '<Cell><Data ss:Type="Number">5.5</Data></Cell></Row>'
        '<Row><Cell ss:Index="3"><Data ss:Type="DateTime">2017-07-03T00:00:00.000</Data></Cell></Row>'
        '<Row ss:Span="1"/><Row><Cell><ss:Data ss:Type="String"><B>粗</B>体</ss:Data></Cell>'
        '<Cell><Data ss:Type="Number">1E5</Data></Cell></Row>'
    )
    hidden = (
        '<Worksheet ss:Name="二"><Table><Row><Cell><Data ss:Type="Number">7</Data></Cell></Row></Table>'
        "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet>"
    )
    read = opened(xml_book(f'<Worksheet ss:Name="一"><Table>{rows}</Table></Worksheet>{hidden}'), "html")
    (shown,) = read.grids
    assert shown.name == "一"
    assert shown.rows == ((), ("a", None, 5.5), (None, None, date(2017, 7, 3)), (), (), ("粗体", "1E5"))
    assert shown.merges == ((1, 0, 2, 1),)
    assert shown.tables is None
    assert [(grid.name, grid.rows) for grid in read.hidden] == [("二", ((7,),))]


def _archive(*parts: bytes, head: bytes = b"") -> bytes:
    pieces = [
        b'--b\r\nContent-Type: text/html; charset="gb2312"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.encodebytes(part)
        for part in parts
    ]
    start = head + b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n'
    return start + b"\r\n".join(pieces) + b"\r\n--b--\r\n"


@pytest.mark.parametrize("head", [b"", b"From: <Saved by Blink>\r\nSubject: =?utf-8?Q?a?=\r\n b\r\n"])
def test_a_web_archive(reader: Reader, head: bytes) -> None:
    frames = page("<p>frameset</p>")
    _assert_official(_read(reader, _archive(frames, page(report_html()).decode().encode("gb18030"), head=head)))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html>", "no_form"),
        (b"<html><table>", "no_form"),
        (page("<p>本月情况说明</p>"), "no_form"),
        (b'<?xml version="1.0"?><Workbook><Worksheet>', "damaged"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n", "no_form"),
        (b"<html>" + b"\xff" * 70_000, "other"),
    ],
)
def test_what_is_no_report(reader: Reader, data: bytes, code: str) -> None:
    assert _read(reader, data).unreadable == Unreadable(code)


def _laughs(start: str) -> str:
    entities = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    return f'<!DOCTYPE {start} [<!ENTITY a "ha">{entities}]>'


SECRET = '<!DOCTYPE Workbook [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
USE = '<Worksheet ss:Name="{0}"><Table><Row><Cell><Data ss:Type="String">&j;</Data></Cell></Row></Table></Worksheet>'
FAR_CELL = '<Row ss:Index="{}"><Cell ss:Index="{}"><Data>1</Data></Cell></Row>'
FAR = f'<Worksheet ss:Name="a"><Table>{FAR_CELL}</Table></Worksheet>'
ONE_MILLION = page("<table>" + "<tr>" + "<td>1</td>" * 1_000_000)
ROWS = page("<table>" + ("<tr>" + "<td>1" * 100) * 10_000)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        pytest.param(xml_book(USE.format("a"), _laughs("Workbook")), {"no_form"}, id="entity bomb"),
        pytest.param(xml_book(USE.format("&j;"), _laughs("Workbook")), {"no_form"}, id="entity bomb in an attribute"),
        pytest.param(xml_book(USE.format("a"), SECRET), {"no_form"}, id="external entity"),
        pytest.param(xml_book(USE.format("a") + f"<!-- {SECRET} -->"), {"damaged"}, id="a late document type"),
        pytest.param(_laughs("html").encode() + b"<html><p>&j;" * 9, {"no_form"}, id="entity bomb in a page"),
        pytest.param(xml_book(FAR.format(1 << 20, 1 << 14)), {"too_complex"}, id="far cell"),
        pytest.param(xml_book(FAR.format("9" * 5000, "9" * 5000)), {"no_form", "too_complex"}, id="absurd index"),
        pytest.param(page("<table><tr><td>" * 10_000 + "x"), {"no_form"}, id="nested tables"),
        pytest.param(page("<div>" * 100_000), {"no_form"}, id="nested blocks"),
        pytest.param(xml_book("<a>" * 100_000), {"damaged"}, id="nested elements"),
        pytest.param(ONE_MILLION, {"too_complex"}, id="a million cells in a row"),
        pytest.param(ROWS, {"too_complex"}, id="a million cells"),
        pytest.param(
            page("<table><tr>" + '<td rowspan="999999" colspan="999999">1' * 5000), {"too_complex"}, id="spans"
        ),
        pytest.param(b"<?xml" + b"<??>" * 2_000, {"no_form", "other", "damaged"}, id="instructions"),
        pytest.param(b"<html>" + b"<?" * 500_000, {"no_form"}, id="half instructions"),
        pytest.param(page("<p>1" * 300_000), {"too_complex"}, id="paragraphs"),
        pytest.param(page("x" * (9 << 20)), {"too_complex"}, id="one long text"),
        pytest.param(page("<p>On 3 x" * 1_500), {"no_form"}, id="half a quotation, three thousand times"),
        pytest.param(
            b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 20_000,
            {"no_form", "damaged", "timeout"},
            id="nested parts",
        ),
    ],
)
def test_hostile_pages_cost_little_and_the_next_is_read(reader: Reader, data: bytes, codes: set[str]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = _read(reader, data)
    assert read.unreadable is not None
    assert read.unreadable.code in codes
    assert "root:" not in repr(read)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # KB, of the parent
    _assert_official(_read(reader, page(report_html())))


def test_a_form_before_too_many_rows_is_still_read(reader: Reader) -> None:
    _assert_official(_read(reader, page(report_html() + "<p>1</p>" * 10_000)))

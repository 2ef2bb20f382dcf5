"""Word files: tables as people retype them, what Word hides in its XML, and files made to hurt."""

import resource
from collections.abc import Iterator

import pytest

from bot.model.forms import Document, Unreadable
from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.guard import Reader
from bot.reading.wordfile import opened
from tests import books, papers
from tests.books import RULES, SUBTOTALS, TOTAL, VALUES, official, texts_of, values_of
from tests.papers import cell, para, report_body, run, word, word_table

SECONDS = 6.0  # what any file may cost, and a little more


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _read(reader: Reader, data: bytes) -> Document:
    read = document(Attachment("附件4.docx", data), reader, RULES)
    assert (read.unreadable is None) == bool(read.forms)
    return read


OFFICIAL_TEXTS = {
    "period": "6 月",
    "unit": "五图街道办事处",
    "filled_on": "2017年7月3日",
    "reporter": "李明",
    "phone": "0536-6221234",
}


def _assert_official(read: Document) -> None:
    assert (read.kind, read.unreadable) == ("docx", None)
    (form,) = read.forms
    assert values_of(form) == VALUES
    assert {group: count.value for group, count in form.subtotals.items()} == SUBTOTALS
    assert form.total is not None
    assert form.total.value == TOTAL
    assert texts_of(form) == OFFICIAL_TEXTS
    assert form.confidence == "exact"


def test_the_report_with_its_labels_in_paragraphs(reader: Reader) -> None:
    read = _read(reader, word(report_body()))
    _assert_official(read)
    form = read.forms[0]
    # no address such as L7: Word shows none. Paragraphs have no place at all.
    assert form.counts["other"]["level_3"].place == "第4行第12列"
    assert form.subtotals["high_risk"].place == "第5行第6列"
    assert form.total is not None
    assert form.total.place == "第6行第2列"
    assert {text.place for text in form.fields.values()} == {""}


def test_the_report_as_python_docx_writes_it(reader: Reader) -> None:
    _assert_official(_read(reader, papers.made_by_python_docx()))


def test_the_labels_in_tables_of_their_own(reader: Reader) -> None:
    above, rows, merges, _ = papers.texts_and_table()
    head = word_table([[above[0]], [above[1]], ["填报单位", "五图街道办事处", "填报时间", "2017年7月3日"]])
    foot = word_table([["填报人", "李明", "联系电话", "0536-6221234"]])
    read = _read(reader, word(head + "<w:p/>" + word_table(rows, merges) + "<w:p/>" + foot))
    _assert_official(read)
    assert read.forms[0].fields["unit"].place == "第3行第2列"
    assert read.forms[0].counts["other"]["level_3"].place == "第4行第12列"


@pytest.mark.parametrize("names", [papers.NAMES.replace(papers.W, papers.STRICT), papers.NAMES])
@pytest.mark.parametrize("member", ["word/document.xml", "word\\document.xml", "Word/Document.xml"])
def test_other_namespaces_and_member_names(reader: Reader, names: str, member: str) -> None:
    _assert_official(_read(reader, word(report_body(), names=names, member=member)))


def test_what_wraps_a_row_a_cell_or_a_word_is_taken_off(reader: Reader) -> None:
    body = report_body()
    number = '<w:tc><w:tcPr></w:tcPr><w:p><w:r><w:t xml:space="preserve">12</w:t></w:r></w:p></w:tc>'
    assert body.count(number) == 1
    wrapped = body.replace(
        number,
        "<w:sdt><w:sdtPr/><w:sdtContent><w:tc><w:tcPr/><w:p>"
        '<w:ins w:id="1"><w:smartTag><w:r><w:t>1</w:t></w:r></w:smartTag></w:ins>'
        '<w:del w:id="2"><w:r><w:delText>9</w:delText></w:r></w:del>'
        '<w:moveFrom w:id="3"><w:r><w:t>8</w:t></w:r></w:moveFrom><w:hyperlink><w:r><w:t>2</w:t></w:r></w:hyperlink>'
        "</w:p></w:tc></w:sdtContent></w:sdt>",
    )
    rows = wrapped.replace("<w:tr>", "<w:customXml><w:tr>").replace("</w:tr>", "</w:tr></w:customXml>")
    whole = f"<w:sdt><w:sdtPr/><w:sdtContent>{rows}</w:sdtContent></w:sdt>"
    for changed in (wrapped, rows, whole):
        _assert_official(_read(reader, word(changed)))


def test_deleted_rows_and_hidden_words_do_not_count() -> None:
    gone = "<w:tr><w:trPr><w:del/></w:trPr>" + cell("旧") + "</w:tr>"
    shown = "<w:tr>" + cell(f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>藏</w:t></w:r>{run('新')}</w:p>") + "</w:tr>"
    on_again = '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>显</w:t></w:r>'
    (grid,) = opened(word(f"<w:tbl>{gone}{shown}</w:tbl>{para(on_again)}"), "docx").grids
    assert grid.rows == (("新",), ("显",))


def test_the_hint_of_an_empty_field_is_no_value() -> None:
    hint = (
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
        + run("单击此处输入文字")
        + "</w:sdtContent></w:sdt>"
    )
    (grid,) = opened(word(para(run("填报单位：") + hint)), "docx").grids
    assert grid.rows == (("填报单位：",),)


def test_what_stands_between_the_letters() -> None:
    text = (
        "<w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr>"
        "<w:r><w:t>0536</w:t><w:noBreakHyphen/><w:t>622</w:t><w:tab/><w:t>李</w:t><w:br/><w:t>明</w:t>"
        "<w:instrText>PAGE</w:instrText></w:r>"
        "<w:r><w:ruby><w:rt><w:r><w:t>ming</w:t></w:r></w:rt><w:rubyBase>" + run("字") + "</w:rubyBase></w:ruby></w:r>"
    )
    (grid,) = opened(word(para(text)), "docx").grids
    assert grid.rows == (("0536-622\t李\n明字",),)


def _box(inside: str) -> str:
    """A text box as Word writes it: once for itself, once for older programs."""
    new = f"<wps:txbx><w:txbxContent>{inside}</w:txbxContent></wps:txbx>"
    old = f"<w:pict><v:textbox><w:txbxContent>{inside}</w:txbxContent></v:textbox></w:pict>"
    choice = f'<mc:Choice Requires="wps"><w:drawing>{new}</w:drawing></mc:Choice>'
    return f"<w:r><mc:AlternateContent>{choice}<mc:Fallback>{old}</mc:Fallback></mc:AlternateContent></w:r>"


def test_a_report_in_a_text_box_is_read_once(reader: Reader) -> None:
    _assert_official(_read(reader, word(para(run("见下框") + _box(report_body())))))


def test_an_old_text_box(reader: Reader) -> None:
    inside = f"<w:txbxContent>{report_body()}</w:txbxContent>"
    _assert_official(_read(reader, word(para(f"<w:r><w:pict><v:textbox>{inside}</v:textbox></w:pict></w:r>"))))


def test_a_text_box_in_a_cell() -> None:
    (grid,) = opened(
        word(f"<w:tbl><w:tr>{cell(para(run('总计') + _box(para('32'))))}{cell('1')}</w:tr></w:tbl>"), "docx"
    ).grids
    assert grid.rows == (("总计\n32", "1"),)


def test_a_table_in_the_cell_of_another(reader: Reader) -> None:
    frame = f"<w:tbl><w:tr>{cell('页眉')}{cell(report_body() + '<w:p/>')}</w:tr></w:tbl>"
    _assert_official(_read(reader, word(frame)))


def test_merged_cells_have_their_text_once() -> None:
    rows: books.Rows = [["a", None, "b"], [None, None, "c"], ["d", "e", "f"]]
    (grid,) = opened(word(word_table(rows, [(0, 0, 1, 1), (1, 2, 2, 2)])), "docx").grids
    assert grid.rows == (("a", None, "b"), (None, None, "c"), ("d", "e"))
    assert grid.merges == ((0, 0, 1, 1), (1, 2, 2, 2))


def test_merges_of_old_files_and_rows_that_begin_later() -> None:
    first = (
        "<w:tr>"
        + cell("a", merge='<w:hMerge w:val="restart"/>')
        + cell("x", merge="<w:hMerge/>")
        + cell("b")
        + "</w:tr>"
    )
    later = '<w:tr><w:trPr><w:gridBefore w:val="2"/></w:trPr>' + cell("c") + "</w:tr>"
    alone = "<w:tr>" + cell("d", merge="<w:vMerge/>") + "</w:tr>"
    (grid,) = opened(word(f"<w:tbl>{alone}{first}{later}</w:tbl>"), "docx").grids
    assert grid.rows == (("d",), ("a", None, "b"), (None, None, "c"))
    assert grid.merges == ((1, 0, 1, 1),)


BREAKS = {
    "page": para('<w:r><w:br w:type="page"/></w:r>'),
    "section": '<w:p><w:pPr><w:sectPr><w:type w:val="nextPage"/></w:sectPr></w:pPr></w:p>',
    "before": "<w:p><w:pPr><w:pageBreakBefore/></w:pPr></w:p>",
}


@pytest.mark.parametrize("kind", BREAKS)
def test_the_words_of_one_annex_do_not_meet_the_table_of_the_next(reader: Reader, kind: str) -> None:
    # the list of liaisons has 填报单位 and a month of its own; the report's own paper has none
    _, rows, merges, _ = papers.texts_and_table()
    other = para("联络员名单（截至5月）") + para("填报单位：乔官镇") + word_table([["姓名", "手机"], ["王", "138"]])
    title = para("生产经营单位安全生产标准化达标情况表")
    form, liaisons = _read(reader, word(other + BREAKS[kind] + title + word_table(rows, merges))).forms
    assert (liaisons.form, liaisons.fields["unit"].text) == ("liaisons", "乔官镇")
    assert values_of(form) == VALUES
    assert texts_of(form) == {}


def test_a_continuous_section_does_not_part_a_form(reader: Reader) -> None:
    section = '<w:p><w:pPr><w:sectPr><w:type w:val="continuous"/></w:sectPr></w:pPr></w:p>'
    body = report_body()
    _assert_official(_read(reader, word(body.replace("<w:tbl>", f"{section}<w:tbl>", 1))))


@pytest.mark.parametrize("between", ["", BREAKS["page"]])
def test_two_reports_keep_their_own_words(reader: Reader, between: str) -> None:
    may = official([1] * 12, sums=(4, 4, 4), total=12, unit="乔官镇", period="（截至5月）")
    may[9] = ["填报人：王芳"]
    read = _read(reader, word(report_body() + between + report_body(may)))
    assert [form.fields["unit"].text for form in read.forms] == ["五图街道办事处", "乔官镇"]
    assert [form.fields["period"].text for form in read.forms] == ["6 月", "5月"]
    assert [form.fields["reporter"].text for form in read.forms] == ["李明", "王芳"]
    assert "phone" not in read.forms[1].fields
    assert [values_of(form)["other"]["level_1"] for form in read.forms] == [0, 1]
    assert {form.counts["other"]["level_3"].place for form in read.forms} == {"第4行第12列"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (word(para("关于开会的通知")), "no_form"),
        (word(""), "no_form"),
        (word(word_table([["品名", "数量"]])), "no_form"),
        (papers.word_xml(b"<w:document"), "damaged"),
        (papers.word_xml(b""), "damaged"),
        (word(report_body())[:700], "damaged"),
        (books.patched(word(""), {"[Content_Types].xml": None}), "no_form"),
    ],
)
def test_what_is_no_report(reader: Reader, data: bytes, code: str) -> None:
    read = _read(reader, data)
    assert (read.kind, read.unreadable) == ("docx", Unreadable(code))


def test_a_word_file_behind_a_password(reader: Reader) -> None:
    read = _read(reader, books.encrypted(papers.made_by_python_docx()))
    assert read.unreadable == Unreadable("encrypted")


LAUGHS = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
SECRET = '<!DOCTYPE a [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
ROWS = word("<w:tbl>" + ("<w:tr>" + "<w:tc><w:p/></w:tc>" * 60 + "</w:tr>") * 3_000 + "</w:tbl>")
FILLED = word("<w:tbl>" + ("<w:tr>" + cell("1") * 200 + "</w:tr>") * 1_800 + "</w:tbl>")
WIDE = word("<w:tbl><w:tr>" + cell("1", 999_999_999) * 3_000 + "</w:tr></w:tbl>")
DEEP = word("<w:tbl><w:tr><w:tc>" * 10_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 10_000)
DEEP_ENOUGH = word("<w:tbl><w:tr><w:tc>" * 80 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 80)


def _inflated(mebibytes: int, declared: int | None = None) -> bytes:
    bomb = books.bomb("word/document.xml", mebibytes, declared)
    return bomb.replace(b"xl/workbook.xml", b"xl/workb00k.xml")  # so that it is no workbook


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        pytest.param(word(para("&j;"), head=f'<!DOCTYPE a [<!ENTITY a "ha">{LAUGHS}]>'), {"damaged"}, id="entity bomb"),
        pytest.param(word("&j;", head=SECRET), {"damaged"}, id="external entity"),
        pytest.param(_inflated(1024), {"too_complex"}, id="bomb"),
        pytest.param(_inflated(1024, declared=10), {"damaged"}, id="bomb that lies"),
        pytest.param(DEEP, {"damaged"}, id="nested tables"),
        pytest.param(DEEP_ENOUGH, {"no_form"}, id="nested tables that libxml2 takes"),
        pytest.param(word("<w:sdt><w:sdtContent>" * 10_000), {"damaged"}, id="nested wrappers"),
        pytest.param(ROWS, {"no_form", "too_complex"}, id="rows"),
        pytest.param(FILLED, {"too_complex", "timeout"}, id="many cells"),
        pytest.param(WIDE, {"too_complex"}, id="wide cells"),
        pytest.param(word(para("<w:r><w:br w:type='page'/></w:r>") * 100_000), {"no_form", "too_complex"}, id="pages"),
        pytest.param(word(para(run("截至填报单位：" * 40)) * 20_000), {"too_complex"}, id="paragraphs"),
        pytest.param(word(para(_box(para("a")) * 20_000)), {"too_complex"}, id="text boxes"),
    ],
)
def test_hostile_files_cost_little_and_the_next_is_read(reader: Reader, data: bytes, codes: set[str]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = _read(reader, data)
    assert read.kind == "docx"
    assert read.unreadable is not None
    assert read.unreadable.code in codes
    assert "root:" not in repr(read)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # KB, of the parent
    _assert_official(_read(reader, word(report_body())))

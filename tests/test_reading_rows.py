"""Forms of rows in whatever they come in: which table is whose, where it ends, and what is no row of it."""

import io
from collections.abc import Iterator

import docx
import pytest

from bot.model.forms import Cell, Form
from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.guard import Reader
from tests.books import RULES, official, xlsx
from tests.registers import ABOVE, HEADINGS, HIGH, OTHERS, annex2, annex3, liaison_list, table


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


def read(reader: Reader, *sheets: list[list[Cell]]) -> tuple[Form, ...]:
    return document(Attachment("表.xlsx", xlsx(*((rows, ()) for rows in sheets))), reader, RULES).forms


def names(form: Form, table_id: str) -> list[str]:
    return [row.cells["name"].text for row in form.rows or () if row.table == table_id]


def test_both_tables_of_annex_2_are_told_apart_by_their_titles(reader: Reader) -> None:
    (form,) = read(reader, annex2())
    assert form.form == "annex2"
    assert names(form, "above_scale") == [e[0] for e in ABOVE]
    assert names(form, "high_risk") == [e[0] for e in HIGH]
    assert {k: v.text for k, v in form.fields.items()} == {
        "unit": "五图街道办事处",
        "filled_on": "2017年6月7日",
        "reporter": "李明",
        "phone": "0536-6221234",
    }
    first = (form.rows or ())[0]
    assert (first.place, first.cells["employees"].text, first.cells["note"].text) == ("B5", "320", "高危")


def test_annex_3_is_not_annex_2(reader: Reader) -> None:
    (form,) = read(reader, annex3())
    assert form.form == "annex3"
    assert names(form, "other") == [e[0] for e in OTHERS]


def test_all_three_in_one_workbook_on_sheets_of_their_own(reader: Reader) -> None:
    rows = annex2()
    cut = next(n for n, row in enumerate(rows) if row[0] == "（二）高危生产经营单位基础情况表")
    forms = read(reader, rows[:cut], rows[cut:], annex3(), official())
    assert [form.form for form in forms] == ["annex4", "annex2", "annex3"]
    assert (len(names(forms[1], "above_scale")), len(names(forms[1], "high_risk"))) == (3, 2)


def test_the_sheet_s_name_tells_where_no_title_does(reader: Reader) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in (("规上", table(ABOVE)), ("高危", table(HIGH)), ("其他", table(OTHERS))):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    forms = document(Attachment("底册.xlsx", out.getvalue()), reader, RULES).forms
    assert [(f.form, len(f.rows or ())) for f in forms] == [("annex2", 5), ("annex3", 7)]


def test_a_table_that_nobody_can_name_is_no_form(reader: Reader) -> None:
    assert read(reader, table(ABOVE)) == ()


def test_two_units_in_one_workbook_are_two_forms(reader: Reader) -> None:
    forms = read(reader, annex3(), annex3(OTHERS[:2], "乔官镇"))
    assert [(f.fields["unit"].text, len(f.rows or ())) for f in forms] == [("五图街道办事处", 7), ("乔官镇", 2)]


def test_headings_that_are_repeated_on_the_next_page_begin_no_new_table(reader: Reader) -> None:
    rows = annex3()
    rows[7:7] = [["其他生产经营单位基础情况表（续）"], list(HEADINGS)]
    (form,) = read(reader, rows)
    assert names(form, "other") == [e[0] for e in OTHERS]
    rows = annex3()
    rows[7:7] = [list(HEADINGS)]
    (form,) = read(reader, rows)
    assert names(form, "other") == [e[0] for e in OTHERS]


def test_a_row_without_its_name_is_a_row(reader: Reader) -> None:
    (form,) = read(reader, annex3([("", "店主", 3, "商贸", ""), *OTHERS]))
    assert len(form.rows or ()) == 8


def test_hundreds_of_rows_and_a_register_that_is_cut_is_none(reader: Reader) -> None:
    many = [(f"企业{n}", "某", n, "商贸", "") for n in range(900)]
    (form,) = read(reader, annex3(many))
    assert len(form.rows or ()) == 900
    too_many = [(f"企业{n}", "某", n, "商贸", "") for n in range(2_500)]
    found = document(Attachment("表.xlsx", xlsx((annex3(too_many), ()))), reader, RULES)
    assert (found.forms, found.unreadable and found.unreadable.code) == ((), "too_complex")


def test_a_register_in_word(reader: Reader) -> None:
    word = docx.Document()
    for title, enterprises in (
        ("（一）规模以上生产经营单位基础情况表", ABOVE),
        ("（二）高危生产经营单位基础情况表", HIGH),
    ):
        word.add_paragraph(title)
        if enterprises is ABOVE:
            word.add_paragraph("填报单位：五图街道办事处      填报时间：2017年6月7日")
        rows = table(enterprises)
        grid = word.add_table(len(rows), len(HEADINGS))
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                grid.cell(y, x).text = "" if value is None else str(value)
    word.add_paragraph("填报人：李明    联系电话：0536-6221234")
    out = io.BytesIO()
    word.save(out)
    (form,) = document(Attachment("附件2.docx", out.getvalue()), reader, RULES).forms
    assert names(form, "above_scale") == [e[0] for e in ABOVE]
    assert names(form, "high_risk") == [e[0] for e in HIGH]
    assert (form.fields["unit"].text, form.fields["reporter"].text) == ("五图街道办事处", "李明")
    assert (form.rows or ())[0].place == "第2行第2列"


def test_a_list_of_liaisons(reader: Reader) -> None:
    (form,) = read(reader, liaison_list())
    assert form.form == "liaisons"
    ((row,),) = (form.rows,) if form.rows else ((),)
    assert {k: v.text for k, v in row.cells.items()} == {
        "unit": "五图街道",
        "name": "周八",
        "mobile": "13900000001",
        "email": "zhou@wutu.test",
    }


def test_a_register_as_csv(reader: Reader) -> None:
    lines = "\n".join(",".join("" if c is None else str(c) for c in row) for row in annex3())
    (form,) = document(Attachment("附件3.csv", lines.encode("gb18030")), reader, RULES).forms
    assert len(form.rows or ()) == 7


def test_matrices_are_no_registers_and_registers_no_matrices(reader: Reader) -> None:
    assert [f.form for f in read(reader, official())] == ["annex4"]


LISTED: list[Cell] = ["五图街道", "张伟", "0536-6221234", "13912345678"]


@pytest.mark.parametrize(
    ("headings", "wanted"),
    [
        (["单位", "姓名", "电话", "手机"], "13912345678"),
        (["单位", "姓名", "联系电话", "移动电话"], "13912345678"),
        (["单位", "姓名", "电话", "手机号码（必填）"], "13912345678"),
        (["单位", "姓名", "手机", "电话"], "0536-6221234"),
        (["单位", "姓名", "联系方式", "备注"], "0536-6221234"),
    ],
)
def test_of_two_telephones_the_mobile_is_the_one_that_is_called_so(
    reader: Reader, headings: list[Cell], wanted: str
) -> None:
    (form,) = read(reader, [["联络员名单"], headings, list(LISTED)])
    assert [row.cells["mobile"].text for row in form.rows or ()] == [wanted]


def test_below_a_heading_over_two_columns_stand_their_own(reader: Reader) -> None:
    rows: list[list[Cell]] = [
        ["联络员名单"],
        ["单位", "姓名", "联系方式", None],
        [None, None, "电话", "手机"],
        list(LISTED),
    ]
    data = xlsx((rows, [(1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 1, 3)]))
    (form,) = document(Attachment("表.xlsx", data), reader, RULES).forms
    assert [row.cells["mobile"].text for row in form.rows or ()] == ["13912345678"]


@pytest.mark.parametrize(
    ("lines", "titled"),
    [
        ([["会议回执"], ["单位", "姓名", "电话"]], False),
        ([["单位", "姓名", "手机", "邮箱"]], False),
        ([["安全生产标准化建设联络员名单"], ["单位", "姓名", "电话"]], True),
        ([["单位", "联络员姓名", "电话"]], True),  # the heading itself
        ([["联络员信息表"], [None], ["单位", "姓名", "电话"]], True),
    ],
)
def test_a_name_and_a_telephone_alone_are_no_title(reader: Reader, lines: list[list[Cell]], titled: bool) -> None:
    (form,) = read(reader, [*lines, [*LISTED[:2], LISTED[3]]])
    assert (form.form, form.titled) == ("liaisons", titled)


def test_a_register_is_told_by_its_title_or_by_all_its_columns(reader: Reader) -> None:
    whole, part = ["序号", "单位名称", "法定代表人", "从业人员数量", "所属行业"], ["序号", "单位名称", "负责人", "电话"]
    forms = [read(reader, [[title], list(heads), [1, "甲公司", "张三", 3]])[0] for title, heads in (
        ("规上企业", whole), ("规上企业", part), ("其他生产经营单位基础情况表", part)
    )]  # fmt: skip
    assert [(form.form, form.titled) for form in forms] == [("annex2", True), ("annex2", False), ("annex3", True)]

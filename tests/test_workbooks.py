"""The prefilled workbook: as openpyxl reads it back, as LibreOffice computes and prints it, and hostile text in it."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pdfplumber
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.config import read_toml
from bot.letters.cells import clean, put, sheet_title
from bot.letters.workbook_words import WorkbookWords, file_name
from bot.letters.workbooks import STAMP, prefilled, version
from bot.model.deciding import Numbers
from bot.rules.forms import FormRule
from bot.rules.load import load_rules

ROOT = Path(__file__).parent.parent
ANNEX4 = load_rules(ROOT / "rules").forms["annex4"]
TABLE = read_toml(ROOT / "templates" / "workbook.toml")
WORDS = WorkbookWords.model_validate(TABLE)
NUMBERS: Numbers = {
    "above_scale": {"level_1": 0, "level_2": 2, "level_3": 5, "ungraded": 1},
    "high_risk": {"level_1": 1, "level_2": 0, "level_3": 3, "ungraded": 0},
    "other": {"level_1": 0, "level_2": 1, "level_3": 12, "ungraded": 1007},
}
COUNTS = [0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 1007]
NUMBER_CELLS = [f"{column}7" for column in "BCDEFGHIJKLM"]


def made(rule: FormRule = ANNEX4, **changes: Any) -> bytes:
    given: dict[str, Any] = {"unit": "五图街道", "period": "2017-06", "numbers": NUMBERS}
    return prefilled(rule, WORDS, **{**given, "reporter": "李明", "phone": "05366221234", **changes})


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


@pytest.fixture(scope="module")
def book() -> Any:
    return opened(made())


@pytest.fixture(scope="module")
def ws(book: Any) -> Any:
    return book.worksheets[0]


def test_the_layout_is_the_annex_s(book: Any, ws: Any) -> None:
    assert book.sheetnames == ["附件4"]
    assert [ws[a].value for a in ("A1", "A2")] == ["生产经营单位安全生产标准化达标情况表", "（截至2017年6月）"]
    assert [ws[a].value for a in ("A3", "B3", "H3", "J3")] == ["填报单位：", "五图街道", "填报时间：", None]
    assert ws["A4"].value == "累计完成数量（家）"
    assert [ws[a].value for a in ("A5", "B5", "F5", "J5")] == ["类别", "规模以上企业", "高危企业", "其他生产经营单位"]
    assert [c.value for c in ws[6]] == ["达标等级", *["一级", "二级", "三级", "其他"] * 3]
    assert [c.value for c in ws[7]] == ["数量", *COUNTS]
    assert [ws[a].value for a in ("A8", "A9")] == ["合计", "总计"]
    assert [ws[a].value for a in ("A10", "B10", "H10", "J10")] == ["填报人：", "李明", "联系电话：", "05366221234"]
    assert [ws[f"A{row}"].value for row in (11, 12, 13)] == list(ANNEX4.notes)
    assert ws.max_row == 13
    whole = {f"A{row}:M{row}" for row in (1, 2, 4, 11, 12, 13)}
    fields = {"B3:G3", "H3:I3", "J3:M3", "B10:G10", "H10:I10", "J10:M10"}
    sums = {"B5:E5", "F5:I5", "J5:M5", "B8:E8", "F8:I8", "J8:M8", "B9:M9"}
    assert {str(area) for area in ws.merged_cells.ranges} == whole | fields | sums


def test_the_sums_are_formulas_over_the_numbers(book: Any, ws: Any) -> None:
    sums = {a: ws[a].value for a in ("B8", "F8", "J8", "B9")}
    assert sums == {"B8": "=SUM(B7:E7)", "F8": "=SUM(F7:I7)", "J8": "=SUM(J7:M7)", "B9": "=SUM(B7:M7)"}
    assert book.calculation.fullCalcOnLoad is True


def test_only_what_a_person_fills_in_is_open(ws: Any) -> None:
    assert ws.protection.sheet is True
    assert not ws.protection.password
    assert ws.protection.selectLockedCells is True  # "1" in the file forbids it: Tab stays on what is open
    assert ws.protection.selectUnlockedCells is False
    unlocked = {c.coordinate for row in ws.iter_rows() for c in row if not c.protection.locked}
    day, name, phone = ({f"{c}{row}" for c in cs} for row, cs in ((3, "JKLM"), (10, "BCDEFG"), (10, "JKLM")))
    assert unlocked == {*NUMBER_CELLS, *day, *name, *phone}
    assert ws.sheet_view.selection[0].activeCell == "B7"
    assert ws.freeze_panes is None


def test_the_numbers_take_whole_numbers_only_and_say_so_in_chinese(ws: Any) -> None:
    (rule,) = ws.data_validations.dataValidation
    assert sorted(str(rule.sqref).split()) == sorted(NUMBER_CELLS)
    assert (rule.type, rule.operator, rule.formula1) == ("whole", "greaterThanOrEqual", "0")
    assert rule.errorStyle in (None, "stop")
    assert (rule.showInputMessage, rule.showErrorMessage) == (True, True)
    assert [rule.promptTitle, rule.prompt, rule.errorTitle, rule.error] == [
        TABLE[key].format(counted=ANNEX4.counted)
        for key in ("prompt_title", "prompt_cumulative", "error_title", "error")
    ]


def test_day_phone_and_numbers_are_shown_as_what_they_are(ws: Any) -> None:
    assert ws["J3"].number_format == 'yyyy"年"m"月"d"日"'
    assert ws["J10"].number_format == "@"  # or 0536… would lose its 0 when typed anew
    assert {ws[a].number_format for a in NUMBER_CELLS} == {"0"}
    assert {type(ws[a].value) for a in NUMBER_CELLS} == {int}
    assert (ws["A1"].font.name, ws["A5"].font.name) == ("宋体", "仿宋")


def test_the_table_is_ruled_all_round(ws: Any) -> None:
    table = [c for row in ws["A4:M9"] for c in row]
    for side, edge in (
        ("top", [c for c in table if c.row == 4]),
        ("bottom", [c for c in table if c.row == 9]),
        ("left", [c for c in table if c.column == 1]),
        ("right", [c for c in table if c.column == 13]),
        ("left", list(ws[7])),
        ("bottom", list(ws[7])),
    ):
        assert {getattr(c.border, side).style for c in edge} == {"thin"}, side
    assert ws["A1"].border.top.style is None


def test_it_prints_on_one_a4_page(ws: Any) -> None:
    assert (ws.page_setup.orientation, int(ws.page_setup.paperSize)) == ("landscape", 9)
    assert (ws.page_setup.fitToWidth, ws.page_setup.fitToHeight) == (1, 1)
    assert ws.sheet_properties.pageSetUpPr.fitToPage is True
    assert ws.print_area == "'附件4'!$A$1:$M$13"


def test_the_stamp_names_form_and_version_and_changes_with_the_paper(book: Any) -> None:
    stamp = {p.name: p.value for p in book.custom_doc_props.props}[STAMP]
    assert stamp == version(ANNEX4)
    assert stamp.startswith("annex4/1/")
    assert version(ANNEX4.model_copy(update={"notes": ()})) != stamp
    assert version(ANNEX4.model_copy(update={"checks": ()})) == stamp


def test_what_is_not_known_stays_empty() -> None:
    ws = opened(made(numbers=None, reporter="", phone="")).worksheets[0]
    assert {ws[a].value for a in (*NUMBER_CELLS, "J3", "B10", "J10")} == {None}
    partly: Numbers = {"high_risk": {"level_2": 4}, "no_such_group": {"level_1": 9}}
    ws = opened(made(numbers=partly)).worksheets[0]
    assert [ws[a].value for a in NUMBER_CELLS] == [None] * 5 + [4] + [None] * 6


@pytest.mark.parametrize(("groups", "columns"), [(1, 1), (1, 2), (2, 1), (3, 2), (3, 4)])
def test_any_matrix_is_drawn_from_its_rule(groups: int, columns: int) -> None:
    rule = ANNEX4.model_copy(update={"groups": ANNEX4.groups[:groups], "columns": ANNEX4.columns[:columns]})
    ws = opened(made(rule)).worksheets[0]
    texts = {c.value: c for row in ws.iter_rows() for c in row if c.value is not None}
    assert {"填报单位：", "五图街道", "填报时间：", "填报人：", "李明", "联系电话："} <= set(texts)
    values = texts["数量"].row
    assert [c.value for c in ws[values][1 : 1 + groups * columns]] == [
        NUMBERS[g.id][c.id] for g in rule.groups for c in rule.columns
    ]
    total = ws.cell(texts["总计"].row, 2)
    assert total.value == f"=SUM(B{values}:{ws.cell(values, 1 + groups * columns).coordinate})"
    taken = [cell for area in ws.merged_cells.ranges for cell in area.cells]
    assert len(taken) == len(set(taken))


def test_a_form_without_the_optional_parts() -> None:
    rule = ANNEX4.model_copy(update={"fields": (), "notes": (), "unit_of_count": ""})
    ws = opened(made(rule)).worksheets[0]
    assert [ws.cell(row, 1).value for row in range(2, 8)] == [
        "（2017年6月）",
        "类别",
        "达标等级",
        "数量",
        "合计",
        "总计",
    ]


@pytest.mark.parametrize("wrong", ["", "2017", "2017-13", "2017-6", "=1+1"])
def test_no_workbook_for_what_is_no_period(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid isoformat|month must be"):
        made(period=wrong)
    with pytest.raises(ValueError, match=r"Invalid isoformat|month must be"):
        file_name(ANNEX4, WORDS, "五图街道", wrong)


def test_file_name() -> None:
    assert file_name(ANNEX4, WORDS, "五图街道", "2017-06") == "附件4-五图街道-2017年6月.xlsx"
    assert file_name(ANNEX4, WORDS, "五图街道", "2017-12") == "附件4-五图街道-2017年12月.xlsx"
    evil = file_name(ANNEX4, WORDS, '../../a\\b:c*"<x>|\r\nBcc: \x00\ud800', "2017-06")
    assert not set(evil) & set('/\\:*?"<>|\r\n\x00')
    evil.encode()


# --- words ---


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("file_name", "{forms}.xlsx", "file_name: in braces may stand only form, unit, year, month"),
        ("period_line", "{", "period_line: in braces"),
        ("field", "{}", "field: in braces may stand only label"),
        ("field", "{label.x}", "field: in braces"),
        ("prompt", "字" * 256, "prompt"),
        ("error_title", "字" * 33, "error_title"),
        ("colour", "red", "colour"),
    ],
)
def test_a_wrong_word_is_named(key: str, value: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        WorkbookWords.model_validate({**TABLE, key: value})


def test_a_month_may_be_written_with_two_digits() -> None:
    words = WorkbookWords.model_validate({**TABLE, "file_name": "{unit}{year}{month:02d}.xlsx"})
    assert file_name(ANNEX4, words, "甲", "2017-06") == "甲201706.xlsx"


# --- text from outside ---

FORMULAS = [
    '=HYPERLINK("http://evil.test","x")',
    "+1",
    "-1",
    "@x",
    " \t=1",
    "=1+1",
    "＝1",
    "#REF!",
    "=",
    "\r\n=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_never_becomes_a_formula(text: str) -> None:
    ws = opened(made(unit=text, reporter=text, phone=text)).worksheets[0]
    formulas = [c.coordinate for row in ws.iter_rows() for c in row if c.data_type in ("f", "e")]
    assert formulas == ["B8", "F8", "J8", "B9"]
    for place in ("B3", "B10", "J10"):
        assert ws[place].value == text.replace("\r\n", "\n")
        assert ws[place].data_type == "s"


@pytest.mark.parametrize(
    ("text", "quoted"), [("=1", True), ("\xa0@x", True), (" -1", True), ("五图街道", False), ("a=1", False)]
)
def test_what_looks_like_a_formula_is_marked_as_text(text: str, quoted: bool) -> None:
    cell: Any = openpyxl.Workbook().worksheets[0]["A1"]
    put(cell, text)
    assert bool(cell.quotePrefix) is quoted


def test_clean() -> None:
    assert clean("a\x00b\x0bc\x1fd\ud800e\ufffef\r\ng\rh\ti") == "abcdef\ng\nh\ti"
    assert clean("字" * 40_000) == "字" * 32_767
    assert clean("😀" * 20_000) == "😀" * 16_383  # two units each, and no half of one at the end


ANY_TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(FORMULAS)


@given(st.lists(ANY_TEXT, min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_any_text_survives_as_text(texts: list[str]) -> None:
    book = openpyxl.Workbook()
    for row, text in enumerate(texts, start=1):
        cell: Any = book.worksheets[0].cell(row, 1)
        put(cell, text)
    data = io.BytesIO()
    book.save(data)
    ws = opened(data.getvalue()).worksheets[0]
    for row, text in enumerate(texts, start=1):
        assert ws.cell(row, 1).data_type not in ("f", "e")
        assert (ws.cell(row, 1).value or "") == clean(text)


@given(ANY_TEXT | st.sampled_from(["History", "'", "a/b:c", "[1]", "\x00", "字" * 40, "😀" * 20, "a" * 30 + "' "]))
@settings(max_examples=200, deadline=None)
def test_any_text_makes_a_sheet_title(text: str) -> None:
    title = sheet_title(text)
    assert 1 <= len(title.encode("utf-16-le")) // 2 <= 31
    assert not set(title) & set("[]:*?/\\\x00")
    assert title.casefold() != "history"
    assert title == title.strip("'")
    openpyxl.Workbook().create_sheet(title)  # raises ValueError for what Excel refuses


def test_sheet_titles_keep_what_is_good() -> None:
    assert sheet_title("附件4") == "附件4"
    assert sheet_title("a/b") == "a b"
    assert sheet_title("???", "附件") == "附件"


# --- LibreOffice ---


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The workbook, and an empty one, through LibreOffice, as a workbook and as a PDF."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice is not installed")
    folder = tmp_path_factory.mktemp("office")
    (folder / "full.xlsx").write_bytes(made())
    (folder / "empty.xlsx").write_bytes(made(numbers=None, unit="首阳山旅游度假区管理委员会" * 2, phone=""))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    for kind in ("pdf", "xlsx"):
        command = [soffice, profile, "--headless", "--convert-to", kind, "--outdir", str(folder / kind)]
        files = [str(folder / name) for name in ("full.xlsx", "empty.xlsx")]
        subprocess.run([*command, *files], check=True, capture_output=True, timeout=90)
    yield folder
    shutil.rmtree(folder / "profile", ignore_errors=True)


def test_libreoffice_computes_the_sums(converted: Path) -> None:
    ws = openpyxl.load_workbook(converted / "xlsx" / "full.xlsx", data_only=True).worksheets[0]
    assert [ws[a].value for a in ("B8", "F8", "J8", "B9")] == [8, 4, 1020, 1032]
    assert [ws[a].value for a in NUMBER_CELLS] == COUNTS
    assert ws.protection.sheet is True
    assert not ws["C7"].protection.locked


@pytest.mark.parametrize("name", ["full", "empty"])
def test_libreoffice_prints_one_landscape_page(converted: Path, name: str) -> None:
    with pdfplumber.open(converted / "pdf" / f"{name}.pdf") as pdf:
        (page,) = pdf.pages
        assert (round(page.width), round(page.height)) == (842, 595)  # A4 in points
        text = page.extract_text()
        words = page.extract_words()
    for part in ("生产经营单位安全生产标准化达标情况表", "（截至2017年6月）", "填报时间：", "联系电话：", "只填入"):
        assert part in text
    assert ("首阳山旅游度假区管理委员会" * 2 in text) is (name == "empty")
    # It fills the page's width, and nothing sticks out.
    assert min(w["x0"] for w in words) > 20
    assert max(w["x1"] for w in words) < 822

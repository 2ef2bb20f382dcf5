"""The bulletin's documents: the Word file as python-docx reads it back, the workbook as LibreOffice computes it, and
hostile text in both."""

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pdfplumber
import pytest
from pydantic import ValidationError

from bot.config import read_toml
from bot.deciding.bulletin_view import document_context
from bot.errors import ConfigError
from bot.letters.bulletin import document
from bot.letters.cells import clean
from bot.letters.render import Renderer, clean_values
from bot.letters.summary import Source, summary
from bot.letters.summary_words import SummaryWords
from bot.model.bulletin import Bulletin, Change
from tests import bulletin_template
from tests.letters.values import OFFICE, SENDER
from tests.rosters import beijing
from tests.test_bulletin import (
    COUNTY,
    EDUCATION,
    FINANCE,
    HONGHE,
    NOW,
    ORDER,
    QIAOGUAN,
    WUTU,
    YINGQIU,
    made,
)
from tests.test_workbooks import FORMULAS

ROOT = Path(__file__).parent.parent
TEMPLATE = (ROOT / "templates" / "bulletin.docx").read_bytes()
TABLE = read_toml(ROOT / "templates" / "summary.toml")
WORDS = SummaryWords.model_validate(TABLE)
RENDERER = Renderer(ROOT / "templates", OFFICE, SENDER)
RELEASED = beijing("2017-08-10T09:00:00")
CHANGES = (
    Change(WUTU, "2017-06", "corrected", 8, 9, 31, 2, NOW),
    Change(HONGHE, "2017-06", "added", None, 7, 32, 1, NOW),
)


def filled(b: Bulletin, released_at: datetime | None = None, template: bytes = TEMPLATE, **office: str) -> bytes:
    values = {**document_context(b, COUNTY, released_at), "office": {**RENDERER.office, **office}}
    return document(template, "x/bulletin.docx", values, RENDERER.filters, COUNTY.bulletin.blank)


def text_of(data: bytes) -> str:
    """Every paragraph, in order, without blanks."""
    return "".join("".join(p.text.split()) for p in docx.Document(io.BytesIO(data)).paragraphs)


def tables_of(data: bytes) -> list[list[list[str]]]:
    return [[[c.text for c in row.cells] for row in t.rows] for t in docx.Document(io.BytesIO(data)).tables]


def every_text(data: bytes) -> str:
    """All parts of the file that hold text, headers and footers too."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))


# The Word file.


def test_the_bulletin_says_what_is_announced() -> None:
    said = text_of(filled(made(changes=CHANGES)))
    for sentence in (
        "昌乐县人民政府安全生产委员会办公室乐安办字〔2017〕号关于全县安全生产标准化达标情况的通报（截至2017年7月）（送审稿）",
        "应报送单位6个，已报送3个，其中按时报送2个、逾期报送1个。",
        "逾期报送（1个）：红河镇（逾期2天）。",
        "未报送（1个）：教育局。",
        "退回、尚未更正（1个）：乔官镇。",
        "来表待核实（1个）：营丘镇。",
        "乔官镇（截至2017年6月）、营丘镇（截至2017年6月）本月数字沿用",
        "全县4个镇（街、区）累计达标29家，比上月增加2家（首次报送的1个镇（街、区）10家不计为增加）。"
        "登记生产经营单位80家，达标率36.3%，进度正常。",
        "县直部门按行业填报，已报送的1个单位合计3家，比镇（街、区）合计少26家。"
        "与镇（街、区）所报为同一范围，仅供核对，不计入全县合计。",
        "镇（街、区）：按达标率排名。县直部门：按行业填报，不排名。",
        "四、通报后更正、补报情况五图街道（截至2017年6月）通报后更正，原通报8家，现为9家；"
        "红河镇（截至2017年6月）通报后补报，现为7家。",
        "五、工作要求",
        "附件：1.各单位达标情况及排名",
        "昌乐县人民政府安全生产委员会办公室2017年8月9日（联系人：郭忠亮，联系电话：6228071）",
    ):
        assert sentence in said, sentence


def test_the_tables_of_the_bulletin() -> None:
    levels, targets, towns, departments = tables_of(filled(made()))
    assert levels == [
        ["类别", "一级", "二级", "三级", "其他", "合计", "上月累计", "比上月增减"],
        ["规模以上企业", "0", "14", "0", "0", "14", "10", "1"],
        ["高危企业", "0", "9", "0", "0", "9", "6", "0"],
        ["其他生产经营单位", "0", "6", "0", "0", "6", "1", "1"],
        ["全部生产经营单位", "0", "29", "0", "0", "29", "17", "2"],
    ]
    assert targets[1:] == [
        ["规模以上企业", "14", "40", "35%", "100%", "2017年12月31日", "26", "进度正常"],
        ["高危企业", "9", "20", "45%", "100%", "2017年12月31日", "11", "进度正常"],
        ["其他生产经营单位", "6", "20", "30%", "100%", "2018年12月31日", "14", "进度正常"],
        ["全部生产经营单位", "29", "80", "36.3%", "50%", "2017年12月31日", "11", "进度正常"],
    ]
    assert towns == [
        ["名次", "单位", "规模以上企业", "高危企业", "其他生产经营单位", "合计", "比上月增减", "达标率", "报送情况"],
        ["1", WUTU, "6", "2", "2", "10", "2", "50%", "按时报送"],
        ["1", HONGHE, "3", "3", "4", "10", "—", "50%", "逾期2天报送"],
        ["—", QIAOGUAN, "4", "4", "0", "8", "—", "40%", "退回待更正，沿用截至2017年6月数"],
        ["—", YINGQIU, "1", "0", "0", "1", "—", "5%", "来表待核实，沿用截至2017年6月数"],
    ]
    assert departments[1:] == [
        ["—", EDUCATION, "—", "—", "—", "—", "—", "—", "未报送，尚无数字"],
        ["—", FINANCE, "1", "1", "1", "3", "-1", "15%", "按时报送"],
    ]


def test_without_bases_it_says_so_and_shows_no_rate() -> None:
    data = filled(made({}))
    assert "基础数尚未登记，暂不计算达标率。" in text_of(data)
    assert "基础数尚未登记，暂不排名。" in text_of(data)
    assert [row[2:4] + row[6:] for row in tables_of(data)[1][1:]] == [["—"] * 4] * 4
    assert "%" not in "".join(row[7] for row in tables_of(data)[2][1:])


def test_what_has_not_happened_is_not_spoken_of() -> None:
    said = text_of(filled(made({}, june={}), RELEASED))
    assert "（送审稿）" not in said
    assert "通报后" not in said
    assert "四、工作要求" in said
    assert "无上月数可比" in said
    assert "2017年8月10日" in said


@pytest.mark.parametrize("b", [made(changes=CHANGES), made({}, june={}), made(july={}, june={})])
def test_no_tag_and_no_none_is_left(b: Bulletin) -> None:
    parts = every_text(filled(b))
    assert not re.search(r"\{[{%#]|[}%#]\}", parts)
    assert "None" not in text_of(filled(b))


HOSTILE = [
    "<w:p/>&amp;\"'",
    "]]></w:t>",
    "{{ 7*7 }}",
    "{% for x in y %}",
    "a\x00b\x0bc\x1fd\ud800e￾",
    "换\n行\r\n又\t行\a页\f",
    "R&D{#",
    "字" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_text(text: str) -> None:
    b = made(changes=[replace(CHANGES[0], unit=text)])
    lines = tuple(replace(line, unit=text) if line.unit == HONGHE else line for line in b.lines)
    data = filled(replace(b, lines=lines), name=text, contact=text)
    towns = tables_of(data)[2]
    shown = towns[2][1]
    assert [row[5] for row in towns[1:]] == ["10", "10", "8", "1"]  # no row more, no row less
    assert shown == clean(clean_values(text))
    assert len(docx.Document(io.BytesIO(data)).tables) == 4


def test_a_broken_template_is_named(tmp_path: Path) -> None:
    def with_text(text: str) -> bytes:
        edited = docx.Document(io.BytesIO(TEMPLATE))
        edited.add_paragraph(text)
        kept = io.BytesIO()
        edited.save(kept)
        return kept.getvalue()

    for template in (
        b"",
        b"no zip",
        TEMPLATE[:20_000],
        with_text("{{ no_such_value }}"),
        with_text("{% if %}"),
        with_text("{%p if x %}"),
        with_text("{{ period|moment }}"),
        with_text("{{ ''.__class__.__mro__ }}"),
        with_text("{{ 1 / 0 }}"),
    ):
        with pytest.raises(ConfigError, match=r"^x/bulletin\.docx: .+") as caught:
            filled(made(), template=template)
        assert "\n" not in str(caught.value)


def test_the_office_s_own_words_are_kept() -> None:
    edited = docx.Document(io.BytesIO(TEMPLATE))
    edited.add_paragraph("抄送：县政府办公室，已报{{ received }}个。")
    kept = io.BytesIO()
    edited.save(kept)
    assert text_of(filled(made(), template=kept.getvalue())).endswith("抄送：县政府办公室，已报3个。")


def test_any_number_of_levels_and_categories_fits_the_page() -> None:
    data = filled(made())
    document_ = docx.Document(io.BytesIO(data))
    section = document_.sections[0]
    width = section.page_width - section.left_margin - section.right_margin  # type: ignore[operator]
    for table in document_.tables:
        grid = [int(c.width) for c in table.columns if c.width]
        assert len(grid) == len(table.rows[0].cells)
        assert sum(grid) <= width + len(grid)


def test_the_maker_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bulletin.docx"
    assert bulletin_template.main(file) == 0
    assert text_of(filled(made(), template=file.read_bytes())).startswith(OFFICE.name)
    file.write_bytes(b"edited")
    assert bulletin_template.main(file) == 1
    assert file.read_bytes() == b"edited"


# The workbook.


def source(b: Bulletin, **how: Any) -> Source:
    return Source(b, COUNTY, WORDS, RENDERER.filters, **how)


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def test_its_sheets_and_that_the_last_comes_only_with_changes() -> None:
    assert opened(summary(source(made()))).sheetnames == ["汇总", "环比", "目标", "排名", "图表"]
    assert opened(summary(source(made(), changes=CHANGES))).sheetnames[-1] == "通报后变动"


def test_a_draft_says_that_it_is_one() -> None:
    assert opened(summary(source(made())))["汇总"]["A3"].value == "（送审稿，数字尚未通报）"
    released = opened(summary(source(made(), released_at=RELEASED)))
    assert released["汇总"]["A3"].value == "（已于2017年8月10日通报，数字以通报时为准）"


@pytest.mark.parametrize("text", FORMULAS)
def test_text_never_becomes_a_formula(text: str) -> None:
    b = made()
    lines = tuple(replace(line, unit=text, group=text) for line in b.lines)
    book = opened(summary(source(replace(b, lines=lines), changes=[replace(CHANGES[0], unit=text)])))
    for sheet in book.worksheets:
        for cell in (c for row in sheet.iter_rows() for c in row):
            if cell.data_type == "f":
                assert re.fullmatch(r"=(SUM\([A-Z0-9:,]+\)|[A-Z]+\d+-[A-Z]+\d+)", cell.value), cell.value
            assert cell.data_type != "e"


def test_the_charts_are_excel_s_own() -> None:
    with zipfile.ZipFile(io.BytesIO(summary(source(made())))) as parts:
        charts = [parts.read(n).decode() for n in sorted(parts.namelist()) if n.startswith("xl/charts/")]
    assert len(charts) == 2
    by_category, by_unit = charts
    assert "'目标'!$D$5:$D$8" in by_category and "'目标'!$E$5:$E$8" in by_category
    # the four towns: by their totals departments are not held against each other, nor against the towns
    assert "'排名'!$D$5:$D$8" in by_unit and "'排名'!$C$5:$C$8" in by_unit
    assert '<c:tickLblSkip val="1"' in by_unit or '<tickLblSkip val="1"' in by_unit  # no unit goes without its name


def test_without_rates_the_chart_shows_what_was_reached() -> None:
    with zipfile.ZipFile(io.BytesIO(summary(source(made({}))))) as parts:
        chart = parts.read("xl/charts/chart1.xml").decode()
    assert "'目标'!$B$5:$B$8" in chart and "$D$5" not in chart
    assert "各类别累计达标数量（家）" in chart


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The documents through LibreOffice: the workbook computed, both as PDF."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice is not installed")
    folder = tmp_path_factory.mktemp("office")
    (folder / "summary.xlsx").write_bytes(summary(source(made(changes=CHANGES), changes=CHANGES)))
    (folder / "bulletin.docx").write_bytes(filled(made(changes=CHANGES)))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    for kind, names in (("xlsx", ["summary.xlsx"]), ("pdf", ["summary.xlsx", "bulletin.docx"])):
        command = [soffice, profile, "--headless", "--convert-to", kind, "--outdir", str(folder / kind)]
        files = [str(folder / name) for name in names]
        subprocess.run([*command, *files], check=True, capture_output=True, timeout=90)
    yield folder
    shutil.rmtree(folder / "profile", ignore_errors=True)


def computed(office: Path, sheet: str) -> list[list[Any]]:
    """The rows below the headings, as LibreOffice shows them."""
    book = openpyxl.load_workbook(office / "xlsx" / "summary.xlsx", data_only=True)
    return [list(row) for row in book[sheet].iter_rows(min_row=6, values_only=True)]


def test_libreoffice_computes_every_sum(office: Path) -> None:
    rows = {row[1]: row[2:18] for row in computed(office, "汇总")}
    of_departments = ["县直部门合计（不计入全县）", "与全县合计相差"]
    assert list(rows) == [*ORDER[:4], "全县合计", *ORDER[4:], *of_departments]
    assert rows[WUTU] == [0, 6, 0, 0, 6, 0, 2, 0, 0, 2, 0, 2, 0, 0, 2, 10]
    assert rows[QIAOGUAN] == [0, 4, 0, 0, 4, 0, 4, 0, 0, 4, 0, 0, 0, 0, 0, 8]
    assert rows[EDUCATION] == [None] * 16  # nothing, and not 0
    assert rows["全县合计"] == [0, 14, 0, 0, 14, 0, 9, 0, 0, 9, 0, 6, 0, 0, 6, 29]
    assert rows[of_departments[0]] == [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 3]
    assert rows[of_departments[1]] == [0, -13, 0, 0, -13, 0, -8, 0, 0, -8, 0, -5, 0, 0, -5, -26]


def test_libreoffice_computes_month_on_month(office: Path) -> None:
    rows = {row[1]: row[2:14] for row in computed(office, "环比")}
    assert rows[WUTU] == [5, 6, 1, 2, 2, 0, 1, 2, 1, 8, 10, 2]
    assert rows[HONGHE] == [None, 3, None, None, 3, None, None, 4, None, None, 10, None]
    assert rows[FINANCE] == [1, 1, 0, 2, 1, -1, 1, 1, 0, 4, 3, -1]
    assert rows[QIAOGUAN] == [4, 4, None, 4, 4, None, 0, 0, None, 8, 8, None]  # carried on: of growth nothing is said
    # the sum of the differences, and not the difference of the sums: 红河's first numbers are no growth
    assert rows["全县合计"] == [10, 14, 1, 6, 9, 0, 1, 6, 1, 17, 29, 2]
    assert rows["县直部门合计（不计入全县）"] == [1, 1, 0, 2, 1, -1, 1, 1, 0, 4, 3, -1]


def test_the_other_sheets_as_libreoffice_has_them(office: Path) -> None:
    book = openpyxl.load_workbook(office / "xlsx" / "summary.xlsx", data_only=True)
    targets = [[c.value for c in row] for row in book["目标"]["A5:J8"]]
    assert [row[1] for row in targets] == [14, 9, 6, 29]
    assert [row[3:5] for row in targets][::3] == [[0.35, 1], [0.363, 0.5]]
    assert [row[6] for row in targets] == [26, 11, 14, 11]
    assert [row[7:] for row in targets] == [["进度正常", 4, n] for n in (14, 9, 6, 29)]
    ranking = [[c.value for c in row] for row in book["排名"]["B5:D10"]]
    assert ranking == [
        [1, WUTU, 10], [1, HONGHE, 10], [None, QIAOGUAN, 8], [None, YINGQIU, 1],
        [None, EDUCATION, None], [None, FINANCE, 3],
    ]  # fmt: skip
    told = [[c.value for c in row] for row in book["通报后变动"]["B5:G6"]]
    assert told == [
        [WUTU, "2017年6月", "通报后更正", 8, 9, 1],
        [HONGHE, "2017年6月", "通报后补报", None, 7, None],
    ]


def test_both_print_on_a4(office: Path) -> None:
    with pdfplumber.open(office / "pdf" / "summary.pdf") as pdf:
        assert {(round(p.width), round(p.height)) for p in pdf.pages} == {(842, 595)}
        assert len(pdf.pages) == 6  # a page a sheet
        for printed in pdf.pages:
            assert max(w["x1"] for w in printed.extract_words()) < 822
    with pdfplumber.open(office / "pdf" / "bulletin.pdf") as pdf:
        assert {(round(p.width), round(p.height)) for p in pdf.pages} == {(595, 842)}
        for number, printed in enumerate(pdf.pages, start=1):
            assert f"—{number}—" in "".join(printed.extract_text().split())
            assert max(w["x1"] for w in printed.extract_words()) < 595 - 70  # the right margin: 26 mm


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [("period_line", "{year}", "period_line"), ("colour", "red", "colour"), ("title", "", "title")],
)
def test_a_wrong_word_is_named(key: str, value: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        SummaryWords.model_validate({**TABLE, key: value})

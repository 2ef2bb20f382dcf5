"""The hand-made workbooks of the demo: each style really differs in the way that it says."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.demo.liaisons import Style, filled
from bot.model.deciding import Numbers
from bot.rules.load import load_rules

ANNEX4 = load_rules(Path(__file__).parent.parent / "rules").forms["annex4"]
NUMBERS: Numbers = {
    "above_scale": {"level_1": 0, "level_2": 2, "level_3": 5, "ungraded": 1},
    "high_risk": {"level_1": 1, "level_2": 0, "level_3": 3, "ungraded": 0},
    "other": {"level_1": 0, "level_2": 1, "level_3": 12, "ungraded": 7},
}
COUNTS = [0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7]


def sheet(style: Style, **more: Any) -> Any:
    data = filled(ANNEX4, "五图街道办事处", "6月", "2017年7月3日", NUMBERS, "李明", "0536-6221234", style=style, **more)
    return openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]


def values(row: Any) -> list[Any]:
    return [cell.value for cell in row]


def areas(ws: Any) -> set[str]:
    return {str(area) for area in ws.merged_cells.ranges}


def test_official_is_the_annex_as_typed_into_a_workbook() -> None:
    ws = sheet("official")
    assert [ws[a].value for a in ("A1", "A2", "A3", "H3")] == [
        "生产经营单位安全生产标准化达标情况表",
        "（截至6月）",
        "填报单位：五图街道办事处",
        "填报时间：2017年7月3日",
    ]
    assert values(ws[4])[0] == "累计完成数量（家）"
    assert [ws.cell(5, c).value for c in (1, 2, 6, 10)] == ["类别", "规模以上企业", "高危企业", "其他生产经营单位"]
    assert values(ws[6]) == ["达标等级", *["一级", "二级", "三级", "其他"] * 3]
    assert values(ws[7]) == ["数量", *COUNTS]
    assert [ws.cell(8, c).value for c in (1, 2, 6, 10)] == ["合计", 8, 4, 20]
    assert [ws["A9"].value, ws["B9"].value] == ["总计", 32]
    assert [ws["A10"].value, ws["H10"].value] == ["填报人：李明", "联系电话：0536-6221234"]
    assert areas(ws) == {"A1:M1", "A4:M4", "B5:E5", "F5:I5", "J5:M5", "B8:E8", "F8:I8", "J8:M8", "B9:M9"}


def test_plain_has_no_merges_and_numbers_as_text() -> None:
    ws = sheet("plain", measure="家")
    assert areas(ws) == set()
    assert values(ws[5]) == [
        "类别",
        "规模以上企业",
        *[None] * 3,
        "高危企业",
        *[None] * 3,
        "其他生产经营单位",
        *[None] * 3,
    ]
    assert values(ws[7])[1:] == "０ 2家 ５ 1家 １ 0家 ３ 0家 ０ 1家 １２ 7家".split()  # noqa: SIM905
    assert [ws["B8"].value, ws["B9"].value] == [8, 32]


def test_letterhead_moves_everything_down_and_to_the_right() -> None:
    ws = sheet("letterhead", letterhead=("昌乐县五图街道办事处", "安监办"))
    assert [ws["A1"].value, ws["A2"].value, ws["A3"].value, ws["A4"].value] == [
        "昌乐县五图街道办事处",
        "安监办",
        None,
        None,
    ]
    assert ws["B4"].value == "生产经营单位安全生产标准化达标情况表"
    assert values(ws[10])[1:] == ["数量", *COUNTS]
    assert ws["C12"].value == 32
    assert areas(ws) == {"B4:N4", "B7:N7", "C8:F8", "G8:J8", "K8:N8", "C11:F11", "G11:J11", "K11:N11", "C12:N12"}


def test_split_keeps_labels_and_values_apart() -> None:
    ws = sheet("split")
    assert [ws[a].value for a in ("A2", "B2")] == ["截至", "6月"]
    assert [ws[a].value for a in ("A3", "B3", "H3", "I3")] == ["填报单位", "五图街道办事处", "填报时间", "2017年7月3日"]
    assert [ws[a].value for a in ("A10", "B10", "H10", "I10")] == ["填报人", "李明", "联系电话", "0536-6221234"]


@pytest.mark.parametrize(
    ("style", "place"), [("official", "B9"), ("plain", "B9"), ("letterhead", "C10"), ("split", "B9")]
)
def test_a_wrong_total_is_written_and_the_sums_stay_right(style: Style, place: str) -> None:
    ws = sheet(style, wrong_total=0)
    assert ws[place].value == 0
    assert ws[place].offset(row=-1).value == 8


def test_a_missing_number_is_a_mistake_of_the_story() -> None:
    with pytest.raises(KeyError, match="high_risk"):
        filled(ANNEX4, "", "", "", {"above_scale": NUMBERS["above_scale"]}, "", "")


def test_a_form_of_one_number_has_room_for_its_fields() -> None:
    small = ANNEX4.model_copy(update={"groups": ANNEX4.groups[:1], "columns": ANNEX4.columns[:1]})
    data = filled(small, "甲", "6月", "7月3日", {"above_scale": {"level_1": 4}}, "乙", "1", style="split")
    ws = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert values(ws[3]) == ["填报单位", "甲", "填报时间", "7月3日"]
    assert [ws["B7"].value, ws["B8"].value, ws["B9"].value] == [4, 4, 4]

"""The matrix is found by its words, wherever it lies and however it was laid out."""

from datetime import date

import pytest

from bot.model.forms import Cell, Count, Form, Written
from bot.reading.matrix import forms_in
from bot.rules.forms import FormRule
from tests import books
from tests.books import (
    COUNTS,
    MERGES,
    SUBTOTALS,
    TOTAL,
    VALUES,
    Rows,
    Span,
    moved,
    official,
    texts_of,
    turned,
    values_of,
)

OFFICIAL_TEXTS = {
    "period": "6 月",
    "unit": "五图街道办事处",
    "filled_on": "2017年7月3日",
    "reporter": "李明",
    "phone": "0536-6221234",
}


def _forms(rows: Rows, merges: list[Span] | tuple[Span, ...] = (), rule: FormRule = books.ANNEX4) -> tuple[Form, ...]:
    return forms_in(books.grid(rows, merges), rule, books.WORDS)


def _form(rows: Rows, merges: list[Span] | tuple[Span, ...] = ()) -> Form:
    forms = _forms(rows, merges)
    assert len(forms) == 1
    return forms[0]


def _sums(form: Form) -> tuple[dict[str, int | None], int | None]:
    return {group: count.value for group, count in form.subtotals.items()}, form.total.value if form.total else None


def _assert_official(form: Form) -> None:
    assert values_of(form) == VALUES
    assert _sums(form) == (SUBTOTALS, TOTAL)
    assert texts_of(form) == OFFICIAL_TEXTS


def test_the_official_layout() -> None:
    form = _form(official(), MERGES)
    _assert_official(form)
    assert (form.form, form.place, form.confidence) == ("annex4", "Sheet1", "exact")
    assert form.counts["other"]["level_3"] == Count(12, "12", "L7")
    assert form.subtotals["high_risk"].place == "F8"
    assert form.total == Count(32, "32", "B9")
    assert form.fields["filled_on"] == Written("2017年7月3日", "H3")


def test_unmerged() -> None:
    _assert_official(_form(official()))


@pytest.mark.parametrize("merges", [MERGES, ()])
@pytest.mark.parametrize(("down", "right"), [(0, 3), (4, 0), (7, 5), (200, 40)])
def test_at_another_place(down: int, right: int, merges: tuple[Span, ...]) -> None:
    _assert_official(_form(*moved(official(), merges, down, right)))


def test_places_are_the_senders_after_inserted_rows_and_columns() -> None:
    form = _form(*moved(official(), MERGES, 2, 26))
    assert form.counts["above_scale"]["level_1"].place == "AB9"


def test_extra_letterhead_and_empty_rows_between() -> None:
    rows = official()
    rows[5:5] = [[], []]
    rows.insert(0, ["昌乐县五图街道办事处文件", None, "联系人：王五，联系电话：6220000"])
    _assert_official(_form([["附件4"], [], *rows, [], ["注：1.每月5日前报送累计数据，电子邮箱：clawhbgs@163.com。"]]))


def test_an_inserted_empty_column_before_the_numbers() -> None:
    _assert_official(_form([[row[0], None, *row[1:]] if n > 2 else row for n, row in enumerate(official())]))


@pytest.mark.parametrize("merged", [True, False])
def test_turned_by_ninety_degrees(merged: bool) -> None:
    form = _form(*turned(official(), MERGES if merged else ()))
    _assert_official(form)
    assert form.counts["above_scale"]["level_2"] == Count(2, "2", "G3")


def _retyped_as_a_list() -> Rows:
    """The turned form as people retype it: twelve lines, the labels around the table left upright."""
    rows: Rows = [
        ["生产经营单位安全生产标准化达标情况表（截至2017年6月）"],
        ["填报单位", None, "五图街道"],
        ["填报时间", None, "2017.7.3"],
        ["类别", "达标等级", "数量", "合计"],
    ]
    for start, group in zip((0, 4, 8), ("规上企业", "高危", "其它"), strict=True):
        lines: Rows = [[None, word, COUNTS[start + n], None] for n, word in enumerate(("一级", "二级", "三级", "其它"))]
        lines[0][0], lines[0][3] = group, sum(COUNTS[start : start + 4])
        rows += lines
    return [*rows, ["总计", None, 32], ["填报人", "李明", "电话", 5366221234.0]]


def test_a_turned_form_with_upright_labels() -> None:
    form = _form(_retyped_as_a_list())
    assert (values_of(form), _sums(form)) == (VALUES, (SUBTOTALS, TOTAL))
    assert texts_of(form) == {
        "period": "2017年6月", "unit": "五图街道", "filled_on": "2017.7.3", "reporter": "李明", "phone": "5366221234",
    }  # fmt: skip
    assert form.fields["reporter"].place == "B18"


def test_two_turned_forms_under_each_other() -> None:
    second = [["朱刘街道" if cell == "五图街道" else cell for cell in row] for row in _retyped_as_a_list()]
    forms = _forms([*_retyped_as_a_list(), [], *second])
    assert [texts_of(form)["unit"] for form in forms] == ["五图街道", "朱刘街道"]
    assert [values_of(form) for form in forms] == [VALUES, VALUES]


def _may(unit: str = "朱刘街道") -> Rows:
    return official([1] * 12, sums=(4, 4, 4), total=12, period="（截至5月）", unit=unit)


@pytest.mark.parametrize("gap", [0, 1, 5])
def test_two_months_under_each_other(gap: int) -> None:
    forms = _forms([*official(), *[[] for _ in range(gap)], *_may("五图街道")])
    assert [texts_of(form)["period"] for form in forms] == ["6 月", "5月"]
    assert [form.total.value for form in forms if form.total] == [32, 12]
    assert [texts_of(form)["reporter"] for form in forms] == ["李明", "李明"]
    assert forms[1].fields["reporter"].place == f"A{20 + gap}"


def test_the_second_form_does_not_borrow_what_it_lacks() -> None:
    second = [row for n, row in enumerate(_may()) if n not in (1, 2, 9)]
    forms = _forms([*official(), *second])
    assert texts_of(forms[1]) == {}
    assert values_of(forms[1])["other"] == {"level_1": 1, "level_2": 1, "level_3": 1, "ungraded": 1}


def test_two_units_side_by_side() -> None:
    blank: list[Cell] = [None]
    rows = [a + blank * (14 - len(a)) + b for a, b in zip(official(), _may(), strict=True)]
    forms = _forms(rows)
    assert [texts_of(form)["unit"] for form in forms] == ["五图街道办事处", "朱刘街道"]
    assert [_sums(form)[1] for form in forms] == [32, 12]
    assert values_of(forms[0]) == VALUES


def _replaced(words: dict[str, Cell], rows: Rows | None = None) -> Rows:
    return [[words.get(cell, cell) if isinstance(cell, str) else cell for cell in row] for row in rows or official()]


@pytest.mark.parametrize(
    "words",
    [
        {
            "规模以上企业": "规上企业",
            "其他": "其它",
            "一级": "一级达标",
            "其他生产经营单位": "其它企业",
            "数量": "家数",
        },
        {
            "规模以上企业": "规模以上\n企业",
            "一级": " 一 级 ",
            "二级": "２级",
            "三级": "Ⅲ级",
            "总计": "总 计：",
            "数量": "家数",
        },
        {"规模以上企业": "（一）规模以上企业", "高危企业": "2、高危企业", "一级": "一级（家）"},
        {"其他生产经营单位": "其他", "合计": "小计"},
    ],
)
@pytest.mark.parametrize("merges", [MERGES, ()])
def test_other_words_for_the_same(words: dict[str, Cell], merges: tuple[Span, ...]) -> None:
    _assert_official(_form(_replaced(words), merges))


def test_labels_and_values_apart() -> None:
    rows = official()
    rows[1] = [None, None, "截 至：", None, date(2017, 6, 1)]
    rows[2] = ["填报单位（盖章）：", "五图街道办事处", None, "填报时间", None, 42919.0]
    rows[9] = ["填 报 人", None, "李明", "联系电话：", 13800138000]
    form = _form(rows)
    assert texts_of(form) == {
        **OFFICIAL_TEXTS,
        "period": "2017-06-01",
        "filled_on": "42919",
        "phone": "13800138000",
    }
    assert form.fields["period"].place == "E2"
    assert form.fields["phone"].place == "E10"


def test_labels_without_values_and_absent_labels() -> None:
    rows = official()
    rows[1] = ["（截至   月）"]
    rows[2] = ["填报单位：                     填报时间："]
    rows[9] = ["填报人：", None, None, "联系电话："]
    form = _form([*rows, ["注：填报单位应当盖章，联系电话：6228071"]])
    assert texts_of(form) == {"period": "月", "unit": "", "filled_on": "", "reporter": "", "phone": ""}
    assert form.fields["unit"].place == "A3"
    assert texts_of(_form(rows[3:9])) == {}


def test_labels_in_one_cell_without_blanks_between() -> None:
    rows = official()
    rows[2] = ["填报单位：五图街道填报时间：2017年7月3日"]
    rows[9] = ["填报人:李明联系电话:0536-6221234"]
    assert texts_of(_form(rows)) == {**OFFICIAL_TEXTS, "unit": "五图街道"}


@pytest.mark.parametrize(
    "written",
    [
        "填报单位（盖章）：五图街道",
        "填报单位:五图街道（盖章）",
        "填报单位（盖章）五图街道",
        " 填 报 单 位 ： 五图街道 （盖章） ",
    ],
)
def test_the_seal_is_no_part_of_the_unit(written: str) -> None:
    rows = official()
    rows[2] = [written]
    assert texts_of(_form(rows))["unit"] == "五图街道"


@pytest.mark.parametrize(
    ("title", "period"),
    [
        ("生产经营单位安全生产标准化达标情况表（截至2017年6月）", "2017年6月"),
        ("生产经营单位安全生产标准化达标情况表(截止六月底)(五图街道)", "六月底"),
        ("生产经营单位安全生产标准化达标情况表截至2017年6月", "2017年6月"),
        ("2017年6月生产经营单位安全生产标准化达标情况表", "2017年6月生产经营单位安全生产标准化达标情况表"),
    ],
)
def test_the_month_in_the_title(title: str, period: str) -> None:
    rows = official()
    rows[0:2] = [[title]]
    assert _form(rows).fields["period"] == Written(period, "A1")


def test_sum_and_label_in_one_cell() -> None:
    rows = official()
    rows[7] = [None, "合计：8", None, None, None, "合计：4家", None, None, None, "合计：20"]
    rows[8] = ["总计：32家"]
    form = _form(rows)
    assert _sums(form) == (SUBTOTALS, TOTAL)
    assert form.total == Count(32, "32家", "A9")


def test_a_doubtful_sum_in_the_labels_cell_stays_doubtful() -> None:
    rows = official()
    rows[8] = ["总计：32.5"]
    assert _form(rows).total == Count(None, "32.5", "A9", "fraction")


def _with_sum_columns(last: str) -> Rows:
    """合计 beside the four columns of each group, and a column behind them all."""
    rows = official()
    header, levels, values = rows[4], rows[5], rows[6]
    blank: list[Cell] = [None]
    rows[4] = [header[0]]
    rows[5], rows[6] = [levels[0]], [values[0]]
    for n, total in enumerate((8, 4, 20)):
        rows[4] += header[1 + 4 * n : 2 + 4 * n] + blank * 4
        rows[5] += [*levels[1 + 4 * n : 5 + 4 * n], "合计"]
        rows[6] += [*values[1 + 4 * n : 5 + 4 * n], total]
    if last:
        rows[4], rows[6] = [*rows[4], last], [*rows[6], 32]
    del rows[7:9]
    return rows


@pytest.mark.parametrize("merges", [(), ((4, 1, 4, 5), (4, 6, 4, 10), (4, 11, 4, 15))])
def test_extra_sum_columns_are_no_counts(merges: tuple[Span, ...]) -> None:
    form = _form(_with_sum_columns("总计"), merges)
    assert (values_of(form), _sums(form)) == (VALUES, (SUBTOTALS, TOTAL))
    assert form.subtotals["above_scale"].place == "F7"
    assert form.total is not None
    assert form.total.place == "Q7"
    assert _sums(_form(_with_sum_columns(""), merges)) == (SUBTOTALS, None)


def test_one_lone_sum_behind_all_groups_is_the_total() -> None:
    rows = official()
    rows[5], rows[6] = [*rows[5], "合计"], [*rows[6], 32]
    del rows[7:9]
    assert _sums(_form(rows, MERGES[5:8])) == ({}, 32)


def test_one_merged_sum_under_all_groups_is_the_total() -> None:
    rows = official()
    rows[7:9] = [["合计", 32]]
    assert _sums(_form(rows, (*MERGES[5:8], (7, 1, 7, 12)))) == ({}, 32)


def test_the_values_row_without_its_label() -> None:
    rows = official()
    rows[6][0] = None
    _assert_official(_form(rows))
    rows[6:6] = [[], []]
    _assert_official(_form(rows))


@pytest.mark.parametrize("label", ["数量", "累计", "累计家数", "达标家数"])
def test_this_month_s_own_numbers_above_the_cumulative_ones_are_not_taken(label: str) -> None:
    rows = official()
    rows[6][0] = label
    rows.insert(6, ["本月", *([1] * 12)])
    form = _form(rows)
    assert values_of(form) == VALUES
    assert _sums(form) == (SUBTOTALS, TOTAL)


@pytest.mark.parametrize("ending", ["达标企业", "达标数", "达标家数"])
def test_longer_words_for_the_levels(ending: str) -> None:
    rows = official()
    rows[5] = ["达标等级", *[f"一级{ending}", f"二级{ending}", f"三级{ending}", "其它达标"] * 3]
    _assert_official(_form(rows, MERGES))


def test_the_blank_form_has_blank_counts_with_places() -> None:
    rows = official([None] * 12, sums=(None, "", None), total=None)
    form = _form(rows, MERGES)
    assert {c for row in form.counts.values() for c in row.values()} == {
        Count(None, "", f"{x}7", "blank") for x in "BCDEFGHIJKLM"
    }
    assert form.subtotals["other"] == Count(None, "", "J8", "blank")
    assert form.total == Count(None, "", "B9", "blank")
    assert _form(rows[:6]).counts["above_scale"]["level_1"] == Count(None, "", "B7", "blank")


def test_a_missing_group_heading_leaves_its_cells_out() -> None:
    rows = official()
    rows[4][5] = None
    for merges in (MERGES, ()):
        form = _form(rows, merges)
        assert values_of(form) == {group: row for group, row in VALUES.items() if group != "high_risk"}


def test_a_missing_column_word_leaves_its_cell_out() -> None:
    rows = official()
    rows[5][3] = "丙级"
    form = _form(rows, MERGES)
    assert values_of(form)["above_scale"] == {"level_1": 0, "level_2": 2, "ungraded": 1}
    assert values_of(form)["other"] == VALUES["other"]


def test_a_heading_written_twice_counts_once_and_makes_one_form() -> None:
    rows = official()
    rows[4][5] = "规模以上企业"
    form = _form(rows, MERGES)
    assert values_of(form) == {group: row for group, row in VALUES.items() if group != "high_risk"}


def test_doubtful_cells_are_told_with_their_place() -> None:
    counts: list[Cell] = ["约5", 5.5, -5, "五", "无", "", "５家", "—", True, date(2017, 5, 1), "1,024", "共7家"]
    form = _form(official(counts), MERGES)
    read = [form.counts[group.id][column.id] for group in books.ANNEX4.groups for column in books.ANNEX4.columns]
    assert [c.value for c in read] == [None, None, None, 5, 0, None, 5, 0, None, None, 1024, 7]
    assert [c.doubt for c in read if c.doubt] == ["words", "fraction", "negative", "blank", "words", "words"]
    assert read[0] == Count(None, "约5", "B7", "words")


def test_what_is_not_this_form() -> None:
    assert _forms([]) == ()
    assert _forms([[None, ""], []]) == ()
    assert _forms([["一级", "二级", "三级"]]) == ()
    assert _forms([["规模以上企业", "高危企业"], ["甲", "乙"], [1, 2]]) == ()
    assert (
        _forms(
            [
                ["序号", "单位名称", "法定代表人", "从业人员数量", "所属行业", "备注"],
                [1, "某厂", "李明", 20, "化工", "高危"],
            ]
        )
        == ()
    )


HAZARD_GROUPS = ("用电", "消防", "机械", "高处", "其他")
HAZARD_STATES = ("发现", "整改", "其他")
HAZARDS = FormRule.model_validate(
    {
        "id": "hazards",
        "kind": "matrix",
        "name": "附件9",
        "title": "隐患排查治理月报表",
        "keywords": ["隐患排查"],
        "owed": {"by": ["department"], "day": 25},
        "headings": {
            "groups": "隐患类型",
            "columns": "状态",
            "values": ["起数"],
            "subtotals": ["小计"],
            "total": ["总数"],
        },
        "groups": [{"id": f"kind_{n}", "label": label} for n, label in enumerate(HAZARD_GROUPS)],
        "columns": [{"id": f"state_{n}", "label": label} for n, label in enumerate(HAZARD_STATES)],
        "fields": [
            {"id": "unit", "label": "单位名称", "side": "above"},
            {"id": "period", "label": "月份", "side": "above"},
        ],
        "checks": [],
    }
)


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_form_that_the_code_has_never_seen(is_turned: bool) -> None:
    heads: list[Cell] = ["隐患类型"]
    sums: list[Cell] = ["小计"]
    for n, label in enumerate(HAZARD_GROUPS):
        heads += [label, None, None]
        sums += [9 * n + 6, None, None]
    rows: Rows = [
        ["隐患排查治理月报表"],
        ["单位名称：教育局", None, None, None, "月份：6"],
        heads,
        ["状态", *HAZARD_STATES * 5],
        ["起数", *range(1, 16)],
        sums,
        ["总数", 120],
    ]
    (form,) = _forms(turned(rows)[0] if is_turned else rows, rule=HAZARDS)
    assert values_of(form) == {f"kind_{g}": {f"state_{s}": 3 * g + s + 1 for s in range(3)} for g in range(5)}
    assert _sums(form) == ({f"kind_{g}": 9 * g + 6 for g in range(5)}, 120)
    assert texts_of(form) == {"unit": "教育局", "period": "6"}
    assert _forms(rows) == ()  # nor is it taken for annex 4


def test_a_form_of_one_group() -> None:
    one = HAZARDS.model_copy(update={"groups": HAZARDS.groups[:1]})
    rows: Rows = [["隐患类型", "用电"], ["状态", "发现", "整改"], ["起数", 3, 2]]
    (form,) = _forms(rows, rule=one)
    assert values_of(form) == {"kind_0": {"state_0": 3, "state_1": 2}}


def test_merges_that_make_no_sense_do_no_harm() -> None:
    strange: list[Span] = [(0, 0, 10**9, 10**9), (-5, -5, -1, -1), (9, 9, 2, 2), (4, 1, 4, 10**9)]
    form = _form(official(), strange)
    assert values_of(form)["above_scale"] == VALUES["above_scale"]

"""Cross tables: the form retyped with groups down and columns across; and which of two forms a table is."""

import pytest

from bot.model.forms import Cell, Count, Form, Grid
from bot.reading.choosing import forms_on
from bot.reading.matrix import forms_in
from bot.rules.forms import FormRule, Labelled
from tests import books
from tests.books import COUNTS, SUBTOTALS, TOTAL, VALUES, Rows, Span, moved, texts_of, turned, values_of
from tests.test_reading_matrix import HAZARD_GROUPS, HAZARD_STATES, HAZARDS

GROUPS: tuple[Cell, ...] = ("规模以上企业", "高危企业", "其他生产经营单位")
LEVELS: list[Cell] = ["一级", "二级", "三级", "其他"]
TITLE = "生产经营单位安全生产标准化达标情况表（截至2017年6月）"


def _lines(*, sums: bool = True, groups: tuple[Cell, ...] = GROUPS) -> Rows:
    """The table alone, with a column and a row of sums."""
    rows: Rows = [["类别", *LEVELS, *(["合计"] if sums else [])]]
    for n, (group, whole) in enumerate(zip(groups, (8, 4, 20), strict=True)):
        rows.append([group, *COUNTS[4 * n : 4 * n + 4], *([whole] if sums else [])])
    return [*rows, ["总计", 1, 3, 20, 8, 32]] if sums else rows


def _sheet(table: Rows | None = None, unit: str = "五图街道") -> Rows:
    return [
        [TITLE],
        [f"填报单位：{unit}", None, None, "填报时间：2017年7月3日"],
        *(table or _lines()),
        ["填报人：李明", None, None, "联系电话：0536-6221234"],
    ]


def _forms(rows: Rows, merges: tuple[Span, ...] = (), rule: FormRule = books.ANNEX4) -> tuple[Form, ...]:
    return forms_in(books.grid(rows, merges), rule, books.WORDS)


def _form(rows: Rows, merges: tuple[Span, ...] = ()) -> Form:
    (form,) = _forms(rows, merges)
    return form


def _sums(form: Form) -> tuple[dict[str, int | None], int | None]:
    return {group: count.value for group, count in form.subtotals.items()}, form.total.value if form.total else None


def test_groups_down_and_columns_across() -> None:
    form = _form(_sheet())
    assert values_of(form) == VALUES
    assert _sums(form) == (SUBTOTALS, TOTAL)
    assert texts_of(form) == {
        "period": "2017年6月",
        "unit": "五图街道",
        "filled_on": "2017年7月3日",
        "reporter": "李明",
        "phone": "0536-6221234",
    }
    assert form.counts["other"]["level_3"] == Count(12, "12", "D6")
    assert form.total == Count(32, "32", "F7")


def test_turned_it_has_columns_down_and_groups_across() -> None:
    form = _form(turned(_lines())[0])
    assert (values_of(form), _sums(form)) == (VALUES, (SUBTOTALS, TOTAL))
    assert form.counts["other"]["level_3"] == Count(12, "12", "D4")


def test_turned_under_an_upright_head() -> None:
    table = turned(_lines())[0]
    form = _form([[TITLE], ["填报单位：五图街道"], *table, ["填报人：李明", None, "联系电话：0536-6221234"]])
    assert (values_of(form), _sums(form)) == (VALUES, (SUBTOTALS, TOTAL))
    assert texts_of(form)["unit"] == "五图街道"
    assert texts_of(form)["reporter"] == "李明"


@pytest.mark.parametrize(("down", "right"), [(0, 3), (4, 0), (100, 30)])
def test_at_another_place(down: int, right: int) -> None:
    assert values_of(_form(moved(_sheet(), (), down, right)[0])) == VALUES


@pytest.mark.parametrize(
    "groups",
    [
        ("规上企业", "高危", "其它"),
        ("1.规模以上企业", "2.高危企业", "3.其他"),
        (" 规模以上 \n企业", "高危行业", "其他单位"),
    ],
)
def test_other_words_for_the_groups(groups: tuple[Cell, ...]) -> None:
    assert values_of(_form(_sheet(_lines(groups=groups)))) == VALUES


def test_without_sums_there_are_none() -> None:
    form = _form(_sheet(_lines(sums=False)))
    assert values_of(form) == VALUES
    assert _sums(form) == ({}, None)


def test_one_number_in_the_row_of_sums_is_the_total() -> None:
    rows = _lines(sums=False)
    lasts: Rows = [["合计", None, None, None, 32], ["合计", 32]]
    for last in lasts:
        form = _form(_sheet([*rows, last]))
        assert (values_of(form), _sums(form)) == (VALUES, ({}, 32))


def test_sums_of_the_columns_are_no_total() -> None:
    form = _form(_sheet([*_lines(sums=False), ["合计", 1, 3, 20, 8]]))
    assert (values_of(form), _sums(form)) == (VALUES, ({}, None))


def test_a_head_of_two_rows_and_a_running_number() -> None:
    rows: Rows = [["序号", "类别", "达标等级", None, None, None, "合计"], [None, None, *LEVELS]]
    rows += [[n + 1, *line] for n, line in enumerate(_lines()[1:-1])]
    form = _form(_sheet(rows), ((2, 2, 2, 5), (2, 6, 3, 6), (2, 0, 3, 0), (2, 1, 3, 1)))
    assert (values_of(form), _sums(form)) == (VALUES, (SUBTOTALS, None))


def test_groups_in_another_order_and_empty_rows_between() -> None:
    head, above, risk, other, last = _lines()
    assert values_of(_form(_sheet([head, other, [], above, risk, [], last]))) == VALUES


def test_what_is_doubtful_stays_so_with_its_place() -> None:
    rows = _sheet()
    rows[3][1:5] = ["约5", None, "５家", "—"]
    assert list(_form(rows).counts["above_scale"].values()) == [
        Count(None, "约5", "B4", "words"),
        Count(None, "", "C4", "blank"),
        Count(5, "５家", "D4"),
        Count(0, "—", "E4"),
    ]


def test_a_missing_group_is_missing() -> None:
    rows = _sheet()
    del rows[4]
    assert values_of(_form(rows)) == {group: row for group, row in VALUES.items() if group != "high_risk"}


def test_a_blank_cross_table_is_blank() -> None:
    rows: Rows = [["类别", *LEVELS], *[[group] for group in GROUPS]]
    counts = [count for row in _form(_sheet(rows)).counts.values() for count in row.values()]
    assert {count.doubt for count in counts} == {"blank"}
    assert len(counts) == 12


def test_of_new_and_cumulative_rows_the_labelled_ones_count() -> None:
    rows: Rows = [["类别", None, *LEVELS]]
    for line in _lines()[1:-1]:
        rows += [[line[0], "本月新增", 9, 9, 9, 9], [None, "累计完成数量", *line[1:5]]]
    assert values_of(_form(_sheet(rows))) == VALUES


def test_of_two_rows_without_a_label_none_is_guessed_and_the_sender_is_asked() -> None:
    rows: Rows = [
        ["类别", *LEVELS],
        ["规模以上企业", 1, 1, 1, 1],
        [None, 2, 2, 2, 2],
        ["高危企业", 3, 3, 3, 3],
        ["其他", 4, 4, 4, 4],
    ]
    form = _form(_sheet(rows))
    assert form.confidence == "confirm"
    assert [(r.target[1], r.read.written, [o.written for o in r.others]) for r in form.rivals] == [
        ("above_scale", "1", ["2"])
    ] * 4


def test_two_under_each_other_and_two_side_by_side() -> None:
    below = _forms([*_sheet(), [], *_sheet(unit="朱刘街道")])
    assert [texts_of(form)["unit"] for form in below] == ["五图街道", "朱刘街道"]
    assert [values_of(form) for form in below] == [VALUES, VALUES]
    blank: list[Cell] = [None]
    other = _sheet(unit="朱刘街道")
    beside = _forms([a + blank * (7 - len(a)) + b for a, b in zip(_sheet(), other, strict=True)])
    assert [texts_of(form)["unit"] for form in beside] == ["五图街道", "朱刘街道"]
    assert [_sums(form) for form in beside] == [(SUBTOTALS, TOTAL)] * 2


def test_two_blank_ones_under_each_other_are_not_read_crosswise() -> None:
    rows: Rows = [["类别", *LEVELS], *[[group] for group in GROUPS]]
    assert [len(form.counts) for form in _forms([*rows, [], *rows])] == [3, 3]


def test_a_list_of_enterprises_is_no_cross_table() -> None:
    assert _forms([["序号", "一级", "二级"], [1, "某厂", "某矿"], ["备注", "高危", None]]) == ()
    assert _forms([["一级", "二级", "三级", "其他"], [1, 2, 3, 4]]) == ()


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_form_that_the_code_has_never_seen(is_turned: bool) -> None:
    rows: Rows = [["隐患类型", *HAZARD_STATES, "小计"]]
    rows += [[label, 3 * n + 1, 3 * n + 2, 3 * n + 3, 9 * n + 6] for n, label in enumerate(HAZARD_GROUPS)]
    rows.append(["总数", 35, 40, 45, 120])
    (form,) = _forms(turned(rows)[0] if is_turned else rows, rule=HAZARDS)
    assert values_of(form) == {f"kind_{g}": {f"state_{s}": 3 * g + s + 1 for s in range(3)} for g in range(5)}
    assert _sums(form) == ({f"kind_{g}": 9 * g + 6 for g in range(5)}, 120)


# Which form it is


def _larger(title: str = "安全生产标准化达标季报表") -> FormRule:
    """A form that has all words of annex 4, and one column more."""
    columns = (*books.ANNEX4.columns, Labelled(id="level_0", label="特级"))
    return books.ANNEX4.model_copy(update={"id": "larger", "title": title, "columns": columns})


def _chosen(rows: Rows, *rules: FormRule) -> list[str]:
    return [form.form for form in forms_on(books.grid(rows), {rule.id: rule for rule in rules}, books.WORDS)]


def _with_special_level() -> Rows:
    return [[*row[:1], "特级" if n == 0 else 0, *row[1:]] for n, row in enumerate(_lines(sums=False))]


@pytest.mark.parametrize("order", [1, -1])
def test_the_form_that_explains_more_of_a_table_is_the_one(order: int) -> None:
    rules = [books.ANNEX4, _larger()][::order]
    assert _chosen(_lines(), *rules) == ["annex4"]
    assert _chosen(_with_special_level(), *rules) == ["larger"]
    assert _chosen(books.official(), *rules) == ["annex4"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_forms_with_the_same_words_the_title_decides(order: int) -> None:
    twin = books.ANNEX4.model_copy(update={"id": "twin", "title": "安全生产标准化达标季报表"})
    rules = [books.ANNEX4, twin][::order]
    assert _chosen(_sheet(), *rules) == ["annex4"]
    assert _chosen([["安全生产标准化达标季报表"], *_sheet()[1:]], *rules) == ["twin"]


def test_two_tables_of_two_forms_on_one_sheet_are_both_read() -> None:
    assert _chosen([*_lines(), [], [], *_with_special_level()], books.ANNEX4, _larger()) == ["annex4", "larger"]
    hazards: Rows = [["隐患排查治理月报表"], ["隐患类型", *HAZARD_STATES]]
    hazards += [[label, 1, 2, 3] for label in HAZARD_GROUPS]
    assert sorted(_chosen([*_sheet(), [], *hazards], books.ANNEX4, HAZARDS)) == ["annex4", "hazards"]


def test_two_tables_of_a_word_file_are_told_apart() -> None:
    # given two tables whose cells are called the same, because each is counted from its own first row
    rows = [*_lines(), [], *_with_special_level()]
    first = len(_lines())
    grid = Grid("Word", tuple(map(tuple, rows)), (), ((0, first - 1), (first + 1, len(rows) - 1)))
    rules = {"annex4": books.ANNEX4, "larger": _larger()}
    assert [form.form for form in forms_on(grid, rules, books.WORDS)] == ["annex4", "larger"]

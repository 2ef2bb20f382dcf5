"""What a number could also be: a label decides, or the sender is asked; never is the other number taken as exact."""

from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot import PROJECT
from bot.deciding.findings import rivals_told
from bot.deciding.rowchecks import check_rows
from bot.model.forms import Cell, Doubt, Form, Grid
from bot.reading.cells import a1
from bot.reading.choosing import forms_on
from bot.reading.documents import numbers_of, rows_of
from bot.rules.load import load_file
from bot.rules.words import Words
from tests import books
from tests.books import COUNTS, VALUES, Rows, official, turned, values_of

LEVELS: list[Cell] = ["一级", "二级", "三级", "其他"]
GROUPS: list[Cell] = ["规模以上企业", "高危企业", "其他生产经营单位"]
OLD = (0, 1, 4, 1, 1, 0, 2, 0, 0, 0, 10, 6)
FRESH = (0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 2, 1)
PLAIN = [row for n, row in enumerate(official()) if n not in (6, 7, 8)]  # head, headings and foot

numbers = st.lists(st.integers(0, 60), min_size=12, max_size=12)


def _forms(rows: Rows, doubts: tuple[Doubt, ...] = ()) -> tuple[Form, ...]:
    grid = Grid("Sheet1", tuple(map(tuple, rows)), (), None, doubts)
    return forms_on(grid, {"annex4": books.ANNEX4}, books.WORDS)


def _form(rows: Rows, doubts: tuple[Doubt, ...] = ()) -> Form:
    (form,) = _forms(rows, doubts)
    return form


def _upright(*lines: list[Cell]) -> Rows:
    return [*PLAIN[:6], *lines, PLAIN[6]]


def _cross(*lines: tuple[Cell, list[int]]) -> Rows:
    """Groups down the side, each with the rows of all lines, named in a column of their own."""
    rows: Rows = [
        ["生产经营单位安全生产标准化达标情况表"],
        ["（截至6月）"],
        ["填报单位：五图街道", None, "填报时间：2017年7月3日"],
    ]
    rows.append(["类别", None, *LEVELS])
    for n, group in enumerate(GROUPS):
        for k, (label, counts) in enumerate(lines):
            rows.append([group if not k else None, label, *counts[4 * n : 4 * n + 4]])
    return [*rows, ["填报人：李明", None, None, "联系电话：0536-6221234"]]


def _as(layout: str, *lines: tuple[Cell, list[int]]) -> Rows:
    if layout == "cross":
        return _cross(*lines)
    rows = _upright(*([label, *counts] for label, counts in lines))
    return rows if layout == "upright" else turned(rows)[0]


def _read(form: Form) -> list[int | None]:
    return [count for row in values_of(form).values() for count in row.values()]


layouts = st.sampled_from(["upright", "turned", "cross"])


@given(layouts, numbers)
@settings(max_examples=60, deadline=None)
def test_a_plain_form_is_exact(layout: str, counts: list[int]) -> None:
    form = _form(_as(layout, ("数量", counts)))
    assert (form.confidence, form.rivals, _read(form)) == ("exact", (), counts)


@given(layouts, numbers, numbers, st.sampled_from([None, "数量", "东村", "备用"]), st.booleans())
@settings(max_examples=120, deadline=None)
def test_a_second_line_that_no_label_tells_apart_is_asked(
    layout: str, counts: list[int], others: list[int], label: Cell, above: bool
) -> None:
    assume(any(others) and any(counts) and others != list(range(1, 13)) != counts)
    lines: list[tuple[Cell, list[int]]] = [("数量", counts), (label, others)]
    form = _form(_as(layout, *(reversed(lines) if above else lines)))
    assert form.confidence == "confirm" or _read(form) == counts == others
    differ = [n for n, (a, b) in enumerate(zip(counts, others, strict=True)) if a != b]
    assert len(form.rivals) >= len(differ) or not form.rivals


@given(
    layouts,
    numbers,
    numbers,
    st.sampled_from(
        [
            ("上月累计数", "本月累计数"),
            ("5月", "6月"),
            ("2016年底", "2017年"),
            ("新增", "累计"),
            ("上月数量", "数量"),
            ("计划数", "数量"),
        ]
    ),
    st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_a_label_decides(
    layout: str, counts: list[int], others: list[int], labels: tuple[str, str], above: bool
) -> None:
    lines: list[tuple[Cell, list[int]]] = [(labels[1], counts), (labels[0], others)]
    form = _form(_as(layout, *(reversed(lines) if above else lines)))
    assert (_read(form), form.confidence) == (counts, "exact")


@given(layouts, numbers, st.integers(0, 11), st.sampled_from(["struck", "raised", "hidden", "uncomputed", "covered"]))
@settings(max_examples=120, deadline=None)
def test_a_marked_cell_is_asked(layout: str, counts: list[int], at: int, mark: str) -> None:
    assume(mark != "hidden" or counts[at])
    rows = _as(layout, ("数量", counts))
    plain = _form(rows)
    place = [count.place for row in plain.counts.values() for count in row.values()][at]
    row, column = next((r, c) for r in range(40) for c in range(20) if a1(r, c) == place)
    doubt = Doubt(row, column, mark, f"3{counts[at]}" if mark in ("struck", "raised", "covered") else "")  # type: ignore[arg-type]
    form = _form(rows, (doubt,))
    assert form.confidence == "confirm" and [rival.kind for rival in form.rivals] == [mark]


def test_a_struck_note_without_digits_and_an_uncomputed_sum_ask_nothing() -> None:
    form = _form(official(sums=(0, 0, 0), total=0), tuple(Doubt(7, c, "uncomputed") for c in (1, 5, 9)))
    assert form.confidence == "exact" and form.subtotals["other"].doubt == "blank"
    assert _form(official(), (Doubt(6, 3, "struck", "5家左右"),)).confidence == "exact"


def test_villages_are_the_whole_if_they_add_up_to_it_and_asked_if_not() -> None:
    villages: list[list[Cell]] = [["东村", *OLD], ["西村", *(a - b for a, b in zip(COUNTS, OLD, strict=True))]]
    for label in ("合计", "全街道", "总计", "五图街道"):
        form = _form(_upright(*villages, [label, *COUNTS]))
        assert (values_of(form), form.confidence) == (VALUES, "exact")
        wrong = _form(_upright(*villages, [label, *COUNTS[:11], 8]))
        assert wrong.confidence == "confirm"
    parts = _form(_upright(*villages))
    assert {count for row in values_of(parts).values() for count in row.values()} == {None}
    assert [(rival.kind, rival.read.line) for rival in parts.rivals] == [("parts", "东村、西村")]
    assert [other.written for other in parts.rivals[0].others] == ["0、2、5、1", "1、0、3、0", "0、1、12、7"]


@pytest.mark.parametrize("beside", [False, True])
def test_of_two_blocks_the_cumulative_one_is_the_form_s(beside: bool) -> None:
    head: Rows = [["生产经营单位安全生产标准化达标情况表"], ["（截至6月）"], ["填报单位：五图街道"]]
    wide: list[Cell] = [cell for group in GROUPS for cell in (group, None, None, None)]
    if beside:
        rows: Rows = [
            *head,
            ["", "新增数量", *[None] * 11, "累计数量"],
            ["类别", *wide, *wide],
            ["达标等级", *LEVELS * 6],
            ["数量", *FRESH, *COUNTS],
        ]
    else:
        rows = list(head)
        for name, counts in (("新增数量", FRESH), ("累计数量", COUNTS)):
            rows += [[name], ["类别", *wide], ["达标等级", *LEVELS * 3], ["数量", *counts]]
    form = _form(rows)
    assert (values_of(form), form.confidence) == (VALUES, "exact")


def test_two_sheets_of_one_month_are_decided_by_their_names_or_asked() -> None:
    rules = books.RULES
    may, june = official(OLD, sums=(6, 3, 16), total=25), official()
    named = numbers_of([books.grid(may, (), "5月"), books.grid(june, (), "6月")], rules)
    assert [(values_of(form), form.confidence) for form in named] == [(VALUES, "exact")]
    (asked,) = numbers_of([books.grid(may, (), "Sheet1"), books.grid(june, (), "Sheet2")], rules)
    assert asked.confidence == "confirm" and asked.rivals


def test_a_sum_that_agrees_decides_nothing() -> None:
    # the first line has sums that agree, the second has none
    form = _form([*official()[:7], [None, *OLD], *official()[7:]])
    assert form.confidence == "confirm"


WITHIN = [
    ("本月", "累计"),
    ("新增", "本年累计"),
    ("5月", "6月"),
    ("上月", "本月累计"),
    ("截至上月", "截至6月"),
    ("6月", "1-6月"),
]


@given(st.sampled_from(WITHIN), st.booleans(), st.booleans(), st.sampled_from(["upright", "cross", "down"]), numbers)
@settings(max_examples=80, deadline=None)
def test_a_heading_may_have_what_decides_in_front_or_behind(
    labels: tuple[str, str], front: bool, first: bool, layout: str, counts: list[int]
) -> None:
    others = [n + 1 for n in counts]
    pair = [(labels[0], others), (labels[1], counts)]
    pair = pair if first else pair[::-1]
    heads = [label + str(level) if front else str(level) + label for level in LEVELS for label, _ in pair]
    values = [values[n] for n in range(12) for _, values in pair]
    rows: Rows = [["生产经营单位安全生产标准化达标情况表"], ["（截至6月）"], ["填报单位：五图街道"]]
    if layout == "upright":
        rows += [["类别", *(cell for group in GROUPS for cell in (group, *[None] * 7))], ["达标等级", *heads * 3]]
        rows += [["数量", *values]]
    elif layout == "cross":
        rows += [["类别", *heads], *([group, *values[8 * n : 8 * n + 8]] for n, group in enumerate(GROUPS))]
    else:
        rows += [["类别", "达标等级", "数量"]]
        rows += [[GROUPS[n // 8] if not n % 8 else None, heads[n % 8], value] for n, value in enumerate(values)]
    form = _form(rows)
    assert (_read(form), form.confidence) == (counts, "exact")


@pytest.mark.parametrize("labels", [("截至上月", "本月新增"), ("本月新增", "截至上月")])
def test_what_is_there_up_to_last_month_and_what_came_since_is_asked(labels: tuple[str, str]) -> None:
    wide: list[Cell] = [cell for group in GROUPS for cell in (group, None, None, None)]
    rows: Rows = [["生产经营单位安全生产标准化达标情况表"], ["（截至6月）"], ["填报单位：五图街道"]]
    rows += [["", labels[0], *[None] * 11, labels[1]], ["类别", *wide, *wide], ["达标等级", *LEVELS * 6]]
    form = _form([*rows, ["数量", *OLD, *FRESH]])
    assert form.confidence == "confirm"


def test_what_is_in_doubt_for_one_reason_is_told_by_one_sentence() -> None:
    rule, words = books.ANNEX4, books.WORDS.rivals
    hidden = _form(_upright(["数量", *COUNTS]), tuple(Doubt(6, c, "hidden", "") for c in range(1, 13)))
    ((place, sentence),) = rivals_told(hidden.rivals, rule, words)
    # a 0 that is not shown is as good as nothing
    assert place == "C7至M7" and "等8个数" in sentence and "2、5、1、1、3、1、12、7" in sentence
    beside = _form(_upright(["数量", *COUNTS], [None, *OLD]))
    ((_, sentence),) = rivals_told(beside.rivals, rule, words)
    assert "等6个数”读作“2、5、3、1、12、7”" in sentence and "C8至M8写的是“1、4、2、0、10、6”" in sentence
    two = _form(_upright(["数量", *COUNTS]), tuple(Doubt(6, c, "hidden", "") for c in (2, 5)))
    assert [place for place, _ in rivals_told(two.rivals, rule, words)] == ["C7", "F7"]


def test_a_folder_of_before_these_words_goes_on_with_those_of_the_program(tmp_path: Path) -> None:
    shipped = (PROJECT / "rules" / "words.toml").read_text(encoding="utf-8")
    own = tmp_path / "words.toml"
    own.write_text(shipped[: shipped.index("[lines]")] + '[rivals]\njoin = "；"\n', encoding="utf-8")
    words = load_file(own, Words)
    assert words.lines == books.WORDS.lines and words.rivals.join == "；"
    assert words.rivals.span == books.WORDS.rivals.span


def test_rows_of_a_register_that_are_hidden_or_struck_out_are_told() -> None:
    rule = books.RULES.registers["annex2"]
    head: list[Cell] = ["序号", *(column.label for column in rule.row)]
    rows: Rows = [[rule.title], ["填报单位：五图街道"], [rule.groups[0].label], head]
    filled: Rows = [[n, f"昌乐{n}厂", "李明", 5, "化工", None] for n in (1, 2, 3)]
    rows += [*filled, [4, None, None, None, None, None]]
    hidden = [Doubt(4, column, "hidden") for column in (1, 2, 3)]
    struck = [Doubt(6, 3, "struck", "35"), Doubt(7, 1, "struck", "昌乐4厂"), Doubt(7, 3, "struck", "6")]
    grid = Grid("Sheet1", tuple(map(tuple, rows)), (), None, (*hidden, *struck))
    (form,) = rows_of([grid], books.RULES)
    assert [(rival.kind, rival.read.written, rival.read.place) for rival in form.rivals] == [
        ("rows_hidden", "1", "B5"),
        ("rows_struck", "2", "B7"),
    ]
    assert len(form.rows or ()) == 3
    said = [f for f in check_rows(form, rule, books.WORDS, {}) if f.check == "rival"]
    assert [f.severity for f in said] == ["warning", "warning"]
    assert "“规模以上”中有1行已被隐藏或筛掉（昌乐1厂等）" in said[0].message and "昌乐4厂" in said[1].message

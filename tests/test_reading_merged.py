"""A number in a merged cell belongs to one column and one row, or to nobody."""

from collections.abc import Callable, Sequence

import pytest

from bot.deciding.checks import Context, check, numbers_of
from bot.model.forms import Count, Form
from bot.reading.matrix import forms_in
from tests.books import ANNEX4, COUNTS, MERGES, VALUES, WORDS, Rows, Span, grid, official, turned, values_of

NUMBERS = 6  # the row of the numbers in the official layout
Layout = Callable[[Rows, Sequence[Span]], tuple[Rows, list[Span]]]
layouts = pytest.mark.parametrize(
    "layout", [lambda rows, merges: (rows, list(merges)), turned], ids=["upright", "turned"]
)


def _form(rows: Rows, merges: Sequence[Span]) -> Form:
    (form,) = forms_in(grid(rows, merges), ANNEX4, WORDS)
    return form


def _cross() -> Rows:
    levels: Rows = [[label, *COUNTS[4 * n : 4 * n + 4]] for n, label in enumerate(("规模以上企业", "高危企业", "其他"))]
    return [["生产经营单位安全生产标准化达标情况表"], ["类别", "一级", "二级", "三级", "其他"], *levels]


@layouts
def test_a_number_over_the_columns_of_a_category_is_no_level_s(layout: Layout) -> None:
    # given 8, 4 and 20, each merged over the four columns of its category, and sums that agree
    rows = official([8, None, None, None, 4, None, None, None, 20, None, None, None])
    over: list[Span] = [(NUMBERS, first, NUMBERS, first + 3) for first in (1, 5, 9)]
    form = _form(*layout(rows, [*MERGES, *over]))
    # then no level is known, and each of the twelve says why
    assert {count.doubt for row in form.counts.values() for count in row.values()} == {"merged"}
    place = "B7" if layout is not turned else "G2"
    assert set(form.counts["above_scale"].values()) == {Count(None, "8", place, "merged")}
    found = check(form, numbers_of(form, ANNEX4), Context(ANNEX4, WORDS))
    assert [f.case for f in found if f.check == "count"] == ["merged"] * 12


@layouts
def test_only_the_columns_under_the_merge_are_in_doubt(layout: Layout) -> None:
    rows = official([0, 2, 6, None, *COUNTS[4:]])
    form = _form(*layout(rows, [*MERGES, (NUMBERS, 3, NUMBERS, 4)]))
    above = form.counts["above_scale"]
    assert [c.doubt for c in above.values()] == [None, None, "merged", "merged"]
    assert values_of(form)["other"] == VALUES["other"]


@layouts
def test_a_number_over_two_labelled_rows_is_neither_s(layout: Layout) -> None:
    rows = official()
    rows.insert(NUMBERS, ["上月", *COUNTS])
    rows[NUMBERS + 1][3] = None
    lower = [(a + (a > 5), b, c + (c > 5), d) for a, b, c, d in MERGES]
    form = _form(*layout(rows, [*lower, (NUMBERS, 3, NUMBERS + 1, 3)]))
    assert form.counts["above_scale"]["level_3"].doubt == "merged"


@layouts
def test_cells_as_high_as_their_label_and_as_wide_as_their_heading_are_read(layout: Layout) -> None:
    # given 数量 and every number over two rows, and every level over two columns
    wide: Rows = [[cell for value in row for cell in (value, None)] for row in official()]
    wide.insert(NUMBERS + 1, [])
    merges: list[Span] = [(a + (a > 6), 2 * b, c + (c > 6), 2 * d + 1) for a, b, c, d in MERGES]
    merges += [(5, 2 * n, 5, 2 * n + 1) for n in range(13)]
    merges += [(NUMBERS, 2 * n, NUMBERS + 1, 2 * n + 1) for n in range(13)]
    assert values_of(_form(*layout(wide, merges))) == VALUES


@layouts
def test_in_a_cross_table_a_number_over_two_categories_is_neither_s(layout: Layout) -> None:
    rows = _cross()
    rows[3][3] = None
    form = _form(*layout(rows, [(2, 3, 3, 3)]))
    assert [form.counts[g]["level_3"].doubt for g in ("above_scale", "high_risk", "other")] == [
        "merged",
        "merged",
        None,
    ]


def test_a_form_without_words_for_it_says_it_in_those_for_any_number() -> None:
    rule = ANNEX4.model_copy(update={"checks": tuple(c for c in ANNEX4.checks if c.case != "merged")})
    form = _form(official([8, *[None] * 3, *COUNTS[4:]]), [*MERGES, (NUMBERS, 1, NUMBERS, 4)])
    found = check(form, numbers_of(form, rule), Context(rule, WORDS))
    assert [(f.check, f.case) for f in found][:4] == [("count", "")] * 4

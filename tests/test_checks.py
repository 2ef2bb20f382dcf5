"""The checks of the twelve numbers, each at its limits; and that no number comes from nowhere."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.deciding.adding import total
from bot.deciding.checks import Context, check, numbers_of
from bot.model.deciding import Accepted, Finding, Numbers
from bot.model.forms import Cell, Form
from bot.rules.forms import FormRule
from tests.books import ANNEX4, COUNTS, WORDS
from tests.rosters import NUMBERS, accepted, form, numbers

BLANK: list[Cell] = [None] * 12


def found(
    given_form: Form,
    earlier: Accepted | None = None,
    base: Mapping[str, int] | None = None,
    rule: FormRule = ANNEX4,
) -> tuple[Finding, ...]:
    return check(given_form, numbers_of(given_form, rule), Context(rule, WORDS, earlier, base))


def ids(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(f.check, f.severity, f.place) for f in findings]


def counts(**changes: Cell) -> list[Cell]:
    """COUNTS with some changed: c1 to c12."""
    return [changes.get(f"c{i}", value) for i, value in enumerate(COUNTS, start=1)]


def test_a_right_form_has_its_numbers_and_no_finding() -> None:
    assert numbers_of(form(), ANNEX4) == NUMBERS
    assert found(form()) == ()


# required, count


@pytest.mark.parametrize("written", ["5", "５", "5家", "五", "5.0", " 5 ", "共5家", "伍", "5 家", 5, 5.0, "05"])
def test_five_however_it_is_written(written: Cell) -> None:
    # given five in the third cell, where the sums count it
    assert numbers_of(form(counts(c3=written)), ANNEX4) == NUMBERS
    assert found(form(counts(c3=written))) == ()


@pytest.mark.parametrize("written", ["—", "——", "无", "零", "〇", "没有", "/", "0", "０", "0家", 0, 0.0])
def test_none_however_it_is_written(written: Cell) -> None:
    assert numbers_of(form(counts(c1=written)), ANNEX4) == NUMBERS
    assert found(form(counts(c1=written))) == ()


@pytest.mark.parametrize(
    "written", ["约5", "5-6", "五六", "很多", -5, "-5", "5.5", 5.5, "5+2", True, "负五", 10_000_001, "5²"]
)
def test_what_is_no_whole_number_is_an_error_at_its_cell(written: Cell) -> None:
    given_form = form(counts(c3=written))
    assert "level_3" not in numbers_of(given_form, ANNEX4)["above_scale"]
    findings = found(given_form)
    assert ids(findings) == [("count", "error", "D7")]
    assert "“规模以上企业·三级”" in findings[0].message
    assert f"“{given_form.counts['above_scale']['level_3'].written}”" in findings[0].message


@pytest.mark.parametrize("written", [None, "", "  ", "-", "空", "家", "#REF!"])
def test_a_blank_cell_is_asked_for_where_no_sum_agrees(written: Cell) -> None:
    # given no sums on the form, and a cell left blank
    given_form = form(counts(c3=written), (None, None, None), None)
    assert ids(found(given_form)) == [("required", "error", "D7")]
    assert "level_3" not in numbers_of(given_form, ANNEX4)["above_scale"]


def test_a_blank_cell_is_nothing_where_its_sum_agrees() -> None:
    # given the zeros of the second category left out, as people do, and the sums right
    given_form = form(counts(c6=None, c8=None))
    assert numbers_of(given_form, ANNEX4) == NUMBERS
    assert found(given_form) == ()


def test_a_blank_cell_is_nothing_where_only_the_total_agrees() -> None:
    given_form = form(counts(c1=None, c6=None, c9=None), (None, None, None))
    assert numbers_of(given_form, ANNEX4) == NUMBERS
    assert found(given_form) == ()


def test_a_blank_cell_whose_sum_says_otherwise_is_asked_for() -> None:
    # given two left out of the first category, which says 8 all the same
    given_form = form(counts(c2=None))
    assert ids(found(given_form)) == [("required", "error", "C7")]


def test_the_total_alone_fills_no_blanks_beside_a_doubtful_cell() -> None:
    given_form = form(counts(c1=None, c3="约5"), (None, None, None), 27)
    assert ids(found(given_form)) == [("required", "error", "B7"), ("count", "error", "D7")]


def test_a_category_that_says_otherwise_is_an_error_though_the_total_agrees() -> None:
    # given the blanks of a category that claims 9, and a total that counts only what is written
    given_form = form(counts(c5=None, c6=None, c7=None, c8=None), (8, 9, 20), 28)
    assert ids(found(given_form)) == [("subtotal", "error", "F8")]


@pytest.mark.parametrize("sums", [(0, 0, 0), (None, None, None), ("—", "—", "—")])
@pytest.mark.parametrize("total", [0, None, "0"])
def test_an_empty_form_is_no_twelve_zeros(sums: tuple[Cell, ...], total: Cell) -> None:
    # given the workbook that the bot sent, saved as it was: its formulas add nothing up to 0
    given_form = form(BLANK, sums, total)
    # then nobody has reported zeros: each cell is asked for
    assert numbers_of(given_form, ANNEX4) == {"above_scale": {}, "high_risk": {}, "other": {}}
    assert [f.check for f in found(given_form)] == ["required"] * 12


def test_twelve_zeros_that_were_written_are_a_report() -> None:
    given_form = form([0] * 12, (0, 0, 0), 0)
    assert numbers_of(given_form, ANNEX4) == numbers(*[0] * 12)
    assert found(given_form) == ()


def test_a_category_left_blank_beside_filled_ones_is_nothing_where_its_sum_is_0() -> None:
    given_form = form([0, 2, 5, 1, None, None, None, None, 0, 1, 12, 7], (8, 0, 20), 28)
    assert numbers_of(given_form, ANNEX4)["high_risk"] == dict.fromkeys(NUMBERS["high_risk"], 0)
    assert found(given_form) == ()


def test_a_header_that_is_missing_is_asked_for_without_a_place() -> None:
    whole = form()
    cells = {g: {c: n for c, n in row.items() if (g, c) != ("other", "level_2")} for g, row in whole.counts.items()}
    given_form = Form("annex4", "Sheet1", whole.fields, cells, whole.subtotals, whole.total)
    assert ids(found(given_form)) == [("required", "error", "")]


def test_a_group_that_is_missing_is_asked_for() -> None:
    whole = form()
    cells = {g: row for g, row in whole.counts.items() if g != "other"}
    given_form = Form("annex4", "Sheet1", whole.fields, cells, {}, None)
    assert [f.check for f in found(given_form)] == ["required"] * 4


# subtotal, total


def test_a_wrong_sum_names_what_is_written_and_what_it_should_be() -> None:
    findings = found(form(sums=(8, 5, 20)))
    assert ids(findings) == [("subtotal", "error", "F8")]
    assert findings[0].message == "“高危企业合计”写的是5，而该类各等级相加为4，请核对。"


def test_a_wrong_total() -> None:
    findings = found(form(total=33))
    assert ids(findings) == [("total", "error", "B9")]
    assert findings[0].message == "“总计”写的是33，而各类数量相加为32，请核对。"


def test_the_total_is_compared_with_the_numbers_and_not_with_the_sums() -> None:
    # given sums that are wrong, and a total that adds up the wrong sums
    assert ids(found(form(sums=(9, 4, 20), total=33))) == [("subtotal", "error", "B8"), ("total", "error", "B9")]


@pytest.mark.parametrize("blank", [None, "", " ", "-"])
def test_sums_that_are_not_stated_are_not_missed(blank: Cell) -> None:
    assert found(form(sums=(blank, blank, blank), total=blank)) == ()


@pytest.mark.parametrize("stated", ["8家", "八", "８", 8.0, "共8家"])
def test_a_sum_may_be_written_as_a_number_may(stated: Cell) -> None:
    assert found(form(sums=(stated, 4, 20))) == ()


@pytest.mark.parametrize("stated", ["约8", "8.5", -8, "多"])
def test_a_sum_that_is_no_number_is_an_error(stated: Cell) -> None:
    assert ids(found(form(sums=(stated, 4, 20)))) == [("subtotal", "error", "B8")]


def test_sums_over_an_uncertain_number_are_not_compared() -> None:
    # given one cell in doubt, its category's sum wrong as well, and another category's
    findings = found(form(counts(c3="约5"), (99, 99, 20), 99))
    assert ids(findings) == [("count", "error", "D7"), ("subtotal", "error", "F8")]


# decreased, jump


def other_only(*values: int) -> Numbers:
    """Numbers of which only the third category counts."""
    return numbers(*[0] * 8, *values)


def grown(last: Numbers | None, now: Numbers, rule: FormRule = ANNEX4, base: Mapping[str, int] | None = None) -> Any:
    flat = [n for row in now.values() for n in row.values()]
    given_form = form(flat, (None, None, None), None)
    return found(given_form, accepted(last, "2017-05") if last is not None else None, base, rule)


def test_a_category_that_shrinks_is_a_warning_with_both_numbers() -> None:
    findings = grown(other_only(0, 1, 12, 7), other_only(0, 1, 11, 7))
    assert ids(findings) == [("decreased", "warning", "J8")]
    assert "累计为19家" in findings[0].message
    assert "截至2017年5月）的20家减少1家" in findings[0].message


def test_levels_may_move_up_inside_a_category() -> None:
    # given enterprises that rose from the third level to the first: each level alone has changed
    assert grown(other_only(0, 1, 12, 7), other_only(12, 1, 0, 7)) == ()


def test_a_category_shrinks_though_the_whole_grows() -> None:
    last, now = numbers(5, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0), numbers(4, 0, 0, 0, 9, 0, 0, 0, 5, 0, 0, 0)
    findings = grown(last, now)
    assert [f.check for f in findings] == ["decreased"]
    assert "规模以上企业" in findings[0].message


def test_equal_numbers_are_no_decrease() -> None:
    assert grown(NUMBERS, NUMBERS) == ()


def test_nothing_to_compare_with() -> None:
    assert grown(None, other_only(0, 0, 0, 1_000)) == ()


@pytest.mark.parametrize(
    ("last", "now", "unlikely"),
    [
        (10, 30, False),  # exactly factor 3
        (10, 31, True),
        (5, 24, False),  # more than 3 times, by 19
        (5, 25, True),  # by exactly at_least 20
        (100, 300, False),
        (100, 301, True),
        (0, 19, False),
        (0, 20, True),
        (1_000, 2_999, False),
        (7, 7, False),
    ],
)
def test_an_unlikely_growth(last: int, now: int, unlikely: bool) -> None:
    findings = grown(other_only(0, 0, 0, last), other_only(0, 0, 0, now))
    assert ids(findings) == ([("jump", "warning", "J8")] if unlikely else [])
    if unlikely:
        assert f"累计为{now}家" in findings[0].message
        assert f"的{last}家增加{now - last}家" in findings[0].message


def before_later(
    later: int, now: int, current: int | None = None, rule: FormRule = ANNEX4
) -> list[tuple[str, str, str]]:
    """What is found in June's number, while July's is on record, and perhaps an earlier version of June's."""
    given_form = form([*[0] * 11, now], (None, None, None), None)
    july = accepted(other_only(0, 0, 0, later), "2017-07")
    june = None if current is None else accepted(other_only(0, 0, 0, current), "2017-06")
    context = Context(rule, WORDS, later=july, current=june)
    return [(f.check, f.case, f.message) for f in check(given_form, numbers_of(given_form, rule), context)]


@pytest.mark.parametrize(
    ("later", "now", "current", "expected"),
    [
        (20, 20, None, []),
        (20, 21, None, [("decreased", "later")]),  # June comes after July, and exceeds it
        (20, 21, 19, [("decreased", "later")]),  # a correction that makes it so
        (20, 25, 21, [("decreased", "later")]),  # or worse
        (20, 21, 25, []),  # or better: July was asked about when it came
        (20, 21, 21, []),
        (100, 33, None, [("jump", "later")]),
        (100, 34, None, []),
        (19, 0, None, []),  # below at_least
        (100, 20, 34, [("jump", "later")]),
        (100, 30, 20, []),
    ],
)
def test_an_earlier_month_is_held_against_the_later_one_that_is_there(
    later: int, now: int, current: int | None, expected: list[tuple[str, str]]
) -> None:
    findings = before_later(later, now, current)
    assert [(check_id, case) for check_id, case, _ in findings] == expected
    for _, _, message in findings:
        assert f"累计为{now}家" in message
        assert f"（截至2017年7月）的{later}家" in message
        assert f"{abs(now - later)}家" in message


def test_a_later_month_is_left_alone_where_the_rules_have_no_check_for_it() -> None:
    plain = tuple(c for c in ANNEX4.checks if c.case != "later")
    assert before_later(20, 25, rule=ANNEX4.model_copy(update={"checks": plain})) == []


def changed(check_id: str, **changes: Any) -> FormRule:
    checks = tuple(c.model_copy(update=changes) if c.id == check_id else c for c in ANNEX4.checks)
    return ANNEX4.model_copy(update={"checks": checks})


def without(check_id: str) -> FormRule:
    return ANNEX4.model_copy(update={"checks": tuple(c for c in ANNEX4.checks if c.id != check_id)})


def test_the_limits_of_a_jump_are_data() -> None:
    rule = changed("jump", factor=2.0, at_least=5)
    assert [f.check for f in grown(other_only(0, 0, 0, 5), other_only(0, 0, 0, 11), rule)] == ["jump"]
    assert grown(other_only(0, 0, 0, 5), other_only(0, 0, 0, 10), rule) == ()


def test_severity_is_data() -> None:
    findings = grown(other_only(0, 0, 0, 5), other_only(0, 0, 0, 4), changed("decreased", severity="error"))
    assert ids(findings) == [("decreased", "error", "J8")]


@pytest.mark.parametrize(
    ("check_id", "given_form"),
    [
        ("required", form([None, *COUNTS[1:]], (None, None, None), None)),
        ("count", form(["约", *COUNTS[1:]])),
        ("subtotal", form(sums=(9, 4, 20))),
        ("total", form(total=1)),
        ("reporter", form(reporter="")),
    ],
)
def test_a_check_that_the_rules_leave_out_is_not_made(check_id: str, given_form: Form) -> None:
    assert check_id in [f.check for f in found(given_form)]
    assert check_id not in [f.check for f in found(given_form, rule=without(check_id))]


def test_a_category_in_doubt_is_not_compared_with_the_last() -> None:
    findings = found(form(counts(c10="约1"), (8, 4, None), None), accepted(other_only(0, 0, 0, 99), "2017-05"))
    assert "decreased" not in [f.check for f in findings]


# exceeds_base


@pytest.mark.parametrize(("registered", "exceeded"), [(21, False), (20, False), (19, True), (0, True)])
def test_more_than_is_registered(registered: int, exceeded: bool) -> None:
    findings = found(form(), base={"other": registered})
    assert ids(findings) == ([("exceeds_base", "warning", "J8")] if exceeded else [])


def test_a_category_without_a_register_is_not_compared() -> None:
    assert found(form(), base={}) == ()
    assert [f.values["label"] for f in found(form(), base={"high_risk": 1})] == ["高危企业"]


# reporter


def test_who_filled_it_in_is_asked_for_with_a_warning() -> None:
    assert ids(found(form(reporter=""))) == [("reporter", "warning", "A10")]
    assert ids(found(form(phone=""))) == [("reporter", "warning", "A10")]
    assert ids(found(form(without=("reporter", "phone")))) == [("reporter", "warning", "")] * 2


# Nothing comes from nowhere.

CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.integers(-3, 40),
    st.sampled_from(["", "—", "5家", "五", "约5", "３", "无", "-", "5.5", "1,000", "空", "十二", "二十"]),
)
FORMS = st.builds(
    form,
    st.lists(CELLS, min_size=12, max_size=12),
    st.lists(CELLS, min_size=3, max_size=3),
    CELLS,
)


@settings(max_examples=150, deadline=None)
@example(form(BLANK, (0, 0, 0), 0))
@given(FORMS)
def test_no_number_comes_from_nowhere(given_form: Form) -> None:
    """What is not 0 was written in its cell; a 0 was written, or its cell is blank beside a sum that agrees."""
    given_numbers = numbers_of(given_form, ANNEX4)
    for group, row in given_numbers.items():
        stated = given_form.subtotals[group]
        assert given_form.total is not None
        agrees = stated.value == sum(row.values()) or given_form.total.value == total(given_numbers)
        for column, number in row.items():
            cell = given_form.counts[group][column]
            assert cell.value == number or (number == 0 and cell.doubt == "blank" and agrees)
    # and whatever was certain is there
    for group, cells in given_form.counts.items():
        for column, cell in cells.items():
            if cell.value is not None:
                assert given_numbers[group][column] == cell.value


@settings(max_examples=150, deadline=None)
@given(FORMS)
def test_a_form_without_an_error_adds_up(given_form: Form) -> None:
    errors = [f for f in found(given_form) if f.severity == "error"]
    given_numbers = numbers_of(given_form, ANNEX4)
    if not errors:
        # then it has all twelve numbers, and every sum that it states is theirs
        assert [len(row) for row in given_numbers.values()] == [4, 4, 4]
        for group, row in given_numbers.items():
            assert given_form.subtotals[group].value in (None, sum(row.values()))
        assert given_form.total is not None
        assert given_form.total.value in (None, total(given_numbers))
    else:
        assert all(f.message and "{" not in f.message for f in errors)


@settings(max_examples=60, deadline=None)
@given(FORMS)
def test_every_cell_that_lacks_a_number_is_named_once(given_form: Form) -> None:
    lacking = sum(4 - len(row) for row in numbers_of(given_form, ANNEX4).values())
    named = [f.place for f in found(given_form) if f.check in ("required", "count")]
    assert len(named) == len(set(named)) == lacking

"""Filters of the templates: dates in the office's zone, shares, wrapping by display width."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.exceptions import FilterArgumentError

from bot.letters.filters import TEXT_COLUMNS, date_filters, display_width, lay_out

FORMATS = {
    "month": "{year}/{month}",
    "day": "{month}.{day}",
    "fullday": "{year}-{month}-{day}",
    "moment": "{year}-{month}-{day} {hour:02}:{minute:02}",
    "percent": "{value}%",
}
FILTERS = date_filters(FORMATS, ZoneInfo("Asia/Shanghai"))


def test_a_time_is_written_in_the_offices_zone() -> None:
    # given the last minute of June 30th in London, which is July 1st in Beijing
    late = datetime(2017, 6, 30, 23, 59, tzinfo=UTC)
    # then every filter tells Beijing's day
    assert FILTERS["day"](late) == "7.1"
    assert FILTERS["fullday"](late) == "2017-7-1"
    assert FILTERS["moment"](late) == "2017-7-1 07:59"
    assert FILTERS["moment"](datetime(2017, 7, 5, 9, 5, tzinfo=timezone(timedelta(hours=-7)))) == "2017-7-6 00:05"


def test_a_date_is_written_as_it_is() -> None:
    assert FILTERS["day"](date(2017, 7, 5)) == "7.5"
    assert FILTERS["month"]("2017-06") == "2017/6"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("month", None),
        ("month", "2017-13"),
        ("month", "2017-6"),
        ("month", "2017-06-01"),
        ("month", 201706),
        ("day", None),
        ("day", "2017-07-05"),
        ("day", datetime(2017, 7, 5)),  # noqa: DTZ001 - the naive time is the bad input
        ("moment", date(2017, 7, 5)),
        ("percent", None),
        ("percent", "80"),
        ("percent", True),
        ("percent", float("nan")),
        ("share", None),
        ("share", True),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(name: str, value: object) -> None:
    with pytest.raises(FilterArgumentError, match="expected"):
        FILTERS[name](value)


@pytest.mark.parametrize(
    ("value", "written"),
    [(100, "100%"), (50.0, "50%"), (87.5, "87.5%"), (99.96, "99.9%"), (57.3, "57.3%"), (0, "0%"), (120.0, "120%")],
)
def test_percent_never_rounds_up(value: float, written: str) -> None:
    assert FILTERS["percent"](value) == written


@pytest.mark.parametrize(
    ("reached", "base", "written"),
    [(1, 3, "33.3%"), (2, 3, "66.7%"), (1999, 2000, "99.9%"), (3, 2, "150%"), (29, 50, "58%")],
)
def test_a_share_is_a_part_of_one(reached: int, base: int, written: str) -> None:
    assert FILTERS["share"](reached / base) == written


def test_display_width_counts_wide_characters_twice() -> None:
    assert display_width("A4") == 2
    assert display_width("附件4") == 5
    assert display_width("“一”") == 6
    assert display_width("e\u0301") == 1


def test_lines_are_wrapped_where_chinese_may_break() -> None:
    # given a sentence with a quotation, a date and closing marks
    text = "截至2017年6月的“规模以上企业”累计为7家，请核实。" * 5
    # when it is laid out
    lines = lay_out(text, 30).splitlines()
    # then nothing is lost, no line is too wide, none begins with a closing mark or ends with an opening one
    assert "".join(lines) == text
    assert all(display_width(line) <= 30 for line in lines)
    assert not any(line[0] in "，。”、）" or line[-1] in "“（" for line in lines)
    assert not any(line.endswith(("2017", "6")) or line.startswith(("年", "月", "家")) for line in lines)


def test_a_list_item_is_indented_under_its_text() -> None:
    first, *rest = lay_out("    1. " + "请核对" * 30).splitlines()
    assert first.startswith("    1. 请")
    assert rest and all(line.startswith(" " * 7) and line[7] in "请核对" for line in rest)


def test_a_long_address_stays_whole() -> None:
    address = "a" * 90 + "@town.example"
    assert f"{address}，" in lay_out(f"邮箱：{address}，请核对。").splitlines()[1]


def test_blank_lines_are_never_doubled_nor_left_at_the_ends() -> None:
    assert lay_out("\n\n\n甲  \n\n\n\n乙\n\n") == "甲\n\n乙\n"


@given(st.text(alphabet="甲乙，。“”（）12ab \n", max_size=300))
def test_wrapping_loses_nothing_but_blanks(text: str) -> None:
    laid_out = lay_out(text)
    assert "".join(laid_out.split()) == "".join(text.split())
    assert all(display_width(line) <= TEXT_COLUMNS or " " not in line.strip() for line in laid_out.splitlines())

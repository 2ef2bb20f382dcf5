"""How people write numbers, months, days and telephone numbers."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.forms import Cell
from bot.reading.numerals import whole, with_digits
from bot.reading.written import LARGEST, count, day, month, phone
from tests.books import WORDS

DIGITS = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (5, 5), (5.0, 5), (0, 0), ("5", 5), ("５", 5), (" 12 ", 12), ("１２", 12), ("5家", 5), ("5 家", 5),
        ("共32家", 32), ("共 32 家企业", 32), ("合计：8", 8), ("合计:８家", 8), ("五", 5), ("五家", 5), ("十", 10),
        ("十二", 12), ("二十", 20), ("二十一", 21), ("一百零五", 105), ("一百一十五", 115), ("一百十五", 115),
        ("两", 2), ("两百", 200), ("一千零五", 1005), ("一千零五十", 1050), ("壹拾贰", 12), ("5.0", 5), ("5.", 5),
        ("5．0", 5), ("1,024", 1024), ("1，024家", 1024), ("+5", 5), ("—", 0), ("——", 0), ("／", 0), ("/", 0),
        ("无", 0), ("〇", 0), ("没有", 0), ("零", 0), ("0家", 0), ("\u200b7\n", 7), (LARGEST, LARGEST),
        (12.000000000000002, 12), (11.999999999999998, 12), (-1e-17, 0), ("12.000000000000002", 12),
        ("\u202d5\u202c", 5), ("2\u2060", 2), ("\xad1", 1), ("\ufeff12\u200d家", 12), ("1\x002", 12),
        ("\U000e00207", 7),
    ],
)  # fmt: skip
def test_certain_numbers(cell: Cell, value: int) -> None:
    read = count(cell, "B7", WORDS)
    assert (read.value, read.doubt, read.place) == (value, None, "B7")


@pytest.mark.parametrize(
    ("cell", "doubt"),
    [
        (None, "blank"), ("", "blank"), ("  \u3000", "blank"), ("-", "blank"), ("－", "blank"), ("#REF!", "blank"),
        ("#ref!", "blank"), ("=", "blank"), ("家", "blank"), ("共　家", "blank"), (-5, "negative"), (-5.5, "negative"),
        ("-5", "negative"), ("－5家", "negative"), ("−5", "negative"), ("负五", "negative"), (5.5, "fraction"),
        ("5.5", "fraction"), ("5.5家", "fraction"), (".5", "fraction"), ("约5", "words"), ("5左右", "words"),
        ("五或六", "words"), ("五六", "words"), ("一百五", "words"), ("5-6", "words"), ("5～6", "words"),
        ("1 2", "words"), ("5+3", "words"), ("=B7", "words"), ("5%", "words"), ("5²", "words"), ("⑤", "words"),
        ("½", "words"), ("见附件", "words"), ("10,24", "words"), (True, "words"), (date(2017, 5, 1), "words"),
        (LARGEST + 1, "words"), (13800138000, "words"), ("13800138000", "words"), (float("nan"), "words"),
        (float("inf"), "words"), (float("-inf"), "negative"), (10**400, "words"), ("9" * 5000, "words"),
        ("٥", "words"), ("\u202e21", "words"), (12.0001, "fraction"),
        ("12.0001", "fraction"), ("1,2.0", "fraction"), ("-", "blank"), ("-x", "words"),
    ],
)  # fmt: skip
def test_doubts_are_no_numbers(cell: Cell, doubt: str) -> None:
    read = count(cell, "B7", WORDS)
    assert (read.value, read.doubt) == (None, doubt)


def test_what_was_written_is_kept_as_its_writer_saw_it() -> None:
    assert count(5.0, "A1", WORDS).written == "5"
    assert count(" 约5 ", "A1", WORDS).written == "约5"
    assert count(date(2017, 5, 1), "A1", WORDS).written == "2017-05-01"
    assert count(True, "A1", WORDS).written == "TRUE"
    assert count(20.000000000000004, "A1", WORDS).written == "20"
    assert len(count("长" * 5000, "A1", WORDS).written) == 200


@given(st.integers(0, 9999), st.sampled_from(["", "家", " 家", "个"]), st.sampled_from(["", "共", "合计：", " "]))
def test_any_number_is_read_however_it_is_dressed(number: int, after: str, before: str) -> None:
    wide = str(number).translate({ord("0") + n: ord("０") + n for n in range(10)})
    for text in (str(number), wide, f"{number:,}", f"{number}.0"):
        assert count(before + text + after, "A1", WORDS).value == number


@given(st.integers(1, 9999))
def test_chinese_numerals_there_and_back(number: int) -> None:
    assert whole(_spell(number)) == number


def _spell(number: int) -> str:
    """An independent speller: by places, with one 零 for a gap."""
    text, gap = "", False
    for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + unit
            gap = False
        else:
            gap = True
    return text


@pytest.mark.parametrize(
    "text", ["", "五六", "十十", "百", "一百五", "二一", "一零五", "零五", "一百零五十", "一万", "三百千", "五 "]
)
def test_what_no_one_number_is_spelt_like(text: str) -> None:
    assert whole(text) is None


def test_numerals_in_dates() -> None:
    assert with_digits("二〇一七年十二月三十一日") == "2017年12月31日"
    assert with_digits("十月二十日") == "10月20日"


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.booleans(), st.none(), st.dates()))
def test_nothing_raises_and_no_number_comes_from_nothing(cell: Cell) -> None:
    read = count(cell, "A1", WORDS)
    assert (read.value is None) == (read.doubt is not None)
    assert read.value is None or 0 <= read.value <= LARGEST
    year_and_month = month(cell if isinstance(cell, str) else "")
    assert year_and_month[1] is None or 1 <= year_and_month[1] <= 12
    assert isinstance(day(cell, 2017), date | None)
    assert set(phone(cell)) <= set("0123456789+-()/ ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6", (None, 6)), ("６", (None, 6)), (" 6 月", (None, 6)), ("06", (None, 6)), ("6月底", (None, 6)),
        ("六月底", (None, 6)), ("十二月", (None, 12)), ("十月", (None, 10)), ("6月30日", (None, 6)),
        ("6.30", (None, 6)), ("六月三十日", (None, 6)), ("2017年6月", (2017, 6)), ("2017年06月30日", (2017, 6)),
        ("2017.06", (2017, 6)), ("2017-6", (2017, 6)), ("2017/12", (2017, 12)), ("17年6月", (2017, 6)),
        ("二〇一七年六月", (2017, 6)), ("2017 年 6 月 底", (2017, 6)), ("201706", (2017, 6)), ("20170630", (2017, 6)),
        ("2017-06-30", (2017, 6)), ("42916", (2017, 6)), ("1-6月", (None, 6)), ("2017年1-6月", (2017, 6)),
        ("一月至六月", (None, 6)), ("2017年6月份", (2017, 6)), ("2017年", (2017, None)),
        ("生产经营单位情况表(截至2017年6月)", (2017, 6)), ("", (None, None)), ("本月", (None, None)),
        ("13", (None, None)), ("13月", (None, None)), ("0月", (None, None)), ("6月或7月", (None, None)),
        ("2017年5月30日至6月30日", (2017, None)), ("2016年6月2017年6月", (None, 6)), ("6 7", (None, None)),
        ("1234567", (None, None)),
    ],
)  # fmt: skip
def test_months(text: str, expected: tuple[int | None, int | None]) -> None:
    assert month(text) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2017年7月3日", date(2017, 7, 3)), ("2017.7.3", date(2017, 7, 3)), ("2017/7/3", date(2017, 7, 3)),
        ("2017-07-03", date(2017, 7, 3)), ("2017年 7 月 3 日", date(2017, 7, 3)),
        ("２０１７年７月３日", date(2017, 7, 3)), ("17年7月3日", date(2017, 7, 3)), ("20170703", date(2017, 7, 3)),
        (20170703, date(2017, 7, 3)), (42919, date(2017, 7, 3)), (42919.0, date(2017, 7, 3)),
        ("42919", date(2017, 7, 3)), (42919.5, date(2017, 7, 3)), ("7月3日", date(2017, 7, 3)),
        ("7月3号", date(2017, 7, 3)), ("7.3", date(2017, 7, 3)), ("二〇一七年七月三日", date(2017, 7, 3)),
        (date(2017, 7, 3), date(2017, 7, 3)),
        (datetime(2017, 7, 3, 9, 30), date(2017, 7, 3)),  # noqa: DTZ001 - a workbook knows no zone
        ("2017年6月31日", None), ("2017年13月1日", None), ("7月", None), ("", None), (None, None), (True, None),
        (5, None), ("99999", None), ("7月3日或7月4日", None), ("2017.7.3-2017.7.5", None), ("昨天", None),
    ],
)  # fmt: skip
def test_days(cell: Cell, expected: date | None) -> None:
    assert day(cell, 2017) == expected


def test_a_day_without_a_year_is_no_day_without_a_hint() -> None:
    assert day("7月3日", None) is None
    assert day("2月29日", 2017) is None
    assert day("2月29日", 2016) == date(2016, 2, 29)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (13800138000.0, "13800138000"), (13800138000, "13800138000"), ("０５３６－６２２１２３４", "0536-6221234"),
        (" 0536 - 6221234 ", "0536-6221234"), ("(0536)6221234", "(0536)6221234"),
        ("+86 138 0013 8000", "+86 138 0013 8000"), ("0536-6221234、13800138000", "0536-6221234 13800138000"),
        ("6221234/6221235", "6221234/6221235"), ("0536—6221234", "0536-6221234"),
        ("李明：13800138000（手机）", "13800138000"), ("无", ""), (None, ""), ("", ""),
    ],
)  # fmt: skip
def test_phones(cell: Cell, expected: str) -> None:
    assert phone(cell) == expected

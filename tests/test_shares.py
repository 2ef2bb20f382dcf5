"""The distance to the targets over several units, and over what each inspection group inspects."""

from datetime import date
from typing import Any

from bot.deciding.shares import by_group, over, registered
from bot.deciding.weekly import groups
from tests.books import ANNEX4, RULES
from tests.rosters import numbers

JUNE = date(2017, 6, 30)
JINGKAIQU, QIAOGUAN, SHOUYANGSHAN, GAOYA = "经济开发区", "乔官镇", "首阳山旅游度假区", "高崖水库库区"
BASE = {"above_scale": 4, "high_risk": 2, "other": 14}
FIVE = numbers(1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0)
NUMBERS = {JINGKAIQU: FIVE, SHOUYANGSHAN: FIVE, GAOYA: FIVE, "公安局": FIVE}
BASES: dict[str, Any] = {JINGKAIQU: BASE, SHOUYANGSHAN: BASE, GAOYA: BASE, "公安局": BASE}


def overall(bases: dict[str, Any]) -> dict[str, tuple[int, int | None, int | None, int | None]]:
    found = by_group(ANNEX4, RULES, NUMBERS, bases, "2017-06", JUNE)
    return {i.group.name: (s.reached, s.base, s.gap, s.pace) for i in found for s in [i.progress.overall]}


def test_each_group_has_the_sum_of_its_areas() -> None:
    got = overall(BASES)
    assert list(got) == [group.name for group in RULES.units.groups]
    assert got["第一组"] == (5, 20, 5, 1)  # half of 20 is 10; its lead, 公安局, is no part of it
    assert got["第九组"] == (10, 40, 10, 2)  # two areas
    assert got["第五组"] == (0, None, None, None)  # 乔官镇 has neither reported nor registered


def test_one_area_without_a_base_leaves_its_group_without_a_rate() -> None:
    got = overall({JINGKAIQU: BASE, GAOYA: BASE})
    assert got["第一组"] == (5, 20, 5, 1)
    assert got["第九组"] == (10, None, None, None)


def test_by_category() -> None:
    (first, *_) = by_group(ANNEX4, RULES, NUMBERS, BASES, "2017-06", JUNE)
    assert first.units == (JINGKAIQU,)
    above = first.progress.groups["above_scale"]
    assert (above.reached, above.base, above.rate, above.target, above.gap) == (2, 4, 0.5, 100, 2)


def test_an_area_that_does_not_owe_the_form_is_no_part_of_it() -> None:
    departments = ANNEX4.model_copy(update={"owed": ANNEX4.owed.model_copy(update={"by": ("department",)})})
    assert by_group(departments, RULES, NUMBERS, BASES, "2017-06", JUNE) == ()


def test_units_together() -> None:
    both = over(ANNEX4, RULES, [JINGKAIQU, QIAOGUAN], NUMBERS, BASES, JUNE)
    assert (both.overall.reached, both.overall.base) == (5, None)
    assert registered(ANNEX4, [], BASES) is None
    assert registered(ANNEX4, [JINGKAIQU, GAOYA], BASES) == {"above_scale": 8, "high_risk": 4, "other": 28}


def test_the_digest_shows_groups_once_one_has_a_base() -> None:
    assert groups(ANNEX4, RULES, NUMBERS, {}, "2017-06", JUNE) == []
    shown = groups(ANNEX4, RULES, NUMBERS, BASES, "2017-06", JUNE)
    assert [item["units"] for item in shown][-1] == [SHOUYANGSHAN, GAOYA]
    assert (shown[0]["label"], shown[0]["pace"], shown[0]["months_left"]) == ("第一组", 1, 6)
    other = ANNEX4.model_copy(update={"id": "annex9"})
    assert groups(other, RULES, NUMBERS, BASES, "2017-06", JUNE) == []

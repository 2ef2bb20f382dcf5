"""What the county's numbers are: who makes it, and over whom each sum, growth and rate is."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.deciding.county import Month, areas_of, beside, by_group, county, together
from bot.deciding.county_view import county_view, groups_view, pace_view
from bot.deciding.industries import bases_by_industry
from bot.deciding.pace import Streak
from bot.deciding.standing import standings
from bot.errors import ConfigError
from bot.model.deciding import Accepted
from bot.rules.load import load_rules
from tests.books import ANNEX4, RULES
from tests.rosters import BEIJING, accepted, beijing, numbers

JUNE = date(2017, 6, 30)
DUE, NOW = beijing("2017-07-05T23:59:59"), beijing("2017-07-10T08:30:00")
JINGKAIQU, QIAOGUAN, SHOUYANGSHAN, GAOYA, POLICE = "经济开发区", "乔官镇", "首阳山旅游度假区", "高崖水库库区", "公安局"
TOWNS = [unit.name for unit in RULES.units.units if unit.kind == "town"]
DEPARTMENTS = [unit.name for unit in RULES.units.units if unit.kind == "department"]
BASE = {"above_scale": 4, "high_risk": 2, "other": 14}
FIVE, SIX = numbers(1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0), numbers(1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0)


def month(
    units: Any, before: Any = (), bases: Any = None, off: Any = None, period: str = "2017-06", now: Any = NOW
) -> Month:
    """``units`` and ``before``: unit -> numbers, or (numbers, period) where they are of another one."""

    def reports(given: Any, of: str) -> dict[str, Accepted]:
        found = {}
        for unit, value in dict(given).items():
            counts, own = value if isinstance(value, tuple) else (value, of)
            found[unit] = accepted(counts, own, unit=unit)
        return found

    present = reports(units, period)
    this_month = {u: r for u, r in present.items() if r.period == period}
    lines = standings(ANNEX4, RULES.units.units, this_month, (), DUE, now, BEIJING, off or {})
    return Month(period, lines, present, reports(before, "2017-05"), bases or {})


# Who makes the county.


def test_the_county_is_the_sum_of_the_towns_and_departments_stand_beside_it() -> None:
    m = month({**dict.fromkeys(TOWNS, FIVE), **dict.fromkeys(DEPARTMENTS, SIX)}, bases=dict.fromkeys(TOWNS, BASE))
    whole = county(ANNEX4, RULES, m, JUNE)
    assert (whole.overall.reached, whole.overall.share.base, whole.overall.share.rate) == (50, 200, 0.25)
    (departments,) = beside(ANNEX4, RULES, m, whole, JUNE)
    assert (departments.kind, departments.together.overall.reached) == ("department", 6 * len(DEPARTMENTS))
    assert departments.overall == 6 * len(DEPARTMENTS) - 50
    assert departments.differences["above_scale"] == 3 * len(DEPARTMENTS) - 20


def test_without_a_word_about_it_all_who_owe_the_form_are_the_county() -> None:
    rule = ANNEX4.model_copy(update={"county": None})
    m = month({JINGKAIQU: FIVE, POLICE: SIX})
    assert county(rule, RULES, m, JUNE).overall.reached == 11
    assert beside(rule, RULES, m, county(rule, RULES, m, JUNE), JUNE) == ()


def test_a_difference_needs_two_sums() -> None:
    m = month({POLICE: SIX})
    (departments,) = beside(ANNEX4, RULES, m, county(ANNEX4, RULES, m, JUNE), JUNE)
    assert (departments.together.overall.reached, departments.overall) == (6, None)
    m = month({JINGKAIQU: SIX})
    (departments,) = beside(ANNEX4, RULES, m, county(ANNEX4, RULES, m, JUNE), JUNE)
    assert (departments.together.overall.reached, departments.overall) == (None, None)


# Over whom.


def test_who_has_sent_nothing_is_in_no_sum_and_no_rate() -> None:
    m = month(dict.fromkeys(TOWNS[:9], FIVE), bases=dict.fromkeys(TOWNS, BASE))
    whole = county(ANNEX4, RULES, m, JUNE)
    assert (whole.overall.reached, whole.overall.share.base, whole.overall.share.gap) == (45, 180, 45)
    assert whole.silent == (TOWNS[9],)
    assert (whole.overall.over.expected, whole.overall.over.counted, whole.overall.over.rated) == (10, 9, 9)


def test_while_nobody_has_sent_anything_there_is_no_number_at_all() -> None:
    whole = county(ANNEX4, RULES, month({}, bases=dict.fromkeys(TOWNS, BASE)), JUNE)
    for tally in (*whole.groups.values(), whole.overall):
        assert (tally.reached, tally.growth, tally.share.base, tally.share.rate, tally.share.gap) == (None,) * 5
    assert whole.counts == {}


def test_a_rate_is_over_those_who_have_a_number_and_a_base() -> None:
    m = month({JINGKAIQU: FIVE, QIAOGUAN: SIX}, bases={JINGKAIQU: BASE, QIAOGUAN: {"above_scale": 4, "high_risk": 2}})
    whole = county(ANNEX4, RULES, m, JUNE)
    above, other = whole.groups["above_scale"], whole.groups["other"]
    assert (above.reached, above.share.reached, above.share.base, above.over.rated) == (5, 5, 8, 2)
    assert (other.reached, other.share.reached, other.share.base, other.over.rated) == (4, 2, 14, 1)
    assert (whole.overall.reached, whole.overall.share.reached, whole.overall.share.base) == (11, 5, 20)


def test_first_numbers_are_no_growth() -> None:
    m = month({JINGKAIQU: SIX, QIAOGUAN: SIX}, before={JINGKAIQU: FIVE})
    overall = county(ANNEX4, RULES, m, JUNE).overall
    assert (overall.reached, overall.growth, overall.newcomers, overall.first) == (12, 1, 1, 6)
    nobody_before = county(ANNEX4, RULES, month({JINGKAIQU: SIX}), JUNE).overall
    assert (nobody_before.growth, nobody_before.newcomers, nobody_before.first) == (None, 1, 6)


def test_numbers_that_carry_on_count_and_are_named_as_such() -> None:
    m = month({JINGKAIQU: FIVE, QIAOGUAN: (FIVE, "2017-04")})
    assert county(ANNEX4, RULES, m, JUNE).overall.over.carried == 1


def test_who_is_exempt_and_silent_is_not_expected() -> None:
    whole = together(ANNEX4, RULES, month({JINGKAIQU: FIVE}, off={QIAOGUAN: None}), [JINGKAIQU, QIAOGUAN], JUNE)
    assert (whole.units, whole.silent, whole.overall.over.expected) == ((JINGKAIQU,), (), 1)


# Inspection groups.


def test_each_group_has_the_sum_of_its_areas() -> None:
    m = month(
        {JINGKAIQU: FIVE, SHOUYANGSHAN: FIVE, POLICE: FIVE},
        bases={JINGKAIQU: BASE, SHOUYANGSHAN: BASE, GAOYA: BASE, QIAOGUAN: BASE, POLICE: BASE},
    )
    got = {i.group.name: i.together.overall for i in by_group(ANNEX4, RULES, m, JUNE)}
    assert list(got) == [group.name for group in RULES.units.groups]
    # half of 20 is 10; its lead, 公安局, is no part of it
    assert (got["第一组"].reached, got["第一组"].share.base, got["第一组"].share.gap) == (5, 20, 5)
    # of its two areas one has said nothing
    assert (got["第九组"].reached, got["第九组"].share.base, got["第九组"].over.expected) == (5, 20, 2)
    # 乔官镇 has registered, and said nothing: nothing is missing of what nobody has said
    assert (got["第五组"].reached, got["第五组"].share.gap) == (None, None)
    shown = {item["label"]: item for item in groups_view(ANNEX4, RULES, m, JUNE)}
    assert shown["第九组"]["silent"] == [GAOYA]


def test_the_digest_shows_groups_once_one_has_a_base() -> None:
    assert groups_view(ANNEX4, RULES, month({JINGKAIQU: FIVE}), JUNE) == []
    assert groups_view(ANNEX4, RULES, month({JINGKAIQU: FIVE}, bases={POLICE: BASE}), JUNE) == []
    other = ANNEX4.model_copy(update={"id": "annex9"})
    assert groups_view(other, RULES, month({JINGKAIQU: FIVE}, bases={JINGKAIQU: BASE}), JUNE) == []


def test_an_area_that_does_not_owe_the_form_is_no_part_of_it() -> None:
    update = {"owed": ANNEX4.owed.model_copy(update={"by": ("department",)}), "county": None}
    departments = ANNEX4.model_copy(update=update)
    assert by_group(departments, RULES, month({JINGKAIQU: FIVE}), JUNE) == ()
    assert [areas_of(group, departments, RULES, "2017-06") for group in RULES.units.groups] == [()] * 9
    assert areas_of(RULES.units.groups[8], ANNEX4, RULES, "2017-06") == (SHOUYANGSHAN, GAOYA)


# In letters.


def test_what_letters_are_given() -> None:
    view = county_view(ANNEX4, RULES, month({JINGKAIQU: FIVE, POLICE: SIX}, bases={JINGKAIQU: BASE}), JUNE)
    assert view["total"]["label"] == "全部生产经营单位"
    assert [item["unit"] for item in view["silent"]] == [town for town in TOWNS if town != JINGKAIQU]
    assert (view["beside"][0]["kind"], view["beside"][0]["difference"]) == ("县直部门", 1)
    assert view["table"] is None
    assert view["total"]["over"] == {
        "kind": "镇（街、区）", "expected": 10, "counted": 1, "carried": 0, "rated": 1, "reached": 5,
    }  # fmt: skip


def test_of_silence_alone_nobody_is_named() -> None:
    assert county_view(ANNEX4, RULES, month({}), JUNE)["silent"] == []


def test_a_form_without_targets_has_the_table_of_its_sums() -> None:
    other = ANNEX4.model_copy(update={"id": "annex9"})
    rules = RULES.model_copy(update={"forms": {**RULES.forms, "annex9": other}})
    view = county_view(other, rules, month({JINGKAIQU: FIVE, POLICE: SIX}), JUNE)
    assert view["table"]["total"] == 5  # and departments are not in it
    assert [item["target"] for item in view["categories"]] == [None] * 3
    assert county_view(other, rules, month({}), JUNE)["table"] is None


# Who is behind, for whom it is said.


def lags(m: Month, **streaks: Streak) -> dict[str, list[str]]:
    return {item["unit"]: item["facts"] for item in pace_view(m, streaks, ANNEX4, RULES)}


def test_the_worst_of_a_unit_s_targets_counts_and_departments_have_none() -> None:
    # by 2017-11-30 86 % of the way to the end of 2017 lies behind: of 4 + 2 above scale and of high risk nearly all
    bases = {JINGKAIQU: BASE, QIAOGUAN: BASE, POLICE: BASE}
    full = numbers(4, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 0)
    m = month({JINGKAIQU: FIVE, QIAOGUAN: full, POLICE: FIVE, GAOYA: FIVE}, bases=bases, period="2017-11")
    assert lags(m) == {JINGKAIQU: ["进度严重滞后"]}


def test_nothing_is_said_of_the_pace_of_a_number_that_was_not_sent_when_it_was_due() -> None:
    m = month({JINGKAIQU: (FIVE, "2017-10")}, bases={JINGKAIQU: BASE}, period="2017-11")
    assert lags(m) == {}
    # while November is not due yet, it is October's
    early = month(
        {JINGKAIQU: (FIVE, "2017-10")}, bases={JINGKAIQU: BASE}, period="2017-11", now=beijing("2017-07-01T08:00:00")
    )
    assert lags(early) == {JINGKAIQU: ["进度滞后"]}  # 50 % where 71.6 % should be


def test_rows_of_months_are_said_from_the_second_on_and_of_no_department_s_standing_still() -> None:
    full = numbers(4, 0, 0, 0, 2, 0, 0, 0, 14, 0, 0, 0)
    m = month({JINGKAIQU: FIVE, QIAOGUAN: full, POLICE: FIVE, GAOYA: FIVE}, bases={JINGKAIQU: BASE, QIAOGUAN: BASE})
    still = Streak(still=3)
    assert lags(m, **{JINGKAIQU: still, QIAOGUAN: still, POLICE: still, GAOYA: still}) == {
        JINGKAIQU: ["连续3个月零增长"]  # 乔官镇 has nothing left to do; of 高崖 nobody knows what it has
    }
    assert lags(m, **{POLICE: Streak(late=2), JINGKAIQU: Streak(still=1, late=1)}) == {POLICE: ["连续2个月逾期"]}


# A department's base by its industries.


def registers(**rows: Any) -> Any:
    found: dict[str, Any] = {"annex2": {}, "annex3": {}}
    for town in TOWNS:
        found["annex2"][town] = [{"table": "above_scale", "name": "a", "industry": "学 校"}]
        found["annex3"][town] = [{"table": "other", "name": "b", "industry": "水泥制造"}]
    return found | rows


def with_industries(**industries: tuple[str, ...]) -> Any:
    return RULES.model_copy(update={"targets": RULES.targets.model_copy(update={"industries": industries})})


def test_a_department_s_base_is_what_the_towns_have_registered_of_its_industries() -> None:
    rules = with_industries(教育局=("学校", "幼儿园"), 公安局=("民爆",))
    assert bases_by_industry("annex4", rules, registers()) == {
        "教育局": {"above_scale": 10, "high_risk": 0, "other": 0},
        "公安局": {"above_scale": 0, "high_risk": 0, "other": 0},
    }


def test_nobody_has_one_before_every_town_has_sent_its_registers_or_without_the_table() -> None:
    rules, sent = with_industries(教育局=("学校",)), registers()
    del sent["annex3"][QIAOGUAN]
    assert bases_by_industry("annex4", rules, sent) == {}
    assert bases_by_industry("annex4", RULES, registers()) == {}


# What is refused.


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("annex4.toml", 'kinds = ["town"]', 'kinds = ["village"]', "county.kinds"),
        ("annex4.toml", 'by = ["town", "department"]', 'by = ["department"]', "county.kinds: town does not owe"),
        ("targets.toml", "[industries]", '[industries]\n"五图街道" = ["化工"]', "industries.五图街道"),
        ("targets.toml", "[industries]", '[industries]\n"教育" = ["学校"]', "industries.教育"),
        ("targets.toml", "[industries]", '[industries]\n"教育局" = ["学校"]\n"公安局" = ["学 校"]', "学 校"),
        ("targets.toml", "begins = 2017-05-30", "begins = 2018-05-30", "pace.begins"),
        ("targets.toml", "far_behind = 30", "far_behind = 3", "far_behind"),
        ("targets.toml", "until = 2018-12-31", "until = 2017-12-31", "in the order of time"),
        ("targets.toml", "above_scale = 100", "above_scala = 100", "groups.above_scala"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(
    file: str, old: str, new: str, complaint: str, tmp_path: Path
) -> None:
    folder = Path(__file__).resolve().parents[1] / "rules"
    for path in folder.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        if path.name == file:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        load_rules(tmp_path)

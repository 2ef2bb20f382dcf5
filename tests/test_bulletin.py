"""What a bulletin announces: sums, growth, rates, ranks and states, each counted by hand."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.deciding.bulletin import bulletin, changes_since
from bot.deciding.bulletin_view import document_context, letter_context, row
from bot.deciding.county import Month
from bot.deciding.deadlines import last_day
from bot.deciding.pace import Streak
from bot.deciding.standing import Uncounted, standings
from bot.model.bulletin import Beside, Bulletin, Kept, Whom
from bot.model.deciding import Accepted
from bot.model.people import Liaison
from bot.record.bulletins import bulletin_in, content_of
from bot.rules.units import Units
from tests.books import ANNEX4, RULES
from tests.rosters import BEIJING, accepted, beijing, numbers

DUE, NOW = beijing("2017-08-05T23:59:59"), beijing("2017-08-09T08:30:00")
ON_TIME, LATE = beijing("2017-08-04T10:00:00"), beijing("2017-08-07T10:00:00")
WUTU, QIAOGUAN, HONGHE, YINGQIU, FINANCE, EDUCATION = "五图街道", "乔官镇", "红河镇", "营丘镇", "财政局", "教育局"
NAMES = (WUTU, QIAOGUAN, HONGHE, YINGQIU, FINANCE, EDUCATION)
SIX = RULES.units.model_copy(update={"units": tuple(u for u in RULES.units.units if u.name in NAMES), "groups": ()})
ORDER = [u.name for u in SIX.units]
COUNTY = RULES.model_copy(update={"units": Units.model_validate(SIX.model_dump())})


def n(above: int, risk: int = 0, other: int = 0) -> Any:
    """Numbers with all of a category in its second level."""
    return numbers(0, above, 0, 0, 0, risk, 0, 0, 0, other, 0, 0)


def report(unit: str, given: Any, period: str = "2017-07", id_: int = 1, first: Any = ON_TIME, **more: Any) -> Accepted:
    return accepted(given, period, unit=unit, report_id=id_, first_received_at=first, received_at=first, **more)


# Five units have numbers: two on time, one late, two carried on from June; one never reported.
JULY = {WUTU: report(WUTU, n(6, 2, 2), id_=11), HONGHE: report(HONGHE, n(3, 3, 4), id_=12, first=LATE)}
JULY |= {FINANCE: report(FINANCE, n(1, 1, 1), id_=13)}
JUNE = {
    WUTU: report(WUTU, n(5, 2, 1), "2017-06", 1),
    QIAOGUAN: report(QIAOGUAN, n(4, 4, 0), "2017-06", 2),
    YINGQIU: report(YINGQIU, n(1, 0, 0), "2017-06", 3),
    FINANCE: report(FINANCE, n(1, 2, 1), "2017-06", 4),
}
UNCOUNTED = (
    Uncounted(QIAOGUAN, "returned", "", ON_TIME),
    Uncounted(YINGQIU, "waiting", "unknown_sender", ON_TIME),
)
BASES = {name: {"above_scale": 10, "high_risk": 5, "other": 5} for name in NAMES}


def made(bases: Any = None, july: Any = None, june: Any = None, rules: Any = COUNTY, **how: Any) -> Bulletin:
    july, june = JULY if july is None else july, JUNE if june is None else june
    lines = standings(ANNEX4, COUNTY.units.units, july, UNCOUNTED, DUE, NOW, BEIJING)
    month = Month(how.pop("period", "2017-07"), lines, {**june, **july}, june, BASES if bases is None else bases)
    return bulletin(ANNEX4, rules, DUE, month, NOW, **how)


def test_the_county_by_category_and_level_month_on_month() -> None:
    b = made()
    # The towns alone: 6 + 4 + 3 + 1; growth over the three who had numbers before: 6 + 4 + 1 against 5 + 4 + 1
    assert [(p.label, p.counts, p.reached, p.previous, p.change) for p in b.parts] == [
        ("规模以上企业", (0, 14, 0, 0), 14, 10, 1),
        ("高危企业", (0, 9, 0, 0), 9, 6, 0),
        ("其他生产经营单位", (0, 6, 0, 0), 6, 1, 1),
    ]
    assert (b.whole.counts, b.whole.reached, b.whole.previous, b.whole.change) == ((0, 29, 0, 0), 29, 17, 2)
    assert b.whole.whom == Whom(expected=4, counted=4, carried=2, rated=4, reached=29, newcomers=1, first=10)
    assert 17 + 2 + 10 == 29  # 红河's ten are first numbers, and no growth
    assert (b.before, b.expected, b.received, b.on_time) == ("2017-06", 6, 3, 2)


def test_departments_stand_beside_the_county() -> None:
    b = made()
    assert b.county == ("town",)
    assert b.beside == (Beside("department", 2, 1, 0, (1, 1, 1), (-13, -8, -5), 3, -26),)


def test_the_county_s_rate_and_distance_to_the_target() -> None:
    b = made()
    got = [(p.base, p.rate, p.target, p.until, p.gap, p.lag) for p in (*b.parts, b.whole)]
    end_2017, end_2018 = date(2017, 12, 31), date(2018, 12, 31)
    # 62 of 215 days: 28.8 % of the way to the end of 2017; 62 of 580: 10.7 % to the end of 2018
    assert got == [
        (40, 0.35, 100, end_2017, 26, "on_pace"),
        (20, 0.45, 100, end_2017, 11, "on_pace"),
        (20, 0.3, 100, end_2018, 14, "on_pace"),
        (80, 0.363, 50, end_2017, 11, "on_pace"),  # 36.25: a half goes up
    ]


def test_a_rate_is_over_those_who_have_a_number_and_a_base() -> None:
    # given one town without a register, whose numbers count all the same
    b = made({name: base for name, base in BASES.items() if name != WUTU})
    assert b.whole.whom == Whom(expected=4, counted=4, carried=2, rated=3, reached=19, newcomers=1, first=10)
    assert (b.whole.reached, b.whole.base, b.whole.rate, b.whole.gap) == (29, 60, 0.317, 11)


def test_without_any_base_the_county_has_no_rate() -> None:
    b = made({})
    assert [(p.base, p.rate, p.gap, p.lag) for p in (*b.parts, b.whole)] == [(None, None, None, None)] * 4
    assert b.whole.target == 50  # what is to be reached is known all the same


def test_december_is_measured_by_its_own_target_whenever_the_bulletin_is_made() -> None:
    assert made(period="2017-12").whole.until == date(2017, 12, 31)
    assert made(period="2018-01").whole.until == date(2018, 12, 31)
    assert [last_day(p) for p in ("2016-02", "2017-12")] == [date(2016, 2, 29), date(2017, 12, 31)]


def test_each_unit_keeps_what_it_reported_last() -> None:
    lines = {line.unit: line for line in made().lines}
    assert list(lines) == ORDER
    got = {u: (x.state, x.late_days, x.since, x.report_id, x.sums, x.total, x.change) for u, x in lines.items()}
    assert got == {
        WUTU: ("accepted", 0, "2017-07", 11, (6, 2, 2), 10, 2),
        QIAOGUAN: ("returned", 4, "2017-06", 2, (4, 4, 0), 8, None),  # nothing came: nothing is said of growth
        HONGHE: ("late", 2, "2017-07", 12, (3, 3, 4), 10, None),  # nothing to compare with
        YINGQIU: ("waiting", 4, "2017-06", 3, (1, 0, 0), 1, None),
        FINANCE: ("accepted", 0, "2017-07", 13, (1, 1, 1), 3, -1),
        EDUCATION: ("missing", 4, None, None, (), None, None),
    }
    assert (lines[WUTU].base, lines[WUTU].rate, lines[EDUCATION].rate) == (20, 0.5, None)
    assert lines[YINGQIU].why == "unknown_sender"


UNRANKED: dict[str, int | None] = dict.fromkeys(ORDER)


def ranks(b: Bulletin) -> dict[str, int | None]:
    return {line.unit: line.rank for line in b.lines}


def test_ties_share_a_rank_and_only_those_who_make_the_county_are_ranked() -> None:
    b = made()
    assert b.ranked_by == {"town": "rate", "department": "none"}
    assert ranks(b) == {**UNRANKED, WUTU: 1, HONGHE: 1}
    reported_all = {**JULY, QIAOGUAN: report(QIAOGUAN, n(4, 4, 0), id_=14), YINGQIU: report(YINGQIU, n(1), id_=15)}
    assert ranks(made(july=reported_all)) == {**UNRANKED, WUTU: 1, HONGHE: 1, QIAOGUAN: 3, YINGQIU: 4}


def test_by_rate_a_small_unit_can_lead() -> None:
    bases = {**BASES, HONGHE: {"above_scale": 3, "high_risk": 3, "other": 5}}
    assert ranks(made(bases)) == {**UNRANKED, HONGHE: 1, WUTU: 2}


def test_ranks_go_by_the_exact_rate_and_not_by_the_one_that_is_shown() -> None:
    many = {"above_scale": 10_000, "high_risk": 5_000, "other": 5_000}
    july = {
        **JULY,
        WUTU: report(WUTU, n(6001, 2000, 2000), id_=11),
        HONGHE: report(HONGHE, n(6000, 2000, 2000), id_=12),
    }
    b = made({**BASES, WUTU: many, HONGHE: many}, july=july)
    assert {line.unit: (line.rate, line.rank) for line in b.lines if line.rank} == {WUTU: (0.5, 1), HONGHE: (0.5, 2)}


@pytest.mark.parametrize("partly", [{}, {"above_scale": 1}])
def test_who_has_no_base_is_not_ranked_and_nobody_is_ranked_by_totals(partly: dict[str, int]) -> None:
    july = {**JULY, QIAOGUAN: report(QIAOGUAN, n(4, 4, 0), id_=14)}
    b = made({**BASES, WUTU: partly}, july=july)
    assert b.ranked_by == {"town": "rate", "department": "none"}
    assert ranks(b) == {**UNRANKED, HONGHE: 1, QIAOGUAN: 2}
    assert row(next(line for line in b.lines if line.unit == WUTU), b, COUNTY)["remark"] == (
        "按时报送，基础数未登记，不排名"
    )


def test_one_alone_is_no_order() -> None:
    b = made({WUTU: BASES[WUTU]})
    assert (b.ranked_by["town"], ranks(b)) == ("none", UNRANKED)


def test_who_has_nothing_registered_to_do_is_not_ranked() -> None:
    nothing = {"above_scale": 0, "high_risk": 0, "other": 0}
    july = {**JULY, QIAOGUAN: report(QIAOGUAN, n(4, 4, 0), id_=14)}
    assert ranks(made({**BASES, QIAOGUAN: nothing}, july=july)) == {**UNRANKED, WUTU: 1, HONGHE: 1}
    assert made(dict.fromkeys(NAMES, nothing)).ranked_by == {"town": "none", "department": "none"}


def test_the_first_month_is_compared_with_nothing() -> None:
    b = made(june={})
    assert (b.before, b.whole.previous, b.whole.change) == (None, None, None)
    assert ranks(b) == {**UNRANKED, WUTU: 1, HONGHE: 1}
    assert b.silent == (QIAOGUAN, YINGQIU)


def test_nobody_has_reported_anything() -> None:
    b = made(july={}, june={})
    assert (b.whole.reached, b.whole.counts, b.whole.gap) == (None, (None,) * 4, None)
    assert (b.received, set(ranks(b).values())) == (0, {None})


def test_it_survives_being_kept_as_json() -> None:
    b = made(changes=changes_since(Kept(made(), NOW, NOW), {WUTU: report(WUTU, n(9), id_=99)}, COUNTY.units))
    assert b.changes
    assert bulletin_in(content_of(b)) == b


# What comes after the release.


def test_what_came_after_the_release_is_told_with_both_numbers() -> None:
    kept = Kept(made(), NOW, NOW)
    after = beijing("2017-08-20T10:00:00")
    in_force = {
        WUTU: report(WUTU, n(6, 2, 4), id_=21, version=2, first=after),
        QIAOGUAN: report(QIAOGUAN, n(5, 5, 5), id_=22, first=after),
        FINANCE: JULY[FINANCE],
    }
    got = [
        (c.unit, c.period, c.kind, c.announced, c.now, c.version, c.at)
        for c in changes_since(kept, in_force, COUNTY.units)
    ]
    assert got == [
        (WUTU, "2017-07", "corrected", 10, 12, 2, after),
        (QIAOGUAN, "2017-07", "added", None, 15, 1, after),
    ]


def test_a_change_is_told_once() -> None:
    kept = Kept(made(), NOW, NOW)
    in_force = {WUTU: report(WUTU, n(7), id_=21), FINANCE: report(FINANCE, n(8), id_=23)}
    assert [c.report_id for c in changes_since(kept, in_force, COUNTY.units, told=[21])] == [23]


# In words.


def test_every_unit_has_its_words() -> None:
    b = made()
    assert {line.unit: row(line, b, COUNTY)["remark"] for line in b.lines} == {
        WUTU: "按时报送",
        QIAOGUAN: "退回待更正，沿用截至2017年6月数",
        HONGHE: "逾期2天报送",
        YINGQIU: "来表待核实，沿用截至2017年6月数",
        FINANCE: "按时报送",
        EDUCATION: "未报送，尚无数字",
    }


def test_the_document_names_who_was_late_and_who_is_missing() -> None:
    view = document_context(made(), COUNTY, None)
    named = {key: [r["unit"] for r in view[key]] for key in ("late", "missing", "returned", "waiting", "carried")}
    assert named == {
        "late": [HONGHE],
        "missing": [EDUCATION],
        "returned": [QIAOGUAN],
        "waiting": [YINGQIU],
        "carried": [QIAOGUAN, YINGQIU],
    }
    towns, departments = view["kinds"]
    assert (towns["label"], towns["ranked_by"]) == ("镇（街、区）", "达标率")
    assert [r["unit"] for r in towns["rows"]] == [WUTU, HONGHE, QIAOGUAN, YINGQIU]
    assert [r["unit"] for r in departments["rows"]] == [EDUCATION, FINANCE]


def test_first_and_last_are_never_the_same() -> None:
    july = {**JULY, QIAOGUAN: report(QIAOGUAN, n(4, 4, 0), id_=14), YINGQIU: report(YINGQIU, n(1), id_=15)}
    towns, departments = document_context(made(july=july), COUNTY, None)["kinds"]
    assert (towns["leading"], towns["trailing"]) == ([WUTU, HONGHE, QIAOGUAN], [YINGQIU])
    assert (departments["by"], departments["leading"], departments["trailing"]) == ("none", [], [])


@pytest.mark.parametrize(
    ("june", "growth"),
    [
        ({WUTU: JUNE[WUTU]}, "比上月增加2家"),  # 10 against 8; the others are first numbers
        (JUNE, "比上月增加2家"),
        ({}, "无上月数可比"),
    ],
)
def test_growth_in_words(june: dict[str, Accepted], growth: str) -> None:
    assert document_context(made(june=june), COUNTY, None)["whole"]["growth"] == growth


def test_no_growth_and_a_loss_in_words() -> None:
    same = made(july={WUTU: report(WUTU, JUNE[WUTU].numbers, id_=11)})
    less = made(july={WUTU: report(WUTU, n(0), id_=11)})
    assert [document_context(b, COUNTY, None)["whole"]["growth"] for b in (same, less)] == [
        "与上月持平",
        "比上月减少8家",
    ]


def test_a_draft_is_dated_as_made_and_a_release_as_released() -> None:
    assert document_context(made(), COUNTY, None)["dated"] == NOW
    released = document_context(made(), COUNTY, beijing("2017-08-11T00:10:00"))
    assert (released["dated"].day, released["released"]) == (11, True)


def test_the_letter_tells_whom_to_call() -> None:
    people = {EDUCATION: [Liaison(EDUCATION, "钱进", "13800000009", "")]}
    context = letter_context(made(), people, COUNTY, ["a.docx"])
    assert [(m["unit"], m["state"], m["liaison"], m["phone"]) for m in context["missing"]] == [
        (QIAOGUAN, "returned", "", ""),
        (EDUCATION, "missing", "钱进", "13800000009"),
    ]
    assert context["waiting"] == [{"unit": YINGQIU, "why": RULES.reasons.waiting["unknown_sender"]}]
    assert context["late"] == [{"unit": HONGHE, "late_days": 2}]


# Pace, and what is said beside a unit.


def test_who_is_behind_is_named_and_of_whom_nothing_came_nothing_is_said() -> None:
    # by the end of November nearly all is asked for
    november = {unit: replace(found, period="2017-11") for unit, found in JULY.items()}
    b = made(period="2017-11", july=november, streaks={WUTU: Streak(still=3), EDUCATION: Streak(late=4)})
    assert {x.unit: x.lag for x in b.lines if x.lag} == {WUTU: "far_behind", HONGHE: "far_behind"}
    view = document_context(b, COUNTY, None)
    assert view["lags"] == [{"word": "进度严重滞后", "units": [WUTU, HONGHE]}]
    assert view["streaks"] == [
        {"unit": WUTU, "streaks": ["连续3个月零增长"]},
        {"unit": EDUCATION, "streaks": ["连续4个月逾期"]},
    ]


def test_growth_against_an_older_month_is_told_as_such() -> None:
    may = {WUTU: report(WUTU, n(5, 2, 1), "2017-05", 1)}
    b = made(june=may)
    line = next(line for line in b.lines if line.unit == WUTU)
    assert (line.change, row(line, b, COUNTY)["remark"]) == (2, "按时报送，增减与截至2017年5月数相比")


def test_what_was_announced_before_is_read_as_it_was() -> None:
    """A bulletin of the shape that had no county: all units added up, rates cut to one decimal in its document."""
    content = content_of(made()) | {"shape": 2}
    for key in ("county", "beside", "silent"):
        del content[key]
    for line in content["lines"]:
        for key in ("compared", "compared_with", "streaks", "lag"):
            del line[key]
    for part in (*content["parts"], content["whole"]):
        for key in ("whom", "growth", "lag"):
            del part[key]
    content["whole"] |= {"reached": 32, "previous": 21, "rate": 32 / 120}
    content["ranked_by"] = {"town": "rate", "department": "total"}
    old = bulletin_in(content)
    assert (old.whole.change, old.whole.rate) == (11, 0.266)
    assert {x.unit: x.change for x in old.lines}[QIAOGUAN] == 0
    view = document_context(old, COUNTY, NOW)
    assert (view["whole"]["growth"], view["beside"], view["lags"]) == ("比上月增加11家", [], [])
    assert [kind["ranked_by"] for kind in view["kinds"]] == ["达标率", "累计达标数量"]

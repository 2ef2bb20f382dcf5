"""What a bulletin announces: sums, growth, rates, ranks and states, each counted by hand."""

from datetime import date
from typing import Any

import pytest

from bot.deciding.bulletin import Month, bulletin, changes_since
from bot.deciding.bulletin_view import document_context, letter_context, row
from bot.deciding.deadlines import last_day
from bot.deciding.standing import Uncounted, standings
from bot.model.bulletin import Bulletin, Kept
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
    month = Month(lines, {**june, **july}, june, BASES if bases is None else bases)
    return bulletin(ANNEX4, rules, how.pop("period", "2017-07"), DUE, month, NOW, **how)


def test_the_county_by_category_and_level_month_on_month() -> None:
    b = made()
    # 6 + 4 + 3 + 1 + 1, against 5 + 4 + 1 + 1; the levels are none, all, none, none
    assert [(p.label, p.counts, p.reached, p.previous, p.change) for p in b.parts] == [
        ("规模以上企业", (0, 15, 0, 0), 15, 11, 4),
        ("高危企业", (0, 10, 0, 0), 10, 8, 2),
        ("其他生产经营单位", (0, 7, 0, 0), 7, 2, 5),
    ]
    assert (b.whole.counts, b.whole.reached, b.whole.previous, b.whole.change) == ((0, 32, 0, 0), 32, 21, 11)
    assert (b.before, b.expected, b.received, b.on_time) == ("2017-06", 6, 3, 2)


def test_the_county_s_rate_and_distance_to_the_target() -> None:
    b = made()
    got = [(p.base, p.rate, p.target, p.until, p.gap) for p in (*b.parts, b.whole)]
    end_2017, end_2018 = date(2017, 12, 31), date(2018, 12, 31)
    assert got == [
        (60, 0.25, 100, end_2017, 45),
        (30, 10 / 30, 100, end_2017, 20),
        (30, 7 / 30, 100, end_2018, 23),
        (120, 32 / 120, 50, end_2017, 28),
    ]


def test_without_every_base_the_county_has_no_rate() -> None:
    # given one unit that has registered nothing, though it has reported nothing either
    b = made({name: base for name, base in BASES.items() if name != EDUCATION})
    assert [(p.base, p.rate, p.gap) for p in (*b.parts, b.whole)] == [(None, None, None)] * 4
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
        QIAOGUAN: ("returned", 4, "2017-06", 2, (4, 4, 0), 8, 0),
        HONGHE: ("late", 2, "2017-07", 12, (3, 3, 4), 10, None),  # nothing to compare with
        YINGQIU: ("waiting", 4, "2017-06", 3, (1, 0, 0), 1, 0),
        FINANCE: ("accepted", 0, "2017-07", 13, (1, 1, 1), 3, -1),
        EDUCATION: ("missing", 4, None, None, (), None, None),
    }
    assert (lines[WUTU].base, lines[WUTU].rate, lines[EDUCATION].rate) == (20, 0.5, None)
    assert lines[YINGQIU].why == "unknown_sender"


def ranks(b: Bulletin) -> dict[str, int | None]:
    return {line.unit: line.rank for line in b.lines}


def test_ties_share_a_rank_and_kinds_are_ranked_apart() -> None:
    b = made()
    assert b.ranked_by == {"town": "rate", "department": "rate"}
    assert ranks(b) == {WUTU: 1, HONGHE: 1, QIAOGUAN: 3, YINGQIU: 4, FINANCE: 1, EDUCATION: None}


def test_by_rate_a_small_unit_can_lead() -> None:
    bases = {**BASES, YINGQIU: {"above_scale": 1, "high_risk": 0, "other": 0}}
    assert ranks(made(bases)) == {YINGQIU: 1, WUTU: 2, HONGHE: 2, QIAOGUAN: 4, FINANCE: 1, EDUCATION: None}


@pytest.mark.parametrize("partly", [{}, {"above_scale": 1}])
def test_one_missing_base_ranks_its_kind_by_totals_and_no_other(partly: dict[str, int]) -> None:
    b = made({**BASES, YINGQIU: partly})
    assert b.ranked_by == {"town": "total", "department": "rate"}
    assert ranks(b) == {WUTU: 1, HONGHE: 1, QIAOGUAN: 3, YINGQIU: 4, FINANCE: 1, EDUCATION: None}


def test_the_base_of_who_never_reported_decides_nothing() -> None:
    assert made({k: v for k, v in BASES.items() if k != EDUCATION}).ranked_by["department"] == "rate"


def test_who_has_nothing_registered_to_do_is_not_ranked_by_rate() -> None:
    nothing = {"above_scale": 0, "high_risk": 0, "other": 0}
    b = made({**BASES, QIAOGUAN: nothing})
    assert (b.ranked_by["town"], ranks(b)[QIAOGUAN], ranks(b)[YINGQIU]) == ("rate", None, 3)
    # and when nobody has, totals are what there is
    assert made(dict.fromkeys(NAMES, nothing)).ranked_by == {"town": "total", "department": "total"}


def test_the_first_month_is_compared_with_nothing() -> None:
    b = made(june={})
    assert (b.before, b.whole.previous, b.whole.change) == (None, None, None)
    assert ranks(b) == {WUTU: 1, HONGHE: 1, FINANCE: 1, QIAOGUAN: None, YINGQIU: None, EDUCATION: None}


def test_nobody_has_reported_anything() -> None:
    b = made(july={}, june={})
    assert (b.whole.reached, b.received, set(ranks(b).values())) == (0, 0, {None})


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
    assert [r["unit"] for r in departments["rows"]] == [FINANCE, EDUCATION]


def test_first_and_last_are_never_the_same() -> None:
    towns, departments = document_context(made(), COUNTY, None)["kinds"]
    assert (towns["leading"], towns["trailing"]) == ([WUTU, HONGHE, QIAOGUAN], [YINGQIU])
    assert (departments["leading"], departments["trailing"]) == ([], [])  # one alone is no order


@pytest.mark.parametrize(
    ("june", "growth"),
    [
        ({WUTU: JUNE[WUTU]}, "比上月增加15家"),  # 10 + 10 + 3 against 8
        (JUNE, "比上月增加11家"),
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

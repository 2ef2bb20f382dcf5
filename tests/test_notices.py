"""What the office is told of a month: who has not reported, whom to call, and how far the county is."""

from typing import Any

from bot.deciding.notices import categories, contact, overdue_context
from bot.deciding.standing import Uncounted, standings
from bot.model.people import Liaison
from tests.books import ANNEX4, RULES
from tests.rosters import BEIJING, NUMBERS, accepted, at_utc, beijing, numbers

DUE = beijing("2017-07-05T23:59:59")
NOW = beijing("2017-07-06T08:30:00")
LI = Liaison("五图街道", "李明", "13800000001", "li@town.example")
WANG = Liaison("五图街道", "王芳", "", "wang@town.example")
NAMELESS = Liaison("财政局", "", "6221234", "")
PEOPLE = {"五图街道": [LI, WANG], "财政局": [NAMELESS]}


def notice(**changes: Any) -> dict[str, Any]:
    held = {
        u.name: accepted(unit=u.name)
        for u in RULES.units.units
        if u.name not in ("五图街道", "财政局", "乔官镇", "红河镇")
    }
    uncounted = [
        Uncounted("乔官镇", "returned", "", beijing("2017-07-04T09:00:00")),
        Uncounted("红河镇", "waiting", "unit_mismatch", beijing("2017-07-04T10:00:00")),
    ]
    lines = standings(ANNEX4, RULES.units.units, held, uncounted, DUE, NOW, BEIJING)
    how: dict[str, Any] = {"now": NOW, "zone": BEIJING, "draft": False, **changes}
    return overdue_context(ANNEX4, "2017-06", DUE, lines, PEOPLE, RULES, **how)


def test_who_is_missing_since_when_whom_to_call_and_which_group() -> None:
    context = notice()
    rows = {row["unit"]: row for row in context["missing"]}
    assert list(rows) == ["五图街道", "乔官镇", "财政局"]
    assert rows["五图街道"] == {
        "unit": "五图街道",
        "group": "第四组",
        "liaison": "李明、王芳",
        "phone": "13800000001",
        "email": "li@town.example、wang@town.example",
        "state": "missing",
        "unreachable": False,
        "last_received": None,
    }
    # returned: it owes still, and the notice says when something came
    assert (rows["乔官镇"]["state"], rows["乔官镇"]["last_received"]) == ("returned", beijing("2017-07-04T09:00:00"))
    # a department that inspects nothing, with a liaison who has no name
    assert (rows["财政局"]["group"], rows["财政局"]["liaison"], rows["财政局"]["phone"]) == ("", "", "6221234")


def test_a_unit_whose_every_address_came_back_is_unreachable() -> None:
    def unreachable(*dead: str) -> list[str]:
        return [row["unit"] for row in notice(dead=dead)["missing"] if row["unreachable"]]

    assert unreachable() == []
    assert unreachable("li@town.example") == []  # the other liaison can be written to
    assert unreachable("li@town.example", "wang@town.example", "x@else.example") == ["五图街道"]


def test_what_waits_for_the_office_is_not_called_missing() -> None:
    context = notice()
    assert context["waiting"] == [{"unit": "红河镇", "why": RULES.reasons.waiting["unit_mismatch"]}]


def test_the_figures_of_the_notice() -> None:
    context = notice()
    assert (context["received"], context["expected"]) == (len(RULES.units.units) - 4, len(RULES.units.units))
    assert (context["days_late"], context["draft"], context["form_name"]) == (1, False, "附件4")
    assert notice(now=at_utc(beijing("2017-07-06T00:00:00")))["days_late"] == 1
    assert notice(draft=True)["draft"] is True


def test_nobody_to_call() -> None:
    assert contact("乔官镇", PEOPLE) == {"liaison": "", "phone": "", "email": ""}


# The county's numbers.

A, B = numbers(1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0), numbers(0, 4, 0, 0, 0, 0, 5, 0, 0, 0, 0, 6)
BASE_A = {"above_scale": 4, "high_risk": 10, "other": 20}
BASE_B = {"above_scale": 6, "high_risk": 10, "other": 20}


def county(
    bases: dict[str, dict[str, int]], before: list[Any] | None = None, rule: Any = ANNEX4
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    return categories(rule, RULES, [A, B], before or [], bases, ["五图街道", "乔官镇"], NOW.date())


def test_the_county_by_category_and_all_together() -> None:
    rows, whole = county({"五图街道": BASE_A, "乔官镇": BASE_B})
    assert [(r["label"], r["reached"], r["base"], r["rate"]) for r in rows] == [
        ("规模以上企业", 5, 10, 0.5),
        ("高危企业", 7, 20, 0.35),
        ("其他生产经营单位", 9, 40, 0.225),
    ]
    assert [r["gap"] for r in rows] == [5, 13, 31]  # 100 % of the first two by 2017, of the last by 2018
    assert (whole["reached"], whole["base"], whole["gap"]) == (21, 70, 14)  # 50 % of 70 is 35


def test_half_a_base_gives_no_rate() -> None:
    # given one unit of two without a register: the sum of the others would promise too much
    rows, whole = county({"五图街道": BASE_A})
    assert [(r["base"], r["rate"], r["gap"]) for r in rows] == [(None, None, None)] * 3
    assert whole["base"] is None


def test_a_category_that_one_unit_has_not_registered_has_no_rate() -> None:
    rows, whole = county({"五图街道": BASE_A, "乔官镇": {"above_scale": 6, "high_risk": 10}})
    assert [r["base"] for r in rows] == [10, 20, None]
    assert whole["base"] is None


def test_the_month_before_where_there_is_one() -> None:
    rows, whole = county({}, [NUMBERS])
    assert [r["previous"] for r in rows] == [8, 4, 20]
    assert whole["previous"] == 32
    rows, whole = county({})
    assert [r["previous"] for r in rows] == [None] * 3
    assert whole["previous"] is None


def test_a_form_that_no_target_names_shows_none() -> None:
    other = ANNEX4.model_copy(update={"id": "annex9"})
    rows, whole = county({"五图街道": BASE_A, "乔官镇": BASE_B}, rule=other)
    assert [r["target"] for r in rows] == [None] * 3
    assert whole["gap"] is None


def test_nobody_has_to_report() -> None:
    rows, whole = categories(ANNEX4, RULES, [], [], {}, [], NOW.date())
    assert [r["reached"] for r in rows] == [0, 0, 0]
    assert (whole["reached"], whole["base"]) == (0, None)

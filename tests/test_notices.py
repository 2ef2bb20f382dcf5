"""What the office is told of a month: who has not reported, and whom to call."""

from typing import Any

from bot.deciding.notices import contact, overdue_context
from bot.deciding.standing import Uncounted, standings
from bot.model.people import Liaison
from tests.books import ANNEX4, RULES
from tests.rosters import BEIJING, accepted, at_utc, beijing

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

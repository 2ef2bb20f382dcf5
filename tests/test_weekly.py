"""Whom the digest asks to be called, and what liaisons have explained."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from bot.deciding.standing import Standing, State
from bot.deciding.weekly import calls, reasons
from bot.model.people import Liaison
from tests.books import RULES
from tests.bots import ZONE, at

WUTU, QIAOGUAN = RULES.units.by_name["五图街道"], RULES.units.by_name["乔官镇"]
NOW = at("2017-07-10T08:30")
LI, WANG = Liaison("五图街道", "李明", "13800000001", "li@wutu.test"), Liaison("乔官镇", "王芳", "", "wang@qiao.test")
PEOPLE = {"五图街道": [LI], "乔官镇": [WANG]}


def called(state: State, dead: set[str] | None = None, people: Any = PEOPLE, **line: Any) -> list[dict[str, Any]]:
    return calls([Standing(WUTU, state, **line)], people, dead or set(), NOW, ZONE)


def test_who_is_overdue_with_the_number_to_dial() -> None:
    (item,) = called("missing", late_by_days=5)
    assert (item["unit"], item["liaison"], item["phone"], item["days"]) == ("五图街道", "李明", "13800000001", 5)
    assert (item["returned"], item["dead"], item["no_address"]) == (None, [], False)


@pytest.mark.parametrize("state", ["accepted", "late", "waiting", "open", "exempt"])
def test_nobody_else_is_called(state: State) -> None:
    assert called(state, late_by_days=5, received_at=at("2017-07-01T10:00")) == []


@pytest.mark.parametrize(
    ("since", "days"),
    [("2017-07-07T23:59", 3), ("2017-07-08T00:00", None), ("2017-07-01T10:00", 9)],
)
def test_who_has_not_corrected_a_report_for_long(since: str, days: int | None) -> None:
    got = called("returned", received_at=at(since), late_by_days=5)
    assert [(item["returned_days"], item["days"]) for item in got] == ([] if days is None else [(days, 0)])


def test_whose_address_is_dead_even_if_the_report_is_there() -> None:
    (item,) = called("accepted", {"li@wutu.test", "other@else.test"}, received_at=at("2017-07-01T10:00"))
    assert (item["dead"], item["days"], item["returned"]) == (["li@wutu.test"], 0, None)


def test_a_line_has_all_that_is_the_matter() -> None:
    (item,) = called("returned", {"li@wutu.test"}, received_at=at("2017-07-09T10:00"))
    assert (item["returned"], item["dead"]) == (at("2017-07-09T10:00"), ["li@wutu.test"])


def test_nobody_is_registered() -> None:
    (item,) = called("missing", people={}, late_by_days=5)
    assert (item["liaison"], item["phone"], item["no_address"]) == ("", "", True)


def test_in_the_order_of_the_units() -> None:
    lines = [Standing(WUTU, "missing", late_by_days=1), Standing(QIAOGUAN, "missing", late_by_days=1)]
    assert [item["unit"] for item in calls(lines, PEOPLE, set(), NOW, ZONE)] == ["五图街道", "乔官镇"]


@dataclass
class Row:
    unit: str
    period: str
    message: str
    reason: str
    said_at: datetime


def test_a_reason_for_two_findings_is_said_once() -> None:
    rows = [
        Row("五图街道", "2017-06", "fewer", "closed", NOW),
        Row("五图街道", "2017-06", "more", "closed", NOW),
        Row("五图街道", "2017-06", "jump", "built", NOW),
        Row("乔官镇", "2017-06", "fewer", "built", NOW),
    ]
    assert [(r["unit"], r["asked"], r["said"]) for r in reasons(rows)] == [
        ("五图街道", ["fewer", "more"], "closed"),
        ("五图街道", ["jump"], "built"),
        ("乔官镇", ["fewer"], "built"),
    ]

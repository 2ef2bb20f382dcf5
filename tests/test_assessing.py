"""The yearly assessment: what counts, what it costs, who ranks where; by hand, then over both databases.

full 100, late 1 a day up to 5, missing 8, returned 0.5, corrected 0.5.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import event

from bot.config import read_toml
from bot.deciding.assessing import assess
from bot.deciding.calendar import WorkCalendar
from bot.deciding.whichperiod import Campaign
from bot.deciding.yearplan import dues
from bot.jobs.parts import Bot
from bot.jobs.reporting.assessing import assessed
from bot.model.assessment import Assessed, Filed
from bot.record import acts
from bot.record.acts import Dispensation
from bot.rules.assessment import Assessment
from tests.books import RULES
from tests.bots import ROOT, ZONE, appoint, at, built, first_run, reported

WUTU, QIAOGUAN, HONGHE, EDUCATION = "五图街道", "乔官镇", "红河镇", "教育局"
CAMPAIGN = Campaign("2017-06", "2019-12")
CALENDAR = WorkCalendar(RULES.calendar)
SINCE = at("2017-06-20T09:00")
TABLE = read_toml(ROOT / "rules" / "assessment.toml")
_ids = count(1)


def filed(unit: str, period: str, when: str, outcome: str = "accepted", **more: Any) -> Filed:
    version = more.pop("version", 1 if outcome == "accepted" else None)
    first = at(more.pop("first", when))
    known: dict[str, Any] = {"sender_unit": unit, "why": "", **more}
    return Filed(
        next(_ids), "annex4", period, unit, outcome=outcome, version=version, received_at=at(when),
        first_received_at=first, **known,
    )  # fmt: skip


def year(reports: list[Filed], now: str, of: int = 2017, since: datetime = SINCE) -> dict[str, Assessed]:
    owed = dues(of, [RULES.forms["annex4"]], CAMPAIGN, CALENDAR, ZONE)
    return {a.unit: a for a in assess(RULES, owed, reports, at(now), ZONE, since=since)}


def cost(unit: Assessed, row: int = 0) -> dict[str, tuple[int, float]]:
    return {d.code: (d.count, float(d.points)) for d in unit.evidence[row].deductions}


@pytest.mark.parametrize(
    ("when", "outcome", "days", "points"),
    [
        ("2017-06-28T10:00", "on_time", 0, 0),
        ("2017-07-05T23:59:59", "on_time", 0, 0),
        ("2017-07-06T00:00", "late", 1, 1),
        ("2017-07-06T23:59:59", "late", 1, 1),
        ("2017-07-10T00:00", "late", 5, 5),
        ("2017-07-11T00:00", "late", 6, 5),  # capped
        ("2018-03-05T10:00", "late", 243, 5),
    ],
)
def test_late_is_counted_in_days_of_the_office_s_wall_clock(when: str, outcome: str, days: int, points: int) -> None:
    unit = year([filed(WUTU, "2017-06", when)], "2018-04-01T00:00")[WUTU]
    june = unit.evidence[0]
    assert (june.outcome, june.late_days, june.received_at) == (outcome, days, at(when))
    assert cost(unit) == ({"late": (days, points)} if days else {})


def test_what_is_missing_returned_or_corrected_costs_what_the_rules_say() -> None:
    reports = [
        filed(WUTU, "2017-06", "2017-07-03T10:00", "returned"),
        filed(WUTU, "2017-06", "2017-07-04T10:00"),
        filed(WUTU, "2017-06", "2017-07-20T10:00", version=2, first="2017-07-04T10:00"),
        filed(WUTU, "2017-06", "2017-07-21T10:00", version=3, first="2017-07-04T10:00"),
        filed(WUTU, "2017-07", "2017-08-03T10:00", "returned"),
        filed(WUTU, "2017-07", "2017-08-04T10:00", "returned"),
    ]
    unit = year(reports, "2017-08-06T00:00")[WUTU]
    june, july = unit.evidence
    assert (june.outcome, june.version, june.received_at) == ("on_time", 3, at("2017-07-04T10:00"))
    assert cost(unit) == {"returned": (1, 0.5), "corrected": (2, 1.0)}
    assert (july.outcome, july.version, july.received_at) == ("missing", None, None)
    assert cost(unit, 1) == {"missing": (1, 8.0), "returned": (2, 1.0)}
    assert (unit.owed, unit.returned, unit.corrected) == (2, 3, 2)
    assert (unit.deducted, unit.score, unit.grade) == (Decimal("10.5"), Decimal("89.5"), "良好")


def test_what_waits_for_a_person_costs_nothing_yet() -> None:
    reports = [
        filed(WUTU, "2017-06", "2017-07-04T10:00", "waiting", why="confirm"),
        filed(QIAOGUAN, "2017-06", "2017-07-04T10:00", "waiting", why="authentication"),  # proves nothing
        # names one unit, comes from another: one of them sent it
        filed(HONGHE, "2017-06", "2017-07-04T10:00", "waiting", why="unit_mismatch", sender_unit=EDUCATION),
    ]
    units = year(reports, "2017-07-10T00:00")
    assert {name: units[name].evidence[0].outcome for name in (WUTU, QIAOGUAN, HONGHE, EDUCATION)} == {
        WUTU: "waiting", QIAOGUAN: "missing", HONGHE: "waiting", EDUCATION: "waiting",
    }  # fmt: skip
    assert float(units[WUTU].score) == 100
    assert units[WUTU].evidence[0].received_at == at("2017-07-04T10:00")


def test_december_belongs_to_the_year_in_which_it_falls_due() -> None:
    reports = [filed(WUTU, f"2017-{m:02}", f"2017-{m + 1:02}-05T10:00") for m in range(6, 12)]
    reports.append(filed(WUTU, "2017-12", "2018-01-06T10:00"))
    first, second = year(reports, "2018-02-01T00:00")[WUTU], year(reports, "2018-02-01T00:00", 2018)[WUTU]
    assert [row.period for row in first.evidence] == [f"2017-{m:02}" for m in range(6, 12)]
    assert (float(first.score), first.count("on_time")) == (100, 6)
    assert [(row.period, row.outcome) for row in second.evidence] == [("2017-12", "late")]
    assert float(second.score) == 99


@pytest.mark.parametrize(
    ("now", "owed"),
    [("2017-07-05T23:59:59", 0), ("2017-07-06T00:00", 1), ("2017-08-05T23:59:59", 1), ("2018-01-01T00:00", 6)],
)
def test_what_is_not_due_yet_does_not_count(now: str, owed: int) -> None:
    assert sum(unit.owed for unit in year([], now).values()) == owed * len(RULES.units.units)


def test_what_fell_due_before_the_first_run_does_not_count() -> None:
    late_start = year([], "2018-01-01T00:00", since=at("2017-09-06T00:00"))
    assert [row.period for row in late_start[WUTU].evidence] == ["2017-09", "2017-10", "2017-11"]
    same_day = year([], "2018-01-01T00:00", since=at("2017-09-05T23:59:59"))
    assert same_day[WUTU].evidence[0].period == "2017-08"


def test_the_score_never_falls_below_nothing() -> None:
    returned = [filed(WUTU, "2017-06", "2017-07-03T10:00", "returned") for _ in range(300)]
    unit = year(returned, "2017-07-06T00:00")[WUTU]
    assert (float(unit.deducted), float(unit.score), unit.grade) == (158, 0, "不合格")


def test_towns_and_departments_are_ranked_apart_and_equal_scores_share_a_rank() -> None:
    reports = [filed(u.name, "2017-06", "2017-07-04T10:00") for u in RULES.units.units if u.name != EDUCATION]
    reports += [filed(QIAOGUAN, "2017-06", "2017-07-05T10:00", version=2, first="2017-07-04T10:00")]
    units = year(reports, "2017-07-06T00:00")
    assert list(units)[-1] == EDUCATION
    assert [a.kind for a in units.values()] == ["town"] * 10 + ["department"] * 35
    assert [a.rank for a in units.values()] == [1] * 9 + [10] + [1] * 34 + [35]
    assert list(units)[9] == QIAOGUAN
    assert (float(units[EDUCATION].score), units[EDUCATION].grade) == (92, "优秀")


# --- over the record ---


@pytest.fixture(params=["sqlite", "postgresql"])
def bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, SINCE)
        yield made


def test_the_record_of_a_year_is_read_with_one_statement_a_table(bot: Bot) -> None:
    # given reports of every outcome, of this year and of another
    reported(bot, WUTU, "2017-06", "2017-07-04T10:00", outcome="returned")
    reported(bot, WUTU, "2017-06", "2017-07-05T23:59:59")
    reported(bot, WUTU, "2017-06", "2017-07-09T10:00")
    reported(bot, QIAOGUAN, "2017-06", "2017-07-06T00:00")
    reported(bot, HONGHE, "2017-07", "2017-08-01T10:00", outcome="waiting", why="older")
    reported(bot, WUTU, "2017-12", "2018-01-03T10:00")
    # when
    statements: list[str] = []
    with bot.record.read() as conn:
        event.listen(bot.record.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        units = {a.unit: a for a in assessed(bot, conn, 2017, SINCE, at("2017-08-06T00:00"))}
    # then
    assert len(statements) == 2  # the reports, and whom the office let off
    assert [(r.outcome, r.version, r.late_days, r.returned, r.corrected) for r in units[WUTU].evidence] == [
        ("on_time", 2, 0, 1, 1),
        ("missing", None, 0, 0, 0),
    ]
    assert float(units[WUTU].score) == 91
    assert (units[QIAOGUAN].evidence[0].late_days, float(units[QIAOGUAN].score)) == (1, 91)
    assert [r.outcome for r in units[HONGHE].evidence] == ["missing", "waiting"]


def test_who_is_exempt_owes_nothing_and_who_has_more_time_is_measured_by_it(bot: Bot) -> None:
    # given one unit that is exempt from June, and three with time until the 10th: on time, late, and silent
    with bot.record.begin() as conn:
        acts.dispense(conn, Dispensation(WUTU, "annex4", "2017-06", None, "合并"), at("2017-07-01T10:00"))
        for unit in (QIAOGUAN, HONGHE, EDUCATION):
            given = Dispensation(unit, "annex4", "2017-06", date(2017, 7, 10), "停电")
            acts.dispense(conn, given, at("2017-07-01T10:00"))
    reported(bot, QIAOGUAN, "2017-06", "2017-07-10T23:59:59")
    reported(bot, HONGHE, "2017-06", "2017-07-12T00:00")
    reported(bot, EDUCATION, "2017-06", "2017-07-04T10:00", outcome="returned")

    def june(now: str) -> dict[str, tuple[str, datetime, int]]:
        with bot.record.read() as conn:
            units = assessed(bot, conn, 2017, SINCE, at(now))
        return {u.unit: (u.evidence[0].outcome, u.evidence[0].deadline, u.evidence[0].late_days) for u in units}

    # then the exempt one is not there at all, and the others are held against their own day
    own, after = at("2017-07-10T23:59:59"), june("2017-07-20T00:00")
    assert WUTU not in after
    assert [after[u] for u in (QIAOGUAN, HONGHE, EDUCATION)] == [
        ("on_time", own, 0), ("late", own, 2), ("missing", own, 0),
    ]  # fmt: skip
    assert EDUCATION not in june("2017-07-10T10:00")  # has time left


def test_a_list_that_the_office_entered_by_itself_is_not_owed(bot: Bot) -> None:
    # given a list of liaisons that counts, with one unit's liaison known already
    rule = bot.rules.assessment.model_copy(update={"forms": ("liaisons",)})
    listed = replace(bot, rules=bot.rules.model_copy(update={"assessment": rule}))
    appoint(bot, (WUTU, "李明", "li@wutu.test"))
    with bot.record.read() as conn:
        units = {a.unit: a for a in assessed(listed, conn, 2017, at("2017-06-01T00:00"), at("2017-06-06T00:00"))}
    assert WUTU not in units
    assert [(r.period, r.outcome) for r in units[QIAOGUAN].evidence] == [("once", "missing")]


# --- the file ---


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"deductions": {**TABLE["deductions"], "late_cap": 9}}, "late_cap: more than missing"),
        ({"deductions": {**TABLE["deductions"], "late_per_day": 0.125}}, "decimal"),
        ({"grades": list(reversed(TABLE["grades"]))}, "from the best down"),
        ({"grades": TABLE["grades"][:1]}, "the last at 0"),
        ({"words": {**TABLE["words"], "kinds": {"town": "镇"}}}, r"kinds\.department: this text is missing"),
        ({"words": {**TABLE["words"], "kinds": {**TABLE["words"]["kinds"], "x": "镇"}}}, r"kinds\.x: no such key"),
        ({"words": {**TABLE["words"], "title": "{jahr}"}}, "{jahr} is not filled in"),
        (
            {"words": {**TABLE["words"], "outcomes": {**TABLE["words"]["outcomes"], "late": "按时"}}},
            "outcomes: a text stands twice",
        ),
        (
            {"words": {**TABLE["words"], "outcomes": {**TABLE["words"]["outcomes"], "late": "逾,期"}}},
            "no comma",
        ),
        ({"words": {**TABLE["words"], "reasons": {**TABLE["words"]["reasons"], "late": "{days}"}}}, "{days} is not"),
    ],
)
def test_a_wrong_rule_is_named(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Assessment.model_validate({**TABLE, **change})

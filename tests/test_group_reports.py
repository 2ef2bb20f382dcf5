"""Once a month each inspection group's lead is told of its areas: state, numbers, targets; once, whatever happened.

Deadline of June: Wednesday 2017-07-05; five working days after it: 07-12. Of July: Saturday 2017-08-05, so 08-11.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.deciding.calendar import WorkCalendar
from bot.deciding.county import Month
from bot.deciding.groups import due_period, report_context
from bot.deciding.standing import Uncounted, standings
from bot.jobs.parts import Bot
from bot.jobs.reporting.group_reports import report_to_groups
from bot.model.people import Liaison
from bot.record import claims, people, schema
from bot.rules.reminders import GroupReports
from bot.rules.workdays import CalendarFile
from tests.books import ANNEX4, RULES
from tests.bots import (
    NUMBERS,
    appoint,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    first_run,
    flat,
    header,
    letters,
    read_mailbox,
    reported,
    rows,
)
from tests.rosters import BEIJING, accepted, beijing
from tests.test_escalating import changed

ZHULIU, SHOUYANG, GAOYA = "朱刘街道", "首阳山旅游度假区", "高崖水库库区"
ANJIAN, SHUILI = "安监局", "水利局"
LIU, SUN = "liu@anjian.test", "sun@shuili.test"
FIFTH = at("2017-07-12T09:00")
KEY, NINTH_KEY = "group_report:2:annex4:2017-06", "group_report:9:annex4:2017-06"
LEADS = [group.lead for group in RULES.units.groups]


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, at("2017-06-20T09:00"))
        yield made


def run(bot: Bot, now: datetime) -> int:
    """One tick after a good poll."""
    read_mailbox(bot, now)
    return report_to_groups(bot, now)


def keys(bot: Bot) -> list[str]:
    return [row.key for row in letters(bot)]


def text_to(bot: Bot, address: str) -> str:
    (row,) = [row for row in letters(bot) if row.to == address]
    return flat(row.mime)


def everybody(bot: Bot) -> None:
    """Each lead has a liaison."""
    ids = {unit.name: unit.id for unit in RULES.units.units}
    appoint(bot, *((lead, "某某", f"{ids[lead]}@demo.test") for lead in LEADS))


def test_every_lead_is_told_once_at_the_first_hour_that_is_worked(any_bot: Bot) -> None:
    # given three weeks, hour by hour
    everybody(any_bot)
    written = {}
    for hours in range(24 * 21):
        now = at("2017-07-05T00:00") + timedelta(hours=hours)
        if made := run(any_bot, now):
            written[now.isoformat()[:13]] = made
    # then
    assert written == {"2017-07-12T09": 9}
    assert keys(any_bot) == [f"group_report:{n}:annex4:2017-06" for n in range(1, 10)]
    assert {row.state for row in letters(any_bot)} == {"queued"}


def test_state_numbers_growth_targets_and_whom_to_call(any_bot: Bot) -> None:
    # given a town that has reported May and June, and registered the base of two categories
    appoint(any_bot, (ANJIAN, "刘洋", LIU), (ZHULIU, "陈刚", "chen@zhuliu.test"))
    less = {**NUMBERS, "above_scale": {**NUMBERS["above_scale"], "level_3": NUMBERS["above_scale"]["level_3"] - 2}}
    reported(any_bot, ZHULIU, "2017-05", "2017-06-03T10:00", numbers=less)
    reported(any_bot, ZHULIU, "2017-06", "2017-07-07T10:00")
    with any_bot.record.begin() as conn:
        people.register_base(conn, ZHULIU, "annex4", {"above_scale": 10, "high_risk": 7}, FIFTH)
    # when
    assert run(any_bot, FIFTH) == 1
    # then
    said = text_to(any_bot, LIU)
    for words in (
        "安监局联络员刘洋同志",
        "第二组：安监局牵头，公安消防大队、气象局参与，负责督查朱刘街道",
        "应报1个单位，已报1个，其中按时0个。",
        "2017年7月7日10:00收到，逾期2天报送",
        "陈刚，13800000000",
        "规模以上企业：已达标8家，比2017年5月增加2家，基础数10家，达标率80%，目标为2017年12月31日前达到100%，还差2家",
        "其他生产经营单位：已达标20家，与2017年5月持平，基础数尚未登记，暂不能计算达标率",
        "全部生产经营单位：已达标32家，比2017年5月增加2家，基础数尚未登记",
    ):
        assert words in said
    assert "督促" not in said


def test_one_letter_tells_of_both_areas_and_asks_to_press_the_one_that_is_late(any_bot: Bot) -> None:
    appoint(any_bot, (SHUILI, "孙丽", SUN))
    reported(any_bot, SHOUYANG)
    reported(any_bot, GAOYA, "2017-05", "2017-06-03T10:00")
    assert run(any_bot, FIFTH) == 1
    said = text_to(any_bot, SUN)
    assert "应报2个单位，已报1个，其中按时1个；逾期未报1个：高崖水库库区。" in said
    assert "尚未报送，已逾期7天" in said
    assert "本期数字尚未登记，以下为最近一次登记的数字（截至2017年5月）" in said
    assert "烦请贵单位结合督查工作协助督促" in said
    assert header(letters(any_bot)[0].mime, "Subject").startswith(
        "【督查情况】第九组附件4（截至2017年6月）：应报2，已报1，逾期未报1"
    )


def test_what_the_lead_owes_itself_stands_in_another_letter(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    for unit in RULES.units.units:
        if unit.name != ANJIAN:
            reported(bot, unit.name)
    run(bot, FIFTH)
    assert "逾期" not in text_to(bot, LIU)


def test_nobody_has_sent_a_nought(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    run(bot, FIFTH)
    assert "尚无已登记的数字" in text_to(bot, LIU)
    assert "已达标0" not in text_to(bot, LIU)


def test_five_runs_write_one_letter(any_bot: Bot) -> None:
    appoint(any_bot, (ANJIAN, "刘洋", LIU))
    assert [run(any_bot, FIFTH + timedelta(hours=n)) for n in range(5)] == [1, 0, 0, 0, 0]
    assert len([r for r in rows(any_bot, schema.job_run) if r.job == "group_report"]) == 1


def test_after_an_outage_only_the_latest_month_is_told(any_bot: Bot) -> None:
    everybody(any_bot)
    assert run(any_bot, at("2017-09-04T10:00")) == 9
    assert keys(any_bot)[0] == "group_report:1:annex4:2017-07"
    assert run(any_bot, at("2017-09-05T10:00")) == 0


def test_what_fell_due_before_the_first_run_is_not_told(tmp_path: Path) -> None:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-07-06T08:00"))
        everybody(made)
        assert [run(made, FIFTH + timedelta(days=day)) for day in range(25)] == [0] * 25
        assert run(made, at("2017-08-11T08:30")) == 9


def test_nothing_is_told_while_the_mailbox_is_not_read_or_a_mail_lies_unopened(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    assert report_to_groups(bot, FIFTH) == 0
    archived(bot, b"not opened yet", FIFTH)
    assert run(bot, FIFTH) == 0
    with bot.record.begin() as conn:
        claims.set_aside(conn, 1, FIFTH, "set_aside")
    assert run(bot, FIFTH) == 1


@pytest.mark.parametrize("when", ["2017-07-12T08:29", "2017-07-12T17:30", "2017-07-15T10:00"])
def test_outside_working_hours_nothing_is_told(bot: Bot, when: str) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    assert run(bot, at(when)) == 0


@pytest.mark.parametrize("address", ["", LIU])
def test_a_lead_without_an_address_is_put_before_the_office_once_and_told_when_it_has_one(
    any_bot: Bot, address: str
) -> None:
    # given no address, or one that mail comes back from; and the other leads
    everybody(any_bot)
    appoint(any_bot, (ANJIAN, "刘洋", address))
    with any_bot.record.begin() as conn:
        people.mark_dead(conn, LIU, FIFTH, "550 User not found")
    assert [run(any_bot, FIFTH + timedelta(hours=n)) for n in range(3)] == [8, 0, 0]
    assert attentions(any_bot) == [("lead_unreachable", "")]
    (item,) = rows(any_bot, schema.attention)
    assert (item.unit, item.form, item.period) == (ANJIAN, "annex4", "2017-06")
    # when the office has entered another
    appoint(any_bot, (ANJIAN, "周敏", "zhou@anjian.test"), on="2017-07-13")
    assert run(any_bot, FIFTH + timedelta(days=2)) == 1
    assert keys(any_bot)[-1] == KEY


def test_one_who_leads_two_groups_gets_one_letter(tmp_path: Path) -> None:
    # given a county where 水利局 leads the second group too
    folder = changed(tmp_path, "units", 'lead = "安监局"', 'lead = "水利局"')
    with build(config(tmp_path, paths={"rules": str(folder)})) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (SHUILI, "孙丽", SUN))
        assert run(made, FIFTH) == 1
        assert keys(made) == ["group_report:2+9:annex4:2017-06"]
        said = text_to(made, SUN)
        assert "第二组：水利局牵头" in said
        assert "第九组：水利局牵头" in said
        assert said.startswith("水利局联络员孙丽同志")


def test_one_person_at_two_leads_gets_one_letter_and_a_colleague_one_too(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU), (SHUILI, "刘洋", LIU), (SHUILI, "孙丽", SUN))
    assert run(bot, FIFTH) == 2
    assert [(row.key, row.to) for row in letters(bot)] == [("group_report:2+9:annex4:2017-06", LIU), (NINTH_KEY, SUN)]


def test_two_liaisons_of_one_lead(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU), (ANJIAN, "孙丽", SUN))
    assert run(bot, FIFTH) == 2
    assert keys(bot) == [KEY, f"{KEY}:{SUN}"]


def test_as_a_draft_it_waits_and_without_the_table_there_is_none(tmp_path: Path) -> None:
    draft = changed(
        tmp_path / "a", "reminders", 'letter = "group_report"\ndraft = false', 'letter = "group_report"\ndraft = true'
    )
    none = changed(
        tmp_path / "b", "reminders", '[groups]\nworking_days = 5\nletter = "group_report"\ndraft = false', ""
    )
    found = []
    for name, folder in (("a", draft), ("b", none)):
        with build(config(tmp_path / name, paths={"rules": str(folder)})) as made:
            first_run(made, at("2017-06-20T09:00"))
            appoint(made, (ANJIAN, "刘洋", LIU))
            run(made, FIFTH)
            found.append([(row.key, row.state) for row in letters(made)])
    assert found == [[(KEY, "held")], []]


# Without a record

CALENDAR, HOURS = WorkCalendar(CalendarFile()), RULES.reminders.hours
POLICY = GroupReports(working_days=5, letter="group_report")
DEADLINES = {"2017-06": beijing("2017-07-05T23:59:59"), "2017-07": beijing("2017-08-05T23:59:59")}


# The table of the module's docstring, and more of its kind.
@pytest.mark.parametrize(
    ("now", "since", "expected"),
    [
        ("2017-07-11T16:00:00", "2017-01-01", None),
        ("2017-07-12T08:29:59", "2017-01-01", None),
        ("2017-07-12T08:30:00", "2017-01-01", "2017-06"),
        ("2017-07-12T17:30:00", "2017-01-01", None),
        ("2017-07-15T10:00:00", "2017-01-01", None),
        ("2017-08-10T10:00:00", "2017-01-01", "2017-06"),
        ("2017-08-11T08:30:00", "2017-01-01", "2017-07"),
        ("2017-07-12T08:30:00", "2017-07-05", "2017-06"),
        ("2017-07-12T08:30:00", "2017-07-06", None),
        ("2017-08-11T08:30:00", "2017-07-06", "2017-07"),
    ],
)
def test_which_month_is_due(now: str, since: str, expected: str | None) -> None:
    for moment in (beijing(now), beijing(now).astimezone(UTC)):
        found = due_period(POLICY, DEADLINES, moment, HOURS, CALENDAR, BEIJING, since=beijing(f"{since}T00:00:00"))
        assert found == expected


def context(*uncounted: Uncounted, **changes: Any) -> dict[str, Any]:
    """What 水利局 is told on 07-12; 首阳山 has reported June."""
    present = {SHOUYANG: accepted(unit=SHOUYANG)}
    off = changes.pop("let_off", {})
    lines = standings(ANNEX4, RULES.units.units, present, uncounted, DEADLINES["2017-06"], FIFTH, BEIJING, off)
    month = Month(
        "2017-06", lines, changes.get("present", present), changes.get("before", {}), changes.get("bases", {})
    )
    liaisons = {GAOYA: [Liaison(GAOYA, "赵云", "13800000001", "zhao@gaoya.test")]}
    groups = [group for group in RULES.units.groups if group.number == 9]
    return report_context("孙丽", groups, month, liaisons, ANNEX4, RULES, DEADLINES["2017-06"], FIFTH)


def areas(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {area["unit"]: area for group in told["groups"] for area in group["areas"]}


def test_the_figures_are_those_of_the_group_s_own_areas() -> None:
    told = context()
    assert (told["expected"], told["received"], told["on_time"], told["owing"]) == (2, 1, 1, [{"unit": GAOYA}])
    assert told["leads"] == [SHUILI]
    assert [area["state"] for area in areas(told).values()] == ["accepted", "missing"]
    gaoya = areas(told)[GAOYA]
    assert (gaoya["liaison"], gaoya["phone"], gaoya["days_late"]) == ("赵云", "13800000001", 7)
    assert (gaoya["numbers_of"], gaoya["categories"], gaoya["total"]) == (None, [], None)


@pytest.mark.parametrize(("outcome", "why", "owing"), [("returned", "", True), ("waiting", "unit_mismatch", False)])
def test_what_was_returned_is_owed_and_what_waits_for_the_office_is_not(outcome: str, why: str, owing: bool) -> None:
    told = context(Uncounted(GAOYA, outcome, why, beijing("2017-07-04T10:00:00")))
    assert areas(told)[GAOYA]["state"] == outcome
    assert bool(told["owing"]) is owing


def test_who_is_let_off_or_has_more_time_is_not_asked_for() -> None:
    told = context(let_off={GAOYA: None})
    assert (told["expected"], told["owing"], areas(told)[GAOYA]["state"]) == (1, [], "exempt")
    told = context(let_off={GAOYA: beijing("2017-07-20T23:59:59")})
    assert (told["expected"], told["owing"], areas(told)[GAOYA]["state"]) == (2, [], "open")


def test_numbers_are_compared_with_the_month_before_and_held_against_the_area_s_own_base() -> None:
    base = {"above_scale": 10, "high_risk": 10, "other": 100}
    before = {SHOUYANG: accepted(unit=SHOUYANG, period="2017-05")}
    told = areas(context(before=before, bases={SHOUYANG: base}))[SHOUYANG]
    assert (told["numbers_of"], told["compared_with"]) == ("2017-06", "2017-05")
    assert told["total"]["growth"] == 0
    assert (told["total"]["base"], told["categories"][0]["base"]) == (120, 10)


def test_numbers_that_carry_on_are_compared_with_nothing() -> None:
    carried = {SHOUYANG: accepted(unit=SHOUYANG, period="2017-05")}
    told = areas(context(present=carried, before=carried))[SHOUYANG]
    assert (told["numbers_of"], told["compared_with"], told["total"]["growth"]) == ("2017-05", None, None)

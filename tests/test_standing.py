"""Where each unit stands: one state, by what was accepted, what waits, and what the clock says."""

from datetime import datetime

import pytest

from bot.deciding.standing import CREDIBLE, OWING, Rates, Standing, Uncounted, rates, standings
from bot.model.deciding import Accepted
from tests.books import ANNEX4, RULES
from tests.rosters import BEIJING, HOST_ZONES, NUMBERS, accepted, at_utc, beijing, host_in

UNITS = RULES.units.units
DUE = beijing("2017-07-05T23:59:59")
BEFORE, AFTER = beijing("2017-07-05T12:00:00"), beijing("2017-07-08T12:00:00")


def line(
    report: Accepted | None = None, *uncounted: Uncounted, now: datetime = AFTER, unit: str = "五图街道"
) -> Standing:
    held = {unit: report} if report else {}
    rows = standings(ANNEX4, UNITS, held, uncounted, DUE, now, BEIJING)
    return next(row for row in rows if row.unit.name == unit)


def other(outcome: str, why: str = "", unit: str | None = "五图街道", at: str = "2017-07-04T09:00:00") -> Uncounted:
    return Uncounted(unit, outcome, why, beijing(at))


def since(first: str, version: int = 1) -> Accepted:
    return accepted(version=version, first_received_at=beijing(first), received_at=beijing("2017-07-20T10:00:00"))


def test_every_unit_that_owes_the_form_has_one_line_in_the_order_of_the_file() -> None:
    rows = standings(ANNEX4, UNITS, {}, (), DUE, AFTER, BEIJING)
    assert [row.unit for row in rows] == list(UNITS)
    assert {row.state for row in rows} == {"missing"}


def test_a_form_that_only_towns_owe() -> None:
    rule = ANNEX4.model_copy(update={"owed": ANNEX4.owed.model_copy(update={"by": ("town",)})})
    assert len(standings(rule, UNITS, {}, (), DUE, AFTER, BEIJING)) == 10


def test_nothing_came() -> None:
    assert (line(now=BEFORE).state, line(now=BEFORE).late_by_days) == ("open", 0)
    assert (line(now=AFTER).state, line(now=AFTER).late_by_days) == ("missing", 3)


@pytest.mark.parametrize("zone", HOST_ZONES)
@pytest.mark.parametrize(
    ("now", "state", "late"),
    [
        ("2017-07-05T23:59:59", "open", 0),
        ("2017-07-05T23:59:59.5", "open", 0),
        ("2017-07-06T00:00:00", "missing", 1),
        ("2017-07-07T00:00:00", "missing", 2),
    ],
)
def test_the_turn_of_the_5th(zone: str, now: str, state: str, late: int) -> None:
    with host_in(zone):
        row = line(now=at_utc(beijing(now)))
        assert (row.state, row.late_by_days) == (state, late)


@pytest.mark.parametrize("zone", HOST_ZONES)
@pytest.mark.parametrize(
    ("first", "state", "late", "on_time"),
    [
        ("2017-07-05T23:59:59", "accepted", 0, True),
        ("2017-07-06T00:00:00", "late", 1, False),
        ("2017-07-10T08:00:00", "late", 5, False),
    ],
)
def test_a_report(zone: str, first: str, state: str, late: int, on_time: bool) -> None:
    with host_in(zone):
        row = line(accepted(first_received_at=at_utc(beijing(first))))
        assert (row.state, row.late_by_days, row.on_time) == (state, late, on_time)
        assert row.received_at == beijing(first)


def test_a_later_version_shows_its_number_and_total_and_the_time_of_the_first() -> None:
    row = line(since("2017-07-04T10:00:00", version=3))
    assert (row.state, row.version, row.received_at) == ("accepted", 3, beijing("2017-07-04T10:00:00"))
    assert row.total == sum(sum(columns.values()) for columns in NUMBERS.values()) == 32


def test_a_returned_report_still_owes() -> None:
    row = line(None, other("returned"))
    assert (row.state, row.received_at, row.late_by_days) == ("returned", beijing("2017-07-04T09:00:00"), 3)
    assert row.state in OWING
    assert line(None, other("returned"), now=BEFORE).late_by_days == 0


def test_an_accepted_report_goes_over_what_was_returned_or_waits_later() -> None:
    later = other("returned", at="2017-07-07T10:00:00"), other("waiting", "unit_mismatch", at="2017-07-07T10:00:00")
    assert line(since("2017-07-04T10:00:00"), *later).state == "accepted"


def test_the_last_of_several_speaks() -> None:
    first, second = other("returned"), other("waiting", "unit_mismatch", at="2017-07-05T09:00:00")
    assert (line(None, first, second).state, line(None, first, second).why) == ("waiting", "unit_mismatch")
    assert line(None, second, first).state == "returned"


@pytest.mark.parametrize("why", sorted(CREDIBLE))
def test_a_wait_that_may_be_the_unit_s_report_stops_its_reminders(why: str) -> None:
    assert line(None, other("waiting", why)).state == "waiting"
    assert "waiting" not in OWING


@pytest.mark.parametrize("why", ["authentication", "ambiguous_sender"])
def test_a_forged_report_stops_no_reminder(why: str) -> None:
    # given a mail whose sender is contradicted, or cannot be told, in the name of a unit
    assert line(None, other("waiting", why)).state == "missing"
    # and it does not hide what was returned before it
    assert line(None, other("returned"), other("waiting", why)).state == "returned"


def test_every_reason_to_wait_is_sorted() -> None:
    """A new reason must be put on one side or the other."""
    assert CREDIBLE | {"authentication", "ambiguous_sender", "held_back"} == set(RULES.reasons.waiting)


def test_what_nobody_can_be_told_from_concerns_no_unit() -> None:
    assert {
        row.state
        for row in standings(ANNEX4, UNITS, {}, [other("waiting", "unknown_sender", None)], DUE, AFTER, BEIJING)
    } == {"missing"}


def test_another_unit_s_report_concerns_no_other() -> None:
    assert line(since("2017-07-04T10:00:00"), unit="乔官镇").state == "accepted"
    rows = standings(ANNEX4, UNITS, {"乔官镇": since("2017-07-04T10:00:00")}, (), DUE, AFTER, BEIJING)
    assert [row.unit.name for row in rows if row.state == "accepted"] == ["乔官镇"]


def test_a_report_of_a_unit_that_the_rules_no_longer_have_is_left_out() -> None:
    rows = standings(ANNEX4, UNITS, {"旧单位": since("2017-07-04T10:00:00")}, (), DUE, AFTER, BEIJING)
    assert {row.state for row in rows} == {"missing"}


def test_rates_count_who_owes_who_reported_and_who_was_on_time() -> None:
    held = {"五图街道": since("2017-07-04T10:00:00"), "乔官镇": since("2017-07-06T00:00:00")}
    rows = standings(ANNEX4, UNITS, held, [other("returned", unit="红河镇")], DUE, AFTER, BEIJING)
    assert rates(rows) == Rates(expected=len(UNITS), received=2, on_time=1)
    assert rates(()) == Rates(0, 0, 0)


def test_an_exempt_unit_is_not_expected() -> None:
    rows = [Standing(UNITS[0], "exempt"), Standing(UNITS[1], "late"), Standing(UNITS[2], "missing")]
    assert rates(rows) == Rates(expected=2, received=1, on_time=0)

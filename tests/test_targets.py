"""The distance to the targets of the notice, section 一."""

from datetime import date
from pathlib import Path

import pytest

from bot.deciding.targets import Share, account_day, pace, progress
from bot.rules.load import load_rules
from bot.rules.targets import Targets

TARGETS = load_rules(Path(__file__).parent.parent / "rules").targets
JUNE = date(2017, 6, 30)
SUMS = {"above_scale": 30, "high_risk": 10, "other": 60}
BASE = {"above_scale": 40, "high_risk": 10, "other": 251}


def one(percent: float) -> Targets:
    return Targets.model_validate(
        {
            "form": "annex4",
            "label": "all",
            "reached": "done",
            "targets": [{"until": date(2017, 12, 31), "all": percent}],
        }
    )


def test_each_category_and_all_against_the_next_target_that_names_it() -> None:
    got = progress(SUMS, BASE, TARGETS, JUNE)
    assert list(got.groups) == ["above_scale", "high_risk", "other"]
    end_2017, end_2018 = date(2017, 12, 31), date(2018, 12, 31)
    assert got.groups["above_scale"] == Share(30, 40, 0.75, 100, end_2017, 10, 6, False, "on_pace")
    assert got.groups["high_risk"] == Share(10, 10, 1.0, 100, end_2017, 0, 6, False, "on_pace")
    # Nothing is asked of "other" by itself before the end of 2018.
    assert got.groups["other"] == Share(60, 251, 0.239, 100, end_2018, 191, 18, False, "on_pace")
    # Half of 301 is 150.5: 151 enterprises are needed.
    assert got.overall == Share(100, 301, 0.332, 50, end_2017, 51, 6, False, "on_pace")


@pytest.mark.parametrize(
    ("on", "until", "months", "passed"),
    [
        ("2017-12-31", "2017-12-31", 0, False),
        ("2018-01-01", "2018-12-31", 11, False),
        ("2018-12-31", "2018-12-31", 0, False),
        ("2019-06-30", "2018-12-31", 0, True),  # all targets are over: the distance to the last is still shown
    ],
)
def test_time_moves_to_the_next_target(on: str, until: str, months: int, passed: bool) -> None:
    overall = progress(SUMS, BASE, TARGETS, date.fromisoformat(on)).overall
    assert (overall.until, overall.months_left, overall.passed) == (date.fromisoformat(until), months, passed)
    assert overall.gap == (51 if until == "2017-12-31" else 201)


def test_a_category_without_a_base_leaves_the_whole_without_one() -> None:
    got = progress(SUMS, {"above_scale": 40, "other": 251}, TARGETS, JUNE)
    assert got.groups["above_scale"].gap == 10
    assert got.groups["high_risk"] == Share(10, None, None, 100, date(2017, 12, 31), None, 6, False)
    assert (got.overall.reached, got.overall.base, got.overall.rate, got.overall.gap) == (100, None, None, None)
    assert got.overall.target == 50


def test_no_base_at_all() -> None:
    got = progress(SUMS, None, TARGETS, JUNE)
    assert [s.rate for s in (*got.groups.values(), got.overall)] == [None] * 4
    assert got.overall.reached == 100


def test_a_base_of_zero_has_no_rate_and_no_gap_to_close() -> None:
    share = progress({"high_risk": 0}, {"high_risk": 0}, TARGETS, JUNE).groups["high_risk"]
    assert (share.base, share.rate, share.gap) == (0, None, 0)
    assert progress({"high_risk": 3}, {"high_risk": 0}, TARGETS, JUNE).groups["high_risk"].rate is None


def test_more_than_registered_stays_visible() -> None:
    share = progress({"high_risk": 15}, {"high_risk": 10}, TARGETS, JUNE).groups["high_risk"]
    assert (share.rate, share.gap) == (1.5, 0)


def test_a_category_that_nobody_reported_counts_as_nothing_reached() -> None:
    got = progress({"above_scale": 40}, BASE, TARGETS, JUNE)
    assert (got.groups["other"].reached, got.groups["other"].rate) == (0, 0.0)
    assert (got.overall.reached, got.overall.base) == (40, 301)


def test_nothing_reported_and_nothing_registered() -> None:
    got = progress({}, {}, TARGETS, JUNE)
    assert got.groups == {}
    assert (got.overall.reached, got.overall.base, got.overall.rate, got.overall.gap) == (0, None, None, None)


@pytest.mark.parametrize(
    ("percent", "base", "needed"),
    [
        (55, 100, 55),  # 0.55 * 100 is 55.00000000000001 in floats
        (7, 100, 7),
        (33.3, 1000, 333),
        (50, 3, 2),
        (0.1, 1, 1),
        (0, 10, 0),
        (100, 7, 7),
    ],
)
def test_the_gap_is_exact(percent: float, base: int, needed: int) -> None:
    assert progress({"other": 0}, {"other": base}, one(percent), JUNE).overall.gap == needed


def test_no_target_names_a_category() -> None:
    got = progress({"other": 3}, {"other": 4}, one(50), JUNE)
    assert got.groups["other"] == Share(3, 4, 0.75, None, None, None, None, False)


def test_no_targets_at_all() -> None:
    got = progress({"other": 3}, {"other": 4}, Targets(form="annex4", label="all", reached="done", targets=()), JUNE)
    assert (got.overall.rate, got.overall.target, got.overall.gap) == (0.75, None, None)


# The pace, counted in reports that can still be made. By hand: 50 % of 100 by the end of 2017 are 50.


@pytest.mark.parametrize(
    ("reached", "base", "on", "months", "needed"),
    [
        (43, 100, "2017-06-30", 6, 2),  # 7 are missing: 2 a month, and July to December are six months
        (44, 100, "2017-06-30", 6, 1),
        (38, 100, "2017-06-30", 6, 2),
        (37, 100, "2017-06-30", 6, 3),  # 13 through 6, rounded up
        (43, 100, "2017-11-30", 1, 7),  # one month is left: all of it
        (43, 100, "2017-12-31", 0, None),  # the report of the target's own month: nothing can be added any more
        (50, 100, "2017-12-31", 0, 0),
        (43, 100, "2018-01-31", 0, None),  # passed, and no later target
        (50, 100, "2017-06-30", 6, 0),  # reached
        (90, 100, "2017-06-30", 6, 0),  # more than reached
        (43, None, "2017-06-30", 6, None),  # nothing to measure against
        (0, 0, "2017-06-30", 6, 0),
    ],
)
def test_the_pace(reached: int, base: int | None, on: str, months: int, needed: int | None) -> None:
    share = progress(
        {"other": reached}, None if base is None else {"other": base}, one(50), date.fromisoformat(on)
    ).overall
    assert (share.months_left, share.pace) == (months, needed)


def test_what_no_target_names_has_no_pace() -> None:
    share = progress({"other": 3}, {"other": 4}, one(50), JUNE).groups["other"]
    assert (share.months_left, share.pace) == (None, None)


def test_the_pace_is_enough_and_no_smaller_one_is() -> None:
    for gap in range(200):
        for months in range(1, 25):
            a_month = pace(gap, months)
            assert a_month is not None
            assert a_month * months >= gap > (a_month - 1) * months or gap == a_month == 0


@pytest.mark.parametrize(
    ("period", "looked_at", "held_to"),
    [
        ("2017-06", "2017-06-28", "2017-06-30"),  # reported before the month is over
        ("2017-06", "2017-07-03", "2017-06-30"),
        ("2017-06", "2017-07-31", "2017-06-30"),  # late, in the same month
        ("2017-06", "2017-08-01", "2017-07-31"),  # a month late: July is over, too
        ("2017-06", "2017-10-03", "2017-09-30"),
        ("2017-12", "2018-01-03", "2017-12-31"),  # this report decides about the end of 2017
        ("2017-12", "2018-02-03", "2018-01-31"),
        ("2018-02", "2018-02-26", "2018-02-28"),
        ("2020-02", "2020-03-02", "2020-02-29"),
    ],
)
def test_the_day_to_which_numbers_are_held(period: str, looked_at: str, held_to: str) -> None:
    assert account_day(period, date.fromisoformat(looked_at)) == date.fromisoformat(held_to)


def test_the_report_of_december_is_held_against_the_end_of_its_year() -> None:
    overall = progress(SUMS, BASE, TARGETS, account_day("2017-12", date(2018, 1, 3))).overall
    assert (overall.until, overall.gap, overall.pace) == (date(2017, 12, 31), 51, None)

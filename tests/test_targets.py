"""The distance to the targets of the notice, section 一."""

from datetime import date
from pathlib import Path

import pytest

from bot.deciding.targets import Share, progress
from bot.rules.load import load_rules
from bot.rules.policy import Targets

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
    assert got.groups["above_scale"] == Share(30, 40, 0.75, 100, end_2017, 10, 6, False)
    assert got.groups["high_risk"] == Share(10, 10, 1.0, 100, end_2017, 0, 6, False)
    # Nothing is asked of "other" by itself before the end of 2018.
    assert got.groups["other"] == Share(60, 251, 60 / 251, 100, end_2018, 191, 18, False)
    # Half of 301 is 150.5: 151 enterprises are needed.
    assert got.overall == Share(100, 301, 100 / 301, 50, end_2017, 51, 6, False)


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

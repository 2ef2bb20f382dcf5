"""Who is behind, for how many months something lasts, and how a rate is rounded."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from bot.deciding.pace import Streak, lag_behind, streaks, worst
from bot.deciding.rounding import shown_rate
from bot.deciding.standing import Standing
from bot.deciding.targets import share
from tests.books import RULES

PACE = RULES.targets.pace
END = (date(2017, 12, 31), 50.0)
UNIT = RULES.units.units[0]


# Begun on 2017-05-30, 215 days before the end of 2017; behind from 10 % of the target on, far behind from 30 %.


@pytest.mark.parametrize(
    ("reached", "on", "lag"),
    [
        (0, "2017-05-30", "on_pace"),  # nothing is asked yet
        (0, "2017-05-01", "on_pace"),
        (0, "2017-06-30", "behind"),  # 31 days: 14.4 % of the way
        (5, "2017-06-30", "on_pace"),
        (15, "2017-07-31", "on_pace"),  # 62 days: 14.4 of 50 percent
        (10, "2017-07-31", "on_pace"),  # 4.4 short of it, which is 8.8 % of 50
        (9, "2017-07-31", "behind"),  # 10.8 %
        (0, "2017-07-31", "behind"),  # 28.8 %
        (0, "2017-08-31", "far_behind"),  # 93 days: 43.3 %
        (44, "2017-11-30", "on_pace"),  # 184 days: 42.8 of 50
        (28, "2017-11-30", "behind"),  # 29.6 %
        (27, "2017-11-30", "far_behind"),  # 31.6 %
        (49, "2017-12-31", "far_behind"),  # no day is left
        (49, "2018-03-31", "far_behind"),
    ],
)
def test_the_line_is_straight_from_the_first_day_to_the_target_s(reached: int, on: str, lag: str) -> None:
    assert lag_behind(reached, 100, END, None, PACE, date.fromisoformat(on)) == lag


def test_the_next_target_s_line_begins_at_the_one_before() -> None:
    # half of 2018, from 50 % to 100 %: 75 are asked on 2018-07-02
    later, on = (date(2018, 12, 31), 100.0), date(2018, 7, 2)
    assert [lag_behind(n, 100, later, END, PACE, on) for n in (66, 65, 45, 44)] == [
        "on_pace", "behind", "far_behind", "far_behind",
    ]  # fmt: skip
    assert share(None, 50, 100, RULES.targets, date(2018, 1, 31)).lag == "on_pace"


def test_what_has_reached_its_target_is_on_pace_and_of_what_has_no_base_nothing_is_said() -> None:
    assert share(None, 50, 100, RULES.targets, date(2017, 12, 31)).lag == "on_pace"
    assert share(None, 5, None, RULES.targets, date(2017, 12, 31)).lag is None
    assert share("high_risk", 0, 0, RULES.targets, date(2017, 12, 31)).lag is None
    without = RULES.targets.model_copy(update={"pace": None})
    assert share(None, 5, 100, without, date(2017, 12, 31)).lag is None


def test_the_worst_of_several() -> None:
    assert worst(["on_pace", None, "behind"]) == "behind"
    assert worst([None, None]) is None


# Months in a row.


def line(state: Any, total: int | None = None, late: int = 0) -> dict[str, Standing]:
    return {UNIT.name: Standing(UNIT, state, total=total, late_by_days=late)}


def row(*lines: dict[str, Standing]) -> Streak:
    return streaks(lines)[UNIT.name]


def sent(total: int) -> dict[str, Standing]:
    return line("accepted", total)


OPEN, GONE = line("open"), line("missing", late=9)


@pytest.mark.parametrize(
    ("lines", "still"),
    [
        ([sent(5)], 0),  # one month is no row
        ([sent(5), sent(5)], 1),
        ([sent(4), sent(5), sent(5), sent(5)], 2),
        ([sent(5), sent(5), sent(6)], 0),
        ([sent(5), sent(5), sent(4)], 0),  # fewer is another matter
        ([sent(5), GONE, sent(5)], 0),  # of a month without a report nothing is said
        ([sent(5), sent(5), GONE], 0),
        ([sent(5), sent(5), OPEN], 1),  # not due yet
        ([], None),
    ],
)
def test_months_without_growth(lines: list[dict[str, Standing]], still: int | None) -> None:
    assert (streaks(lines) == {}) if still is None else (row(*lines).still == still)


@pytest.mark.parametrize(
    ("lines", "late"),
    [
        ([line("late", 5, 2), line("late", 5, 1)], 2),
        ([line("late", 5, 2), sent(5)], 0),
        ([sent(5), line("late", 5, 2), GONE], 2),
        ([GONE, line("returned", late=3), GONE], 3),
        ([GONE, line("waiting", late=3), GONE], 1),  # a person must decide first
        ([GONE, line("exempt"), GONE], 2),
        ([GONE, GONE, OPEN], 2),
        ([line("returned")], 0),  # not due yet
    ],
)
def test_months_late(lines: list[dict[str, Standing]], late: int) -> None:
    assert row(*lines).late == late


# Rates.


@pytest.mark.parametrize(
    ("part", "whole", "target", "shown"),
    [
        (1, 3, None, 0.333),
        (2, 3, None, 0.667),
        (32, 120, 50, 0.267),
        (1, 2, 50, 0.5),
        (9996, 10000, None, 0.999),  # never all before it is all
        (9996, 10000, 100, 0.999),
        (4996, 10000, 50, 0.499),  # never a target before it is reached
        (4996, 10000, None, 0.5),
        (4996, 10000, 40, 0.5),
        (5001, 10000, 50, 0.5),
        (1245, 10000, 50, 0.125),  # a half goes up, exactly
        (16, 1, 50, 16.0),
        (0, 7, 50, 0.0),
    ],
)
def test_one_decimal_and_never_a_feigned_target(part: int, whole: int, target: float | None, shown: float) -> None:
    assert shown_rate(Fraction(part, whole), target) == shown


def test_a_share_carries_the_rate_as_it_is_shown() -> None:
    assert share(None, 4996, 10000, RULES.targets, date(2017, 6, 30)).rate == 0.499
    assert share("above_scale", 9996, 10000, RULES.targets, date(2017, 6, 30)).rate == 0.999

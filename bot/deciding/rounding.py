"""How a rate is shown: the one place where it is rounded. Pure."""

from fractions import Fraction
from math import floor

ALL = 100  # percent: what is not all must never read as all


def shown_rate(rate: Fraction, target: float | None = None) -> float:
    """A share of 1 to three places, so one decimal in percent: rounded, a half upwards.

    Cut down instead where rounding would feign a target, or all: 99.96 % is 99.9 %, and 49.96 % against a target of
    50 % is 49.9 %. ``target`` is in percent.
    """
    percent = rate * 100
    tenths = floor(percent * 10 + Fraction(1, 2))
    asked = [Fraction(ALL)] if target is None else [Fraction(ALL), Fraction(str(target))]
    if any(percent < limit <= Fraction(tenths, 10) for limit in asked):
        tenths = floor(percent * 10)
    return tenths / 1000

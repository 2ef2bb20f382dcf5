"""Sums of a report's numbers."""

from bot.deciding.adding import subtotal, total

NUMBERS = {"above_scale": {"level_1": 1, "level_2": 2}, "other": {"level_1": 4}, "high_risk": {}}


def test_sums_are_of_what_is_certain() -> None:
    assert total(NUMBERS) == 7
    assert total({}) == 0
    assert [subtotal(NUMBERS, group) for group in ("above_scale", "other", "high_risk", "unknown")] == [3, 4, 0, 0]

"""Adds up the numbers of a report. What is not certain stands in none of them, and adds nothing. Pure."""

from bot.model.deciding import Numbers


def total(numbers: Numbers) -> int:
    """All of them together."""
    return sum(sum(columns.values()) for columns in numbers.values())


def subtotal(numbers: Numbers, group: str) -> int:
    """Those of one group; 0 for a group that is not there."""
    return sum(numbers.get(group, {}).values())

"""Addresses as formulas and XML write them, such as $B$7."""

import re

from bot.reading.cells import a1

_REFERENCE = re.compile(r"(?<![A-Za-z0-9_.])(\$?)([A-Z]{1,3})(\$?)([0-9]{1,7})(?![A-Za-z0-9_(])")


def column_of(letters: str) -> int:
    """The number from 0 of a column in capital letters: AB is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1


def moved(formula: str, down: int, right: int) -> str:
    """A formula as another cell has it that shares it: its relative references moved along."""

    def there(found: re.Match[str]) -> str:
        column, row = column_of(found[2]), int(found[4])
        column, row = column if found[1] else column + right, row if found[3] else row + down
        letters = a1(0, column)[:-1]
        return f"{found[1]}{letters}{found[3]}{row}" if column >= 0 and row > 0 else "#REF!"

    return _REFERENCE.sub(there, formula)

"""Cells and their addresses, for the guarded process and for the one that judges: no words of any rules."""

import math
from datetime import date, datetime

from bot.model.forms import Cell

KEPT = 200  # characters of what was written that are worth repeating to anyone
NOISE = 1e-9  # of a number: 0.1 + 0.2 leaves 4e-17 in a file that says 0.3 to everyone who looks at it


def a1(row: int, column: int) -> str:
    """The address that a spreadsheet shows: (0, 27) is AB1."""
    letters = ""
    column += 1
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def is_formula(cell: Cell) -> bool:
    """Whether a cell holds the text of a formula that was never calculated."""
    return isinstance(cell, str) and cell.startswith("=") and len(cell) > 1


def shown(cell: Cell) -> str:
    """The cell as a text, as its writer saw it: 5 for 5.0, 2017-07-03 for a date, at most KEPT characters."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and (whole_number := without_noise(cell)) is not None:
        return str(whole_number)
    if isinstance(cell, date):
        return (cell.date() if isinstance(cell, datetime) else cell).isoformat()
    return str(cell).strip()[:KEPT]


def without_noise(number: float) -> int | None:
    """The whole number that a program meant, or None: 12.000000000000002 is shown as 12 everywhere."""
    if isinstance(number, int):
        return number
    near = round(number) if math.isfinite(number) and abs(number) < 1e15 else None
    return near if near is not None and abs(number - near) <= NOISE * max(1.0, abs(number)) else None

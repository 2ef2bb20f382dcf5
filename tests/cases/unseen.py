"""Workbooks in which a cell says something else than it shows, or belongs to more than one column."""

from tests.books import MERGES, Rows, Span, official
from tests.cases import parts
from tests.cases.parts import report
from tests.cases.registry import case

NUMBERS = 6  # the row of the numbers, from 0


@case(920, "numbers-merged-over-the-levels")
def _() -> bytes:
    """8, 4 and 20, each over the four levels of its category: no level is known, though the sums agree."""
    rows: Rows = official([8, None, None, None, 4, None, None, None, 20, None, None, None])
    over: list[Span] = [(NUMBERS, first, NUMBERS, first + 3) for first in (1, 5, 9)]
    return report(parts.workbook(("附件4", rows, [*MERGES, *over])))

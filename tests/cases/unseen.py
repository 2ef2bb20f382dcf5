"""Workbooks in which a cell says something else than it shows, or belongs to more than one column."""

from tests.books import MERGES, Rows, Span, official
from tests.cases import parts
from tests.cases.parts import form, report
from tests.cases.registry import case
from tests.cases.spreadsheets import separated

NUMBERS = 6  # the row of the numbers, from 0


@case(920, "numbers-merged-over-the-levels")
def _() -> bytes:
    """8, 4 and 20, each over the four levels of its category: no level is known, though the sums agree."""
    rows: Rows = official([8, None, None, None, 4, None, None, None, 20, None, None, None])
    over: list[Span] = [(NUMBERS, first, NUMBERS, first + 3) for first in (1, 5, 9)]
    return report(parts.workbook(("附件4", rows, [*MERGES, *over])))


@case(921, "password-that-nobody-is-asked-for")
def _() -> bytes:
    """Excel protects a workbook's structure with a password of its own, and opens it without a question."""
    return report(parts.behind_password(form(), "VelvetSweatshop"))


@case(922, "invisible-marks")
def _() -> bytes:
    """Names and numbers copied from a chat and a web page: marks of direction, word joiners, soft hyphens."""
    rows = official()
    rows[2][0] = "填报单位：\u202d五图街道\u202c"
    rows[4][1] = "规模以上企业\u2060"
    rows[NUMBERS][2:5] = ["2\u2060", "\u202d5\u202c", "\xad1"]
    return report(form(rows))


@case(923, "float-noise")
def _() -> bytes:
    """What the sum of 0.1 and 0.2 leaves behind, in a number and in a sum."""
    rows = official(sums=(8, 4, 20.000000000000004))
    rows[NUMBERS][11] = 12.000000000000002
    return report(form(rows))


@case(924, "csv-with-a-tab-behind-every-cell")
def _() -> bytes:
    """A system's export: the tabs keep Excel from making numbers of texts."""
    rows: Rows = [
        [f"{'' if cell is None else cell}\t" for cell in (*row, *[None] * (13 - len(row)))] for row in official()
    ]
    return report(separated(rows).encode("gb18030"), "附件4.csv")

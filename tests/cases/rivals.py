"""Papers on which a number could also be another one: a label decides, or the sender is asked."""

from bot.model.forms import Cell
from tests.books import COUNTS, MERGES, Rows, official
from tests.cases import parts
from tests.cases.parts import report
from tests.cases.registry import case

MAY = (0, 1, 4, 1, 1, 0, 2, 0, 0, 0, 10, 6)
FRESH = (0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 2, 1)
GROUPS: list[Cell] = ["规模以上企业", "高危企业", "其他生产经营单位"]
LEVELS: list[Cell] = ["一级", "二级", "三级", "其他"]
NUMBERS = 6  # the row of the numbers, from 0


def _lines(*lines: list[Cell]) -> bytes:
    """The form with these rows of numbers, and without sums."""
    rows: Rows = [*official()[:NUMBERS], *lines, official()[-1]]
    return report(parts.workbook(("附件4", rows, MERGES[:7])))


@case(1000, "last-month-in-the-row-above")
def _() -> bytes:
    """上月 and 本月 in the labels decide, though the sums below agree with neither place of the row."""
    return _lines(["上月累计数", *MAY], ["本月累计数", *COUNTS])


@case(1001, "last-month-in-the-row-above-without-a-label")
def _() -> bytes:
    """Last month's row stands above, and nothing says so. Its own sums agree."""
    rows = official(MAY, sums=(6, 3, 16), total=25)
    rows.insert(NUMBERS + 1, [None, *COUNTS])
    return report(parts.workbook(("附件4", rows, ())))


@case(1002, "villages-and-the-whole")
def _() -> bytes:
    rest: list[Cell] = [a - b for a, b in zip(COUNTS, MAY, strict=True)]
    return _lines(["东村", *MAY], ["西村", *rest], ["全街道", *COUNTS])


@case(1003, "villages-without-a-whole")
def _() -> bytes:
    """Nobody wrote the sum of the villages: it is not made here."""
    rest: list[Cell] = [a - b for a, b in zip(COUNTS, MAY, strict=True)]
    return _lines(["东村", *MAY], ["西村", *rest])


@case(1004, "new-and-cumulative-under-each-level")
def _() -> bytes:
    wide: list[Cell] = [cell for group in GROUPS for cell in (group, *[None] * 7)]
    levels: list[Cell] = [cell for _ in GROUPS for level in LEVELS for cell in (level, None)]
    numbers: list[Cell] = [cell for pair in zip(FRESH, COUNTS, strict=True) for cell in pair]
    rows: Rows = [
        *official()[:3],
        ["类别", *wide],
        ["达标等级", *levels],
        [None, *["本月", "累计"] * 12],
        ["数量", *numbers],
        official()[-1],
    ]
    return report(parts.workbook(("附件4", rows, ())))


@case(1005, "new-and-cumulative-blocks")
def _() -> bytes:
    blocks: Rows = []
    for name, counts in (("本月新增数量", FRESH), ("累计完成数量", COUNTS)):
        blocks += [[name], *official()[4:6], ["数量", *counts]]
    return report(parts.workbook(("附件4", [*official()[:3], *blocks, official()[-1]], ())))


@case(1006, "a-sheet-for-each-month")
def _() -> bytes:
    """The months before the campaign stand on their own sheets, and the coming ones are blank."""
    blank: list[Cell] = [None] * 12
    sheets = [
        ("5月", official(MAY, sums=(6, 3, 16), total=25, period="（截至5月）"), MERGES),
        ("6月", official(period="（截至6月）"), MERGES),
        ("7月", official(blank, sums=[None] * 3, total=None, period="（截至7月）"), MERGES),
    ]
    return report(parts.workbook(*sheets))


@case(1007, "two-sheets-for-one-month")
def _() -> bytes:
    old = official(MAY, sums=(6, 3, 16), total=25)
    return report(parts.workbook(("Sheet1", old, MERGES), ("Sheet2", official(), MERGES)))


@case(1008, "a-total-that-contradicts-its-parts")
def _() -> bytes:
    """29 where the parts add up to 32: the letter shows both."""
    return report(parts.workbook(("附件4", official(total=29), MERGES)))

"""What people do to the layout of the workbook."""

from datetime import date

from bot.model.forms import Cell
from tests.books import COUNTS, MERGES, Rows, moved, official, turned
from tests.cases import parts
from tests.cases.parts import report
from tests.cases.registry import case

BLANK: list[Cell] = [None]
# Excel's number of a day in the cell of a date, as parts.workbook writes numbers.
SERIAL = (date(2017, 7, 3) - date(1899, 12, 30)).days


@case(88, "cover-letterhead-and-offset")
def _() -> bytes:
    """A cover on a sheet of its own; the form some rows down and columns in, below the head of an official letter."""
    cover: Rows = [
        [],
        [None, "关于报送安全生产标准化达标情况的报告"],
        [None, "昌乐县五图街道办事处"],
        [None, "2017年7月"],
    ]
    rows, merges = moved(official(), MERGES, 6, 3)
    rows[1], rows[2], rows[4] = (
        [None, "昌乐县五图街道办事处文件"],
        [None, "五办发〔2017〕8号"],
        [None, "县安委会办公室："],
    )
    return report(parts.workbook(("封面", cover, ()), ("正文", rows, merges)))


@case(89, "hidden-rows-and-a-hidden-sheet")
def _() -> bytes:
    """Last month's numbers are hidden: in a row of the same name above this month's, and on a sheet of their own."""
    old = (0, 1, 4, 1, 1, 0, 2, 0, 0, 1, 10, 7)
    rows = official()
    rows.insert(6, ["数量", *old])
    merges = [(a + (a > 5), b, c + (c > 5), d) for a, b, c, d in MERGES]
    sheet = official(old, sums=(6, 3, 18), total=27, period="（截至  5 月）")
    book = parts.workbook(("6月", rows, merges), ("5月", sheet, MERGES))
    hidden = {
        "xl/workbook.xml": lambda xml: xml.replace(b'sheetId="2"', b'sheetId="2" state="hidden"'),
        "xl/worksheets/sheet1.xml": lambda xml: xml.replace(b'<row r="7"', b'<row r="7" hidden="1"'),
    }
    return report(parts.patched(book, hidden))


@case(90, "labels-apart-and-nothing-merged")
def _() -> bytes:
    """Every label and every value in a cell of its own; a heading stands over the first column of its group."""
    rows = official()
    rows[1] = ["截至", "2017年6月"]
    rows[2] = ["填报单位", "五图街道办事处", None, "填报时间", "2017.7.3"]
    rows[9] = ["填报人", "李明", None, "联系电话", "0536-6221234"]
    return report(parts.workbook(("附件4", rows, ())))


@case(91, "other-words-and-more-sums")
def _() -> bytes:
    """Words of their own for nearly everything, a column of sums in each category, and one for all."""
    levels: list[Cell] = ["一级达标", "二级达标", "三级达标", "其它", "合计"]
    numbers: list[Cell] = [*COUNTS[0:4], 8, *COUNTS[4:8], 4, *COUNTS[8:12], 20]
    rows: Rows = [
        ["安全生产标准化达标情况表"],
        ["报送单位：五图街道", *BLANK * 6, "统计截至：2017年6月", *BLANK * 4, "填表日期：2017-07-03"],
        ["单位类别", "规上企业", *BLANK * 4, "高危行业企业", *BLANK * 4, "其它", *BLANK * 4, "总计"],
        ["等级", *levels * 3],
        ["家数", *numbers, 32],
        ["填表人：李明", *BLANK * 6, "电话：0536-6221234"],
    ]
    merges = [(2, 1, 2, 5), (2, 6, 2, 10), (2, 11, 2, 15), (2, 16, 3, 16)]
    return report(parts.workbook(("Sheet1", rows, merges)))


@case(92, "turned-by-90-degrees")
def _() -> bytes:
    """The whole sheet transposed."""
    return report(parts.workbook(("附件4", *turned(official(), MERGES))))


@case(93, "two-months-in-a-workbook")
def _() -> bytes:
    """August: July's sheet before June's, which was recorded already."""
    july = official((0, 2, 6, 1, 1, 0, 3, 0, 0, 1, 14, 7), sums=(9, 4, 22), total=35, period="（截至  7 月）")
    july[2][7] = "填报时间：2017年8月3日"
    return report(parts.workbook(("7月", july, MERGES), ("6月", official(), MERGES)), "五图街道附件4.xlsx")

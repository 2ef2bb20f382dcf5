"""How people write numbers, months and days."""

from bot.model.forms import Cell
from tests.books import COUNTS, MERGES, official
from tests.cases import parts
from tests.cases.layouts import SERIAL
from tests.cases.parts import THREE_POSTS, attached, form, head, report, text, word
from tests.cases.registry import case


@case(94, "months-and-days-as-written")
def _() -> bytes:
    """A person for three units, who writes the month, the day and the numbers in another way each time."""
    one = official(
        ("／", "2", "５", "1", "一", "—", "三", "无", "０家", "1家", "十二", "7 家"),
        sums=("8", "共4家", "二十家"),
        total="共32家",
        unit="首阳山旅游度假区",
        period="(截至６月)",
    )
    one[2] = ["填报单位", "首阳山旅游度假区", *[None] * 5, "填报时间", SERIAL]
    other = official(unit="高崖水库库区管委会", period="截止六月底")
    other[2][7] = "填报时间：2017.7.3"
    third = official((0, 2, "五", 1, 1, 0, 3, 0, 0, 1, 12, 7), unit="朱刘街道", period="截至2017.06")
    third[2][7] = "填报时间：7月3日"
    apart = [merge for merge in MERGES if merge[0] != 2]
    return parts.parts(
        head(sender=THREE_POSTS),
        text("请查收。"),
        attached(parts.workbook(("附件4", one, apart)), word("首阳山.xlsx")),
        attached(form(other), word("高崖.xlsx")),
        attached(form(third), word("朱刘.xlsx")),
    )


@case(95, "doubtful-numbers")
def _() -> bytes:
    """Nearly, a half, a minus sign of typography, and one of two: each is asked about, none is guessed."""
    counts: list[Cell] = list(COUNTS)
    counts[2], counts[3], counts[6], counts[10] = "约5", 5.5, "−5", "五或六"
    return report(form(official(counts)))

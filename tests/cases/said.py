"""Reports in words, and forms of rows: replies without any file to the reminder with the token K7M3Q2TD; registers."""

from tests import papers
from tests.cases.parts import head, report, single, text, word, workbook
from tests.cases.registry import case
from tests.cases.wordfiles import docx
from tests.registers import ABOVE, HIGH, annex2, annex3, liaison_list

REMINDER = "Re: 【报送提醒】五图街道附件4（截至2017年6月）请于7月5日前报送〔编号 K7M3Q2TD〕"
QUOTED = """

-----原始邮件-----
发件人: "安委会办公室" <clawhbgs@163.com>
发送时间: 2017年6月30日 09:00
主题: 【报送提醒】五图街道附件4（截至2017年6月）〔编号 K7M3Q2TD〕

数字与上次报送完全相同的，只写“无变化”。
"""


def reply(words: str) -> bytes:
    return single(head(word(REMINDER, "utf-8")), text(words + QUOTED))


@case(100, "no-change")
def _() -> bytes:
    """无变化 with courtesies, a signature, and our own letter quoted below: last month's numbers for this one."""
    return reply("您好！本月无变化，谢谢。\n\n五图街道 李明\n13800000001")


@case(101, "no-change-without-earlier-numbers")
def _() -> bytes:
    """The same, where nothing was ever reported."""
    return reply("无变化")


@case(102, "twelve-numbers")
def _() -> bytes:
    """The twelve in the order of the paper, full-width and with blanks of all kinds."""
    return reply("６月数据：\n０ ２　5、1\n1,0,3,0\n0 1 十二 7家")


@case(103, "short-table")
def _() -> bytes:
    """A line a category, its sum behind it; one of the sums is wrong."""
    return reply("规上 0 2 5 1 合计8\n高危 1 0 3 0 合计5\n其他 0 1 12 7 合计20\n总计 32")


@case(104, "unclear-words")
def _() -> bytes:
    """Contains 无变化, and means something else: asked back."""
    return reply("高危增加1家，其余无变化")


@case(105, "promise")
def _() -> bytes:
    """Will report later: nothing to do."""
    return reply("收到，统计好后报送。")


@case(106, "question-to-the-office")
def _() -> bytes:
    """A question is for a person."""
    return reply("请问我单位今年是否还需要报送？")


@case(107, "numbers-of-a-stranger")
def _() -> bytes:
    """Words count only from an address of the unit."""
    return single(head(word(REMINDER, "utf-8"), "某人 <someone@stranger.example>"), text("0 2 5 1 1 0 3 0 0 1 12 7"))


@case(108, "registers-of-a-town")
def _() -> bytes:
    """Annexes 2 and 3 on two sheets of one workbook."""
    return report(workbook(("附件2", annex2(), ()), ("附件3", annex3(), ())), "五图街道基础台账.xlsx")


@case(109, "register-with-mistakes")
def _() -> bytes:
    """The same enterprise twice, one in both tables, a name that is missing, a number that is none."""
    above = [*ABOVE, ABOVE[1], ("", "无名", 3, "机械", "")]
    high = [*HIGH, ("昌乐华泰化工有限公司", "张三", "约300", "化工", "")]
    return report(workbook(("附件2", annex2(above, high), ())), "附件2.xlsx")


@case(110, "new-liaison")
def _() -> bytes:
    """A list that names another person than the unit's liaison: it waits for the office."""
    return report(workbook(("名单", liaison_list(), ())), "联络员名单.xlsx")


@case(111, "hand-over-in-words")
def _() -> bytes:
    """移交, with the successor's name, mobile and address."""
    return single(head(word("工作调动", "utf-8")), text("移交 周八 13900000001 zhou@wutu.example\n\n李明"))


@case(112, "implementation-plan")
def _() -> bytes:
    """A document that is owed as it is, known by its name."""
    body = docx(papers.para("为推进安全生产标准化建设，制定本方案。"))
    return report(body, "五图街道安全生产标准化建设实施方案.docx")


@case(113, "liaison-asks-for-his-history")
def _() -> bytes:
    """One word of a liaison."""
    return single(head(word("查询", "utf-8")), text("查询"))

"""Lists of names and telephones, of which few appoint anybody, and registers of which few are ours."""

from tests.books import Rows
from tests.cases import parts
from tests.cases.parts import head, report, word
from tests.cases.registry import case

STRANGER = "someone@stranger.example"
BOOK: Rows = [["姓名", "单位", "电话"], ["张伟", "五图街道", "13912345678"], ["李强", "乔官镇", "13912345679"]]


@case(1070, "answer-to-an-invitation")
def _() -> bytes:
    """会议回执, from a liaison: a unit, a name and a telephone appoint nobody."""
    rows: Rows = [["会议回执"], ["单位", "姓名", "职务", "电话"], ["五图街道", "张伟", "副主任", "13912345678"]]
    return report(parts.workbook(("Sheet1", rows, [])), "会议回执.xlsx", head(word("回执")))


@case(1071, "duty-list-in-the-body")
def _() -> bytes:
    """值班表, typed into the mail itself."""
    lines = (("日期", "姓名", "手机"), ("7月3日", "张伟", "13912345678"))
    page = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return parts.single(head(word("值班表")), parts.text(f"<p>值班表</p><table>{page}</table>", kind="html"))


@case(1072, "address-book-of-a-stranger")
def _() -> bytes:
    """Nobody who is on no roster is answered for an address book."""
    return report(parts.workbook(("Sheet1", BOOK, [])), "通讯录.xlsx", head(word("通讯录"), STRANGER))


@case(1073, "registration-table-of-a-stranger")
def _() -> bytes:
    """A course, with a table to register: firms, names, telephones."""
    rows: Rows = [
        ["安全生产管理人员培训班报名回执"],
        ["单位名称", None, "邮箱"],
        ["姓名", "性别", "手机"],
        ["", "", ""],
        ["张伟", "男", "13912345678"],
    ]
    book = parts.workbook(("报名回执", rows, []))
    return report(book, "报名回执表.xlsx", head(word("7月安全生产管理人员培训通知"), STRANGER))


@case(1074, "list-of-liaisons-by-the-subject-alone")
def _() -> bytes:
    """The same columns, and the subject says what it is: the office is asked."""
    return report(parts.workbook(("Sheet1", BOOK[:2], [])), "附件.xlsx", head(word("五图街道更换联络员")))


@case(1075, "list-of-liaisons-with-two-telephones")
def _() -> bytes:
    """电话 in front of 手机: the mobile is the mobile."""
    rows: Rows = [
        ["联络员名单"],
        ["单位", "姓名", "电话", "手机", "邮箱"],
        ["五图街道", "张伟", "0536-6221234", "13912345678", "zw@wutu.example"],
    ]
    return report(parts.workbook(("Sheet1", rows, [])), "联络员名单.xlsx", head(word("联络员名单")))


@case(1076, "other-register-of-enterprises")
def _() -> bytes:
    """A stranger's list of firms has columns of annexes 2 and 3, and is neither."""
    rows: Rows = [
        ["规上企业名录"],
        ["序号", "单位名称", "负责人", "电话"],
        [1, "昌乐华泰化工有限公司", "张三", "6221234"],
    ]
    return report(parts.workbook(("规上企业", rows, [])), "企业名录.xlsx", head(word("企业名录"), STRANGER))

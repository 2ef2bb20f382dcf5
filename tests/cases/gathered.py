"""What failed elsewhere, one case for each way: marks of machines on honest mail, files that are shared by a link,
recalls, receipts of reading, words instead of a file, and looks that change what a number says."""

import gzip
import io
import zipfile
from functools import partial

from bot.model.forms import Cell
from tests import papers
from tests.books import COUNTS, MERGES, Rows, official
from tests.cases import parts
from tests.cases.parts import OFFICE, attached, form, head, report, single, text, word
from tests.cases.registry import case
from tests.cases.rivals import MAY, _lines
from tests.cases.wordfiles import docx
from tests.test_mail_wrapped import uu

FILE = word("五图街道6月附件4.xlsx")
SUBJECT = word("五图街道6月份附件4")
WORDS = "您好，现报送附件4，请查收。"
LINKED = "您好，我单位6月数据已填好，请打开查看：\n{}\n谢谢\n"
SHARED = {
    "shimo": "https://shimo.im/sheets/abcdEFGH1234/MODOC",
    "dingtalk": "https://alidocs.dingtalk.com/i/nodes/abcDEF123456",
    "feishu": "https://abc.feishu.cn/sheets/shtcnAbCdEf",
    "wps-365": "https://365.kdocs.cn/l/cabcdEFG",
    "aliyun": "https://qiye.aliyun.com/alimail/openLinks/downloadMimeMetaDiskBigAttach?id=netdiskid%3Av001%3Afile%3Aabc",
    "youdao": "https://note.youdao.com/s/AbCdEf",
    "kdocs": "https://www.kdocs.cn/l/cabcdEFG",
    "coremail": "https://mail.wutu.example/coremail/s?func=lf:downloadFile&fileId=abc",
    "yunpan-360": "https://yunpan.360.cn/surl_abc",
    "lanzou": "https://wwa.lanzoui.com/iabcdef",
    "form-of-kdocs": "https://f.kdocs.cn/g/AbCdEfGh/",
}
MARKS: dict[str, tuple[bytes, ...]] = {
    "precedence-bulk": (b"Precedence: bulk",),
    "auto-generated": (b"Auto-Submitted: auto-generated",),
    "x-loop": (b"X-Loop: li@wutu.example",),
    "empty-return-path": (b"Return-Path: <>",),
    "list-id": (b"List-Id: <aj.wutu.example>", b"Precedence: list"),
    "x-auto-response-suppress": (b"X-Auto-Response-Suppress: All",),
}
SAID = {
    "recall-in-chinese": ("撤回: 五图街道6月份附件4", "李明 将撤回邮件“五图街道6月份附件4”。"),
    "recall-in-english": ("Recall: 五图街道6月份附件4", '李明 would like to recall the message, "五图街道6月份附件4".'),
    "called-back-in-words": ("召回：五图街道6月份附件4", "上一封邮件的附件填错了，作废，请勿采用，稍后重发。"),
    "void-in-words": ("Re: 五图街道6月份附件4", "刚才发的附件4数字有误，请作废，正确的稍后发。"),
    "receipt-of-reading": (
        "已读：关于报送2017年6月附件4的通知〔编号 K7M3Q9TD〕",
        "这是一封已读回执。\n您的邮件《关于报送2017年6月附件4的通知》已于2017年7月3日 10:00被收件人阅读。\n",
    ),
    "receipt-of-reading-in-english": (
        "Read: 附件4",
        "Your message\n\n   To: 李明\n   Subject: 附件4\n   Sent: 2017/7/3 10:00\n\nwas read on 2017/7/3 10:20.\n",
    ),
    "a-report-announced-and-no-file": ("五图街道6月份报表", "您好，6月份报表已填好，请查收。"),
    "fresh-numbers-in-a-sentence": (
        "五图街道6月报表",
        "领导您好，五图街道6月份数据：规模以上企业一级0、二级2、三级5、其他1；高危企业一级1、二级0、三级3、其他0；"
        "其他生产经营单位一级0、二级1、三级12、其他7。\n",
    ),
    "fresh-no-change": ("五图街道6月份报送情况", "6月份无变化。"),
    "fresh-numbers-in-lines": (
        "五图街道6月份附件4",
        "规模以上企业：一级0，二级2，三级5，其他1\n高危企业：一级1，二级0，三级3，其他0\n"
        "其他生产经营单位：一级0，二级1，三级12，其他7\n",
    ),
}


def _file(data: bytes, name: str, *marks: bytes, subject: bytes = SUBJECT, words: str = WORDS) -> bytes:
    return parts.parts(head(subject, parts.LIAISON, 1, *marks), text(words), attached(data, word(name)))


def _letter(subject: str, words: str) -> bytes:
    return single(head(word(subject)), text(words))


for _number, (_name, _url) in enumerate(SHARED.items(), 1290):
    case(_number, f"shared-by-{_name}")(partial(_letter, "五图街道6月报表", LINKED.format(_url)))
for _number, (_name, _marks) in enumerate(MARKS.items(), 1301):
    case(_number, f"honest-mail-with-{_name}")(partial(_file, form(), "附件4.xlsx", *_marks))
for _number, (_name, _said) in enumerate(SAID.items(), 1307):
    case(_number, _name)(partial(_letter, *_said))


@case(1317, "honest-mail-that-speaks-of-a-machine-s-answer")
def _() -> bytes:
    return _file(form(), "附件4.xlsx", subject=word("自动回复问题已处理，现报五图街道附件4"))


@case(1318, "words-that-correct-the-file-beside-them")
def _() -> bytes:
    words = "您好，报送附件4。另：附表中高危企业三级应为4家，表里没来得及改，请以此为准。"
    return _file(form(), "附件4.xlsx", words=words)


@case(1319, "uuencode-under-a-silent-subject")
def _() -> bytes:
    body = "您好，6月报表。\r\n\r\n".encode("gbk") + uu(form(), b"wutu.xlsx")
    return single(head(word("五图街道6月报表")), b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + body)


@case(1320, "base64-without-its-header")
def _() -> bytes:
    whole = attached(form(), word("附件4.xlsx")).replace(b"Content-Transfer-Encoding: base64\r\n", b"")
    return parts.parts(head(), text("请查收。"), whole)


@case(1321, "gz")
def _() -> bytes:
    return _file(gzip.compress(form(), mtime=0), "附件4.xlsx.gz")


@case(1322, "from-the-office-s-own-address")
def _() -> bytes:
    """A clerk keeps what came by telephone or chat."""
    header = head(word("五图街道6月附件4（微信收到）"), b"<" + OFFICE + b">")
    return parts.parts(header, text("五图街道微信报来，转存。"), attached(form(), FILE))


@case(1323, "struck-out-digit-in-the-body")
def _() -> bytes:
    rows: Rows = [list(row) for row in official(sums=(None,) * 3, total=None)]
    page = papers.html_table(rows, MERGES[:7]).replace("<td>5</td>", "<td><s>3</s>5</td>")
    return single(head(), text(f"<div>现报上6月份报表：</div>{page}", kind="html"))


@case(1324, "struck-out-raised-and-deleted-in-word")
def _() -> bytes:
    """A struck-out 3 before the 5, a raised 1 behind the 12, and a deleted 9 before the 7."""
    body = papers.report_body()
    struck = "<w:p><w:r><w:rPr><w:dstrike/></w:rPr><w:t>3</w:t></w:r><w:r><w:t>5</w:t></w:r></w:p>"
    raised = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    raised = f"<w:p><w:r><w:t>12</w:t></w:r><w:r>{raised}<w:t>1</w:t></w:r></w:p>"
    gone = '<w:del w:id="2" w:author="李明"><w:r><w:delText>9</w:delText></w:r></w:del>'
    for old, new in (("5", struck), ("12", raised), ("7", f"<w:p>{gone}<w:r><w:t>7</w:t></w:r></w:p>")):
        assert body.count(papers.cell(old)) == 1
        body = body.replace(papers.cell(old), papers.cell(new))
    return report(docx(body), "附件4.docx")


@case(1325, "white-and-tiny-digits-in-word")
def _() -> bytes:
    """What was there before was made white, or as small as a dot: 35 and 912 to a program that reads characters."""
    body = papers.report_body()
    for old, look, before in (("5", '<w:color w:val="FFFFFF"/>', "3"), ("12", '<w:sz w:val="2"/>', "9")):
        runs = f"<w:p><w:r><w:rPr>{look}</w:rPr><w:t>{before}</w:t></w:r><w:r><w:t>{old}</w:t></w:r></w:p>"
        body = body.replace(papers.cell(old), papers.cell(runs))
    return report(docx(body), "附件4.docx")


@case(1326, "rows-called-by-their-months")
def _() -> bytes:
    """The sums below are those of June."""
    return _lines(["5月", *MAY], ["6月", *COUNTS])


@case(1327, "last-month-in-brackets")
def _() -> bytes:
    return _lines(["数量（上月）", *MAY], ["数量（本月）", *COUNTS])


@case(1328, "main-parts-under-other-names")
def _() -> bytes:
    """A workbook and a Word file of other programs, in which nothing is called as usual."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(form())) as old, zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as new:
        for member in old.infolist():
            info = zipfile.ZipInfo(member.filename.replace("workbook.xml", "workbook2.xml"), (1980, 1, 1, 0, 0, 0))
            new.writestr(info, old.read(member).replace(b"workbook.xml", b"workbook2.xml"))
    renamed = docx(papers.report_body())
    return parts.parts(head(), text("请查收。"), attached(data.getvalue(), FILE), attached(renamed, word("附件4.docx")))


def _villages(*more: parts.Sheet) -> bytes:
    rest: list[Cell] = [a - b for a, b in zip(COUNTS, MAY, strict=True)]
    east = ("东村", official(MAY, sums=(6, 3, 16), total=25), MERGES)
    west = ("西村", official(rest, sums=(2, 1, 4), total=7), MERGES)
    return report(parts.workbook(east, west, *more))


@case(1329, "a-sheet-for-each-village")
def _() -> bytes:
    """Three sheets of the unit's form, one for the whole; what the villages add up to is on it."""
    return _villages(("全街道", official(), MERGES))


@case(970, "a-sheet-for-each-village-and-none-for-the-whole")
def _() -> bytes:
    return _villages()


@case(971, "rtf-put-into-word")
def _() -> bytes:
    """An older report was put in as it is, and the program that shows it reads RTF."""
    rows = "".join(map(_rtf_row, official()[4:9]))
    above = "".join(f"\\pard {_rtf(line[0])}\\par\n" for line in (official()[0], official()[1], [papers.LINE]))
    rich = f"{{\\rtf1\\ansi\\ansicpg936\\uc1 {above}{rows}\\pard {_rtf(official()[9][0])}\\par}}".encode()
    return report(_with_chunk(rich), "附件4.docx")


def _rtf_row(row: list[Cell]) -> str:
    full = [*row, *[None] * (13 - len(row))]
    edges = "".join(f"\\cellx{900 * (n + 1)}" for n in range(13))
    cells = "".join("\\pard\\intbl " + _rtf(cell) + "\\cell" for cell in full)
    return f"\\trowd{edges}{cells}\\row\n"


def _rtf(cell: Cell) -> str:
    return "".join(char if char.isascii() else f"\\u{ord(char)}?" for char in ("" if cell is None else str(cell)))


def _with_chunk(rich: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(docx(f'<w:altChunk xmlns:r="{parts.DOC}" r:id="rId1"/>'))) as old:
        members = [(name, old.read(name)) for name in old.namelist()]
    link = f'<Relationship Id="rId1" Type="{parts.DOC}/aFChunk" Target="afchunk1.rtf"/>'
    relations = f'<?xml version="1.0"?><Relationships xmlns="{parts.RELS}">{link}</Relationships>'.encode()
    return parts.archive([*members, ("word/_rels/document.xml.rels", relations), ("word/afchunk1.rtf", rich)])

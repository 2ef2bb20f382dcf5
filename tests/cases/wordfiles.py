"""Reports in Word: the notice itself is a Word file, and many fill in that one."""

from bot.model.forms import Cell
from tests import papers
from tests.books import COUNTS
from tests.cases import parts
from tests.cases.made import made
from tests.cases.parts import TWO_POSTS, attached, head, report, text, word
from tests.cases.registry import case

TYPES = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def docx(body: str) -> bytes:
    """A .docx of three members with this body."""
    members = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{TYPES}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{parts.RELS}"><Relationship Id="rId1" Type="{parts.DOC}/officeDocument" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"<w:document {papers.NAMES}><w:body>{body}</w:body></w:document>",
    }
    return parts.archive(
        (name, ('<?xml version="1.0" encoding="UTF-8"?>' + xml).encode()) for name, xml in members.items()
    )


def _replaced(body: str, old: str, new: str) -> str:
    assert body.count(old) == 1
    return body.replace(old, new)


@case(69, "docx")
def _() -> bytes:
    """python-docx's file: the labels in paragraphs, merged cells in the table."""
    return report(made("python-docx.docx"), "附件4.docx")


@case(70, "docx-with-tracked-changes")
def _() -> bytes:
    """12 was typed as a tracked change over 9, the 7 stands in a content control, and so does the unit."""
    twelve = '<w:ins w:id="1" w:author="李明"><w:r><w:t>12</w:t></w:r></w:ins>'
    nine = '<w:del w:id="2" w:author="李明"><w:r><w:delText>9</w:delText></w:r></w:del>'
    body = _replaced(papers.report_body(), papers.cell("12"), papers.cell(f"<w:p>{nine}{twelve}</w:p>"))
    seven = f"<w:sdt><w:sdtPr/><w:sdtContent>{papers.cell('7')}</w:sdtContent></w:sdt>"
    body = _replaced(body, papers.cell("7"), seven)
    unit = f"<w:sdt><w:sdtPr/><w:sdtContent>{papers.run('五图街道')}</w:sdtContent></w:sdt>"
    line = papers.run("填报单位：") + unit + papers.run("      填报时间：2017年7月3日")
    return report(docx(_replaced(body, papers.para(papers.LINE), papers.para(line))), "附件4.docx")


@case(71, "docx-with-a-table-in-a-text-box")
def _() -> bytes:
    """Word writes a text box twice, the second time for older programs: it is one report."""
    inside = papers.report_body()
    new = f"<wps:txbx><w:txbxContent>{inside}</w:txbxContent></wps:txbx>"
    old = f"<w:pict><v:textbox><w:txbxContent>{inside}</w:txbxContent></v:textbox></w:pict>"
    choice = f'<mc:Choice Requires="wps"><w:drawing>{new}</w:drawing></mc:Choice>'
    box = f"<w:r><mc:AlternateContent>{choice}<mc:Fallback>{old}</mc:Fallback></mc:AlternateContent></w:r>"
    return report(docx(papers.para("附件4") + papers.para(box)), "附件4.docx")


@case(72, "doc-and-wps")
def _() -> bytes:
    """Two units by one person: Word's old format, and the same under WPS's own name and type."""
    return parts.parts(
        head(sender=TWO_POSTS),
        text("请查收。"),
        attached(made("libreoffice.doc"), word("首阳山附件4.doc"), b"application/msword"),
        attached(made("libreoffice.wps"), word("高崖附件4.wps"), b"application/wps-office.wps"),
    )


@case(73, "retyped-in-word")
def _() -> bytes:
    """The table typed anew: categories down, grades across, sums at the edge, no line for the unit."""
    rows: list[list[Cell]] = [["类别", "一级", "二级", "三级", "其他", "合计"]]
    for n, (group, whole) in enumerate((("规模以上企业", 8), ("高危企业", 4), ("其他生产经营单位", 20))):
        rows.append([group, *COUNTS[4 * n : 4 * n + 4], whole])
    rows.append(["总计", 1, 3, 20, 8, 32])
    lines = ("五图街道办事处标准化达标情况表", "（截至2017年6月）")
    body = "".join(map(papers.para, lines)) + papers.word_table(rows) + papers.para("填表人：李明  电话：0536-6221234")
    return report(docx(body), "附件4.docx")

"""Reports that are no workbooks: pages, XML workbooks, Word files, mail bodies; honest ones and hostile ones."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from html import escape
from typing import Any

import docx

from bot.model.forms import Cell
from bot.model.mail import Mail
from tests.books import MERGES, Rows, Span, official

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
NAMES = (
    f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
ABOVE, BELOW = 3, 9  # rows of the official layout: before the first it is text, from the second on again
LINE = "填报单位：五图街道办事处      填报时间：2017年7月3日"


def _spans(merges: Iterable[Span]) -> tuple[dict[tuple[int, int], tuple[int, int]], set[tuple[int, int]]]:
    """Size of each merged cell by its corner, and what it covers."""
    sizes: dict[tuple[int, int], tuple[int, int]] = {}
    covered: set[tuple[int, int]] = set()
    for a, b, c, d in merges:
        sizes[a, b] = (c - a + 1, d - b + 1)
        covered |= {(row, column) for row in range(a, c + 1) for column in range(b, d + 1)} - {(a, b)}
    return sizes, covered


def _full(rows: Rows) -> Rows:
    width = max(len(row) for row in rows)
    return [row + [None] * (width - len(row)) for row in rows]


def html_table(rows: Rows, merges: Sequence[Span] = (), attributes: str = "") -> str:
    """A table with rowspan and colspan."""
    sizes, covered = _spans(merges)
    lines = []
    for r, row in enumerate(_full(rows)):
        cells = []
        for c, value in enumerate(row):
            if (r, c) in covered:
                continue
            height, width = sizes.get((r, c), (1, 1))
            spans = (f' rowspan="{height}"' if height > 1 else "") + (f" colspan={width}" if width > 1 else "")
            cells.append(f"<td{spans}>{'' if value is None else escape(str(value))}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table {attributes}>{''.join(lines)}</table>"


def page(body: str, head: str = "") -> bytes:
    return f"<html><head>{head}</head><body>{body}</body></html>".encode()


def report_html(rows: Rows | None = None, merges: Sequence[Span] = MERGES) -> str:
    return html_table(official() if rows is None else rows, merges)


def texts_and_table(rows: Rows | None = None) -> tuple[list[str], Rows, list[Span], list[str]]:
    """The official layout as people type it in Word: the labels stand in paragraphs around the table."""
    rows = official() if rows is None else rows
    merges = [(a - ABOVE, b, c - ABOVE, d) for a, b, c, d in MERGES if a >= ABOVE and c < BELOW]
    above = [str(rows[0][0]), str(rows[1][0]), "      ".join(str(cell) for cell in rows[2] if cell)]
    return above, rows[ABOVE:BELOW], merges, [str(rows[BELOW][0])]


def spreadsheetml(rows: Rows, merges: Sequence[Span] = (), more: str = "") -> bytes:
    """A workbook as Excel 2003 writes it in XML, blank cells left out by ss:Index."""
    sizes, covered = _spans(merges)
    lines = []
    for r, row in enumerate(rows):
        cells = []
        for c, value in enumerate(row):
            if value is None or (r, c) in covered:
                continue
            height, width = sizes.get((r, c), (1, 1))
            spans = (f' ss:MergeDown="{height - 1}"' if height > 1 else "") + (
                f' ss:MergeAcross="{width - 1}"' if width > 1 else ""
            )
            cells.append(f'<Cell ss:Index="{c + 1}"{spans}>{_data(value)}</Cell>')
        lines.append(f'<Row ss:Index="{r + 1}">{"".join(cells)}</Row>')
    return xml_book(f'<Worksheet ss:Name="Sheet1"><Table>{"".join(lines)}</Table></Worksheet>{more}')


def _data(value: Cell) -> str:
    if isinstance(value, date):
        return f'<Data ss:Type="DateTime">{value.isoformat()}T00:00:00.000</Data>'
    kind = "Number" if isinstance(value, int | float) else "String"
    return f'<Data ss:Type="{kind}">{escape(str(value))}</Data>'


def xml_book(inside: str, head: str = '<?mso-application progid="Excel.Sheet"?>') -> bytes:
    namespace = "urn:schemas-microsoft-com:office:spreadsheet"
    names = f'xmlns="{namespace}" xmlns:ss="{namespace}" xmlns:x="urn:schemas-microsoft-com:office:excel"'
    return f'<?xml version="1.0"?>\n{head}\n<Workbook {names}>{inside}</Workbook>'.encode()


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def para(inside: str) -> str:
    """A paragraph; what does not begin with a bracket is its text."""
    return f"<w:p>{inside if inside.startswith('<') else run(inside)}</w:p>"


def cell(inside: str, span: int = 1, merge: str = "") -> str:
    properties = (f'<w:gridSpan w:val="{span}"/>' if span > 1 else "") + merge
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside if inside.startswith('<w:') else para(inside)}</w:tc>"


def word_table(rows: Rows, merges: Sequence[Span] = ()) -> str:
    """A table with gridSpan and vMerge, as Word writes it: a cell that continues one above has no text."""
    sizes, _ = _spans(merges)
    inside = {(r, b): (a, d - b + 1) for a, b, c, d in merges for r in range(a, c + 1)}
    lines = []
    for r, row in enumerate(_full(rows)):
        cells, c = [], 0
        while c < len(row):
            first, width = inside.get((r, c), (r, 1))
            tall = sizes.get((first, c), (1, 1))[0] > 1
            merge = "" if not tall else '<w:vMerge w:val="restart"/>' if first == r else "<w:vMerge/>"
            text = "" if first != r or row[c] is None else str(row[c])
            cells.append(cell(text or "<w:p/>", width, merge))
            c += width
        lines.append(f"<w:tr>{''.join(cells)}</w:tr>")
    return f"<w:tbl>{''.join(lines)}</w:tbl>"


def report_body(rows: Rows | None = None) -> str:
    """The body of a Word file with the report in it."""
    above, table, merges, below = texts_and_table(rows)
    return "".join(map(para, above)) + word_table(table, merges) + "".join(map(para, below))


def word(body: str, *, head: str = "", names: str = NAMES, member: str = "word/document.xml") -> bytes:
    """A .docx with this body."""
    xml = f'<?xml version="1.0" encoding="UTF-8"?>{head}<w:document {names}><w:body>{body}</w:body></w:document>'
    return word_xml(xml.encode(), member)


def word_xml(xml: bytes, member: str = "word/document.xml") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(member, xml)
    return out.getvalue()


def made_by_python_docx(rows: Rows | None = None) -> bytes:
    """The report as a whole package, which LibreOffice opens too."""
    above, body, merges, below = texts_and_table(rows)
    document = docx.Document()
    for text in above:
        document.add_paragraph(text)
    table: Any = document.add_table(rows=len(body), cols=13)
    table.style = "Table Grid"
    for r, row in enumerate(body):
        for c, value in enumerate(row):
            if value is not None:
                table.cell(r, c).text = str(value)
    for a, b, c, d in merges:
        table.cell(a, b).merge(table.cell(c, d))
    for text in below:
        document.add_paragraph(text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


RTF_ROWS = [
    ["类别", "一级", "二级", "三级", "其他"],
    ["规模以上企业", "0", "2", "5", "1"],
    ["高危企业", "1", "0", "3", "0"],
    ["其他", "0", "1", "12", "7"],
]


def rtf(rows: Sequence[Sequence[str]], *paragraphs: str) -> bytes:
    """An RTF file with a table of equal columns; every character beyond ASCII as an escape."""
    out = [r"{\rtf1\ansi\uc1 "] + [_rtf(text) + r"\par " for text in paragraphs]
    for row in rows:
        edges = "".join(rf"\cellx{2000 * (n + 1)}" for n in range(len(row)))
        out.append(rf"\trowd{edges} " + "".join(rf"\intbl {_rtf(text)}\cell " for text in row) + r"\row ")
    return ("".join(out) + r"\pard\par}").encode("ascii")


def _rtf(text: str) -> str:
    return "".join(c if c.isascii() else rf"\u{ord(c) - (65536 if ord(c) > 32767 else 0)}?" for c in text)


def mail(*, html: str = "", text: str = "") -> Mail:
    return Mail(
        sha256="0" * 64,
        received_at=datetime(2017, 7, 3, 2, tzinfo=UTC),
        message_id="<1@town.test>",
        sender="li@town.test",
        shown_from="li@town.test",
        subject="报送",
        text=text,
        html=html,
        answers=(),
        automatic=None,
        authentication="unknown",
        bounce=None,
        attachments=(),
        refused=(),
    )

"""Reports from other spreadsheet programs, and under names that do not say what they are."""

import csv
import io
import zipfile

from tests import papers
from tests.books import MERGES, Rows, official
from tests.cases import parts
from tests.cases.made import made
from tests.cases.parts import THREE_POSTS, attached, form, head, report, text, word
from tests.cases.registry import case

PLAIN, MACROS = b"officedocument.spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml"


def separated(rows: Rows, separator: str = ",") -> str:
    """As Excel saves it: CRLF, and as many separators in every row."""
    width = max(len(row) for row in rows)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows([*row, *[None] * (width - len(row))] for row in rows)
    return out.getvalue()


def _with_macros() -> bytes:
    """The workbook with the content type of .xlsm and a member for the macros."""
    marked = parts.patched(form(), {"[Content_Types].xml": lambda xml: xml.replace(PLAIN, MACROS)})
    with zipfile.ZipFile(io.BytesIO(marked)) as old:
        members = [(name, old.read(name)) for name in old.namelist()]
    return parts.archive([*members, ("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))])


@case(63, "xlsm")
def _() -> bytes:
    """A workbook with macros, which nobody runs."""
    return report(_with_macros(), "附件4.xlsm")


@case(64, "xlsx-named-xls")
def _() -> bytes:
    """openpyxl's workbook under the old name, with the old type."""
    file = attached(made("openpyxl.xlsx"), word("附件4.xls"), b"application/vnd.ms-excel")
    return parts.parts(head(), text("请查收。"), file)


@case(65, "ods")
def _() -> bytes:
    """LibreOffice's own format."""
    return report(made("libreoffice.ods"), "附件4.ods")


@case(66, "html-named-xls")
def _() -> bytes:
    """A page in GBK that some system exports as Excel, its label a lie."""
    page = papers.page(papers.report_html(), '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">')
    return report(page.decode().encode("gbk"), "附件4.xls")


@case(67, "spreadsheetml-named-xls")
def _() -> bytes:
    """The XML workbook of Excel 2003."""
    return report(papers.spreadsheetml(official(), MERGES), "附件4.xls")


@case(68, "csv-in-three-charsets")
def _() -> bytes:
    """A person for three units: UTF-8 with a BOM, UTF-8 with tabs, GB 18030."""
    one, other, third = (official(unit=name) for name in ("首阳山旅游度假区", "高崖水库库区管委会", "朱刘街道"))
    return parts.parts(
        head(sender=THREE_POSTS),
        text("请查收。"),
        attached(separated(one).encode("utf-8-sig"), word("首阳山.csv"), b"text/csv"),
        attached(separated(other, "\t").encode(), word("高崖.csv"), b"text/plain"),
        attached(separated(third).encode("gb18030"), word("朱刘.csv")),
    )

"""Workbooks in which a cell says something else than it shows, or belongs to more than one column."""

from collections.abc import Callable, Sequence

from tests.books import COUNTS, MERGES, Rows, Span, official
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


def _sheet(
    change: Callable[[bytes], bytes], rows: Sequence[parts.Row] | None = None, merges: Sequence[Span] = MERGES
) -> bytes:
    book = parts.workbook(("附件4", rows or official(), merges))
    return parts.patched(book, {"xl/worksheets/sheet1.xml": change})


def _down(*columns: Sequence[object]) -> Rows:
    """The form with a row for each level, and one column of numbers or more."""
    labels = [
        (group, level)
        for group in ("规模以上企业", "高危企业", "其他生产经营单位")
        for level in ("一级", "二级", "三级", "其他")
    ]
    heads, numbers = [column[0] for column in columns], [column[1:] for column in columns]
    table: Rows = [
        [group if level == "一级" else None, level, *(column[n] for column in numbers)]  # type: ignore[list-item]
        for n, (group, level) in enumerate(labels)
    ]
    return [
        ["生产经营单位安全生产标准化达标情况表"],
        ["（截至6月）"],
        ["填报单位：五图街道"],
        ["类别", "达标等级", *heads],  # type: ignore[list-item]
        *table,
        ["总计", None, *(sum(column) for column in numbers)],  # type: ignore[arg-type]
        ["填报人：李明  联系电话：0536-6221234"],
    ]


DOWN: tuple[Span, ...] = ((4, 0, 7, 0), (8, 0, 11, 0), (12, 0, 15, 0))
MAY = (0, 1, 4, 1, 1, 0, 2, 0, 0, 0, 10, 6)


@case(925, "struck-out-digit")
def _() -> bytes:
    """3 was struck out, 5 written behind it: read without its look, the cell says 35."""
    rows = official(sums=(None, None, None), total=None)
    rows[NUMBERS][3] = "35"
    runs = b'<is><r><rPr><strike/><sz val="11"/></rPr><t>3</t></r><r><rPr><sz val="11"/></rPr><t>5</t></r></is>'
    return report(_sheet(lambda xml: xml.replace(b'<is><t xml:space="preserve">35</t></is>', runs), rows))


@case(926, "raised-note-mark")
def _() -> bytes:
    """5 with a raised 1 that points to a note: read without its look, the cell says 51."""
    rows = official(sums=(None, None, None), total=None)
    rows[NUMBERS][3] = "51"
    runs = b'<is><r><t>5</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>1</t></r></is>'
    return report(_sheet(lambda xml: xml.replace(b'<is><t xml:space="preserve">51</t></is>', runs), rows))


@case(927, "last-month-in-a-hidden-column")
def _() -> bytes:
    """May's column, with a total of its own that agrees, stands hidden before June's."""
    rows = _down(("数量", *MAY), ("数量", *COUNTS))
    column = b'<cols><col min="3" max="3" width="9" hidden="1"/></cols><sheetData>'
    return report(_sheet(lambda xml: xml.replace(b"<sheetData>", column), rows, DOWN))


@case(928, "rows-with-0-hidden-by-a-filter")
def _() -> bytes:
    """A filter left on hides the zeros, and the row in which a category's name stands."""
    zeros = [5 + n for n, count in enumerate(COUNTS) if count == 0]

    def filtered(xml: bytes) -> bytes:
        for row in zeros:
            xml = xml.replace(b'<row r="%d"' % row, b'<row r="%d" hidden="1"' % row)
        return xml.replace(b"</sheetData>", b'</sheetData><autoFilter ref="A4:C16"/>')

    return report(_sheet(filtered, _down(("数量", *COUNTS)), DOWN))


@case(929, "numbers-that-the-next-program-computes")
def _() -> bytes:
    """A system's export: the numbers refer to another sheet, the sums to the numbers, all saved as 0."""
    cells = {(NUMBERS, n + 1): parts.Formula(f"台账!{chr(65 + n)}1", 0) for n in range(12)}
    cells |= {(7, n): parts.Formula(f"SUM({chr(65 + n)}7:{chr(68 + n)}7)", 0) for n in (1, 5, 9)}
    rows = parts.with_changes({**cells, (8, 1): parts.Formula("B8+F8+J8", 0)})
    book = parts.workbook(("附件4", rows, MERGES), ("台账", [list(COUNTS)], ()))
    later = b'</sheets><calcPr calcId="124519" fullCalcOnLoad="1"/>'
    return report(parts.patched(book, {"xl/workbook.xml": lambda xml: xml.replace(b"</sheets>", later)}))

"""Right forms into which something was put that could be taken for their numbers, as the bytes of five kinds of files.

A ``Paper`` is what somebody sees; the writers put it into a file as the programs of the county do. ``Two`` is a cell
with a character beside its number that is struck out, raised, hidden or white.
"""

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import docx
import openpyxl
import xlwt
from docx.shared import RGBColor
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles.colors import Color
from openpyxl.utils import get_column_letter

from bot.model.forms import Cell
from tests import books
from tests.books import official, patched
from tests.papers import page

Numbers = Sequence[int]
Look = Literal["struck", "raised", "hidden", "white"]
LEVELS: list[Cell] = ["一级", "二级", "三级", "其他"]
GROUPS: list[Cell] = ["规模以上企业", "高危企业", "其他生产经营单位"]


@dataclass(frozen=True)
class Two:
    """A number as it is seen, and a digit that is drawn otherwise, in front of it or behind it."""

    seen: int
    digit: int
    look: Look

    @property
    def parts(self) -> tuple[tuple[str, bool], ...]:
        """Both in their order, and whether they are drawn otherwise."""
        number, other = (str(self.seen), False), (str(self.digit), True)
        return (number, other) if self.look == "raised" else (other, number)


@dataclass(frozen=True)
class Sum:
    """A number that a formula gives, saved as 0 by a library that left it to the next program."""

    value: int

    @property
    def formula(self) -> str:
        return f"{self.value}-1+1"


Line = Sequence[Cell | Two | Sum]


@dataclass(frozen=True)
class Paper:
    """The rows of a sheet, which of its rows and columns are hidden (by hand or by a filter), and other sheets of the
    file by their names, with whether they are hidden."""

    rows: Sequence[Line]
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    name: str = "附件4"
    others: tuple[tuple["Paper", bool], ...] = ()

    def turned(self) -> "Paper":
        """Rows for columns."""
        width = max(map(len, self.rows))
        full = [[*row, *[None] * (width - len(row))] for row in self.rows]
        rows = list(zip(*full, strict=True))
        return replace(self, rows=rows, hidden_rows=self.hidden_columns, hidden_columns=self.hidden_rows)


def upright(*lines: Line) -> Paper:
    """The official form with these rows of numbers, each with its label, and without sums."""
    plain = official()
    return Paper([*plain[:6], *lines, plain[9]])


def cross(*lines: tuple[Cell, Line]) -> Paper:
    """The groups down the side, in each the rows of all lines."""
    rows: list[Line] = [["生产经营单位安全生产标准化达标情况表"], ["（截至6月）"]]
    rows += [["填报单位：五图街道", None, "填报时间：2017年7月3日"], ["类别", None, *LEVELS]]
    for n, group in enumerate(GROUPS):
        rows += [
            [group if not k else None, label, *numbers[4 * n : 4 * n + 4]] for k, (label, numbers) in enumerate(lines)
        ]
    return Paper([*rows, ["填报人：李明"]])


def blocks(labels: tuple[str, str], *numbers: Line, beside: bool) -> Paper:
    """Two tables in one form, each under its label."""
    wide: list[Cell] = [cell for group in GROUPS for cell in (group, None, None, None)]
    rows: list[Line] = [["生产经营单位安全生产标准化达标情况表"], ["（截至6月）"], ["填报单位：五图街道"]]
    if beside:
        rows += [["", labels[0], *[None] * 11, labels[1]], ["类别", *wide, *wide], ["达标等级", *LEVELS * 6]]
        return Paper([*rows, ["数量", *numbers[0], *numbers[1]]])
    for label, line in zip(labels, numbers, strict=True):
        rows += [[label], ["类别", *wide], ["达标等级", *LEVELS * 3], ["数量", *line]]
    return Paper(rows)


def xlsx(paper: Paper) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for sheet, gone in ((paper, False), *paper.others):
        to = book.create_sheet(sheet.name)
        to.sheet_state = "hidden" if gone else "visible"
        for r, row in enumerate(sheet.rows):
            for c, value in enumerate(row):
                to.cell(r + 1, c + 1).value = _of_excel(value)
        for r in sheet.hidden_rows:
            to.row_dimensions[r + 1].hidden = True
        for c in sheet.hidden_columns:
            to.column_dimensions[get_column_letter(c + 1)].hidden = True
    data = io.BytesIO()
    book.save(data)
    saved = re.compile(rb"(</f>)<v ?/?>(?:</v>)?")
    names = [f"xl/worksheets/sheet{n + 1}.xml" for n in range(len(book.worksheets))]
    return patched(data.getvalue(), {name: lambda xml: saved.sub(rb"\1<v>0</v>", xml) for name in names})


def _of_excel(value: Cell | Two | Sum) -> Any:
    if isinstance(value, Sum):
        return f"={value.formula}"
    if not isinstance(value, Two):
        return value
    fonts = {
        "struck": InlineFont(strike=True),
        "raised": InlineFont(vertAlign="superscript"),
        "white": InlineFont(color=Color("FFFFFFFF")),
        "hidden": InlineFont(color=Color("FFFEFEFE")),
    }
    return CellRichText(*(TextBlock(fonts[value.look] if odd else InlineFont(), text) for text, odd in value.parts))


def xls(paper: Paper) -> bytes:
    book = xlwt.Workbook()
    fonts = {
        "struck": xlwt.easyfont("struck_out on"),
        "raised": xlwt.easyfont("escapement superscript"),
        "white": xlwt.easyfont("colour white"),
        "hidden": xlwt.easyfont("height 20"),
    }
    for sheet, gone in ((paper, False), *paper.others):
        to = book.add_sheet(sheet.name)
        to.visibility = int(gone)
        for r, row in enumerate(sheet.rows):
            for c, value in enumerate(row):
                if isinstance(value, Two):
                    plain = xlwt.easyfont("")
                    to.write_rich_text(r, c, [(t, fonts[value.look] if odd else plain) for t, odd in value.parts])
                elif isinstance(value, Sum):
                    to.write(r, c, xlwt.Formula(value.formula))
                elif value is not None:
                    to.write(r, c, value)
        for r in sheet.hidden_rows:
            to.row(r).hidden = True
        for c in sheet.hidden_columns:
            to.col(c).hidden = True
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


_COLLAPSED, _FILTERED, _GONE = (
    f' {name}"' for name in ('table:visibility="collapse', 'table:visibility="filter', 'style="display:none')
)
_ODF_STYLES = {
    "struck": 'style:text-line-through-style="solid"',
    "raised": 'style:text-position="super 58%"',
    "white": 'fo:color="#ffffff"',
    "hidden": 'fo:font-size="1pt"',
}


def ods(paper: Paper) -> bytes:
    styles = "".join(
        f'<style:style style:name="{name}" style:family="text"><style:text-properties {what}/></style:style>'
        for name, what in _ODF_STYLES.items()
    )
    styles += '<style:style style:name="gone" style:family="table"><style:table-properties table:display="false"/>'
    styles += "</style:style>"
    sheets = "".join(_ods_sheet(sheet, gone) for sheet, gone in ((paper, False), *paper.others))
    empty = zipfile.ZipFile(io.BytesIO(books.ods(""))).read("content.xml")
    names = (
        b' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
        b' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"><office:automatic-styles>'
        + styles.encode()
        + b"</office:automatic-styles><office:body>"
    )
    table = b'<table:table table:name="Sheet1"></table:table>'
    assert table in empty
    content = empty.replace(b"><office:body>", names).replace(table, sheets.encode())
    return patched(books.ods(""), {"content.xml": lambda _: content})


def _ods_sheet(sheet: Paper, gone: bool) -> str:
    def cell(value: Cell | Two | Sum) -> str:
        if isinstance(value, Sum):
            return (
                f'<table:table-cell table:formula="of:={value.formula}" office:value-type="float" office:value="0">'
                "<text:p>0</text:p></table:table-cell>"
            )
        if isinstance(value, Two):
            texts = "".join(
                f'<text:span text:style-name="{value.look}">{t}</text:span>' if o else t for t, o in value.parts
            )
            return f'<table:table-cell office:value-type="string"><text:p>{texts}</text:p></table:table-cell>'
        if isinstance(value, int):
            shown = f"<text:p>{value}</text:p>"
            return f'<table:table-cell office:value-type="float" office:value="{value}">{shown}</table:table-cell>'
        return f'<table:table-cell office:value-type="string"><text:p>{value or ""}</text:p></table:table-cell>'

    width = max(map(len, sheet.rows))
    columns = "".join(f"<table:table-column{_COLLAPSED if c in sheet.hidden_columns else ''}/>" for c in range(width))
    rows = "".join(
        f"<table:table-row{_FILTERED if r in sheet.hidden_rows else ''}>{''.join(map(cell, row))}</table:table-row>"
        for r, row in enumerate(sheet.rows)
    )
    style = ' table:style-name="gone"' if gone else ""
    return f'<table:table table:name="{sheet.name}"{style}>{columns}{rows}</table:table>'


def word(paper: Paper) -> bytes:
    """A table, with the rows that are hidden in hidden characters; of columns and sheets Word hides none."""
    document = docx.Document()
    for text in paper.rows[:3]:
        document.add_paragraph("  ".join(str(cell) for cell in text if cell is not None))
    rows = list(enumerate(paper.rows))[3:]
    table = document.add_table(rows=len(rows), cols=max(len(row) for _, row in rows))
    looks: dict[Look, Callable[[Any], None]] = {
        "struck": lambda font: setattr(font, "strike", True),
        "raised": lambda font: setattr(font, "superscript", True),
        "hidden": lambda font: setattr(font, "hidden", True),
        "white": lambda font: setattr(font.color, "rgb", RGBColor(255, 255, 255)),
    }
    for (r, row), to in zip(rows, table.rows, strict=True):
        for value, cell in zip(row, to.cells, strict=False):
            whole = ((str(value), False),) if value is not None and not isinstance(value, Two | Sum) else ()
            for text, odd in value.parts if isinstance(value, Two) else whole:
                run = cell.paragraphs[0].add_run(text)
                if odd and isinstance(value, Two):
                    looks[value.look](run.font)
                if r in paper.hidden_rows:
                    run.font.hidden = True
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def html(paper: Paper) -> bytes:
    """A page. Its hidden rows and columns are there, as Excel saves them, and not shown."""
    looks = {
        "struck": ("<s>", "</s>"),
        "raised": ("<sup>", "</sup>"),
        "hidden": ('<span style="display:none">', "</span>"),
        "white": ('<font color="#FFFFFF">', "</font>"),
    }

    def cell(value: Cell | Two | Sum) -> str:
        if isinstance(value, Two):
            before, after = looks[value.look]
            return "".join(f"{before}{text}{after}" if odd else text for text, odd in value.parts)
        return "" if value is None or isinstance(value, Sum) else str(value)

    columns = "".join(f"<col{_GONE if c in paper.hidden_columns else ''}>" for c in range(max(map(len, paper.rows))))
    rows = "".join(
        f"<tr{_GONE if r in paper.hidden_rows else ''}>{''.join(f'<td>{cell(value)}</td>' for value in row)}</tr>"
        for r, row in enumerate(paper.rows)
    )
    return page(f"<table>{columns}{rows}</table>")

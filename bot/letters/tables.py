"""Tables on worksheets, for the office: a title, a line below it, headings that stay, rows that can be filtered,
printed on A4 in landscape. Knows no content."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from bot.letters.cells import Formula, put
from bot.letters.sheets import TINT, fits_width

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

HEAD = "F0F3F7"
FIRST_ROW = 4  # of the rows: title, line, headings stand above
DAY, MINUTE, POINTS = "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "0.##;-0.##;0"
Value = str | int | Decimal | datetime | Formula | None


@dataclass(frozen=True, slots=True)
class Column:
    """``width`` in characters. ``open``: the office may well write another value here, so it is tinted."""

    heading: str
    width: float
    align: Literal["left", "center"] = "center"
    format: str = "General"
    open: bool = False
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Fonts:
    """Names of fonts, as the office has them installed."""

    title: str
    text: str


def heading(sheet: "Worksheet", title: str, line: str, width: int, fonts: Fonts) -> None:
    """The title over ``width`` columns, and a small line below it."""
    from openpyxl.styles import Alignment, Font

    for row, text, size, height in ((1, title, 18, 36), (2, line, 11, 22)):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=width)
        cell: Any = sheet.cell(row, 1)
        put(cell, text)
        cell.font = Font(name=fonts.title if row == 1 else fonts.text, size=size, bold=row == 1)
        cell.alignment = Alignment("center" if row == 1 else "left", "center", wrap_text=True)
        sheet.row_dimensions[row].height = height


def table(
    sheet: "Worksheet", top: int, columns: Sequence[Column], rows: Iterable[Sequence[Value]], fonts: Fonts
) -> int:
    """Headings in row ``top``, the rows below; returns the last row."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    line = Side(style="thin", color="B8C0CA")
    border = Border(left=line, right=line, top=line, bottom=line)
    plain, strong = Font(name=fonts.text, size=11), Font(name=fonts.text, size=11, bold=True)
    head, tint = PatternFill("solid", fgColor=HEAD), PatternFill("solid", fgColor=TINT)
    alignments = {align: Alignment(align, "center", wrap_text=True) for align in ("left", "center")}
    last = top
    for last, row in enumerate(([column.heading for column in columns], *rows), start=top):
        for place, (column, value) in enumerate(zip(columns, row, strict=True), start=1):
            cell: Any = sheet.cell(last, place)
            _write(cell, value)
            cell.font = strong if last == top or column.bold else plain
            cell.border = border
            cell.alignment = alignments["center" if last == top else column.align]
            if last == top:
                cell.fill = head
            else:
                cell.number_format = column.format
                if column.open:
                    cell.fill = tint
    sheet.row_dimensions[top].height = 34
    return last


def _write(cell: Any, value: Value) -> None:
    if isinstance(value, str):
        put(cell, value)
    elif isinstance(value, Formula):
        cell.value = value.text
    elif value is not None:
        cell.value = float(value) if isinstance(value, Decimal) else value


def lines(sheet: "Worksheet", top: int, texts: Iterable[str], columns: Sequence[Column], fonts: Fonts) -> None:
    """Sentences below a table, a row each, over all its columns."""
    from openpyxl.styles import Alignment, Font

    for row, text in enumerate(texts, start=top):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(columns))
        cell: Any = sheet.cell(row, 1)
        put(cell, text)
        cell.font = Font(name=fonts.text, size=11)
        cell.alignment = Alignment("left", "center", wrap_text=True)
        # No program makes a merged row higher by itself. A Chinese character is about two characters wide.
        sheet.row_dimensions[row].height = 20 * -(-len(text) * 2 // int(sum(column.width for column in columns)))


def filtered(sheet: "Worksheet", top: int, last_row: int, width: int, kept_columns: int) -> None:
    """Headings and the first columns stay in sight, the rows can be filtered, each printed page has the headings."""
    sheet.auto_filter.ref = f"A{top}:{sheet.cell(last_row, width).coordinate}"
    sheet.freeze_panes = sheet.cell(top + 1, kept_columns + 1).coordinate
    sheet.print_title_rows = f"{top}:{top}"


def printed(sheet: "Worksheet", columns: Sequence[Column]) -> None:
    """Columns as wide as they say; printed on A4 in landscape, with page numbers."""
    from openpyxl.utils import get_column_letter

    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    fits_width(sheet)
    if sheet.oddFooter is not None:
        sheet.oddFooter.center.text = "&P / &N"

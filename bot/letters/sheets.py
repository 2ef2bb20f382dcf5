"""Drawing on one worksheet of openpyxl: areas with a look, one printed page, protection. Knows no form."""

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

A4 = 9  # ST_PaperSize, ECMA-376 part 1, 18.3.1.63
TINT = "FFF8E1"  # pale enough to vanish in print
MARGIN_INCHES = 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """How an area looks. ``ruled``: in the table's lines. ``typed``: a person fills it in, so it is tinted,
    and stays open when the sheet is protected."""

    size: float
    font: str
    bold: bool = False
    align: Literal["left", "center", "right"] = "center"
    ruled: bool = False
    typed: bool = False
    format: str = "General"


_known_looks: "WeakKeyDictionary[Workbook, dict[Look, Any]]" = WeakKeyDictionary()


def area(sheet: "Worksheet", row: int, first: int, last: int, look: Look) -> "Cell":
    """The cells ``first`` to ``last`` of a row, merged, in one look; the one to write into is returned."""
    cell = cast("Cell", sheet.cell(row, first))
    if last > first:
        sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)
    known = _known_looks.setdefault(cast("Workbook", sheet.parent), {})
    # A merged cell that is open in its first cell alone still counts as locked for some programs.
    for column in range(first, last + 1):
        part: Any = sheet.cell(row, column)
        if look not in known:
            _dress(part, look)
            known[look] = part._style
        part._style = copy(known[look])  # as openpyxl copies a sheet: comparing styles anew takes most of a workbook
    return cell


def _dress(cell: "Cell", look: Look) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

    line, none = Side(style="thin"), Side()
    around = line if look.ruled else none
    indent = 1 if look.align == "left" and look.typed else 0
    cell.font = Font(name=look.font, size=look.size, bold=look.bold)
    cell.alignment = Alignment(look.align, "center", wrap_text=look.align != "right", indent=indent)
    cell.border = Border(left=around, right=around, top=around, bottom=line if look.typed else around)
    cell.protection = Protection(locked=not look.typed)
    cell.number_format = look.format
    if look.typed:
        cell.fill = PatternFill("solid", fgColor=TINT)


def unlock(sheet: "Worksheet", cell: "Cell") -> None:
    """Lets a person change a cell, with all that are merged with it."""
    from openpyxl.styles import Protection

    merged = next((area for area in sheet.merged_cells.ranges if cell.coordinate in area), None)
    for row, column in merged.cells if merged else ((cell.row, cell.column),):
        part: Any = sheet.cell(row, column)
        part.protection = Protection(locked=False)


def fits_width(sheet: "Worksheet") -> None:
    """Prints on A4, landscape, as wide as one page and as long as it is; rows that a person adds below print too."""
    from openpyxl.worksheet.page import PageMargins
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    sheet.page_margins = PageMargins(MARGIN_INCHES, MARGIN_INCHES, MARGIN_INCHES, MARGIN_INCHES)
    sheet.sheet_view.showGridLines = False


def printed_to(sheet: "Worksheet", last_row: int, last_column: int) -> None:
    """Nothing beyond this cell is printed."""
    sheet.print_area = f"A1:{sheet.cell(last_row, last_column).coordinate}"


def one_page(sheet: "Worksheet", last_row: int, last_column: int) -> None:
    """Prints on one A4, landscape, centred from side to side, and nothing beyond the last cell."""
    fits_width(sheet)
    printed_to(sheet, last_row, last_column)
    sheet.page_setup.fitToHeight = 1


def protect(sheet: "Worksheet", start: str) -> None:
    """Only open cells can be selected, beginning at ``start``. Without a password: it guides, and locks nobody out."""
    sheet.protection.sheet = True
    # In the file "1" means that it is forbidden.
    sheet.protection.selectLockedCells = True
    sheet.protection.selectUnlockedCells = False
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False
    view = sheet.sheet_view.selection[0]
    view.activeCell, view.sqref = start, start

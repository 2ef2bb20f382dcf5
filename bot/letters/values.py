"""A workbook that holds the values of another, and nothing that another program computes, fetches or runs."""

import io
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from bot.letters.cells import put, sheet_title
from bot.model.forms import Grid

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


def values_book(grids: Iterable[Grid]) -> bytes:
    """The grids as a workbook, sheet by sheet: texts as texts, numbers as numbers, at their places. No formula."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for grid in grids:
        sheet = cast("Worksheet", book.create_sheet(sheet_title(grid.name)))
        for number, row in enumerate(grid.rows, start=1):
            for column, value in enumerate(row, start=1):
                if value is not None:
                    _value(sheet.cell(number, column), value)
        for top, left, bottom, right in grid.merges:
            sheet.merge_cells(None, top + 1, left + 1, bottom + 1, right + 1)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _value(cell: Any, value: str | float | date) -> None:
    if isinstance(value, str):
        put(cell, value)
    else:
        cell.value = value

"""What a person does with a workbook of ours: types into its open cells, or mends what is marked, and saves it."""

import io
from datetime import date
from typing import Any

from bot.rules.base import even
from bot.rules.forms import FormRule


def fill_in(workbook: bytes, rule: FormRule, counts: tuple[int, ...], filled_on: date) -> bytes:
    """The workbook with its numbers, group by group, and the day of filling in. ValueError if it does not have as
    many open cells as there are ``counts``. Sums stay formulas, without cached values: no program computed them."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(workbook))
    sheet = book.worksheets[0]
    cells = _open_cells(sheet, rule.headings.values[0])
    if len(cells) != len(counts):
        raise ValueError(f"{len(cells)} open cells for {len(counts)} numbers")
    for cell, count in zip(cells, counts, strict=True):
        cell.value = count
    day = next(f.label for f in rule.fields if f.id == "filled_on")
    _open_cells(sheet, day)[0].value = filled_on
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def mend(workbook: bytes) -> bytes:
    """The workbook that went back, without the rows that have a comment: as it is said there, one of two is enough."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(workbook))
    for row in book.worksheets[0].iter_rows():
        if any(cell.comment for cell in row):
            for cell in row:
                cell.value = cell.comment = None
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _open_cells(sheet: Any, label: str) -> list[Any]:
    """The cells right of the label that are not protected; of a merged area the first one."""
    from openpyxl.cell.cell import Cell

    for row in sheet.iter_rows():
        for place, cell in enumerate(row):
            if isinstance(cell.value, str) and even(cell.value) == even(label):
                return [c for c in row[place + 1 :] if isinstance(c, Cell) and not c.protection.locked]
    raise ValueError(f"no cell says {label!r}")

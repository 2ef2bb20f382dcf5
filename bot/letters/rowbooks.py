"""The workbook of a form of rows: its tables one below the other, as annexes 2 and 3 of the notice have them.

For filling in, with what is on record; or going back with a returned report, the wrong cells coloured and explained.
Not protected: people add rows, and paste hundreds of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from bot.letters.cells import put, sheet_title
from bot.letters.marked import colour
from bot.letters.sheets import Look, area, fits_width, printed_to
from bot.letters.workbook_words import WorkbookWords
from bot.letters.workbooks import saved
from bot.model.deciding import Content, Judged, Target
from bot.rules.rows import RowsRule

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SPARE = 15  # empty rows in each table, so that nobody must begin by inserting one
WIDTHS = {"text": 24.0, "count": 14.0, "phone": 18.0, "email": 30.0, "unit": 20.0}
NUMBERING = 7.0  # characters

Row = Mapping[str, Any]


@dataclass
class _Sheet:
    """A sheet being drawn from top to bottom; ``cells`` is where each row's columns are, by the row's own number."""

    rule: RowsRule
    words: WorkbookWords
    sheet: "Worksheet"
    row: int = 0
    cells: dict[Target, Any] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return 1 + len(self.rule.row)

    def next(self, height: float) -> None:
        self.row += 1
        self.sheet.row_dimensions[self.row].height = height

    def area(self, first: int, last: int, size: float, font: str = "", **look: Any) -> Any:
        return area(self.sheet, self.row, first, last, Look(size, font or self.words.text_font, **look))


def register(
    rule: RowsRule, words: WorkbookWords, *, unit: str, content: Content, reporter: str = "", phone: str = ""
) -> bytes:
    """An .xlsx with the unit and what is on record, and room for more."""
    rows = [(str(index), row) for index, row in enumerate(content)]
    known = {"unit": unit, "reporter": reporter, "phone": phone}
    if rule.appoints and not content:
        rows = [("0", {"table": rule.groups[0].id, "unit": unit})]
    _, book = _drawn(rule, words, known, rows)
    return saved(book, rule)


def marked_register(rule: RowsRule, words: WorkbookWords, judged: Judged) -> bytes:
    """An .xlsx of what was read from the sender's form, the wrong cells coloured, each with a comment."""
    form = judged.form
    rows = [
        (str(index), {"table": row.table, **{c: written.text for c, written in row.cells.items()}})
        for index, row in enumerate(form.rows or ())
    ]
    known = {id_: written.text for id_, written in form.fields.items()}
    sheet, book = _drawn(rule, words, {**known, "unit": judged.unit or known.get("unit", "")}, rows)
    colour(sheet.cells, judged.findings)
    return saved(book, rule)


def _drawn(
    rule: RowsRule, words: WorkbookWords, known: Mapping[str, str], rows: Sequence[tuple[str, Row]]
) -> tuple[_Sheet, Any]:
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = _Sheet(rule, words, cast("Worksheet", book.create_sheet(sheet_title(rule.name))))
    for column, width in enumerate([NUMBERING, *(WIDTHS[c.holds] for c in rule.row)], start=1):
        sheet.sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.next(44)
    put(sheet.area(1, sheet.width, 18, words.title_font, bold=True), rule.title)
    _fields(sheet, "above", known)
    for number, table in enumerate(rule.groups, start=1):
        _table(sheet, number, [(index, row) for index, row in rows if row["table"] == table.id])
    _fields(sheet, "below", known)
    for note in rule.notes:
        sheet.next(24)
        put(sheet.area(1, sheet.width, 11, align="left"), note)
    fits_width(sheet.sheet)
    printed_to(sheet.sheet, sheet.row, sheet.width)
    return sheet, book


def _fields(sheet: _Sheet, side: str, known: Mapping[str, str]) -> None:
    """The labelled texts, label and value in cells of their own, two to a line."""
    fields = [f for f in sheet.rule.fields if f.side == side]
    middle = 1 + sheet.width // 2
    for start in range(0, len(fields), 2):
        sheet.next(28)
        for part, first, last in zip(fields[start : start + 2], (1, middle + 1), (middle, sheet.width), strict=False):
            text = sheet.words.field.format(label=part.label) + known.get(part.id, "")
            put(sheet.area(first, last, 12, align="left"), text)


def _table(sheet: _Sheet, number: int, rows: Sequence[tuple[str, Row]]) -> None:
    rule = sheet.rule
    if len(rule.groups) > 1:
        sheet.next(30)
        title = sheet.words.table_title.format(
            number=sheet.words.numerals[number - 1], title=rule.groups[number - 1].title
        )
        put(sheet.area(1, sheet.width, 14, sheet.words.title_font, bold=True), title)
    sheet.next(26)
    for column, label in enumerate([rule.numbering, *(c.label for c in rule.row)], start=1):
        put(sheet.area(column, column, 12, ruled=True, bold=True), label)
    for line, (index, row) in enumerate([*rows, *(("", {}),) * SPARE], start=1):
        sheet.next(22)
        sheet.area(1, 1, 12, ruled=True).value = line
        for column, part in enumerate(rule.row, start=2):
            number, text = part.holds == "count", part.holds == "text"
            look = {"align": "left" if text else "center", "format": "0" if number else "@"}
            cell = sheet.area(column, column, 12, ruled=True, typed=True, **look)
            value = row.get(part.id)
            if isinstance(value, int):
                cell.value = value
            elif value:
                put(cell, str(value))
            sheet.cells["row", index, part.id] = cell

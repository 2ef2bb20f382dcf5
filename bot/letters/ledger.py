"""A ruled list on one worksheet: title, headings that repeat on each printed page, rows with sums. Knows no form."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self, cast

from bot.letters.cells import Formula, put, sheet_title
from bot.letters.sheets import Look, area, fits_width, printed_to

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

TITLE, TEXT = 18.0, 10.5
SIGNED = "+0;-0;0"  # a growth shows its sign
COUNT = "0"
RATE = "0.0%"  # rates come rounded (deciding.rounding)


@dataclass
class Ledger:
    """The list being written from top to bottom; ``row`` is the last one, ``head`` the rows of the headings."""

    sheet: "Worksheet"
    width: int
    title_font: str
    text_font: str
    row: int = 0
    head: tuple[int, int] = (1, 3)

    @classmethod
    def on(cls, book: "Workbook", name: str, widths: Sequence[float], title_font: str, text_font: str) -> Self:
        """A new sheet with columns of these widths, in characters."""
        from openpyxl.utils import get_column_letter

        sheet = cast("Worksheet", book.create_sheet(sheet_title(name)))
        for column, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(column)].width = width
        return cls(sheet, len(widths), title_font, text_font)

    def title(self, text: str) -> None:
        """The title over all columns."""
        self._next(34)
        put(area(self.sheet, self.row, 1, self.width, Look(TITLE, self.title_font, bold=True)), text)

    def line(self, text: str) -> None:
        """A line between the title and the table."""
        self._next(20)
        put(area(self.sheet, self.row, 1, self.width, Look(12, self.text_font)), text)

    def note(self, text: str) -> None:
        """A line below the table."""
        self._next(20)
        put(area(self.sheet, self.row, 1, self.width, Look(TEXT, self.text_font, align="left")), text)

    def headings(self, spans: Iterable[tuple[str, int]], below: Sequence[str] = ()) -> None:
        """Headings, each over so many columns, and a second row of them under those that span several."""
        first = self.row + 1
        self._next(30)
        column = 1
        for text, size in spans:
            put(self._area(column, column + size - 1, bold=True), text)
            column += size
        if below:
            self._next(20)
            for column, text in enumerate(below, start=1):
                put(self._area(column, column, bold=True), text)
                if not text:
                    self.sheet.merge_cells(start_row=first, end_row=self.row, start_column=column, end_column=column)
        self.head = (first, self.row)

    def put(
        self,
        cells: Sequence[object],
        *,
        bold: bool = False,
        left: Collection[int] = (),
        signed: Collection[int] = (),
        formats: Mapping[int, str] | None = None,
    ) -> None:
        """One row. Texts are put as texts; a formula comes from this class alone, and None leaves a cell empty."""
        self._next(18)
        for column, value in enumerate(cells, start=1):
            look = SIGNED if column in signed else (formats or {}).get(column, COUNT)
            cell = self._area(column, column, bold=bold, align="left" if column in left else "center", format=look)
            if isinstance(value, Formula):
                cell.value = value.text
            elif isinstance(value, str):
                put(cell, value)
            elif isinstance(value, int | float | date):
                cell.value = value

    # Formulas about the row that is written next, or that ends the list.

    def sum_across(self, first: int, last: int) -> Formula:
        """The sum of columns that stand side by side, in this row."""
        return Formula(f"=SUM({self._at(first)}:{self._at(last)})")

    def sum_of(self, columns: Iterable[int]) -> Formula:
        """The sum of single columns in this row."""
        return Formula(f"=SUM({','.join(map(self._at, columns))})")

    def sum_down(self, column: int, first: int) -> Formula:
        """Over the rows from ``first`` to the last one written."""
        top, bottom = (self.sheet.cell(row, column).coordinate for row in (first, self.row))
        return Formula(f"=SUM({top}:{bottom})")

    def difference(self, of: int, less: int) -> Formula:
        """One column less another, in this row."""
        return Formula(f"={self._at(of)}-{self._at(less)}")

    def less(self, column: int, of: int, less: int) -> Formula:
        """One row less another, in this column."""
        return Formula(f"={self.sheet.cell(of, column).coordinate}-{self.sheet.cell(less, column).coordinate}")

    def finish(self, last_row: int = 0) -> None:
        """Prints on A4, landscape, as wide as the page, headings on each; the headings stay in sight."""
        fits_width(self.sheet)
        printed_to(self.sheet, last_row or self.row, self.width)
        self.sheet.print_title_rows = f"{self.head[0]}:{self.head[1]}"
        footer: Any = self.sheet.oddFooter
        footer.center.text = "— &P —"
        self.sheet.freeze_panes = f"A{self.head[1] + 1}"

    def _at(self, column: int) -> str:
        return str(self.sheet.cell(self.row + 1, column).coordinate)

    def _next(self, height: float) -> None:
        self.row += 1
        self.sheet.row_dimensions[self.row].height = height

    def _area(self, first: int, last: int, **look: Any) -> Any:
        return area(self.sheet, self.row, first, last, Look(TEXT, self.text_font, ruled=True, **look))

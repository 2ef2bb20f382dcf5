"""Draws a form from its rule, from top to bottom, as Annex 4 of the notice has it: title, month, unit and day,
the table with its sums, who filled it in, notes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.letters.cells import put
from bot.letters.sheets import Look, area
from bot.letters.workbook_words import WorkbookWords, first_day
from bot.model.deciding import Numbers, Target
from bot.rules.forms import FormRule

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

FIRST_WIDTH = 14.0  # of the column of headings, in characters
PROMPT_TITLE, PROMPT = 32, 255  # the longest of each, in characters (ECMA-376 part 1, 18.3.1.32)
TABLE_WIDTH = 120.0  # of all number columns together: with the first, an A4 page in landscape


@dataclass
class Blank:
    """The form being drawn from top to bottom; ``row`` is the last one drawn, ``cells`` where each part of it is."""

    rule: FormRule
    words: WorkbookWords
    sheet: "Worksheet"
    row: int = 0
    cells: dict[Target, Any] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Columns in all: one of headings, and one for each number."""
        return 1 + len(self.rule.groups) * len(self.rule.columns)

    def heading(self, period: str) -> None:
        """Title and month, and the columns' widths."""
        from openpyxl.utils import get_column_letter

        widths = [FIRST_WIDTH] + [TABLE_WIDTH / (self.width - 1)] * (self.width - 1)
        for column, width in enumerate(widths, start=1):
            self.sheet.column_dimensions[get_column_letter(column)].width = width
        self._next(52)
        put(self._area(1, self.width, 22, bold=True, font=self.words.title_font), self.rule.title)
        first = first_day(period)
        label = next((f.label for f in self.rule.fields if f.id == "period"), "")
        self._next(30)
        self.cells["field", "period"] = line = self._area(1, self.width, 14)
        put(
            line,
            self.words.period_line.format(label=label, year=first.year, month=first.month),
        )

    def fields(self, side: str, known: dict[str, str]) -> None:
        """The labelled texts above or below the table, side by side as far as there is room."""
        fields = [f for f in self.rule.fields if f.side == side and f.id != "period"]
        abreast = max(1, self.width // 4)
        for start in range(0, len(fields), abreast):
            together = fields[start : start + abreast]
            edges = [1 - (-i * self.width // len(together)) for i in range(len(together) + 1)]
            self._next(36)
            for part, first, end in zip(together, edges, edges[1:], strict=False):
                value_from = first + (1 if first == 1 else 2)
                put(self._area(first, value_from - 1, 12, align="right"), self.words.field.format(label=part.label))
                # The unit is what the form is about; the rest is for the liaison.
                form = self.words.date_format if part.id == "filled_on" else "@"
                value = self._area(value_from, end - 1, 12, align="left", typed=part.id != "unit", format=form)
                self.cells["field", part.id] = value
                if known.get(part.id):
                    put(value, known[part.id])

    def table(self, numbers: Numbers) -> str:
        """The table itself; returns the address of the first number."""
        rule, size = self.rule, len(self.rule.columns)
        starts = range(2, self.width + 1, size)
        if rule.unit_of_count:
            self._next(36)
            put(self._area(1, self.width, 14, ruled=True), rule.unit_of_count)
        self._heading(rule.headings.groups)
        for start, group in zip(starts, rule.groups, strict=True):
            put(self._area(start, start + size - 1, 14, ruled=True), group.label)
        self._heading(rule.headings.columns)
        for place, column in enumerate(rule.columns * len(rule.groups), start=2):
            put(self._area(place, place, 14, ruled=True), column.label)
        self._heading(rule.headings.values[0])
        self._numbers(numbers)
        first, last, values = self.sheet.cell(self.row, 2), self.sheet.cell(self.row, self.width), self.row
        self._heading(rule.headings.subtotals[0])
        for start, group in zip(starts, rule.groups, strict=True):
            parts = self.sheet.cell(values, start), self.sheet.cell(values, start + size - 1)
            span = f"{parts[0].coordinate}:{parts[1].coordinate}"
            self.cells["subtotal", group.id] = self._sum(start, start + size - 1, span)
        self._heading(rule.headings.total[0])
        self.cells["total",] = self._sum(2, self.width, f"{first.coordinate}:{last.coordinate}")
        return str(first.coordinate)

    def notes(self) -> None:
        """What stands below everything, a row a note."""
        for note in self.rule.notes:
            # A Chinese character is about two characters wide, and a little wider at this size.
            lines = -(-len(note) * 2 // int(FIRST_WIDTH + TABLE_WIDTH))
            self._next(22 * max(1, lines))
            put(self._area(1, self.width, 11, align="left"), note)

    def _numbers(self, numbers: Numbers) -> None:
        from openpyxl.worksheet.datavalidation import DataValidation

        words = self.words
        whole = DataValidation("whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        prompt = words.prompt_cumulative if self.rule.cumulative else words.prompt
        # Excel refuses to open a workbook with longer ones.
        whole.promptTitle = words.prompt_title.format(counted=self.rule.numbers_called)[:PROMPT_TITLE]
        whole.prompt = prompt.format(counted=self.rule.numbers_called)[:PROMPT]
        whole.showInputMessage = True
        whole.errorTitle, whole.error, whole.showErrorMessage = words.error_title, words.error, True
        self.sheet.add_data_validation(whole)
        cells = [(g.id, c.id) for g in self.rule.groups for c in self.rule.columns]
        for place, (group, column) in enumerate(cells, start=2):
            cell = self._area(place, place, 14, ruled=True, typed=True, format="0")
            cell.value = numbers.get(group, {}).get(column)
            self.cells["count", group, column] = cell
            whole.add(cell)

    def _heading(self, text: str) -> None:
        self._next(44)
        put(self._area(1, 1, 14, ruled=True), text)

    def _sum(self, first: int, last: int, cells: str) -> Any:
        cell = self._area(first, last, 14, ruled=True, format="0")
        cell.value = f"=SUM({cells})"
        return cell

    def _next(self, height: float) -> None:
        self.row += 1
        self.sheet.row_dimensions[self.row].height = height

    def _area(self, first: int, last: int, size: float, *, font: str = "", **look: Any) -> Any:
        return area(self.sheet, self.row, first, last, Look(size, font or self.words.text_font, **look))

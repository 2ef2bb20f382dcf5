"""A report that goes back, as a workbook: what was right is kept, what was not is coloured, with a comment that says
what was written and what was expected. Mended and sent back, it is read like any other.

The sums are formulas here, whatever was stated: with right numbers they cannot be wrong again.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from bot.letters.blank import Blank
from bot.letters.cells import clean, put, sheet_title
from bot.letters.sheets import one_page, protect
from bot.letters.workbook_words import WorkbookWords
from bot.letters.workbooks import saved
from bot.model.deciding import Finding, Judged, Target
from bot.rules.forms import FormRule

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ERROR, WARNING = "FFC7CE", "FFEB9C"  # the colours that spreadsheet programs use for bad and neutral
COMMENT_WIDTH, COMMENT_HEIGHT = 320, 110  # pixels


def marked(rule: FormRule, words: WorkbookWords, judged: Judged, period: str) -> bytes:
    """An .xlsx of the official layout for ``period`` with what was read from the sender's form.

    A cell without a certain number holds the text that was written there. A unit that is not known is left for
    the sender to fill in. ValueError if ``period`` is none.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Protection

    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = cast("Worksheet", book.create_sheet(sheet_title(rule.name)))
    blank = Blank(rule, words, sheet)
    blank.heading(period)
    fields = {id_: written.text for id_, written in judged.form.fields.items()}
    blank.fields("above", {**fields, "unit": judged.unit or fields.get("unit", "")})
    start = blank.table(judged.numbers)
    blank.fields("below", fields)
    blank.notes()
    for group, columns in judged.form.counts.items():
        for column, count in columns.items():
            # What stood in a merged cell was written once, and in none of the cells of the form.
            if column not in judged.numbers.get(group, {}) and count.written and count.doubt != "merged":
                put(blank.cells["count", group, column], count.written)
    if judged.unit is None:
        blank.cells["field", "unit"].protection = Protection(locked=False)
    colour(blank.cells, judged.findings)
    one_page(sheet, blank.row, blank.width)
    protect(sheet, start)
    return saved(book, rule)


def colour(cells: Mapping[Target, Any], findings: Iterable[Finding]) -> None:
    """Colours and comments: one comment a cell, errors before warnings. ``cells`` is where each part of the form is."""
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    said: dict[Any, list[str]] = {}
    for finding in sorted(findings, key=lambda f: f.severity != "error"):
        cell = cells.get(finding.target)
        if cell is None:
            continue
        if cell not in said:
            cell.fill = PatternFill("solid", fgColor=ERROR if finding.severity == "error" else WARNING)
        said.setdefault(cell, []).append(finding.message)
    for cell, messages in said.items():
        # A message may quote a whole cell, and a comment holds no more than one.
        cell.comment = Comment(clean("\n".join(messages)), "", width=COMMENT_WIDTH, height=COMMENT_HEIGHT)

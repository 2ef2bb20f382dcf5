"""A report that goes back, as a workbook: what was right is kept, what was not is coloured, with a comment that says
what was written and what was expected. Mended and sent back, it is read like any other.

A sum that does not agree holds what its sender wrote, and not ours: sent back as it is, it is as wrong as before. The
other sums are formulas. Whatever is to be corrected can be changed.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from bot.letters.blank import Blank
from bot.letters.cells import clean, put, sheet_title
from bot.letters.sheets import one_page, protect, unlock
from bot.letters.workbook_words import WorkbookWords
from bot.letters.workbooks import saved
from bot.model.deciding import Finding, Judged, Target
from bot.rules.forms import FormRule

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ERROR, WARNING = "FFC7CE", "FFEB9C"  # the colours that spreadsheet programs use for bad and neutral
LONGEST_NUMBER = 15  # digits that a cell keeps
COMMENT_WIDTH, COMMENT_HEIGHT = 320, 110  # pixels


def marked(rule: FormRule, words: WorkbookWords, judged: Judged, period: str) -> bytes:
    """An .xlsx of the official layout for ``period`` with what was read from the sender's form.

    A cell without a certain number holds the text that was written there. A unit that is not known is left for
    the sender to fill in. ValueError if ``period`` is none.
    """
    from openpyxl import Workbook

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
    _as_written(blank, judged, words)
    wrong = {f.target for f in judged.findings if f.severity == "error"} | {r.target for r in judged.form.rivals}
    for target in wrong | ({("field", "unit")} if judged.unit is None else set()):
        if target in blank.cells:
            unlock(sheet, blank.cells[target])
    colour(blank.cells, judged.findings)
    one_page(sheet, blank.row, blank.width)
    protect(sheet, start)
    return saved(book, rule)


def _as_written(blank: Blank, judged: Judged, words: WorkbookWords) -> None:
    """Puts what the sender stated, and what cannot be right, into the cells of the sums and of the month."""
    for finding in judged.findings:
        if finding.severity != "error" or finding.target not in blank.cells:
            continue
        if finding.check in ("subtotal", "total"):
            _put_stated(blank.cells[finding.target], str(finding.values["stated"]))
        elif finding.target == ("field", "period"):
            label = next(field.label for field in blank.rule.fields if field.id == "period")
            written = judged.form.fields["period"].text if "period" in judged.form.fields else ""
            put(blank.cells[finding.target], words.period_written.format(label=label, written=written))


def _put_stated(cell: Any, text: str) -> None:
    """A sum as it was written; a number, where it is one, so that it can be computed with."""
    if text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER:
        cell.value = int(text)
    else:
        put(cell, text)


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

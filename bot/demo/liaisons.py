"""Workbooks as people make them, for the demo's story: typed by hand, each in its own way.

Knows no word of any language: labels come from the form's rule, everything else from arguments.
"""

import io
from typing import Literal

from bot.model.deciding import Numbers
from bot.rules.forms import FormRule

Style = Literal["official", "plain", "letterhead", "split"]
Row = list[str | int | None]
Area = tuple[int, int, int, int]  # first row, first column, last row, last column; from 1
FULL_WIDTH = {ord("0") + i: chr(0xFF10 + i) for i in range(10)}


def filled(
    rule: FormRule,
    unit: str,
    period_text: str,
    filled_on_text: str,
    numbers: Numbers,
    reporter: str,
    phone: str,
    *,
    wrong_total: int | None = None,
    style: Style = "official",
    letterhead: tuple[str, ...] = (),
    measure: str = "",
) -> bytes:
    """An .xlsx with all numbers and their sums. ``period_text`` follows the label of the month, as typed.

    official: merged as in the annex, label and value in one cell. plain: retyped without merges, numbers as
    text, every second in full-width digits, the others with ``measure`` (家) behind. letterhead: official,
    below the lines of ``letterhead`` and a blank row, one column further right. split: labels and values in
    separate cells. ``wrong_total`` is written in place of the true total. KeyError if a number is missing.
    """
    rows = _rows(rule, numbers, wrong_total)
    if style == "plain":
        rows[3] = [rows[3][0], *_as_text(rows[3][1:], measure)]
    values = {"unit": unit, "period": period_text, "filled_on": filled_on_text, "reporter": reporter, "phone": phone}
    width = 1 + len(rule.groups) * len(rule.columns)
    above = _fields(rule, "above", values, width, apart=style == "split")
    below = _fields(rule, "below", values, width, apart=style == "split")
    period = next(f.label for f in rule.fields if f.id == "period")
    month: Row = [period, period_text] if style == "split" else [f"（{period}{period_text}）"]
    head: list[Row] = [[rule.title], month, above]
    notes: list[Row] = [[note] for note in rule.notes]
    sheet = [*head, *rows, below, *notes]
    merges = [] if style == "plain" else _merges(rule, len(head), width)
    if style != "letterhead":
        return _saved(rule.name, sheet, merges)
    down = len(letterhead) + 1
    lines: list[Row] = [[line] for line in letterhead]
    moved: list[Row] = [[None, *row] for row in sheet]
    return _saved(rule.name, [*lines, [], *moved], [(a + down, b + 1, c + down, d + 1) for a, b, c, d in merges])


def _rows(rule: FormRule, numbers: Numbers, wrong_total: int | None) -> list[Row]:
    """The table: what is counted, groups, columns, numbers, sums, total."""
    gap: Row = [None] * (len(rule.columns) - 1)
    groups: Row = [rule.headings.groups]
    counts: Row = [rule.headings.values[0]]
    sums: Row = [rule.headings.subtotals[0]]
    total = 0
    for group in rule.groups:
        own = [numbers[group.id][column.id] for column in rule.columns]
        groups += [group.label, *gap]
        counts += own
        sums += [sum(own), *gap]
        total += sum(own)
    columns: Row = [rule.headings.columns, *[c.label for c in rule.columns] * len(rule.groups)]
    last: Row = [rule.headings.total[0], total if wrong_total is None else wrong_total]
    return [[rule.unit_of_count], groups, columns, counts, sums, last]


def _as_text(numbers: Row, measure: str) -> Row:
    return [f"{n}{measure}" if place % 2 else str(n).translate(FULL_WIDTH) for place, n in enumerate(numbers)]


def _fields(rule: FormRule, side: str, values: dict[str, str], width: int, *, apart: bool) -> Row:
    """The labelled texts of one side in a row, at equal distances; the month has a row of its own."""
    fields = [f for f in rule.fields if f.side == side and f.id != "period"]
    width = max(width, 2 * len(fields))
    row: Row = [None] * width
    for place, field in enumerate(fields):
        start = -(-place * width // len(fields))
        value = values.get(field.id, "")
        row[start] = field.label if apart else f"{field.label}：{value}"
        if apart:
            row[start + 1] = value
    return row


def _merges(rule: FormRule, head: int, width: int) -> list[Area]:
    """The areas that the annex merges: title, what is counted, groups, their sums, the total."""
    size = len(rule.columns)
    starts = range(2, width + 1, size)
    of_groups = [(head + row, start, head + row, start + size - 1) for row in (2, 5) for start in starts]
    return [(1, 1, 1, width), (head + 1, 1, head + 1, width), *of_groups, (head + 6, 2, head + 6, width)]


def _saved(title: str, rows: list[Row], merges: list[Area]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for first_row, first_column, last_row, last_column in merges:
        sheet.merge_cells(None, first_row, first_column, last_row, last_column)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()

"""Plans, registers and lists of liaisons as people make them. Like ``liaisons``, knows no word of any language."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.demo.enterprises import Row
from bot.rules.rows import RowsRule

WIDTH = 20  # characters, of every column


def document(lines: Sequence[str]) -> bytes:
    """A .docx: the first line as its title, the others as paragraphs."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    word = Document()
    for place, line in enumerate(lines):
        paragraph = word.add_paragraph()
        paragraph.add_run(line).bold = not place
        if not place:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    data = io.BytesIO()
    word.save(data)
    return data.getvalue()


def registers(sheets: Iterable[tuple[RowsRule, Sequence[Sequence[Row]]]], fields: Mapping[str, str]) -> bytes:
    """An .xlsx with a sheet for each form of rows: its tables one below the other, each row with its number."""
    return _saved([(rule.name, _sheet(rule, tables, fields)) for rule, tables in sheets])


def listed(rule: RowsRule, person: Mapping[str, str]) -> bytes:
    """An .xlsx with a list of one person."""
    columns = [column.label for column in rule.row]
    return _saved([(rule.name, [[rule.title], columns, [person[column.id] for column in rule.row]])])


def _sheet(rule: RowsRule, tables: Sequence[Sequence[Row]], fields: Mapping[str, str]) -> list[list[Any]]:
    rows: list[list[Any]] = [[rule.title], _fields(rule, "above", fields)]
    for group, table in zip(rule.groups, tables, strict=True):
        rows += [[group.title], [rule.numbering, *(column.label for column in rule.row)]]
        rows += [[number, *row] for number, row in enumerate(table, 1)]
    return [*rows, _fields(rule, "below", fields), *([note] for note in rule.notes)]


def _fields(rule: RowsRule, side: str, fields: Mapping[str, str]) -> list[Any]:
    """The labelled texts of one side, every third column."""
    row: list[Any] = []
    for field in rule.fields:
        if field.side == side:
            row += [f"{field.label}：{fields.get(field.id, '')}", None, None]
    return row


def _saved(sheets: Iterable[tuple[str, Iterable[Sequence[Any]]]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        for letter in "BCDEF":
            sheet.column_dimensions[letter].width = WIDTH
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()

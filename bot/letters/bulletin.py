"""The bulletin as a Word file: templates/bulletin.docx, which the office edits in Word or WPS, filled in.

What people wrote is only ever a value: escaped, on one line, never a template. A name that does not exist is an
error; a value that is not known is shown as the blank of rules/bulletin.toml.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

from bot.errors import ConfigError
from bot.letters.cells import clean
from bot.letters.filters import Filter
from bot.letters.mime import one_line
from bot.letters.render import UNKNOWN, clean_values

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEMPLATE = "bulletin.docx"


def document(template: bytes, file: str, values: Mapping[str, Any], filters: Mapping[str, Filter], blank: str) -> bytes:
    """The filled in template as .docx. ``filters`` are those of the letters; ConfigError names ``file``."""
    from docxtpl import DocxTemplate
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=True, finalize=lambda value: blank if value is None else value
    )
    environment.filters.update({name: _passing_none(filter_) for name, filter_ in filters.items()})
    try:
        filled = DocxTemplate(io.BytesIO(template))
        filled.render(_clean(values), environment)
        section = filled.docx.sections[0]
        for table in filled.docx.tables:
            _fit(table, section.page_width - section.left_margin - section.right_margin)
        data = io.BytesIO()
        filled.save(data)
    # The office edits the file: what docxtpl, python-docx, zipfile and lxml raise for it has no common kind.
    except Exception as error:
        said = UNKNOWN.sub(r"unknown name \1", one_line(str(error)))
        raise ConfigError(f"{file}: {said or type(error).__name__}") from error
    return data.getvalue()


def _passing_none(filter_: Filter) -> Callable[..., str | None]:
    """A filter that leaves what is not known to ``finalize``."""
    return lambda value, *rest: None if value is None else filter_(value, *rest)


def _clean(values: Any) -> Any:
    """The letters' one line each, and nothing that XML cannot hold."""
    cleaned = clean_values(values)
    if isinstance(cleaned, str):
        return clean(cleaned)
    if isinstance(cleaned, dict):
        return {key: _clean(value) for key, value in cleaned.items()}
    return [_clean(value) for value in cleaned] if isinstance(cleaned, list) else cleaned


def _fit(table: Any, most: int) -> None:
    """The table's grid after its columns were repeated, at most so wide: docxtpl repeats the cells alone, and
    LibreOffice and WPS go by the grid."""
    from docx.oxml.ns import qn

    widths = [int(cell.width or 0) for cell in table._tbl.tr_lst[0].tc_lst]
    share = min(1.0, most / sum(widths)) if all(widths) else 0.0
    if not share:  # widths in percent, or none: the program's own business
        return
    grid = table._tbl.tblGrid
    for column in grid.findall(qn("w:gridCol")):
        grid.remove(column)
    for width in widths:
        grid.add_gridCol().w = int(width * share)
    for row in table._tbl.tr_lst:
        for cell, width in zip(row.tc_lst, widths, strict=False):
            cell.width = int(width * share)

"""templates/workbook.toml: the words of a workbook that stand on no form, and the name of its file."""

import re
from datetime import date
from typing import Self

from pydantic import Field, model_validator

from bot.letters.cells import clean
from bot.rules.base import Rule
from bot.rules.forms import FormRule

_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


class WorkbookWords(Rule):
    """templates/workbook.toml: what the workbook says beside the form's own words, and its fonts."""

    file_name: str
    returned_name: str
    file_name_once: str
    returned_name_once: str
    period_line: str
    period_written: str
    table_title: str
    numerals: str = Field(min_length=4)
    field: str
    date_format: str
    prompt_title: str = Field(max_length=32)
    prompt_cumulative: str = Field(max_length=255)
    prompt: str = Field(max_length=255)
    error_title: str = Field(max_length=32)
    error: str = Field(max_length=255)
    title_font: str
    text_font: str

    @model_validator(mode="after")
    def _braces_are_known(self) -> Self:
        month: dict[str, str | int] = {"year": 2017, "month": 6}
        for key, values in (
            ("file_name", {"form": "", "unit": "", **month}),
            ("returned_name", {"form": "", "unit": "", **month}),
            ("file_name_once", {"form": "", "unit": ""}),
            ("returned_name_once", {"form": "", "unit": ""}),
            ("table_title", {"number": "", "title": ""}),
            ("period_line", {"label": "", **month}),
            ("period_written", {"label": "", "written": ""}),
            ("field", {"label": ""}),
            ("prompt_title", {"counted": ""}),
            ("prompt_cumulative", {"counted": ""}),
            ("prompt", {"counted": ""}),
        ):
            try:
                getattr(self, key).format(**values)
            except (KeyError, IndexError, ValueError, AttributeError) as error:
                raise ValueError(f"{key}: in braces may stand only {', '.join(values)}") from error
        return self


def file_name(rule: FormRule, words: WorkbookWords, unit: str, period: str, returned: bool = False) -> str:
    """What the workbook is called as an attachment; a name and never a path."""
    if rule.owed.once:
        pattern = words.returned_name_once if returned else words.file_name_once
        name = pattern.format(form=rule.name, unit=unit)
    else:
        first = first_day(period)
        pattern = words.returned_name if returned else words.file_name
        name = pattern.format(form=rule.name, unit=unit, year=first.year, month=first.month)
    return safe_name(name)


def safe_name(name: str) -> str:
    """A name for an attachment: without control characters, and without what no file may be called."""
    return _NOT_IN_FILE_NAMES.sub("_", clean(name))


def first_day(period: str) -> date:
    """The first day of a month written ``2017-06``; ValueError for anything else."""
    return date.fromisoformat(f"{period}-01")

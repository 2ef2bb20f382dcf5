"""rules/words.toml: how people write nothing, numbers, months and weeks."""

from datetime import date
from functools import cached_property
from string import Formatter
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from bot.rules.base import Rule, allow_names, even
from bot.rules.checks import CASES


class LineWords(Rule):
    """``[lines]``: words that decide in the labels of rows, columns, tables and sheets of numbers. A label that has one
    in it says: numbers of ``this`` month, of a month ``before``, ``cumulative`` ones, ``fresh`` ones that came in the
    month; something ``apart`` that is no number of the form; the ``whole`` of the other rows. One that ends with a word
    of ``part`` names a part of the unit."""

    this: tuple[str, ...]
    before: tuple[str, ...]
    cumulative: tuple[str, ...]
    fresh: tuple[str, ...]
    apart: tuple[str, ...]
    whole: tuple[str, ...]
    part: tuple[str, ...]

    def say(self, kind: str, text: str) -> bool:
        """Whether an evened text contains a word of this kind."""
        return any(word in text for word in self._evened[kind])

    def is_part(self, label: str) -> bool:
        """Whether a label is the name of a part of the unit, such as a village."""
        return even(label).endswith(self._evened["part"])

    @cached_property
    def _evened(self) -> dict[str, tuple[str, ...]]:
        return {kind: tuple(even(word) for word in getattr(self, kind)) for kind in type(self).model_fields}


class FileWords(Rule):
    """``[files]``: parts of file names by which a mail's files are put in order, where there are too many to look at
    all: ``likely`` ones come first, ``unlikely`` ones last."""

    likely: tuple[str, ...]
    unlikely: tuple[str, ...]


_RIVAL = ("place", *CASES["rival", "line"])


class RivalWords(Rule):
    """``[rivals]``: what a number could also be. ``other`` and ``named`` say one other number, with {place}, {written}
    and, where its row or column has one, the label {line}; ``join`` stands between two; ``unknown`` is what nobody can
    tell, ``blank`` a cell in which nothing was read, ``unseen`` one that is not shown. ``several`` says {count} numbers
    by the {label} of the first, ``span`` the places from {first} to {last}. Each further key is the sentence for a form
    that has no words of its own for the check ``rival`` in this case."""

    other: Annotated[str, AfterValidator(lambda text: allow_names(text, ("place", "written")))]
    named: Annotated[str, AfterValidator(lambda text: allow_names(text, ("place", "written", "line")))]
    join: str
    line: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    label: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    parts: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    rows_hidden: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    rows_struck: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    struck: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    raised: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    hidden: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    concealed: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    uncomputed: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    covered: Annotated[str, AfterValidator(lambda text: allow_names(text, _RIVAL))]
    unknown: str
    blank: str
    unseen: str
    several: Annotated[str, AfterValidator(lambda text: allow_names(text, ("label", "count")))]
    span: Annotated[str, AfterValidator(lambda text: allow_names(text, ("first", "last")))]


class Words(Rule):
    """rules/words.toml: how people write "none", "nothing", and what may stand around a number;
    ``month`` is how a month is written, with {year} and {month}, ``week`` a week, with {year} and {week};
    ``table_cell`` names a cell that has no address, with {row} and {column}, ``body_name`` the text of a mail
    where it stands in place of a file, ``form_gone`` a form that has no file any more, with {name};
    ``more_findings`` how many more mistakes a form has than are listed, with {number}. ``files``,
    ``lines`` and ``rivals`` have their own classes."""

    zero: tuple[str, ...]
    blank: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    month: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year", "month")))]
    week: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year", "week")))]
    table_cell: Annotated[str, AfterValidator(lambda text: allow_names(text, ("row", "column")))]
    body_name: str = Field(min_length=1)
    form_gone: Annotated[str, AfterValidator(lambda text: allow_names(text, ("name",)))]
    more_findings: Annotated[str, AfterValidator(lambda text: allow_names(text, ("number",)))]
    files: FileWords
    lines: LineWords
    rivals: RivalWords

    @cached_property
    def printed(self) -> frozenset[str]:
        """The characters that a form with an empty month has in its place."""
        return frozenset(even("".join(text for text, *_ in Formatter().parse(self.month))))

    def with_measure(self, measure: str) -> Self:
        """The same words for a form whose numbers people follow with its ``measure``, such as 5处."""
        if not measure or measure in self.after:
            return self
        return self.model_copy(update={"after": (*self.after, measure)})

    def month_text(self, period: str) -> str:
        """2017-06 as people write it."""
        year, month = period.split("-")
        return self.month.format(year=int(year), month=int(month))

    def week_text(self, day: date) -> str:
        """The ISO week of a day, as people write it."""
        year, week, _ = day.isocalendar()
        return self.week.format(year=year, week=week)

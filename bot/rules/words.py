"""rules/words.toml: how people write nothing, numbers, months and weeks."""

from datetime import date
from functools import cached_property
from string import Formatter
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from bot.rules.base import Rule, allow_names, even


class Words(Rule):
    """rules/words.toml: how people write "none", "nothing", and what may stand around a number;
    ``month`` is how a month is written, with {year} and {month}, ``week`` a week, with {year} and {week};
    ``table_cell`` names a cell that has no address, with {row} and {column}, ``body_name`` the text of a mail
    where it stands in place of a file, ``form_gone`` a form that has no file any more, with {name}."""

    zero: tuple[str, ...]
    blank: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    month: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year", "month")))]
    week: Annotated[str, AfterValidator(lambda text: allow_names(text, ("year", "week")))]
    table_cell: Annotated[str, AfterValidator(lambda text: allow_names(text, ("row", "column")))]
    body_name: str = Field(min_length=1)
    form_gone: Annotated[str, AfterValidator(lambda text: allow_names(text, ("name",)))]

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

"""A form of rows as data: tables of enterprises or persons, a row each."""

from collections.abc import Collection
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from bot.rules.base import Rule, even, texts
from bot.rules.forms import FormRule, Labelled


class RowColumn(Labelled):
    """A column of every table. ``required``: its heading must be there, and something in every row."""

    holds: Literal["text", "count", "phone", "email", "unit"] = "text"
    required: bool = False


class TableRule(Labelled):
    """One table. ``title`` stands above it on paper."""

    title: str

    @cached_property
    def words(self) -> frozenset[str]:
        """Every text that means the table, its title included."""
        return texts(self.title, (self.label, *self.synonyms))


class Shrinking(Rule):
    """A table that had at least ``rows`` rows, and of whose names less than the part ``share`` comes again, is asked
    about: is this the whole list, or what is new?"""

    share: float = Field(gt=0, le=1)
    rows: int = Field(ge=1)


class RowsRule(FormRule):
    """One file rules/<form>.toml with ``kind = "rows"``. Its ``groups`` are the tables, told apart by the words above
    them; its one ``columns`` is how many rows each has, which is what letters, digests and rates count.

    ``row`` are the columns on paper, behind one for the number of the row, which is called ``numbering``. ``identity``
    is the one by which two rows are the same thing. ``base_of`` names the form whose registered base the tables give,
    group by group. ``flag`` is a word in the column ``flag_in`` that letters count (规模以上且属高危). ``appoints``:
    the list names the unit's one liaison. ``asks_whole``: when a list is asked about, whether it is the whole one.
    """

    groups: tuple[TableRule, ...]
    row: tuple[RowColumn, ...] = Field(min_length=2)
    numbering: str
    identity: str = "name"
    base_of: str = ""
    flag: str = ""
    flag_in: str = ""
    appoints: bool = False
    asks_whole: Shrinking | None = None

    def is_named_in(self, text: str) -> bool:
        """Whether an evened text on the paper says that this form is meant: its title or a keyword, or that of a
        table of it."""
        return any(word in text for word in self._naming)

    @cached_property
    def _naming(self) -> frozenset[str]:
        return self._spoken | texts("", tuple(group.title for group in self.groups)) - {""}

    @cached_property
    def columns_called(self) -> dict[str, set[str]]:
        """A heading -> the columns that it may stand for."""
        called: dict[str, set[str]] = {}
        for column in self.row:
            for word in column.words:
                called.setdefault(word, set()).add(column.id)
        return called

    def called(self, heading: str) -> Collection[str]:
        """The columns that a heading may stand for, by id."""
        return self.columns_called.get(heading, ())

    def rank(self, column: str, heading: str) -> int:
        """Which of a column's names a heading is: 0 for the label, then the synonyms in their order."""
        return self._ranks[column].index(heading)

    @cached_property
    def _ranks(self) -> dict[str, list[str]]:
        return {column.id: [even(name) for name in (column.label, *column.synonyms)] for column in self.row}

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        ids = [column.id for column in self.row]
        if len(ids) != len(set(ids)):
            raise ValueError("row: an id stands twice")
        for key in ("identity", "flag_in"):
            if getattr(self, key) and getattr(self, key) not in ids:
                raise ValueError(f"{key}: no such column {getattr(self, key)!r} in row")
        if len(self.columns) != 1:
            raise ValueError("columns: a form of rows has one, for the number of rows")
        return self

    def cell(self, id_: str) -> RowColumn:
        """The column of that id."""
        return next(column for column in self.row if column.id == id_)

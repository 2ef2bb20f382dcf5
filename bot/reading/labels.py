"""Which of several sets of numbers is the form's: decided by their labels alone, and not where no label decides.

A form has one set: one row, one column, one table on one sheet. People leave last month's beside it, or new ones
beside cumulative ones, or a row for each village. That a stated sum agrees decides nothing: the wrong numbers have
such sums too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.model.forms import Count
from bot.reading.written import month, spans_months
from bot.rules.base import even
from bot.rules.words import LineWords

Part = tuple[str, str]  # group, column


@dataclass(frozen=True)
class Line:
    """One set of numbers that a form could have, and the labels that tell it from the others, as they are written.
    ``is_values``: it is labelled as the form's own. ``rows`` are the rows of the groups, ``shift`` which of the columns
    under each heading it uses; both in the view in which it was found."""

    labels: tuple[str, ...]
    counts: Mapping[Part, Count]
    is_values: bool = False
    rows: Mapping[str, int] | None = None
    shift: int = 0

    @cached_property
    def name(self) -> str:
        """Its labels as one."""
        return " ".join(self.labels)

    @cached_property
    def is_hidden(self) -> bool:
        """Whether nobody sees any of its numbers."""
        filled = [count for count in self.counts.values() if count.doubt != "blank"]
        return bool(filled) and all(count.mark == "hidden" for count in filled)

    @property
    def is_faint(self) -> bool:
        """Whether there are numbers that nobody sees, and besides them none but 0."""
        counts = self.counts.values()
        return any(c.mark == "hidden" for c in counts) and all(c.mark == "hidden" or not c.value for c in counts)

    def value(self, part: Part) -> int | None:
        """The number for a cell of the form, if there is a certain one."""
        count = self.counts.get(part)
        return count.value if count else None


@dataclass(frozen=True)
class About:
    """What a form says of itself: its month, as far as it is written, its unit, and whether it is cumulative."""

    words: LineWords
    cumulative: bool = False
    year: int | None = None
    month: int | None = None
    unit: str = ""


@dataclass(frozen=True)
class Choice:
    """The set that is taken, and those that it could be as well; ``contradicted``: its own label says that it is
    another one; ``parts``: each is called as a part of the unit, and none as its own."""

    line: Line
    rivals: tuple[Line, ...] = ()
    contradicted: bool = False
    parts: bool = False


@dataclass(frozen=True)
class _Said:
    """What the labels of one set say."""

    line: Line
    kinds: frozenset[str]
    other_month: bool
    this_month: bool

    def says(self, *kinds: str) -> bool:
        return not self.kinds.isdisjoint(kinds)


def choose(lines: Sequence[Line], about: About) -> Choice:
    """The form's set of numbers among several; there is at least one."""
    said = [_said(line, about) for line in lines]
    left = [s for s in said if not (s.other_month or s.says("before", "apart"))]
    if not left:
        alone = len(said) == 1 and not said[0].other_month and not said[0].says("before")
        best = _best(lines)
        return Choice(best, tuple(line for line in lines if line is not best), contradicted=not alone)
    left = _whole(_named(_of_its_kind(left, about), about))
    best = _best([s.line for s in sorted(left, key=lambda s: not s.says("whole"))])
    rivals = tuple(s.line for s in left if s.line is not best)
    return Choice(best, rivals, _is_fresh_alone(left, about), _are_parts(left))


def _best(lines: Sequence[Line]) -> Line:
    """The likeliest: what is seen before what is hidden, what is labelled as the form's before what is not."""
    return min(lines, key=lambda line: (line.is_faint, not line.is_values))


def _said(line: Line, about: About) -> _Said:
    text = even(line.name)
    kinds = {
        kind for kind in ("this", "before", "cumulative", "fresh", "apart", "whole") if about.words.say(kind, text)
    }
    if spans_months(line.name):
        kinds.add("cumulative")
    if any(about.words.is_part(label) and even(label) != even(about.unit) for label in line.labels):
        kinds.add("part")
    elif any(_is_unit(label, about.unit) for label in line.labels):
        kinds.add("whole")
    year, number = month(line.name) if line.name else (None, None)
    if line.name.strip().isdecimal():
        year = number = None  # 6 is a number, and not June
    wrong_year = None not in (year, about.year) and year != about.year
    wrong_month = None not in (number, about.month) and number != about.month
    this = number is not None and number == about.month and not wrong_year
    return _Said(line, frozenset(kinds), wrong_year or wrong_month, this)


def _is_unit(label: str, unit: str) -> bool:
    named, own = even(label), even(unit)
    return len(named) > 1 and len(own) > 1 and (named.startswith(own) or own.startswith(named) or own.endswith(named))


def _of_its_kind(left: list[_Said], about: About) -> list[_Said]:
    """In a cumulative form what is called cumulative goes before what is called new, or by the month alone; in another
    form it is the other way round."""
    if about.cumulative:
        if any(s.says("cumulative") for s in left):
            left = [s for s in left if s.says("cumulative") or not (s.says("fresh", "this") or s.this_month)]
        fresh = [s for s in left if s.says("fresh") and not s.says("cumulative")]
        return left if len(fresh) == len(left) else [s for s in left if s not in fresh]
    monthly = [s for s in left if not s.says("cumulative")]
    return monthly or left


def _named(left: list[_Said], about: About) -> list[_Said]:
    """The one that is named as the form's goes before what has no name, or only that of any numbers."""
    named = [s for s in left if s.says("cumulative") or (not about.cumulative and (s.says("this") or s.this_month))]
    nameless = all(s in named or not s.line.labels or s.line.is_values for s in left)
    return named if len(named) == 1 and nameless else left


def _whole(left: list[_Said]) -> list[_Said]:
    """The row of the whole unit goes before those of its parts, if it is their sum in every cell."""
    wholes = [s for s in left if s.says("whole")]
    parts = [s.line for s in left if not s.says("whole")]
    if len(wholes) != 1 or not parts:
        return left
    whole = wholes[0].line
    cells: Collection[Part] = {part for line in (whole, *parts) for part in line.counts}
    adds_up = all((whole.value(cell) or 0) == sum(line.value(cell) or 0 for line in parts) for cell in cells)
    return wholes if adds_up else left


def _are_parts(left: list[_Said]) -> bool:
    """Whether several rows each have a name of their own that says nothing of the form's numbers, or each set that of a
    part: villages."""
    if len(left) < 2 or len({s.line.name for s in left}) < len(left):
        return False
    rows = (s.says("part") or (s.line.name and s.line.rows and not s.line.shift) for s in left)
    return all(rows) and not any(s.kinds - {"part"} or s.line.is_values or s.line.is_hidden for s in left)


def _is_fresh_alone(left: list[_Said], about: About) -> bool:
    """New numbers alone, in a form of cumulative ones."""
    return about.cumulative and all(s.says("fresh") and not s.says("cumulative") for s in left)

"""Which form a table is, when the words of several match it: the one that explains it best, and no other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bot.model.forms import Form, Grid
from bot.reading.matrix import forms_in, sides_in
from bot.reading.rivals import Side, one_of_each
from bot.reading.view import names_of
from bot.rules.base import even
from bot.rules.forms import FormRule
from bot.rules.words import Words


@dataclass(frozen=True)
class _Match:
    """A form that was found, the places of its numbers, and how well it fits: the larger, the better."""

    side: Side
    rule: FormRule
    places: frozenset[str]
    fit: tuple[float, int, bool]


def forms_on(grid: Grid, rules: Mapping[str, FormRule], words: Words) -> tuple[Form, ...]:
    """Every form on one sheet, in the order of the rules and then of the sheet.

    Of two different forms that claim the same number, the better match stays: whose cells were found more
    completely, then the larger one, then the one whose title stands on the sheet.
    """
    by_rule = [(rule, sides) for rule in rules.values() if (sides := sides_in(grid, rule, words))]
    if len(by_rule) < 2:
        return tuple(form for rule, sides in by_rule for form in one_of_each(sides, rule, words))
    # In a Word file each table begins anew with its first cell: there, addresses tell two of them apart.
    sheet = replace(grid, tables=None)
    found = [
        _match(side, twin, grid, rule)
        for rule, sides in by_rule
        for side, twin in zip(sides, forms_in(sheet, rule, words), strict=True)
    ]
    taken: list[_Match] = []
    for match in sorted(found, key=lambda match: match.fit, reverse=True):
        if not any(match.places & other.places and match.rule.id != other.rule.id for other in taken):
            taken.append(match)
    left = [(rule, [match.side for match in found if match in taken and match.rule is rule]) for rule, _ in by_rule]
    return tuple(form for rule, sides in left for form in one_of_each(sides, rule, words))


def _match(side: Side, twin: Form, grid: Grid, rule: FormRule) -> _Match:
    places = frozenset(count.place for row in twin.counts.values() for count in row.values())
    cells = sum(map(len, side.form.counts.values()))
    share = cells / (len(rule.groups) * len(rule.columns))
    return _Match(side, rule, places, (share, cells, _titled(grid, even(rule.title))))


def _titled(grid: Grid, title: str) -> bool:
    texts: Iterable[str] = (cell for row in grid.rows for cell in row if isinstance(cell, str))
    return any(title in name for text in texts for name in names_of(text))

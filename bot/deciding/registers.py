"""Versions of a form of rows: what came, went, or says something else now; a list that loses most of its rows, and one
that is joined to what is in force. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.deciding.placing import Placed
from bot.deciding.rowchecks import numbers_of_rows, same_thing
from bot.model.deciding import Accepted, Content, Shrunk
from bot.rules.rows import RowsRule


@dataclass(frozen=True, slots=True)
class RowChange:
    """One thing that changed. ``what`` is came, went, or changed; ``columns`` the labels of what differs."""

    what: str
    table: str
    name: str
    columns: tuple[str, ...] = ()


def row_changes(before: Content, after: Content, rule: RowsRule) -> list[RowChange]:
    """Each thing that differs, the newcomers first. Moving to another table is a change like any other; the order of
    rows is none."""
    old = {same_thing(row[rule.identity]): row for row in before if row[rule.identity]}
    new = {same_thing(row[rule.identity]): row for row in after if row[rule.identity]}
    found = [RowChange("came", row["table"], row[rule.identity]) for key, row in new.items() if key not in old]
    found += [RowChange("went", row["table"], row[rule.identity]) for key, row in old.items() if key not in new]
    labels = {"table": rule.headings.groups, **{c.id: c.label for c in rule.row}}
    for key, row in new.items():
        differs = tuple(labels[c] for c in labels if key in old and _says(old[key].get(c)) != _says(row.get(c)))
        if differs:
            found.append(RowChange("changed", row["table"], row[rule.identity], differs))
    return found


def shrinks(placed: Placed, current: Accepted | None, registered: Mapping[str, int] | None) -> Shrunk | None:
    """A list that loses most of what is in force: of the version before, or of the numbers that were registered without
    a list. None where it does not, or where its form is not asked about."""
    rule = placed.rule
    if not isinstance(rule, RowsRule) or rule.asks_whole is None:
        return None
    asks, named = rule.asks_whole, {same_thing(row[rule.identity]) for row in placed.content if row[rule.identity]}
    for group in rule.groups:
        if current is not None:
            old = _names(current.content, rule, group.id)
            had, kept = len(old), len(old & named)
        else:
            had = (registered or {}).get(group.id, 0)
            kept = len(_names(placed.content, rule, group.id))
        if had >= asks.rows and kept < asks.share * had:
            whole = sum((registered or {}).get(g.id, 0) for g in rule.groups)
            before = sum(len(_names(current.content, rule, g.id)) for g in rule.groups) if current else whole
            return Shrunk(before, len(named))
    return None


def _names(content: Content, rule: RowsRule, table: str) -> set[str]:
    return {same_thing(row[rule.identity]) for row in content if row["table"] == table and row[rule.identity]}


def joined(placed: Placed, current: Accepted | None, registered: Mapping[str, int] | None) -> Placed:
    """The list with what is in force already: its own rows first; numbers without a list are added to."""
    rule = placed.rule
    if not isinstance(rule, RowsRule):
        return placed
    if current is None:
        column = rule.columns[0].id
        numbers = {g: {column: n[column] + (registered or {}).get(g, 0)} for g, n in placed.numbers.items()}
        return replace(placed, numbers=numbers)
    own = {same_thing(row[rule.identity]) for row in placed.content if row[rule.identity]}
    kept = [row for row in current.content if same_thing(row[rule.identity] or "") not in own]
    content = [*kept, *placed.content]
    return replace(placed, content=content, numbers=numbers_of_rows(content, rule))


def _says(value: object) -> str:
    return "" if value is None else same_thing(str(value))

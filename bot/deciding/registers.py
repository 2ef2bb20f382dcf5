"""What changed between two versions of a form of rows: which things came, went, or say something else now. Pure."""

from dataclasses import dataclass

from bot.deciding.rowchecks import same_thing
from bot.model.deciding import Content
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


def _says(value: object) -> str:
    return "" if value is None else same_thing(str(value))

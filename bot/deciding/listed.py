"""A list of liaisons -> the person that it names for a unit. Pure."""

from collections.abc import Collection

from bot.model.commands import Arguments
from bot.model.deciding import Content
from bot.model.forms import Document, Form, RowRead, Written
from bot.model.people import Liaison
from bot.rules.policy import Rules


def listed(content: Content, unit: str, sender: str) -> Liaison | None:
    """The one person on the list; without an address there, the one that it was sent from. None if it names nobody
    or several."""
    named = [row for row in content if row["name"]]
    if len(named) != 1:
        return None
    (row,) = named
    return Liaison(unit, row["name"], row["mobile"], (row["email"] or sender).lower())


def is_known(content: Content, unit: str, sender: str, liaisons: Collection[Liaison]) -> bool:
    """Whether the list says who is the unit's liaison already."""
    person = listed(content, unit, sender)
    return person is not None and person in liaisons


def successor(named: Arguments, unit: str, rules: Rules) -> Document:
    """A hand-over in words as the list that it stands for."""
    said = {"unit": unit, "name": named.name or "", "mobile": named.mobile or "", "email": named.email or ""}
    rule = rules.roster
    cells = {column.id: Written(said.get(column.id, ""), "") for column in rule.row}
    row = RowRead(rule.groups[0].id, cells, "")
    form = Form(rule.id, "", {"unit": Written(unit, "")}, {}, rows=(row,), origin="hand_over")
    return Document(rules.words.body_name, "body", (form,))

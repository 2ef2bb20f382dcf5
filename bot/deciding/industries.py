"""The base of a department out of the registers of the towns, by the industries that are its own. Pure."""

from collections.abc import Mapping

from bot.deciding.county import units_of
from bot.model.deciding import ONCE, Content
from bot.rules.base import even
from bot.rules.policy import Rules

INDUSTRY = "industry"  # the column of a register: 所属行业


def bases_by_industry(
    form: str, rules: Rules, registers: Mapping[str, Mapping[str, Content]]
) -> dict[str, dict[str, int]]:
    """unit -> category -> how many enterprises of its industries are registered, for the units of ``industries`` in
    rules/targets.toml. ``registers`` is register -> unit -> its rows. Nothing for anybody until every unit that owes
    a register has sent it: a part of a base would make a rate that is too good."""
    of_form = [rule for rule in rules.registers.values() if rule.base_of == form]
    complete = all(
        unit in registers.get(rule.id, {}) for rule in of_form for unit in units_of(rule, rules, rule.owed.by, ONCE)
    )
    if not of_form or not complete:
        return {}
    whose = {even(word): unit for unit, words in rules.targets.industries.items() for word in words}
    none = {group.id: 0 for rule in of_form for group in rule.groups}
    found = {unit: dict(none) for unit in whose.values()}
    for rule in of_form:
        for content in registers[rule.id].values():
            for row in content:
                unit = whose.get(even(str(row.get(INDUSTRY) or "")))
                if unit is not None:
                    found[unit][row["table"]] += 1
    return found

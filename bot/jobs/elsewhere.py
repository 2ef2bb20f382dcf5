"""Where else the things of a register are registered: in the unit's other register, or in another unit's."""

from sqlalchemy import Connection

from bot.deciding.rowchecks import Elsewhere, same_thing
from bot.jobs.parts import Bot
from bot.model.deciding import ONCE
from bot.record import versions
from bot.rules.rows import RowsRule


def elsewhere(
    bot: Bot, conn: Connection, rule: RowsRule, unit: str, before: int | None = None
) -> dict[str, list[Elsewhere]]:
    """Name, evened -> where it stands besides in this form of this unit, of the registers that give the same base;
    ``before`` as in ``versions.accepted``."""
    found: dict[str, list[Elsewhere]] = {}
    if not rule.base_of:
        return found
    for other in bot.rules.registers.values():
        if other.base_of != rule.base_of:
            continue
        for owner, row in versions.in_force(conn, other.id, ONCE, before).items():
            if owner == unit and other.id == rule.id:
                continue
            where = Elsewhere("forms", other.name) if owner == unit else Elsewhere("units", owner)
            for name in {same_thing(item[other.identity]) for item in row.content}:
                found.setdefault(name, []).append(where)
    return found

"""What each unit has registered, against which its numbers are held. Reads the record."""

from collections.abc import Mapping

from sqlalchemy import Connection

from bot.deciding.industries import bases_by_industry
from bot.jobs.parts import Bot
from bot.model.deciding import ONCE
from bot.record import people, versions


def bases(bot: Bot, conn: Connection, form: str) -> dict[str, Mapping[str, int]]:
    """unit -> category -> what is registered: by itself or by the office, else by the industries that are its own."""
    own = people.bases(conn, form)
    return {**_by_industry(bot, conn, form), **own}


def base_of(bot: Bot, conn: Connection, form: str, unit: str) -> Mapping[str, int] | None:
    """The same of one unit; None where nothing is registered."""
    own = people.bases_of(conn, form, unit)
    return own or (_by_industry(bot, conn, form).get(unit) if unit in bot.rules.targets.industries else None)


def _by_industry(bot: Bot, conn: Connection, form: str) -> dict[str, dict[str, int]]:
    if not bot.rules.targets.industries:
        return {}
    registers = {
        id_: {unit: row.content for unit, row in versions.in_force(conn, id_, ONCE).items()}
        for id_, rule in bot.rules.registers.items()
        if rule.base_of == form
    }
    return bases_by_industry(form, bot.rules, registers)

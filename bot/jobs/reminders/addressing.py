"""Whom a due stage is written to, as one letter for each address; and the key that makes that letter once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.escalation import lead_of
from bot.deciding.notices import reachable
from bot.jobs.parts import Bot
from bot.jobs.standing import Owing, people_by_unit
from bot.model.deciding import Obligation
from bot.model.people import Liaison
from bot.record import people
from bot.rules.reminders import Recipient, Stage

# The first word of a letter's key: by it the letters to a unit and those about it are told apart.
KINDS: dict[Recipient, str] = {"unit": "reminder", "lead": "escalation"}


@dataclass(frozen=True, slots=True)
class Reminder:
    """One obligation with the stage that is due for it."""

    owing: Owing
    stage: Stage

    @property
    def obligation(self) -> Obligation:
        """What the letter is about."""
        return self.owing.obligation


def recipient_of(key: str) -> Recipient:
    """To whom the letter of a key was written: to the unit, or about it to the lead of a group."""
    return "lead" if key.startswith(f"{KINDS['lead']}:") else "unit"


def addressed(
    bot: Bot, conn: Connection, due: list[Reminder], now: datetime, only: str | None = None
) -> Iterator[tuple[str, Liaison, list[Reminder]]]:
    """Key, person and what to write of: once for each address that works. All of ``due`` has one recipient. With
    ``only``, a second letter to that address alone, for what is left of a first one."""
    dead = people.dead(conn)
    by_unit = people_by_unit(conn, bot, now)
    found: dict[str, tuple[Liaison, list[Reminder]]] = {}
    for item in due:
        addressee = item.obligation.unit if item.stage.to == "unit" else lead_of(item.obligation.unit, bot.rules.units)
        for person in reachable(addressee or "", by_unit, dead):
            if only in (None, person.email):
                found.setdefault(person.email, (person, []))[1].append(item)
    keys = {_key(bot, items) for _, items in found.values()} if only else set()
    for person, items in found.values():
        key = _key(bot, items)
        if key in keys:  # a second liaison of the same units, or a second letter
            key = f"{key}:{person.email}"
        keys.add(key)
        yield key, person, items


def latest(bot: Bot, items: list[Reminder]) -> Stage:
    """The last of their stages on the ladder: its letter speaks for all of them."""
    rank = [s.id for s in bot.rules.reminders.stages]
    return max(items, key=lambda r: rank.index(r.stage.id)).stage


def _key(bot: Bot, items: list[Reminder]) -> str:
    """reminder:wutu:annex4:2017-06:after-1; units of one person are joined by +, different stages by a comma. A
    unit with a deadline of its own has 2017-06@2017-07-12."""
    parts: dict[tuple[str, str, str], list[str]] = {}
    for r in items:
        unit = bot.rules.units.by_name[r.obligation.unit].id
        parts.setdefault((r.obligation.form, bot.term(r.obligation), r.stage.id), []).append(unit)
    kind = KINDS[items[0].stage.to]
    return f"{kind}:" + ",".join(":".join(("+".join(units), *rest)) for rest, units in parts.items())

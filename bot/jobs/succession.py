"""Who becomes a unit's liaison, and who no longer is one, hears of it: a welcome with what a liaison has to know, and a
thank you.

Whoever stays the same person gets nothing but, for a new address, the welcome there.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.guiding import guide
from bot.deciding.listed import listed
from bot.jobs.enqueuing import enqueue
from bot.jobs.parts import Bot
from bot.model.deciding import LetterDraft, Ruling
from bot.model.people import Liaison
from bot.record import people
from bot.rules.rows import RowsRule

WELCOME, THANKS = "welcome", "thanks"  # the letters


def tell_change(
    bot: Bot, conn: Connection, unit: str, before: Sequence[Liaison], after: Sequence[Liaison], mark: str, now: datetime
) -> None:
    """Queues the letters after a change. ``mark`` makes their keys new."""
    dead = people.dead(conn)
    for letter, person in [
        *((WELCOME, p) for p in coming(before, after)),
        *((THANKS, p) for p in going(before, after)),
    ]:
        if person.email in dead:
            continue
        draft = LetterDraft(
            key=f"{letter}:{unit}:{mark}:{person.email}",
            letter=letter,
            to=person.email,
            context={
                "person": person.name,
                "units": [unit],
                "mobile": person.mobile,
                "email": person.email,
                "successors": [{"name": p.name, "mobile": p.mobile} for p in after if p.name],
                "guide": guide(bot.rules),
            },
        )
        enqueue(bot, conn, draft, now)


def leaving(bot: Bot, conn: Connection, rulings: Sequence[Ruling], sender: str, now: datetime) -> set[str]:
    """The addresses of those who cease to be liaisons by the lists among these."""
    found: set[str] = set()
    today = now.astimezone(bot.zone).date()
    for ruling in rulings:
        rule, unit = bot.rules.forms[ruling.judged.form.form], ruling.judged.unit
        named = isinstance(rule, RowsRule) and rule.appoints and ruling.outcome == "accepted"
        person = listed(ruling.judged.content, unit, sender) if named and unit else None
        if person:
            found |= {p.email for p in going(people.liaisons_of(conn, person.unit, today), [person])}
    return found


def coming(before: Sequence[Liaison], after: Sequence[Liaison]) -> Iterator[Liaison]:
    """Who is written to at an address that was not the unit's before."""
    known = {person.email for person in before}
    yield from (person for person in after if person.email and person.email not in known)


def going(before: Sequence[Liaison], after: Sequence[Liaison]) -> Iterator[Liaison]:
    """Who is no liaison of the unit any more, by name and by address."""
    names, addresses = {person.name for person in after}, {person.email for person in after}
    for person in before:
        if person.email and person.email not in addresses and not (person.name and person.name in names):
            yield person

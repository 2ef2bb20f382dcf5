"""What units hear of an order that concerns them: more time, no report, the end of either, a report taken back.

One letter a person, in the transaction of the order; nothing to a unit that has no address.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.deciding.formwords import form_words
from bot.deciding.views import shown_period, table
from bot.jobs.enqueuing import enqueue
from bot.jobs.orders.errands import Errand
from bot.model.deciding import Accepted, LetterDraft, Obligation
from bot.model.people import Liaison
from bot.record import people

LETTER = "decided"
What = Literal["extended", "exempt", "ended", "withdrawn", "restored"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What the office has decided about one report that a unit owes, or owed. ``deadline`` is the one that holds now;
    ``current`` the version in force by now, if there is one; ``version`` the one that was taken back or put back."""

    what: What
    unit: str
    form: str
    period: str
    deadline: datetime
    reason: str = ""
    current: Accepted | None = None
    version: int = 0


def reachable(e: Errand, unit: str) -> list[Liaison]:
    """The unit's liaisons of today to whom a letter can go."""
    dead = people.dead(e.conn)
    present = people.liaisons_of(e.conn, unit, e.now.astimezone(e.bot.zone).date())
    return [person for person in present if person.email and person.email not in dead]


def tell(e: Errand, decided: Decided) -> int:
    """Queues the letters; how many there are."""
    rules = e.bot.rules
    rule, current = rules.forms[decided.form], decided.current
    about = Obligation(decided.unit, decided.form, decided.period, decided.deadline)
    told = 0
    for person in reachable(e, decided.unit):
        context: dict[str, Any] = {
            "person": person.name,
            "units": [decided.unit],
            "what": decided.what,
            "form_name": rule.name,
            "form_title": rule.title,
            "words": form_words(rule.id, rules),
            "period": shown_period(decided.period),
            "deadline": decided.deadline,
            "reason": decided.reason,
            "version": decided.version,
            "current": current.version if current else 0,
            "table": table(current.numbers, rule) if current else None,
        }
        key = f"{LETTER}:{decided.what}:{e.given.mail_id or e.now.isoformat()}:{decided.unit}:{decided.form}"
        draft = LetterDraft(
            key=f"{key}:{decided.period}:{person.email}",
            letter=LETTER,
            to=person.email,
            context=context,
            obligations=(about,),
        )
        told += enqueue(e.bot, e.conn, draft, e.now) is not None
    return told

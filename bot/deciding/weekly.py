"""What the digest says beside the numbers of the county: whom to call, and what liaisons have explained. Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Any, Protocol

from bot.deciding.deadlines import late_days
from bot.deciding.notices import People, contact
from bot.deciding.standing import Standing

# Who has not corrected a report by then has not read the letter, or not understood it: another one would not help.
LONG_RETURNED = 3  # days of the calendar, as the days that somebody is late are counted


class Reason(Protocol):
    """A row of ``explanations.given_between``."""

    @property
    def unit(self) -> str:
        """The unit whose report was explained."""

    @property
    def period(self) -> str:
        """The month of that report."""

    @property
    def message(self) -> str:
        """What was asked about."""

    @property
    def reason(self) -> str:
        """What the liaison said."""

    @property
    def said_at(self) -> datetime:
        """When it was said."""


def calls(
    lines: Sequence[Standing], people: People, dead: Collection[str], now: datetime, zone: tzinfo
) -> list[dict[str, Any]]:
    """Who must be called, because a letter does not help: overdue, returned and not corrected for long, or not to be
    reached at a registered address. A line a unit, in the order of rules/units.toml, with all that is the matter."""
    found = []
    for line in lines:
        addresses = [p.email for p in people.get(line.unit.name, ()) if p.email]
        gone = [address for address in addresses if address in dead]
        overdue = line.late_by_days if line.state == "missing" else 0
        returned = line.received_at if line.state == "returned" else None
        days = late_days(now, returned, zone) if returned is not None else 0
        if days < LONG_RETURNED and not gone:
            returned = None
        if overdue or returned is not None or gone:
            item = {"unit": line.unit.name, **contact(line.unit.name, people), "days": overdue}
            item |= {"returned": returned, "returned_days": days}
            found.append({**item, "dead": gone, "no_address": not addresses})
    return found


def reasons(rows: Sequence[Reason]) -> list[dict[str, Any]]:
    """What liaisons have said, each sentence once, with everything that it was said about."""
    together = groupby(rows, key=lambda row: (row.unit, row.period, row.reason, row.said_at))
    return [
        {"unit": unit, "period": period, "said": said, "asked": [row.message for row in of_one]}
        for (unit, period, said, _), of_one in together
    ]

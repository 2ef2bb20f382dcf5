"""The office's word on a report that waited: whose it is, of which month, and that it counts. Pure."""

from dataclasses import dataclass, replace

from bot.deciding.judging import Past
from bot.deciding.placing import Placed
from bot.deciding.whichperiod import WhichPeriod
from bot.deciding.whose import Whose


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the office decided about one form of a mail, which is known by its kind, its document and its place
    there. ``unit`` and ``period`` are whose and of which month it is; None leaves what the form says. ``by_sender``:
    its own sender has said so, who decides nothing that is the office's to decide. ``joined``: it is a
    list of what is new, and is added to what is in force."""

    form: str
    document: str
    place: str
    unit: str | None = None
    period: str | None = None
    by_sender: bool = False
    joined: bool = False

    def means(self, placed: Placed) -> bool:
        """Whether this is the form that was decided about."""
        return (placed.form.form, placed.document, placed.form.place) == (self.form, self.document, self.place)


def trust(placed: Placed, trusted: Trusted) -> Placed:
    """The form as the office wants it taken: nothing about its sender, its month or its picture is in doubt."""
    unit = trusted.unit or placed.whose.unit
    whose = Whose(unit, placed.whose.finding if unit is None else None, "", placed.whose.sender)
    when = WhichPeriod(trusted.period, placed.when.open) if trusted.period else placed.when
    return replace(placed, form=replace(placed.form, confidence="exact"), whose=whose, when=when)


def without_objection(past: Past) -> Past:
    """The history without what would make the report wait once more: a newer one, or a month that was announced."""
    current = past.current and replace(past.current, received_at=past.current.first_received_at)
    return replace(past, current=current, locked=False)

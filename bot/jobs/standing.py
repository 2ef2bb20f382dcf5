"""Reads the record for one form and period, and says where each unit stands."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.deadlines import owed_periods
from bot.deciding.standing import OWING, Standing, Uncounted, standings
from bot.jobs.dispensing import let_off
from bot.jobs.parts import Bot
from bot.model.deciding import Accepted, Obligation
from bot.model.people import Liaison
from bot.record import people, reports
from bot.rules.rows import RowsRule


def lines(bot: Bot, conn: Connection, form: str, period: str, now: datetime) -> tuple[Standing, ...]:
    """One line for each unit that owes the form, in the order of rules/units.toml.

    A report that waits speaks for the unit that it names and for its sender's own: one of them sent it.
    """
    rule = bot.rules.forms[form]
    accepted = {u: reports.as_accepted(row) for u, row in reports.in_force(conn, form, period).items()}
    if isinstance(rule, RowsRule) and rule.appoints:
        accepted = {**_appointed(bot, conn, form, period, now), **accepted}
    uncounted = [
        Uncounted(unit, r.outcome, r.why, r.received_at)
        for r in reports.not_counted(conn, form, period)
        for unit in dict.fromkeys((r.unit, r.sender_unit))
        if unit == r.unit or r.outcome == "waiting"
    ]
    due = bot.deadline(form, period)
    off = let_off(bot, conn, form, period)
    return standings(rule, bot.rules.units.units, accepted, uncounted, due, now, bot.zone, off)


def _appointed(bot: Bot, conn: Connection, form: str, period: str, now: datetime) -> dict[str, Accepted]:
    """A unit whose liaison the office has entered by itself owes no list."""
    due = bot.deadline(form, period)
    numbers = {bot.rules.roster.groups[0].id: {bot.rules.roster.columns[0].id: 1}}
    return {unit: Accepted(0, unit, form, period, 0, numbers, due, due) for unit in people_by_unit(conn, bot, now)}


@dataclass(frozen=True, slots=True)
class Owing:
    """An obligation that is open: nothing accepted, nothing waiting for a person."""

    obligation: Obligation
    line: Standing


def owing(bot: Bot, conn: Connection, now: datetime) -> list[Owing]:
    """Everything that is owed by now and not yet settled, form by form, month by month."""
    found = []
    for form, rule in bot.rules.forms.items():
        for period in owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone):
            due = bot.deadline(form, period)
            off = let_off(bot, conn, form, period)
            for line in lines(bot, conn, form, period, now):
                if line.state in OWING:
                    own = off.get(line.unit.name) or due
                    found.append(Owing(Obligation(line.unit.name, form, period, own), line))
    return found


def still_owed(bot: Bot, conn: Connection, obligations: tuple[Obligation, ...], now: datetime) -> list[Obligation]:
    """Those of the obligations that are open at this moment, with the deadline that a letter about them names."""
    kept = []
    for form, period in dict.fromkeys((o.form, o.period) for o in obligations):
        open_units = {line.unit.name for line in lines(bot, conn, form, period, now) if line.state in OWING}
        off, due = let_off(bot, conn, form, period), bot.deadline(form, period)
        for o in obligations:
            if (o.form, o.period) == (form, period) and o.unit in open_units and o.deadline == (off.get(o.unit) or due):
                kept.append(o)
    return kept


def carried_on(bot: Bot, conn: Connection, form: str, unit: str, period: str) -> Accepted | None:
    """The last report before a period, whose numbers its workbook starts from; None where numbers begin anew each
    month: last month's would only be sent once more."""
    return reports.accepted_before(conn, form, unit, period) if bot.rules.forms[form].cumulative else None


def people_by_unit(conn: Connection, bot: Bot, now: datetime) -> dict[str, list[Liaison]]:
    """unit -> its liaisons today."""
    found: dict[str, list[Liaison]] = {}
    for person in people.liaisons(conn, now.astimezone(bot.zone).date()):
        found.setdefault(person.unit, []).append(person)
    return found

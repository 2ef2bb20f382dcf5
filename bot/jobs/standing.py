"""Reads the record for one form and period, and says where each unit stands."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.deadlines import owed_periods
from bot.deciding.standing import OWING, Standing, Uncounted, standings
from bot.jobs.dispensing import let_off, let_off_between
from bot.jobs.parts import Bot
from bot.model.deciding import Accepted, Obligation
from bot.model.people import Liaison
from bot.record import people, reports, versions
from bot.rules.rows import RowsRule


def lines(bot: Bot, conn: Connection, form: str, period: str, now: datetime) -> tuple[Standing, ...]:
    """One line for each unit that owes the form, in the order of rules/units.toml.

    A report that waits speaks for the unit that it names and for its sender's own: one of them sent it.
    """
    rule = bot.rules.forms[form]
    accepted = {u: versions.as_accepted(row) for u, row in versions.in_force(conn, form, period).items()}
    if isinstance(rule, RowsRule) and rule.appoints:
        accepted = {**_appointed(bot, conn, form, period, now), **accepted}
    uncounted = _uncounted(reports.not_counted(conn, form, period, period))
    due = bot.deadline(form, period)
    off = let_off(bot, conn, form, period)
    return standings(rule, rule.owing(bot.rules.units.units, period), accepted, uncounted, due, now, bot.zone, off)


def lines_between(
    bot: Bot, conn: Connection, form: str, periods: Sequence[str], now: datetime
) -> list[tuple[Standing, ...]]:
    """The same for each of some months that ascend, of a form of numbers. As many statements for many as for few."""
    if not periods:
        return []
    rule, first, last = bot.rules.forms[form], periods[0], periods[-1]
    accepted = versions.in_force_between(conn, form, first, last)
    uncounted = _by_period(reports.not_counted(conn, form, first, last))
    off = let_off_between(bot, conn, form, first, last)
    return [
        standings(
            rule,
            rule.owing(bot.rules.units.units, period),
            {unit: versions.as_accepted(row) for unit, row in accepted.get(period, {}).items()},
            _uncounted(uncounted.get(period, ())),
            bot.deadline(form, period),
            now,
            bot.zone,
            off.get(period, {}),
        )
        for period in periods
    ]


def _by_period(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.about, []).append(row)
    return found


def _uncounted(rows: Iterable[Row[Any]]) -> list[Uncounted]:
    return [
        Uncounted(unit, r.outcome, r.why, r.received_at)
        for r in rows
        for unit in dict.fromkeys((r.unit, r.sender_unit))
        if unit == r.unit or r.outcome == "waiting"
    ]


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
    return [
        item
        for form, rule in bot.rules.forms.items()
        for item in _open(
            bot, conn, form, owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone), now
        )
    ]


def owing_among(bot: Bot, conn: Connection, obligations: Iterable[Obligation], now: datetime) -> list[Owing]:
    """What is open of these at this moment, with the deadline that a letter about it names. Looks at no other unit:
    it is asked before each letter. Of a form that is no more nothing is."""
    bot = bot.knowing(conn)
    wanted = [o for o in obligations if o.form in bot.rules.forms]
    found = [
        item
        for form in dict.fromkeys(o.form for o in wanted)
        for item in _open(
            bot,
            conn,
            form,
            sorted({o.period for o in wanted if o.form == form}),
            now,
            {o.unit for o in wanted if o.form == form},
        )
    ]
    asked = set(wanted)
    return [item for item in found if item.obligation in asked]


def still_owed(bot: Bot, conn: Connection, obligations: tuple[Obligation, ...], now: datetime) -> list[Obligation]:
    """Those of the obligations that are open at this moment."""
    found = {item.obligation for item in owing_among(bot, conn, obligations, now)}
    return [o for o in obligations if o in found]


def _open(
    bot: Bot, conn: Connection, form: str, periods: Sequence[str], now: datetime, only: Collection[str] | None = None
) -> list[Owing]:
    """What is owed of one form, in periods that ascend; of some units ``only``. As many statements for many periods
    and units as for few: it is asked every few seconds, after ten years too."""
    if not periods:
        return []
    rule, first, last = bot.rules.forms[form], periods[0], periods[-1]
    done = versions.reported(conn, form, first, last, only)
    listed = people_by_unit(conn, bot, now) if isinstance(rule, RowsRule) and rule.appoints else {}
    units = [u for u in bot.rules.units.units if u.name not in listed and (only is None or u.name in only)]
    uncounted = _by_period(reports.not_counted(conn, form, first, last, only))
    off = let_off_between(bot, conn, form, first, last)
    found = []
    for period in periods:
        left = [u for u in rule.owing(units, period) if u.name not in done.get(period, ())]
        due, given = bot.deadline(form, period), off.get(period, {})
        others = _uncounted(uncounted.get(period, ()))
        for line in standings(rule, left, {}, others, due, now, bot.zone, given):
            if line.state in OWING:
                found.append(Owing(Obligation(line.unit.name, form, period, line.due or due), line))
    return found


def carried_on(bot: Bot, conn: Connection, form: str, unit: str, period: str) -> Accepted | None:
    """The last report before a period, whose numbers its workbook starts from; None where numbers begin anew each
    month: last month's would only be sent once more."""
    return versions.accepted_before(conn, form, unit, period) if bot.rules.forms[form].cumulative else None


def people_by_unit(conn: Connection, bot: Bot, now: datetime) -> dict[str, list[Liaison]]:
    """unit -> its liaisons today."""
    found: dict[str, list[Liaison]] = {}
    for person in people.liaisons(conn, now.astimezone(bot.zone).date()):
        found.setdefault(person.unit, []).append(person)
    return found

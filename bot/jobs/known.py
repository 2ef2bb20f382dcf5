"""What the record knows of units and forms beside the rules: brought into them when a process starts.

    rules, record.known -settle-> units by their ids; a unit that has become part of another handed over to it
                        -with_past-> the rules, with the first day of everything, and with whoever is away
    begin               -> what is new, with today as its first day

A unit under which something stands in the record, and which the rules do not know, is a ConfigError: nobody would be
reminded in its name, and its reports would count nowhere, in silence.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.errors import ConfigError
from bot.record import known, runs
from bot.record.database import Record
from bot.record.known import Absence, Known
from bot.record.naming import UnitNames, call_units
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.units import Unit, UnitAway, Units

log = logging.getLogger(__name__)


def taken_up(record: Record, rules: Rules, where: str, now: datetime, today: date) -> Rules:
    """The rules with what the record knows, whose statements call units by these names from here on. ``where`` is the
    file that names the units. ConfigError for one in the record that it does not name."""
    call_units(record.engine, _names(rules.units, ()))
    with record.read() as conn:
        items = known.every(conn)
        settled = _is_settled(items, rules) if items else not known.units_found(conn)
    if not settled:
        with record.begin() as conn:
            items = _settle(conn, rules, where, now, today)
    call_units(record.engine, _names(rules.units, items))
    with record.read() as conn:
        return with_past(rules, items, known.absences(conn), today)


def _names(units: Units, items: Iterable[Known]) -> UnitNames:
    ended = {item.id: item for item in items if item.what == "unit" and item.heir and item.id not in units.by_id}
    names = {unit.id: unit.name for unit in units.units}
    gone = {id_: _apart(item, units).name for id_, item in ended.items()}
    ids = {name: id_ for id_, name in (names | gone).items()}
    heirs = {id_: item.heir for id_, item in ended.items() if item.heir}
    heirs |= {unit.id: unit.into for unit in units.units if unit.into}
    called = {name: units.resolve(name) or unit for unit in units.units for name in unit.names}
    return UnitNames(ids, names | gone, heirs, {name: unit.name for name, unit in called.items()})


def _is_settled(items: Iterable[Known], rules: Rules) -> bool:
    return all(item.id in rules.units.by_id or item.heir in rules.units.by_id for item in items if item.what == "unit")


def _settle(conn: Connection, rules: Rules, where: str, now: datetime, today: date) -> list[Known]:
    """Ids in the place of names; then every unit that the rules do not know any more finds its heir."""
    units = rules.units
    if not known.every(conn):
        known.rename(conn, {unit.name: unit.id for unit in units.units})
        for item in [*map(_unit, units.units), *map(_form, rules.forms.values())]:
            known.keep(conn, item)
        for stray in known.units_found(conn) - units.by_id.keys():
            known.keep(conn, Known("unit", stray, stray, ""))
    for item in known.every(conn):
        if item.what == "unit" and item.id not in units.by_id and item.heir not in units.by_id:
            _find_heir(conn, item, units, where, now, today)
    return known.every(conn)


def _find_heir(conn: Connection, item: Known, units: Units, where: str, now: datetime, today: date) -> None:
    heir = units.resolve(item.id) or units.resolve(item.name)
    if heir is None:
        if known.has_traces(conn, item.id):
            raise ConfigError(
                f"{where}: the record knows the unit {item.id!r} ({item.name}), which stands here no more: put it back "
                f"with `until`, or name {item.id!r} in `former` of the unit that it has become"
            )
        known.forget(conn, item)
        return
    if not known.has_reports(conn, heir.id):  # the same unit by another id
        known.rename(conn, {item.id: heir.id})
        known.forget(conn, item)
        known.keep(conn, replace(_unit(heir), since=item.since))
    else:
        known.hand_over(conn, item.id, heir.id)
        until = today.replace(day=1) - timedelta(days=1)  # the month that runs is the heir's
        known.keep(conn, replace(item, heir=heir.id, until=item.until or until, kind=item.kind or heir.kind))
    runs.note(conn, now, "unit.became", unit=item.id, heir=heir.id)
    log.warning("a unit has become part of another", extra={"unit": item.id, "heir": heir.id})


def with_past(rules: Rules, items: Iterable[Known], away: Iterable[Absence], today: date) -> Rules:
    """The rules with the first day of everything, those units that have become parts of others, those that are away,
    and the names of the forms that are no more. Pure."""
    seen = {(item.what, item.id): item for item in items}

    def first(what: known.What, id_: str) -> date | None:
        if not seen:
            return None  # the record begins with what is there
        item = seen.get((what, id_))
        return item.since if item else today

    present = tuple(u.model_copy(update={"since": u.since or first("unit", u.id)}) for u in rules.units.units)
    ids = {unit.id for unit in present}
    ended = [i for i in seen.values() if i.what == "unit" and i.heir and i.id not in ids]
    units = (*present, *(_apart(item, rules.units) for item in ended))
    forms = {id_: _since(rule, first("form", id_)) for id_, rule in rules.forms.items()}
    gone = {i.id: i.name for i in seen.values() if i.what == "form" and i.id not in forms}
    parts = {name: getattr(rules, name) for name in type(rules).model_fields}
    county = Units(affixes=rules.units.affixes, units=units, groups=rules.units.groups, mergers=rules.units.mergers)
    made = type(rules).model_validate({**parts, "units": county, "forms": forms, "gone": gone})
    return with_absences(made, away)


def with_absences(rules: Rules, away: Iterable[Absence]) -> Rules:
    """The rules with the units that are away; the same ones if nothing is new. Pure."""
    ordered: dict[str, tuple[tuple[date, date | None], ...]] = {}
    for item in away:
        ordered[item.unit] = (*ordered.get(item.unit, ()), (item.since, item.until))
    if {u.name: u.away for u in rules.units.units if isinstance(u, UnitAway)} == ordered:
        return rules
    units = tuple(_away(unit, ordered.get(unit.name, ())) for unit in rules.units.units)
    county = Units(affixes=rules.units.affixes, units=units, groups=rules.units.groups, mergers=rules.units.mergers)
    return rules.model_copy(update={"units": county})


def _away(unit: Unit, away: tuple[tuple[date, date | None], ...]) -> Unit:
    values = {name: getattr(unit, name) for name in Unit.model_fields}
    return UnitAway.model_construct(**values, away=away) if away else Unit.model_construct(**values)


def _since(rule: FormRule, day: date | None) -> FormRule:
    if rule.owed.first or day is None:
        return rule
    return rule.model_copy(update={"owed": rule.owed.model_copy(update={"first": day})})


def _apart(item: Known, units: Units) -> Unit:
    """What a unit was before it became part of another; by a name that no other has."""
    taken = any(unit.name == item.name for unit in units.units)
    values = {"id": item.id, "name": f"{item.name} {item.id}" if taken else item.name, "kind": item.kind}
    return Unit.model_construct(**values, since=item.since, until=item.until, into=item.heir)  # type: ignore[arg-type]


def _unit(unit: Unit) -> Known:
    return Known("unit", unit.id, unit.name, unit.kind)


def _form(rule: FormRule) -> Known:
    return Known("form", rule.id, rule.name, rule.kind)


def remember(conn: Connection, rules: Rules, today: date) -> None:
    """Writes down what is new, and what has another name. The first time everything was there from the beginning."""
    before = {(item.what, item.id): item for item in known.every(conn)}
    since = today if before else None
    for item in [*map(_unit, rules.units.units), *map(_form, rules.forms.values())]:
        was = before.get((item.what, item.id))
        if was is None:
            known.keep(conn, replace(item, since=since))
        elif was.heir is None and (was.name, was.kind) != (item.name, item.kind):
            known.keep(conn, replace(was, name=item.name, kind=item.kind))

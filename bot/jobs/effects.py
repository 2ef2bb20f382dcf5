"""What an accepted report changes besides the record of reports: the registered base, the unit's liaison."""

from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.listed import listed
from bot.jobs.parts import Bot
from bot.jobs.succession import tell_change
from bot.model.deciding import Ruling
from bot.record import people, runs
from bot.rules.rows import RowsRule


def take_effect(bot: Bot, conn: Connection, ruling: Ruling, sender: str, now: datetime) -> None:
    """In the transaction that writes the report. Nothing for one that is not accepted. ``sender`` is the address that
    a list without addresses came from."""
    judged = ruling.judged
    rule = bot.rules.forms[judged.form.form]
    if ruling.outcome != "accepted" or judged.unit is None or not isinstance(rule, RowsRule):
        return
    unit = bot.rules.units.by_name[judged.unit]
    if rule.base_of:
        column = rule.columns[0].id
        numbers = {group: columns[column] for group, columns in judged.numbers.items()}
        people.register_base(conn, unit.name, rule.base_of, numbers, now)
        runs.note(conn, now, "base.registered", unit=unit.id, form=rule.base_of, **numbers)
    if rule.appoints:
        today = now.astimezone(bot.zone).date()
        person = listed(judged.content, unit.name, sender)
        before = people.liaisons_of(conn, unit.name, today)
        if person and people.appoint(conn, unit.name, [person], today, min(today, bot.ever)):
            runs.note(conn, now, "liaison.appointed", unit=unit.id)
            if before:  # the first list of a unit has its receipt
                tell_change(bot, conn, unit.name, before, [person], now.isoformat(), now)

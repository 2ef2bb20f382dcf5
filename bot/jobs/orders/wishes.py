"""What liaisons ask for: their own history, a fresh workbook, help."""

from functools import partial

from bot.deciding.guiding import guide
from bot.jobs.orders.errands import Errand, Refusal, Result, made
from bot.jobs.orders.recalling import history_lines
from bot.jobs.orders.urging import chased
from bot.jobs.standing import carried_on, people_by_unit
from bot.jobs.workbooks import workbook_for
from bot.model.people import Liaison

GUIDE = "guide"  # the letter


def own_history(e: Errand) -> Result:
    """What the sender's own units have reported; nothing of anybody else."""
    found = [line for unit in e.given.units for line in history_lines(e.bot, e.conn, unit)]
    return Result({"unit": _names(e)}, tuple(found))


def own_form(e: Errand) -> Result:
    """The workbooks of whatever the sender's units owe now."""
    who = people_by_unit(e.conn, e.bot, e.now)
    files = []
    for item in chased(e.bot, e.conn, e.now):
        o = item.obligation
        if o.unit in e.given.units:
            earlier = carried_on(e.bot, e.conn, o.form, o.unit, o.period)
            person = next(iter(who.get(o.unit, [])), Liaison(o.unit, "", "", ""))
            file = made(o.unit, partial(workbook_for, e.bot, e.conn, o, earlier, person))
            files += [file] if file else []
    if not files:
        raise Refusal("missing_nothing")
    return Result({"unit": _names(e)}, files=tuple(files))


def own_help(e: Errand) -> Result:
    """What a liaison has to know, as a letter of its own."""
    return Result(letter=GUIDE, context={"guide": guide(e.bot.rules)})


ACTS = {"own_history": own_history, "own_form": own_form, "own_help": own_help}


def _names(e: Errand) -> str:
    return "、".join(e.given.units)

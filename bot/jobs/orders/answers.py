"""Orders that decide a question: 通过, 退回, 改为, 登记, 忽略; 同意 and 不同意 for letters that are held."""

from typing import Any

from sqlalchemy import Row

from bot.deciding.views import shown_period
from bot.errors import UsageError
from bot.jobs.enqueuing import BUNDLE
from bot.jobs.orders import settling
from bot.jobs.orders.errands import Errand, Refusal, Result
from bot.jobs.parts import Bot
from bot.jobs.reporting import bulletins
from bot.model.people import Liaison
from bot.record import outbox, people, questions


def answer(e: Errand) -> Result:
    """Decides the question that the order is about. ``Refusal`` names what is wrong with it."""
    id_ = e.order.rule.id
    if id_ == "send" and e.order.number is None and e.given.letter_kind == bulletins.LETTER:
        return _bulletin(e)
    row = _question(e)
    if id_ not in e.bot.rules.commands.offers.get(row.kind, ()):
        raise Refusal("not_answerable")
    said = {"number": row.number, "what": _what(e.bot, row), "unit": row.unit or "", "address": row.sender or ""}
    if id_ in ("accept", "as", "register"):
        return _accepted(e, row, said)
    undo = None
    if id_ == "dismiss":
        good, undo = settling.dismiss(e.conn, row.report_id, e.now, by=e.given.actor), {"reopen": row.report_id}
    elif id_ == "reject":
        said["reason"] = e.order.arguments.reason or ""
        good = settling.reject(e.bot, e.conn, row.report_id, e.now, by=e.given.actor, reason=said["reason"])
    else:
        change = outbox.release if id_ == "send" else outbox.drop
        good = bool(change(e.conn, [row.letter_key], e.now))
        said["outcome"] = e.bot.rules.commands.answers["leaves"]
    if not good:
        raise Refusal("no_question", {"number": row.number})
    return Result(said, undo=undo)


def _accepted(e: Errand, row: Row[Any], said: dict[str, Any]) -> Result:
    unit, period, id_ = e.order.arguments.unit, e.order.arguments.period, e.order.rule.id
    if row.form not in e.bot.rules.forms:  # its file was taken away: nothing of it can be read any more
        raise Refusal("not_answerable")
    if (id_ == "as" and not (unit or period)) or (id_ == "register" and not (unit or row.unit)):
        raise Refusal("no_unit")
    outcome = settling.accept(e.bot, e.conn, row.report_id, e.now, e.opened, by=e.given.actor, unit=unit, period=period)
    if outcome is None:
        raise Refusal("no_question", {"number": row.number})
    owner = unit or row.unit or ""
    if id_ == "register" and row.sender:
        _register(e, owner, row.sender)
    return Result({**said, "unit": owner, "outcome": e.bot.rules.commands.answers[outcome]})


def _register(e: Errand, unit: str, address: str) -> None:
    """The address becomes one of the unit's, beside those that it has."""
    today = e.now.astimezone(e.bot.zone).date()
    present = people.liaisons_of(e.conn, unit, today)
    if address not in {person.email for person in present}:
        people.appoint(e.conn, unit, [*present, Liaison(unit, "", "", address)], today, min(today, e.bot.ever))


def _bulletin(e: Errand) -> Result:
    """同意 in reply to the bulletin's draft: its month is announced, as it stands now."""
    period = e.given.letter_key.split(":")[2]
    try:
        bulletins.release(e.bot, e.conn, period, e.now)
    except UsageError as error:
        raise Refusal("no_question", {"number": ""}) from error
    month, form = e.bot.rules.words.month_text(period), e.bot.rules.forms[e.bot.rules.bulletin_form].name
    said = e.bot.rules.commands.answers
    return Result({"what": said["what_bulletin"].format(form=form, month=month), "outcome": said["announced"]})


def _question(e: Errand) -> Row[Any]:
    """The question of that number; without one, the only one of the letter that is answered."""
    if e.order.number is not None:
        row = questions.by_number(e.conn, e.order.number)
        if row is None:
            raise Refusal("no_question", {"number": e.order.number})
        return row
    if e.given.letter_kind != BUNDLE:
        raise Refusal("several_questions")
    slot = e.given.letter_key.removeprefix(f"{BUNDLE}:").rpartition(":")[0]
    rows = questions.in_bundle(e.conn, slot)
    if len(rows) != 1:
        raise Refusal("several_questions" if rows else "no_question", {"number": ""})
    return rows[0]


def _what(bot: Bot, row: Row[Any]) -> str:
    """A question in words: whose report of which month, or which letter."""
    said = bot.rules.commands.answers
    if row.letter_key:
        return said["what_letter"].format(address=row.letter_to, subject=row.letter_subject)
    period = shown_period(row.period)
    month = bot.rules.words.month_text(period) if period else ""
    return said["what_report"].format(unit=row.unit or "", form=bot.rules.form_name(row.form), month=month)

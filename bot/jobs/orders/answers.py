"""Orders that decide a question: 通过, 退回, 改为, 登记, 忽略; 同意 and 不同意 for letters that are held."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row

from bot.deciding.views import shown_period
from bot.errors import UsageError
from bot.jobs.enqueuing import BUNDLE
from bot.jobs.orders import relaying, settling
from bot.jobs.orders.errands import CONFIRM, LETTER, Errand, Given, Refusal, Result
from bot.jobs.orders.recalling import state_of
from bot.jobs.parts import Bot
from bot.jobs.reporting import bulletins
from bot.jobs.standing import lines
from bot.letters.defang import defang
from bot.model.commands import Command
from bot.model.people import Liaison
from bot.record import acts, attention, outbox, people, questions, runs, versions
from bot.rules.rows import RowsRule

ACCEPTING = ("accept", "as", "register", "join")  # a report that waited counts from then on
# Refusals that need no explanation of the command beside them.
SAY_ALL = frozenset({"decided_before", "decided_by_you", "not_answerable", "cannot_undo", "undo_overtaken"})


def answer(e: Errand) -> Result:
    """Decides the question that the order is about. ``Refusal`` names what is wrong with it."""
    id_ = e.order.rule.id
    if id_ == "send" and e.order.number is None and e.given.letter_kind == bulletins.LETTER:
        return _bulletin(e)
    row = _question(e)
    if id_ not in e.bot.rules.commands.offers.get(row.kind, ()):
        raise _not_so(e, row)
    said = {"number": row.number, "what": _what(e.bot, row), "unit": row.unit or "", "address": row.sender or ""}
    if id_ in ACCEPTING:
        return _accepted(e, row, said)
    if id_ == "reply":
        return relaying.relay(e, row, said)
    undo = None
    if id_ == "dismiss" and row.kind in questions.ABOUT_WORDS:
        good = runs.claim_run(e.conn, questions.ANSWERED, str(row.number), e.now)
    elif id_ == "dismiss":
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
    return Result(said, tuple(_left_so(e, row)) if id_ in ("reject", "dismiss") else (), undo=undo)


def settled_with(e: Errand, result: Result) -> Result:
    """What a liaison asked for is answered by the order that grants it: the one such question of the unit is closed."""
    kinds, unit = e.order.rule.settles, e.order.arguments.unit
    open_now = [q for q in questions.about_words(e.conn) if q.kind in kinds and q.about_unit == unit] if kinds else []
    if len(open_now) != 1:  # with two, nobody can tell which was meant: both stay
        return result
    (row,) = open_now
    runs.claim_run(e.conn, questions.ANSWERED, str(row.number), e.now)
    line = e.bot.rules.commands.answers["settled_too"].format(number=row.number, subject=row.subject or "")
    return replace(result, values={**result.values, "number": row.number}, lines=(*result.lines, line))


def _left_so(e: Errand, row: Row[Any]) -> Iterator[str]:
    """Where the unit stands for that month, now that the paper does not count: an earlier one may."""
    if row.unit is None or shown_period(row.period) is None or row.form not in e.bot.rules.matrices:
        return
    for line in lines(e.bot, e.conn, row.form, row.period, e.now):
        if line.unit.name == row.unit:
            values = {"unit": row.unit, "month": e.bot.rules.words.month_text(row.period)}
            yield e.bot.rules.commands.answers["left_as"].format(**values, state=state_of(e.bot, line, row.form))


def _accepted(e: Errand, row: Row[Any], said: dict[str, Any]) -> Result:
    unit, period, id_ = e.order.arguments.unit, e.order.arguments.period, e.order.rule.id
    if row.form not in e.bot.rules.forms:  # its file was taken away: nothing of it can be read any more
        raise Refusal("not_answerable", {"number": row.number})
    if (id_ == "as" and not (unit or period)) or (id_ == "register" and not (unit or row.unit)):
        raise Refusal("no_unit")
    outcome = settling.accept(
        e.bot,
        e.conn,
        row.report_id,
        e.now,
        e.opened,
        by=e.given.actor,
        unit=unit,
        period=period,
        joined=id_ == "join",
    )
    if outcome is None:
        raise Refusal("no_question", {"number": row.number})
    owner = unit or row.unit or ""
    if id_ == "register" and row.sender:
        _register(e, owner, row.sender)
    values = {**said, "unit": owner, "outcome": e.bot.rules.commands.answers[outcome]}
    if id_ != "as":
        return Result(values)
    values["before"] = said["what"]
    values["what"] = _report(e.bot, owner, row.form, period or row.period)
    return Result(values, tuple(_left_behind(e, row, owner, period)))


def _left_behind(e: Errand, row: Row[Any], unit: str, period: str | None) -> Iterator[str]:
    """What becomes of the unit and the month that the paper names, if the report is another's now."""
    if row.unit is None or row.period is None or (row.unit, row.period) == (unit, period or row.period):
        return
    form = row.form
    for line in lines(e.bot, e.conn, form, row.period, e.now):
        if line.unit.name == row.unit:
            said, month = e.bot.rules.commands.answers, e.bot.rules.words.month_text(row.period)
            yield said["as_before"].format(unit=row.unit, month=month, state=state_of(e.bot, line, form))


def _not_so(e: Errand, row: Row[Any]) -> Refusal:
    """The refusal names what would do."""
    rules = e.bot.rules.commands
    words = "、".join(rules.rule(id_).words[0] for id_ in rules.offers.get(row.kind, ()))
    return Refusal("not_answerable", {"number": row.number, "words": words})


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
            raise _decided(e, e.order.number)
        return row
    rows = asked_in(e.conn, e.given)
    if e.given.letter_kind == BUNDLE and not rows:
        told = attention.told_in(e.conn, _slot(e.given), questions.ABOUT_WORDS)
        raise _decided(e, told[0]) if len(told) == 1 else Refusal("nothing_left")
    raise Refusal("several_questions" if rows else "nothing_left")


def _decided(e: Errand, number: int) -> Refusal:
    """Why there is no such question: who decided it, and how; and whether this order says otherwise."""
    deciding = {rule.id for rule in e.bot.rules.commands.of("staff") if rule.answers or rule.settles}
    act = acts.deciding(e.conn, number, deciding)
    if act is None:
        return Refusal("no_question", {"number": number})
    values = {
        "number": number,
        "actor": act.actor,
        "moment": e.bot.renderer.filters["moment"](act.at),
        "said": act.arguments.get("said", ""),
    }
    if act.actor == e.given.actor:
        return Refusal("decided_by_you", values)
    return Refusal("decided_before", values, against="" if act.command == e.order.rule.id else act.actor)


def asked_in(conn: Connection, given: Given) -> list[Row[Any]]:
    """The questions that the answered letter asks and that are open; of one that asks none by itself, all."""
    return questions.in_bundle(conn, _slot(given)) if given.letter_kind == BUNDLE else questions.open_ones(conn)


def is_asked_in(conn: Connection, number: int, given: Given) -> bool:
    """Whether the answered letter asks a question, decided or not; also for a number that is no question at all, which
    is refused. What is neither a bundle nor an answer, such as a digest, asks what was open when it was written."""
    if given.letter_kind == BUNDLE:
        return questions.was_told(conn, number, _slot(given))
    return given.letter_kind not in (LETTER, CONFIRM) and questions.was_open(conn, number, given.letter_key)


def needs_proof(bot: Bot, conn: Connection, order: Command) -> bool:
    """Whether an answer would replace numbers that count, make somebody a liaison, or send a link in the office's name:
    then the token alone is not enough, which everybody has to whom the letter was forwarded."""
    if order.rule.id == "reply":
        said = order.arguments.reason or ""
        return defang(said) != said
    row = questions.by_number(conn, order.number) if order.number is not None else None
    if order.rule.id not in ACCEPTING or row is None or row.report_id is None:
        return False
    rule = bot.rules.forms.get(row.form)
    unit, period = order.arguments.unit or row.unit, order.arguments.period or row.period
    if isinstance(rule, RowsRule) and rule.appoints:
        return True
    if unit is None or period is None:
        return False
    if isinstance(rule, RowsRule) and rule.base_of and people.bases_of(conn, rule.base_of, unit):
        return True
    return versions.accepted(conn, row.form, unit, period) is not None


def only_question(conn: Connection, order: Command, given: Given, bot: Bot) -> int | None:
    """The number of the one question that an answer without a number can be about; None where there is none, or more
    than one."""
    if order.rule.id == "send" and given.letter_kind == bulletins.LETTER:
        return None
    offers = bot.rules.commands.offers
    rows = asked_in(conn, given)
    fit = [row for row in rows if order.rule.id in offers.get(row.kind, ())] if len(rows) > 1 else rows
    return int(fit[0].number) if len(fit) == 1 else None


def _slot(given: Given) -> str:
    return given.letter_key.removeprefix(f"{BUNDLE}:").rpartition(":")[0]


def _what(bot: Bot, row: Row[Any]) -> str:
    """A question in words: whose report of which month, or which letter."""
    said = bot.rules.commands.answers
    if row.letter_key:
        return said["what_letter"].format(address=row.letter_to, subject=row.letter_subject)
    if row.report_id is None:
        return said["what_words"].format(sender=row.sender or row.shown_from or "", subject=row.subject or "")
    return _report(bot, row.unit or "", row.form, row.period)


def _report(bot: Bot, unit: str, form: str, period: str | None) -> str:
    shown = shown_period(period)
    month = bot.rules.words.month_text(shown) if shown else ""
    return (
        bot.rules.commands.answers["what_report"].format(unit=unit, form=bot.rules.form_name(form), month=month).strip()
    )

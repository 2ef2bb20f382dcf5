"""Orders by mail: who may give them, carrying them out, and the answer to whoever gave them.

own words -commands_in-> Orders (in the intent) -obey-> acts, answer, copies to the other staff: ONE transaction
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.jobs.enqueuing import enqueue, enqueue_for_staff, tell_once_a_day
from bot.jobs.opening import Opened
from bot.jobs.orders import answers, commands, retiring, wishes
from bot.jobs.orders.errands import CONFIRM, LETTER, Errand, Given, Refusal, Result
from bot.jobs.parts import Bot
from bot.model.commands import Command, Misunderstood, Orders
from bot.model.deciding import Attention, LetterDraft, LetterFile
from bot.model.mail import Mail
from bot.record import acts, attention, correspondence, people

ACTS: dict[str, commands.Act] = {**commands.ACTS, **retiring.ACTS, **wishes.ACTS}


@dataclass(slots=True)
class _Told:
    """What the answer says: a paragraph for each order, with its lines; what was not understood; and the files. Or
    another letter, which says it all."""

    items: list[dict[str, Any]] = field(default_factory=list)
    files: list[LetterFile] = field(default_factory=list)
    changed: bool = False
    letter: str = LETTER
    context: dict[str, Any] = field(default_factory=dict)


def obey(
    bot: Bot,
    conn: Connection,
    mail_id: int,
    mail: Mail,
    given_orders: Orders,
    now: datetime,
    opened: Mapping[int, Opened],
) -> None:
    """Carries the orders of one mail out, or asks back, and answers. In the caller's transaction; ``opened`` as for an
    Errand."""
    if given_orders.verdict == "forged":
        attention.open_items(conn, [Attention("forged_order", mail.sender or "")], now, mail_id)
        return
    if given_orders.verdict == "confirm":
        if not _capped(bot, conn, mail_id, mail, now):
            _ask_back(bot, conn, mail_id, mail, given_orders, now)
        return
    told = _Told()
    given = Given(
        mail.sender or "",
        mail_id,
        given_orders.letter_key,
        given_orders.letter_kind,
        given_orders.token,
        given_orders.units,
    )
    if given_orders.verdict == "refuse":
        told.items.append(_said(bot, "needs_token", {}, ()))
    else:
        if given_orders.confirms and acts.take_pending(conn, now, given_orders.confirms, given.actor) is None:
            return  # another worker, or the same mail in another folder, was faster
        for order in given_orders.orders:
            _one(bot.knowing(conn), conn, order, given, told, now, opened)
    # What changed something is always answered; a robot that answers our answers is not, beyond a day's measure.
    if told.changed or not _capped(bot, conn, mail_id, mail, now):
        _answer(bot, conn, mail, mail_id, told, given, now)


def _capped(bot: Bot, conn: Connection, mail_id: int, mail: Mail, now: datetime) -> bool:
    """Whether the address has had as many answers today as any may have; the office is told."""
    sender = mail.sender or ""
    if correspondence.letters_to(conn, sender, bot.midnight(now), now) < bot.config.limits.letters_per_address_per_day:
        return False
    tell_once_a_day(bot, conn, Attention("capped", sender), now, mail_id)
    return True


def _one(
    bot: Bot,
    conn: Connection,
    order: Command | Misunderstood,
    given: Given,
    told: _Told,
    now: datetime,
    opened: Mapping[int, Opened],
) -> None:
    if isinstance(order, Misunderstood):
        key = order.lacks or "not_understood"
        helps = tuple(rule.help for rule in order.nearest) or tuple(_all_help(bot, given))
        told.items.append(_said(bot, key, {"text": order.rest or order.text}, helps, order.text))
        return
    try:
        with conn.begin_nested():  # an order that fails half-way leaves nothing
            result = act_on(Errand(bot, conn, order, given, now, opened))
    except Refusal as refusal:
        told.items.append(_said(bot, refusal.key, refusal.values, (order.rule.help,), order.text))
        return
    told.items.append({"text": done(order, result), "lines": list(result.lines), "said": order.text, "good": True})
    told.files += result.files
    told.letter, told.context = result.letter, result.context
    told.changed = told.changed or order.rule.changes


def act_on(e: Errand) -> Result:
    """Carries one order out, and writes down who gave it. ``Refusal`` if it cannot be."""
    rule = e.order.rule
    result = answers.answer(e) if rule.answers else ACTS[rule.id](e)
    if rule.changes:
        arguments = {"said": e.order.text, **{k: str(v) for k, v in result.values.items()}}
        acts.write(
            e.conn,
            e.now,
            actor=e.given.actor,
            command=rule.id,
            arguments=arguments,
            mail_id=e.given.mail_id,
            token=e.given.token,
            undo=result.undo,
        )
    return result


def done(order: Command, result: Result) -> str:
    """What was done, in the words of the rules."""
    names = dict.fromkeys(("unit", "period", "until", "name", "mobile", "email", "reason", "number", "what"), "")
    names |= dict.fromkeys(("outcome", "address", "form", "month", "count"), "")
    return order.rule.done.format(**{**names, **result.values})


def _said(bot: Bot, key: str, values: dict[str, Any], lines: tuple[str, ...], said: str = "") -> dict[str, Any]:
    text = bot.rules.commands.answers[key].format(**{**dict.fromkeys(("text", "unit", "number"), ""), **values})
    return {"text": text, "lines": list(lines), "said": said, "good": False}


def _all_help(bot: Bot, given: Given) -> Iterator[str]:
    by = "staff" if given.actor in bot.config.office.staff_addresses else "liaison"
    return (rule.help for rule in bot.rules.commands.of(by))


def _answer(bot: Bot, conn: Connection, mail: Mail, mail_id: int, told: _Told, given: Given, now: datetime) -> None:
    context = {
        "person": _person(bot, conn, given, now),
        "units": list(given.units),
        "items": told.items,
        "by": "",
        "original_subject": mail.subject,
        "received_at": mail.received_at,
    }
    draft = LetterDraft(
        key=f"{told.letter}:{mail.sha256[:24]}",
        letter=told.letter,
        to=mail.sender or "",
        context={**context, **told.context},
        reply_to=mail.message_id,
        subject_of=mail.subject,
        files=tuple(told.files),
    )
    enqueue(bot, conn, draft, now, mail_id)
    if told.changed:
        done_ones = [item for item in told.items if item["good"]]
        copy = LetterDraft(
            key=f"{LETTER}:copy:{mail.sha256[:24]}",
            letter=LETTER,
            to="",
            context={**context, "items": done_ones, "by": mail.sender or ""},
        )
        enqueue_for_staff(bot, conn, copy, now, but=mail.sender or "")


def _person(bot: Bot, conn: Connection, given: Given, now: datetime) -> str:
    """The liaison's name, where it is known; the staff has none in the record."""
    posts = people.at_address(conn, given.actor, now.astimezone(bot.zone).date()) if given.units else ()
    return next((post.name for post in posts if post.name), "")


def _ask_back(bot: Bot, conn: Connection, mail_id: int, mail: Mail, given: Orders, now: datetime) -> None:
    """The order answers no letter: its sender is asked once whether it is his."""
    key = f"{CONFIRM}:{mail.sha256[:24]}"
    draft = LetterDraft(
        key=key,
        letter=CONFIRM,
        to=mail.sender or "",
        context={
            "orders": [order.text for order in given.orders if isinstance(order, Command)],
            "original_subject": mail.subject,
            "received_at": mail.received_at,
        },
        reply_to=mail.message_id,
        subject_of=mail.subject,
    )
    if enqueue(bot, conn, draft, now, mail_id) is not None:
        text = "\n".join(order.text for order in given.orders if isinstance(order, Command))
        acts.ask(conn, now, letter_key=key, actor=mail.sender or "", text=text, mail_id=mail_id)

"""Orders by mail: who may give them, carrying them out, and the answer to whoever gave them.

own words -commands_in-> Orders (in the intent) -obey-> acts, answer, copies to the other staff: ONE transaction
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from bot.jobs.enqueuing import BUNDLE, enqueue, enqueue_for_staff, tell_once_a_day
from bot.jobs.opening import Opened
from bot.jobs.orders import answers, commands, retiring, telephoning, wishes
from bot.jobs.orders.errands import CONFIRM, LETTER, UNMADE, Errand, Given, Matter, Refusal, Result
from bot.jobs.parts import Bot
from bot.model.commands import Command, Misunderstood, Orders
from bot.model.deciding import Attention, LetterDraft, LetterFile
from bot.model.mail import Mail
from bot.reading.commands import written_as
from bot.record import acts, attention, correspondence, people, runs
from bot.rules.commands import NAMES

ACTS: dict[str, commands.Act] = {**commands.ACTS, **retiring.ACTS, **telephoning.ACTS, **wishes.ACTS}


@dataclass(slots=True)
class _Told:
    """What the answer says: a paragraph for each order, with its lines; what was not understood; what is asked back;
    and the files. Or another letter, which says it all. ``against`` is what somebody else had decided otherwise."""

    items: list[dict[str, Any]] = field(default_factory=list)
    files: list[LetterFile] = field(default_factory=list)
    asked: list[tuple[Command, Matter]] = field(default_factory=list)
    against: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    changed: bool = False
    letter: str = LETTER
    about: str = ""
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
    told = _Told()
    given = Given(
        mail.sender or "",
        mail_id,
        given_orders.letter_key,
        given_orders.letter_kind,
        given_orders.token,
        given_orders.units,
        acts.mail_of_pending(conn, given_orders.confirms) if given_orders.confirms else None,
    )
    confirms = given_orders.confirms
    if confirms and acts.take_pending(conn, now, confirms, given.actor) is None:
        return  # another worker, or the same mail in another folder, was faster
    if given_orders.verdict == "refuse":
        told.items.append(_said(bot, given_orders.refusal, {}, ()))
    else:
        for order in _each(bot, conn, given_orders, given, told):
            if isinstance(order, Command) and _is_asked(bot, conn, order, given_orders, given):
                _ask(Errand(bot.knowing(conn), conn, order, given, now, opened), told)
            else:
                _one(bot.knowing(conn), conn, order, given, told, now, opened)
    # What changed something is always answered; a robot that answers our answers is not, beyond a day's measure.
    if told.changed or not _is_enough(bot, conn, mail_id, mail, given_orders, now):
        _answer(bot, conn, mail, mail_id, told, given, now)


def _ask(e: Errand, told: _Told) -> None:
    """Asks an order back, with what it would do; one that cannot be done is refused at once."""
    shown = commands.SHOWN.get(e.order.rule.id)
    try:
        told.asked.append((e.order, shown(e) if shown else Matter()))
    except Refusal as refusal:
        told.items.append(_said(e.bot, refusal.key, refusal.values, (e.order.rule.help,), e.order.text))


def _is_asked(bot: Bot, conn: Connection, order: Command, orders: Orders, given: Given) -> bool:
    """Whether an order is asked back: all of a mail that answers no letter; what was understood loosely; what is grave
    or changes what counts, unless the provider vouches for the sender; what comes with less proof than usual; and an
    answer to a question that the letter did not ask."""
    if orders.verdict == "confirm" or not order.rule.changes or orders.confirms:
        return orders.verdict == "confirm"
    if order.loose or (order.rule.grave and not orders.vouched):
        return True
    if order.rule.answers and not orders.vouched and answers.needs_proof(bot, conn, order):
        return True
    if order.rule.answers and order.number is None:  # of the letter itself
        return False
    return orders.weaker or (order.rule.answers and not answers.is_asked_in(conn, order.number or 0, given))


def _each(bot: Bot, conn: Connection, orders: Orders, given: Given, told: _Told) -> Iterator[Command | Misunderstood]:
    """The orders, each about one question: 全部通过 is one for each that the letter asks and no other order names."""
    named = {order.number for order in orders.orders if isinstance(order, Command)}
    for order in orders.orders:
        if not isinstance(order, Command) or not order.rule.answers or order.number is not None:
            yield order
        elif not order.every:
            number = answers.only_question(conn, order, given, bot)
            yield order if number is None else replace(order, number=number)
        elif given.letter_kind != BUNDLE:
            told.items.append(_said(bot, "every_needs_letter", {}, (), order.text))
        else:
            left = [row.number for row in answers.asked_in(conn, given) if row.number not in named]
            yield from (replace(order, number=n, every=False, text=f"{n} {order.rule.words[0]}") for n in left)
            if not left:
                told.items.append(_said(bot, "nothing_left", {}, (), order.text))


def _is_enough(bot: Bot, conn: Connection, mail_id: int, mail: Mail, orders: Orders, now: datetime) -> bool:
    """Whether the address has had as many answers today as a robot that answers our answers may have; the office is
    told. The staff may order whatever it likes, but the very same only so often; a liaison has a day's measure."""
    sender, most = mail.sender or "", bot.config.limits.letters_per_address_per_day
    if orders.units:
        full = sum(correspondence.letters_to(conn, sender, bot.midnight(now), now).values()) >= most
    else:
        same = "\n".join(written_as(order) if isinstance(order, Command) else "" for order in orders.orders)
        mark = f"{sender}:{now.astimezone(bot.zone).date()}:{sha256(same.encode()).hexdigest()[:16]}"
        full = not any(runs.claim_run(conn, LETTER, f"{mark}:{n}", now) for n in range(most))
    if full:
        tell_once_a_day(bot, conn, Attention("capped", sender), now, mail_id)
    return full


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
        helps = () if key == "unread" else helps
        told.items.append(_said(bot, key, {"text": order.rest or order.text}, helps, order.text))
        return
    try:
        with conn.begin_nested():  # an order that fails half-way leaves nothing
            result = act_on(Errand(bot, conn, order, given, now, opened))
    except Refusal as refusal:
        helps = (order.rule.help,) if refusal.key not in answers.SAY_ALL else ()
        told.items.append(_said(bot, refusal.key, refusal.values, helps, order.text))
        if refusal.key == UNMADE:
            tell_once_a_day(
                bot, conn, Attention(UNMADE, "{what}: {fault}".format(**refusal.values)), now, given.mail_id
            )
        if refusal.against and refusal.against != given.actor:
            told.against.append((refusal.against, {**refusal.values, "said": order.text}))
        return
    told.items.append({"text": done(order, result), "lines": list(result.lines), "said": order.text, "good": True})
    told.files += result.files
    if result.letter != LETTER:
        told.letter, told.context, told.about = result.letter, result.context, result.about
    told.changed = told.changed or order.rule.changes


def act_on(e: Errand) -> Result:
    """Carries one order out, and writes down who gave it. ``Refusal`` if it cannot be."""
    rule = e.order.rule
    result = answers.answer(e) if rule.answers else answers.settled_with(e, ACTS[rule.id](e))
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
    return order.rule.done.format(**{**dict.fromkeys(NAMES, ""), **result.values})


def _said(bot: Bot, key: str, values: dict[str, Any], lines: tuple[str, ...], said: str = "") -> dict[str, Any]:
    text = bot.rules.commands.answers[key].format(
        **{**dict.fromkeys(("text", "unit", "number", "words"), ""), **values}
    )
    return {"text": text, "lines": list(lines), "said": said, "good": False}


def _all_help(bot: Bot, given: Given) -> Iterator[str]:
    by = "staff" if given.actor in bot.config.office.staff_addresses else "liaison"
    return (rule.help for rule in bot.rules.commands.of(by))


def _answer(bot: Bot, conn: Connection, mail: Mail, mail_id: int, told: _Told, given: Given, now: datetime) -> None:
    """The one letter that says it all, and what others must hear."""
    good = [item for item in told.items if item["good"]]
    asks_only = bool(told.asked) and not good
    letter = CONFIRM if asks_only else told.letter if len(told.items) == len(good) == 1 else LETTER
    context = {
        "person": _person(bot, conn, given, now),
        "units": list(given.units),
        "items": told.items,
        "by": "",
        "original_subject": mail.subject,
        "received_at": mail.received_at,
    }
    orders = [written_as(order, bot.rules) for order, _ in told.asked]
    # What was written exactly is shown as it was written.
    shown = [_shown(order, matter, bot) for order, matter in told.asked]
    matters = [{"numbers": m.numbers, "changes": list(m.changes), "lines": list(m.lines)} for _, m in told.asked]
    if asks_only:
        loose = all(order.loose for order, _ in told.asked)
        context = {"orders": shown, "matters": matters, "items": told.items, "loose": loose} | {
            key: context[key] for key in ("original_subject", "received_at")
        }
    elif told.asked:
        text = bot.rules.commands.answers["asked_back"]
        told.items.append({"text": text, "lines": shown, "said": "", "good": False, "matters": matters})
    key = ":".join(filter(None, (letter, told.about if letter == told.letter else "", mail.sha256[:24])))
    draft = LetterDraft(
        key=key,
        letter=letter,
        to=mail.sender or "",
        context={**context, **(told.context if letter == told.letter else {})},
        reply_to=mail.message_id,
        subject_of=mail.subject,
        files=tuple(told.files),
    )
    if enqueue(bot, conn, draft, now, mail_id) is not None and told.asked:
        acts.ask(conn, now, letter_key=key, actor=given.actor, text="\n".join(orders), mail_id=mail_id)
    _tell_others(bot, conn, mail, told, {**context, "items": good, "by": given.actor}, now)


def _shown(order: Command, matter: Matter, bot: Bot) -> str:
    """An order where it is asked back: as it was written, if exactly; without the numbers that stand below it."""
    if matter.numbers:
        return written_as(replace(order, arguments=replace(order.arguments, numbers=None)), bot.rules)
    return written_as(order, bot.rules) if order.loose or order.rule.answers else order.text


def _tell_others(bot: Bot, conn: Connection, mail: Mail, told: _Told, context: dict[str, Any], now: datetime) -> None:
    """The other staff, of what was changed; and whoever had decided a question, of an order against it."""
    copy = LetterDraft(key=f"{LETTER}:copy:{mail.sha256[:24]}", letter=LETTER, to="", context=context)
    if told.changed:
        enqueue_for_staff(bot, conn, copy, now, but=mail.sender or "")
    for actor in {actor for actor, _ in told.against if actor in bot.config.office.staff_addresses}:
        items = [_said(bot, "decided_against", values, ()) for who, values in told.against if who == actor]
        key = f"{LETTER}:against:{mail.sha256[:24]}:{actor}"
        enqueue(bot, conn, replace(copy, key=key, to=actor, context={**context, "items": items}), now)


def _person(bot: Bot, conn: Connection, given: Given, now: datetime) -> str:
    """The liaison's name, where it is known; the staff has none in the record."""
    posts = people.at_address(conn, given.actor, now.astimezone(bot.zone).date()) if given.units else ()
    return next((post.name for post in posts if post.name), "")

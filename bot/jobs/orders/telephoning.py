"""登记 and 撤回 by order: what a unit says by telephone, and a report that is taken out of force.

登记 五图街道 7月 无变化 -> said, as in a liaison's own reply -> judged like any other form -> report, receipt
撤回 五图街道 7月        -> the version before is in force again; without one the unit owes

What either would change is shown before it is confirmed, and the unit's liaisons are told.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.deciding.adding import total
from bot.deciding.judging import judge, rule_on
from bot.deciding.placing import place
from bot.deciding.replies import Answered, said
from bot.deciding.trusting import without_objection
from bot.deciding.views import changes, ruled_context, table
from bot.deciding.whose import KnownSender
from bot.jobs.dispensing import deadline_of
from bot.jobs.enqueuing import enqueue
from bot.jobs.orders.errands import Errand, Matter, Refusal, Result
from bot.jobs.orders.notifying import Decided, reachable, tell
from bot.jobs.replying import known
from bot.jobs.understand import past_of
from bot.model.deciding import Accepted, LetterDraft, Obligation, Ruling
from bot.model.forms import Document, Form, Written
from bot.reading.replies import reply_in
from bot.record import archive, bulletins, reports, versions


@dataclass(frozen=True, slots=True)
class _Call:
    """What a telephone call comes to. ``mail_id`` is the mail in which it was written down, ``received_at`` when."""

    ruling: Ruling
    mail_id: int
    received_at: datetime


def report(e: Errand) -> Result:
    """登记: the numbers that somebody gave by telephone, from the moment of the order."""
    call = _heard(e)
    ruling = call.ruling
    unit, period, form = _about(e)
    report_id = reports.write(e.conn, call.mail_id, ruling, call.received_at, e.now)
    receipts = _receipts(e, call)
    said_ = e.bot.rules.commands.answers
    values = {
        **_named(e),
        "version": ruling.version,
        "total": f"{total(ruling.judged.numbers)}{e.bot.rules.forms[form].measure}",
        "outcome": said_["receipt_sent"] if receipts else said_["nobody_to_tell"],
    }
    warnings = tuple(f.message for f in ruling.judged.findings)
    return Result(values, warnings, undo={"withdraw_report": [report_id, unit, form, period]})


def retract(e: Errand) -> Result:
    """撤回: the version in force counts no more."""
    unit, period, form = _about(e)
    current, before = _versions(e)
    reports.withdraw(e.conn, current.report_id, e.now)
    told = tell(e, _decided(e, "withdrawn", current.version, before))
    said_ = e.bot.rules.commands.answers
    month = e.bot.rules.words.month_text(period)
    left = said_["left_version"].format(version=before.version) if before else said_["left_none"]
    heard = said_["unit_told"] if told else said_["nobody_to_tell"]
    values = {**_named(e), "month": month, "version": current.version, "outcome": f"{left}{heard}"}
    return Result(values, undo={"restore_report": [current.report_id, unit, form, period]})


def take_back(e: Errand, report_id: int, *, withdrawn: bool) -> None:
    """撤销 of either: the report of a call counts no more (``withdrawn`` false), or what was withdrawn counts again.
    ``Refusal`` where it stands otherwise by now."""
    row = reports.by_id(e.conn, report_id)
    current = versions.accepted(e.conn, row.form, row.unit, row.period)
    if withdrawn and current is not None and current.version > row.version:
        raise Refusal("replaced_since", {"unit": row.unit})
    if not withdrawn and (current is None or current.report_id != report_id):
        raise Refusal("replaced_since", {"unit": row.unit})
    (reports.restore if withdrawn else reports.withdraw)(e.conn, report_id, e.now)
    now_in_force = versions.accepted(e.conn, row.form, row.unit, row.period)
    what = "restored" if withdrawn else "withdrawn"
    due = deadline_of(e.bot, e.conn, row.form, row.unit, row.period)
    tell(e, Decided(what, row.unit, row.form, row.period, due, "", now_in_force, row.version))  # type: ignore[arg-type]


def shown_report(e: Errand) -> Matter:
    """What 登记 would write down, and what that changes."""
    ruling = _heard(e).ruling
    rule = e.bot.rules.forms[ruling.judged.form.form]
    before = ruling.before
    return Matter(
        table(ruling.judged.numbers, rule),
        tuple(changes(before.numbers, ruling.judged.numbers, rule) if before else ()),
        tuple(f.message for f in ruling.judged.findings),
    )


def shown_retract(e: Errand) -> Matter:
    """What 撤回 would take back, and what would then be in force."""
    current, before = _versions(e)
    rule, said_ = e.bot.rules.forms[current.form], e.bot.rules.commands.answers
    left = said_["would_leave_version"].format(version=before.version) if before else said_["would_leave_none"]
    differs = tuple(changes(current.numbers, before.numbers, rule) if before else ())
    return Matter(table(current.numbers, rule), differs, (left,))


ACTS = {"report": report, "retract": retract}
SHOWN = {"report": shown_report, "retract": shown_retract}


def _about(e: Errand) -> tuple[str, str, str]:
    """Unit, month and form of the order; ``Refusal`` for a report that nobody owes."""
    a, form = e.order.arguments, e.bot.rules.targets.form
    unit, period = e.bot.rules.units.by_name[a.unit or ""], a.period or ""
    campaign = e.bot.campaign
    if not campaign.first <= period <= campaign.last or not e.bot.rules.forms[form].owed_by(unit, period):
        raise Refusal("no_period")
    return unit.name, period, form


def _heard(e: Errand) -> _Call:
    """The numbers, judged as if the unit had written them itself. ``Refusal`` where they cannot be registered."""
    unit, period, form = _about(e)
    mail_id = e.given.first_mail_id or e.given.mail_id
    if mail_id is None:
        raise Refusal("by_mail_alone")  # a report is kept with the mail that it came with
    came = archive.headline(e.conn, mail_id).received_at
    rule, rules = e.bot.rules.forms[form], e.bot.rules
    due = deadline_of(e.bot, e.conn, form, unit, period)
    person = next(iter(reachable(e, unit)), None)
    sender = KnownSender((unit,), person.name if person else "", mobile=person.mobile if person else "")
    names = rules.units.by_name[unit].names
    answered = known(Answered((Obligation(unit, form, period, due),)), e.bot, e.conn)
    found = said(reply_in(e.order.arguments.numbers or "", rule, rules, names), answered, sender, rules)
    if not found.documents:
        raise Refusal("numbers_unclear", {"text": rules.reasons.unclear[found.unclear or "words"]})
    placed = place(
        tuple(_written_down(document, sender, e) for document in found.documents),
        sender,
        rules,
        subject="",
        received_at=came,
        campaign=e.bot.campaign,
        zone=e.bot.zone,
    )[0]
    past = without_objection(past_of(e.conn, placed, e.bot, e.now))
    ruling = rule_on(placed, judge(placed, past, rules.words), past, "", due, came)
    if ruling.outcome == "duplicate":
        raise Refusal("same_numbers", {"unit": unit, "month": rules.words.month_text(period)})
    if ruling.outcome != "accepted":
        wrong = (f.message for f in ruling.judged.findings if f.severity == "error")
        raise Refusal("numbers_wrong", {"text": "；".join(text.rstrip("。") for text in wrong)})
    return _Call(ruling, mail_id, came)


def _written_down(document: Document, sender: KnownSender, e: Errand) -> Document:
    """The form as it stands in the record: said by telephone, and by whom if anybody is known."""
    fields = {"reporter": Written(sender.person, ""), "phone": Written(sender.mobile, "")}
    who = {id_: written for id_, written in fields.items() if written.text}

    def called(form: Form) -> Form:
        return replace(form, origin="telephone", fields={**form.fields, **who})

    name = e.bot.rules.commands.answers["by_telephone"]
    return replace(document, name=name, forms=tuple(map(called, document.forms)))


def _versions(e: Errand) -> tuple[Accepted, Accepted | None]:
    """The version in force, and the one that would be in its place."""
    unit, period, form = _about(e)
    current = versions.accepted(e.conn, form, unit, period)
    if current is None:
        raise Refusal("nothing_registered", _named(e))
    before = versions.accepted_below(e.conn, form, unit, period, current.version)
    if before is None and bulletins.is_released(e.conn, form, period):
        raise Refusal("announced_alone", _named(e))
    return current, before


def _decided(e: Errand, what: Any, version: int, current: Accepted | None) -> Decided:
    unit, period, form = _about(e)
    due = deadline_of(e.bot, e.conn, form, unit, period)
    return Decided(what, unit, form, period, due, e.order.arguments.reason or "", current, version)


def _named(e: Errand) -> dict[str, Any]:
    unit, period, form = _about(e)
    return {"unit": unit, "form": e.bot.rules.forms[form].name, "month": e.bot.rules.words.month_text(period)}


def _receipts(e: Errand, call: _Call) -> int:
    """A receipt to each of the unit's liaisons, as for a report of his own; how many there are."""
    unit, period, form = _about(e)
    about = Obligation(unit, form, period, call.ruling.deadline or deadline_of(e.bot, e.conn, form, unit, period))
    told = 0
    for person in reachable(e, unit):
        sender = KnownSender((unit,), person.name)
        context = ruled_context(sender, (call.ruling,), e.bot.rules, subject="", received_at=call.received_at)
        draft = LetterDraft(
            key=f"receipt:telephone:{call.mail_id}:{unit}:{form}:{period}:{person.email}",
            letter="receipt",
            to=person.email,
            context=context,
            obligations=(about,),
        )
        told += enqueue(e.bot, e.conn, draft, e.now, call.mail_id) is not None
    return told

"""The JSON shapes that other programs rely on: forms, documents, mails. They grow and do not change."""

from collections.abc import Iterable
from typing import Any

from bot.deciding.evident import evident
from bot.jobs.opening import Opened
from bot.model.deciding import ONCE, Intent, Judged, Ruling
from bot.model.forms import Count, Document, Form
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.rows import RowsRule


def form_shape(judged: Judged, rules: Rules) -> dict[str, Any]:
    """One form: what it says, and every finding."""
    form = judged.form
    rule = rules.forms[form.form]
    if isinstance(rule, RowsRule):
        said: dict[str, Any] = {"rows": [_row(row, rule) for row in judged.content]}
    else:
        said = {"values": _values(judged, rule), "stated": _sums(form, rule)}
    return {
        "form": form.form,
        "place": form.place,
        "unit": judged.unit,
        "period": None if judged.period == ONCE else judged.period,
        "filled_on": judged.filled_on.isoformat() if judged.filled_on else None,
        "reporter": judged.reporter or None,
        "phone": judged.phone or None,
        **said,
        "confidence": form.confidence,
        "findings": [
            {"check": f.check, "severity": f.severity, "place": f.place, "message": f.message} for f in judged.findings
        ],
    }


def _values(judged: Judged, rule: FormRule) -> dict[str, Any]:
    return {g.id: {c.id: judged.numbers.get(g.id, {}).get(c.id) for c in rule.columns} for g in rule.groups}


def _sums(form: Form, rule: FormRule) -> dict[str, Any]:
    return {
        "subtotals": {g.id: _stated(form.subtotals.get(g.id)) for g in rule.groups},
        "total": _stated(form.total),
    }


def _row(row: dict[str, Any], rule: RowsRule) -> dict[str, Any]:
    """A row keyed by column; which table it stands in, where a form could have several."""
    return {key: value for key, value in row.items() if key != "table" or rule.base_of}


def _stated(count: Count | None) -> int | None:
    return count.value if count else None


def reason_shape(code: str | None, rules: Rules) -> dict[str, str] | None:
    """Why a document could not be read, as a code for programs and a sentence for people; None if it could."""
    return {"code": code, "message": rules.reasons.unreadable[code]} if code else None


def attachment_shapes(opened: Opened, rulings: Iterable[Ruling], rules: Rules) -> list[dict[str, Any]]:
    """What was found after unwrapping: the workbook in the zip, not the zip. What was not ruled on was no form."""
    taken = {ruling.judged.form.form for ruling in rulings}
    found = [_document(d, rules) for d in evident(opened.documents, opened.mail, taken, rules)]
    if opened.mail.automatic and not opened.documents:  # what a machine sends by itself is not opened
        found = [
            {"name": a.name, "kind": "other", "status": "skipped", "reason": None} for a in opened.mail.attachments
        ]
    for refused in opened.mail.refused:
        reason = reason_shape(refused.code, rules)
        found.append({"name": refused.name, "kind": refused.kind, "status": "unreadable", "reason": reason})
    return found


def _document(document: Document, rules: Rules) -> dict[str, Any]:
    code = document.unreadable.code if document.unreadable else None
    status = "unreadable" if code else "read"
    return {"name": document.name, "kind": document.kind, "status": status, "reason": reason_shape(code, rules)}


def _letters(intent: Intent, sender: str | None) -> list[tuple[str, str]]:
    """The letters that a mail leads to; of orders, the one that answers them."""
    answers = {"obey": "orders", "refuse": "orders", "confirm": "confirm_order"}
    if intent.orders and sender and intent.orders.verdict in answers:
        return [(answers[intent.orders.verdict], sender)]
    return [(letter.letter, letter.to) for letter in intent.letters]


def mail_shape(opened: Opened, intent: Intent, rules: Rules) -> dict[str, Any]:
    """``explain --json``: what the mail is and what would be done."""
    mail = opened.mail
    question = next((rules.reasons.waiting[r.why] for r in intent.rulings if r.outcome == "waiting"), None)
    return {
        "message_id": mail.message_id,
        "from": mail.sender,
        "subject": mail.subject,
        "automatic": mail.automatic,
        "attachments": attachment_shapes(opened, intent.rulings, rules),
        "forms": [form_shape(r.judged, rules) for r in intent.rulings],
        "outcome": intent.outcome,
        "letters": [{"letter": letter, "to": to} for letter, to in _letters(intent, mail.sender)],
        "question": question,
        "why": intent.why,
    }

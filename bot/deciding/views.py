"""What a letter shows of rulings: plain values with the labels of the rules, for templates and for JSON."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal

from bot.deciding.adding import subtotal, total
from bot.deciding.county import Tally
from bot.deciding.deadlines import late_days
from bot.deciding.findings import TOLD, rivals_told
from bot.deciding.formwords import form_words, has_targets
from bot.deciding.judging import EARLIER, UNPROVEN
from bot.deciding.registers import row_changes
from bot.deciding.targets import Share, account_day, progress
from bot.deciding.whose import KnownSender
from bot.model.deciding import ONCE, Accepted, Finding, Judged, Numbers, Ruling
from bot.model.forms import Document
from bot.model.mail import Mail
from bot.model.replies import Standing
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.rows import RowsRule

RIVAL = "rival"  # the check that asks for a number
# What became of words beside a form: a reason that was asked for, or put before the office; a key of [noted].
Noted = Literal["", "explained", "beside"]


def answer_context(
    mail: Mail,
    documents: tuple[Document, ...],
    rulings: tuple[Ruling, ...],
    sender: KnownSender,
    rules: Rules,
    noted: Noted = "",
) -> dict[str, Any]:
    """The context of every letter that answers a mail. A stranger learns nothing but what he sent."""
    found = ruled_context(sender, rulings, rules, subject=mail.subject, received_at=mail.received_at, noted=noted)
    return {**found, "files": unreadable_files(mail, documents, rules)}


def ruled_context(
    sender: KnownSender,
    rulings: tuple[Ruling, ...],
    rules: Rules,
    *,
    subject: str,
    received_at: datetime,
    noted: Noted = "",
) -> dict[str, Any]:
    """The same of reports that came at a moment, whatever they came with."""
    given = rules.asking if noted == "explained" else frozenset()
    return {
        "person": sender.person,
        "units": list(sender.units),
        "original_subject": subject,
        "received_at": received_at,
        "forms": [_form(ruling, rules, received_at, given) for ruling in rulings],
        "aside": rules.reasons.noted[noted] if noted else "",
        "files": [],
        "marked": [],
    }


def unreadable_files(mail: Mail, documents: tuple[Document, ...], rules: Rules) -> list[dict[str, str]]:
    """Each attachment that could not be read, with what its sender should do."""
    return [{"name": name, "message": rules.reasons.unreadable[code]} for name, code in unread(mail, documents)]


def unread(mail: Mail, documents: tuple[Document, ...]) -> list[tuple[str, str]]:
    """The names of the attachments that could not be read, and why: a key of ``[unreadable]``."""
    failed = [(d.name, d.unreadable.code) for d in documents if d.unreadable]
    return failed + [(f"{r.name} {r.detail}".strip(), r.code) for r in mail.refused]


def shown_period(period: str | None) -> str | None:
    """The month as letters know it; what is owed once has none."""
    return None if period == ONCE else period


def table(numbers: Numbers, rule: FormRule, findings: tuple[Finding, ...] = ()) -> dict[str, Any]:
    """The numbers as they are understood, with sums where all parts are certain. ``stated`` is what a sum says on the
    sender's form, as he wrote it, where ``findings`` have it that it does not agree; else None."""
    stated = {f.target: f.values["stated"] for f in findings if f.check in ("subtotal", "total")}
    if rule.kind == "rows":
        return _row_counts(numbers, rule)
    groups = []
    for group in rule.groups:
        counts = [numbers.get(group.id, {}).get(c.id) for c in rule.columns]
        known = [n for n in counts if n is not None]
        whole = sum(known) if len(known) == len(counts) else None
        wrong = stated.get(("subtotal", group.id))
        groups.append({"label": group.label, "counts": counts, "subtotal": whole, "stated": wrong})
    certain = all(g["subtotal"] is not None for g in groups)
    return {
        "columns": [c.label for c in rule.columns],
        "groups": groups,
        "total": total(numbers) if certain else None,
        "stated": stated.get(("total",)),
    }


def _row_counts(numbers: Numbers, rule: FormRule) -> dict[str, Any]:
    """How many rows each table has: one line, the tables across."""
    column = rule.columns[0]
    counts = [numbers.get(g.id, {}).get(column.id) for g in rule.groups]
    whole = sum(n or 0 for n in counts)
    line = {"label": column.label, "counts": counts, "subtotal": whole, "stated": None}
    return {"columns": [g.label for g in rule.groups], "groups": [line], "total": whole, "stated": None}


def changes(before: Numbers, after: Numbers, rule: FormRule) -> list[dict[str, Any]]:
    """Each cell that differs between two versions."""
    return [
        {"label": rule.label_of(g.id, c.id), "before": old, "after": new}
        for g in rule.groups
        for c in rule.columns
        if (old := before.get(g.id, {}).get(c.id)) != (new := after.get(g.id, {}).get(c.id))
    ]


def standing_view(standing: Standing, rules: Rules) -> dict[str, Any]:
    """One report that is owed, and whether it is on record."""
    rule, current = rules.forms[standing.about.form], standing.current
    return {
        "unit": standing.about.unit,
        "form_name": rule.name,
        "words": form_words(rule.id, rules),
        "period": shown_period(standing.about.period),
        "deadline": standing.about.deadline,
        "version": current.version if current else 0,
        "received_at": current.received_at if current else None,
    }


def _form(ruling: Ruling, rules: Rules, received_at: datetime, explained: Collection[str] = ()) -> dict[str, Any]:
    judged, form = ruling.judged, ruling.judged.form
    rule = rules.forms[form.form]
    # A draft is shown to its own sender, whom nothing contradicts, with all that was found in it.
    unproven = ruling.outcome == "waiting" and ruling.why == UNPROVEN
    shown = ruling.outcome == "accepted" or unproven
    draft = unproven or ruling.shrunk is not None or (ruling.outcome == "waiting" and ruling.why == "confirm")
    stranger = ruling.outcome == "waiting" and not draft
    before = None if stranger else ruling.before
    people = _people(judged, rule)
    zone = ruling.deadline.tzinfo if ruling.deadline else None
    first = before.first_received_at if before else ruling.arrived_at or received_at
    return {
        "title": rule.title,
        "name": rule.name,
        "origin": form.origin,
        "draft": draft,
        "unproven": unproven,
        "shrunk": {"had": ruling.shrunk.had, "named": ruling.shrunk.named} if ruling.shrunk else None,
        "since": form.since or None,
        "words": form_words(rule.id, rules),
        "document": judged.document,
        "sheet": form.place,
        "unit": judged.unit,
        "unit_written": form.fields["unit"].text if "unit" in form.fields else "",
        "period": shown_period(judged.period),
        "outcome": ruling.outcome,
        "version": before.version if before and ruling.outcome == "duplicate" else ruling.version,
        "deadline": ruling.deadline if form.origin != "hand_over" else None,
        "on_time": ruling.on_time,
        "late_days": late_days(first, ruling.deadline, zone) if ruling.deadline and zone else 0,
        "table": table(judged.numbers, rule, judged.findings) if not people else {"groups": []},
        "people": people,
        "errors": [] if stranger else _shown(judged.findings, "error"),
        "warnings": [] if stranger else _shown(judged.findings, "warning", explained),
        "still_missing": next((f.values["expected"] for f in judged.findings if f.case == EARLIER), ""),
        "doubts": [] if stranger else _doubts(judged, rules),
        "doubted": 0 if stranger else sum(rival.kind not in TOLD for rival in form.rivals),
        "changes": changes(before.numbers, judged.numbers, rule) if before and shown else [],
        **_rows(ruling, rule, before),
        "why": ruling.why,
        "waiting": rules.reasons.waiting[ruling.why] if ruling.why else "",
        "first_received_at": before.first_received_at if before else None,
        "progress": _progress(ruling, rules, received_at) if ruling.outcome in ("accepted", "duplicate") else [],
    }


def _people(judged: Judged, rule: FormRule) -> list[list[str]]:
    """Whom a list of liaisons names: name, mobile, address."""
    if not isinstance(rule, RowsRule) or not rule.appoints:
        return []
    return [[row[key] for key in ("name", "mobile", "email") if row.get(key)] for row in judged.content if row["name"]]


def _rows(ruling: Ruling, rule: FormRule, before: Accepted | None) -> dict[str, Any]:
    """Of a form of rows: what came, went and changed against the version before, and how many bear the flag."""
    if not isinstance(rule, RowsRule):
        return {"row_changes": [], "flag": "", "flagged": 0}
    content = ruling.judged.content
    shown = ruling.outcome == "accepted" or ruling.why == UNPROVEN
    found = row_changes(before.content, content, rule) if before and shown else []
    return {
        "row_changes": [
            {"what": c.what, "table": rule.group(c.table).label, "name": c.name, "columns": list(c.columns)}
            for c in found
        ],
        "flag": rule.flag,
        "flagged": sum(bool(rule.flag) and rule.flag in (row[rule.flag_in] or "") for row in content),
    }


def _progress(ruling: Ruling, rules: Rules, received_at: datetime) -> list[dict[str, Any]]:
    """The unit's distance to the targets, for the form that has any. Who is no part of the county and has no base is
    not spoken to of one: nobody asks it for a register."""
    rule, period = rules.forms[ruling.judged.form.form], ruling.judged.period
    if not has_targets(rule.id, rules) or ruling.deadline is None or period is None:
        return []
    unit = rules.units.by_name.get(ruling.judged.unit or "")
    if ruling.base is None and unit and unit.kind in rule.kinds_beside:
        return []
    sums = {g: subtotal(ruling.judged.numbers, g) for g in ruling.judged.numbers}
    on = received_at.astimezone(ruling.deadline.tzinfo).date()
    result = progress(sums, ruling.base, rules.targets, account_day(period, on))
    rows = [(rule.group(id_).label, share) for id_, share in result.groups.items()]
    return [
        share_view(label, share, rules)
        for label, share in (*rows, (rules.targets.label, result.overall))
        if share.target is not None
    ]


def share_view(label: str, share: Share, rules: Rules, targeted: bool = True) -> dict[str, Any]:
    """One unit's share as letters show it; without what is asked of it where the form has no targets."""
    asked: dict[str, Any] = {"target": share.target, "gap": share.gap, "until": share.until}
    asked |= {
        "months_left": share.months_left,
        "pace": share.pace,
        "lag": share.lag,
        "lag_word": lag_word(share, rules),
    }
    known = {"label": label, "reached": share.reached, "base": share.base, "rate": share.rate, "over": None}
    grown = {"growth": None, "newcomers": 0, "first": 0}
    return known | grown | (asked if targeted else dict.fromkeys(asked))


def tally_view(label: str, tally: Tally, rules: Rules, targeted: bool = True) -> dict[str, Any]:
    """The same of several units together: ``reached`` is None while nobody has sent anything, ``over`` says over whom
    the sum and the rate are (``kind`` in words), ``over.reached`` is what those have reached that the rate is over."""
    over = {
        "kind": kinds_called(tally.over.kinds, rules),
        "expected": tally.over.expected,
        "counted": tally.over.counted,
        "carried": tally.over.carried,
        "rated": tally.over.rated,
        "reached": tally.share.reached,
    }
    grown = {"growth": tally.growth, "newcomers": tally.newcomers, "first": tally.first}
    return share_view(label, tally.share, rules, targeted) | {"reached": tally.reached, "over": over} | grown


def kinds_called(kinds: Sequence[str], rules: Rules) -> str:
    """Kinds of unit in words."""
    words: dict[str, str] = dict(rules.bulletin.kinds.items())
    return "、".join(words[kind] for kind in kinds)


def lag_word(share: Share, rules: Rules) -> str | None:
    """Whether it is on pace, in words; None where nobody can tell."""
    pace = rules.targets.pace
    if not share.lag or pace is None:
        return None
    return pace.words.past if share.passed and share.lag != "on_pace" else str(getattr(pace.words, share.lag))


def _shown(findings: tuple[Finding, ...], severity: str, but: Collection[str] = ()) -> list[dict[str, Any]]:
    told = (f for f in findings if f.check != RIVAL or f.case in TOLD)
    found = (f for f in told if f.severity == severity and f.check not in but)
    return [{"place": f.place, "message": f.message, **_more(f)} for f in found]


def _more(found: Finding) -> dict[str, Any]:
    """How many mistakes a line stands for, where that is more than one."""
    return {"more": found.values["number"]} if found.check == "more" else {}


def _doubts(judged: Judged, rules: Rules) -> list[dict[str, str]]:
    """The numbers that could also be others."""
    rule = rules.forms[judged.form.form]
    if not isinstance(rule, FormRule):
        return []
    return [
        {"place": place, "message": message}
        for place, message in rivals_told(judged.form.rivals, rule, rules.words.rivals)
    ]

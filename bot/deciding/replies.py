"""What words come to: a form like any other, a reason for a warning, a question back, or a line for the office.

    words           the answered letter, or a mail of one's own, is about    becomes
    无变化          one or more open reports of a month                      last month's numbers, for each
    twelve numbers  one report                                               that report
    确认            numbers read from a picture                              those numbers, from the day they first came
    全部, 新增      a list that loses most of its rows                       the list in force; joined to it
    零报告          anything                                                 asked back: all zeros, or no change?
    a sentence      a warning that needs a reason                            the reason, kept with the report
    thanks, later   anything                                                 filed, and counted
    else            anything                                                 for a person; a try to report: asked back

Never a number that no one sent: words that could mean two reports, or another month, mean neither. They make no new
version of a month that is reported already, while the open one is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.deciding.whose import KnownSender
from bot.model.deciding import Accepted, Numbers, Obligation
from bot.model.forms import Count, Document, Form, ReplyOrigin, Written
from bot.model.replies import Asked, Inline, Reply, Said
from bot.reading.written import month
from bot.rules.policy import Rules


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that was read from a picture and waits to be confirmed; ``has_errors`` if it cannot be as it is."""

    form: str
    unit: str | None
    period: str | None
    filled_on: str
    reporter: str
    phone: str
    document: str
    sheet: str
    numbers: Numbers
    received_at: datetime
    has_errors: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """What the record knows of the letter that a mail answers. ``current`` and ``earlier`` are the accepted reports
    of each obligation's month and of the last month before it; ``asks`` the warnings that want a reason;
    ``asked_before`` whether this was asked back already. ``missing`` is what the sender's units owe besides, and have
    not reported. ``fresh``: no letter is answered, and ``obligations`` is what the mail can be about by itself.
    ``unproven`` are the reports that the letter asked its receiver about, whether they are his, ``shrunk`` the lists,
    whether they are the whole ones; ``by_token`` tells whether the answer shows that he has that letter."""

    obligations: tuple[Obligation, ...] = ()
    current: Mapping[Obligation, Accepted] | None = None
    earlier: Mapping[Obligation, Accepted] | None = None
    drafts: tuple[Draft, ...] = ()
    asks: tuple[Asked, ...] = ()
    asked_before: bool = False
    missing: tuple[Obligation, ...] = ()
    fresh: bool = False
    unproven: tuple[int, ...] = ()
    shrunk: tuple[int, ...] = ()
    by_token: bool = False


def said(reply: Reply, answered: Answered, sender: KnownSender, rules: Rules) -> Said:
    """What the words mean for what they are about."""
    answered = _meant(reply, answered)
    match reply.kind:
        case "courtesy" | "promise":
            return Said(text=reply.text, filed=reply.kind, replies=not answered.fresh)
        case "confirm":
            found = _confirmed(answered, rules)
            if not (found.documents or found.unclear or found.counts or found.note):
                return Said(text=reply.text, filed="courtesy", replies=not answered.fresh)
        case "whole" | "added":
            found = _listed(reply.kind == "added", answered)
        case "unchanged":
            found = _unchanged(reply, answered, rules)
        case "numbers":
            found = _numbers(reply, answered, sender, rules)
        case "zero":
            found = Said(unclear="zero")
        case "words" if answered.asks:
            return Said(text=reply.text, explains=answered.asks, about=answered.obligations, replies=True)
        case "unclear":
            found = Said(unclear="words")
        case "nothing":
            return Said(note="announces", replies=not answered.fresh)
        case _:
            return Said(text=reply.text, note=reply.kind, about=answered.obligations, replies=not answered.fresh)
    return replace(
        found,
        text=reply.text,
        asked_before=answered.asked_before,
        about=answered.obligations,
        replies=not answered.fresh,
    )


def _meant(reply: Reply, answered: Answered) -> Answered:
    """What the reply is about: another month than the letter's where it names one that is missing."""
    if not reply.month:
        return answered
    own = [o for o in answered.obligations if _same_month(reply.month, o.period)]
    other = [o for o in answered.missing if _same_month(reply.month, o.period)]
    return replace(answered, obligations=tuple(other)) if other and not own else answered


def _is_old(answered: Answered) -> bool:
    """Whether the month is reported already, while a later one is missing: which of them is meant?"""
    current = answered.current or {}
    return bool(answered.obligations) and all(
        o in current and any(m.period > o.period and m.unit == o.unit for m in answered.missing)
        for o in answered.obligations
    )


def _confirmed(answered: Answered, rules: Rules) -> Said:
    """Nothing waits to be confirmed: then 确认 is a courtesy, as under a receipt. Without the token anybody may have
    written it: a person looks."""
    if (answered.unproven and not answered.by_token) or answered.shrunk:
        return Said(note="words")
    if any(draft.has_errors for draft in answered.drafts):
        return Said(unclear="draft_errors")
    return Said(tuple(_document(draft, rules) for draft in answered.drafts), counts=answered.unproven)


def _listed(joins: bool, answered: Answered) -> Said:
    """A list that was asked about, and is now the whole one, or what is new. Where none was, a person looks; without
    the token, too."""
    if not answered.shrunk or not answered.by_token:
        return Said(note="words")
    return Said(counts=answered.shrunk, joins=joins)


def _document(draft: Draft, rules: Rules) -> Document:
    fields = {
        "unit": Written(draft.unit or "", ""),
        "period": Written(rules.words.month_text(draft.period) if draft.period else "", ""),
        "filled_on": Written(draft.filled_on, ""),
        "reporter": Written(draft.reporter, ""),
        "phone": Written(draft.phone, ""),
    }
    form = Form(draft.form, draft.sheet, fields, _counts(draft.numbers), origin="confirmed")
    return Document(draft.document, "image", (form,), arrived_at=draft.received_at)


def _unchanged(reply: Reply, answered: Answered, rules: Rules) -> Said:
    """Last month's numbers for every report that the letter asked for. One that has arrived meanwhile is not
    overwritten: its own numbers are what has not changed."""
    if not answered.obligations:
        return Said(unclear="several")
    if len({o.period for o in answered.obligations}) > 1:
        return Said(unclear="several")
    if not _same_month(reply.month, answered.obligations[0].period):
        return Said(unclear="other_month")
    if _is_old(answered) and not reply.month:
        return Said(unclear="old_month")
    forms = []
    for o in answered.obligations:
        known = (answered.current or {}).get(o) or (answered.earlier or {}).get(o)
        if known is None:
            return Said(unclear="no_earlier")
        if reply.like and not _same_month(reply.like, known.period):
            return Said(unclear="other_month")
        since = known.period if known.period != o.period else ""
        forms.append(_of(o, _counts(known.numbers), rules, "unchanged", since))
    return Said((Document(rules.words.body_name, "body", tuple(forms)),))


def _numbers(reply: Reply, answered: Answered, sender: KnownSender, rules: Rules) -> Said:
    """The one report that the numbers can be."""
    about = [o for o in answered.obligations if reply.unit in (None, o.unit)]
    if reply.month:
        about = [o for o in about if _same_month(reply.month, o.period)]
        if not about:
            return Said(unclear="other_month")
    if len(about) != 1 or reply.numbers is None or (reply.unit and reply.unit not in sender.units):
        return Said(unclear="several")
    if _is_old(replace(answered, obligations=tuple(about))) and not _repeats(reply.numbers, about[0], answered):
        return Said(unclear="old_month")
    form = _of(about[0], reply.numbers.counts, rules, "numbers", inline=reply.numbers)
    return Said((Document(rules.words.body_name, "body", (form,)),))


def _repeats(numbers: Inline, about: Obligation, answered: Answered) -> bool:
    """Whether the numbers are those on record."""
    known = (answered.current or {}).get(about)
    written = {g: {c: n.value for c, n in columns.items()} for g, columns in numbers.counts.items()}
    return known is not None and known.numbers == written


def _same_month(written: str, period: str) -> bool:
    """Whether the month that is written, if any, is the period's."""
    if not written:
        return True
    year, number = month(written)
    return number == int(period[5:]) and year in (None, int(period[:4]))


def _of(
    o: Obligation,
    counts: dict[str, dict[str, Count]],
    rules: Rules,
    origin: ReplyOrigin,
    since: str = "",
    inline: Inline | None = None,
) -> Form:
    """A form for what is owed; who reports is known by his address, and is added where the sender is known."""
    fields = {"unit": Written(o.unit, ""), "period": Written(rules.words.month_text(o.period), "")}
    subtotals, total = (inline.subtotals, inline.total) if inline else ({}, None)
    return Form(o.form, "", fields, counts, subtotals, total, origin=origin, since=since)


def _counts(numbers: Numbers) -> dict[str, dict[str, Count]]:
    return {g: {c: Count(n, str(n), "") for c, n in columns.items()} for g, columns in numbers.items()}

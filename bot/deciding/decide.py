"""From rulings to an intent: which one letter answers the mail, and what is put before the office.

outcome of a mail   the first of: returned, waiting, accepted, duplicate, unreadable, ignored
its letter          returned, waiting or confirm, receipt, duplicate, unreadable or no_attachment, none

Without a form in it, a reply may be a reason for a warning (letter explained, accepted), or be asked back (unclear).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.deciding.evident import UNNAMED
from bot.deciding.views import answer_context
from bot.deciding.whose import KnownSender
from bot.mail.body import own_words
from bot.model.deciding import Attention, Intent, LetterDraft, Obligation, Outcome, Ruling
from bot.model.forms import Document
from bot.model.mail import Mail
from bot.model.replies import Said
from bot.rules.policy import Rules

ORDER: tuple[Outcome, ...] = ("returned", "waiting", "accepted", "duplicate", "unreadable", "ignored")
WORKBOOKS = ("xlsx", "xls", "ods")  # what a person must look at when a liaison sends it without a form in it
CONFIRM = "confirm"  # why a report waits, and the letter that asks its sender
NOTHING_SAID = Said()
LETTERS = {"returned": "returned", "waiting": "waiting", "accepted": "receipt", "duplicate": "duplicate"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What limits answering: ``answer_from`` is the moment before which mail is recorded only (aware),
    ``letters_per_day`` the cap for this sender's address. With ``flood`` no stranger is answered now."""

    answer_from: datetime
    letters_per_day: int
    flood: bool = False


def ignore(why: str) -> Intent:
    """Nothing to do, for a reason that is a key of ``[automatic]`` or one of this module's."""
    return Intent("ignored", why)


def decide(
    mail: Mail,
    documents: tuple[Document, ...],
    rulings: tuple[Ruling, ...],
    sender: KnownSender,
    rules: Rules,
    policy: Policy,
    said: Said = NOTHING_SAID,
) -> Intent:
    """What one mail leads to. Pure: the same values give the same intent."""
    outcome, letter = _outcome(mail, documents, rulings, sender, rules, said)
    unanswered = _unanswered(mail, sender, policy) if letter else ""
    attention = [_waiting(n, r) for n, r in enumerate(rulings) if r.outcome == "waiting"]
    if said.unclear:
        attention += [] if letter and not unanswered else [Attention("reply_unclear", unit=sender.units[0])]
    elif outcome == "unreadable":
        kind = "missing_attachment" if letter == "no_attachment" else "unreadable"
        attention.append(Attention(f"{kind}_unanswered" if unanswered else kind))
    elif outcome == "ignored" and sender.units:
        attention += [Attention("no_form", d.name) for d in documents if d.kind in WORKBOOKS or _is_unnamed(d)]
        attention += [Attention("reply_words", unit=sender.units[0])] if said.for_person else []
    intent = Intent(outcome, letter or "no_report", rulings, (), tuple(attention))
    if letter == "explained":
        intent = replace(intent, reason=said.text, explains=tuple(a.finding_id for a in said.explains))
    if unanswered:
        told = _limit_told(unanswered, mail, sender)
        return replace(intent, why=f"{intent.why}, not answered: {unanswered}", attention=(*intent.attention, *told))
    if not letter or not mail.sender:
        return intent
    draft = LetterDraft(
        key=f"{letter}:{mail.sha256[:24]}",
        letter=letter,
        to=mail.sender,
        context={**answer_context(mail, documents, rulings, sender, rules), **_words_of(said, rules)},
        reply_to=mail.message_id,
        subject_of=mail.subject,
        obligations=_about(rulings) or said.about,
    )
    return replace(intent, letters=(draft,))


def _outcome(
    mail: Mail,
    documents: tuple[Document, ...],
    rulings: tuple[Ruling, ...],
    sender: KnownSender,
    rules: Rules,
    said: Said,
) -> tuple[Outcome, str]:
    """The mail's outcome, and the letter that answers it or an empty string."""
    for outcome in ORDER[:4]:
        why = [r.why for r in rulings if r.outcome == outcome]
        if why:
            return outcome, CONFIRM if set(why) == {CONFIRM} else LETTERS[outcome]
    if said.explains:
        return "accepted", "explained"
    if said.unclear:
        return "unreadable", "" if said.asked_before else "unclear"
    files = [*(d.name for d in documents if d.kind != "body"), *(r.name for r in mail.refused)]
    # The subject of an answer to a letter of ours is ours: 收到，谢谢 does not announce a file.
    subject = "" if sender.answers_ours and not files else mail.subject
    words = " ".join((subject, own_words(mail.text), *files))
    spoken_of = any(form.spoken_of_in(words) for form in rules.forms.values())
    if not files:
        return ("unreadable", "no_attachment") if spoken_of and sender.units else ("ignored", "")
    # Ordinary mail of the office has attachments too: it is left alone unless its sender reports, or it says so.
    broken = bool(mail.refused) or any(
        d.unreadable and d.unreadable.code not in ("no_form", UNNAMED) for d in documents
    )
    return ("unreadable", "unreadable") if spoken_of or (sender.units and broken) else ("ignored", "")


def _is_unnamed(document: Document) -> bool:
    return document.unreadable is not None and document.unreadable.code == UNNAMED


def _unanswered(mail: Mail, sender: KnownSender, policy: Policy) -> str:
    """Why a mail gets no answer, or an empty string."""
    if mail.sender is None:
        return "ambiguous_sender"
    if mail.authentication == "fail":
        return "authentication"  # whoever is named in From did not send it: an answer would hit a bystander
    if mail.received_at < policy.answer_from:
        return "before answer_from"
    if sender.answers_today >= policy.letters_per_day:
        return "capped"
    return "flood" if policy.flood and not sender.units else ""


def _limit_told(unanswered: str, mail: Mail, sender: KnownSender) -> tuple[Attention, ...]:
    """What the office hears of a limit, beside the mail itself. A stranger's mail that would have been answered waits
    for it anyway."""
    if unanswered == "flood":
        return (Attention("strangers_unanswered"),)
    return (Attention("capped", mail.sender or ""),) if unanswered == "capped" and sender.units else ()


def _words_of(said: Said, rules: Rules) -> dict[str, Any]:
    """What the letters that answer mere words show: the words, and what they were taken for or why for nothing."""
    if not said.text:
        return {}
    rule = rules.forms[said.about[0].form] if said.about else next(iter(rules.forms.values()))
    return {
        "said": said.text,
        "asked": [a.message for a in said.explains],
        "unclear": rules.reasons.unclear[said.unclear] if said.unclear else "",
        "groups": [g.label for g in rule.groups],
        "columns": [c.label for c in rule.columns],
    }


def _waiting(number: int, ruling: Ruling) -> Attention:
    judged = ruling.judged
    return Attention(ruling.why, judged.document, judged.unit, judged.form.form, judged.period, ruling=number)


def _about(rulings: tuple[Ruling, ...]) -> tuple[Obligation, ...]:
    """What a reply to the answer will speak of. Of what waits, only a draft: its sender is to confirm it."""
    return tuple(
        Obligation(r.judged.unit, r.judged.form.form, r.judged.period, r.deadline)
        for r in rulings
        if r.judged.unit and r.judged.period and r.deadline and (r.outcome != "waiting" or r.why == CONFIRM)
    )

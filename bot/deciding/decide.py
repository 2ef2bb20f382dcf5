"""From rulings to an intent: which one letter answers the mail, and what is put before the office.

outcome of a mail   the first of: returned, waiting, accepted, duplicate, unreadable, ignored
its letter          returned, waiting or confirm, receipt, duplicate, unreadable or no_attachment, noted or none

Without a form in it, a reply may be a reason for a warning (letter explained, accepted), or be asked back (unclear).
What a liaison writes beside that is put before the office, and he is told so; beside a form, too.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.deciding.evident import UNNAMED
from bot.deciding.heard import quoted
from bot.deciding.judging import SHRUNK, UNPROVEN
from bot.deciding.views import Noted, answer_context, standing_view, unread
from bot.deciding.whose import KnownSender
from bot.mail.body import own_words
from bot.model.deciding import Attention, Intent, LetterDraft, Obligation, Outcome, Ruling
from bot.model.forms import Document
from bot.model.mail import Mail
from bot.model.replies import Said
from bot.rules.policy import Rules

ORDER: tuple[Outcome, ...] = ("returned", "waiting", "accepted", "duplicate", "unreadable", "ignored")
WORKBOOKS = ("xlsx", "xls", "ods")  # what a person must look at when a liaison sends it without a form in it
LEFT_OUT = "left_out"  # why a file was not looked at, and what the office is told of it
FILE_SEPARATOR = " / "  # between the names of files, as an item for the office tells them
CONFIRM = "confirm"  # why a report waits, and the letter that asks its sender
ASKS_SENDER = {CONFIRM, UNPROVEN, SHRUNK}  # why a report waits for its own sender's yes
NOTHING_SAID = Said()
# What a liaison's words are before the office, by what they are; and those that are answered whatever they are about.
NOTES: dict[str, str] = {
    "question": "liaison_question",
    "request": "liaison_request",
    "recall": "liaison_recall",
    "words": "reply_words",
}
HELD = ("held_back", "corrected_in_words")  # why a report waits because of the words beside it
IN_VAIN = "in_vain"  # why what was asked back twice is not asked back again
ASKED_BACK = 2  # times
ANSWERED = ("question", "request", "recall")
LETTERS = {"returned": "returned", "waiting": "waiting", "accepted": "receipt", "duplicate": "duplicate"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What limits answering: ``answer_from`` is the moment before which mail is recorded only (aware),
    ``letters_per_day`` the cap for this sender's address. With ``flood`` no stranger is answered now.
    ``own_address`` is the bot's, to which it never writes an answer."""

    answer_from: datetime
    letters_per_day: int
    flood: bool = False
    own_address: str = ""


def ignore(why: str) -> Intent:
    """Nothing to do, for a reason that is a key of ``[automatic]`` or one of this module's."""
    return Intent("ignored", why)


def by_machine(mail: Mail, rulings: tuple[Ruling, ...]) -> Intent:
    """What a liaison's mail with the mark of a machine leads to: never an answer; its reports wait for the office."""
    attention = tuple(_waiting(n, r, mail) for n, r in enumerate(rulings))
    return Intent("waiting" if rulings else "ignored", mail.automatic or "", rulings, (), attention)


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
    unanswered = (_unanswered(mail, sender, policy) or _in_vain(letter, rulings, sender)) if letter else ""
    attention = [_waiting(n, r, mail, said) for n, r in enumerate(rulings) if r.outcome == "waiting"]
    attention += _told(outcome, letter, unanswered, mail, documents, sender, said)
    if left := [name for name, code in unread(mail, documents) if code == LEFT_OUT]:
        attention.append(Attention(LEFT_OUT, FILE_SEPARATOR.join(left)))
    why = letter or (CONFIRM if said.counts else said.filed or "no_report")
    intent = Intent(outcome, why, rulings, (), tuple(attention))
    explains = _explains(said, rulings, rules)
    if letter == "explained" or explains:
        ids = tuple(a.finding_id for a in said.explains)
        intent = replace(intent, reason=said.text, explains=ids, explains_own=explains)
    elif said.beside and said.note:
        kind = "words_beside" if said.note == "words" else NOTES.get(said.note)
        aside = [Attention(kind, _quoted(mail, said, sender), unit=_unit(sender))] if kind else []
        intent = replace(intent, attention=(*intent.attention, *aside))
    if unanswered:
        told = _limit_told(unanswered, outcome, mail, sender)
        return replace(intent, why=f"{intent.why}, not answered: {unanswered}", attention=(*intent.attention, *told))
    if not letter or not mail.sender:
        return intent
    draft = LetterDraft(
        key=f"{letter}:{mail.sha256[:24]}",
        letter=letter,
        to=mail.sender,
        context={
            **answer_context(mail, documents, rulings, sender, rules, _noted(said, explains)),
            **_words_of(said, rules),
        },
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
            return outcome, CONFIRM if ASKS_SENDER.issuperset(why) else LETTERS[outcome]
    if said.counts:
        return "accepted", ""  # each has its receipt
    if said.explains:
        return "accepted", "explained"
    if said.unclear:
        return "unreadable", "" if said.asked_before else "unclear"
    files = [*(d.name for d in documents if d.kind != "body"), *(r.name for r in mail.refused)]
    noted = "noted" if said.note in ANSWERED or (said.note == "words" and said.replies) else ""
    noted = "" if said.asked_before else noted
    if not files and said.note == "announces":
        return "unreadable", "" if said.asked_before else "no_attachment"
    if not files:
        return "ignored", noted
    if not sender.units and any(d.forms for d in documents):
        return "ignored", ""  # a blank form that somebody hands on
    # Ordinary mail of the office has attachments too: it is left alone unless its sender reports, or it says so.
    broken = bool(mail.refused) or any(
        d.unreadable and d.unreadable.code not in ("no_form", UNNAMED) for d in documents
    )
    # The subject of an answer to a letter of ours is ours, but not where a file is announced.
    words = " ".join((mail.subject, own_words(mail.text), *files))
    spoken_of = any(form.spoken_of_in(words) for form in rules.forms.values())
    return ("unreadable", "unreadable") if spoken_of or (sender.units and broken) else ("ignored", noted)


def _told(
    outcome: Outcome,
    letter: str,
    unanswered: str,
    mail: Mail,
    documents: tuple[Document, ...],
    sender: KnownSender,
    said: Said,
) -> list[Attention]:
    """What the office hears of a mail without a report, beside what waits."""
    if said.unclear:
        asked = bool(letter) and not unanswered
        return [] if asked else [Attention("reply_unclear", _quoted(mail, said, sender), unit=_unit(sender))]
    if outcome == "unreadable":
        kind = "unreadable" if documents or mail.refused else "missing_attachment"
        kind = kind if letter and not unanswered else f"{kind}_unanswered"
        return [Attention(kind, _quoted(mail, said, sender), unit=_unit(sender))]
    if outcome != "ignored":
        return []
    if not sender.units:
        blank = any(d.forms for d in documents)
        return [Attention("stranger_blank", quoted(mail))] if blank else []
    found = [Attention("no_form", d.name) for d in documents if d.kind in WORKBOOKS or _is_unnamed(d)]
    told = NOTES.get(said.note)
    if told and (unanswered or not letter):
        told = "liaison_words"  # he was told nothing
    return [*found, Attention(told, _quoted(mail, said, sender), unit=_unit(sender))] if told else found


def _quoted(mail: Mail, said: Said, sender: KnownSender) -> str:
    return quoted(mail, said.text, answers_ours=sender.answers_ours)


def _unit(sender: KnownSender) -> str | None:
    return sender.units[0] if sender.units else None


def _explains(said: Said, rulings: tuple[Ruling, ...], rules: Rules) -> bool:
    """Whether the words beside a form are the reason that one of its findings asks for."""
    asked = any(f.check in rules.asking for r in rulings for f in r.judged.findings if r.outcome != "waiting")
    return said.beside and said.note == "words" and asked


def _noted(said: Said, explains: bool) -> Noted:
    """What a letter says of the words that stood beside the form that it answers."""
    if explains:
        return "explained"
    return "beside" if said.beside and said.note in NOTES else ""


def _is_unnamed(document: Document) -> bool:
    return document.unreadable is not None and document.unreadable.code == UNNAMED


def _unanswered(mail: Mail, sender: KnownSender, policy: Policy) -> str:
    """Why a mail gets no answer, or an empty string."""
    if mail.sender is None:
        return "ambiguous_sender"
    if mail.sender == policy.own_address.lower():
        return "own_address"  # somebody of the office has sent it to himself, and reads the question anyway
    if mail.authentication == "fail":
        return "authentication"  # whoever is named in From did not send it: an answer would hit a bystander
    if mail.received_at < policy.answer_from:
        return "before answer_from"
    if sender.answers_today >= policy.letters_per_day:
        return "capped"
    return "flood" if policy.flood and not sender.units else ""


def _in_vain(letter: str, rulings: tuple[Ruling, ...], sender: KnownSender) -> str:
    """Whether the same was asked back often enough: a person helps by telephone, and a robot's echo ends here."""
    same = letter == "returned" and all(r.outcome == "returned" and r.went_back >= ASKED_BACK for r in rulings)
    return IN_VAIN if same or (letter == "unreadable" and sender.unreadable_today >= ASKED_BACK) else ""


def _limit_told(unanswered: str, outcome: Outcome, mail: Mail, sender: KnownSender) -> tuple[Attention, ...]:
    """What the office hears of a limit, beside the mail itself. A stranger's mail that would have been answered waits
    for it anyway."""
    if unanswered == IN_VAIN:
        return (Attention(IN_VAIN, quoted(mail), unit=_unit(sender)),) if outcome == "returned" else ()
    if unanswered == "flood":
        return (Attention("strangers_unanswered"),)
    return (Attention("capped", mail.sender or ""),) if unanswered == "capped" and sender.units else ()


def _words_of(said: Said, rules: Rules) -> dict[str, Any]:
    """What the letters that answer mere words show: the words, and what they were taken for or why for nothing."""
    if not said.text:
        return {}
    rule = rules.forms[said.about[0].form] if said.about else next(iter(rules.matrices.values()))
    return {
        "said": said.text,
        "asked": [a.message for a in said.explains],
        "unclear": rules.reasons.unclear[said.unclear] if said.unclear else "",
        "note": rules.reasons.noted[said.note] if said.note in NOTES else "",
        "standing": [standing_view(s, rules) for s in said.standing],
        "groups": [g.label for g in rule.groups],
        "columns": [c.label for c in rule.columns],
    }


def _waiting(number: int, ruling: Ruling, mail: Mail, said: Said = NOTHING_SAID) -> Attention:
    judged = ruling.judged
    detail = quoted(mail, said.text) if ruling.why in HELD else judged.document
    return Attention(ruling.why, detail, judged.unit, judged.form.form, judged.period, ruling=number)


def _about(rulings: tuple[Ruling, ...]) -> tuple[Obligation, ...]:
    """What a reply to the answer will speak of. Of what waits, only a draft: its sender is to confirm it."""
    return tuple(
        Obligation(r.judged.unit, r.judged.form.form, r.judged.period, r.deadline)
        for r in rulings
        if r.judged.unit and r.judged.period and r.deadline and (r.outcome != "waiting" or r.why in ASKS_SENDER)
    )

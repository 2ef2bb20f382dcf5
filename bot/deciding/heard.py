"""Who hears of a mail? Held in one place, after everything else was decided, so that no special case forgets it. Pure.

from                                   and nobody hears of it yet               then
a liaison, the staff                   thanks, a promise, a machine's own       filed: counted and listed in the digest
a liaison, the staff                   anything else                            a line before the office, with its words
a stranger                             it names a unit, a form or a person      a line before the office, with its words
a stranger, a machine                  anything else                            nothing
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.mail.beneath import passed_on
from bot.mail.body import own_words
from bot.model.deciding import Attention, Intent
from bot.model.mail import Mail
from bot.rules.base import even
from bot.rules.policy import Rules
from bot.rules.units import Unit

# What a machine writes by itself, and no person with it. The other marks of machines stand on mails of people, too.
QUIET = frozenset({"own", "bounce", "read_receipt", "postmaster"})
FILED = frozenset({"courtesy", "promise", "auto_reply"})  # why nobody is told, where the mail is a liaison's
# Lines for the office that quote what somebody wrote.
QUOTING = frozenset(
    {
        *("reply_words", "liaison_question", "liaison_request", "liaison_recall", "words_beside", "machine_words"),
        *("liaison_words", "staff_words", "stranger_words", "stranger_blank", "reply_unclear"),
        *("missing_attachment", "missing_attachment_unanswered", "unreadable", "unreadable_unanswered"),
        "in_vain",
        *("held_back", "corrected_in_words"),
    }
)
QUOTED_LINES, QUOTED = 4, 240  # lines and characters of a quotation
SEPARATOR = " / "
_SHORTEST = 2  # characters of a name that says something
_LOOKED_AT = 4_000  # characters of a stranger's words


@dataclass(frozen=True, slots=True)
class From:
    """Who sent a mail: the units of a liaison, and whether the address is the staff's. ``people`` are the names on the
    roster, looked for in the mail of whoever is neither. ``answers_ours``: it answers a letter of ours."""

    units: tuple[str, ...] = ()
    is_staff: bool = False
    people: Collection[str] = ()
    answers_ours: bool = False


def quoted(mail: Mail, words: str = "", *, answers_ours: bool = False) -> str:
    """The first lines of what somebody wrote and of what he passes on, and the names of his files. What an answer to a
    letter of ours quotes is our own."""
    text = mail.text[:_LOOKED_AT]
    parts = (words or own_words(text), "" if answers_ours else passed_on(text))
    said = [SEPARATOR.join(_first(part))[:QUOTED] for part in parts]
    files = SEPARATOR.join([*(a.name for a in mail.attachments), *(r.name for r in mail.refused)])[:QUOTED]
    return SEPARATOR.join(filter(None, (*said, files)))


def _first(text: str) -> list[str]:
    return [bare for line in text.split("\n") if (bare := line.strip())][:QUOTED_LINES]


def heard(intent: Intent, mail: Mail, words: str, by: From, rules: Rules) -> Intent:
    """The intent, with a line for the office where otherwise nobody would hear of the mail."""
    if intent.letters or intent.attention or intent.orders or intent.counts or mail.automatic in QUIET or mail.bounce:
        return intent
    if by.units or by.is_staff:
        if intent.why in FILED:
            return intent
        kind = "machine_words" if mail.automatic else "liaison_words" if by.units else "staff_words"
        unit = by.units[0] if len(by.units) == 1 else None
        said = quoted(mail, words, answers_ours=by.answers_ours)
        return replace(intent, attention=(Attention(kind, said, unit=unit),))
    if mail.automatic or not _names_us(mail, words, by.people, rules):
        return intent
    return replace(intent, attention=(Attention("stranger_words", quoted(mail, words)),))


def _names_us(mail: Mail, words: str, people: Collection[str], rules: Rules) -> bool:
    """Whether a stranger's mail names a form, a unit or a person on the roster: anywhere in it, since a successor is
    known by his signature, or by the letter that he passes on."""
    files = (*(a.name for a in mail.attachments), *(r.name for r in mail.refused))
    text = " ".join((mail.subject, words[:_LOOKED_AT], mail.text[:_LOOKED_AT], *files))
    if any(form.spoken_of_in(text) for form in rules.forms.values()):
        return True
    plain = even(text)
    units = (name for unit in rules.units.units for name in map(even, unit.names) if _tells(name, unit))
    return any(name in plain for name in (*filter(_is_long, map(even, people)), *units))


def _is_long(name: str) -> bool:
    return len(name) >= _SHORTEST


def _tells(name: str, unit: Unit) -> bool:
    """Whether a name can mean nothing but the unit: 五图 is a place, 商务 without 局 a word of every advertisement."""
    return len(name) > _SHORTEST or (_is_long(name) and unit.kind == "town")

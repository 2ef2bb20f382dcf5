"""Whose report is it? The address, the form and the letter that is answered must agree; nothing is guessed."""

from dataclasses import dataclass, replace

from bot.deciding.findings import finding
from bot.model.deciding import Finding
from bot.model.forms import Written
from bot.rules.forms import FormRule
from bot.rules.units import Units


@dataclass(frozen=True, slots=True)
class KnownSender:
    """What the record knows of the person behind a mail.

    ``units`` are the posts that the address holds (none: a stranger), ``person`` and ``mobile`` his own or empty.
    ``answers_ours``: the mail answers a letter of ours; ``reply_units``, ``reply_period`` and ``reply_forms`` are
    what it was about.
    ``answers_today`` counts the answers that were written to the address since midnight, ``unreadable_today`` those of
    them that asked for a file again.
    """

    units: tuple[str, ...] = ()
    person: str = ""
    reply_units: tuple[str, ...] = ()
    reply_period: str | None = None
    answers_today: int = 0
    answers_ours: bool = False
    mobile: str = ""
    reply_forms: tuple[str, ...] = ()
    unreadable_today: int = 0


@dataclass(frozen=True, slots=True)
class Whose:
    """The unit, or None; ``waiting`` is a key of ``[waiting]`` in rules/reasons.toml; ``sender`` is the one unit
    that the sender can mean by himself."""

    unit: str | None
    finding: Finding | None = None
    waiting: str = ""
    sender: str | None = None


def whose(written: Written | None, sender: KnownSender, rule: FormRule, units: Units) -> Whose:
    """Compares who sent, what is written in the form, and what was answered.

    A reply to a letter that went to another of the sender's own units is no contradiction (people
    answer any old mail of ours); a reply to a letter that never went to any of them is one. A unit that does not
    owe the form is told so, once there is no doubt whose it is.
    """
    found = _agreed(written, sender, rule, units)
    if found.unit is None or found.waiting or (found.finding and found.finding.severity == "error"):
        return found
    unit = units.resolve(found.unit)
    if unit is None or unit.kind in rule.owed.by:
        return found
    place = written.place if written else ""
    told = finding(rule, "unit", "not_owed", place, ("field", "unit"), registered=found.unit)
    return replace(found, finding=told or found.finding)


def _agreed(written: Written | None, sender: KnownSender, rule: FormRule, units: Units) -> Whose:
    text, place = (written.text, written.place) if written else ("", "")
    named = units.resolve(text) if text else None
    if not sender.units:
        return _strangers(named.name if named else None, text, place, rule)
    only = _only(sender)
    if sender.reply_units and not set(sender.reply_units) & set(sender.units):
        return Whose(named.name if named else None, None, "token_mismatch", only)
    if named is not None:
        waiting = "" if named.name in sender.units else "unit_mismatch"
        return Whose(named.name, None, waiting, only)
    registered = only or "、".join(sender.units)
    if not text:
        case = "blank" if only else "several"
        return Whose(only, finding(rule, "unit", case, place, ("field", "unit"), registered=registered), "", only)
    return Whose(
        only, finding(rule, "unit", "", place, ("field", "unit"), written=text, registered=registered), "", only
    )


def _strangers(named: str | None, text: str, place: str, rule: FormRule) -> Whose:
    """Nobody vouches for the name on the form; it is told as written, and waits."""
    if named is not None:
        return Whose(named, waiting="unknown_sender")
    case = "unknown" if text else "missing"
    return Whose(None, finding(rule, "unit", case, place, ("field", "unit"), written=text), "unknown_sender")


def _only(sender: KnownSender) -> str | None:
    """The one unit that the sender can mean without naming it."""
    if len(sender.units) == 1:
        return sender.units[0]
    answered = set(sender.units) & set(sender.reply_units)
    return answered.pop() if len(answered) == 1 else None

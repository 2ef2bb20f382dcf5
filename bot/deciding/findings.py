"""Makes a finding with the severity and the words of the rules."""

from bot.model.deciding import Finding, Target
from bot.model.forms import Other, Rival
from bot.rules.checks import CheckId
from bot.rules.forms import FormRule
from bot.rules.words import RivalWords


def finding(
    rule: FormRule, check: CheckId, case: str = "", place: str = "", target: Target = (), **values: str | int
) -> Finding | None:
    """The finding, or None when this form does not have the check. ``values`` fill its message."""
    found = rule.check(check, case)
    if found is None:
        return None
    message = found.message.format(place=place, **values)
    return Finding(check, found.severity, place, message, case, values, target)


def rival_finding(rival: Rival, rule: FormRule, words: RivalWords) -> Finding:
    """What a number could also be, and where: in the words of the form, else in those of every form. Always a warning:
    its sender is asked, and the report does not go back."""
    others = [_said(other, words) if rival.kind == "line" else other.written for other in rival.others]
    values: dict[str, str | int] = {
        "label": rule.part_in_words(rival.target),
        "read": rival.read.written or words.blank,
        "line": rival.read.line,
        "others": words.join.join(others) or words.unknown,
    }
    found = rule.check("rival", rival.kind)
    message = (found.message if found else getattr(words, rival.kind)).format(place=rival.read.place, **values)
    return Finding("rival", "warning", rival.read.place, message, rival.kind, values, rival.target)


def _said(other: Other, words: RivalWords) -> str:
    line = words.join.join(text for text in (other.line, words.unseen if other.hidden else "") if text)
    return (words.named if line else words.other).format(place=other.place, written=other.written, line=line)

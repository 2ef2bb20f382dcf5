"""Makes a finding with the severity and the words of the rules."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from bot.model.deciding import Finding, Target
from bot.model.forms import Other, Rival
from bot.rules.checks import CheckId, Severity
from bot.rules.forms import FormRule
from bot.rules.words import RivalWords, Words

FINDINGS = 200  # of one form that are kept and told; the others are a number

TOLD = ("parts", "rows_hidden", "rows_struck")  # rivals that ask for no number
TOGETHER = 3  # so many numbers in doubt for one reason are told by one sentence


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
    """What a number could also be, and where: in the words of the form, else in those of every form. Its sender is
    asked, and the report does not go back; it does where there are only parts of the unit, and nothing to confirm."""
    label = _label(rival, rule)
    values = _values(label, rival, rule, words)
    severity: Severity = "error" if rival.kind == "parts" else "warning"
    message = _message(rival, values, rule, words)
    return Finding("rival", severity, rival.read.place, message, rival.kind, values, rival.target)


def rivals_told(rivals: Sequence[Rival], rule: FormRule, words: RivalWords) -> list[tuple[str, str]]:
    """Place and sentence of every number that its sender is asked for. Where many are in doubt for one reason, as those
    of a hidden column are, one sentence says it of all."""
    alike: dict[Hashable, list[Rival]] = {}
    for rival in rivals:
        if rival.kind not in TOLD:
            key = (rival.kind, rival.read.line, tuple((other.line, other.hidden) for other in rival.others))
            alike.setdefault(key, []).append(rival)
    told: list[tuple[str, str]] = []
    for group in alike.values():
        first, label = group[0], rule.part_in_words(group[0].target)
        if len(group) < TOGETHER:
            told += [(f.place, f.message) for rival in group for f in (rival_finding(rival, rule, words),)]
            continue
        others = tuple(_joined(column, words) for column in zip(*(r.others for r in group), strict=True))
        rival = replace(first, read=_joined([r.read for r in group], words), others=others)
        label = words.several.format(label=label, count=len(group))
        told.append((rival.read.place, _message(rival, _values(label, rival, rule, words), rule, words)))
    return told


def _label(rival: Rival, rule: FormRule) -> str:
    if rival.kind in TOLD:
        return rule.group(rival.target[1]).label if rival.target else ""
    return rule.part_in_words(rival.target)


def _joined(those: Sequence[Other], words: RivalWords) -> Other:
    """The same of several numbers: from where to where, and each of them."""
    first, last = those[0].place, those[-1].place
    place = words.span.format(first=first, last=last) if first and last and first != last else first
    return replace(those[0], written="、".join(other.written or words.blank for other in those), place=place)


def _values(label: str, rival: Rival, rule: FormRule, words: RivalWords) -> dict[str, str | int]:
    others = [other.written for other in rival.others]
    if rival.kind == "parts":
        others = [rule.group(other.line).label + other.written for other in rival.others]
    elif rival.kind == "line":
        others = [_said(other, words) for other in rival.others]
    return {
        "label": label,
        "read": rival.read.written or words.blank,
        "line": rival.read.line,
        "others": words.join.join(others) or words.unknown,
    }


def _message(rival: Rival, values: Mapping[str, str | int], rule: FormRule, words: RivalWords) -> str:
    found = rule.check("rival", rival.kind)
    sentence: str = found.message if found else getattr(words, rival.kind)
    return sentence.format(place=rival.read.place, **values)


def bounded(found: Sequence[Finding], words: Words) -> tuple[Finding, ...]:
    """As many findings as one form may have, errors before warnings, in their order; behind them how many more of each
    there are, as a finding ``more``."""
    if len(found) <= FINDINGS:
        return tuple(found)
    by_weight = sorted(range(len(found)), key=lambda number: found[number].severity != "error")
    kept = [found[number] for number in sorted(by_weight[:FINDINGS])]
    for severity in ("error", "warning"):
        if left := sum(found[number].severity == severity for number in by_weight[FINDINGS:]):
            message = words.more_findings.format(number=left)
            kept.append(Finding("more", severity, "", message, severity, {"number": left}))
    return tuple(kept)


def _said(other: Other, words: RivalWords) -> str:
    line = words.join.join(text for text in (other.line, words.unseen if other.hidden else "") if text)
    return (words.named if line else words.other).format(place=other.place, written=other.written, line=line)

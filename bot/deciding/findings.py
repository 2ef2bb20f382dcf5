"""Makes a finding with the severity and the words of the rules."""

from bot.model.deciding import Finding, Target
from bot.rules.checks import CheckId
from bot.rules.forms import FormRule


def finding(
    rule: FormRule, check: CheckId, case: str = "", place: str = "", target: Target = (), **values: str | int
) -> Finding | None:
    """The finding, or None when this form does not have the check. ``values`` fill its message."""
    found = rule.check(check, case)
    if found is None:
        return None
    message = found.message.format(place=place, **values)
    return Finding(check, found.severity, place, message, case, values, target)

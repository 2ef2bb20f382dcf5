"""How letters speak of a form: its own words, so that no template has to know any form."""

from typing import Any

from bot.rules.policy import Rules

TEXTS = ("measure", "counted", "groups", "subtotal", "total", "day", "reached")


def form_words(form: str, rules: Rules) -> dict[str, Any]:
    """``kind`` is the form's kind, ``measure`` and ``counted`` say what the numbers are, ``cumulative`` how a month is
    to be understood, ``groups``, ``subtotal`` and ``total`` head the table. ``day`` is its label for the day of filling
    in, empty if it has none, ``below`` those of what stands below the table. ``reached`` is empty for a form without
    targets."""
    rule = rules.forms.get(form)
    if rule is None:  # its file was taken away: nothing is told of it but that something waits
        return dict.fromkeys(("kind", *TEXTS), "") | {"cumulative": False, "below": []}
    return {
        "kind": rule.kind,
        "cumulative": rule.cumulative,
        "measure": rule.measure,
        "counted": rule.numbers_called,
        "groups": rule.headings.groups,
        "subtotal": rule.headings.subtotals[0],
        "total": rule.headings.total[0],
        "day": next((f.label for f in rule.fields if f.id == "filled_on"), ""),
        "below": [f.label for f in rule.fields if f.side == "below" and f.id != "filled_on"],
        "reached": rules.targets.reached if has_targets(form, rules) else "",
    }


def has_targets(form: str, rules: Rules) -> bool:
    """Whether there is a distance to a target to speak of."""
    return form == rules.targets.form and bool(rules.targets.targets)

"""Whether an order is obeyed: who gave it, what the provider says of him, which letter he answers. Pure.

    provider says   answers a letter to him,   else
                    by a token not used yet, nor too old
    fail            refused: somebody else wrote it, and the office is told
    pass, nothing   obeyed                     asked back once, or as the setting says

Orders that change nothing are obeyed at once: their answer goes to a listed address, whoever asked.
"""

from collections.abc import Set as AbstractSet
from typing import Literal

from bot.model.commands import Verdict
from bot.model.mail import Authentication, Mail, Method

WithoutToken = Literal["confirm", "pass", "never"]


def verdict(authentication: Authentication, *, has_token: bool, changes: bool, without_token: WithoutToken) -> Verdict:
    """``has_token``: the mail answers a letter of ours that went to this very address, by its token, for the first
    time. ``without_token``: "confirm" asks back, "pass" asks back unless the provider vouches for the sender,
    "never" refuses."""
    if authentication == "fail":
        return "forged"
    if not changes or has_token:
        return "obey"
    if without_token == "pass" and authentication == "pass":
        return "obey"
    return "refuse" if without_token == "never" else "confirm"


def is_vouched_for(mail: Mail, usual: AbstractSet[Method]) -> bool:
    """Whether the provider vouches for the sender, and no less than it does as a rule. From alone is no proof: anybody
    can write it."""
    return mail.authentication == "pass" and usual <= mail.vouched_by

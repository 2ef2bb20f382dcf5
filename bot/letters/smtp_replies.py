"""What an SMTP server's refusal means. Pure. The same number means several things at NetEase, so the text is
judged first (the codes of its help pages, https://help.mail.163.com), then the number (RFC 5321, 4.2.1).
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

from bot.model.letters import GivenUp, RetryAt

Step = Literal["mail", "rcpt", "data"]  # to which command the server answered

MINUTE = 60.0
HOUR = 60 * MINUTE
SOON = MINUTE  # the least pause; the caller's own backoff may well be longer
SPAM_ATTEMPTS = 3  # "resend in two minutes" is believed so often

LOCKED_OUT = re.compile(r"too (much|many) fail(ed)? authentication", re.I)


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row: a text that means the same at any number. ``seconds`` None gives the letter up; ``account``
    means that the operator must see to the account or the settings, whatever becomes of this letter; ``traffic``
    that it is about how much and how fast we send, so at the login it says nothing of the password."""

    pattern: re.Pattern[str]
    seconds: float | None = None
    tomorrow: bool = False
    dead_address: bool = False
    account: bool = False
    traffic: bool = False


def _row(pattern: str, seconds: float | None = None, **marks: bool) -> Meaning:
    return Meaning(re.compile(pattern, re.I), seconds, **marks)


MEANINGS = (
    _row(LOCKED_OUT.pattern, 6 * HOUR, account=True),
    _row(r"HL:ITC|HL:IHU|MI:SPB", 6 * HOUR, account=True, traffic=True),  # IP's or account's standing
    _row(r"HL:", 15 * MINUTE, traffic=True),  # behaviour, concurrency or rate of the IP
    _row(r"MI:DMC", SOON, traffic=True),  # too many on this connection: the next one will do
    _row(r"MI:SFQ|RP:QRC|RP:DRC|RP:RCL|frequency limited", 15 * MINUTE, traffic=True),
    _row(r"MI:STC|RP:TRC", 12 * HOUR, tomorrow=True, account=True, traffic=True),
    # The sender's address or the account's rights: the same for every letter, so none is given up for it.
    _row(
        r"MI:IMF|mail from must equal authorized|mail from address must be same|user has no permission",
        HOUR,
        account=True,
    ),
    _row(r"illegal attachment"),
    _row(r"user not found|invalid user|suspended|user unknown|unknown user|no such user", dead_address=True),
    _row(r"recipient (address )?(rejected|unknown|not found)|mailbox (not found|unavailable)", dead_address=True),
    _row(r"\b5\.1\.(1|2|3|10)\b|\b5\.2\.1\b", dead_address=True),  # RFC 3463: bad address, disabled mailbox
)
SPAM = re.compile(r"DT:SPM", re.I)


def judge(code: int, text: str, step: Step = "rcpt", attempts: int = 1) -> RetryAt | GivenUp:
    """What to do with the letter that was refused by ``code`` and ``text`` at ``step``.

    ``attempts`` counts the times that this letter was called spam for now, this one included if it is: after three
    it is held for the office. Any other end of patience is the caller's, who also waits longer than ``seconds`` if
    its own backoff says so. Success codes (2xx, 3xx) are not for here.
    """
    reason = f"{code} {text}".strip()
    if SPAM.search(text):
        patient = code < 500 and attempts < SPAM_ATTEMPTS
        return RetryAt(2 * MINUTE, reason) if patient else GivenUp(reason, needs_office=True)
    if meaning := _meaning(code, text, step):
        if meaning.seconds is None:
            dead = meaning.dead_address
            return GivenUp(reason, dead_address=dead, needs_office=not dead)
        whole = meaning.seconds > SOON
        return RetryAt(meaning.seconds, reason, whole_outbox=whole, tomorrow=meaning.tomorrow)
    if code == 421:  # the server is closing, for everyone
        return RetryAt(5 * MINUTE, reason, whole_outbox=True)
    if 500 <= code < 600:
        if step == "mail" and code != 552:  # 552: this letter is too large; else it is about us, not about it
            return RetryAt(HOUR, reason, whole_outbox=True)
        return GivenUp(reason, needs_office=code == 552)
    return RetryAt(SOON, reason)  # 4xx, or an answer that is no SMTP at all


def turned_away(code: int, text: str) -> RetryAt:
    """The same where nothing was offered yet, at the greeting or the login: whatever is said, no letter is to blame."""
    verdict = judge(code, text, "mail")
    if isinstance(verdict, GivenUp):  # "554 DT:SPM" to a connection: our address of the network is meant
        return RetryAt(HOUR, verdict.reason, whole_outbox=True)
    return replace(verdict, whole_outbox=True)


def alarming(code: int, text: str, step: Step = "rcpt") -> bool:
    """Whether the operator must see to the account or the settings: quota used up, blacklisted, From wrong."""
    meaning = _meaning(code, text, step)
    if meaning is not None or SPAM.search(text):
        return meaning is not None and meaning.account
    return step == "mail" and 500 <= code < 600 and code != 552


def is_farewell(code: int, text: str) -> bool:
    """Whether the server merely closes this connection (421 without one of the texts above)."""
    return code == 421 and not SPAM.search(text) and _meaning(code, text, "mail") is None


def refuses_login(code: int, text: str) -> bool:
    """Whether the password is refused, or the account locked after refused ones: no second try by itself."""
    if code in (530, 535) or LOCKED_OUT.search(text):
        return True
    return 500 <= code < 600 and "authenticat" in text.lower()


def refuses_at_login(code: int, text: str) -> bool:
    """The same for an answer to AUTH, where any other 5xx is a refusal too ("550 User has no permission": SMTP is
    switched off), unless it is about how much we send."""
    meaning = _meaning(code, text, "mail")
    return refuses_login(code, text) or (code >= 500 and not (meaning and meaning.traffic))


def is_spam(reason: str) -> bool:
    """Whether a refusal called the letter spam."""
    return bool(SPAM.search(reason))


def _meaning(code: int, text: str, step: Step) -> Meaning | None:
    for meaning in MEANINGS:
        if meaning.pattern.search(text):
            # "450 mailbox unavailable" passes; and before RCPT no recipient was named: it is our own account.
            if meaning.dead_address and (code < 500 or step == "mail"):
                continue
            return meaning
    return None

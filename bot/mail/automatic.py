"""Whether a machine wrote a mail (RFC 3834, and the marks of providers that do not follow it).

Automatic mail is never answered. The keys are those of ``[automatic]`` in rules/reasons.toml.
"""

import re

from bot.mail import marks
from bot.mail.bounces import is_report
from bot.mail.mime import Part

_TOKEN_HEADER = "x-bot-token"  # stands in every letter of ours
_REPLY_HEADERS = (
    "x-qq-auto-reply",
    "x-qq-holidayreply",
    "x-autoreply",
    "x-auto-reply",
    "x-autorespond",
    "x-autoresponder",
)
_BULK = frozenset({"bulk", "list", "junk"})
_SYSTEM = re.compile(r"(?i)(?:^|[\s<\",;:(])(?:mailer-daemon|postmaster)(?:@|[\s>\",;)]|$)")
_BODY_BEGINNING = 400  # characters: an auto-reply says so at once, further down it is a quotation


def why_automatic(msg: Part, text: str, own_address: str, sender: str | None = None) -> str | None:
    """The key of the first reason that holds, or None for a person's mail.

    ``text`` is the body as people read it; ``sender`` the believed address, if there is one. Looks at the
    headers of the mail itself, never at those of a mail inside it. X-Auto-Response-Suppress is no mark.
    """
    if _is_own(msg, own_address):
        return "own"
    reason = _reason(msg, text, sender)
    # A clerk who forwards something to the office's own address writes from it too, and is no machine.
    return "own" if reason and own_address and sender == own_address.lower() else reason


def _reason(msg: Part, text: str, sender: str | None) -> str | None:
    if is_report(msg):
        return "bounce" if not _is_system(msg, sender) or _says_so(msg) else "postmaster"
    if _is_read_receipt(msg, text):
        return "read_receipt"
    if _is_auto_reply(msg, text):
        return "auto_reply"
    if _word(msg, "auto-submitted") not in ("", "no"):
        return "auto_submitted"
    if _is_list(msg):
        return "list"
    if _is_system(msg, sender):
        return "postmaster"
    if any(_without_space(value) == "<>" for value in msg.raw_all("return-path")):
        return "empty_return_path"
    return None


def _is_own(msg: Part, own_address: str) -> bool:
    """Whether it is a letter of ours: by its token, or by what machines write that send a mail on."""
    loops = " ".join(msg.raw_all("x-loop")).lower()
    return msg.raw(_TOKEN_HEADER) is not None or (bool(own_address) and own_address.lower() in loops)


def _says_so(msg: Part) -> bool:
    """Whether it is a report by its type, its headers or its subject, and not only by who wrote it."""
    return bool(
        msg.get_content_type() == "multipart/report"
        or msg.raw("x-cm-original-message-id") is not None
        or msg.raw("x-failed-recipients") is not None
        or marks.BOUNCE_SUBJECT.match(msg.text("subject"))
    )


def _is_read_receipt(msg: Part, text: str) -> bool:
    """A read receipt without the type of one: what phones and web mails send. Both its subject and its words say so."""
    return bool(
        marks.RECEIPT_SUBJECT.match(msg.text("subject")) and marks.RECEIPT_BODY.search(text[:_BODY_BEGINNING])
    ) and not _has_file(msg)


def _is_auto_reply(msg: Part, text: str) -> bool:
    if any(msg.raw(name) is not None for name in _REPLY_HEADERS) or _word(msg, "precedence") == "auto_reply":
        return True
    # QQ's envelope: <number>+auto_=<local part>=<domain>@qq.com
    if any("+auto_=" in _without_space(v) for name in ("sender", "return-path", "from") for v in msg.raw_all(name)):
        return True
    if marks.AUTO_REPLY_SUBJECT.match(msg.text("subject")):
        return True
    # A machine's reply carries no file; a mail with one is looked at, whatever its first words are.
    return bool(marks.AUTO_REPLY_BODY.match(text[:_BODY_BEGINNING])) and not _has_file(msg)


def _is_list(msg: Part) -> bool:
    if any(name.lower().startswith("list-") for name, _ in msg.raw_items()):
        return True
    return _word(msg, "precedence") in _BULK or msg.raw("x-loop") is not None


def _is_system(msg: Part, sender: str | None) -> bool:
    if sender is not None:
        return sender.split("@")[0] in ("mailer-daemon", "postmaster")
    return any(_SYSTEM.search(value) for value in msg.raw_all("from"))


def _has_file(msg: Part) -> bool:
    return any(isinstance(p, Part) and (p.file_name() or p.disposition() == "attachment") for p in msg.walk())


def _word(msg: Part, name: str) -> str:
    """The first word of a header in lower case: ``auto-replied`` of ``auto-replied; owner-email=…``."""
    words = re.split(r"[\s;(]+", (msg.raw(name) or "").strip().lower(), maxsplit=1)
    return words[0]


def _without_space(value: str) -> str:
    return re.sub(r"\s+", "", value)

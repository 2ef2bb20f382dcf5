"""What a bounce says: which addresses failed, about which of our letters, and whether for good.

Read from multipart/report (RFC 3464), NetEase's X-CM-Original-Message-ID, Exim's X-Failed-Recipients, and
as a last resort from the text. A forged bounce looks the same: compare the Message-IDs with our letters.
"""

import re

from bot.mail import marks
from bot.mail.body import part_text
from bot.mail.charsets import clean_line
from bot.mail.mime import Part
from bot.mail.names import unfold
from bot.model.mail import Bounce

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_ADDRESS = re.compile(r"[^\s<>;:,\"']+@[^\s<>;:,\"']+")
_DELIVERED = frozenset({"delivered", "relayed", "expanded"})  # RFC 3464, 2.3.3: no failure
_DIAGNOSTIC_LIMIT = 300  # characters: a person reads it
_LISTED = 50


def bounce(msg: Part) -> Bounce | None:
    """The bounce that this mail is, or None for any other mail, read receipts and "delivered" reports included."""
    blocks = _status_blocks(msg)
    if blocks:
        return _from_report(msg, blocks)
    named = msg.raw("x-cm-original-message-id") is not None or msg.raw("x-failed-recipients") is not None
    by_subject = _from_system(msg) and marks.BOUNCE_SUBJECT.match(msg.text("subject"))
    if not named and not by_subject:
        return None
    return Bounce(_failed_recipients(msg), _message_ids(msg), True, "")


def _parts(msg: Part) -> list[Part]:
    return list(msg.walk())


def _status_blocks(msg: Part) -> list[Part]:
    """The blocks of the first delivery-status part of a report; the first of them is about the message."""
    if msg.get_content_type() != "multipart/report":
        return []
    status = next((p for p in msg.children() if p.get_content_type() == "message/delivery-status"), None)
    return status.children() if status else []


def _from_report(msg: Part, blocks: list[Part]) -> Bounce | None:
    reports = [(_address(b), (b.raw("action") or "").strip().lower(), _diagnostic(b)) for b in blocks]
    reports = [r for r in reports if r[0] or r[1]]
    failures = [r for r in reports if r[1] not in _DELIVERED]
    if reports and not failures:
        return None
    final = [r for r in failures if r[1] != "delayed"]
    told = final or failures
    recipients = tuple(dict.fromkeys(r[0] for r in told if r[0])) or _failed_recipients(msg)
    diagnostic = next((r[2] for r in told if r[2]), "")
    return Bounce(recipients[:_LISTED], _message_ids(msg), bool(final) or not failures, diagnostic)


def _address(block: Part) -> str:
    """``rfc822; someone@example`` of Final-Recipient: the address that failed, after any forwarding, unless
    the original one is given: that is the one we wrote to."""
    value = block.text("original-recipient") or block.text("final-recipient")
    match = _ADDRESS.search(value.partition(";")[2] or value)
    return match[0].lower() if match else ""


def _diagnostic(block: Part) -> str:
    kind, _, text = block.text("diagnostic-code").partition(";")
    return clean_line(text or kind or block.text("status"))[:_DIAGNOSTIC_LIMIT]


def _from_system(msg: Part) -> bool:
    return bool(re.search(r"(?i)(?:mailer-daemon|postmaster)", msg.raw("from") or ""))


def _failed_recipients(msg: Part) -> tuple[str, ...]:
    found = [m.lower() for value in msg.raw_all("x-failed-recipients") for m in _ADDRESS.findall(unfold(value))]
    if not found:
        for part in _parts(msg):
            if part.get_content_type() == "text/plain" and not part.children():
                found = [m.lower() for m in marks.BOUNCE_RECIPIENT.findall(part_text(part)[:20_000])]
                break
    return tuple(dict.fromkeys(clean_line(address) for address in found))[:_LISTED]


def _message_ids(msg: Part) -> tuple[str, ...]:
    """Of the letter that came back: NetEase's header, the enclosed original or its headers, else In-Reply-To."""
    values = msg.raw_all("x-cm-original-message-id")
    for part in _parts(msg)[1:]:
        if part.get_content_type() == "message/rfc822":
            values += [v for child in part.children() for v in child.raw_all("message-id")]
        elif part.get_content_type() == "text/rfc822-headers":
            values += re.findall(r"(?im)^message-id:[ \t]*(?:\n[ \t]+)?(\S+)", part_text(part))
    values = values or msg.raw_all("in-reply-to") or msg.raw_all("references")
    ids = [clean_line(i) for value in values for i in (_MESSAGE_ID.findall(unfold(value)) or [f"<{value.strip()}>"])]
    return tuple(dict.fromkeys(i for i in ids if i != "<>"))[:_LISTED]

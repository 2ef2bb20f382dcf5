"""What a bounce says: which addresses failed, about which of our letters, for how long, and in which words why.

Read from delivery reports (RFC 3464) wherever they lie in the mail, NetEase's X-CM-Original-Message-ID, Exim's
X-Failed-Recipients, the letter that comes back with it as a part or as text, and else the first lines of a system's own
words. It finds more than one thing to compare on purpose: whoever uses it compares them with our letters, because a
forged bounce looks the same. Which kind of failure it is, ``rules/bounces.toml`` says.
"""

import re

from bot.mail import marks
from bot.mail.body import part_text, visible_text
from bot.mail.charsets import clean_line
from bot.mail.mime import Part
from bot.mail.names import HEADER_LIMIT, decode_words, unfold
from bot.model.mail import Bounce

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_ADDRESS_RUN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~@-]+")
_ID_LINE = re.compile(r"(?im)^[ \t>|]*+message-id:[ \t]*+(?:\n[ \t>|]++)?(\S+)")
_TO_LINE = re.compile(r"(?im)^[ \t>|]*+to:[ \t]*+([^\n]*)")
_STATUS = re.compile(r"(?<![0-9.])[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")  # RFC 3463
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})  # RFC 3464, RFC 6533
_ENCLOSED = frozenset({"message/rfc822", "message/global"})
_HEADERS = frozenset({"text/rfc822-headers", "message/global-headers"})
_DELIVERED = frozenset({"delivered", "relayed", "expanded"})  # RFC 3464, 2.3.3: no failure
_DIAGNOSTIC_LIMIT = 300  # characters: a person reads it
_WORDS_LIMIT = 4_000  # characters of a system's own words; what it has to say stands at the top
_TEXT_LIMIT = 40_000  # characters of all texts together, a copied letter included
_LISTED = 50


def bounce(msg: Part) -> Bounce | None:
    """The bounce that this mail is, or None for any other mail, read receipts and "delivered" reports included."""
    if not is_report(msg) or _is_receipt(msg):
        return None
    parts = _own_parts(msg)
    blocks = [block for part in parts if part.get_content_type() in _REPORTS for block in part.children()]
    reports = [r for r in map(_reported, blocks) if r[0] or r[1]]
    failures = [r for r in reports if r[1] not in _DELIVERED]
    if reports and not failures:
        return None
    final = [r for r in failures if r[1] != "delayed"]
    told = final or failures
    words, copied = _texts(parts)
    enclosed = [child for part in parts if part.get_content_type() in _ENCLOSED for child in part.children()]
    headers = "\n".join(part_text(p) for p in parts if p.get_content_type() in _HEADERS)[:_TEXT_LIMIT]
    copied = f"{headers}\n{copied}"
    addresses = [r[0] for r in told if r[0]] or _failed(msg) or addresses_in(words) or _addressees(enclosed, copied)
    recipients = tuple(dict.fromkeys(map(clean_line, addresses)))[:_LISTED]
    diagnostic = next((r[3] for r in told if r[3]), "")
    return Bounce(
        recipients,
        _message_ids(msg, enclosed, f"{words}\n{copied}"),
        bool(final) or not failures,
        diagnostic,
        status=tuple(dict.fromkeys(code for r in told for code in _STATUS.findall(f"{r[2]} {r[3]}"))),
        words=words,
        quoted=_quoted(msg, enclosed, f"{words}\n{copied}"),
    )


def is_report(msg: Part) -> bool:
    """Whether the mail is a mail system's report: by its type, the headers of NetEase and Exim, or because a mail
    system sent it and says so in its name or, without a return path, in its subject."""
    if msg.get_content_type() == "multipart/report" or any(
        part.get_content_type() in _REPORTS for part in msg.children()
    ):
        return True
    if msg.raw("x-cm-original-message-id") is not None or msg.raw("x-failed-recipients") is not None:
        return True
    if any(_is_systems(value[:HEADER_LIMIT]) for value in msg.raw_all("from")):
        return True
    return bool(marks.BOUNCE_SUBJECT.match(msg.text("subject"))) and _from_nobody(msg)


def _is_systems(value: str) -> bool:
    """Whether a mail system's address stands in a From; where none stands there, its name: "MAILER-DAEMON"."""
    addresses = addresses_in(value)
    return bool(marks.SYSTEM_ADDRESS.search(f"<{addresses[-1]}>" if addresses else value))


def addresses_in(text: str) -> list[str]:
    """Everything in a text that looks like an address, in lower case, in the order in which it stands there."""
    runs = (run.strip(".'*=-").lower() for run in _ADDRESS_RUN.findall(text))
    return [run for run in runs if run.count("@") == 1 and not run.startswith("@") and not run.endswith("@")]


def without_addresses(text: str) -> str:
    """A text as it reads for any address: 收件人(li@x)不存在 and "user li@x unknown" say the same of each."""
    return _ADDRESS_RUN.sub(lambda run: "" if "@" in run[0] else run[0], text)


def _from_nobody(msg: Part) -> bool:
    """No return path, or a mail that says itself that a machine made it."""
    empty = any(re.sub(r"\s+", "", value[:100]) == "<>" for value in msg.raw_all("return-path"))
    made = (msg.raw("auto-submitted") or "no").strip().lower()
    return empty or not made.startswith("no") or bool(marks.SYSTEM_NAME.search(msg.text("from")))


def _is_receipt(msg: Part) -> bool:
    """A read receipt (RFC 8098): it says that the letter arrived."""
    kinds = {part.get_content_type() for part in (msg, *msg.children())}
    return "message/disposition-notification" in kinds or (
        msg.parameters("content-type").get("report-type", "").lower() == "disposition-notification"
    )


def _own_parts(msg: Part) -> list[Part]:
    """Every part but those inside of a mail that is enclosed."""
    found, waiting = [], [msg]
    while waiting:
        part = waiting.pop(0)
        found.append(part)
        if part.get_content_type() not in _ENCLOSED | _REPORTS:
            waiting = [*part.children(), *waiting]
    return found


def _reported(block: Part) -> tuple[str, str, str, str]:
    """Address, action, status and diagnostic of one recipient's block. The original address is the one that we wrote
    to; the final one is where it was forwarded."""
    value = block.text("original-recipient") or block.text("final-recipient") or block.text("x-actual-recipient")
    address = next(iter(addresses_in(value.partition(";")[2] or value)), "")
    kind, _, text = block.text("diagnostic-code").partition(";")
    said = clean_line(text or kind or block.text("status"))[:_DIAGNOSTIC_LIMIT]
    return address, (block.raw("action") or "").strip().lower(), block.text("status"), said


def _texts(parts: list[Part]) -> tuple[str, str]:
    """The system's own words, and what it copied below them of the letter that came back."""
    plain = [part_text(p) for p in parts if p.get_content_type() == "text/plain" and not p.children()]
    text = "\n".join(plain)[:_TEXT_LIMIT]
    if not text.strip():
        html = [part_text(p) for p in parts if p.get_content_type() == "text/html" and not p.children()]
        text = visible_text("\n".join(html))[:_TEXT_LIMIT]
    begins = marks.COPIED_LETTER.search(text)
    end = begins.start() if begins else len(text)
    return text[:end][:_WORDS_LIMIT].strip(), text[end:]


def _failed(msg: Part) -> list[str]:
    values = msg.raw_all("x-failed-recipients")
    return [address for value in values for address in addresses_in(unfold(value[:HEADER_LIMIT]))]


def _addressees(enclosed: list[Part], copied: str) -> list[str]:
    """To whom the letter went that came back: each of ours goes to one address."""
    values = [mail.text("to") for mail in enclosed] + _TO_LINE.findall(copied)
    return [address for value in values for address in addresses_in(value)]


def _message_ids(msg: Part, enclosed: list[Part], text: str) -> tuple[str, ...]:
    """Of the letter that came back: NetEase's header, the enclosed original or its headers, else In-Reply-To."""
    values = msg.raw_all("x-cm-original-message-id")
    values += [v for mail in enclosed for v in mail.raw_all("message-id")] + _ID_LINE.findall(text)
    values = values or msg.raw_all("in-reply-to") or msg.raw_all("references")
    ids = (
        clean_line(i)
        for value in (unfold(v[:HEADER_LIMIT]) for v in values)
        for i in (_MESSAGE_ID.findall(value) or [f"<{value.strip()}>"])
    )
    return tuple(dict.fromkeys(i for i in ids if i != "<>"))[:_LISTED]


def _quoted(msg: Part, enclosed: list[Part], text: str) -> str:
    """Where our number may stand: the subjects, our own header, the text."""
    lines = [msg.text("subject")]
    lines += [mail.text(name) for mail in enclosed for name in ("subject", "x-bot-token")]
    return "\n".join([*lines, decode_words(text.replace("\n ", " ").replace("\n\t", "\t"))])

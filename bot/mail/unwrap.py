"""RawMail -> Mail: what one mail really contains. Computes only; nothing is fetched, stored or followed.

bytes -mime.parse-> Part... -attachments.contents-> files, bodies, refused
      -sender, authentication, automatic, bounces, links-> Mail
"""

import hashlib
import re
from collections.abc import Callable
from typing import TypeVar

from bot.mail.attachments import Contents, contents
from bot.mail.authentication import Provider, vouching
from bot.mail.automatic import why_automatic
from bot.mail.body import visible_text
from bot.mail.bounces import bounce
from bot.mail.charsets import clean_line
from bot.mail.links import large_attachments
from bot.mail.mime import Budget, Part, header_block, parse
from bot.mail.names import unfold
from bot.mail.packed import Unpacker, sparing
from bot.mail.sender import believed_sender
from bot.model.mail import Mail, RawMail, Refused, Vouching

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_ID_LIMIT = 900  # characters; RFC 5322 allows 998 in a line
_ANSWERS_LIMIT = 100
T = TypeVar("T")


def unwrap(
    raw: RawMail,
    *,
    own_address: str,
    provider: Provider,
    unpacker: Unpacker | None = None,
    heard: Callable[[str | None], None] = lambda _: None,
    shared: tuple[str, ...] = (),
) -> Mail:
    """One mail, unwrapped. ``unpacker`` opens what needs another program; without it, that is refused. ``heard`` is
    told who sent it, as far as he is believed, before anything costly begins. ``shared`` is where people share files
    (rules/links.toml).

    TooComplex when headers, parts or depth of the mail itself are beyond the limits of ``mime``; the same in
    a mail or an archive inside it makes a Refused. Nothing else is raised, whatever the bytes are.
    """
    digest = hashlib.sha256(raw.data).hexdigest()
    budget = Budget()
    msg = parse(raw.data, budget)
    sender = _fenced(lambda: believed_sender(msg, header_block(raw.data)), None)
    heard(sender)
    domain = sender.rsplit("@", 1)[-1] if sender else ""
    report = _fenced(lambda: bounce(msg), None)
    found = contents(msg, budget, sparing(unpacker))
    html = "\n".join(found.html).strip("\n")
    text = "\n".join(found.plain).strip("\n")
    if not text.strip():
        text = _fenced(lambda: visible_text(html), "")
    vouched = _fenced(lambda: vouching(msg, domain, provider), Vouching())
    return Mail(
        sha256=digest,
        received_at=raw.received_at,
        message_id=_fenced(lambda: _message_id(msg), None),
        sender=sender,
        shown_from=_fenced(lambda: msg.text("from"), ""),
        subject=_fenced(lambda: msg.text("subject"), ""),
        text=text,
        html=html,
        answers=_fenced(lambda: _answers(msg), ()),
        automatic=_fenced(lambda: why_automatic(msg, text, own_address, sender), None),
        authentication=vouched.verdict,
        vouched_by=vouched.by,
        bounce=report,
        # A bounce brings our own letter back, with the workbook that we sent.
        attachments=() if report else tuple(found.attachments),
        refused=() if report else (*found.refused, *_links(found, text, html, shared)),
    )


def _fenced(read: Callable[[], T], otherwise: T) -> T:
    """A header must not keep the attachments from being reached. No input is known that raises here; those
    that make the header classes of the standard library raise stand in tests/test_mail_broken.py."""
    try:
        return read()
    except Exception:
        return otherwise


def _message_id(msg: Part) -> str | None:
    """The first Message-ID, with its angle brackets where it has them; None when it is missing or absurdly long."""
    raw = clean_line(unfold(msg.raw("message-id") or "")[: 4 * _ID_LIMIT])
    match = _MESSAGE_ID.search(raw)
    value = match[0] if match else raw
    return value if value.strip("<> ") and len(value) <= _ID_LIMIT else None


def _answers(msg: Part) -> tuple[str, ...]:
    """The Message-IDs of In-Reply-To, then References, each once."""
    values = msg.raw_all("in-reply-to") + msg.raw_all("references")
    ids = (clean_line(i) for value in values for i in _MESSAGE_ID.findall(unfold(value)))
    return tuple(dict.fromkeys(ids))[:_ANSWERS_LIMIT]


def _links(found: Contents, text: str, html: str, shared: tuple[str, ...]) -> tuple[Refused, ...]:
    has_file = bool(found.attachments)
    out: list[Refused] = []
    for body, markup in ((text, html), *found.inner):
        out += _fenced(lambda b=body, m=markup: large_attachments(b, m, has_file, shared), [])  # type: ignore[misc]
    return tuple(dict.fromkeys(out))

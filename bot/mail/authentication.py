"""Whether the provider that received a mail vouches for its From, from Authentication-Results (RFC 8601).

Believes only the header that the receiving provider itself added; anyone can plant another.
"""

import re
from dataclasses import dataclass
from typing import Self

from bot.mail.mime import Part
from bot.model.mail import METHODS, Authentication, Method, Vouching

_NETEASE = (".163.com", ".126.com", ".yeah.net", ".188.com")
_FOLD_AND_BLANK = re.compile(r"[\r\n]+[ \t]*")
_COREMAIL = re.compile(r"\bby\s+([^\s();]+)\s+\(Coremail\)(?:.{0,300}?\bid\s+([^\s;]+))?", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+(")?')  # the last one may have no end
_COMMENT = re.compile(r"\([^()]*+\)")
# Unfolding deletes white space, so "spf=pass" may touch what follows: the results are named, longest first.
_RESULT = re.compile(
    r"(?i)^\s*(spf|dkim|dmarc)\s*=\s*(softfail|hardfail|permerror|temperror|neutral|policy|none|pass|fail)(.*)$",
    re.DOTALL,
)
_IDENTITY = {
    "spf": re.compile(r"(?i)smtp\.mail(?:from)?\s*=\s*([^\s;]+)"),
    "dkim": re.compile(r"(?i)header\.(?:i|d)\s*=\s*([^\s;]+)"),
    "dmarc": re.compile(r"(?i)header\.from\s*=\s*([^\s;]+)"),
}
_ALIGNED, _RELATED, _OTHER, _UNNAMED = "aligned", "related", "other", "unnamed"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who receives our mail: NetEase (its header is found by its own marks), or a host whose configured
    ``authserv_id`` is believed; empty believes nobody."""

    netease: bool
    authserv_id: str

    @classmethod
    def for_host(cls, imap_host: str, authserv_id: str) -> Self:
        """The provider behind an IMAP host name, such as imap.163.com or imap.qiye.163.com."""
        host = "." + imap_host.strip().lower().rstrip(".")
        return cls(netease=host.endswith(_NETEASE), authserv_id=authserv_id.strip().lower())


def authentication(msg: Part, from_domain: str, provider: Provider) -> Authentication:
    """What the provider says of a sender: see ``vouching``."""
    return vouching(msg, from_domain, provider).verdict


def vouching(msg: Part, from_domain: str, provider: Provider) -> Vouching:
    """pass: SPF, DKIM or DMARC passed for exactly the domain of From. fail: the result contradicts From. Else unknown.

    It contradicts when a check failed for the domain of From itself, and also when SPF passed or failed for a
    domain that has nothing to do with From while nothing passed for From: then the provider says who sent
    the mail, and it is not whom From names. That is the usual forgery (own server, foreign From), and
    believing it would let anybody report for a unit; the rare honest case, a mail redirected by a third
    host, waits for the office instead of being lost. A subdomain of From, or the reverse, is neither. A foreign DKIM
    signature alone (mailing services add theirs) says nothing about From, and softfail, neutral,
    none and errors of the check are no contradiction.
    """
    header = _coremail_header(msg) if provider.netease else _configured_header(msg, provider.authserv_id)
    if header is None or not from_domain:
        return Vouching()
    said = _results(header)
    found = [(method, _verdict(method, result, domain, from_domain.lower())) for method, result, domain in said]
    passed = frozenset(method for method, verdict in found if verdict == "pass")
    if passed:
        return Vouching("pass", passed)
    return Vouching("fail" if any(verdict == "fail" for _, verdict in found) else "unknown")


def _coremail_header(msg: Part) -> str | None:
    """NetEase: the last header that names the machine of the top Received, if the transaction id is right too.

    It stands below the sender's own headers, so "the topmost wins" would believe a planted one.
    """
    received = msg.raw("received")
    match = _COREMAIL.search(received) if received else None
    transactions = msg.raw_all("x-cm-transid")
    if not match or not match[2] or not transactions or _unfold(transactions[-1]).strip() != _unfold(match[2]):
        return None
    headers = [_split(value) for value in msg.raw_all("authentication-results")]
    candidates = [rest for name, rest in headers if name == match[1].lower()]
    return candidates[-1] if candidates else None


def _configured_header(msg: Part, authserv_id: str) -> str | None:
    """Other hosts: the topmost header with the configured id; the host removes foreign ones (RFC 8601, 5)."""
    headers = [_split(value) for value in msg.raw_all("authentication-results")]
    return next((rest for name, rest in headers if authserv_id and name == authserv_id), None)


def _unfold(value: str) -> str:
    return _FOLD_AND_BLANK.sub("", value)


def _split(value: str) -> tuple[str, str]:
    """authserv-id in lower case, and the results, without comments and with quoted strings blotted out.

    The envelope address is the sender's choice: ``"a; dkim=pass header.i=@boss"@evil`` must not become a result.
    """
    text = _QUOTED.sub(lambda quoted: "Q" if quoted[1] else quoted[0], _unfold(value))
    for _ in range(5):
        text = _COMMENT.sub(" ", text)
    name, _, rest = text.partition(";")
    words = name.split()
    return (words[0].lower() if words else "", rest)


def _results(text: str) -> list[tuple[Method, str, str]]:
    """(method, result, domain of the identity or empty) for spf, dkim and dmarc."""
    out = []
    for piece in text.split(";")[:50]:
        if match := _RESULT.match(piece):
            method = next(m for m in METHODS if m == match[1].lower())
            identity = _IDENTITY[method].search(match[3])
            domain = identity[1].rsplit("@", 1)[-1].strip("<>.").lower() if identity else ""
            out.append((method, match[2].lower(), domain))
    return out


def _verdict(method: str, result: str, domain: str, from_domain: str) -> Authentication:
    relation = _relation(domain, from_domain)
    if result == "pass" and relation == _ALIGNED:
        return "pass"
    failed = result in ("fail", "hardfail")
    if failed and relation == _ALIGNED:
        return "fail"
    if method == "spf" and relation == _OTHER and (failed or result == "pass"):
        return "fail"
    return "unknown"


def _relation(domain: str, from_domain: str) -> str:
    if not domain:
        return _UNNAMED
    if domain == from_domain:
        return _ALIGNED
    related = domain.endswith("." + from_domain) or from_domain.endswith("." + domain)
    return _RELATED if related else _OTHER

"""Our own marks on a letter: made from its key and a secret, so that nobody can guess or invent one."""

import base64
import hmac
import re

TOKENS = 50  # looked up of one text: a subject can hold thousands
TOKEN = re.compile(r"(?<![A-Z0-9])[A-Z2-7]{8}(?![A-Z0-9])")


def token(secret: bytes, key: str) -> str:
    """Eight letters and digits (40 bits) for the subject; the same key gives the same token."""
    return base64.b32encode(_digest(secret, "token", key)[:5]).decode()


def message_id(secret: bytes, key: str, domain: str) -> str:
    """The Message-ID of a letter (RFC 5322, 3.6.4). A provider may replace it on the way."""
    return f"<{_digest(secret, 'message-id', key).hex()[:32]}@{domain}>"


def tokens_in(text: str) -> list[str]:
    """What in a subject looks like a token, each once and ``TOKENS`` at most; whether it is one, the record knows.

    Of more the last ones count: our mark stands at the end of a subject, and what mail programs and people add stands
    before it. Nobody honest repeats so many, and who does hides only the letter that he himself answers.
    """
    return list(dict.fromkeys(reversed(TOKEN.findall(text))))[:TOKENS][::-1]


def _digest(secret: bytes, purpose: str, key: str) -> bytes:
    return hmac.digest(secret, f"{purpose}\0{key}".encode(), "sha256")

"""``python -m tests.supply``: the licence of every package that the lock files name, as its own metadata states it.

Exit status 1 when one is under the GPL or AGPL, or states nothing; the LGPL, as a library, is fine. Says nothing about
what a wheel carries inside. A package that is locked for another machine, and is not installed here, is named as such.
"""

import re
import sys
from collections.abc import Iterator
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-ocr.lock")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
NOT_STATED = "not stated"
READ_BY_HAND = {"imapclient": "BSD-3-Clause (its COPYING)"}  # what states no licence in its metadata
_FORBIDDEN = re.compile(r"(?<![A-Za-z])A?GPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
_CHOICE = re.compile(r"\s(?:OR|or)\s")  # where one of several licences may be chosen


def locked() -> dict[str, str]:
    """Name -> version of everything that is pinned."""
    return dict(pair for lock in LOCKS for pair in PINNED.findall((ROOT / lock).read_text(encoding="utf-8")))


def licence(name: str) -> str | None:
    """What the installed package says; None if it is not installed."""
    try:
        found = cast(Message, metadata.metadata(name))
    except metadata.PackageNotFoundError:
        return None
    stated = found.get("License-Expression")
    classes = [c.rsplit("::", 1)[1].strip() for c in found.get_all("Classifier") or [] if c.startswith("License ::")]
    first_line = (found.get("License") or "").strip().partition("\n")[0]
    return (
        stated
        or "; ".join(c for c in classes if c != "OSI Approved")
        or first_line
        or READ_BY_HAND.get(name, NOT_STATED)
    )


def forbidden(stated: str) -> bool:
    """Whether the only licences are the GPL or AGPL."""
    return all(_FORBIDDEN.search(choice) for choice in _CHOICE.split(stated))


def lines() -> Iterator[tuple[str, str, str]]:
    for name, version in sorted(locked().items(), key=lambda pair: pair[0].lower()):
        yield name, version, licence(name) or "(not installed here)"


def main() -> int:
    bad = 0
    for name, version, stated in lines():
        wrong = forbidden(stated) or stated == NOT_STATED
        bad += wrong
        print(f"{name:<28} {version:<14} {stated[:90]}{'   <-- not allowed' if wrong else ''}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

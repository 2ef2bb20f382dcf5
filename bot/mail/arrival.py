"""When a mail really came, where the server's own date of arrival cannot be true. Pure.

An INTERNALDATE is what a client said when it moved or imported a mail: 1970, or next century. Whether a report is on
time hangs on it.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # a bot may begin long after its mailbox; nobody reports from before that
# Not less: where this machine's own clock is behind, true dates lie ahead; by them it is found out, see record.clocks.
AHEAD = timedelta(days=366)
HEAD = 65_536  # bytes in which the header is looked for
_RECEIVED = re.compile(rb"(?im)^received:([^\r\n]*+(?:\r?\n[ \t][^\r\n]*+)*+)")
_BY = re.compile(r"\bby\s+([A-Za-z0-9.-]+)")


def plausible(moment: datetime | None, now: datetime) -> bool:
    """Whether a mail can have come then, by a clock that shows ``now`` (both aware)."""
    return moment is not None and EARLIEST <= moment <= now + AHEAD


def received(data: bytes, host: str, now: datetime) -> datetime | None:
    """What our own server wrote when it took the mail: the date of the topmost Received, if a machine of the mailbox's
    ``host`` wrote it and the date can be true. None else: what stands below is the sender's own word."""
    found = _RECEIVED.search(data[:HEAD])
    if found is None:
        return None
    text = " ".join(found[1].decode("ascii", "replace").split())
    by = _BY.search(text)
    if by is None or not _same_domain(by[1].lower(), host.lower()):
        return None
    try:
        moment = parsedate_to_datetime(text.rpartition(";")[2].strip())
    except (ValueError, TypeError, IndexError, OverflowError):  # "Mon, 99 Foo"
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if plausible(moment, now) else None


def _same_domain(machine: str, host: str) -> bool:
    """imap.163.com is of the house of mx-1.163.com: the last two labels agree, or both are one name."""
    ours = ".".join(host.rstrip(".").split(".")[-2:])
    return machine == host or machine.rstrip(".") == ours or machine.rstrip(".").endswith("." + ours)

"""What an IMAP server answered to SEARCH and FETCH, as values. Pure; tolerant of answers nobody asked for.

Never used for ENVELOPE or BODYSTRUCTURE: NetEase sends malformed ones.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from imapclient.datetime_util import parse_to_datetime
from imapclient.response_parser import parse_response

# Asked for, or sent unasked.
ITEMS = {b"UID", b"FLAGS", b"RFC822.SIZE", b"INTERNALDATE", b"BODY[]", b"BODY[HEADER]", b"MODSEQ"}
CONTENT = {b"RFC822.SIZE", b"INTERNALDATE", b"BODY[]", b"BODY[HEADER]"}  # never changes (RFC 3501, 2.3.1.1)
Row = dict[bytes, Any]  # what FETCH answered for one mail, keyed by the upper-case item


def found_uids(data: Iterable[Any]) -> set[int]:
    """The numbers of all ``* SEARCH`` lines; none, or an empty line, is an empty set (RFC 3501, 7.2.5).
    What is no line of text, such as a literal, is passed over."""
    words = [word for line in data if isinstance(line, bytes) for word in line.split()]
    return {int(word) for word in words if word.isdigit() and 0 < int(word) < 2**32}


def fetched_rows(data: Sequence[Any]) -> dict[int, Row]:
    """The rows of a FETCH answer by UID. A row without a UID is dropped: it is unsolicited, and its sequence
    number must not be taken for a UID. Raises ValueError or ProtocolError when the answer is malformed, or when it
    gives one UID to two mails: one of them would be lost."""
    rows: dict[int, Row] = {}
    for item in parse_response([part for part in data if part is not None]):
        if not isinstance(item, tuple):
            continue  # the sequence number before each row
        names = [name.upper() if isinstance(name, bytes) else name for name in item[::2]]
        if len(item) % 2 or not set(names) <= ITEMS:
            # "BODY[] {2}" and then more than two bytes: the rest of the mail looks like items
            raise ValueError(f"FETCH answered with unknown items: {names!r}"[:200])
        row = dict(zip(names, item[1::2], strict=True))
        uid = row.get(b"UID")
        if isinstance(uid, int) and 0 < uid < 2**32:
            known = rows.setdefault(uid, {})
            if any(known[name] != row[name] for name in CONTENT & known.keys() & row.keys()):
                raise ValueError("FETCH answered with one UID for two mails")
            known.update(row)
    return rows


def internal_date(value: object) -> datetime | None:
    """INTERNALDATE in UTC, or None when it is missing or no date. Without a zone (``-0000``) it is UTC."""
    if not isinstance(value, bytes):
        return None
    try:
        moment: datetime = parse_to_datetime(value, normalise=False)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # "31-Feb-2017 …", "31-Dec-9999 23:59:59 -0800"
        return None

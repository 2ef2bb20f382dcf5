"""What is known of a mail before its body is fetched, and how bodies are fetched in bounded portions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

BATCH_COUNT = 200  # each costs a round trip; where one breaks, all of it is fetched again
BATCH_BYTES = 2_000_000  # bounds the memory of one answer


@dataclass(frozen=True, slots=True)
class Headline:
    """RFC822.SIZE in bytes, and INTERNALDATE as an aware time in UTC: when the server received the mail.
    None when the server gave no date that can be read."""

    size: int
    received_at: datetime | None


def batches(
    headlines: Mapping[int, Headline], max_count: int = BATCH_COUNT, max_bytes: int = BATCH_BYTES
) -> list[list[int]]:
    """The UIDs in ascending order, in lists of at most ``max_count`` and together at most ``max_bytes``.

    A mail that is larger than ``max_bytes`` by itself stands alone in its list; none is left out.
    """
    result: list[list[int]] = []
    weight = 0
    for uid in sorted(headlines):
        size = headlines[uid].size
        if not result or len(result[-1]) >= max_count or weight + size > max_bytes:
            result.append([])
            weight = 0
        result[-1].append(uid)
        weight += size
    return result

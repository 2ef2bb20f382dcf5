"""What every kind of archive gives and obeys: files with their names, what was refused, and the limits."""

from dataclasses import dataclass

from bot.mail.mime import Budget
from bot.model.mail import Refused

RATIO = 200  # unpacked to packed; a table of numbers reaches about 20
NESTING = 2  # an archive in an archive
# What operating systems put beside the files of their users.
_SYSTEM_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Opened:
    """The files of an archive, (name, bytes), and what could not be taken out of it."""

    members: tuple[tuple[str, bytes], ...] = ()
    refused: tuple[Refused, ...] = ()


def refused(name: str, code: str) -> Opened:
    """An archive of which nothing is taken; ``code`` is a key of ``[unreadable]`` in rules/reasons.toml."""
    return Opened(refused=(Refused(name, code),))


def beyond_limits(count: int, unpacked: int, packed: int, budget: Budget) -> bool:
    """Whether so many members, or so many bytes out of ``packed`` ones, are more than may still be unpacked."""
    return count > budget.members or unpacked > most_bytes(packed, budget)


def most_bytes(packed: int, budget: Budget) -> int:
    """How many bytes may come out of an archive of so many."""
    return min(budget.unpacked, RATIO * max(packed, 1))


def is_chaff(path: str) -> bool:
    """Whether a member is a folder, or what a system left beside the files."""
    even = path.replace("\\", "/").lower()
    return even.endswith("/") or even.startswith("__macosx/") or even.rsplit("/", 1)[-1] in _SYSTEM_FILES

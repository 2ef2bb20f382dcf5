"""How much stands in one letter to the office: some things in full, more in a line each, the rest next time. Pure."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
BRIEFLY = 300  # a line each: 500 KB if all are as long as can be, and nobody answers more in the hours between letters


@dataclass(frozen=True, slots=True)
class Portions(Generic[T]):
    """What is told in full, what in a line, each in the order it had; and how many wait for the next letter."""

    whole: tuple[T, ...]
    brief: tuple[T, ...]
    left: int


def portioned(items: Sequence[T], kind: Callable[[T], Hashable], whole: int, brief: int = BRIEFLY) -> Portions[T]:
    """Shares a letter out. The kinds of which there are few come first: a flood of one kind, say of reports from
    strangers, must not keep back the one address that bounces. Within a kind the oldest come first."""
    many = Counter(map(kind, items))
    first = sorted(range(len(items)), key=lambda place: (many[kind(items[place])], place))
    parts = sorted(first[:whole]), sorted(first[whole : whole + brief])
    in_full, in_short = (tuple(items[place] for place in part) for part in parts)
    return Portions(in_full, in_short, len(items) - len(in_full) - len(in_short))

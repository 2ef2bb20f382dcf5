"""Whether a line is put together from known parts, and nothing else. Pure."""

from collections.abc import Collection
from typing import Literal

Spelled = Literal["", "filled", "meant"]


def spelled(line: str, parts: Collection[str], telling: Collection[str]) -> Spelled:
    """How an evened line is spelled: from ``parts`` alone ("filled"), with one of ``telling`` among them ("meant"), or
    with something else in it (empty). Every way of cutting it up is tried; that takes no longer than its length times
    the longest part."""
    longest = max(map(len, (*parts, *telling)), default=0)
    reached: dict[int, bool] = {0: False}
    for start in range(len(line)):
        if start not in reached:
            continue
        for end in range(start + 1, min(start + longest, len(line)) + 1):
            part = line[start:end]
            if part in telling or part in parts:
                reached[end] = reached.get(end, False) or reached[start] or part in telling
    if len(line) not in reached:
        return ""
    return "meant" if reached[len(line)] else "filled"

"""Where in a TOML file a key stands: tomllib reads values and tells no lines. Pure.

Understands tables, lists of tables and keys that begin a line, as these files have them; of what stands inside a value
in several lines, or in a table on one line, it gives the line on which the value begins.
"""

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*+\[(\[)?([^\[\]]++)\](?(1)\])\s*+(?:#.*)?$")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\")(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"))*)\s*=")
_FENCES = ('"""', "'''")

Part = str | int


def line_of(text: str, path: Sequence[Part]) -> int:
    """The line, from 1, of what stands nearest to the path of a value; 0 where nothing of it stands."""
    best, nearest = 0, 0
    for number, found in _places(text):
        shared = 0
        for one, other in zip(path, found, strict=False):
            if one != other:
                break
            shared += 1
        if shared == len(found) > nearest or (shared == len(found) == nearest == 0 and not best):
            best, nearest = number, shared
    return best


def _places(text: str) -> list[tuple[int, tuple[Part, ...]]]:
    """Each line on which a table or a key begins, with its path."""
    found: list[tuple[int, tuple[Part, ...]]] = []
    table: tuple[Part, ...] = ()
    counts: dict[tuple[Part, ...], int] = {}
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if head := _TABLE.match(line):
            table = _numbered(_parts(head[2].strip()), counts, bool(head[1]))
            found.append((number, table))
        elif key := _KEY.match(line):
            found.append((number, (*table, *_parts(key[1]))))
            value = line[key.end() :]
            fence = next((mark for mark in _FENCES if value.count(mark) == 1), "")
    return found


def _parts(name: str) -> list[str]:
    return [part.strip().strip('"') for part in name.split(".")]


def _numbered(names: Sequence[str], counts: dict[tuple[Part, ...], int], is_list: bool) -> tuple[Part, ...]:
    """The path of a table, in which lists of tables have the number of the last one that began."""
    path: tuple[Part, ...] = ()
    for index, name in enumerate(names):
        path = (*path, name)
        if index == len(names) - 1 and is_list:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path

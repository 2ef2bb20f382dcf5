"""Values written into the text of a config.toml, whose comments, order and all other values stay as they stand. Pure.

So the shipped file is the only text in which the settings are explained.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

Values = Mapping[tuple[str, str], str | int | list[str]]  # (table, key) -> value
_TABLE = re.compile(r"\[\s*(\w+)\s*\]\s*(#.*)?")
_KEY = re.compile(r"\A(\w++)\s*+=")
GAP = 3  # blanks before a comment for which the value leaves no room where it was


def with_values(text: str, values: Values) -> str:
    """The text with these values; a key or a table that it lacks is added. ValueError if that cannot be done without a
    change of anything else, which no file that a person wrote is known to cause."""
    wanted = tomllib.loads(text)
    for (table, key), value in values.items():
        wanted.setdefault(table, {})[key] = value
    lines = text.splitlines()
    for (table, key), value in values.items():
        _put(lines, table, key, json.dumps(value, ensure_ascii=False))
    made = "\n".join(lines) + "\n"
    if _parsed(made) != wanted:
        raise ValueError("this file is written in a way that cannot be changed line by line")
    return made


def _put(lines: list[str], table: str, key: str, value: str) -> None:
    inside, start = False, None
    for number, line in enumerate(lines):
        if found := _TABLE.fullmatch(line.strip()):
            inside = found[1] == table
            start = number if inside else start
        elif inside and (match := _KEY.match(line)) and match[1] == key:
            end = _end(lines, number)
            comment = _comment("\n".join(lines[number:end]))
            lines[number:end] = [_line(f"{key} = {value}", comment, line)]
            return
    if start is None:
        lines += ["", f"[{table}]"]
        start = len(lines) - 1
    lines.insert(start + 1, f"{key} = {value}")


def _end(lines: list[str], number: int) -> int:
    """Behind the last line of a value that begins here: an array may have several."""
    for end in range(number + 1, len(lines) + 1):
        if _parsed("\n".join(lines[number:end])) is not None:
            return end
    raise ValueError("a value without an end")


def _comment(text: str) -> str:
    """What stands behind the value; "#" may stand in it, too."""
    whole = _parsed(text)
    places = (place for place, character in enumerate(text) if character == "#")
    return next((text[place:].rstrip() for place in places if _parsed(text[:place]) == whole), "")


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _line(setting: str, comment: str, before: str) -> str:
    """The comment begins where it did, if there is room; Chinese characters are two columns wide."""
    if not comment:
        return setting
    from rich.cells import cell_len

    column = cell_len(before[: before.rindex(comment)]) if comment in before else 0
    room = column - cell_len(setting)
    return setting + " " * (room if room > 0 else GAP) + comment

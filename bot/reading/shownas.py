"""Whether a number format shows the number. Source: ECMA-376 part 1, 18.8.31; the same codes stand in .xls."""

import re

_QUOTED = re.compile(r'"([^"]*)"|[\\!](.)|[_*].')
_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_PLACES = re.compile(r"[0#?@]|general|standard|[ymdhs]|g/", re.I)
_SCALES = re.compile(r"%|(?<!,),++(?![0#?])")


def shows(code: str) -> bool | None:
    """None when the format shows a positive number as it is, dressed or not; True when it shows nothing, or a fixed
    text in its place; False when it shows other digits: as a percentage, in thousands, or with digits of its own."""
    if not code or len(code) > 500:
        return None
    literals = "".join(found[1] or found[2] or "" for found in _QUOTED.finditer(code.partition(";")[0]))
    bare = _BRACKETS.sub("", _QUOTED.sub("", code))
    first = bare.split(";")[0]
    if not _PLACES.search(first):
        return None if _BRACKETS.sub("", code) == "" else True  # a colour alone
    if any(char.isdigit() for char in literals) or re.search(r"[1-9]", first):
        return False
    return False if re.search(r"[0#?]", first) and _SCALES.search(first) else None

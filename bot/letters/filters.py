"""Filters of the templates: dates in the office's zone, shares, and plain text wrapped by display width.

Pure. The words around the numbers stand in templates/_base/formats.toml. A value of the wrong kind raises
``FilterArgumentError``, so that the renderer can name the line of the template.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from jinja2.exceptions import FilterArgumentError

from bot.deciding.rounding import shown_rate

LARGEST_BASE = 1_000_000  # no share is one of more than so many
TEXT_COLUMNS = 72  # what fits, quoted twice, into the 80 columns of an old client
_PERIOD = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_LEADING = re.compile(r"\A[ \t]*+(?:\d++\. )?")
_NEVER_FIRST = {"Po", "Pe", "Pf", "Pd"}  # Unicode categories: closing marks, commas, dashes
_NEVER_LAST = {"Ps", "Pi"}  # opening brackets and quotation marks

Filter = Callable[..., str]


def date_filters(formats: dict[str, str], zone: ZoneInfo) -> dict[str, Filter]:
    """``month``, ``day``, ``fullday``, ``moment``, ``percent`` (of 100) and ``share`` (of 1), as ``formats`` says."""

    def month(period: object) -> str:
        match = _PERIOD.fullmatch(period) if isinstance(period, str) else None
        if match is None:
            raise FilterArgumentError(f"month: expected a period such as 2017-06, got {_kind(period)}")
        return formats["month"].format(year=int(match[1]), month=int(match[2]))

    def on(name: str) -> Filter:
        def write(value: object) -> str:
            local = _local(value, zone, name)
            clock = {"hour": local.hour, "minute": local.minute} if isinstance(local, datetime) else {}
            if name == "moment" and not clock:
                raise FilterArgumentError(f"moment: expected a date with a time, got {_kind(value)}")
            return formats[name].format(year=local.year, month=local.month, day=local.day, **clock)

        return write

    def tenths(value: object, whole: int, name: str) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise FilterArgumentError(f"{name}: expected a number from 0 to {whole}, got {_kind(value)}")
        # The nearest simple fraction: 0.573 in floats is a little less than that.
        rate = Fraction(value).limit_denominator(LARGEST_BASE) / whole
        return formats["percent"].format(value=f"{shown_rate(rate) * 100:.1f}".removesuffix(".0"))

    def percent(value: object) -> str:
        return tenths(value, 100, "percent")

    def share(value: object) -> str:
        return tenths(value, 1, "share")

    days = {name: on(name) for name in ("day", "fullday", "moment")}
    return {"month": month, **days, "percent": percent, "share": share}


def _kind(value: object) -> str:
    """A number as it is; of everything else only what it is: a text may be somebody's name."""
    return repr(value) if isinstance(value, int | float) else type(value).__name__


def _local(value: object, zone: ZoneInfo, name: str) -> date:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise FilterArgumentError(f"{name}: expected an aware time, got {_kind(value)}")
        return value.astimezone(zone)
    if isinstance(value, date):
        return value
    raise FilterArgumentError(f"{name}: expected a date, got {_kind(value)}")


@lru_cache(4096)
def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WFA" else 1


def display_width(text: str) -> int:
    """Columns in a fixed-width font: East Asian wide, full-width and ambiguous characters take two."""
    return sum(map(_columns, text))


def lay_out(text: str, width: int = TEXT_COLUMNS) -> str:
    """Plain text as it is sent: lines of at most ``width`` columns, no trailing blanks, never two empty lines.

    A line's indent, and the number of a list item, indent what is wrapped. A word without a place to
    break (an address, a long file name) stays whole and may stick out.
    """
    lines = [piece for line in text.splitlines() for piece in _wrap(line.rstrip(), width)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _wrap(line: str, width: int) -> Iterator[str]:
    if 2 * len(line) <= width or display_width(line) <= width:
        yield line
        return
    leading = _LEADING.match(line)
    current = leading.group() if leading else ""
    indent = len(current)
    used, begun = indent, False
    for piece in _pieces(line[indent:]):
        if begun and used + display_width(piece.rstrip()) > width:
            yield current.rstrip()
            current, used = " " * indent, indent
        current, used, begun = current + piece, used + display_width(piece), True
    yield current.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """The text cut at every place where a line may end."""
    start = 0
    for i in range(1, len(text)):
        if _may_break(text[i - 1], text[i]):
            yield text[start:i]
            start = i
    if start < len(text):
        yield text[start:]


@lru_cache(8192)
def _may_break(before: str, after: str) -> bool:
    if before.isspace():
        return not after.isspace()
    if unicodedata.category(after) in _NEVER_FIRST or unicodedata.category(before) in _NEVER_LAST or after.isspace():
        return False
    if before.isdigit() or after.isdigit():  # a date and a number with its unit stay together
        return False
    return any(unicodedata.east_asian_width(c) in "WF" for c in (before, after))

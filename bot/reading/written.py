"""How people write numbers, months, days and telephone numbers. What is doubtful stays a doubt, never a guess."""

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeVar

from bot.model.forms import Cell, Count
from bot.reading.cells import KEPT, shown, without_noise
from bot.reading.numerals import whole, with_digits
from bot.rules.base import TURNING, even, visible
from bot.rules.words import Words

LARGEST = 10_000_000  # no county has more enterprises; beyond it someone typed a telephone number
FIRST_SERIAL, LAST_SERIAL = 36_526, 73_050  # Excel's days from 2000-01-01 to 2099-12-31, 1900 system
_EXCEL_EPOCH = date(1899, 12, 30)
_BLANKS = re.compile(r"\s+")
_DASHES = str.maketrans(dict.fromkeys("−‐‑‒－﹣", "-"))
_WHOLE = re.compile(r"\+?([0-9]{1,30}|[0-9]{1,3}(?:,[0-9]{3}){1,9})(?:\.0*)?")
_FRACTION = re.compile(r"\A\+?[0-9,]*\.[0-9]+")
_NOISY = re.compile(r"\+?[0-9]{1,9}\.[0-9]{10,20}")
_NEGATIVE = re.compile(r"(?:-|负)\s*(?=[0-9一二两三四五六七八九十百千.])")
_NEVER_A_DIGIT = re.compile(r"[⁰-₟①-⓿❶-➓½¼¾²³¹]")  # NFKC would make 5² 52
_YEAR_MONTH = re.compile(
    r"(?<!\d)(20\d\d|\d\d(?=年))(?:年|[-./])(?:0?1月?[-~—至到](?=[01]?\d月))?(1[0-2]|0?[1-9])(?![\d])"
)
_MONTH = re.compile(r"(?<!\d)(?:0?1月?[-~—至到])?(1[0-2]|0?[1-9])月")
_SPAN = re.compile(r"(?<!\d)0?1月?[-~—至到](?:1[0-2]|0?[2-9])月")
_MONTH_END = re.compile(r"(1[0-2]|0?[1-9])[-./](1[3-9]|2\d|3[01])日?")
_FULL_DAY = re.compile(r"(?<!\d)(20\d\d|\d\d(?=年))(?:年|[-./])(\d{1,2})(?:月|[-./])(\d{1,2})(?!\d)")
_MONTH_DAY = re.compile(r"(?<!\d)(\d{1,2})(?:月|[-./])(\d{1,2})(?:日|号)?(?!\d)")

T = TypeVar("T")
Doubt = Literal["blank", "negative", "fraction", "words"]


def count(cell: Cell, place: str, words: Words) -> Count:
    """The number of one cell, or which doubt there is about it. ``words`` tell what means none or nothing."""
    if isinstance(cell, str):
        value, doubt = _count_text(cell, words)
    elif cell is None:
        value, doubt = None, "blank"
    elif isinstance(cell, bool | date):
        value, doubt = None, "words"
    else:
        value, doubt = _count_number(cell)
    return Count(value, shown(cell), place, doubt)


def has_odd_digits(text: str) -> bool:
    """Whether a text has digits that are no plain numbers, such as ② or ², which NFKC would turn into some."""
    return _NEVER_A_DIGIT.search(text) is not None


def _count_number(written: float) -> tuple[int | None, Doubt | None]:
    whole_number = without_noise(written)
    number = written if whole_number is None else whole_number
    if number < 0:
        return None, "negative"
    if number > LARGEST or math.isnan(number):
        return None, "words"
    return (None, "fraction") if whole_number is None else (whole_number, None)


def _count_text(text: str, words: Words) -> tuple[int | None, Doubt | None]:
    zero, blank, around = _tables(words)
    plain = unicodedata.normalize("NFKC", visible(text)).translate(_DASHES).strip()
    if TURNING in plain:
        return None, "words"  # 21 is seen as 12
    plain = re.sub(r"(?<![0-9])\s+|\s+(?![0-9])", "", plain)
    plain = _BLANKS.sub(" ", plain)
    if has_odd_digits(text):
        return None, "words"
    if not plain or plain.casefold() in blank:
        return None, "blank"
    bare = around.sub(r"\1", plain).strip()
    for candidate in (plain, bare):
        if candidate.casefold() in zero:
            return 0, None
    if not bare:
        return None, "blank"  # the unit alone, as in the empty paper form
    if found := _WHOLE.fullmatch(bare):
        return _count_number(int(found[1].replace(",", "")))
    if (spelt := whole(bare)) is not None:
        return spelt, None
    if _FRACTION.fullmatch(bare):
        return _count_number(float(bare)) if _NOISY.fullmatch(bare) else (None, "fraction")
    if negative := _NEGATIVE.match(bare):
        rest = bare[negative.end() :]
        return None, "negative" if whole(rest) or _WHOLE.fullmatch(rest) or _FRACTION.fullmatch(rest) else "words"
    return None, "words"


@lru_cache(maxsize=8)
def _tables(words: Words) -> tuple[frozenset[str], frozenset[str], re.Pattern[str]]:
    def plain(texts: Iterable[str]) -> frozenset[str]:
        return frozenset(unicodedata.normalize("NFKC", text).translate(_DASHES).strip().casefold() for text in texts)

    def any_of(texts: Iterable[str]) -> str:
        return "|".join(re.escape(even(text)) for text in sorted(texts, key=len, reverse=True)) or "(?!)"

    around = rf"^(?:{any_of(words.before)})*[:\s]*(.*?)(?:{any_of(words.after)})?$"
    return plain(words.zero), plain(words.blank), re.compile(around, re.S | re.I)


def month(text: str) -> tuple[int | None, int | None]:
    """Year and month that are written, each None when it is not, or not certain: two months are none.

    1-6月 is June, as cumulative tables mean it. No month of another century, and no guess at the year.
    """
    plain = _even_date(text)
    if found := re.fullmatch(r"(1[0-2]|0?[1-9])", plain) or _MONTH_END.fullmatch(plain):
        return None, int(found[1])
    if found := re.fullmatch(r"(20\d\d)(0[1-9]|1[0-2])(?:\d\d)?", plain):
        return int(found[1]), int(found[2])
    if plain.isdecimal() and (serial := day(plain, None)):
        return serial.year, serial.month
    dated = {(_year(y), int(m)) for y, m in _YEAR_MONTH.findall(plain)}
    months = {m for _, m in dated} | {int(m) for m in _MONTH.findall(plain)}
    years = {y for y, _ in dated} or {_year(y) for y in re.findall(r"(?<!\d)(20\d\d|\d\d)年", plain)}
    return _only(years), _only(months)


def spans_months(text: str) -> bool:
    """Whether it says 1-6月: the months of a year up to one."""
    return _SPAN.search(_even_date(text)) is not None


def day(cell: Cell, year_hint: int | None) -> date | None:
    """The day that is written, without a year in ``year_hint``. Excel's serial numbers count. None if in doubt."""
    if isinstance(cell, date):
        return cell.date() if isinstance(cell, datetime) else cell
    if cell is None or isinstance(cell, bool):
        return None
    plain = _even_date(shown(cell))
    if found := re.fullmatch(r"([0-9]{5})(?:\.[0-9]+)?", plain):
        serial = int(found[1])
        return _EXCEL_EPOCH + timedelta(days=serial) if FIRST_SERIAL <= serial <= LAST_SERIAL else None
    if found := re.fullmatch(r"(20\d\d)(\d\d)(\d\d)", plain):
        return _date(found[1], found[2], found[3])
    full = {_date(*parts) for parts in _FULL_DAY.findall(plain)}
    if full:
        return _only(full)
    days = {_date(str(year_hint), *parts) for parts in _MONTH_DAY.findall(plain)} if year_hint else set()
    return _only(days)


def phone(cell: Cell) -> str:
    """The telephone numbers of a cell, as text: digits, ``-``, ``+``, ``()`` and ``/``, a blank between two numbers."""
    plain = unicodedata.normalize("NFKC", shown(cell)).translate(_DASHES)
    plain = re.sub(r"[—–]+", "-", plain)
    plain = re.sub(r"[^0-9+\-()/]+", " ", plain)
    plain = re.sub(r"\( ?\)", " ", re.sub(r" ?- ?", "-", plain))  # no two blanks are left
    return " ".join(plain.split()).strip("-/ ")


def _even_date(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:KEPT]).translate(_DASHES).replace("。", ".")
    return with_digits(_BLANKS.sub("", plain))


def _year(written: str) -> int:
    return int(written) if len(written) == 4 else 2000 + int(written)


def _date(year: str, month_: str, day_: str) -> date | None:
    try:
        return date(_year(year), int(month_), int(day_))
    except ValueError:
        return None  # 2017年6月31日


def _only(found: set[T]) -> T | None:
    return next(iter(found)) if len(found) == 1 else None

"""The arguments of a command, at the beginning of a text: unit, month, day, name, mobile, address, reason. Pure."""

import re
from datetime import date

from bot.reading.written import day, month, phone
from bot.rules.policy import Rules

SPACE = re.compile(r"^[\s,，、;；:：。.]+")
_MONTH = re.compile(
    r"^(?:20\d\d\s*[-年/.]\s*)?(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])(?:\s*月(?:份)?)?(?!\d|日|号)"
)
_TO = r"^(?:延期?至|延期?到|延后到|推迟到|宽限到|至|到|截至)?\s*"
_UNTIL = re.compile(_TO + r"((?:20\d\d\s*[-年/.]\s*)?\d{1,2}\s*[-月/.]\s*\d{1,2}\s*(?:日|号)?)")
_DAY_ALONE = re.compile(_TO + r"(?:(本月|这个月|下月|下个月)\s*)?(\d{1,2})\s*[日号]")
_FROM = re.compile(r"^(?:自|从|由)\s*")
_ON = re.compile(r"^\s*(?:起|开始)")
_EMAIL = re.compile(r"^[^\s,，;；@]++@[^\s,，;；]++")
_MOBILE = re.compile(r"^\+?\d[\d-]{5,17}\d")
_NAME = re.compile(r"^[\u4e00-\u9fff·]{2,12}|^[A-Za-z][A-Za-z .]{1,30}")
_YEAR = re.compile(r"^(20\d\d)\s*年?(?:度)?(?![\d-])")
HALF_A_YEAR = 183


def argument(name: str, rest: str, rules: Rules, today: date) -> tuple[object | None, str]:
    """One argument at the beginning of a text, and what follows it."""
    match name:
        case "unit":
            return unit_at(rest, rules)
        case "period":
            return period_at(rest, today)
        case "until":
            found = _UNTIL.match(rest)
            until = _day(found[1], today) if found else None
            return until, SPACE.sub("", rest[found.end() :]) if found else rest
        case "mobile":
            found = _MOBILE.match(rest)
            return (phone(found[0]), SPACE.sub("", rest[found.end() :])) if found else (None, rest)
        case "reason":
            return (rest.strip(" ,。.;") or None), ""
        case "numbers":
            return (rest.strip(" ,。.;") or None), ""
        case "year":
            found = _YEAR.match(rest)
            return (found[1], SPACE.sub("", rest[found.end() :])) if found else (None, rest)
        case _:
            found = (_EMAIL if name == "email" else _NAME).match(rest)
            value = (found[0].lower() if name == "email" else found[0].strip()) if found else None
            return value, SPACE.sub("", rest[found.end() :]) if found else rest


def unit_at(rest: str, rules: Rules) -> tuple[str | None, str]:
    """The longest beginning that names a unit: 五图街道6月 has no blank between."""
    limit = re.search(r"[\s,，、;；:：]", rest)
    end = limit.start() if limit else len(rest)
    for length in range(min(end, 30), 1, -1):
        if unit := rules.units.resolve(rest[:length]):
            return unit.name, SPACE.sub("", rest[length:])
    return None, rest


def period_at(rest: str, today: date) -> tuple[str | None, str]:
    """A month, in the year that makes sense: the nearest to the month before today's."""
    rest = _FROM.sub("", rest)
    found = _MONTH.match(rest)
    if found is None:
        return None, rest
    year, number = month(re.sub(r"\s", "", found[0]))
    if number is None:
        return None, rest
    last = today.year * 12 + today.month - 2
    years = [year] if year else [today.year - 1, today.year, today.year + 1]
    best = min(years, key=lambda y: abs(y * 12 + number - 1 - last))
    return f"{best}-{number:02d}", SPACE.sub("", _ON.sub("", rest[found.end() :]))


def _day(text: str, today: date) -> date | None:
    plain = re.sub(r"\s", "", text)
    if whole := day(plain, None):
        return whole
    near = [day(plain, year) for year in (today.year - 1, today.year, today.year + 1)]
    return next((d for d in near if d and abs((d - today).days) <= HALF_A_YEAR), None)


def day_alone(text: str, today: date) -> tuple[date | None, str]:
    """``10号`` at the beginning: the next such day, in this month unless another is named."""
    found = _DAY_ALONE.match(text)
    if found is None:
        return None, text
    later = 1 if found[1] and found[1].startswith("下") else 0
    for months in (later, later + 1):
        year, number = divmod(today.year * 12 + today.month - 1 + months, 12)
        try:
            candidate = date(year, number + 1, int(found[2]))
        except ValueError:
            continue
        if candidate >= today:
            return candidate, SPACE.sub("", text[found.end() :])
        if found[1]:
            break
    return None, text

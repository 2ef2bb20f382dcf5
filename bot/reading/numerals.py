"""Whole numbers in Chinese numerals. Only what can mean one number: 五六 and 一百五 are nobody's guess."""

import re

_DIGITS = {
    char: value
    for value, chars in enumerate(("零〇", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for char in chars
}
_PLAIN = "零一二三四五六七八九"
_UNITS = {"拾": "十", "佰": "百", "仟": "千"}
_TENS = re.compile("([一二三四五六七八九]?)十([一二三四五六七八九]?)")


def whole(text: str) -> int | None:
    """The number from 0 to 9999 that ``text`` spells, or None. Formal digits (壹, 拾) and 两 count as plain ones."""
    plain = _plain(text)
    if not plain or any(char not in "零一二三四五六七八九十百千" for char in plain):
        return None
    total, digit = 0, 0
    for char in plain:
        weight = {"十": 10, "百": 100, "千": 1000}.get(char)
        if weight:
            total += (digit or 1) * weight
            digit = 0
        else:
            digit = _DIGITS[char]
    total += digit
    # Spelt back, so that every order and every elision that is not usual is refused.
    return total if total <= 9999 and _teens(plain) == _teens(_spelt(total)) else None


def with_digits(text: str) -> str:
    """The text with Chinese numerals up to 99, and digit by digit, as Arabic: 二〇一七年十二月 -> 2017年12月."""
    plain = _plain(text)
    plain = _TENS.sub(lambda found: str(_DIGITS.get(found[1], 1) * 10 + _DIGITS.get(found[2], 0)), plain)
    return "".join(str(_DIGITS[char]) if char in _DIGITS else char for char in plain)


def _plain(text: str) -> str:
    return "".join(_PLAIN[_DIGITS[char]] if char in _DIGITS else _UNITS.get(char, char) for char in text)


def _teens(spelt: str) -> str:
    # 一百十五 is said for 一百一十五, and 一十二 for 十二.
    return spelt.replace("一十", "十")


def _spelt(number: int) -> str:
    if number == 0:
        return "零"
    digits = f"{number:04d}"
    parts = [
        _PLAIN[int(d)] + unit if d != "0" else "零" for d, unit in zip(digits, ("千", "百", "十", ""), strict=True)
    ]
    return re.sub("零+", "零", "".join(parts)).strip("零")

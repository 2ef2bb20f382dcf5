"""The formulas of an .xls as texts, as far as ``formulas`` computes them. Source: [MS-XLS] 2.5.198, BIFF8."""

import struct
from collections.abc import Sequence

from bot.reading.cells import a1

_BETWEEN = {0x03: "+", 0x04: "-", 0x05: "*", 0x06: "/"}
_BEFORE = {0x12: "+", 0x13: "-"}
SUM = 4  # 2.5.198.17
SUM_OF_ONE, SPACE, VOLATILE = 0x10, 0x40, 0x01  # 2.5.198.34 and following


def text_of(body: bytes, sheets: Sequence[str], areas: Sequence[tuple[int, int]]) -> str:
    """The formula, from its length on; empty when it holds anything else than sums, arithmetic and references.

    ``areas`` are first and last sheet of each reference to other sheets, -1 for another workbook."""
    size = struct.unpack_from("<H", body, 0)[0] if len(body) >= 2 else 0
    tokens, at = body[2 : 2 + size], 0
    stack: list[str] = []
    try:
        while at < len(tokens):
            at = _token(tokens, at, stack, sheets, areas)
    except (struct.error, IndexError, _Other):
        return ""
    return stack[0] if len(stack) == 1 else ""


class _Other(Exception):
    """What is not computed here."""


def _token(tokens: bytes, at: int, stack: list[str], sheets: Sequence[str], areas: Sequence[tuple[int, int]]) -> int:
    """Takes one token, and gives where the next one is."""
    kind = tokens[at]
    kind = kind if kind < 0x20 else (kind & 0x1F) | 0x20
    if kind in _BETWEEN:
        right, left = stack.pop(), stack.pop()
        stack.append(f"({left}{_BETWEEN[kind]}{right})")
        return at + 1
    if kind in _BEFORE:
        stack.append(f"({_BEFORE[kind]}{stack.pop()})")
        return at + 1
    if kind == 0x15:
        return at + 1  # brackets, which stand here anyway
    if kind == 0x19:
        if tokens[at + 1] & SUM_OF_ONE:
            stack.append(f"SUM({stack.pop()})")
        elif tokens[at + 1] not in (SPACE, VOLATILE, SPACE | VOLATILE):
            raise _Other
        return at + 4
    if kind == 0x1E:
        stack.append(str(struct.unpack_from("<H", tokens, at + 1)[0]))
        return at + 3
    if kind == 0x1F:
        stack.append(repr(struct.unpack_from("<d", tokens, at + 1)[0]))
        return at + 9
    if kind == 0x22:
        count, function = struct.unpack_from("<BH", tokens, at + 1)
        if function & 0x7FFF != SUM or not count & 0x7F:
            raise _Other
        count &= 0x7F
        stack[-count:] = [f"SUM({','.join(stack[-count:])})"]
        return at + 4
    return _reference(kind, tokens, at + 1, stack, sheets, areas)


def _reference(
    kind: int, tokens: bytes, at: int, stack: list[str], sheets: Sequence[str], areas: Sequence[tuple[int, int]]
) -> int:
    before = ""
    if kind in (0x3A, 0x3B):
        first, last = areas[struct.unpack_from("<H", tokens, at)[0]]
        if first != last or not 0 <= first < len(sheets):
            raise _Other
        name = sheets[first].replace("'", "''")
        before, at, kind = f"'{name}'!", at + 2, kind - 0x16
    if kind == 0x24:
        row, column = struct.unpack_from("<HH", tokens, at)
        stack.append(before + a1(row, column & 0x3FFF))
        return at + 4
    if kind == 0x25:
        top, bottom, left, right = struct.unpack_from("<HHHH", tokens, at)
        stack.append(f"{before}{a1(top, left & 0x3FFF)}:{a1(bottom, right & 0x3FFF)}")
        return at + 8
    raise _Other

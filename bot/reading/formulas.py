"""Sums and references of a workbook, computed where the program that wrote it left that to the next one.

A library saves a formula without a value, or with 0, and whoever opens the file sees the number that a spreadsheet
program computes then. Only what cannot be meant otherwise is computed: references, ranges, ``SUM``, ``+ - * /``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.model.forms import Cell, Doubt, Grid
from bot.reading.addresses import column_of
from bot.reading.cells import NOISE, is_formula, shown
from bot.reading.looks import Look, Place

STEPS = 100_000  # cells that are looked at for one workbook
DEPTH = 30  # of formulas that refer to formulas, and of brackets
LONGEST = 2_000  # characters of a formula
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?![A-Za-z0-9_!:])"
    r"|(?P<sum>SUM)\s*(?=\()"
    r"|(?P<sheet>'(?:[^']|'')+'|[^\s'!+\-*/(),:;&=<>^%\"]+)!(?=\$?[A-Za-z])"
    r"|(?P<cell>\$?[A-Za-z]{1,3}\$?[0-9]{1,7})(?![A-Za-z0-9_.(!])"
    r"|(?P<mark>[-+*/(),:;]))",
    re.IGNORECASE,
)
_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


class Unknown(Exception):
    """What the formula gives is not known here."""


def computed(grids: Sequence[Grid], looks: Mapping[str, Look], computes: bool) -> tuple[Grid, ...]:
    """The grids with what their formulas give. A saved value that is another one is a doubt, unless the file leaves
    it to be computed (``computes``) and says 0; so is one that nothing can be known about in such a file."""
    if not any(look.formulas for look in looks.values()):
        return tuple(grids)
    book = _Book(grids, looks)
    return tuple(_with_values(grid, looks[grid.name], book, computes) if grid.name in looks else grid for grid in grids)


def _with_values(grid: Grid, look: Look, book: "_Book", computes: bool) -> Grid:
    rows = [list(row) for row in grid.rows]
    doubts: list[Doubt] = []
    for (r, c), formula in look.formulas.items():
        saved = rows[r][c] if r < len(rows) and c < len(rows[r]) else None
        try:
            value = book.value(grid.name, (r, c))
        except Unknown:
            if computes and not is_formula(saved):
                if saved == 0:
                    _put(rows, (r, c), f"={formula or '...'}")
                doubts.append(Doubt(r, c, "uncomputed"))
            continue
        if _same(saved, value):
            continue
        _put(rows, (r, c), value)
        waits = saved is None or is_formula(saved) or (computes and saved == 0)
        # What waits to be computed is seen as what it gives by whoever opens the file: there is no other reading.
        doubts.append(Doubt(r, c, "uncomputed", shown(value if waits else saved)))
    return replace(grid, rows=tuple(tuple(row) for row in rows), doubts=(*grid.doubts, *doubts))


def _put(rows: list[list[Cell]], at: Place, value: Cell) -> None:
    row, column = at
    rows += [[] for _ in range(row + 1 - len(rows))]
    rows[row] += [None] * (column + 1 - len(rows[row]))
    rows[row][column] = value


def _same(saved: Cell, value: Cell) -> bool:
    if isinstance(saved, int | float) and isinstance(value, int | float):
        return abs(saved - value) <= NOISE * max(1.0, abs(value))
    return shown(saved) == shown(value)


class _Book:
    """The cells of all sheets, and what their formulas give, each computed once."""

    def __init__(self, grids: Sequence[Grid], looks: Mapping[str, Look]) -> None:
        self._grids = {grid.name.casefold(): grid for grid in grids}
        self._formulas = {name.casefold(): look.formulas for name, look in looks.items()}
        self._known: dict[tuple[str, Place], Cell] = {}
        self._left = STEPS
        self._depth = 0

    def value(self, sheet: str, place: Place) -> Cell:
        """What the cell gives. Unknown for a formula that is not, or refers to, what can be computed here."""
        sheet = sheet.casefold()
        self._left -= 1
        if self._left < 0 or sheet not in self._grids:
            raise Unknown
        formula = self._formulas.get(sheet, {}).get(place)
        if formula is None:
            rows = self._grids[sheet].rows
            return rows[place[0]][place[1]] if place[0] < len(rows) and place[1] < len(rows[place[0]]) else None
        if (sheet, place) not in self._known:
            self._known[sheet, place] = self._computed(sheet, formula)
        return self._known[sheet, place]

    def _computed(self, sheet: str, formula: str) -> Cell:
        if self._depth >= DEPTH or len(formula) > LONGEST:
            raise Unknown
        self._depth += 1
        try:
            value = _Formula(self, sheet, formula).value()
        finally:
            self._depth -= 1
        if isinstance(value, float) and abs(value - round(value)) <= NOISE * max(1.0, abs(value)):
            return round(value)
        return 0 if value is None else value


class _Formula:
    """One formula, computed while it is read from left to right."""

    def __init__(self, book: _Book, sheet: str, text: str) -> None:
        self._book, self._sheet = book, sheet
        self._tokens = list(_tokens(text))
        self._at = 0
        self._open = 0

    def value(self) -> Cell:
        value = self._sum()
        if self._at < len(self._tokens):
            raise Unknown
        return value

    def _sum(self) -> Cell:
        value = self._product()
        while (mark := self._mark("+", "-")) is not None:
            other = _number(self._product())
            value = _number(value) + (other if mark == "+" else -other)
        return value

    def _product(self) -> Cell:
        value = self._factor()
        while (mark := self._mark("*", "/")) is not None:
            other = _number(self._factor())
            if mark == "/" and other == 0:
                raise Unknown
            value = _number(value) * other if mark == "*" else _number(value) / other
        return value

    def _factor(self) -> Cell:
        self._open += 1
        if self._open > DEPTH:
            raise Unknown
        try:
            if (mark := self._mark("+", "-")) is not None:
                number = _number(self._factor())
                return number if mark == "+" else -number
            if self._mark("(") is not None:
                value = self._sum()
                self._need(")")
                return value
            kind, text = self._next()
            if kind == "number":
                return float(text)
            if kind == "sum":
                return self._sum_of()
            sheet, first, last = self._area(kind, text)
            if first != last:
                raise Unknown
            return self._book.value(sheet, first)
        finally:
            self._open -= 1

    def _sum_of(self) -> float:
        """``SUM``: numbers in ranges count, texts in them do not."""
        self._need("(")
        total = 0.0
        while True:
            kind = self._tokens[self._at][0] if self._at < len(self._tokens) else ""
            start = self._at
            if kind in ("sheet", "cell"):
                sheet, first, last = self._area(*self._next())
                if self._mark(",", ";") is not None or self._peek(")"):
                    total += sum(self._numbers(sheet, first, last))
                    if self._mark(")") is not None:
                        return total
                    continue
                self._at = start  # SUM(B7+C7): an expression
            total += _number(self._sum())
            if self._mark(")") is not None:
                return total
            self._need(",", ";")

    def _numbers(self, sheet: str, first: Place, last: Place) -> Iterator[float]:
        for row in range(first[0], last[0] + 1):
            for column in range(first[1], last[1] + 1):
                value = self._book.value(sheet, (row, column))
                if is_formula(value):
                    raise Unknown
                if isinstance(value, int | float) and not isinstance(value, bool):
                    yield value

    def _area(self, kind: str, text: str) -> tuple[str, Place, Place]:
        """A cell, or a range of them, here or on another sheet."""
        sheet = self._sheet
        if kind == "sheet":
            sheet = text[1:-1].replace("''", "'") if text.startswith("'") else text
            kind, text = self._next()
        if kind != "cell":
            raise Unknown
        first = last = _place(text)
        if self._mark(":") is not None:
            kind, text = self._next()
            if kind != "cell":
                raise Unknown
            last = _place(text)
        return sheet, (min(first[0], last[0]), min(first[1], last[1])), (max(first[0], last[0]), max(first[1], last[1]))

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise Unknown
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self, *marks: str) -> bool:
        return (
            self._at < len(self._tokens) and self._tokens[self._at][0] == "mark" and self._tokens[self._at][1] in marks
        )

    def _mark(self, *marks: str) -> str | None:
        return self._next()[1] if self._peek(*marks) else None

    def _need(self, *marks: str) -> None:
        if self._mark(*marks) is None:
            raise Unknown


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise Unknown
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _place(text: str) -> Place:
    found = _CELL.fullmatch(text)
    assert found  # the token has this shape
    return int(found[2]) - 1, column_of(found[1].upper())


def _number(value: Cell) -> float:
    """A cell in arithmetic: blank is 0; a text is not computed with, though programs do if it looks like a number."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unknown
    return value

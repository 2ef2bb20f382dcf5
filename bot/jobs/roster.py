"""Liaisons and registered numbers from workbooks, and the liaisons back into one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bot.config import ADDRESS
from bot.errors import UsageError
from bot.jobs.parts import Bot
from bot.letters.cells import put, sheet_title
from bot.letters.mime import plain_address
from bot.model.forms import Cell, Grid
from bot.model.people import Liaison
from bot.reading.written import count, phone
from bot.record import people, runs
from bot.rules.base import even
from bot.rules.forms import Labelled

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as SheetCell


@dataclass(slots=True)
class Outcome:
    """What an import did; ``problems`` has a line for each row that a person must look at."""

    changed: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the headings: its place for people, and its cells by column id."""

    place: str
    cells: dict[str, Cell]

    def text(self, column: str) -> str:
        """A cell of the row as text without blanks around it; empty for none."""
        value = self.cells.get(column)
        return "" if value is None else str(value).strip()


def take_roster(bot: Bot, file: Path, today: date, ever: date) -> Outcome:
    """Makes the persons in the workbook the liaisons of their units, from today on; a unit's first ones, and whatever
    is put right before the first run, from ``ever``. A row without an address is taken and told: its unit can only be
    telephoned."""
    outcome = Outcome()
    by_unit: dict[str, list[Liaison]] = {}
    for row in _rows(bot, file, bot.rules.roster.row):
        unit = bot.rules.units.resolve(row.text("unit"))
        if unit is None:
            outcome.problems.append(f"{row.place}: no such unit: {row.text('unit')!r}; the row is left out")
            continue
        if not any(row.text(column) for column in ("name", "mobile", "email")):
            # As in every export, for a unit that has nobody: it names no person who could be appointed.
            outcome.problems.append(f"{row.place}: nobody is named for {unit.name}; the row is left out")
            continue
        email = row.text("email").lower()
        if email and not (ADDRESS.fullmatch(email) and _can_be_written_to(email)):
            outcome.problems.append(f"{row.place}: not an e-mail address: {email!r}; the row is taken without it")
            email = ""
        elif not email:
            outcome.problems.append(f"{row.place}: no address for {unit.name}; it can only be telephoned")
        person = Liaison(unit.name, row.text("name"), phone(row.cells.get("mobile")), email)
        by_unit.setdefault(unit.name, []).append(person)
    with bot.record.begin() as conn:
        # Nobody has been written to yet: a list that is put right then has always been so.
        since = today if runs.has_begun(conn) else ever
        for unit_name, persons in by_unit.items():
            if people.appoint(conn, unit_name, list(dict.fromkeys(persons)), since, ever):
                outcome.changed += 1
            else:
                outcome.unchanged += 1
    return outcome


def _can_be_written_to(email: str) -> bool:
    try:
        return bool(plain_address(email))
    except ValueError:  # "a..b@x.cn": one such address would stop the reminders of all
        return False


def take_base(bot: Bot, file: Path, form: str, now: datetime) -> Outcome:
    """Sets the registered numbers by category. A number that is none is told, and its row left out."""
    outcome = Outcome()
    rule = bot.rules.forms[form]
    known = _bases(bot, form)
    words = bot.rules.words.with_measure(rule.measure)
    with bot.record.begin() as conn:
        for row in _rows(bot, file, (bot.rules.roster.cell("unit"), *rule.groups)):
            unit = bot.rules.units.resolve(row.text("unit"))
            counts = {g.id: count(row.cells.get(g.id), row.place, words).value for g in rule.groups}
            numbers = {g: n for g, n in counts.items() if n is not None}
            if unit is None or len(numbers) < len(counts):
                what = f"no such unit: {row.text('unit')!r}" if unit is None else "a number is missing or unclear"
                outcome.problems.append(f"{row.place}: {what}; the row is left out")
            elif known.get(unit.name) == numbers:
                outcome.unchanged += 1
            else:
                people.register_base(conn, unit.name, form, numbers, now)
                runs.note(conn, now, "base.registered", unit=unit.id, form=form, **numbers)
                outcome.changed += 1
    return outcome


def _bases(bot: Bot, form: str) -> dict[str, dict[str, int]]:
    """unit -> category -> registered number, as the record has it now."""
    with bot.record.read() as conn:
        return people.bases(conn, form)


def write_roster(bot: Bot, file: Path, today: date) -> int:
    """The liaisons of today in the order of the units; a unit without one has an empty row. Returns how many."""
    from openpyxl import Workbook

    with bot.record.read() as conn:
        everybody = people.liaisons(conn, today)
    columns = [bot.rules.roster.cell(id_) for id_ in ("unit", "name", "mobile", "email")]
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = sheet_title(columns[1].label)
    persons = [p for u in bot.rules.units.units for p in everybody if p.unit == u.name]
    served = {p.unit for p in persons}
    empty = [Liaison(u.name, "", "", "") for u in bot.rules.units.units if u.is_there(today) and u.name not in served]
    lines = [tuple(c.label for c in columns), *((p.unit, p.name, p.mobile, p.email) for p in (*persons, *empty))]
    for y, line in enumerate(lines, 1):
        for x, text in enumerate(line, 1):
            put(cast("SheetCell", sheet.cell(y, x)), text)
    for letter, width in zip("ABCD", (24, 14, 18, 32), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    book.save(file)
    return len(persons)


def _rows(bot: Bot, file: Path, columns: Sequence[Labelled]) -> Iterator[Row]:
    """The rows below the first line that has every heading. UsageError when there is none."""
    opened = bot.reader.read(file.read_bytes())
    for grid in opened.grids:
        for y, line in enumerate(grid.rows):
            found = {c.id: x for c in columns for x, cell in enumerate(line) if even(str(cell or "")) in c.words}
            if len(found) == len(columns):
                yield from _below(grid, y, found, columns[0].id)
                return
    raise UsageError(f"{file}: no sheet has the headings {', '.join(c.label for c in columns)}")


def _below(grid: Grid, top: int, found: dict[str, int], first: str) -> Iterator[Row]:
    for y, line in enumerate(grid.rows[top + 1 :], top + 2):
        cells = {id_: line[x] if x < len(line) else None for id_, x in found.items()}
        row = Row(f"{grid.name}!{y}", cells)
        if row.text(first):
            yield row

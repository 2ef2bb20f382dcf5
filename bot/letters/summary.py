"""The county's summary workbook, which goes with the bulletin: every unit, sums, month on month, targets, ranks, and
what changed after the release; with charts of Excel's own.

Sums are formulas, so that who checks them sees what they add. They have no cached values, as openpyxl does not compute:
programs do when they open the file.
"""

import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.deciding.bulletin_view import change, row
from bot.letters.filters import Filter
from bot.letters.ledger import RATE, Ledger
from bot.letters.summary_charts import by_category, by_unit
from bot.letters.summary_words import SummaryWords
from bot.model.bulletin import Bulletin, Change, Line
from bot.rules.policy import Rules

if TYPE_CHECKING:
    from openpyxl import Workbook


@dataclass(frozen=True, slots=True)
class Source:
    """What the sheets are drawn from. ``changes`` are those that the bulletin tells of, and those that came after
    it; ``filters`` write dates and months as the letters do."""

    made: Bulletin
    rules: Rules
    words: SummaryWords
    filters: Mapping[str, Filter]
    released_at: datetime | None = None
    changes: Sequence[Change] = ()

    @property
    def month(self) -> str:
        """The month as letters write it."""
        return self.filters["month"](self.made.period)


def summary(source: Source) -> bytes:
    """The workbook as .xlsx. Every text in it is a text, whatever it looks like."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in (_numbers, _growth, _targets, _ranking, _changes):
        sheet(book, source)
    book.properties.creator = ""
    book.calculation.fullCalcOnLoad = True
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _open(book: "Workbook", source: Source, name: str, title: str, widths: Sequence[float], line: str = "") -> Ledger:
    """A new sheet with its title and the lines below it."""
    words = source.words
    ledger = Ledger.on(book, name, widths, words.title_font, words.text_font)
    ledger.title(title)
    ledger.line(line or words.period_line.format(month=source.month))
    day = source.filters["fullday"](source.released_at) if source.released_at else ""
    ledger.line(words.released_line.format(day=day) if day else words.draft_line)
    return ledger


def _numbers(book: "Workbook", source: Source) -> None:
    """Every unit by category and level, with the sums of the row and of the column."""
    made, words = source.made, source.words
    size = len(made.levels)
    widths = [5, 19, *[5.2] * ((size + 1) * len(made.categories)), 8, 34]
    sheet = _open(book, source, words.sheet_summary, words.title, widths)
    spans: list[tuple[str, int]] = [(words.number, 1), (words.unit, 1)]
    spans += [(c.label, size + 1) for c in made.categories] + [(words.total, 1), (words.state, 1)]
    below = ["", "", *[*(x.label for x in made.levels), words.subtotal] * len(made.categories), "", ""]
    sheet.headings(spans, below)
    subtotals = [3 + size + i * (size + 1) for i in range(len(made.categories))]
    last = subtotals[-1] + 1

    def cells_of(line: Line) -> list[Any]:
        cells: list[Any] = []
        for category in made.categories:
            counts = line.numbers.get(category.id, {})
            cells += [counts.get(x.id) for x in made.levels]
            start = len(cells) - size + 3
            cells.append(sheet.sum_across(start, start + size - 1) if line.since else None)
        return [*cells, sheet.sum_of(subtotals) if line.since else None]

    _blocks(sheet, source, cells_of, range(3, last + 1))
    sheet.finish()


def _blocks(
    sheet: Ledger,
    source: Source,
    cells_of: Callable[[Line], list[Any]],
    columns: Sequence[int],
    signed: Collection[int] = (),
    differences: bool = False,
) -> None:
    """The units that make the county with their sum; below it each other kind with its own sum, and how that differs.
    Between number, unit and remark stand ``cells_of`` each unit, in ``columns``. Of those that are ``signed`` the sum
    is that of the differences; where ``differences``, what was announced long ago, it is the difference of the sums."""
    made, words, rules = source.made, source.words, source.rules
    remark_in = columns[-1] + 1
    placed, county = 0, 0
    kinds: dict[str, str] = dict(rules.bulletin.kinds.items())
    blocks = [(words.county, made.county_lines, made.whole.reached is not None)]
    for item in made.beside:
        lines = tuple(line for line in made.lines if line.kind == item.kind)
        blocks.append((words.beside.format(kind=kinds[item.kind]), lines, item.reached is not None))
    for label, lines, any_number in blocks:
        first = sheet.row + 1
        for number, line in enumerate(lines, start=1):
            cells = [placed + number, line.unit, *cells_of(line), row(line, made, rules)["remark"]]
            sheet.put(cells, left=(2, remark_in), signed=signed)
        sums: list[Any] = ["", label]
        for c in columns:
            of_sums = differences and c in signed
            sums.append(sheet.difference(c - 1, c - 2) if of_sums else sheet.sum_down(c, first) if any_number else None)
        sheet.put([*sums, ""], bold=True, left=(2,), signed=signed)
        if county and any_number and made.whole.reached is not None:
            apart = [None if c in signed else sheet.less(c, sheet.row, county) for c in columns]
            everything = {*columns} - {*signed}
            sheet.put(["", words.apart, *apart, ""], bold=True, left=(2,), signed=everything)
        county = county or sheet.row
        placed += len(lines)


def _growth(book: "Workbook", source: Source) -> None:
    """This month beside the last, by category and in all. Who has no number of this month has not grown."""
    made, words = source.made, source.words
    parts = [c.label for c in made.categories] + [words.total]
    line = ""
    if made.before:
        line = words.growth_line.format(month=source.month, before=source.filters["month"](made.before))
    width = 2 + 3 * len(parts)
    widths = [5, 19, *[9.0] * (3 * len(parts)), 34]
    sheet = _open(book, source, words.sheet_growth, words.growth_title, widths, line)
    spans = [(words.number, 1), (words.unit, 1), *((part, 3) for part in parts), (words.state, 1)]
    sheet.headings(spans, ["", "", *[words.before, words.now, words.change] * len(parts), ""])
    before, now = range(3, width - 2, 3), range(4, width - 2, 3)

    def cells_of(unit: Line) -> list[Any]:
        known = unit.change is not None
        cells: list[Any] = []
        for i in range(len(made.categories)):
            cells += [unit.previous[i] if unit.previous else None, unit.sums[i] if unit.sums else None]
            cells.append(sheet.difference(len(cells) + 2, len(cells) + 1) if known else None)
        cells += [sheet.sum_of(before) if unit.previous else None, sheet.sum_of(now) if unit.sums else None]
        return [*cells, sheet.difference(width - 1, width - 2) if known else None]

    # Long ago the growth was the difference of the sums, first reports included; what was announced stays.
    announced_long_ago = made.whole.whom is None and made.before is not None
    _blocks(sheet, source, cells_of, range(3, width + 1), range(5, width + 1, 3), announced_long_ago)
    sheet.finish()


def _targets(book: "Workbook", source: Source) -> None:
    """The county's categories against the targets, with a chart."""
    made, words = source.made, source.words
    widths = [24, 12, 12, 12, 12, 20, 12, 14, 16, 16]
    sheet = _open(book, source, words.sheet_targets, words.targets_title, widths)
    names = [words.category, words.reached, words.base, words.rate, words.target, words.until, words.gap]
    names += [words.lag, words.rated, words.rated_reached]
    sheet.headings([(name, 1) for name in names])
    first = sheet.row + 1
    for part in (*made.parts, made.whole):
        target = None if part.target is None else part.target / 100
        cells = [part.label, part.reached, part.base, part.rate, target, part.until, part.gap]
        lag = source.rules.targets.pace.words if source.rules.targets.pace else None
        cells.append(getattr(lag, part.lag) if lag and part.lag else None)
        cells += [part.whom.rated, part.whom.reached if part.whom.rated else None] if part.whom else [None, None]
        whole = target is not None and target * 100 == int(target * 100)
        formats = {4: RATE, 5: "0%" if whole else RATE, 6: words.date_format}
        sheet.put(cells, left=(1,), bold=part is made.whole, formats=formats)
    if words.base_note:
        sheet.note(words.base_note)
    last = first + len(made.parts)
    by_category(sheet, words, first, last, with_rates=any(p.rate is not None for p in (*made.parts, made.whole)))
    sheet.finish(last_row=sheet.row + 22)


def _ranking(book: "Workbook", source: Source) -> None:
    """Each kind of unit in the order of its ranks; and a chart of the county's totals on a sheet of its own."""
    made, words, rules = source.made, source.words, source.rules
    sheet = _open(book, source, words.sheet_ranking, words.ranking_title, [12, 6, 20, 10, 10, 10, 10, 13, 12, 34])
    names = (words.kind, words.rank, words.unit, words.reached, words.change, words.base, words.rate)
    sheet.headings([(name, 1) for name in (*names, words.ranked_by, words.group, words.state)])
    first = sheet.row + 1
    kinds: dict[str, str] = dict(rules.bulletin.kinds.items())
    last = first
    for kind, by in sorted(made.ranked_by.items(), key=lambda of: bool(made.county) and of[0] not in made.county):
        label = kinds[kind]
        of_kind = [line for line in made.lines if line.kind == kind]
        for line in sorted(of_kind, key=lambda x: x.rank or len(of_kind) + 1):
            cells = [label, line.rank, line.unit, line.total, line.change, line.base, line.rate]
            cells += [getattr(rules.bulletin.ranked_by, by), line.group, row(line, made, rules)["remark"]]
            sheet.put(cells, left=(3, 10), signed=(5,), formats={7: RATE})
            last = sheet.row if not made.county or kind in made.county else last
    sheet.finish()
    chart = _open(book, source, words.sheet_chart, words.ranking_title, [12.0] * 11)
    by_unit(chart, sheet, words, first, last)
    chart.finish(last_row=chart.row + 28)


def _changes(book: "Workbook", source: Source) -> None:
    """What was accepted for months that had been announced; no sheet where there is nothing."""
    if not source.changes:
        return
    words = source.words
    sheet = _open(book, source, words.sheet_changes, words.changes_title, [5, 22, 18, 18, 12, 12, 12])
    names = (words.number, words.unit, words.period, words.change_kind, words.announced, words.in_force, words.change)
    sheet.headings([(name, 1) for name in names])
    for number, item in enumerate(source.changes, start=1):
        told = change(item, source.rules)
        cells = [number, item.unit, source.filters["month"](item.period), told["word"], item.announced, item.now]
        cells.append(sheet.difference(6, 5) if item.announced is not None else None)
        sheet.put(cells, left=(2,), signed=(7,))
    sheet.finish()

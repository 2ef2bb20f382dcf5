"""The workbook of a year's assessment: the ranking, the evidence behind each number, the rules as applied.

Every number of the ranking is a formula over the evidence, and every deduction one over the facts of its row and
the points of the rules. So the office can check each of them, and amend a fact or a rule: the rest follows.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING

from bot.letters.cells import clean, sheet_title
from bot.letters.formulas import Layout, deductions, first_grade, ranking
from bot.letters.tables import (
    DAY,
    FIRST_ROW,
    MINUTE,
    POINTS,
    Column,
    Fonts,
    Value,
    filtered,
    heading,
    lines,
    printed,
    table,
)
from bot.model.assessment import Assessed, Evidence
from bot.rules.assessment import VALUES, Assessment
from bot.rules.policy import Rules

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

# Widths in characters; what is not named here has the width of a number.
NARROW = 10.0
RANKING = {"kind": 13, "rank": 7, "unit": 22, "waiting": 13, "grade": 11}
EVIDENCE = {"unit": 22, "form": 10, "period": 13, "deadline": 13, "received": 18, "why": 36}
RULES = (30.0, 12.0, 70.0)
FORMATS = {"deadline": DAY, "received": MINUTE, "score": POINTS, "deducted": POINTS}
OPEN = {"outcome", "late_days", "returned", "corrected"}  # facts that the office may amend


def assessment_book(
    year: int,
    assessed: Sequence[Assessed],
    rules: Rules,
    fonts: Fonts,
    office: str,
    *,
    now: datetime,
    since: datetime,
    zone: tzinfo,
) -> bytes:
    """The .xlsx. Its formulas have no cached values, as openpyxl does not compute: the program that opens it does.

    ``assessed`` must not be empty. ``since`` is from when on deadlines count, ``now`` when the record was read."""
    from openpyxl import Workbook

    words = rules.assessment.words
    book = Workbook()
    book.remove(book.worksheets[0])
    pages = _Pages(year, assessed, rules, fonts, _basis(rules.assessment, office, now, since, zone), zone)
    pages.ranking(book.create_sheet(sheet_title(words.sheets["ranking"])))
    pages.evidence(book.create_sheet(pages.layout.evidence))
    pages.rules_as_applied(book.create_sheet(pages.layout.rules))
    book.properties.title = clean(words.title.format(year=year))
    book.properties.creator = ""
    book.calculation.fullCalcOnLoad = True
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _basis(rule: Assessment, office: str, now: datetime, since: datetime, zone: tzinfo) -> str:
    """What stands below each title: as of when, since when, whose."""

    def moment(when: datetime) -> str:
        local = when.astimezone(zone)
        return rule.words.moment.format(
            year=local.year, month=local.month, day=local.day, hour=local.hour, minute=local.minute
        )

    return rule.words.basis.format(now=moment(now), since=moment(since), office=office)


@dataclass(frozen=True)
class _Pages:
    """The three sheets of one year."""

    year: int
    assessed: Sequence[Assessed]
    rules: Rules
    fonts: Fonts
    basis: str
    zone: tzinfo

    @cached_property
    def layout(self) -> Layout:
        words = self.rules.assessment.words
        return Layout(
            evidence=sheet_title(words.sheets["evidence"]),
            rules=sheet_title(words.sheets["rules"]),
            outcomes=words.outcomes,
            rows=sum(unit.owed for unit in self.assessed),
            units=len(self.assessed),
            grades=len(self.rules.assessment.grades),
        )

    def ranking(self, sheet: "Worksheet") -> None:
        words, keys = self.rules.assessment.words, self.layout.ranking
        columns = [
            Column(
                words.ranking[key],
                RANKING.get(key, NARROW),
                "left" if key == "unit" else "center",
                FORMATS.get(key, "General"),
                bold=key in ("unit", "score"),
            )
            for key in keys
        ]
        rows: list[list[Value]] = []
        for row, unit in enumerate(self.assessed, start=FIRST_ROW):
            known = {"kind": words.kinds[unit.kind], "unit": unit.unit}
            rows.append([known.get(key) or ranking(key, row, self.layout) for key in keys])
        self._draw(sheet, words.title, columns, rows, kept=3)

    def evidence(self, sheet: "Worksheet") -> None:
        from openpyxl.worksheet.datavalidation import DataValidation

        words, keys = self.rules.assessment.words, self.layout.evidence_columns
        columns = [
            Column(
                words.evidence[key],
                EVIDENCE.get(key, NARROW),
                "left" if key in ("unit", "why") else "center",
                FORMATS.get(key, POINTS if key.startswith("minus_") else "General"),
                open=key in OPEN,
            )
            for key in keys
        ]
        rows: list[list[Value]] = []
        for unit in self.assessed:
            for item in unit.evidence:
                known, row = {"unit": unit.unit, **self._facts(item)}, FIRST_ROW + len(rows)
                rows.append([known[key] if key in known else deductions(key, row, self.layout) for key in keys])
        self._draw(sheet, words.evidence_title, columns, rows, kept=1)
        choice = DataValidation("list", formula1=f'"{",".join(words.outcomes.values())}"', allow_blank=False)
        sheet.add_data_validation(choice)
        place = self.layout.column("outcome")
        choice.add(f"{place}{FIRST_ROW}:{place}{FIRST_ROW + len(rows) - 1}")

    def rules_as_applied(self, sheet: "Worksheet") -> None:
        rule = self.rules.assessment
        words, values = rule.words.rules, {"full": rule.full, **dict(rule.deductions)}
        columns = [
            Column(words["item"], RULES[0], "left"),
            Column(words["value"], RULES[1], format=POINTS, open=True),
            Column(words["meaning"], RULES[2], "left"),
        ]
        rows: list[list[Value]] = [[words[key], values[key], rule.words.meanings[key]] for key in VALUES]
        heading(sheet, rule.words.rules_title.format(year=self.year), self.basis, len(columns), self.fonts)
        last = table(sheet, FIRST_ROW - 1, columns, rows, self.fonts)
        grades = [
            Column(words["grade"], RULES[0], "left"),
            Column(words["at_least"], RULES[1], format=POINTS, open=True),
        ]
        steps: list[list[Value]] = [[grade.label, grade.at_least] for grade in rule.grades]
        last = table(sheet, first_grade(last) - 1, grades, steps, self.fonts)
        lines(sheet, last + 2, rule.words.notes, columns, self.fonts)
        printed(sheet, columns)

    def _draw(self, sheet: "Worksheet", title: str, columns: list[Column], rows: list[list[Value]], kept: int) -> None:
        heading(sheet, title.format(year=self.year), self.basis, len(columns), self.fonts)
        last = table(sheet, FIRST_ROW - 1, columns, rows, self.fonts)
        filtered(sheet, FIRST_ROW - 1, last, len(columns), kept)
        printed(sheet, columns)

    def _facts(self, item: Evidence) -> dict[str, Value]:
        """What is no formula. Times are those of the office's wall clock: a workbook knows no zones."""
        words = self.rules.assessment.words
        why = [words.reasons[d.code].format(count=d.count) for d in item.deductions]
        why += [words.reasons["waiting"]] if item.outcome == "waiting" else []
        received = item.received_at.astimezone(self.zone).replace(tzinfo=None) if item.received_at else None
        return {
            "form": self.rules.forms[item.form].name,
            "period": "" if self.rules.forms[item.form].owed.once else self.rules.words.month_text(item.period),
            "deadline": item.deadline.astimezone(self.zone).replace(tzinfo=None),
            "received": received,
            "version": item.version,
            "outcome": words.outcomes[item.outcome],
            "late_days": item.late_days,
            "returned": item.returned,
            "corrected": item.corrected,
            "why": "；".join(why),
        }

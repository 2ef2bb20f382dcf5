"""The formulas of the assessment's workbook. Pure text: which cell says what follows from which others.

Only functions that every Excel, WPS and LibreOffice knows, and no text criteria such as "<=90", which depend
on the language of the program.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.letters.cells import Formula
from bot.letters.tables import FIRST_ROW
from bot.rules.assessment import KEYS, VALUES


def first_grade(last_value_row: int) -> int:
    """The row of the first grade: below the values stand an empty row and the headings."""
    return last_value_row + 3


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand: titles of the sheets, the words for outcomes, how many rows each table has."""

    evidence: str
    rules: str
    outcomes: Mapping[str, str]
    rows: int
    units: int
    grades: int

    ranking = KEYS["ranking"]
    evidence_columns = KEYS["evidence"]

    def column(self, key: str) -> str:
        """The letter of a column of the evidence."""
        return _letter(self.evidence_columns.index(key))

    def facts(self, key: str) -> str:
        """A column of the evidence, seen from another sheet."""
        letter = self.column(key)
        return f"{_sheet(self.evidence)}!${letter}${FIRST_ROW}:${letter}${FIRST_ROW + self.rows - 1}"

    def here(self, key: str) -> str:
        """A column of the ranking, seen from the ranking."""
        letter = _letter(self.ranking.index(key))
        return f"${letter}${FIRST_ROW}:${letter}${FIRST_ROW + self.units - 1}"

    def value(self, key: str) -> str:
        """The points of a rule, seen from another sheet."""
        return f"{_sheet(self.rules)}!$B${FIRST_ROW + VALUES.index(key)}"

    def graded(self, letter: str) -> str:
        """The grades' labels (A) or limits (B), seen from another sheet."""
        first = first_grade(FIRST_ROW + len(VALUES) - 1)
        return f"{_sheet(self.rules)}!${letter}${first}:${letter}${first + self.grades - 1}"

    def says(self, outcome: str) -> str:
        """The word for an outcome as a text in a formula."""
        return '"' + self.outcomes[outcome].replace('"', '""') + '"'


def ranking(key: str, row: int, layout: Layout) -> Formula:
    """A number of one unit, from the evidence; KeyError for a column that is no formula."""
    own = {name: f"{_letter(place)}{row}" for place, name in enumerate(layout.ranking)}
    units, outcomes = f"{layout.facts('unit')},{own['unit']}", layout.facts("outcome")
    excused = f"{units},{outcomes},{layout.says('excused')}"

    def times(outcome: str) -> str:
        return f"COUNTIFS({units},{outcomes},{layout.says(outcome)})"

    def all_but_excused(column: str) -> str:
        return f"SUMIFS({layout.facts(column)},{units})-SUMIFS({layout.facts(column)},{excused})"

    limits, labels = layout.graded("B"), layout.graded("A")
    better = f"({layout.here('kind')}={own['kind']})*({layout.here('score')}>{own['score']})"
    formulas = {
        "rank": f"SUMPRODUCT({better})+1",
        "owed": f"COUNTIFS({units})-COUNTIFS({excused})",
        **{outcome: times(outcome) for outcome in ("on_time", "late", "missing", "waiting")},
        "late_days": f"SUMIFS({layout.facts('late_days')},{units},{outcomes},{layout.says('late')})",
        "returned": all_but_excused("returned"),
        "corrected": all_but_excused("corrected"),
        "deducted": f"ROUND(SUMIFS({layout.facts('deducted')},{units}),2)",
        "score": f"ROUND(MAX(0,{layout.value('full')}-{own['deducted']}),2)",
        "grade": f"INDEX({labels},ROWS({labels})-SUMPRODUCT(--({limits}<={own['score']}))+1)",
    }
    return Formula("=" + formulas[key])


def deductions(key: str, row: int, layout: Layout) -> Formula:
    """What one obligation costs, from its own row and the rules; KeyError for a column that is no formula."""
    own = {name: f"{_letter(place)}{row}" for place, name in enumerate(layout.evidence_columns)}
    outcome = own["outcome"]
    capped = f"MIN({own['late_days']}*{layout.value('late_per_day')},{layout.value('late_cap')})"
    formulas = {
        "minus_late": f"IF({outcome}={layout.says('late')},{capped},0)",
        "minus_missing": f"IF({outcome}={layout.says('missing')},{layout.value('missing')},0)",
        "minus_returned": f"IF({outcome}={layout.says('excused')},0,{own['returned']}*{layout.value('returned')})",
        "minus_corrected": f"IF({outcome}={layout.says('excused')},0,{own['corrected']}*{layout.value('corrected')})",
        "deducted": f"SUM({own['minus_late']}:{own['minus_corrected']})",
    }
    return Formula("=" + formulas[key])


def _letter(place: int) -> str:
    """A column's letter; no table here is wider than the alphabet."""
    return chr(ord("A") + place)


def _sheet(title: str) -> str:
    """A sheet's name as it stands in a formula."""
    return "'" + title.replace("'", "''") + "'"

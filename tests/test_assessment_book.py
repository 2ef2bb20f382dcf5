"""The assessment's workbook: LibreOffice computes from the evidence what the bot computes by itself, also after the
office has amended it; and what a printed page looks like."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pdfplumber
import pytest

from bot.deciding.assessing import assess
from bot.deciding.yearplan import dues
from bot.letters.assessment import assessment_book
from bot.letters.tables import FIRST_ROW, Fonts
from bot.model.assessment import Assessed, AssessedAs
from bot.rules.policy import Rules
from tests.books import RULES
from tests.bots import ZONE, at
from tests.test_assessing import CALENDAR, CAMPAIGN, EDUCATION, HONGHE, QIAOGUAN, SINCE, WUTU, filed

NOW = at("2018-01-10T10:00")
WORDS = RULES.assessment.words
RANKING, EVIDENCE, APPLIED = (WORDS.sheets[key] for key in ("ranking", "evidence", "rules"))
FONTS = Fonts("宋体", "仿宋")


def reports() -> list[Any]:
    found = []
    for place, unit in enumerate(RULES.units.units):
        for month in range(6, 12):
            if (place + month) % 7 == 0:
                continue
            period, day = f"2017-{month:02}", 1 + (place * 3 + month) % 9
            if (place * month) % 5 == 0:
                found.append(filed(unit.name, period, f"2017-{month + 1:02}-01T10:00", "returned"))
            first = f"2017-{month + 1:02}-{day:02}T10:00"
            found.append(filed(unit.name, period, first))
            if (place + 2 * month) % 6 == 0:
                found.append(filed(unit.name, period, f"2017-{month + 1:02}-20T10:00", version=2, first=first))
    found.append(filed(HONGHE, "2017-08", "2017-09-02T10:00", "waiting", why="confirm"))
    return found


def computed(rules: Rules = RULES) -> tuple[Assessed, ...]:
    return assess(
        rules, dues(2017, [rules.forms["annex4"]], CAMPAIGN, CALENDAR, ZONE), reports(), NOW, ZONE, since=SINCE
    )


def made(units: tuple[Assessed, ...] | None = None, rules: Rules = RULES) -> bytes:
    return assessment_book(
        2017, units or computed(rules), rules, FONTS, "县安委会办公室", now=NOW, since=SINCE, zone=ZONE
    )


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def amended() -> bytes:
    """The office excuses a missing report, corrects two facts, and changes what a missing report costs."""
    book = opened(made())
    facts = book[EVIDENCE]
    for row in range(FIRST_ROW, facts.max_row + 1):
        unit, month = facts.cell(row, 1).value, facts.cell(row, 3).value
        outcome, late, returned = (facts.cell(row, column(EVIDENCE_KEYS, key)) for key in OPEN)
        if unit == QIAOGUAN and outcome.value == "未报":
            outcome.value = "不计"
        if unit == WUTU and month == "2017年6月":
            outcome.value, late.value, returned.value = "逾期", 3, 4
    book[APPLIED]["B7"].value = 20
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


RANKING_KEYS, EVIDENCE_KEYS = list(WORDS.ranking), list(WORDS.evidence)
OUTCOMES: tuple[AssessedAs, ...] = ("on_time", "late", "missing", "waiting")
OPEN = ("outcome", "late_days", "returned")


def column(keys: list[str], key: str) -> int:
    return keys.index(key) + 1


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Both workbooks through LibreOffice, as workbooks and as PDF."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice is not installed")
    folder = tmp_path_factory.mktemp("office")
    (folder / "plain.xlsx").write_bytes(made())
    (folder / "amended.xlsx").write_bytes(amended())
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    for kind, names in (("pdf", ["plain"]), ("xlsx", ["plain", "amended"])):
        command = [soffice, profile, "--headless", "--convert-to", kind, "--outdir", str(folder / kind)]
        files = [str(folder / f"{name}.xlsx") for name in names]
        subprocess.run([*command, *files], check=True, capture_output=True, timeout=90)
    yield folder
    shutil.rmtree(folder / "profile", ignore_errors=True)


def values(path: Path, sheet: str) -> list[dict[str, Any]]:
    ws = openpyxl.load_workbook(path, data_only=True)[sheet]
    keys = RANKING_KEYS if sheet == RANKING else EVIDENCE_KEYS
    return [dict(zip(keys, row, strict=True)) for row in ws.iter_rows(min_row=FIRST_ROW, values_only=True)]


def shown(unit: Assessed) -> dict[str, Any]:
    counts: dict[str, int] = {key: unit.count(key) for key in OUTCOMES}
    return {
        "kind": WORDS.kinds[unit.kind], "rank": unit.rank, "unit": unit.unit, "owed": unit.owed, **counts,
        "late_days": unit.late_days, "returned": unit.returned, "corrected": unit.corrected,
        "deducted": float(unit.deducted), "score": float(unit.score), "grade": unit.grade,
    }  # fmt: skip


def test_libreoffice_computes_what_the_bot_computes(office: Path) -> None:
    units = computed()
    assert values(office / "xlsx" / "plain.xlsx", RANKING) == [shown(unit) for unit in units]
    # the scene has something of everything
    assert all(sum(u.count(outcome) for u in units) for outcome in OUTCOMES)
    assert sum(u.returned for u in units) and sum(u.corrected for u in units)
    assert len({u.grade for u in units}) > 1


def test_each_deduction_of_the_evidence_is_the_bot_s(office: Path) -> None:
    rows = values(office / "xlsx" / "plain.xlsx", EVIDENCE)
    expected = [(unit.unit, item) for unit in computed() for item in unit.evidence]
    assert len(rows) == len(expected) == 6 * len(RULES.units.units)
    for row, (unit, item) in zip(rows, expected, strict=True):
        points = {d.code: float(d.points) for d in item.deductions}
        assert row["unit"] == unit
        assert row["deadline"] == item.deadline.replace(tzinfo=None, microsecond=0)
        assert row["received"] == (item.received_at.replace(tzinfo=None) if item.received_at else None)
        assert {c: row[f"minus_{c}"] for c in ("late", "missing", "returned", "corrected")} == {
            c: points.get(c, 0) for c in ("late", "missing", "returned", "corrected")
        }
        assert row["deducted"] == float(item.deducted)
        assert bool(row["why"]) == bool(points or item.outcome == "waiting")


def test_what_the_office_amends_is_computed_anew(office: Path) -> None:
    # given a missing report excused, one late by three days and returned four times, a missing one at 20 points
    before = {row["unit"]: row for row in values(office / "xlsx" / "plain.xlsx", RANKING)}
    after = {row["unit"]: row for row in values(office / "xlsx" / "amended.xlsx", RANKING)}
    units = {unit.unit: unit for unit in computed()}
    # then the excused one is not owed, and whatever the row cost is given back
    excused = sum(row.deducted for row in units[QIAOGUAN].evidence if row.outcome == "missing")
    assert excused > 0
    assert after[QIAOGUAN]["owed"] == before[QIAOGUAN]["owed"] - before[QIAOGUAN]["missing"]
    assert after[QIAOGUAN]["deducted"] == before[QIAOGUAN]["deducted"] - float(excused)
    june = units[WUTU].evidence[0]
    cost = before[WUTU]["deducted"] - float(june.deducted) + 3 + 4 * 0.5 + june.corrected * 0.5
    assert after[WUTU]["deducted"] == cost + 12 * (after[WUTU]["missing"])
    assert after[EDUCATION]["score"] == max(0, before[EDUCATION]["score"] - 12 * before[EDUCATION]["missing"])
    # and ranks follow
    for kind in WORDS.kinds.values():
        scores = [row["score"] for row in after.values() if row["kind"] == kind]
        assert all(
            row["rank"] == 1 + sum(s > row["score"] for s in scores) for row in after.values() if row["kind"] == kind
        )


def test_it_prints_on_a4_in_landscape_with_headings_on_every_page(office: Path) -> None:
    with pdfplumber.open(office / "pdf" / "plain.pdf") as pdf:
        texts = [page.extract_text() for page in pdf.pages]
        assert {(round(page.width), round(page.height)) for page in pdf.pages} == {(842, 595)}
        words = [word for page in pdf.pages for word in page.extract_words()]
    assert "2017年度安全生产标准化达标情况报送工作考核表" in texts[0]
    assert "统计截至2018年1月10日10:00" in texts[0]
    assert "等次" in texts[0]
    assert all("扣分合计" in text and "说明" in text for text in texts[1:-1])
    assert "浅黄色单元格可据实修改" in texts[-1]
    assert max(word["x1"] for word in words) < 822


# --- as openpyxl reads it ---


def test_the_sheets_can_be_worked_with() -> None:
    book = opened(made())
    assert book.sheetnames == [RANKING, EVIDENCE, APPLIED]
    assert (book[RANKING].freeze_panes, book[RANKING].auto_filter.ref) == ("D4", "A3:N48")
    assert (book[EVIDENCE].freeze_panes, book[EVIDENCE].auto_filter.ref) == ("B4", "A3:P273")
    assert book.calculation.fullCalcOnLoad is True
    for sheet in book.worksheets:
        assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    (choice,) = book[EVIDENCE].data_validations.dataValidation
    assert (choice.formula1, str(choice.sqref)) == ('"按时,逾期,未报,待核实,不计"', "G4:G273")


def test_scores_are_formulas_and_facts_are_not() -> None:
    book = opened(made())
    ranking = {key: book[RANKING].cell(FIRST_ROW, column(RANKING_KEYS, key)) for key in RANKING_KEYS}
    assert {key for key, cell in ranking.items() if cell.data_type != "f"} == {"kind", "unit"}
    facts = {key: book[EVIDENCE].cell(FIRST_ROW, column(EVIDENCE_KEYS, key)) for key in EVIDENCE_KEYS}
    assert {key for key, cell in facts.items() if cell.data_type == "f"} == {
        "minus_late", "minus_missing", "minus_returned", "minus_corrected", "deducted",
    }  # fmt: skip


def test_text_of_the_rules_never_becomes_a_formula() -> None:
    evil = RULES.forms["annex4"].model_copy(update={"name": "=1+1"})
    words = WORDS.model_copy(update={"sheets": {**WORDS.sheets, "evidence": "a'b/[c]"}, "title": "@{year}"})
    rules = RULES.model_copy(
        update={
            "forms": {"annex4": evil},
            "assessment": RULES.assessment.model_copy(update={"words": words}),
        }
    )
    units = tuple(replace(unit, unit="=HYPERLINK()") for unit in computed(rules)[:1])
    book = opened(made(units, rules))
    assert book.sheetnames[1] == "a'b c"
    assert (book[RANKING]["A1"].data_type, book[RANKING]["C4"].data_type) == ("s", "s")
    assert (book.worksheets[1]["A4"].data_type, book.worksheets[1]["B4"].data_type) == ("s", "s")
    assert "'a''b c'!$A$4:$A$9" in book[RANKING]["D4"].value


def test_half_points_stay_exact() -> None:
    rule = RULES.assessment.model_copy(
        update={"deductions": RULES.assessment.deductions.model_copy(update={"returned": Decimal("0.1")})}
    )
    rules = RULES.model_copy(update={"assessment": rule})
    returned = [filed(WUTU, "2017-06", "2017-07-03T10:00", "returned") for _ in range(3)]
    owed = dues(2017, [rules.forms["annex4"]], CAMPAIGN, CALENDAR, ZONE)
    units = assess(rules, owed, returned, at("2017-07-06T00:00"), ZONE, since=SINCE)
    assert next(u for u in units if u.unit == WUTU).score == Decimal("91.7")

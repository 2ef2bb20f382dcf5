"""Every workbook and document that the bot writes, with hostile text wherever a text from outside can stand: nothing
becomes a formula, nothing raises, and what was written can still be read.

The formulas that are meant are told from others by making the same file with harmless text: each formula must be the
same, at the same place.
"""

import ast
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.jobs.parts import Bot
from bot.jobs.roster import write_roster
from bot.letters.assessment import assessment_book
from bot.letters.cells import TITLE_UNITS, clean
from bot.letters.marked import marked
from bot.letters.rowbooks import marked_register, register
from bot.letters.summary import summary
from bot.letters.tables import Fonts
from bot.letters.values import values_book
from bot.letters.workbooks import prefilled
from bot.model.assessment import Assessed
from bot.model.deciding import Finding, Judged, Target
from bot.model.forms import Count, Form, Grid, RowRead, Written
from bot.model.people import Liaison
from bot.rules.rows import RowsRule
from tests.books import RULES
from tests.bots import ZONE, build, config, first_run
from tests.rosters import beijing
from tests.test_assessing import SINCE
from tests.test_assessment_book import computed
from tests.test_bulletin import NOW
from tests.test_bulletin import made as bulletin
from tests.test_bulletin_papers import CHANGES, filled, source
from tests.test_workbooks import WORDS

ROOT = Path(__file__).parent.parent
HARMLESS = "五图街道"
TEXTS = {
    "link": '=HYPERLINK("http://evil.test","x")',
    "command": "=cmd|' /C calc'!A0",
    "plus": "+1",
    "minus": "-1+cmd",
    "at": "@SUM(1)",
    "after blanks": " \t=1",
    "after a line": "\r\n=1",
    "after nothing": "\x00\x1f=1",
    "after a mark": "\u200b\ufeff=1",
    "fullwidth": "＝1",
    "error": "#REF!",
    "array": "{=1}",
    "quoted": "'=1",
    "escaped": "_x003D_1",
    "number": "1e5",
    "controls": "五\x00图\x01\x0b\x1b街\x7f\x85道",
    "surrogates": "五图\ud800街\udfff\udcd0道",
    "noncharacters": "五图\ufffe\uffff街道",
    "title": "[五]图:街*道?/\\'",
    "long": "五图街道" * 10_000,
    "wide": "😀" * 20_000,
    "markup": "</t></is></c><f>1</f>]]><!--&amp;",
    "field": '</w:t><w:fldSimple w:instr="DDEAUTO x"/>{ INCLUDETEXT "file:///etc/passwd" }',
}
FEW = ("link", "after nothing", "error", "surrogates", "title", "long")


# Each kind of file, with a text wherever one can come from outside.


def _judged(rule: Any, text: str, targets: list[Target], **form: Any) -> Judged:
    fields = {f.id: Written(text, "B3") for f in rule.fields}
    findings = [Finding("count", s, "B7", text, target=t) for t in targets for s in ("error", "warning")]
    read = Form(rule.id, text, fields, **{"counts": {}, **form})
    return Judged(read, text, None, None, None, text, text, {}, tuple(findings))


def of_numbers(text: str) -> bytes:
    rule = RULES.forms["annex4"].model_copy(update={"name": text})
    return prefilled(rule, WORDS, unit=text, period="2017-06", numbers=None, reporter=text, phone=text)


def of_numbers_marked(text: str) -> bytes:
    rule = RULES.matrices["annex4"].model_copy(update={"name": text})
    counts = {g.id: {c.id: Count(None, text, "B7", "words") for c in rule.columns} for g in rule.groups}
    targets: list[Target] = [("count", g.id, c.id) for g in rule.groups for c in rule.columns]
    targets += [("field", f.id) for f in rule.fields] + [("subtotal", g.id) for g in rule.groups] + [("total",)]
    return marked(rule, WORDS, _judged(rule, text, targets, counts=counts), "2017-06")


def _of_rows(form: str) -> RowsRule:
    rule = RULES.forms[form]
    assert isinstance(rule, RowsRule)
    return rule


def of_rows(form: str, text: str) -> bytes:
    rule = _of_rows(form).model_copy(update={"name": text})
    content = [{"table": t.id, **{c.id: text for c in rule.row}} for t in rule.groups]
    return register(rule, WORDS, unit=text, content=content, reporter=text, phone=text)


def of_rows_marked(form: str, text: str) -> bytes:
    rule = _of_rows(form).model_copy(update={"name": text})
    rows = tuple(RowRead(t.id, {c.id: Written(text, "B3") for c in rule.row}, "B3") for t in rule.groups)
    targets: list[Target] = [("row", str(n), c.id) for n in range(len(rows)) for c in rule.row]
    return marked_register(rule, WORDS, _judged(rule, text, targets, rows=rows))


def of_the_month(text: str) -> bytes:
    made = bulletin()
    lines = tuple(replace(line, unit=text, group=text) for line in made.lines)
    return summary(source(replace(made, lines=lines), changes=[replace(CHANGES[0], unit=text)], released_at=NOW))


def of_the_year(text: str) -> bytes:
    units = [replace(unit, unit=text) for unit in _units()]
    fonts = Fonts("宋体", "仿宋")
    return assessment_book(2017, units, RULES, fonts, text, now=NOW, since=SINCE, zone=ZONE)


@cache
def _units() -> tuple[Assessed, ...]:
    return computed()[:2]


FORMS_OF_ROWS = [id_ for id_, rule in RULES.forms.items() if isinstance(rule, RowsRule)]
BOOKS: dict[str, Callable[[str], bytes]] = {
    "prefilled": of_numbers,
    "marked": of_numbers_marked,
    "summary": of_the_month,
    "assessment_book": of_the_year,
    "values_book": lambda text: values_book([Grid(text, ((text, 1), (None, text)))]),
    **{f"register {form}": partial(of_rows, form) for form in FORMS_OF_ROWS},
    **{f"marked_register {form}": partial(of_rows_marked, form) for form in FORMS_OF_ROWS},
}


# What must hold of each.


def cells(data: bytes | Path) -> Iterator[tuple[str, Any]]:
    book = openpyxl.load_workbook(data if isinstance(data, Path) else io.BytesIO(data))
    for number, sheet in enumerate(book.worksheets):
        assert 0 < len(sheet.title.encode("utf-16-le")) // 2 <= TITLE_UNITS
        assert not set(sheet.title) & set("[]:*?/\\")
        for cell in (c for row in sheet.iter_rows() for c in row):
            yield f"{number}!{cell.coordinate}", cell


def formulas(data: bytes | Path) -> dict[str, str]:
    return {place: str(cell.value) for place, cell in cells(data) if cell.data_type == "f"}


@cache
def meant(book: str) -> dict[str, str]:
    return formulas(BOOKS[book](HARMLESS))


def check(data: bytes | Path, text: str, wanted: dict[str, str]) -> None:
    shown = []
    found = {}
    for place, cell in cells(data):
        assert cell.data_type != "e" and cell.hyperlink is None, place
        if cell.data_type == "f":
            found[place] = str(cell.value)
        elif isinstance(cell.value, str):
            assert cell.data_type == "s", place
            assert len(cell.value.encode("utf-16-le")) // 2 <= 32_767
            # a program that edits the cell must not take it for a formula then
            assert bool(cell.quotePrefix) or not re.match(r"\s*[=+\-@＝]", cell.value), place
            shown.append(cell.value)
        if cell.comment:
            shown.append(cell.comment.text)
            assert len(cell.comment.text.encode("utf-16-le")) // 2 <= 32_767, place
    assert found == wanted
    assert any(readable(text) in value for value in shown)


def readable(text: str) -> str:
    """What of a text a workbook can hold, as far as it goes beside a label."""
    return clean(text)[:1000]


# Every cell of text is written by one function: all texts are tried in one kind of workbook, a few in each other.
SWEEP = [(book, text) for book in BOOKS for text in TEXTS if book == "register annex2" or text in FEW]


@pytest.mark.parametrize(("book", "text"), SWEEP)
def test_no_text_from_outside_is_a_formula_in_any_workbook(book: str, text: str) -> None:
    check(BOOKS[book](TEXTS[text]), TEXTS[text], meant(book))


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with build(config(tmp_path_factory.mktemp("bot"))) as made:
        first_run(made, beijing("2017-06-20T09:00:00"))
        yield made


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_from_outside_is_a_formula_in_the_roster(
    bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    everybody = [Liaison(unit.name, text, text, text) for unit in bot.rules.units.units[:2]]
    monkeypatch.setattr("bot.record.people.liaisons", lambda *_: everybody)
    file = tmp_path / "roster.xlsx"
    assert write_roster(bot, file, beijing("2017-07-03T10:00:00").date()) == 2
    check(file, text, {})


@cache
def fields_of(text: str) -> list[str]:
    """What Word would compute or follow in a bulletin with this text in it."""
    made = bulletin(changes=[replace(CHANGES[0], unit=text)])
    lines = tuple(replace(line, unit=text, group=text) for line in made.lines)
    data = filled(replace(made, lines=lines), name=text, contact=text, phone=text)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        xml = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith((".xml", ".rels")))
    return re.findall(r"<w:(?:fldSimple|fldChar|instrText|hyperlink)\b[^>]*>|TargetMode=\"External\"", xml)


@pytest.mark.parametrize("text", ["link", "controls", "surrogates", "long", "field"])
def test_no_text_from_outside_is_a_field_in_the_bulletin(text: str) -> None:
    assert fields_of(TEXTS[text]) == fields_of(HARMLESS)


# Nobody writes a file, or a cell, that is not known here.


@cache
def functions() -> dict[str, list[ast.AST]]:
    """Every function of the program with all that stands in it, the demo's own people left out."""
    found: dict[str, list[ast.AST]] = {}
    for file in sorted((ROOT / "bot").rglob("*.py")):
        if file.is_relative_to(ROOT / "bot" / "demo"):  # its liaisons' own files, with the words of its own story
            continue
        where = file.relative_to(ROOT / "bot").as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(f"{where}::{node.name}", []).extend(ast.walk(node))
    return found


def functions_with(wanted: Callable[[ast.AST], bool]) -> set[str]:
    return {name for name, nodes in functions().items() if any(map(wanted, nodes))}


def calls(*names: str) -> Callable[[ast.AST], bool]:
    def wanted(node: ast.AST) -> bool:
        called = node.func if isinstance(node, ast.Call) else None
        return (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")) in names

    return wanted


def test_every_function_that_makes_a_file_for_office_programs_is_swept() -> None:
    saving = functions_with(calls("save", "Workbook", "load_workbook", "DocxTemplate", "to_excel"))
    made = saving - {"reading/redrawn.py::page"}  # a PDF page that is read again and thrown away
    swept = {book.split()[0] for book in BOOKS} | {"write_roster", "document"}
    helpers = {"saved", "_drawn"}  # called by those
    assert {name.split("::")[1] for name in made} == swept - {"register", "marked_register"} | helpers
    for helper in sorted(helpers):
        named = functions_with(calls(helper)) - {"reading/package.py::contents"}  # pictures in a file that is read
        users = {name.split("::")[1] for name in named}
        assert users <= swept, helper


def test_every_place_that_writes_a_cell_is_known() -> None:
    def writes(node: ast.AST) -> bool:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on_a_sheet = ast.unparse(node.func.value).endswith("sheet")
            return on_a_sheet and (node.func.attr == "append" or (node.func.attr == "cell" and len(node.args) > 2))
        targets = node.targets if isinstance(node, ast.Assign) else []
        return any(isinstance(t, ast.Attribute) and t.attr == "value" for t in targets)

    assert functions_with(writes) == {
        "letters/cells.py::put",  # every text
        "letters/tables.py::_write",  # numbers, and formulas of the class that says so
        "letters/ledger.py::put",  # the same
        "letters/blank.py::_numbers",  # whole numbers
        "letters/marked.py::_put_stated",  # a whole number that a sender stated
        "letters/blank.py::_sum",  # =SUM of places
        "letters/rowbooks.py::_table",  # running and whole numbers
        "letters/values.py::_value",  # numbers and dates that a file holds
    }


def test_no_text_with_separators_is_written() -> None:
    assert functions_with(calls("writer", "DictWriter", "to_csv", "writerow", "writerows")) == set()

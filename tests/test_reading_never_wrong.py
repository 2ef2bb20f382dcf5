"""Through the whole reading, from the bytes of a file to the form: whatever is put beside the numbers of a right form,
other numbers are never read as certain; and where a label decides, or nothing was put there, nobody is asked."""

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.model.forms import Cell, Form
from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.guard import Reader
from bot.reading.mailbody import read_body
from tests import oddforms, papers
from tests.books import RULES, values_of
from tests.oddforms import Line, Look, Paper, Sum, Two, blocks, cross, upright

numbers = st.lists(st.integers(0, 60), min_size=12, max_size=12).filter(any)
looks = st.sampled_from(["struck", "raised", "hidden", "white"])
Writer = Callable[[Paper], bytes]
WRITERS: dict[str, Writer] = {
    "xlsx": oddforms.xlsx, "xls": oddforms.xls, "ods": oddforms.ods, "docx": oddforms.word, "html": oddforms.html,
    "body": oddforms.html,
}  # fmt: skip
BOOKS = ("xlsx", "xls", "ods")


def cases(examples: int) -> settings:
    """The same ones in every run of the server that tests all changes."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize="CI" in os.environ,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _forms(reader: Reader, kind: str, paper: Paper) -> tuple[Form, ...]:
    data = WRITERS[kind](paper)
    if kind == "body":
        found = read_body(papers.mail(html=data.decode(), text="请查收"), reader, RULES).document
        return found.forms if found else ()
    return document(Attachment(f"附件4.{kind}", data), reader, RULES).forms


def _numbers(form: Form) -> list[int]:
    return [count or 0 for row in values_of(form).values() for count in row.values()]


def _certain(forms: tuple[Form, ...]) -> list[list[int]]:
    """What would be taken without a question."""
    return [_numbers(form) for form in forms if form.confidence == "exact"]


def _paper(layout: str, *lines: tuple[Cell, Line]) -> Paper:
    if layout == "cross":
        return cross(*lines)
    paper = upright(*([label, *line] for label, line in lines))
    return paper if layout == "upright" else paper.turned()


layouts = st.sampled_from(["upright", "turned", "cross"])
kinds = st.sampled_from(list(WRITERS))


@given(kinds, layouts, numbers)
@cases(12)
def test_a_plain_form_is_read_as_it_is(reader: Reader, kind: str, layout: str, counts: list[int]) -> None:
    if kind == "docx" and layout == "turned":
        layout = "upright"  # its title would stand in a row of the table
    assert _certain(_forms(reader, kind, _paper(layout, ("数量", counts)))) == [counts]


@given(kinds, layouts, numbers, numbers, st.sampled_from([None, "数量", "备用", "东村"]), st.booleans())
@cases(20)
def test_another_row_or_column(
    reader: Reader, kind: str, layout: str, counts: list[int], others: list[int], label: Cell, above: bool
) -> None:
    assume(others != counts and list(range(1, 13)) not in (others, counts))
    lines: list[tuple[Cell, Line]] = [("数量", counts), (label, others)]
    forms = _forms(reader, kind, _paper(layout, *(reversed(lines) if above else lines)))
    assert all(read == counts for read in _certain(forms))


@given(kinds, layouts, numbers, st.integers(0, 11), st.integers(1, 9), looks)
@cases(25)
def test_a_digit_that_is_drawn_otherwise(
    reader: Reader, kind: str, layout: str, counts: list[int], at: int, digit: int, look: Look
) -> None:
    if kind == "docx" and layout == "turned":
        layout = "upright"
    line: list[Cell | Two | Sum] = list(counts)
    line[at] = Two(counts[at], digit, look)
    forms = _forms(reader, kind, _paper(layout, ("数量", line)))
    assert [_numbers(form) for form in forms] == [counts]
    assert _certain(forms) == []  # the sender says which of the two it is


@given(kinds, st.booleans(), numbers, numbers, st.sampled_from([None, "数量", "上报数"]), st.booleans())
@cases(20)
def test_a_row_or_column_that_is_hidden_or_filtered(
    reader: Reader, kind: str, is_turned: bool, counts: list[int], others: list[int], label: Cell, above: bool
) -> None:
    assume(others != counts and list(range(1, 13)) not in (others, counts))
    lines: list[Line] = [["数量", *counts], [label, *others]]
    paper = upright(*(reversed(lines) if above else lines))
    paper = Paper(paper.rows, hidden_rows=frozenset([6 if above else 7]))
    if is_turned and kind != "docx":
        paper = paper.turned()
    assert all(read == counts for read in _certain(_forms(reader, kind, paper)))


@given(st.sampled_from(BOOKS), numbers, numbers, st.booleans(), st.sampled_from(["Sheet2", "5月", "备份", "东村"]))
@cases(12)
def test_another_sheet(
    reader: Reader, kind: str, counts: list[int], others: list[int], hidden: bool, name: str
) -> None:
    assume(others != counts)
    other = Paper(upright(["数量", *others]).rows, name=name)
    paper = Paper(upright(["数量", *counts]).rows, others=((other, hidden),))
    certain = _certain(_forms(reader, kind, paper))
    assert all(read == counts for read in certain)
    assert certain or not hidden


@given(st.sampled_from(BOOKS), numbers, st.sets(st.integers(0, 11), min_size=1))
@cases(12)
def test_formulas_that_nobody_computed(reader: Reader, kind: str, counts: list[int], at: set[int]) -> None:
    assume(any(counts[n] for n in at))
    line: Line = [Sum(count) if n in at else count for n, count in enumerate(counts)]
    forms = _forms(reader, kind, upright(["数量", *line]))
    assert forms and _certain(forms) == []


@given(kinds, st.booleans(), st.booleans(), numbers, numbers, st.sampled_from(["本月新增数量", "新增", "上月累计"]))
@cases(15)
def test_two_tables_under_their_labels(
    reader: Reader, kind: str, beside: bool, first: bool, counts: list[int], others: list[int], label: str
) -> None:
    assume(others != counts)
    labels, lines = (label, "累计完成数量"), (others, counts)
    paper = blocks(labels, *lines, beside=beside) if first else blocks(labels[::-1], *lines[::-1], beside=beside)
    assert _certain(_forms(reader, kind, paper)) == [counts]


@given(kinds, layouts, numbers, numbers, st.sampled_from(["全街道", "合计", "五图街道"]), st.booleans(), st.booleans())
@cases(20)
def test_villages_and_the_whole(
    reader: Reader, kind: str, layout: str, one: list[int], two: list[int], label: str, above: bool, agrees: bool
) -> None:
    assume(list(range(1, 13)) not in (one, two))
    whole = [a + b + (0 if agrees else 1) for a, b in zip(one, two, strict=True)]
    villages: list[tuple[Cell, Line]] = [("东村", one), ("西村", two)]
    lines = [(label, whole), *villages] if above else [*villages, (label, whole)]
    certain = _certain(_forms(reader, kind, _paper(layout, *lines)))
    assert all(read == whole for read in certain)
    assert bool(certain) == agrees or kind == "docx"


def _village(name: str, counts: list[int], own: bool) -> Paper:
    """A form of a village on a sheet of its name, and that name where the unit's is to be, or not."""
    rows = upright(["数量", *counts]).rows
    if own:
        rows = [
            [str(c).replace("五图街道办事处", f"五图街道{name}") if isinstance(c, str) else c for c in r] for r in rows
        ]
    return Paper(rows, name=name)


@given(st.sampled_from(BOOKS), numbers, numbers, st.sampled_from([None, "汇总", "全街道"]), st.booleans())
@cases(12)
def test_a_sheet_for_each_village(
    reader: Reader, kind: str, one: list[int], two: list[int], label: str | None, own: bool
) -> None:
    """With one for the whole unit its numbers are read; without it no village's can be confirmed as the unit's."""
    whole = [a + b for a, b in zip(one, two, strict=True)]
    sheets = [_village("东村", one, own), _village("西村", two, own)]
    if label:
        sheets.append(Paper(upright(["数量", *whole]).rows, name=label))
    forms = _forms(
        reader, kind, Paper(sheets[0].rows, name=sheets[0].name, others=tuple((s, False) for s in sheets[1:]))
    )
    if label:
        assert _certain(forms) == [whole]
    else:
        assert [_numbers(form) for form in forms] == [[0] * 12]
        assert [rival.kind for form in forms for rival in form.rivals] == ["parts"]

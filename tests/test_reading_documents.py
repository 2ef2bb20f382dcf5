"""From an attachment's bytes to its forms, through the guarded process: honest files, damaged ones, hostile ones."""

import resource
import struct
from collections.abc import Iterator

import pytest

from bot.model.forms import Cell, Document, Unreadable
from bot.model.mail import Attachment
from bot.reading import documents as room
from bot.reading.documents import documents
from bot.reading.guard import Reader
from bot.reading.opened import ROWS, Opened
from tests import books
from tests.books import MERGES, RULES, VALUES, Rows, official, values_of

SHEET = "xl/worksheets/sheet1.xml"
FILE_SECONDS = 5.0  # what any file may cost; the good ones take milliseconds


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _read(reader: Reader, data: bytes, name: str = "附件4.xlsx") -> Document:
    (document,) = documents([Attachment(name, data)], reader, RULES)
    assert document.name == name
    assert (document.unreadable is None) == bool(document.forms)
    return document


def _assert_good(document: Document, kind: str = "xlsx") -> None:
    assert (document.kind, document.unreadable) == (kind, None)
    assert [values_of(form) for form in document.forms] == [VALUES]


def test_the_official_workbook(reader: Reader) -> None:
    document = _read(reader, books.good())
    _assert_good(document)
    form = document.forms[0]
    assert (form.fields["unit"].text, form.fields["period"].text) == ("五图街道办事处", "6 月")
    assert form.total is not None
    assert (form.total.value, form.counts["other"]["ungraded"].place) == (32, "M7")


@pytest.mark.parametrize("name", ["附件4.xls", "附件4", "a.doc", "../../x.xlsx", ""])
def test_names_do_not_matter(reader: Reader, name: str) -> None:
    _assert_good(_read(reader, books.good(), name))


@pytest.mark.parametrize("merges", [MERGES, ()])
def test_old_workbooks(reader: Reader, merges: tuple[books.Span, ...]) -> None:
    _assert_good(_read(reader, books.xls(official(), merges), "附件4.et"), "xls")


def test_an_open_document_spreadsheet(reader: Reader) -> None:
    rows = "".join(
        "<table:table-row>" + "".join(_ods_cell(cell) for cell in row) + "</table:table-row>" for row in official()
    )
    _assert_good(_read(reader, books.ods(rows)), "ods")


def _ods_cell(cell: object) -> str:
    if isinstance(cell, int):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    if cell is None:
        return "<table:table-cell/>"
    return f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(books.patched(books.good(), {"xl/styles.xml": None}), id="no styles"),
        pytest.param(
            books.patched(
                books.good(), {"xl/styles.xml": lambda x: x.replace(b"<fills", b"<fills><fill/></fills><x", 1)}
            ),
            id="empty fill, as WPS writes it",
        ),
        pytest.param(
            books.patched(books.good(), {SHEET: lambda x: x.replace(b'ref="A1:M10"', b'ref="A1"')}), id="dimension A1"
        ),
        pytest.param(
            books.patched(books.good(), {"docProps/core.xml": lambda x: x.replace(b"T", b" ")}), id="dates of its own"
        ),
        pytest.param(
            books.patched(books.good(), {"docProps/core.xml": None, "docProps/app.xml": None}), id="no docProps"
        ),
        pytest.param(books.renamed(books.good(), lambda name: name.replace("/", "\\")), id="backslashes"),
        pytest.param(
            books.patched(
                books.good(),
                {
                    SHEET: lambda x: x.replace(
                        b"</sheetData>", b'<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>'
                    )
                },
            ),
            id="a formatted cell in the last row",
        ),
    ],
)
def test_what_wps_and_others_write(reader: Reader, data: bytes) -> None:
    assert data != books.good()
    _assert_good(_read(reader, data))


def test_formulas_without_cached_values_are_blank(reader: Reader) -> None:
    document = _read(reader, books.xlsx((official(sums=("=SUM(B7:E7)",) * 3, total="=SUM(B8:M8)"), MERGES)))
    _assert_good(document)
    assert document.forms[0].total is not None
    assert document.forms[0].total.doubt == "blank"
    assert {count.doubt for count in document.forms[0].subtotals.values()} == {"blank"}


def test_two_sheets_with_a_form_each(reader: Reader) -> None:
    may: Rows = official(period="（截至5月）")
    document = _read(reader, books.xlsx((official(), MERGES), ([["说明"]], ()), (may, ())))
    assert [(form.place, form.fields["period"].text) for form in document.forms] == [
        ("Sheet1", "6 月"),
        ("Sheet3", "5月"),
    ]


def test_a_hidden_sheet_counts_only_when_no_other_has_a_form(reader: Reader) -> None:
    cover: tuple[Rows, tuple[books.Span, ...]] = ([["封面"]], ())
    may = (official(period="（截至5月）"), MERGES)
    june = (official(), MERGES)
    assert [f.place for f in _read(reader, books.xlsx(may, june, hidden=[0])).forms] == ["Sheet2"]
    assert [f.place for f in _read(reader, books.xlsx(june, cover, hidden=[0])).forms] == ["Sheet1"]


def test_a_form_under_a_long_list_is_too_complex_and_not_called_absent(reader: Reader) -> None:
    long: Rows = [[n] for n in range(ROWS)]
    assert _read(reader, books.xlsx(([*long, *official()], ()))).unreadable == Unreadable("too_complex")
    _assert_good(_read(reader, books.xlsx(([*official(), *long], ()))))


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"", "other", "empty"),
        (b"not a workbook", "other", "other"),
        (b"%PDF-1.4", "pdf", "damaged"),
        (b"\xff\xd8\xff\xe0", "image", "damaged"),
        (b"<html><table>", "html", "no_form"),
        (b"a,b\n1,2\n", "csv", "no_form"),
        (
            books.renamed(books.good(), lambda name: name.replace("xl/workbook.xml", "word/document.xml")),
            "docx",
            "no_form",
        ),
        (books.xlsx(([["物资名单"], ["品名", "数量"]], ())), "xlsx", "no_form"),
        (books.xlsx(([], ())), "xlsx", "no_form"),
        (books.encrypted(books.good()), "other", "encrypted"),
        (books.good()[:4000], "xlsx", "damaged"),
        (books.patched(books.good(), {SHEET: None}), "xlsx", "damaged"),
        (books.patched(books.good(), {SHEET: lambda x: x[:1500]}), "xlsx", "damaged"),
        (books.patched(books.good(), {"xl/workbook.xml": lambda _: b"<"}), "xlsx", "damaged"),
    ],
)
def test_what_cannot_be_read_says_why(reader: Reader, data: bytes, kind: str, code: str) -> None:
    document = _read(reader, data)
    assert (document.kind, document.unreadable) == (kind, Unreadable(code))


def test_a_workbook_behind_the_password_that_every_program_tries_is_read(reader: Reader) -> None:
    document = _read(reader, books.encrypted(books.good(), "VelvetSweatshop"))
    assert document.kind == "xlsx"
    assert values_of(document.forms[0]) == VALUES


def test_an_old_workbook_behind_a_password(reader: Reader) -> None:
    data = bytearray(books.xls(official()))
    start = data.index(b"\x09\x08\x10\x00\x00\x06\x05\x00")  # BOF of the Workbook stream, 20 bytes
    # [MS-XLS] 2.4.117: a FilePass record, here over the next record, of the same length. 1: RC4.
    data[start + 20 : start + 26] = struct.pack("<HHH", 0x2F, 2, 1)
    assert _read(reader, bytes(data)).unreadable == Unreadable("encrypted")


def test_a_file_beyond_the_limit_is_not_even_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class Untouched:
        def read(self, data: bytes) -> Opened:
            raise AssertionError("it was handed over")

    monkeypatch.setattr(room, "LARGEST", 100)
    for data, kind in ((books.good(), "other"), (b"%PDF-" + bytes(100), "pdf")):
        (document,) = documents([Attachment("a", data)], Untouched(), RULES)
        assert (document.kind, document.unreadable) == (kind, Unreadable("too_large"))


def test_a_code_that_is_no_reason_does_not_pass() -> None:
    class Hijacked:
        def read(self, data: bytes) -> Opened:
            return Opened("xlsx", unreadable="../../etc/passwd")

    (document,) = documents([Attachment("a", b"x")], Hijacked(), RULES)
    assert document.unreadable == Unreadable("crashed")


def test_every_code_has_its_sentence() -> None:
    from bot.reading.opening import READERS

    kinds = {"xlsx", "xls", "ods", "docx", "doc", "html", "csv", "pdf", "image", "other"}
    codes = {"empty", "too_large", "too_complex", "timeout", "crashed", "damaged", "encrypted", "no_form"}
    assert (kinds - set(READERS)) | codes <= set(RULES.reasons.unreadable)


def test_documents_keep_the_order_of_the_attachments(reader: Reader) -> None:
    files = [Attachment("a", b"%PDF-"), Attachment("b", books.good()), Attachment("b", b"")]
    assert [document.kind for document in documents(files, reader, RULES)] == ["pdf", "xlsx", "other"]
    assert documents([], reader, RULES) == ()


def _sheet_with(text: bytes) -> bytes:
    return books.patched(books.good(), {SHEET: lambda x: x.replace(b"</sheetData>", text + b"</sheetData>")})


def _merges(count: int) -> bytes:
    merges = b"".join(b'<mergeCell ref="A%d:CV%d"/>' % (n, n) for n in range(20, 20 + count))
    return books.patched(
        books.good(),
        {SHEET: lambda x: x.replace(b"</mergeCells>", merges + b"</mergeCells>", 1)},
    )


def _entities() -> bytes:
    """A billion laughs in a cell (CWE-776)."""
    laughs = b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    head = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + laughs + b"]>"
    return books.patched(books.good(), {SHEET: lambda x: head + x.replace(b"<t>", b"<t>&j;", 1)})


def _external_entity() -> bytes:
    head = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    return books.patched(books.good(), {SHEET: lambda x: head + x.replace(b"<t>", b"<t>&a;", 1)})


FAR_CELL = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
STYLED = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(1, 300_001))
GROUPS: list[Cell] = ["规模以上企业", "高危企业"]
LEVELS: list[Cell] = ["一级", "二级"]
LABEL: list[Cell] = ["截至填报单位：" * 60]
HEADERS = [GROUPS * 60, LEVELS * 60] * 100
LABELS = [*official(), *[LABEL * 10 for _ in range(120)]]


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        pytest.param(_sheet_with(FAR_CELL), {None}, id="far cell"),
        pytest.param(
            _sheet_with(FAR_CELL.replace(b'r="', b"r = '").replace(b'">', b"'>")),
            {None},
            id="quoted",
        ),
        pytest.param(
            _sheet_with(b'<row r="1048576"><c><v>1</v></c></row>'), {"too_complex", "crashed", None}, id="far row"
        ),
        pytest.param(books.far_xls(65535, 255), {"too_complex", "crashed"}, id="far cell in xls"),
        pytest.param(books.far_xls(65535, 20), {"too_complex"}, id="far row in xls"),
        pytest.param(books.ods(books.ODS_FAR), {"too_complex", "crashed", "damaged", "timeout"}, id="far cell in ods"),
        pytest.param(books.bomb("xl/sharedStrings.xml", 1024), {"too_complex"}, id="bomb"),
        pytest.param(books.bomb("xl/sharedStrings.xml", 1024, declared=10), {"damaged"}, id="bomb that lies"),
        pytest.param(books.bomb("xl/sharedStrings.xml", 3), {"damaged"}, id="small bomb"),
        pytest.param(_merges(10_000), {None}, id="merges"),
        pytest.param(books.with_sheet_xml(books.sheet_xml(STYLED)), {"no_form"}, id="styled rows"),
        pytest.param(_entities(), {"damaged", "no_form"}, id="entity bomb"),
        pytest.param(_external_entity(), {"damaged", "no_form"}, id="external entity"),
        pytest.param(books.xlsx((HEADERS, ())), {None}, id="nothing but headers"),
        pytest.param(books.xlsx((LABELS, ())), {None}, id="nothing but labels"),
    ],
)
def test_hostile_files_cost_little_and_the_next_is_read(reader: Reader, data: bytes, codes: set[str | None]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    document = _read(reader, data)
    assert (document.unreadable.code if document.unreadable else None) in codes
    assert "root:" not in repr(document)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # KB, of the parent
    _assert_good(_read(reader, books.good()))

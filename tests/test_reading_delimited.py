"""Text with separators: charsets, separators, quoting, and files that are too much."""

from collections.abc import Iterator

import pytest

from bot.model.forms import Document, Unreadable
from bot.model.mail import Attachment
from bot.reading.delimited import opened
from bot.reading.documents import document
from bot.reading.guard import Reader
from bot.reading.sniff import kind_of
from tests.books import RULES, VALUES, Rows, official, texts_of, values_of


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _read(reader: Reader, data: bytes) -> Document:
    return document(Attachment("附件4.csv", data), reader, RULES)


def _lines(separator: str = ",", rows: Rows | None = None) -> str:
    return "\r\n".join(separator.join("" if c is None else str(c) for c in row) for row in rows or official())


def _assert_official(read: Document) -> None:
    assert (read.kind, read.unreadable) == ("csv", None)
    (form,) = read.forms
    assert values_of(form) == VALUES
    assert texts_of(form)["unit"] == "五图街道办事处"
    assert form.counts["other"]["level_3"].place == "L7"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_charsets_and_separators(reader: Reader, encoding: str, separator: str) -> None:
    _assert_official(_read(reader, _lines(separator).encode(encoding)))


def test_a_form_with_short_words_in_gbk_is_not_taken_for_another_charset(reader: Reader) -> None:
    # short GBK texts made charset detectors say cp949 and utf_16_be
    _assert_official(_read(reader, _lines().encode("gbk")))


def test_characters_beyond_gbk() -> None:
    (grid,) = opened("单位,喆镕\n㐀,1".encode("gb18030"), "csv").grids
    assert grid.rows == (("单位", "喆镕"), ("㐀", "1"))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('"a,b","c""d"\n"e\nf",g', (("a,b", 'c"d'), ("e\nf", "g"))),
        ('="0536",="13800138000"', (("0536", "13800138000"),)),
        ("sep=;\r\n1,5;2\n", (("1,5", "2"),)),
        ('"一,二,三,四"\t5\n"五,六"\t7', (("一,二,三,四", "5"), ("五,六", "7"))),
        ("\n\n,,5", ((), (), (None, None, "5"))),
        (" 五 ,\t6\t,", (("五", "6"),)),
        ("一\t,2\t,\t,3\t\n,\t4\t\n", (("一", "2", None, "3"), (None, "4"))),
        ("\t一,\t2;5,\t\n", (("一", "2;5"),)),
        ("一\t2,5\t3\n", (("一", "2,5", "3"),)),
    ],
)
def test_what_a_line_means(text: str, rows: tuple[tuple[str | None, ...], ...]) -> None:
    (grid,) = opened(text.encode(), "csv").grids
    assert grid.rows == rows


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("联系人：李明\n五图街道安监办", "other"),
        ("此致\n敬礼", "other"),
        ("a|b", "other"),
        ("姓名,电话\n李明,1", "csv"),
        ("x = 1;", "csv"),
    ],
)
def test_a_signature_without_separators_is_no_table(text: str, kind: str) -> None:
    assert kind_of(text.encode()) == kind


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a,b\n1,2\n", "no_form"),
        (b",,,\n,,,", "no_form"),
        (b"a,b" + b" " * 70_000 + b"\x00", "damaged"),
        (b"a,b" + b" " * 70_000 + b"\xff\xff", "damaged"),
        (b"\xff\xfea,", "other"),
    ],
)
def test_what_is_no_report(reader: Reader, data: bytes, code: str) -> None:
    assert _read(reader, data).unreadable == Unreadable(code)


FORM = _lines().encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"1,2\n" * (2 << 20), "too_complex", id="rows"),
        pytest.param(b"," * (8 << 20), "no_form", id="one row of blanks"),
        pytest.param(b"1," * (4 << 20), "too_complex", id="one row of values"),
        pytest.param(b'a,"' + b"x" * (8 << 20), "damaged", id="a quotation that does not end"),
        pytest.param("一,".encode("gb18030") * (9 << 20), "too_complex", id="cut in the middle of a character"),
        pytest.param(b"a," + b"1" * (25 << 20), "damaged", id="one long value"),
    ],
)
def test_files_that_are_too_much_cost_little(reader: Reader, data: bytes, code: str) -> None:
    assert _read(reader, data).unreadable == Unreadable(code)
    _assert_official(_read(reader, FORM))


def test_fifty_megabytes(reader: Reader) -> None:
    data = FORM + b"\n1,2" * (12 << 20)
    assert len(data) > 48 << 20
    answer = reader.read(data)  # behind the back of the limit on attachments
    assert (answer.kind, answer.cut, answer.unreadable) == ("csv", True, None)
    assert answer.grids[0].rows[0] == ("生产经营单位安全生产标准化达标情况表",)
    assert _read(reader, data).unreadable == Unreadable("too_large")

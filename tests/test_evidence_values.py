"""What strangers send reaches the office as values and not as code, and the original can be had."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import openpyxl
import pytest

from bot.cli.originals import write_originals
from bot.errors import MailEnded, UsageError
from bot.jobs.attending import bundle
from bot.jobs.intake import work
from bot.jobs.opening import Opened, Opener
from bot.jobs.parts import Bot
from bot.model.mail import RawMail
from bot.reading.active import is_active
from bot.reading.sniff import OLE, kind_of
from bot.record import runs
from tests.books import good
from tests.bots import archived, build, config, files_of, flat, letters, never
from tests.mails import mail
from tests.test_hostile_mail import NOW, begun


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield begun(made)


def refused(*_: object, **__: object) -> Opened:
    raise MailEnded("ended its process")


def test_what_came_is_opened_where_it_can_be_ended_and_nobody_waits(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    opening, opened = type(bot.opener).open, []

    def beside(opener: Opener, raw: RawMail, *, read: bool = True) -> Opened:
        if not read:  # for the letter to the office: another process writes meanwhile
            with bot.record.begin() as conn:
                runs.put(conn, "other", "1")
            opened.append(raw)
        return opening(opener, raw, read=read)

    monkeypatch.setattr(type(bot.opener), "open", beside)
    # when
    files, said = asked(bot, "附件4.xlsx", good())
    # then
    assert len(opened) == 1
    assert len(files) == 1 and "请查收" in said


def test_what_cannot_be_opened_any_more_is_named(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(bot, mail("stranger@mail.test", "报送附件4", ("附件4.xlsx", good())), NOW)
    work(bot, NOW, never)
    monkeypatch.setattr(type(bot.opener), "open", refused)
    # when
    assert bundle(bot, NOW) == 1
    # then the letter goes out, with the command for the original
    told = next(row for row in letters(bot) if row.letter == "attention")
    assert files_of(told.mime) == []
    assert "python-mbotexplain" in flat(told.mime)


def test_what_was_set_aside_is_not_opened_for_the_letter_that_tells_of_it(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def ending(*args: object, **named: object) -> Opened:
        tried.append(args)
        return refused()

    monkeypatch.setattr(type(bot.opener), "open", ending)
    archived(bot, mail("stranger@mail.test", "报送附件4", ("附件4.xlsx", good())), NOW)
    for hour in range(3):
        work(bot, NOW + timedelta(hours=hour), never)
    assert len(tried) == 3
    # when
    assert bundle(bot, NOW + timedelta(hours=3)) == 1
    # then
    assert len(tried) == 3


CODE = {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0macro", "xl/externalLinks/externalLink1.xml": b"<x/>"}


def hostile_book() -> bytes:
    """A good report with a formula that runs a program, a macro, a link and an object."""
    book = openpyxl.load_workbook(io.BytesIO(good()))
    sheet = book.worksheets[0]
    sheet["Z30"] = "=cmd|' /C calc'!A0"
    sheet["Z31"] = '=HYPERLINK("http://evil.test","x")'
    sheet["Z32"] = '=WEBSERVICE("http://evil.test")'
    made = io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made, "a") as archive:
        for name, data in {**CODE, "xl/embeddings/oleObject1.bin": b"x", "xl/activeX/activeX1.bin": b"x"}.items():
            archive.writestr(name, data)
    return made.getvalue()


def asked(bot: Bot, name: str, data: bytes) -> tuple[list[tuple[str, bytes]], str]:
    archived(bot, mail("stranger@mail.test", "报送附件4", (name, data)), NOW)
    work(bot, NOW, never)
    bundle(bot, NOW)
    ours = next(row for row in letters(bot) if row.letter == "attention")
    body = message_from_bytes(ours.mime, policy=policy.default).get_body(("plain",))
    assert body is not None
    return files_of(ours.mime), body.get_content()


@pytest.mark.parametrize("name", ["附件4.xlsx", "附件4.xlsm", "附件4.xls"])
def test_the_office_gets_the_values_of_a_workbook_and_how_to_see_the_original(bot: Bot, name: str) -> None:
    ((file, data),), text = asked(bot, name, hostile_book())
    assert file == "1-附件4.xlsx"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not [n for n in archive.namelist() if "vba" in n or "external" in n or "embed" in n or "activeX" in n]
        assert not [n for n in archive.namelist() if b"<f>" in archive.read(n)]
    (sheet,) = openpyxl.load_workbook(io.BytesIO(data)).worksheets
    (came,) = openpyxl.load_workbook(io.BytesIO(good())).worksheets
    numbers = {c.coordinate: c.value for row in came.iter_rows() for c in row if isinstance(c.value, int)}
    assert numbers and {place: sheet[place].value for place in numbers} == numbers
    assert "python -m bot explain 1 --files" in text


CALLS = ("=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "+1-1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0")


@pytest.mark.parametrize("code", ["gb18030", "utf-8-sig", "utf-16"])
def test_the_office_gets_the_texts_of_a_csv_and_none_of_its_formulas(bot: Bot, code: str) -> None:
    (sheet,) = openpyxl.load_workbook(io.BytesIO(good())).worksheets
    lines = [[str(cell if cell is not None else "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    lines += [["", call] for call in CALLS]
    data = "\r\n".join(",".join(line) for line in lines).encode(code)
    ((file, copy),), _ = asked(bot, "附件4.csv", data)
    assert file == "1-附件4.xlsx"
    cells = [c for row in openpyxl.load_workbook(io.BytesIO(copy)).worksheets[0].iter_rows() for c in row]
    assert set(CALLS) <= {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} <= {"s", "n"}


def test_the_original_is_written_out_once_under_a_name_that_starts_nothing(bot: Bot, tmp_path: Path) -> None:
    book = hostile_book()
    asked(bot, "附件4.xlsm", book)
    token = next(row for row in letters(bot) if row.letter != "attention").token
    (path,) = write_originals(bot, "1", tmp_path / "out")
    assert (path.name, path.read_bytes()) == ("1-1-附件4.xlsm_", book)
    for number in ("1", token):
        with pytest.raises(UsageError, match="not overwritten"):
            write_originals(bot, number, tmp_path / "out")
    with pytest.raises(UsageError, match="no mail"):
        write_originals(bot, "99", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def docx(more: dict[str, bytes] | None = None, body: bytes = b"<w:p/>") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b'<w:document xmlns:w="w">' + body + b"</w:document>")
        for name, data in (more or {}).items():
            archive.writestr(name, data)
    return made.getvalue()


SPLIT = b"<w:instrText> DD</w:instrText><w:instrText>EAUTO cmd </w:instrText>"
PACKED = b"%PDF-1.5\n1 0 obj<</Type/ObjStm>>stream\n" + zlib.compress(b"<</S/JavaScript/JS(x)>>") + b"\nendstream"
LINK = b'<R><Relationship TargetMode="External" Target="http://evil.test"/></R>'
ACTIVE = {
    "macro": docx({"word/vbaProject.bin": b"x"}),
    "object": docx({"word/embeddings/oleObject1.bin": b"x"}),
    "control": docx({"word/activeX/activeX1.xml": b"<x/>"}),
    "link": docx({"word/_rels/document.xml.rels": LINK}),
    "field in two runs": docx(body=SPLIT),
    "field in an attribute": docx(body=b'<w:fldSimple w:instr="INCLUDEPICTURE a"/>'),
    "rtf object": rb"{\rtf1 {\object\objemb{\*\objdata 01}}}",
    "rtf field": rb'{\rtf1 {\field{\*\fldinst DDEAUTO "cmd"}}}',
    "doc macro": OLE + bytes(504) + "WordDocument".encode("utf-16-le") + "_VBA_PROJECT".encode("utf-16-le"),
    "doc behind a password": OLE + bytes(504) + b"\xec\xa5" + bytes(9) + b"\x13" + bytes(500),
    "pdf script": b"%PDF-1.4 <</OpenAction<</S/J#61vaScript>>>>",
    "pdf packed script": PACKED,
    "damaged": b"PK\x03\x04",
}


@pytest.mark.parametrize("what", ACTIVE)
def test_what_is_active_is_not_passed_on(what: str) -> None:
    kind = {"p": "pdf", "r": "doc", "d": "doc" if what.startswith("doc ") else "docx"}.get(what[0], "docx")
    assert is_active(ACTIVE[what], kind)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (docx(body=b"<w:instrText> PAGE </w:instrText>"), "docx"),
        (rb"{\rtf1 text}", "doc"),
        (b"%PDF-1.4 <</Type/Page>> stream\n" + zlib.compress(b"BT (x) Tj ET") + b"\nendstream", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "image"),
    ],
)
def test_what_only_shows_itself_is_passed_on(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind
    assert not is_active(data, kind)


def test_a_kind_that_is_not_known_is_not_passed_on() -> None:
    assert is_active(b"MZ", "other")

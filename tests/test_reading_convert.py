"""Old Word files through LibreOffice and antiword: real ones where they are installed, and programs that misbehave."""

import io
import os
import socket
import stat
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.model.forms import Document, Unreadable
from bot.model.mail import Attachment
from bot.reading import convert, walls
from bot.reading.convert import Office
from bot.reading.documents import documents
from bot.reading.guard import Reader
from bot.reading.legacy import CONVERSIONS, Converter, table_lines
from bot.reading.opened import Opened
from tests import papers
from tests.books import RULES, VALUES, official, texts_of, values_of
from tests.ole import ole_file
from tests.papers import RTF_ROWS, report_body, rtf, word

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DOC = OLE + b"W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0"
libreoffice = pytest.mark.skipif(not Office().soffice, reason="LibreOffice is not installed")
antiword = pytest.mark.skipif(not Office().antiword, reason="antiword is not installed")
posix = pytest.mark.skipif(os.name != "posix", reason="scripts with a shebang")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


class Fake:
    """A converter that gives what it was told, and remembers what it was given."""

    def __init__(self, docx: bytes | None = None, text: str | None = None) -> None:
        self.given: list[str] = []
        self._docx, self._text = docx, text

    def docx(self, data: bytes) -> bytes | None:
        self.given.append("docx")
        return self._docx

    def xlsx(self, data: bytes) -> bytes | None:
        self.given.append("xlsx")
        return self._docx

    def text(self, data: bytes) -> str | None:
        self.given.append("text")
        return self._text


def _read(reader: Reader, data: bytes, converter: Converter | None, name: str = "附件4.doc") -> Document:
    (read,) = documents([Attachment(name, data)], reader, RULES, converter)
    assert read.kind == "doc"
    assert (read.unreadable is None) == bool(read.forms)
    return read


def test_what_the_converter_makes_is_read_like_any_word_file(reader: Reader) -> None:
    fake = Fake(word(report_body()), "| never | asked |")
    read = _read(reader, DOC, fake)
    assert values_of(read.forms[0]) == VALUES
    assert read.forms[0].confidence == "exact"
    assert fake.given == ["docx"]


@pytest.mark.parametrize("converter", [None, Fake(), Fake(b"no zip"), Fake(b"", "")])
def test_without_a_program_the_sender_is_asked_for_another_format(reader: Reader, converter: Converter | None) -> None:
    read = _read(reader, DOC, converter)
    assert read.unreadable == Unreadable("doc")
    assert ".docx" in RULES.reasons.unreadable["doc"]
    assert ".xlsx" in RULES.reasons.unreadable["doc"]


LINES = [
    ["类别", "规模以上企业", "", "", "", "高危企业", "", "", "", "其他生产经营单位", "", "", ""],
    ["达标等级", *["一级", "二级", "三级", "其他"] * 3],
    ["数量", "0", "2", "5", "1", "1", "0", "3", "0", "0", "1", "12", "7"],
]


def _antiword(*more: list[str], lines: list[list[str]] = LINES) -> str:
    rows = "\n".join("|" + "|".join(f"{cell:<6}" for cell in row) + "|" for row in [*lines, *more])
    return f"\n生产经营单位安全生产标准化达标情况表（截至6月）\n\n填报单位：五图街道\n{rows}\n\n填报人：李明\n"


def test_the_rows_of_antiword(reader: Reader) -> None:
    fake = Fake(None, _antiword(["总计", "32", *[""] * 11]))
    (form,) = _read(reader, DOC, fake).forms
    assert values_of(form) == VALUES
    assert texts_of(form) == {"unit": "五图街道", "period": "6月", "reporter": "李明"}
    assert form.confidence == "exact"
    assert fake.given == ["docx", "text"]


def test_rows_of_antiword_that_nothing_vouches_for_are_for_a_person(reader: Reader) -> None:
    (form,) = _read(reader, DOC, Fake(None, _antiword())).forms
    assert (values_of(form), form.confidence) == (VALUES, "confirm")


def test_rows_from_which_antiword_dropped_cells_are_no_report(reader: Reader) -> None:
    # as it prints a table whose rows are divided differently
    short = [row[:4] for row in LINES]
    assert _read(reader, DOC, Fake(None, _antiword(lines=short))).unreadable == Unreadable("doc")


def test_a_letter_without_a_table_is_no_report_unless_it_speaks_of_one(reader: Reader) -> None:
    letter = word(papers.para("关于召开会议的通知"))
    lost = word(papers.para("生产经营单位安全生产标准化达标情况表（截至6月）") + papers.para("一级"))
    assert _read(reader, DOC, Fake(letter)).unreadable == Unreadable("no_form")
    assert _read(reader, DOC, Fake(lost)).unreadable == Unreadable("doc")
    (form,) = _read(reader, DOC, Fake(lost, _antiword(["总计", "32"]))).forms
    assert values_of(form) == VALUES


def test_lines_between_bars() -> None:
    items = list(table_lines("题\n|a |b|\n| c||\n\n|d|\n尾 | 注"))
    assert [item if isinstance(item, str) else (item.table, [s.value for s in item.spots]) for item in items] == [
        "题", (1, ["a", "b"]), (1, ["c", None]), (2, ["d"]), "尾 | 注",
    ]  # fmt: skip


def test_a_mail_full_of_old_files_does_not_take_hours(reader: Reader) -> None:
    fake = Fake()
    read = documents([Attachment(f"{n}.doc", DOC + bytes([n])) for n in range(50)], reader, RULES, fake)
    assert fake.given.count("docx") == CONVERSIONS
    assert fake.given.count("text") == CONVERSIONS
    assert [d.unreadable and d.unreadable.code for d in read] == ["doc"] * CONVERSIONS + ["left_out"] * (
        50 - CONVERSIONS
    )
    assert documents([Attachment("a.doc", DOC)], reader, RULES, fake)[0].unreadable == Unreadable("doc")
    assert fake.given.count("docx") == CONVERSIONS + 1  # the next mail is its own


def test_only_old_word_files_are_converted() -> None:
    class Opens:
        def read(self, data: bytes) -> Opened:
            return Opened(data.decode(), unreadable="doc" if data == b"doc" else "encrypted")

    fake = Fake()
    for kind in (b"xls", b"docx", b"other"):
        documents([Attachment("a.doc", kind)], Opens(), RULES, fake)
    assert fake.given == []


@pytest.fixture(scope="session")
def doc() -> bytes:
    """The report as a .doc. By way of .odt: from .docx LibreOffice exports a .doc without its table."""
    office = Office()
    if not office.soffice:
        pytest.skip("LibreOffice is not installed")
    odt = _exported(office, papers.made_by_python_docx(), "report.docx", "odt")
    return _exported(office, odt, "report.odt", "doc")


def _exported(office: Office, data: bytes, name: str, to: str) -> bytes:
    with convert._folder() as place:
        folder = Path(place)
        (folder / name).write_bytes(data)
        profile = f"-env:UserInstallation={(folder / 'p').as_uri()}"
        command = [office.soffice, profile, "--headless", "--convert-to", to, "--outdir", str(folder / "out")]
        convert._run([*command, str(folder / name)], folder, 60)
        return (folder / "out" / f"report.{to}").read_bytes()


@libreoffice
def test_a_real_old_word_file(reader: Reader, doc: bytes) -> None:
    (form,) = _read(reader, doc, Office(), "附件4.wps").forms
    assert values_of(form) == VALUES
    assert texts_of(form)["unit"] == "五图街道办事处"
    assert texts_of(form)["reporter"] == "李明"
    assert form.counts["other"]["level_3"].place == "第4行第12列"


INCLUDE = r"{\field{\*\fldinst INCLUDETEXT 'FILE'}{\fldrslt old}}".replace("'", '"')


@libreoffice
def test_a_real_rtf_file_that_wants_another_included(reader: Reader, tmp_path: Path) -> None:
    secret = tmp_path / "secret.rtf"
    secret.write_bytes(rb"{\rtf1 TOPSECRET}")
    data = rtf(RTF_ROWS, "标准化达标情况表（截至6月）", papers.LINE)
    data = data.replace(rb"\pard\par}", INCLUDE.replace("FILE", str(secret)).encode() + rb"\par}")
    assert b"INCLUDETEXT" in data
    made = Office().docx(data)
    assert made is not None
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert not any(b"TOPSECRET" in archive.read(name) for name in archive.namelist())
    (form,) = _read(reader, data, Fake(made)).forms
    assert values_of(form) == VALUES
    assert texts_of(form)["unit"] == "五图街道办事处"


def test_an_old_word_file_behind_a_password(reader: Reader) -> None:
    fake = Fake(word(report_body()))
    assert _read(reader, _protected_doc(), fake).unreadable == Unreadable("encrypted")
    assert fake.given == []


def _protected_doc() -> bytes:
    """[MS-DOC] 2.5.1: a FIB with fEncrypted, in the smallest OLE file that olefile and msoffcrypto take."""
    fib = bytearray(2048)
    fib[0:4] = b"\xec\xa5\xc1\x00"  # wIdent, nFib
    fib[10:12] = b"\x00\x03"  # flags: fEncrypted 0x0100, fWhichTblStm 0x0200
    fib[14:18] = (52).to_bytes(4, "little")  # lKey: size of the header in the table stream
    table = bytearray(4096)
    table[0:4] = b"\x01\x00\x01\x00"  # EncryptionVersionInfo 1.1: RC4
    return ole_file({"WordDocument": bytes(fib) + bytes(2048), "1Table": bytes(table)})


@libreoffice
def test_libreoffice_asks_nobody_for_what_a_file_names() -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=_listen, args=(server, asked), daemon=True).start()
        url = f"http://127.0.0.1:{port}"
        # A page, because LibreOffice fetches its style sheet at once when nothing forbids it (tried).
        data = f'<html><link rel=stylesheet href="{url}/a.css"><p>字<img src="{url}/a.png"></p></html>'.encode()
        assert Office().docx(data) is not None
        server.shutdown(socket.SHUT_RDWR)
    assert asked == []


def _listen(server: socket.socket, asked: list[bytes]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            asked.append(connection.recv(100))


def _program(tmp_path: Path, body: str) -> str:
    script = tmp_path / "program"
    script.write_text(f"#!{sys.executable}\nimport os, sys, time\n{body}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


OUT = "out = sys.argv[sys.argv.index('--outdir') + 1]; os.makedirs(out); path = os.path.join(out, 'report.docx')\n"


@posix
def test_a_program_that_hangs_ends_with_everything_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    body = (
        f"import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\ntime.sleep(600)"
    )
    assert Office(_program(tmp_path, body), seconds=1.5, behind=walls.nothing).docx(DOC) is None
    for pid in pids.read_text().split():
        assert _ended(int(pid))


def _ended(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # nobody has waited for it yet
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


@posix
@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("sys.exit(0)", None),  # LibreOffice on what it cannot open
        (OUT + "open(path, 'w').close()", None),
        (OUT + "open(path, 'w').write('x'); os.abort()", b"x"),  # what is there counts, and not how it ended
        (OUT + "open(path, 'wb').truncate(31 << 20)", None),
        (OUT + "f = open(path, 'wb')\nwhile True: f.write(bytes(1 << 20))", None),
        (OUT + "x = bytes(6 << 30); open(path, 'w').write('x')", None),
        (OUT + "open(path, 'w').write(str(sorted(k for k in os.environ if k.startswith('BOT_'))))", b"[]"),
        (OUT + "open(path, 'w').write(str(os.environ['HOME'] == os.getcwd()))", b"True"),
    ],
)
def test_programs_that_misbehave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, made: bytes | None
) -> None:
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "secret")
    assert Office(_program(tmp_path, body), seconds=20, behind=walls.nothing).docx(DOC) == made


@posix
def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    assert Office(_program(tmp_path, OUT + "open(path, 'w').write('x')"), behind=walls.nothing).docx(DOC) == b"x"
    assert list((tmp_path / "t").iterdir()) == []


@pytest.mark.parametrize("program", ["", "/nowhere/soffice"])
def test_a_program_that_is_not_there(program: str) -> None:
    office = Office(program, program)
    assert (office.docx(DOC), office.text(DOC)) == (None, None)


@posix
def test_the_text_of_antiword_and_how_it_is_asked(tmp_path: Path) -> None:
    said = "print('|' + '|'.join(sys.argv[1:5]) + '|一级|')"
    text = Office("", _program(tmp_path, said), behind=walls.nothing).text(DOC)
    assert text is not None
    assert text.startswith("|-m|UTF-8.txt|-w|0|")
    assert text.strip().endswith("|一级|")


@antiword
def test_the_real_antiword(doc: bytes) -> None:
    text = Office("").text(doc)
    assert text is not None
    assert "填报单位：五图街道办事处" in text
    assert any(not isinstance(item, str) for item in table_lines(text))


def test_the_settings_are_the_strict_ones() -> None:
    settings = {name: value for _, name, value in convert._SETTINGS}
    assert (settings["MacroSecurityLevel"], settings["DisableMacrosExecution"]) == ("3", "true")
    assert settings["Link"] in ("0", "2")


def test_the_official_numbers_are_those_of_the_rtf_rows() -> None:
    # the small table above is typed by hand: it must say what the official one says
    assert [cell for row in RTF_ROWS[1:] for cell in row[1:]] == [str(n) for n in official()[6][1:]]

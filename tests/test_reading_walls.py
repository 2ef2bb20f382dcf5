"""What LibreOffice can see while it converts: its file, itself and its fonts, behind each kind of walls."""

import io
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.reading import walls
from bot.reading.convert import Office
from bot.reading.links import without_links
from bot.reading.sniff import OLE
from tests.papers import LINE, RTF_ROWS, rtf

WAYS = (walls.bubblewrap, walls.namespaces, walls.nothing)
# The program, its fonts, and what every program asks of the system. The folder of the conversion is told apart.
OWN = (
    *("/usr/lib", "/usr/share", "/usr/bin", "/lib", "/etc/fonts", "/etc/libreoffice", "/etc/ld.so.", "/etc/passwd"),
    *("/var/cache/fontconfig", "/usr/local/share/fonts", "/dev/null", "/dev/urandom", "/etc/nsswitch.conf"),
    *("/etc/localtime", "/proc/version", "/proc/filesystems", "/proc/self/", "/sys/devices/system/cpu"),
)
SEEN = re.compile(r'^\d+ +(?:open|openat|openat2)\((?:AT_FDCWD, )?"([^"]+)".* = \d+$')
BEGUN = re.compile(r'^\d+ +execve\("[^"]*soffice\.bin".* = 0$')
SECONDS = 30.0  # of one conversion; it takes 3 to 6


def usable(way: walls.Walls) -> None:
    """Skips, or fails where everything must be there, when these walls cannot be made here."""
    if not Office().soffice or not shutil.which("strace") or not walls.works(way):
        missing = f"LibreOffice, strace or {way.__name__}"
        if os.environ.get("BOT_REQUIRE_SERVERS") and way is walls.bubblewrap and not shutil.which("bwrap"):
            pytest.fail(f"{missing} is missing")
        pytest.skip(f"{missing} does not work here")


def opened(way: walls.Walls, tmp_path: Path, data: bytes) -> tuple[bytes | None, set[str]]:
    """What LibreOffice makes of the file, and every path that it opened with success, but for its own."""
    log, folder = tmp_path / "trace", Path()

    def traced(command: Sequence[str], place: Path) -> list[str]:
        nonlocal folder
        folder = place
        return ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=open,openat,openat2,execve", *way(command, place)]

    made = Office(seconds=SECONDS, behind=traced).docx(data)
    lines = log.read_text(errors="replace").splitlines()
    begun = next(
        n for n, line in enumerate(lines) if "soffice.bin" in line and "execve" in line and line.endswith("= 0")
    )
    paths = {found[1] for line in lines[begun:] if (found := SEEN.match(line))}
    own = (*OWN, str(folder))
    # Whatever TMPDIR says, it looks through /tmp for the sockets of its own kind.
    return made, {path for path in paths - {"/tmp"} if path.startswith("/") and not path.startswith(own)}


def rtf_that_names(*fields: str) -> bytes:
    data = rtf(RTF_ROWS, "标准化达标情况表（截至6月）", LINE)
    named = "".join(f"{{\\field{{\\*\\fldinst {field}}}{{\\fldrslt shown}}}}" for field in fields)
    return data.replace(rb"\pard\par}", named.encode() + rb"\par}")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_it_opens_nothing_but_its_file_and_itself(way: walls.Walls, tmp_path: Path) -> None:
    usable(way)
    picture, fifo = tmp_path / "picture.png", tmp_path / "fifo"
    picture.write_bytes(b"\x89PNG")
    os.mkfifo(fifo)
    named = (
        str(picture),
        picture.as_uri(),
        fifo.as_uri(),
        "http://127.0.0.1:9/a.png",
        "\\\\\\\\host\\\\share\\\\a.png",
    )
    words = ("INCLUDEPICTURE", "INCLUDETEXT", "LINK Word.Document.8")
    fields = (f'{word} "{path}" \\\\d' for path in named for word in words)
    made, others = opened(way, tmp_path, rtf_that_names(*fields))
    assert made is not None
    assert others == set()


@pytest.mark.parametrize("way", WAYS[:2], ids=lambda way: way.__name__)
def test_walls_alone_hide_what_a_field_names(way: walls.Walls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nothing was taken out: a field that the other means does not know."""
    usable(way)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)  # it hung LibreOffice for the whole time that it has
    monkeypatch.setattr("bot.reading.convert.without_links", lambda data: data)
    made, others = opened(way, tmp_path, rtf_that_names(f'INCLUDEPICTURE "{fifo.as_uri()}"'))
    assert made is not None
    assert others == set()


def test_without_walls_and_with_the_field_left_in_the_trace_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests before this one can fail."""
    usable(walls.nothing)
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    monkeypatch.setattr("bot.reading.convert.without_links", lambda data: data)
    _, others = opened(walls.nothing, tmp_path, rtf_that_names(f'INCLUDEPICTURE "{picture.as_uri()}"'))
    assert others == {str(picture)}


@pytest.mark.parametrize("way", WAYS[:2], ids=lambda way: way.__name__)
def test_a_program_behind_walls_sees_one_folder_and_no_network(way: walls.Walls, tmp_path: Path) -> None:
    usable(way)
    secret = tmp_path / "secret"
    secret.write_text("TOPSECRET")
    place = tmp_path / "place"
    place.mkdir()
    asks = (
        f"cat {secret}; cat /etc/passwd; ls /home /root /proc/1; cat /sys/class/net/*/address; touch /usr/bin/x; ls /"
    )

    command = way(["/bin/sh", "-c", f"({asks}) > seen 2> /dev/null"], place)
    subprocess.run(command, check=False, timeout=SECONDS)
    seen = (place / "seen").read_text().split()
    assert set(seen) <= {
        "bin",
        "dev",
        "etc",
        "gone",
        "lib",
        "lib32",
        "lib64",
        "proc",
        "tmp",
        "usr",
        "var",
        *tmp_path.parts,
    }
    assert "usr" in seen


def _doc(text: str, code: str) -> bytes:
    return OLE + bytes(504) + text.encode(code)


@pytest.mark.parametrize("code", ["utf-16-le", "latin-1"])
def test_a_field_of_an_old_word_file_names_nothing_any_more(code: str) -> None:
    text = '\x13 INCLUDEPICTURE  "file:///tmp/h.png" \\d\x14\x01\x15after \x13 FORMTEXT \x14 17 \x15'
    clean = without_links(_doc(text, code))
    assert len(clean) == len(_doc(text, code))
    assert clean[512:].decode(code).replace(" ", "") == "\x13INCLUDEPICTURE\x14\x01\x15after\x13FORMTEXT\x1417\x15"


def test_what_a_field_of_an_rtf_file_showed_stays() -> None:
    data = rtf_that_names('INCLUDEPICTURE "file:///etc/passwd"', 'INCLUDETEXT "x"') + rb"{\objdata 01}"
    clean = without_links(data)
    assert len(clean) == len(data)
    assert clean.count(rb"{\fldrslt shown}") == 2 and b"fldinst" not in clean and rb"\objdata" in clean
    assert rb"\objdata" not in without_links(data + rb"{\object\objautlink{\*\objdata 01}}")


RELATION = '<Relationship Id="{id}" Type="t" Target="{target}"{mode}/>'
ODF = '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0">'


def _zip(parts: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return made.getvalue()


IMAGE = '<draw:image xlink:href="{}"/>'
SOURCE = "<table:table-source xlink:href='{}'/>"
PACKAGES = [
    (
        "_rels/a.rels",
        '<R><Relationship TargetMode="External" Target="file:///a>b"/><Relationship Id="1"/></R>',
        '<R><Relationship Id="1"/></R>',
    ),
    (
        "_rels/a.rels",
        "<R><p:Relationship Target='\\\\h\\s' TargetMode = 'External'></p:Relationship></R>",
        "<R></R>",
    ),
    (
        "content.xml",
        ODF + IMAGE.format("http://h/a") + IMAGE.format("Pictures/a.png"),
        ODF + IMAGE.format("") + IMAGE.format("Pictures/a.png"),
    ),
    ("content.xml", ODF + SOURCE.format("../../etc/x"), ODF + SOURCE.format("")),
    ("content.xml", ODF + '<x office:dde-application="cmd"/>', ODF + '<x office:dde-application=""/>'),
    ("xl/worksheets/s.xml", "<c><f>_xlfn.WEBSERVICE(A1)</f><v>1</v></c>", "<c><f>_xlfn.NA(A1)</f><v>1</v></c>"),
]
NOTHING = [_zip({"a.xml": "<a/>"}), b"PK\x03\x04 no zip", b"", b"a,b"]


@pytest.mark.parametrize(("name", "text", "clean"), PACKAGES)
def test_a_package_names_nothing_outside_of_it(name: str, text: str, clean: str) -> None:
    data = without_links(_zip({name: text, "other.bin": "x"}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read(name).decode() == clean
        assert archive.read("other.bin") == b"x"


@pytest.mark.parametrize("data", NOTHING)
def test_what_names_nothing_is_left_as_it_is(data: bytes) -> None:
    assert without_links(data) is data

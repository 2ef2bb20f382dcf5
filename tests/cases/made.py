"""Files that only a program can make: ``python -m tests.cases.made`` writes what is missing under files/.

No second run makes the same bytes (clocks, compression, versions of programs), so these are committed. They were made
by this code, on Debian 12 with LibreOffice 7.4, libarchive 3.6 and Noto CJK fonts. Give it the name of a file to
have that file only. Nothing that is there is overwritten.
"""

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests import books, papers, scans
from tests.books import MERGES, official
from tests.cases import parts
from tests.servers.need import program

FILES = Path(__file__).parent / "files"
STYLED_ROWS, LAST_ROW, EXTRA_MERGES = 20_000, 1_048_576, 10_000


def made(name: str) -> bytes:
    """The bytes of a committed file."""
    return (FILES / name).read_bytes()


def _converted(data: bytes, name: str, *ways: str) -> bytes:
    """What LibreOffice makes of a file, one format after the other."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = folder / name
        path.write_bytes(data)
        for to in ways:
            profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
            command = [program("soffice"), profile, "--headless", "--convert-to", to, "--outdir", place, str(path)]
            subprocess.run(command, check=True, capture_output=True, timeout=110)
            path = path.with_suffix(f".{to}")
        return path.read_bytes()


def _old_word_file(unit: str) -> bytes:
    # By way of .odt: from .docx LibreOffice exports a .doc without its table.
    return _converted(papers.made_by_python_docx(official(unit=unit)), "report.docx", "odt", "doc")


def _ods() -> bytes:
    return _converted(books.good(), "report.xlsx", "ods")


def _seven_zip() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "6月"
        folder.mkdir()
        (folder / "高崖水库附件4.xlsx").write_bytes(parts.form(official(unit="高崖水库库区管委会")))
        # Without a UTF-8 locale bsdtar loses the names.
        command = [program("bsdtar"), "-cf", "report.7z", "--format=7zip", "6月"]
        subprocess.run(command, cwd=place, env={"LC_ALL": "C.UTF-8"}, capture_output=True, check=True)
        return (Path(place) / "report.7z").read_bytes()


def _heavy() -> bytes:
    """The form above 20,000 rows that only carry a style, the last one of the sheet, and 10,000 merged cells."""
    numbers = (*range(12, 12 + STYLED_ROWS), LAST_ROW)
    rows = "".join(f'<row r="{n}" s="1" customFormat="1"/>' for n in numbers)
    merges = "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(12, 12 + EXTRA_MERGES))

    def heavy(xml: bytes) -> bytes:
        return xml.replace(b"</sheetData>", rows.encode() + b"</sheetData>").replace(
            b"</mergeCells>", merges.encode() + b"</mergeCells>"
        )

    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(parts.form())) as old, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            member = old.read(name)
            new.writestr(name, heavy(member) if name.startswith("xl/worksheets/") else member)
    return data.getvalue()


def _photo() -> bytes:
    """A page before a camera: tilted, a little blurred, with noise."""
    page = scans.tilted(scans.page("ruled", 1100), 1.5)
    return scans.jpeg(scans.noisy(scans.blurred(page, 0.6), 0.06), quality=55)


def _scan() -> bytes:
    return scans.saved(scans.page("ruled", 1400).convert("L").quantize(8), "PNG")


MAKERS: dict[str, Callable[[], bytes]] = {
    "openpyxl.xlsx": lambda: books.xlsx((official(), MERGES)),
    "libreoffice.ods": _ods,
    "python-docx.docx": papers.made_by_python_docx,
    "libreoffice.doc": lambda: _old_word_file("首阳山旅游度假区"),
    "libreoffice.wps": lambda: _old_word_file("高崖水库库区管委会"),
    "bsdtar.7z": _seven_zip,
    "text-layer.pdf": lambda: scans.printed("ruled"),
    "clipped.pdf": lambda: scans.printed("long text"),
    "photo.jpg": _photo,
    "scan.png": _scan,
    "heavy.xlsx": _heavy,
}


def main(names: list[str]) -> int:
    FILES.mkdir(exist_ok=True)
    for name in names or MAKERS:
        if (FILES / name).exists():
            print(f"exists, not overwritten: {name}")
        else:
            (FILES / name).write_bytes(MAKERS[name]())
            print(f"written: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Annex 4 on paper: printed to PDF by LibreOffice, scanned and photographed by Pillow. And PDFs by hand."""

import io
import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pypdfium2
import pytest
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.properties import PageSetupProperties
from PIL import Image, ImageFilter

from bot.config import read_toml
from bot.letters.workbook_words import WorkbookWords
from bot.letters.workbooks import prefilled
from tests import books
from tests.servers.need import program

ROOT = Path(__file__).resolve().parents[1]
HEIC = ROOT / "tests" / "pictures" / "annex4.heic"  # the page of ``printed("prefilled")``, by pillow-heif, which is GPL
OCR = all(find_spec(name) for name in ("rapidocr", "onnxruntime"))
PASSWORD = "1234"
EXIF_ORIENTATION = 0x112
Edit = Callable[[Any], None]


def _ruled(edit: Edit | None = None, *, width: float | None = None, lines: bool = True, whole: bool = True) -> bytes:
    """The official layout with lines, on one page (``whole``); ``width`` is that of the number columns."""
    book = openpyxl.load_workbook(io.BytesIO(books.good()))
    sheet: Any = book.worksheets[0]
    line = Side(style="thin") if lines else Side()
    for row in range(5, 10):
        for column in range(1, 14):
            cell = sheet.cell(row, column)
            cell.border = Border(left=line, right=line, top=line, bottom=line)
            cell.alignment = Alignment("center", "center", wrap_text=True)
    for row in range(1, 11):
        sheet.row_dimensions[row].height = 30
    for letter in "BCDEFGHIJKLM" if width else "":
        sheet.column_dimensions[letter].width = width
    sheet["A1"].alignment, sheet["A1"].font = Alignment("center"), Font(size=20, bold=True)
    if whole:
        sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if edit:
        edit(sheet)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _unwrapped(sheet: Any) -> None:
    for row in range(5, 10):
        for column in range(1, 14):
            sheet.cell(row, column).alignment = Alignment("left", "center")


def _long_text(sheet: Any) -> None:
    _unwrapped(sheet)
    sheet["D7"], sheet["E7"] = "13800138000", "农村公路改造"


def _too_wide(sheet: Any) -> None:
    _unwrapped(sheet)
    sheet["L7"] = 123_456


def _wrapped(sheet: Any) -> None:
    sheet["B5"], sheet["D7"] = "规模以\n上企业", "12\n7"


def _second_page(sheet: Any) -> None:
    for row in range(12, 14):
        sheet.cell(row, 1).value = "附：本月工作情况说明"


def _wrong_sum(sheet: Any) -> None:
    sheet["B9"] = 33


def _without_sums(sheet: Any) -> None:
    for address in ("B8", "F8", "J8", "B9"):
        sheet[address] = None


def _prefilled() -> bytes:
    words = WorkbookWords.model_validate(read_toml(ROOT / "templates" / "workbook.toml"))
    numbers: Any = books.VALUES
    known = {"reporter": "李明", "phone": "05366221234"}
    return prefilled(books.ANNEX4, words, unit="五图街道", period="2017-06", numbers=numbers, **known)


BOOKS: Mapping[str, Callable[[], bytes]] = {
    "prefilled": _prefilled,
    "ruled": _ruled,
    "unruled": lambda: _ruled(lines=False),
    "two pages": lambda: _ruled(whole=False),
    "wrapped": lambda: _ruled(_wrapped),
    "wrong sum": lambda: _ruled(_wrong_sum),
    "without sums": lambda: _ruled(_without_sums),
    "long text": lambda: _ruled(_long_text, width=4),
    "too wide": lambda: _ruled(_too_wide, width=4),
    "narrow": lambda: _ruled(_unwrapped, width=2.5),
    "with a text below": lambda: _ruled(_second_page),
}


@cache
def _office() -> Mapping[str, bytes]:
    """Every book as a PDF, and two behind passwords; LibreOffice runs once for each filter."""
    soffice = program("soffice")
    folder = Path(tempfile.mkdtemp(prefix="scans"))
    try:
        for name, make in BOOKS.items():
            (folder / f"{name}.xlsx").write_bytes(make())
        shutil.copy(folder / "ruled.xlsx", folder / "locked.xlsx")
        shutil.copy(folder / "ruled.xlsx", folder / "not to be printed.xlsx")
        _convert(soffice, folder, "pdf", [*BOOKS])
        opening = (
            f'{_setting("EncryptFile", True)}, "DocumentOpenPassword": {{"type": "string", "value": "{PASSWORD}"}}'
        )
        _convert(soffice, folder, f"pdf:calc_pdf_Export:{{{opening}}}", ["locked"])
        owner = f'{_setting("RestrictPermissions", True)}, "PermissionPassword": {{"type": "string", "value": "x"}}'
        _convert(soffice, folder, f"pdf:calc_pdf_Export:{{{owner}}}", ["not to be printed"])
        return {path.stem: path.read_bytes() for path in folder.glob("*.pdf")}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _setting(name: str, value: bool) -> str:
    return f'"{name}": {{"type": "boolean", "value": "{str(value).lower()}"}}'


def _convert(soffice: str, folder: Path, what: str, names: Sequence[str]) -> None:
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    files = [str(folder / f"{name}.xlsx") for name in names]
    command = [soffice, profile, "--headless", "--convert-to", what, "--outdir", str(folder), *files]
    subprocess.run(command, check=True, capture_output=True, timeout=110)


def need_ocr() -> None:
    """Skips without the extra ``ocr``, but fails where it is required."""
    if OCR:
        return
    reason = "the extra ocr is not installed (requirements-ocr.lock)"
    if os.environ.get("BOT_REQUIRE_OCR") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def printed(name: str) -> bytes:
    """A book of ``BOOKS`` as a PDF; skips without LibreOffice."""
    return _office()[name]


# --- on the scanner, and before the camera ---


@cache
def page(name: str = "ruled", side: int = 1500) -> Image.Image:
    """The first page, its long side so many pixels."""
    with pypdfium2.PdfDocument(printed(name)) as document:
        sheet = document[0]
        image: Image.Image = sheet.render(scale=side / max(sheet.get_size())).to_pil()
        return image.convert("RGB")


def jpeg(image: Image.Image, quality: int = 85, orientation: int = 1) -> bytes:
    """As a camera writes it; ``orientation`` is EXIF's."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality, exif=exif)
    return data.getvalue()


def saved(image: Image.Image, kind: str) -> bytes:
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()


def noisy(image: Image.Image, share: float = 0.12) -> Image.Image:
    """With so much noise in it, the same at every run."""
    noise = Image.frombytes("L", image.size, Random(1).randbytes(image.width * image.height))
    return Image.blend(image, noise.convert("RGB"), share)


def tilted(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def blurred(image: Image.Image, radius: float = 1.0) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


def from_an_angle(image: Image.Image) -> Image.Image:
    """Its upper edge farther away, and its left side a little."""
    width, height = image.size
    corners = (-0.07 * width, -0.05 * height, 0, height, width, 1.03 * height, 1.03 * width, 0)
    return image.transform(image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor="white")


# --- PDFs by hand ---


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalogue."""
    out = io.BytesIO()
    out.write(b"%PDF-1.5\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start))
    return out.getvalue()


def stream(data: bytes, about: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), about, data)


def one_page(content: bytes, resources: bytes = b"", *others: bytes) -> bytes:
    """A PDF of one page of 800 by 600 points, with Helvetica as /F. ``content`` is a whole stream; ``others``
    are objects from number 6."""
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 800 600] /Contents 5 0 R "
            b"/Resources << /Font << /F 4 0 R >> %s >> >>" % resources,
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            content,
            *others,
        ]
    )


def text(words: Sequence[tuple[float, float, str]], size: int = 12) -> bytes:
    """A content stream that puts texts down at places, from the lower left corner."""
    shows = b" ".join(b"1 0 0 1 %f %f Tm (%s) Tj" % (x, y, word.encode()) for x, y, word in words)
    return b"BT /F %d Tf %s ET" % (size, shows)


def deflated(mebibytes: int, block: bytes) -> bytes:
    """So many MiB of a repeated block, packed without inflating it here."""
    packer = zlib.compressobj(9)
    chunk = block * ((1 << 20) // len(block))
    return b"".join(packer.compress(chunk) for _ in range(mebibytes)) + packer.flush()

"""Scans and photos: what recognition reads off them is right or in doubt, and never counts by itself."""

import io
import math
import struct
import zlib
from collections.abc import Callable, Iterator

import pytest
from PIL import Image, ImageDraw

from bot.model.forms import Document, Form, Unreadable
from bot.model.mail import Attachment
from bot.reading import picture
from bot.reading.boxes import Quad, Word, grid, straightened
from bot.reading.documents import document
from bot.reading.guard import SLOW, SLOW_SECONDS, Reader
from bot.reading.opened import Opened
from bot.reading.written import count
from tests import books, scans
from tests.books import RULES, SUBTOTALS, TOTAL, VALUES, texts_of, values_of


@pytest.fixture(scope="module")
def quick() -> Iterator[Reader]:
    with Reader() as one:
        yield one


@pytest.fixture(scope="module")
def slow() -> Iterator[Reader]:
    """The process for pictures, kept for all tests: it takes a second to start."""
    scans.need_ocr()
    with Reader(SLOW_SECONDS, SLOW) as one:
        yield one


def _read(reader: Reader, data: bytes) -> Document:
    return document(Attachment("IMG_0001.jpg", data), reader, RULES)


def _right(form: Form) -> int:
    """How many numbers are right; none may be wrong, and nothing counts by itself."""
    assert form.confidence == "confirm"
    read = values_of(form)
    values = [(read[group][level], VALUES[group][level]) for group in VALUES for level in VALUES[group]]
    assert [pair for pair in values if pair[0] not in (None, pair[1])] == []
    return sum(one == other for one, other in values)


# --- recognised ---


def _scan_as_pdf() -> bytes:
    return scans.saved(scans.page(), "PDF")


# What is made of the page, and how many of its twelve numbers must be right at least.
SCANS: dict[str, Callable[[], tuple[bytes, int]]] = {
    "clean": lambda: (scans.jpeg(scans.page()), 12),
    "clean, the bot's own workbook": lambda: (scans.saved(scans.page("prefilled").convert("L"), "PNG"), 12),
    "clean, without lines": lambda: (scans.jpeg(scans.page("unruled")), 12),
    "3 degrees, blur, noise": lambda: (scans.jpeg(scans.noisy(scans.tilted(scans.blurred(scans.page()), 3))), 11),
    "6 degrees": lambda: (scans.jpeg(scans.tilted(scans.page(), -6)), 11),
    "from an angle": lambda: (scans.jpeg(scans.from_an_angle(scans.page())), 11),
    "turned, EXIF tells": lambda: (scans.jpeg(scans.page().transpose(Image.Transpose.ROTATE_90), orientation=6), 12),
    "turned left": lambda: (scans.jpeg(scans.page().transpose(Image.Transpose.ROTATE_90)), 12),
    "turned right": lambda: (scans.jpeg(scans.page().transpose(Image.Transpose.ROTATE_270)), 12),
    "upside down": lambda: (scans.jpeg(scans.page().transpose(Image.Transpose.ROTATE_180)), 12),
    "750 pixels, quality 60": lambda: (scans.jpeg(scans.page("ruled", 750), 60), 11),
    "scanned to PDF": lambda: (_scan_as_pdf(), 12),
}


@pytest.mark.parametrize("name", SCANS)
def test_numbers_on_scans_and_photos(slow: Reader, name: str) -> None:
    data, at_least = SCANS[name]()
    found = _read(slow, data)
    assert found.kind == ("pdf" if name == "scanned to PDF" else "image")
    (form,) = found.forms
    assert _right(form) >= at_least


def test_heic(slow: Reader) -> None:
    (form,) = _read(slow, scans.HEIC.read_bytes()).forms
    assert _right(form) == 12
    assert texts_of(form)["unit"] == "五图街道"


def test_what_else_stands_on_a_clean_scan(slow: Reader, quick: Reader) -> None:
    """Through both processes, as in earnest."""
    found = _read(quick, scans.jpeg(scans.page()))
    assert (found.kind, found.unreadable) == ("image", None)
    (form,) = found.forms
    assert _right(form) == 12
    assert {group: count.value for group, count in form.subtotals.items()} == SUBTOTALS
    assert form.total is not None
    assert form.total.value == TOTAL
    written = {"unit": "五图街道办事处", "filled_on": "2017年7月3日", "reporter": "李明", "phone": "0536-6221234"}
    assert written.items() <= texts_of(form).items()
    assert texts_of(form)["period"].replace(" ", "") == "6月"


def test_a_picture_too_poor_asks_for_the_workbook(slow: Reader) -> None:
    page = scans.page()
    poor = scans.noisy(scans.blurred(page, 3).resize((page.width // 3, page.height // 3)), 0.3)
    found = _read(slow, scans.jpeg(poor, 40))
    assert all(_right(form) <= 12 for form in found.forms)
    assert found.forms or found.unreadable in (Unreadable("image"), Unreadable("no_form"))


def test_a_header_that_is_covered_leaves_no_form(slow: Reader) -> None:
    page = scans.page().copy()
    with Image.open(io.BytesIO(scans.jpeg(page))) as copy:
        covered = copy.convert("RGB")
    # The upper part of the table: group headings and levels of the middle group.
    ImageDraw.Draw(covered).rectangle(
        (0.40 * page.width, 0.25 * page.height, 0.65 * page.width, 0.42 * page.height), "black"
    )
    assert _read(slow, scans.jpeg(covered)).unreadable == Unreadable("image")


def test_a_picture_of_something_else_is_no_report(slow: Reader) -> None:
    photo = scans.noisy(Image.linear_gradient("L").resize((1200, 900)).convert("RGB"))
    assert _read(slow, scans.jpeg(photo)).unreadable == Unreadable("no_form")


@pytest.mark.parametrize(
    ("text", "score", "doubtful"),
    [
        ("3", 0.99, False),
        ("3", 0.8, True),
        ("12", 0.84, True),
        ("一级", 0.7, False),
        ("一", 0.99, True),
        ("—", 0.99, True),
    ],
)
def test_a_number_that_may_be_another_is_marked(text: str, score: float, doubtful: bool) -> None:
    assert picture._is_doubtful(text, score) is doubtful
    if doubtful:
        assert count(f"{text}?", "", RULES.words).value is None


# --- what is not even looked at ---


def test_small_pictures_are_no_reports(quick: Reader) -> None:
    for size in ((399, 300), (400, 299), (299, 2000)):
        found = quick.read(scans.saved(Image.new("RGB", size), "PNG"))
        assert (found.kind, found.unreadable, found.grids, found.slow) == ("image", None, (), False)
    assert _read(quick, scans.saved(Image.new("RGB", (100, 100)), "PNG")).unreadable == Unreadable("no_form")


@pytest.mark.parametrize("orientation", [(400, 300), (300, 400)])
def test_without_the_extra_the_workbook_is_asked_for(
    orientation: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = scans.jpeg(Image.new("RGB", orientation))
    monkeypatch.setattr(picture, "can_be_read", lambda: False)
    assert picture.opened(data, "image") == Opened("image", unreadable="image")
    assert ".xlsx" in RULES.reasons.unreadable["image"]
    monkeypatch.setattr(picture, "can_be_read", lambda: True)
    assert picture.opened(data, "image") == Opened("image", slow=True)


# --- hostile ---


def _png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says so."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _jpeg(width: int, height: int) -> bytes:
    """A small JPEG that says that it is large (SOF0, ITU T.81 B.2.2)."""
    data = scans.jpeg(Image.new("RGB", (640, 480)))
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


GIANT = {
    "png": _png(50_000, 50_000, scans.deflated(298, b"\0" * 1024)),
    "png, empty": _png(2**31 - 1, 2**31 - 1),
    "jpeg": _jpeg(65_500, 65_500),
}


@pytest.mark.parametrize("name", GIANT)
def test_giant_pictures_are_not_decoded(quick: Reader, name: str) -> None:
    assert _read(quick, GIANT[name]).unreadable == Unreadable("too_complex")


BROKEN: dict[str, Callable[[], bytes]] = {
    "a head alone": lambda: b"\xff\xd8\xff\xe0",
    "a head of PNG": lambda: b"\x89PNG\r\n\x1a\n",
    "PNG without a picture": lambda: _png(800, 600),
    "JPEG cut short": lambda: scans.jpeg(scans.page())[:9000],
    "HEIC cut short": lambda: scans.HEIC.read_bytes()[:9000],
    "JPEG with too few lines": lambda: _jpeg(9_000, 9_000),
    "TIFF": lambda: b"II*\x00\x08\0\0\0" + b"\xff" * 500,
    "GIF": lambda: b"GIF89a" + struct.pack("<HH", 60_000, 800) + b"\0" * 100,
    "HEIF": lambda: b"\0\0\0\x18ftypheic" + b"\xff" * 3000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_pictures_are_bounded_and_the_next_file_is_read(slow: Reader, quick: Reader, name: str) -> None:
    data = BROKEN[name]()
    for reader in (quick, slow):
        found = reader.look(data)
        assert found.kind == "image"
        assert found.slow or found.unreadable in {"damaged", "too_complex", "crashed"} or not found.grids[0].rows
    assert quick.read(books.good()).grids[0].rows[6][3] == 5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_becomes_black_on_white(mode: str) -> None:
    image = Image.new("L" if mode == "P" else mode, (500, 400))
    kind = "TIFF" if mode in ("CMYK", "F", "I;16") else "PNG"
    found = picture._photo(scans.saved(image.convert("P") if mode == "P" else image, kind))
    assert isinstance(found, Image.Image)
    assert (found.mode, found.size) == ("RGB", (500, 400))
    # Nothing of it is drawn where all of it is transparent.
    assert found.getpixel((0, 0)) == ((255, 255, 255) if mode in ("LA", "RGBA", "CMYK") else (0, 0, 0))


def test_a_page_of_any_size_is_drawn_at_one_size() -> None:
    for size in (b"[0 0 20000 15000]", b"[0 0 80 60]"):
        data = scans.one_page(scans.stream(b"")).replace(b"[0 0 800 600]", size)
        (drawn,) = picture._pages(data)
        assert drawn is not None
        assert drawn.size == (picture.SIDE, picture.SIDE * 3 // 4)
    strip = scans.one_page(scans.stream(b"")).replace(b"[0 0 800 600]", b"[0 0 14000 3]")
    assert list(picture._pages(strip)) == [None]


# --- from boxes to a grid ---


def _row(y: float, *words: tuple[float, str]) -> list[Word]:
    return [Word(text, x, y, x + 10 * len(text), y + 20) for x, text in words]


def test_rows_and_columns_from_places() -> None:
    words = [
        *_row(0, (105, "标题")),
        *_row(40, (0, "等级"), (100, "一级"), (200, "二级"), (300, "三级")),
        *_row(80, (0, "数量"), (105, "5"), (205, "6"), (305, "7")),
        *_row(120, (0, "合计"), (205, "18")),
    ]
    assert grid(reversed(words), "1").rows == (
        (None, "标题"),
        ("等级", "一级", "二级", "三级"),
        ("数量", "5", "6", "7"),
        ("合计", None, "18"),
    )


def test_what_cannot_be_told_apart_stays_together() -> None:
    words = [
        *_row(0, (0, "a"), (100, "b"), (200, "c"), (300, "d")),
        *_row(40, (0, "1"), (98, "2"), (112, "3"), (200, "4")),
    ]
    wide = _row(80, (0, "1"), (100, "2" * 11), (300, "4"))
    assert grid(words, "1").rows[1] in {("1", "2 3", "4"), ("1", "2", "3", "4")}
    # A word over two columns makes them one: their headings are then no headings.
    assert grid([*words, *wide], "1").rows[0] == ("a", "b c", "d")


def test_no_words_make_no_rows() -> None:
    assert grid([], "1").rows == ()
    assert straightened([]) == []


@pytest.mark.parametrize("degrees", [-8, -3, 0, 3, 8])
def test_a_tilted_page_is_straightened(degrees: float) -> None:
    angle = math.radians(degrees)

    def turn(x: float, y: float) -> tuple[float, float]:
        return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)

    quads = [
        Quad(f"{r}{c}" * 3, (turn(x, y), turn(x + 60, y), turn(x + 60, y + 20), turn(x, y + 20)))
        for r, y in enumerate(range(0, 400, 50))
        for c, x in enumerate(range(0, 1400, 100))
    ]
    rows = grid(straightened(quads), "1").rows
    assert rows == tuple(tuple(f"{r}{c}" * 3 for c in range(14)) for r in range(8))

"""Pictures and scanned PDFs -> grids, by rapidocr (extra ``ocr``). A draft: a person confirms every number.

Two parts. ``opened`` runs in the guarded process and only looks at the head of a picture; ``recognised`` runs
in the slow process, which may use the memory and time that recognition needs. Only the first frame of a
picture is read. Nothing is guessed: a text that is not certain is marked with "?", so that it is no number.
"""

import io
import math
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bot.model.forms import Grid
from bot.reading import boxes
from bot.reading.boxes import Quad
from bot.reading.opened import Opened

if TYPE_CHECKING:
    from PIL import Image

# JPEG is MPO too (two photos in one), which Pillow has no opener for by that name. HEIF besides; never EPS, which
# calls another program.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
LEAST = (400, 300)  # pixels, long and short side; smaller is a logo, or nothing that can be read
MOST_PIXELS = 50_000_000  # to decode: 150 MB
MOST_JPEG_PIXELS = 120_000_000  # the large phone cameras; a JPEG is decoded at a fraction of its size
SIDE = 1600  # pixels of the long side that are looked at; characters of a form are 25 high then
PAGES = 3
SECONDS = 35.0  # after which no further page is begun; one takes 4, a turned one up to 12
CERTAIN = 0.85  # of a text's score; digits read right had 0.95 and more, misread ones less than 0.8
STROKES = set("-\u2014\u4e00_|lI")  # alone in its cell: a dash, which means none, and the numeral one look the same
UPRIGHT = 0.92  # mean score of a page: 0.97 and more if it stands upright, 0.83 upside down


def can_be_read() -> bool:
    """Whether the extra is installed."""
    return all(find_spec(name) for name in ("rapidocr", "onnxruntime", "pypdfium2"))


def opened(data: bytes, kind: str) -> Opened:
    """Whether the picture is worth a closer look. Raises on damage."""
    if data[4:8] != b"ftyp":  # Pillow knows no HEIF by itself
        with _image(data) as image:
            if refusal := _refusal(image):
                return refusal
    return Opened(kind, slow=True) if can_be_read() else Opened(kind, unreadable=kind)


def recognised(data: bytes, kind: str) -> Opened:
    """What is written on the picture or the pages. For the slow process. Raises on damage."""
    if kind == "image" and data[4:8] == b"ftyp":
        from pi_heif import register_heif_opener

        register_heif_opener()
    grids: list[Grid] = []
    cut = False
    started = time.monotonic()
    engine = _Engine()
    for number, image in enumerate(_pages(data) if kind == "pdf" else [_photo(data)], start=1):
        if isinstance(image, Opened):
            return image
        if image is None or number > PAGES or time.monotonic() - started > SECONDS:
            cut = True
            break
        grids.append(boxes.grid(boxes.straightened(engine.read(image)), f"{number}"))
    return Opened(kind, tuple(grids), cut=cut, confidence="confirm")


def _image(data: bytes) -> "Image.Image":
    from PIL import Image

    # Its own limit is lower, and a warning; ours is looked at before anything is decoded.
    Image.MAX_IMAGE_PIXELS = None
    formats = ("HEIF",) if data[4:8] == b"ftyp" else FORMATS
    return Image.open(io.BytesIO(data), formats=formats)


def _refusal(image: "Image.Image") -> Opened | None:
    """For a picture that is too small to be a form, or too large to be decoded."""
    width, height = image.size
    if max(width, height) < LEAST[0] or min(width, height) < LEAST[1]:
        return Opened("image")
    if width * height > (MOST_JPEG_PIXELS if image.format == "JPEG" else MOST_PIXELS):
        return Opened("image", unreadable="too_complex")
    return None


def _photo(data: bytes) -> "Image.Image | Opened":
    from PIL import ImageOps

    with _image(data) as image:
        if refusal := _refusal(image):
            return refusal
        image.draft("RGB", (SIDE, SIDE))
        image.thumbnail((SIDE, SIDE))
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("RGBA", "LA", "P", "PA"):  # what is transparent is paper
            from PIL import Image

            solid = upright.convert("RGBA")
            paper = Image.new("RGBA", solid.size, "white")
            return Image.alpha_composite(paper, solid).convert("RGB")
        return upright.convert("RGB")


def _pages(data: bytes) -> Iterator["Image.Image | None"]:
    """The pages drawn one by one, so that only one is in memory; None where one cannot be."""
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        for page in document:
            width, height = page.get_size()
            scale = SIDE / max(width, height)
            if not math.isfinite(scale) or min(width, height) * scale < 50:
                yield None
                continue
            yield page.render(scale=scale).to_pil().convert("RGB")
            page.close()


class _Engine:
    """The recogniser, loaded once."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        # One thread: two save a third of the time on an idle machine, and cost a third more on a busy one.
        params = {"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1}
        self._read = RapidOCR(params=params)

    def read(self, image: "Image.Image") -> list[Quad]:
        """The texts of the page, turned upright. The engine turns a line that stands on end, but not a single
        digit, and its own guess at lines that are upside down misreads digits: so the page is turned."""
        quads, score = self._look(image)
        if _stand_on_end(quads):
            # The engine turns such lines to the left: well read, the page is to be turned the same way.
            image = image.transpose(_turn(90 if score >= UPRIGHT else 270))
            quads, score = self._look(image)
        if quads and score < UPRIGHT:
            other, other_score = self._look(image.transpose(_turn(180)))
            if _read_of(other) * other_score > _read_of(quads) * score:
                return other
        return quads

    def _look(self, image: "Image.Image") -> tuple[list[Quad], float]:
        """What is found, and its mean score by character."""
        import numpy

        answer: Any = self._read(numpy.asarray(image)[:, :, ::-1], use_cls=False)
        if answer.boxes is None:
            return [], 0.0
        quads, total = [], 0.0
        for corners, text, score in zip(answer.boxes, answer.txts, answer.scores, strict=True):
            a, b, c, d = ((float(x), float(y)) for x, y in corners)
            quads.append(Quad(f"{text}?" if _is_doubtful(text, score) else text, (a, b, c, d)))
            total += float(score) * len(quads[-1].text)
        return quads, total / max(_read_of(quads), 1)


def _is_doubtful(text: str, score: float) -> bool:
    """Whether a number may be another one. Words vouch for themselves: they are those of a form, or are not."""
    return text.strip() in STROKES or (score < CERTAIN and any(char.isdigit() for char in text))


def _read_of(quads: list[Quad]) -> int:
    return sum(len(quad.text) for quad in quads)


def _turn(degrees: int) -> Any:
    from PIL import Image

    return {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}[degrees]


def _stand_on_end(quads: list[Quad]) -> bool:
    """Whether the longer texts run down the page."""
    tall = sum(len(quad.text) for quad in quads if quad.height > 1.5 * quad.width)
    wide = sum(len(quad.text) for quad in quads if quad.width > 1.5 * quad.height)
    return tall > wide

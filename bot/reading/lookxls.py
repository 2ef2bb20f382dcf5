"""The looks of an .xls workbook's sheets, out of its records. Source: [MS-XLS] 2.4 and 2.5.

BIFF8; of BIFF5 everything but marks inside a text, and formulas.

Runs in the guarded process only; raises what olefile and struct raise on damage.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.model.forms import Mark
from bot.reading import biff, ptg
from bot.reading.faint import SMALLEST
from bot.reading.looks import Look, Place, Run, marked
from bot.reading.opened import COLUMNS, ROWS
from bot.reading.shownas import shows

FONT, XF, FORMAT, SST, CONTINUE, BOUNDSHEET = 0x0031, 0x00E0, 0x041E, 0x00FC, 0x003C, 0x0085
UNCALCED = 0x005E  # 2.4.331: saved before it was calculated
EXTERNSHEET, SUPBOOK, COLINFO, FORMULA, LABELSST, MULRK, EOF = 0x0017, 0x01AE, 0x007D, 0x0006, 0x00FD, 0x00BD, 0x000A
BIFF8 = 0x0600
STRUCK = 0x08  # 2.4.122, bit of the second field
HERE = 0x0401  # 2.4.271: the sheets of this workbook
HEIGHT = 0x7FFF  # 2.4.221, of the field that has it
BY_ITSELF = 0x01  # 2.4.127: always to be calculated
WHITE = frozenset({1, 9})  # 2.5.161: of the colours that every workbook has
NARROW, LOW = 128, 40  # 256ths of a character and 20ths of a point: nothing can be read in less
_PERCENT = {9: "0%", 10: "0.00%"}  # formats without a record


@dataclass
class _Book:
    """What the records before the sheets say. ``sheets`` are name and offset."""

    fonts: list[Mark | None] = field(default_factory=list)
    faint: list[bool] = field(default_factory=list)  # of each font, on paper
    styles: list[tuple[int, int]] = field(default_factory=list)
    grounds: list[bool] = field(default_factory=list)  # of each style, whether its cells are filled
    formats: dict[int, str] = field(default_factory=dict)
    sheets: list[tuple[str, int]] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)  # SST and what continues it
    here: list[bool] = field(default_factory=list)
    areas: list[tuple[int, int]] = field(default_factory=list)
    is_8: bool = True

    def font_of(self, style: int) -> Mark | None:
        """The mark of a cell's font."""
        return self.font(self.styles[style][0]) if style < len(self.styles) else None

    def font(self, number: int) -> Mark | None:
        """The mark of a font; there is no fourth one (2.5.129)."""
        number -= number > 4
        return self.fonts[number] if number < len(self.fonts) else None

    def is_faint(self, number: int) -> bool:
        """Whether nobody sees characters of a font."""
        number -= number > 4
        return number < len(self.faint) and self.faint[number]


def looks(data: bytes) -> tuple[dict[str, Look], bool]:
    """The look of each sheet by its name, and whether its formulas are all to be computed by who opens it."""
    name, stream = biff.stream_of(data)
    if not name:
        return {}, False
    book = _book(stream)
    texts = list(_texts(book)) if any(book.fonts) or any(book.faint) else []
    found: dict[str, Look] = {}
    waiting: list[bool] = []
    for sheet, offset in book.sheets:
        look = _Sheet(book, texts, waiting).look(stream, offset)
        if look != Look():
            found[sheet] = look
    return found, bool(waiting) and all(waiting)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _book(stream: bytes) -> _Book:
    book = _Book()
    before = 0
    for kind, body in _records(stream, 0):
        if kind == biff.BOF:
            book.is_8 = struct.unpack_from("<H", body)[0] == BIFF8
        elif kind == FONT:
            size, grbit, colour, raised = struct.unpack_from("<HHH2xH", body)
            book.faint.append(colour in WHITE or size < SMALLEST * 20)
            book.fonts.append("struck" if grbit & STRUCK else "raised" if raised else None)
        elif kind == XF:
            book.styles.append(struct.unpack_from("<HH", body))
            book.grounds.append(_is_filled(body, book.is_8))
        elif kind == FORMAT and book.is_8:
            book.formats[struct.unpack_from("<H", body)[0]] = _text(body, 2)
        elif kind == BOUNDSHEET:
            offset, size, wide = struct.unpack_from("<I2xBB", body)
            name = (
                body[8 : 8 + 2 * size].decode("utf-16-le", "replace")
                if wide & 1
                else body[8 : 8 + size].decode("latin-1")
            )
            book.sheets.append((name, offset))
        elif kind == SST or (kind == CONTINUE and before == SST):
            book.texts.append(body)
        elif kind == SUPBOOK:
            book.here.append(body[2:4] == struct.pack("<H", HERE))
        elif kind == EXTERNSHEET and book.is_8:
            count = min(struct.unpack_from("<H", body)[0], (len(body) - 2) // 6)
            areas = (struct.unpack_from("<HHH", body, 2 + 6 * n) for n in range(count))
            book.areas = [
                (first if supbook < len(book.here) and book.here[supbook] else -1, last)
                for supbook, first, last in areas
            ]
        elif kind == EOF:
            break
        before = kind if kind != CONTINUE else before
    return book


def _is_filled(body: bytes, is_8: bool) -> bool:
    """Whether the cells of a style have a ground of their own that is not white: 2.5.20; of BIFF5 not looked at."""
    if not is_8 or len(body) < 20:
        return True
    borders, colours = struct.unpack_from("<IH", body, 14)
    pattern, front = borders >> 26, colours & 0x7F
    return pattern > 1 or (pattern == 1 and front not in WHITE)


def _text(body: bytes, at: int) -> str:
    """A short text: 2.5.294, XLUnicodeString."""
    size, wide = struct.unpack_from("<HB", body, at)
    raw = body[at + 3 :]
    return raw[: 2 * size].decode("utf-16-le", "replace") if wide & 1 else raw[:size].decode("latin-1")


def _texts(book: _Book) -> Iterator[list[Run]]:
    """The shared texts in runs, in their order; 2.5.293, XLUnicodeRichExtendedString."""
    pieces = _Pieces(book.texts)
    if not book.texts:
        return
    count = struct.unpack("<4xI", pieces.take(8))[0]
    for _ in range(count):
        if pieces.is_over():
            return
        size, flags = struct.unpack("<HB", pieces.take(3))
        rich = struct.unpack("<H", pieces.take(2))[0] if flags & 8 else 0
        more = struct.unpack("<I", pieces.take(4))[0] if flags & 4 else 0
        text = pieces.characters(size, bool(flags & 1))
        fonts = [struct.unpack("<HH", pieces.take(4)) for _ in range(rich)]
        pieces.skip(more)
        yield _runs(text, fonts, book)


def _runs(text: str, fonts: Sequence[tuple[int, int]], book: _Book) -> list[Run]:
    """A text and where in it another font begins."""
    if not fonts:
        return [(text, "cell")]
    runs: list[Run] = [(text[: fonts[0][0]], "cell")] if fonts[0][0] else []
    ends = [start for start, _ in fonts[1:]] + [len(text)]
    marks: list[Mark | None] = [book.font(font) or ("hidden" if book.is_faint(font) else None) for _, font in fonts]
    starts = [start for start, _ in fonts]
    return [*runs, *((text[start:end], mark) for start, end, mark in zip(starts, ends, marks, strict=True))]


class _Pieces:
    """The bytes of a record and of those that continue it, in which characters begin anew with a flag (2.5.293)."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces, self._number, self._at = pieces, 0, 0

    def is_over(self) -> bool:
        """Whether nothing is left."""
        self._go_on()
        return self._number >= len(self._pieces)

    def _go_on(self) -> None:
        while self._number < len(self._pieces) and self._at >= len(self._pieces[self._number]):
            self._number, self._at = self._number + 1, 0

    def take(self, size: int) -> bytes:
        """So many bytes; struct.error at the caller when there are fewer."""
        taken = b""
        while len(taken) < size and not self.is_over():
            more = self._pieces[self._number][self._at : self._at + size - len(taken)]
            self._at += len(more)
            taken += more
        return taken

    def skip(self, size: int) -> None:
        """Passes over so many bytes."""
        while size > 0 and not self.is_over():
            step = min(size, len(self._pieces[self._number]) - self._at)
            self._at += step
            size -= step

    def characters(self, size: int, wide: bool) -> str:
        """So many characters, of two bytes or of one."""
        text = ""
        while len(text) < size:
            if self._number < len(self._pieces) and self._at >= len(self._pieces[self._number]):
                self._go_on()
                wide = bool(self.take(1)[:1] > b"\0")
            if self.is_over():
                return text
            left = (len(self._pieces[self._number]) - self._at) // (2 if wide else 1)
            raw = self.take(min(size - len(text), max(left, 1)) * (2 if wide else 1))
            text += raw.decode("utf-16-le", "replace") if wide else raw.decode("latin-1")
        return text


class _Sheet:
    """One pass over the records of a sheet. ``waiting`` tells of each formula whether it is to be computed."""

    def __init__(self, book: _Book, texts: Sequence[list[Run]], waiting: list[bool]) -> None:
        self._look = Look()
        self._book, self._texts, self._waiting = book, texts, waiting
        self._names = [name for name, _ in book.sheets]

    def look(self, stream: bytes, offset: int) -> Look:
        """The look of the sheet that begins there."""
        deep = 0
        for kind, body in _records(stream, offset):
            if kind == biff.BOF:
                deep += 1  # a chart on the sheet has records of its own
            elif kind == EOF:
                deep -= 1
                if deep <= 0:
                    break
            elif deep == 1:
                self._take(kind, body)
        return self._look

    def _take(self, kind: int, body: bytes) -> None:
        if kind == biff.ROW and len(body) >= 16:
            row, height, flags = struct.unpack_from("<H4xH4xH", body)
            if flags & biff.HIDDEN or (height & HEIGHT) < LOW:
                self._look.rows.add(row)
        elif kind == UNCALCED:
            self._waiting.append(True)
        elif kind == COLINFO and len(body) >= 10:
            first, last, width, _, flags = struct.unpack_from("<HHHHH", body)
            if flags & 1 or width < NARROW:
                self._look.columns.append((first, last))
        elif kind in biff.VALUES and len(body) >= 6:
            for row, column, style in _cells(kind, body):
                self._style((row, column), style)
            if kind == LABELSST:
                self._text(body)
            elif kind == FORMULA:
                self._formula(body)

    def _style(self, at: Place, style: int) -> None:
        if style >= len(self._book.styles):
            return
        if mark := self._book.font_of(style):
            self._look.fonts[at] = mark
        if self._book.is_faint(self._book.styles[style][0]) and not self._book.grounds[style]:
            self._look.faint.add(at)
        number = self._book.styles[style][1]
        nothing = shows(self._book.formats.get(number) or _PERCENT.get(number, ""))
        if nothing is not None:
            self._look.formats[at] = nothing

    def _text(self, body: bytes) -> None:
        row, column, style, number = struct.unpack_from("<HHHI", body)
        runs = self._texts[number] if number < len(self._texts) else []
        if any(mark != "cell" for _, mark in runs):
            self._look.fonts.pop((row, column), None)
            text = marked(runs, self._book.font_of(style))
            if text:
                self._look.texts[row, column] = text

    def _formula(self, body: bytes) -> None:
        if self._book.is_8 and len(body) >= 22:
            row, column = struct.unpack_from("<HH", body)
            self._waiting.append(bool(body[14] & BY_ITSELF))
            if row < ROWS and column < COLUMNS:
                self._look.formulas[row, column] = ptg.text_of(body[20:], self._names, self._book.areas)


def _cells(kind: int, body: bytes) -> Iterator[tuple[int, int, int]]:
    """Row, column and style of each cell of a record."""
    row, column, style = struct.unpack_from("<HHH", body)
    yield row, column, style
    if kind == MULRK:
        for n in range(1, (len(body) - 6) // 6):
            yield row, column + n, struct.unpack_from("<H", body, 4 + 6 * n)[0]

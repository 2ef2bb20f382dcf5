"""PDF pages on which not all that stands there is seen: boxes, lines, notes, fields, turned pages."""

import random
from dataclasses import dataclass, field

import pytest

from bot.model.forms import Doubt, Mark
from bot.reading.opened import Opened
from bot.reading.pdf import opened
from tests import scans

ROWS, COLUMNS = 4, 6
LEFT, TOP, WIDTH, HEIGHT = 60.0, 500.0, 80.0, 24.0
SIZE = 12  # of a number; a digit of Helvetica is 0.556 of it wide


@dataclass
class Drawing:
    """The page: its own content, and notes that lie over it."""

    content: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def put(self, x: float, y: float, text: str, size: float = SIZE) -> None:
        self.content.append(f"BT /F {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET")

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.content.append(f"0.6 w {x0} {y0} m {x1} {y1} l S")

    def box(self, x: float, y: float, width: float, height: float, colour: str = "1 g") -> None:
        self.content.append(f"q {colour} {x} {y} {width} {height} re f Q")

    def note(self, x: float, y: float, text: str, kind: str, fill: str = "") -> None:
        """A typed note, or a form field, with its own drawing."""
        width, height = 8.0 + 7 * len(text), 14.0
        drawn = f"{fill} BT /F {SIZE} Tf 0 g 1 0 0 1 2 3 Tm ({text}) Tj ET"
        about = f"/Type /XObject /Subtype /Form /BBox [0 0 {width} {height}] /Resources << /Font << /F 4 0 R >> >>"
        said = f"/FT /Tx /T (n{len(self.notes)}) /V ({text})" if kind == "Widget" else f"/Contents ({text})"
        self.notes.append(
            f"<< /Type /Annot /Subtype /{kind} /Rect [{x} {y - 3} {x + width} {y - 3 + height}] /F 4 {said} "
            f"/DA (/F {SIZE} Tf 0 g) /AP << /N {{appearance}} >> >>\0{about}\0{drawn}"
        )

    def pdf(self, rotate: int = 0, matrix: str = "") -> bytes:
        others: list[bytes] = []
        references: list[str] = []
        for note in self.notes:
            said, about, drawn = note.split("\0")
            others.append(scans.stream(drawn.encode(), about.encode()))
            others.append(said.replace("{appearance}", f"{5 + len(others)} 0 R").encode())
            references.append(f"{5 + len(others)} 0 R")
        content = scans.stream((f"{matrix} cm\n" if matrix else "").encode() + "\n".join(self.content).encode())
        more = f"/Rotate {rotate} /Annots [{' '.join(references)}]"
        page = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 800 600] /Contents 5 0 R "
            f"/Resources << /Font << /F 4 0 R >> >> {more} >>"
        )
        fields = " ".join(references)
        return scans.pdf(
            [
                f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{fields}] >> >>".encode(),
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                page.encode(),
                b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
                content,
                *others,
            ]
        )


def ruled() -> Drawing:
    """An empty table with lines."""
    drawing = Drawing()
    for row in range(ROWS + 1):
        drawing.line(LEFT, TOP - row * HEIGHT, LEFT + COLUMNS * WIDTH, TOP - row * HEIGHT)
    for column in range(COLUMNS + 1):
        drawing.line(LEFT + column * WIDTH, TOP, LEFT + column * WIDTH, TOP - ROWS * HEIGHT)
    return drawing


def place(row: int, column: int) -> tuple[float, float]:
    return LEFT + column * WIDTH + 30, TOP - (row + 1) * HEIGHT + 7


def in_table(read: Opened) -> tuple[list[list[str]], set[Doubt]]:
    assert read.unreadable is None
    (grid,) = read.grids
    return [[str(cell or "") for cell in row] for row in grid.rows], set(grid.doubts)


def changed(drawing: Drawing, way: str, row: int, column: int, number: str, other: str) -> tuple[str, Mark]:
    """Draws a cell in which something is not seen; what ``other`` becomes in a doubt."""
    x, y = place(row, column)
    digits = SIZE * 0.556
    if way == "struck":
        drawing.put(x, y, other + number)
        drawing.line(x, y + 4.2, x + digits * len(other), y + 4.2)
        return other + number, "struck"
    if way == "struck by a box":
        drawing.put(x, y, other + number)
        drawing.box(x, y + 3.9, digits * len(other), 0.7, "0 g")
        return other + number, "struck"
    if way == "raised":
        drawing.put(x, y, number)
        drawing.put(x + digits * len(number), y + 4, other, 7)
        return number + other, "raised"
    drawing.put(x, y, other)
    if way == "a white box":
        drawing.box(x - 2, y - 3, 30, 14)
        drawing.put(x, y, number)
    elif way == "a note with a ground":
        drawing.note(x - 2, y, number, "FreeText", "1 g 0 0 40 14 re f")
    else:
        drawing.note(x - 2, y, number, "FreeText")
    return other, "covered"


WAYS = ("struck", "struck by a box", "raised", "a white box", "a note with a ground", "a note")


@pytest.mark.parametrize("seed", range(24))
def test_the_grid_is_what_the_eye_sees_and_doubts_tell_of_the_rest(seed: int) -> None:
    # given a table of numbers, in some of which something is not seen
    chance = random.Random(seed)
    drawing = ruled()
    seen = [[str(chance.randrange(100)) for _ in range(COLUMNS)] for _ in range(ROWS)]
    odd = {(chance.randrange(ROWS), chance.randrange(COLUMNS)): chance.choice(WAYS) for _ in range(4)}
    doubts = set()
    for row in range(ROWS):
        for column in range(COLUMNS):
            number = seen[row][column]
            if (row, column) in odd:
                other, mark = changed(drawing, odd[row, column], row, column, number, str(chance.randrange(1, 10)))
                doubts.add(Doubt(row, column, mark, other))
            else:
                drawing.put(*place(row, column), number)
    # when it is read
    texts, found = in_table(opened(drawing.pdf(), "pdf"))
    # then
    assert texts == seen
    assert found == doubts


@pytest.mark.parametrize("kind", ["FreeText", "Widget"])
def test_a_blank_that_was_filled_in_over_the_page(kind: str) -> None:
    drawing = ruled()
    numbers = [[str(row * COLUMNS + column) for column in range(COLUMNS)] for row in range(ROWS)]
    for row in range(ROWS):
        for column in range(COLUMNS):
            if row:
                drawing.note(*place(row, column), numbers[row][column], kind)
            else:
                drawing.put(*place(row, column), numbers[row][column])
    assert in_table(opened(drawing.pdf(), "pdf")) == (numbers, set())


def test_a_field_without_a_drawing_of_its_own_is_drawn() -> None:
    drawing = ruled()
    for row in range(ROWS):
        drawing.put(*place(row, 0), "1234")
    drawing.note(*place(1, 2), "7", "Widget")
    data = drawing.pdf().replace(b"/AP << /N", b"/XX << /N")
    texts, _ = in_table(opened(data, "pdf"))
    assert texts[1] == ["1234", "", "7"]


def test_a_note_that_does_not_show_is_asked_for() -> None:
    drawing = ruled()
    for row in range(ROWS):
        drawing.put(*place(row, 0), "1234")
    drawing.note(*place(1, 2), "7", "FreeText")
    assert opened(drawing.pdf().replace(b"/AP << /N", b"/XX << /N"), "pdf").unreadable == "pdf"


def test_what_is_hidden_among_the_notes_is_not_seen() -> None:
    drawing = ruled()
    for row in range(ROWS):
        for column in range(COLUMNS):
            drawing.put(*place(row, column), "55")
    drawing.note(*place(1, 2), "7", "FreeText")
    data = drawing.pdf().replace(b"/F 4 /Contents", b"/F 2 /Contents")
    texts, doubts = in_table(opened(data, "pdf"))
    assert (texts[1][2], doubts) == ("55", set())


TURNS = {90: "0 1 -1 0 600 0", 270: "0 -1 1 0 0 800", 180: "-1 0 0 -1 800 600"}


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_page_that_is_turned(rotate: int) -> None:
    drawing = ruled()
    numbers = [[str(10 * row + column + 10) for column in range(COLUMNS)] for row in range(ROWS)]
    for row in range(ROWS):
        for column in range(COLUMNS):
            drawing.put(*place(row, column), numbers[row][column])
    drawing.note(*place(2, 3), "7", "FreeText", "1 g 0 0 40 14 re f")
    numbers[2][3] = "7"
    assert in_table(opened(drawing.pdf(rotate), "pdf")) == (numbers, {Doubt(2, 3, "covered", "33")})


@pytest.mark.parametrize("turn", sorted(TURNS))
def test_a_table_that_is_turned_on_its_page(turn: int) -> None:
    drawing = ruled()
    numbers = [[str(10 * row + column + 10) for column in range(COLUMNS)] for row in range(ROWS)]
    for row in range(ROWS):
        for column in range(COLUMNS):
            drawing.put(*place(row, column), numbers[row][column])
    texts, doubts = in_table(opened(drawing.pdf(0, TURNS[turn]), "pdf"))
    assert (texts, doubts) == (numbers, set())


def test_the_ground_of_cells_and_their_lines_hide_nothing() -> None:
    drawing = Drawing()
    drawing.box(LEFT, TOP - ROWS * HEIGHT, COLUMNS * WIDTH, ROWS * HEIGHT)
    drawing.content += ruled().content
    for row in range(ROWS):
        for column in range(COLUMNS):
            drawing.box(LEFT + column * WIDTH + 1, TOP - (row + 1) * HEIGHT + 1, WIDTH - 2, HEIGHT - 2, "0.9 g")
            drawing.put(*place(row, column), "55")
            x, y = place(row, column)
            drawing.line(x, y - 1.2, x + 14, y - 1.2)  # underlined
    # a mark in colour lies over a number and lets it through
    drawing.box(*place(1, 1), 14, 10, "1 1 0 rg")
    texts, doubts = in_table(opened(drawing.pdf(), "pdf"))
    assert (texts, doubts) == ([["55"] * COLUMNS] * ROWS, set())


def test_pages_made_to_take_long_end() -> None:
    drawing = ruled()
    for number in range(3000):
        drawing.put(60 + number / 50, 300, "8888")
    for number in range(1000):
        drawing.box(50, 290 + number / 100, 300, 30)
    assert opened(drawing.pdf(), "pdf").unreadable == "pdf"

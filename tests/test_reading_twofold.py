"""What is struck out, raised or hidden: the grid holds what the eye sees, and a doubt tells of the rest."""

import io
import random
import zipfile
from collections.abc import Callable
from html import escape

import pytest

from bot.model.forms import Doubt, Grid, Mark
from bot.reading import markup, opendocument, wordfile
from bot.reading.opened import Opened
from bot.reading.opening import open_bytes
from bot.reading.twofold import marked, noted, readings
from tests import papers

ODT = "application/vnd.oasis.opendocument.text"
ODF_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{where}:1.0"'
    for name, where in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("style", "style"),
        ("draw", "drawing"),
    )
)
ODF_NAMES += ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'


def opened(data: bytes) -> Opened:
    return open_bytes(data, lambda _: None)


def odt(body: str, styles: str = "") -> bytes:
    """A text of OpenDocument with this body and these automatic styles."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", ODT)
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content {ODF_NAMES}><office:automatic-styles>{styles}'
            f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
            "</office:document-content>",
        )
    return out.getvalue()


def styled(body: str, styles: str) -> bytes:
    """A Word file with a part of styles."""
    plain = io.BytesIO(papers.word(body))
    with zipfile.ZipFile(plain, "a") as archive:
        archive.writestr("word/styles.xml", f'<w:styles xmlns:w="{papers.W}">{styles}</w:styles>')
    return plain.getvalue()


# One cell: what is drawn plainly, and what is drawn with a mark before or behind it.
Piece = tuple[str, Mark | None]


def run(text: str, properties: str) -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


WORD_WAYS: dict[Mark, tuple[str, ...]] = {
    "struck": ("<w:strike/>", "<w:dstrike w:val='1'/>", "<w:rStyle w:val='struck'/>"),
    "raised": ("<w:vertAlign w:val='superscript'/>", "<w:vertAlign w:val='subscript'/>", "<w:position w:val='12'/>"),
    "hidden": ("<w:vanish/>", "<w:rStyle w:val='gone'/>"),
}
WORD_STYLES = (
    '<w:style w:type="character" w:styleId="line"><w:rPr><w:strike/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="struck"><w:basedOn w:val="line"/></w:style>'
    '<w:style w:type="character" w:styleId="gone"><w:rPr><w:vanish/></w:rPr></w:style>'
)
PAGE_WAYS: dict[Mark, tuple[str, ...]] = {
    "struck": ("<s>{}</s>", "<strike>{}</strike>", "<del>{}</del>",
               "<span style='text-decoration: line-through'>{}</span>",
               "<font class=xl7><b>{}</b></font>"),
    "raised": ("<sup>{}</sup>", "<sub>{}</sub>", "<span style='vertical-align:super;font-size:8pt'>{}</span>",
               "<span class='note other'>{}</span>"),
    "hidden": ("<span style='display:none'>{}</span>", "<span style='visibility: hidden'>{}</span>",
               "<i class=gone>{}</i>"),
}  # fmt: skip
PAGE_STYLES = (
    "<style><!-- .xl7 {color:red;\n text-decoration:line-through} span.note{vertical-align:super} "
    ".gone{display:none} --></style>"
)
ODF_WAYS = {"struck": ("T1", "T4"), "raised": ("T2", "T5"), "hidden": ("T3",)}
ODF_STYLES = "".join(
    f'<style:style style:name="{name}" style:family="text" {more}><style:text-properties {look}/></style:style>'
    for name, more, look in (
        ("T1", "", 'style:text-line-through-style="solid"'),
        ("T2", "", 'style:text-position="super 58%"'),
        ("T3", "", 'text:display="none"'),
        ("T4", 'style:parent-style-name="T1"', 'fo:color="#ff0000"'),
        ("T5", "", 'style:text-position="-33% 58%"'),
    )
)


def word_of(rows: list[list[list[Piece]]], choose: Callable[[tuple[str, ...]], str]) -> bytes:
    def cell(pieces: list[Piece]) -> str:
        runs = "".join(run(text, choose(WORD_WAYS[mark]) if mark else "") for text, mark in pieces)
        return papers.cell(f"<w:p>{runs}</w:p>")

    lines = "".join(f"<w:tr>{''.join(map(cell, row))}</w:tr>" for row in rows)
    return styled(f"<w:tbl>{lines}</w:tbl>", WORD_STYLES)


def page_of(rows: list[list[list[Piece]]], choose: Callable[[tuple[str, ...]], str]) -> bytes:
    def cell(pieces: list[Piece]) -> str:
        inside = "".join((choose(PAGE_WAYS[mark]) if mark else "{}").format(escape(text)) for text, mark in pieces)
        return f"<td>{inside}</td>"

    lines = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return papers.page(f"<table>{lines}</table>", PAGE_STYLES)


def odt_of(rows: list[list[list[Piece]]], choose: Callable[[tuple[str, ...]], str]) -> bytes:
    def cell(pieces: list[Piece]) -> str:
        spans = "".join(
            f'<text:span text:style-name="{choose(ODF_WAYS[mark])}">{escape(text)}</text:span>'
            if mark
            else escape(text)
            for text, mark in pieces
        )
        return f"<table:table-cell><text:p>{spans}</text:p></table:table-cell>"

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    return odt(f"<table:table>{lines}</table:table>", ODF_STYLES)


@pytest.mark.parametrize("made", [word_of, page_of, odt_of])
@pytest.mark.parametrize("seed", range(30))
def test_the_grid_is_what_the_eye_sees_and_doubts_tell_of_the_rest(
    made: Callable[[list[list[list[Piece]]], Callable[[tuple[str, ...]], str]], bytes], seed: int
) -> None:
    # given a table in which some cells have marked characters before or behind their number
    chance = random.Random(seed)
    marks: tuple[Mark, ...] = ("struck", "raised", "hidden")
    rows: list[list[list[Piece]]] = []
    for _ in range(4):
        rows.append([[(str(chance.randrange(100)), None)] for _ in range(6)])
    seen = [[row[c][0][0] for c in range(6)] for row in rows]
    doubts = set()
    for _ in range(chance.randrange(1, 6)):
        r, c, mark = chance.randrange(4), chance.randrange(6), chance.choice(marks)
        if len(rows[r][c]) > 1:
            continue
        extra = (str(chance.randrange(10)), mark)
        rows[r][c].insert(chance.randrange(2), extra)
        doubts.add(Doubt(r, c, mark, "".join(text for text, _ in rows[r][c])))
    # when it is read
    read = opened(made(rows, chance.choice))
    # then
    (grid,) = read.grids
    assert [list(row) for row in grid.rows] == seen
    assert set(grid.doubts) == doubts
    assert read.confidence == "exact"


def the_only(grid: Grid) -> tuple[str | None, list[Doubt]]:
    ((value,),) = grid.rows
    assert value is None or isinstance(value, str)
    return value, list(grid.doubts)


def test_styles_of_paragraph_and_table_and_the_defaults_of_a_word_file() -> None:
    struck = '<w:style w:type="{}" w:styleId="x"><w:rPr><w:strike/></w:rPr></w:style>'
    number = papers.run("3") + run("5", '<w:strike w:val="0"/>')
    in_paragraph = papers.cell(f"<w:p><w:pPr><w:pStyle w:val='x'/></w:pPr>{number}</w:p>")
    table = f"<w:tbl><w:tr>{in_paragraph}</w:tr></w:tbl>"
    wanted = ("5", [Doubt(0, 0, "struck", "35")])
    (grid,) = opened(styled(table, struck.format("paragraph"))).grids
    assert the_only(grid) == wanted
    table = (
        f"<w:tbl><w:tblPr><w:tblStyle w:val='x'/></w:tblPr><w:tr>{papers.cell(f'<w:p>{number}</w:p>')}</w:tr></w:tbl>"
    )
    (grid,) = opened(styled(table, struck.format("table"))).grids
    assert the_only(grid) == wanted
    defaults = "<w:docDefaults><w:rPrDefault><w:rPr><w:strike/></w:rPr></w:rPrDefault></w:docDefaults>"
    (grid,) = opened(styled(f"<w:tbl><w:tr>{papers.cell(f'<w:p>{number}</w:p>')}</w:tr></w:tbl>", defaults)).grids
    assert the_only(grid) == wanted
    # a style that is based on itself ends
    round_ = '<w:style w:type="paragraph" w:styleId="x"><w:basedOn w:val="x"/><w:rPr><w:vanish/></w:rPr></w:style>'
    assert opened(styled("<w:p/>", round_)).grids == ()


def test_a_number_that_is_raised_as_a_whole_stays_and_is_asked() -> None:
    raised = run("5", "<w:vertAlign w:val='superscript'/>")
    cell = papers.cell(f"<w:p>{raised}</w:p>")
    (grid,) = wordfile.opened(papers.word(f"<w:tbl><w:tr>{cell}</w:tr></w:tbl>"), "docx").grids
    assert the_only(grid) == ("5", [Doubt(0, 0, "raised", "")])


def test_a_cell_of_nothing_but_struck_out_characters_is_blank() -> None:
    (grid,) = markup.opened(papers.page("<table><tr><td><s>3</s></td><td>4</td></tr></table>"), "html").grids
    assert grid.rows == ((None, "4"),)
    assert grid.doubts == (Doubt(0, 0, "struck", "3"),)


def test_notes_that_were_typed_as_raised_characters() -> None:
    (grid,) = noted([Grid("", (("5\u00b9", "m\u00b2", "1\u2461", "\u2460", 7),))])
    assert grid.rows == (("5", "m\u00b2", "1", "\u2460", 7),)
    assert grid.doubts == (Doubt(0, 0, "raised", "5\u00b9"), Doubt(0, 2, "raised", "1\u2461"))


def test_marks_in_the_text_of_a_file_mean_nothing() -> None:
    body = papers.cell(papers.para(papers.run("\ufdd012\ufdd8")))
    (grid,) = wordfile.opened(papers.word(f"<w:tbl><w:tr>{body}</w:tr></w:tbl>"), "docx").grids
    assert the_only(grid) == ("12", [])


def test_readings_of_a_text_that_was_cut_in_its_marks() -> None:
    cut = ("4" + marked("123", "struck"))[:4]
    assert (readings(cut).seen, readings(cut).full) == ("4", "412")
    assert readings(marked("  ", "struck") + "7").mark is None


@pytest.mark.parametrize(
    ("style", "cell", "seen"),
    [
        ("@media print { .a {display:none} }", "<span class=a>3</span>5", "35"),
        (".a .b > span.c {text-decoration:line-through}", "<span class=c>3</span>5", "5"),
        ("/* .c {display:none} */", "<span class=c>3</span>5", "35"),
        ("", "<s style='text-decoration:none'>3</s>5", "35"),
        ("", "<sup style='vertical-align:baseline'>3</sup>5", "35"),
        ("", "<span style='vertical-align:1px'>3</span>5", "35"),
        ("", "<span style='mso-text-raise:6.0pt'>3</span>5", "5"),
        ("td {vertical-align:super}", "35", "35"),
    ],
)
def test_rules_of_a_page(style: str, cell: str, seen: str) -> None:
    data = papers.page(f"<table><tr><td>{cell}</td><td>x</td></tr></table>", f"<style>{style}</style>")
    (grid,) = markup.opened(data, "html").grids
    assert grid.rows[0][0] == seen


def test_hostile_styles_cost_no_more_than_their_length() -> None:
    for style in ("/*" * 200_000, "{" * 400_000, "a" * 400_000 + "display", "}" * 400_000):
        data = papers.page("<table><tr><td>1</td><td>2</td></tr></table>", f"<style>{style} vertical-align</style>")
        (grid,) = markup.opened(data, "html").grids
        assert grid.rows == (("1", "2"),)


def test_columns_and_cells_that_a_page_does_not_show() -> None:
    columns = "<colgroup><col><col style='display:none'><col></colgroup>"
    row = "<tr><td>1</td><td>2</td><td>3</td></tr>"
    (grid,) = markup.opened(papers.page(f"<table>{columns}{row}</table>"), "html").grids
    assert grid.rows == (("1", None, "3"),)
    assert grid.doubts == (Doubt(0, 1, "hidden", "2"),)
    row = "<tr><td>1</td><td style='display:none'>2</td><td>3</td></tr>"
    (grid,) = markup.opened(papers.page(f"<table>{row}</table>"), "html").grids
    assert grid.rows == (("1", "3"),)


def test_what_was_filled_into_the_fields_of_a_page() -> None:
    cells = (
        "<input value=12>", "<input type=number value='7'>", "<textarea> 5 </textarea>", "<input type=hidden value=9>4",
        "<select><option>1</option><option selected>2</option></select>", "<input type=checkbox checked>",
        "<input type=radio>", "<input type=submit value=ok>",
    )  # fmt: skip
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    (grid,) = markup.opened(papers.page(f"<table><tr>{row}</tr></table>"), "html").grids
    assert grid.rows == (("12", "7", "5", "4", "2", "\u2611", "\u25cb"),)


def test_a_text_of_opendocument_with_all_that_a_table_has() -> None:
    box = "<draw:frame><draw:text-box><text:p>在框里</text:p></draw:text-box></draw:frame>"
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>旧</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        f"<text:section><text:p>甲<text:s text:c='2'/>乙{box}</text:p></text:section>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell table:number-columns-spanned='2'>"
        "<text:p>类别</text:p></table:table-cell><table:covered-table-cell/></table:table-row></table:table-header-rows>"
        "<table:table-row><table:table-cell table:number-columns-repeated='2'><text:p>7<text:note><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>注</text:p></text:note-body></text:note></text:p></table:table-cell>"
        "</table:table-row></table:table><text:p text:style-name='P1'>下页</text:p>"
    )
    style = '<style:style style:name="P1"><style:paragraph-properties fo:break-before="page"/></style:style>'
    first, second = opendocument.opened(odt(body, style), "odt").grids
    assert first.rows == (("甲  乙",), ("在框里",), ("类别",), ("7", "7"))
    assert first.merges == ((2, 0, 2, 1),)
    assert first.tables == ((2, 3),)
    assert second.rows == (("下页",),)

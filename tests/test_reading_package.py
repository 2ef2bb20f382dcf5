"""Reports inside Word, Excel and OpenDocument files: under another name, put in, embedded, or a picture of one."""

import base64
import io
import struct
import zipfile
from collections.abc import Mapping

import pytest

from bot.model.forms import Document, Grid, Unreadable
from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.opened import Opened
from bot.reading.opening import open_bytes
from bot.reading.package import contents, unboxed
from tests import papers
from tests.books import RULES, VALUES, good, official, values_of, xls
from tests.ole import ole_file
from tests.papers import para, report_body, word

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(20_000)


class Here:
    """Opens files in this process. Pictures go to ``picture``, which stands for the slow process."""

    def __init__(self, picture: Opened | None = None) -> None:
        self.picture = picture or Opened("image", unreadable="image")
        self.looked_at = 0

    def read(self, data: bytes) -> Opened:
        if data == PICTURE:
            self.looked_at += 1
            return self.picture
        return open_bytes(data, lambda _: None)


def read(data: bytes, picture: Opened | None = None) -> Document:
    return document(Attachment("附件4.docx", data), Here(picture), RULES)


def assert_report(found: Document, confidence: str = "exact") -> None:
    (form,) = found.forms
    assert (values_of(form), form.confidence, found.unreadable) == (VALUES, confidence, None)


def package(body: str, parts: Mapping[str, bytes] | None = None, links: str = "", main: str = "document") -> bytes:
    """A .docx whose main part is called ``main``, with further parts and links to them."""
    out = io.BytesIO()
    rel = '<Relationship Id="{}" Type="' + RELATIONS + '/{}" Target="{}"/>'
    names = f'{papers.NAMES} xmlns:r="{RELATIONS}"'
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types><Override ContentType="{MAIN}"/></Types>')
        document = rel.format("rId1", "officeDocument", f"word/{main}.xml")
        archive.writestr("_rels/.rels", f"<Relationships>{document}</Relationships>")
        archive.writestr(f"word/_rels/{main}.xml.rels", f"<Relationships>{links}</Relationships>")
        archive.writestr(f"word/{main}.xml", f"<w:document {names}><w:body>{body}</w:body></w:document>")
        for name, data in (parts or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def test_the_main_part_is_the_one_that_the_package_names() -> None:
    assert_report(read(package(report_body(), main="document2")))
    # the usual name beside it is an old copy
    old = f"<w:document {papers.NAMES}><w:body>{report_body(official((9,) * 12))}</w:body></w:document>".encode()
    assert_report(read(package(report_body(), {"word/document.xml": old}, main="document2")))


CHUNK = '<w:altChunk r:id="c"/>'
LINK = f'<Relationship Id="c" Type="{RELATIONS}/aFChunk" Target="{{}}"/>'
HTML = papers.page(papers.report_html())


@pytest.mark.parametrize(
    ("target", "data"),
    [
        ("chunk.htm", HTML),
        ("/word/chunk.mht", b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + HTML),
        ("chunk.docx", word(report_body())),
        ("chunk.htm", papers.report_html().encode("gbk")),
    ],
)
def test_a_document_that_was_put_in_as_it_is(target: str, data: bytes) -> None:
    name = target if target.startswith("/") else f"/word/{target}"
    assert_report(read(package(para("见下") + CHUNK, {name[1:]: data}, LINK.format(target))))


def test_a_chunk_goes_on_with_the_document_around_it() -> None:
    above, rows, merges, below = papers.texts_and_table()
    chunk = papers.page(papers.html_table(rows, merges))
    body = "".join(map(para, above)) + papers.word_table([["甲", "乙"]]) + CHUNK + "".join(map(para, below))
    found = read(package(body, {"word/chunk.htm": chunk}, LINK.format("chunk.htm")))
    assert_report(found)
    assert found.forms[0].fields["unit"].text == "五图街道办事处"


def test_a_chunk_of_itself_ends() -> None:
    inner = package(para("x") + CHUNK, {}, LINK.format("chunk.docx"))
    for _ in range(5):
        inner = package(para("x") + CHUNK, {"word/chunk.docx": inner}, LINK.format("chunk.docx"))
    assert read(inner).unreadable == Unreadable("no_form")


def native(data: bytes) -> bytes:
    """What Word packs a file into that is shown as an icon ([MS-OLEDS] 2.3.6)."""
    path = "C:\\附件4.xlsx".encode("gbk") + b"\0"
    body = (
        b"\x02\0" + path * 2 + b"\0\0\x03\0" + struct.pack("<I", len(path)) + path + struct.pack("<I", len(data)) + data
    )
    return struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "embedded",
    [
        good(),
        xls(official()),
        word(report_body()),
        ole_file({"Package": good().ljust(4096, b"\0")}),
        ole_file({"\x01Ole10Native": native(good()).ljust(4096, b"\0")}),
    ],
    ids=["workbook", "old workbook", "Word", "package", "icon"],
)
@pytest.mark.parametrize("folder", ["word/embeddings/", "word\\Embeddings\\"])
def test_a_file_that_is_embedded(embedded: bytes, folder: str) -> None:
    assert_report(read(package(para("见附件"), {f"{folder}oleObject1.bin": embedded})))


def test_a_workbook_in_a_workbook_and_in_a_text_of_opendocument() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, zipfile.ZipFile(io.BytesIO(good())) as inner:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<office><body><text><p>见下</p></text></body></office>")
        archive.writestr("Object 1", good())
        assert inner.namelist()
    assert_report(read(out.getvalue()))


def test_an_object_of_opendocument_is_a_folder() -> None:
    lines: list[list[object]] = [
        ["类别", "一级", "二级", "三级", "其他"],
        ["规模以上企业", 0, 2, 5, 1],
        ["高危企业", 1, 0, 3, 0],
        ["其他", 0, 1, 12, 7],
    ]
    cells = "".join(
        "<t:table-row>"
        + "".join(f"<t:table-cell><x:p>{value}</x:p></t:table-cell>" for value in line)
        + "</t:table-row>"
        for line in lines
    )
    content = f'<d xmlns:t="t" xmlns:x="x"><body><text><t:table>{cells}</t:table></text></body></d>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<office><body><text/></body></office>")
        archive.writestr("Object 1/content.xml", content)
    assert_report(read(out.getvalue()))


def test_a_file_in_a_file_in_a_file_is_not_opened_without_end() -> None:
    data = package(para("x"), {"word/embeddings/1.docx": package(para("x"), {"word/embeddings/1.xlsx": good()})})
    assert_report(read(data))
    assert read(package(para("x"), {"word/embeddings/1.docx": data})).unreadable == Unreadable("no_form")


def test_why_what_is_embedded_cannot_be_read_is_said() -> None:
    assert read(package(para("x"), {"word/embeddings/1.xlsx": good()[:3000]})).unreadable == Unreadable("damaged")


def test_nothing_is_taken_of_a_damaged_file_or_of_too_much() -> None:
    assert contents(b"PK\x03\x04" + bytes(100)) == ((), ())
    files, _ = contents(package("", {f"word/embeddings/{n}.bin": b"x" * 10 for n in range(20)}))
    assert len(files) == 6
    assert contents(package("", {"word/embeddings/1.bin": bytes(9 << 20)})) == ((), ())
    assert unboxed(ole_file({"Equation Native": bytes(4096)})) is None


def flat(body: str, styles: str = "") -> bytes:
    """Word's XML with all parts in one file."""
    part = '<pkg:part pkg:name="{}"><pkg:xmlData>{}</pkg:xmlData></pkg:part>'
    link = f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/>'
    embedded = (
        '<pkg:part pkg:name="/word/embeddings/1.xlsx"><pkg:binaryData>'
        f"{base64.encodebytes(good()).decode()}</pkg:binaryData></pkg:part>"
    )
    return (
        '<?xml version="1.0"?><?mso-application progid="Word.Document"?>'
        '<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">'
        + part.format("/_rels/.rels", f"<Relationships>{link}</Relationships>")
        + part.format("/word/document.xml", f"<w:document {papers.NAMES}><w:body>{body}</w:body></w:document>")
        + part.format("/word/styles.xml", f'<w:styles xmlns:w="{papers.W}">{styles}</w:styles>')
        + (embedded if not body else "")
        + "</pkg:package>"
    ).encode()


def test_all_parts_in_one_file_of_xml() -> None:
    assert_report(read(flat(report_body())))
    assert_report(read(flat("")))  # with the workbook embedded


def test_the_xml_of_word_2003() -> None:
    names = 'xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" xmlns:wx="wx" xmlns:aml="aml"'
    change = '<aml:annotation w:type="Word.{}"><aml:content><w:r>{}</w:r></aml:content></aml:annotation>'
    old = change.format("Deletion", "<w:delText>9</w:delText><w:t>9</w:t>")
    new = change.format("Insertion", "<w:t>12</w:t>")
    body = report_body().replace("w:vMerge", "w:vmerge").replace(papers.run("12"), old + new)
    xml = (
        '<?xml version="1.0"?><?mso-application progid="Word.Document"?>'
        f"<w:wordDocument {names}><w:body><wx:sect>{body}</wx:sect></w:body></w:wordDocument>"
    )
    assert_report(read(xml.encode()))
    assert_report(read(xml.encode("utf-16")))


def test_a_picture_of_the_table_is_read_like_a_photo() -> None:
    rows = tuple(tuple(row) for row in official())
    seen = Opened("image", (Grid("1", rows),), confidence="confirm")
    found = read(package(para("报表"), {"word/media/image1.png": PICTURE}), seen)
    assert_report(found, "confirm")
    assert found.kind == "docx"


def test_a_picture_that_cannot_be_read_is_asked_for_as_cells() -> None:
    parts = {"word/media/image1.png": PICTURE}
    assert read(package(para("报表"), parts)).unreadable == Unreadable("picture")
    # a metafile, in which Excel's table is pasted, cannot be read by anybody
    emf = {"word/media/image1.emf": b"\x01\0\0\0" + bytes(20_000)}
    assert read(package(para("报表"), emf)).unreadable == Unreadable("picture")
    # a text with pictures in it is no table that was pasted as one, and a logo is none either
    assert read(package(para("活动开展情况" * 100), parts)).unreadable == Unreadable("no_form")
    assert read(package(para("报表"), {"word/media/image1.png": PICTURE[:5000]})).unreadable == Unreadable("no_form")


def test_pictures_beside_a_form_are_not_looked_at() -> None:
    here = Here()
    found = document(Attachment("4.docx", package(report_body(), {"word/media/image1.png": PICTURE})), here, RULES)
    assert_report(found)
    assert here.looked_at == 0

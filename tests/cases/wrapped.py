"""Reports that old servers, mail programs and office programs wrap in their own way: all of it is read or asked for."""

import base64
import gzip

from tests import papers
from tests.cases import parts
from tests.cases.parts import attached, form, head, report, single, text, word
from tests.cases.registry import case
from tests.test_mail_wrapped import divided_zip, element, signed, tar, uu
from tests.test_reading_package import CHUNK, LINK, MAIN, RELATIONS, flat
from tests.test_reading_twofold import ODF_NAMES, ODT

OPAQUE = b'Content-Type: application/pkcs7-mime; name="smime.p7m"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
ENVELOPED = bytes.fromhex("06092a864886f70d010703")
METAFILE = b"\x01\0\0\0" + bytes(12_000)


@case(950, "uuencode-in-the-text")
def _() -> bytes:
    """An old gateway put the workbook into the text; nothing else says that there is one."""
    body = "您好：\r\n".encode("gbk") + uu(form(), "五图街道.xlsx".encode("gbk")) + "谢谢\r\n".encode("gbk")
    return single(head(word("五图街道")), b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + body)


@case(951, "base64-in-pieces")
def _() -> bytes:
    """Each kilobyte was encoded by itself, with its own padding."""
    data = form()
    pieces = b"\r\n".join(base64.b64encode(data[at : at + 1000]) for at in range(0, len(data), 1000))
    whole = attached(b"", word("附件4.xlsx"))
    return parts.parts(head(), text("请查收。"), whole + pieces)


@case(952, "base64-under-a-false-header")
def _() -> bytes:
    whole = attached(form(), word("附件4.xlsx"))
    return parts.parts(head(), text("请查收。"), whole.replace(b"Encoding: base64", b"Encoding: 8bit"))


@case(953, "signed-in-one-piece")
def _() -> bytes:
    """S/MIME, opaque: the mail is inside the signature."""
    inner = parts.parts((), text("请查收。"), attached(form(), word("附件4.xlsx")))
    return single(head(), OPAQUE + base64.encodebytes(signed(inner)).replace(b"\n", b"\r\n"))


@case(954, "encrypted")
def _() -> bytes:
    enveloped = element(0x30, ENVELOPED + element(0xA0, element(0x30, bytes(range(250)))))
    return single(head(), OPAQUE + base64.encodebytes(enveloped).replace(b"\n", b"\r\n"))


@case(955, "one-part-of-a-divided-mail")
def _() -> bytes:
    """The mail program divided the mail; the other part is another mail."""
    inner = parts.parts((), text("请查收。"), attached(form(), word("附件4.xlsx")))
    return single(head(), b'Content-Type: message/partial; id="x@wutu"; number=1; total=2\r\n\r\n' + inner[:3000])


@case(956, "tar-gz")
def _() -> bytes:
    packed = gzip.compress(tar([("6月/五图街道附件4.xlsx", form())]), compresslevel=0, mtime=0)
    return report(packed, "附件4.tar.gz")


def _volumes() -> list[bytes]:
    return divided_zip([("五图街道附件4.xlsx", form())], 4000)


@case(957, "all-volumes-of-a-zip")
def _() -> bytes:
    volumes = _volumes()
    names = [*(f"附件4.z{n:02d}" for n in range(1, len(volumes))), "附件4.zip"]
    files = [attached(data, word(name)) for name, data in zip(names, volumes, strict=True)]
    return parts.parts(head(), text("请查收。"), *reversed(files))


@case(958, "one-volume-of-a-zip")
def _() -> bytes:
    return report(_volumes()[-1], "附件4.zip")


def _docx(body: str, links: str = "", **members: bytes) -> bytes:
    rel = f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="word/document2.xml"/>'
    names = f'{papers.NAMES} xmlns:r="{RELATIONS}"'
    own = {
        "[Content_Types].xml": f'<Types><Override ContentType="{MAIN}"/></Types>',
        "_rels/.rels": f"<Relationships>{rel}</Relationships>",
        "word/_rels/document2.xml.rels": f"<Relationships>{links}</Relationships>",
        "word/document2.xml": f"<w:document {names}><w:body>{body}</w:body></w:document>",
    }
    more = [(name.replace("__", "/").replace("_", "."), data) for name, data in members.items()]
    return parts.archive([*((name, xml.encode()) for name, xml in own.items()), *more])


@case(959, "workbook-embedded-in-word")
def _() -> bytes:
    """A Word file of one sentence, and in it the workbook. Its main part has a name of its own, too."""
    return report(_docx(papers.para("见下："), word__embeddings__sheet1_xlsx=form()), "五图街道6月.docx")


@case(960, "page-put-into-word")
def _() -> bytes:
    chunk = papers.page(papers.report_html())
    return report(_docx(CHUNK, LINK.format("chunk.htm"), word__chunk_htm=chunk), "五图街道6月.docx")


@case(961, "xml-of-word-named-doc")
def _() -> bytes:
    return report(flat(papers.report_body()), "附件4.doc")


@case(962, "picture-of-the-table-in-word")
def _() -> bytes:
    """Excel's table pasted as a picture that no program recognises: it is asked for as cells."""
    return report(_docx(papers.para("见下："), word__media__image1_emf=METAFILE), "五图街道6月.docx")


@case(963, "opendocument-text")
def _() -> bytes:
    above, rows, _, below = papers.texts_and_table()
    cells = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell><text:p>{'' if v is None else v}</text:p></table:table-cell>" for v in row)
        + "</table:table-row>"
        for row in rows
    )
    lines = ["".join(f"<text:p>{line}</text:p>" for line in some) for some in (above, below)]
    body = f"{lines[0]}<table:table>{cells}</table:table>{lines[1]}"
    inside = f"<office:body><office:text>{body}</office:text></office:body>"
    content = f"<office:document-content {ODF_NAMES}>{inside}</office:document-content>"
    data = parts.archive([("mimetype", ODT.encode()), ("content.xml", content.encode())])
    return report(data, "附件4.odt")


@case(964, "page-with-fields")
def _() -> bytes:
    """A page of a web system, saved with what was typed into its fields."""
    page = papers.report_html()
    for number in ("0", "1", "2", "3", "5", "7", "12"):
        page = page.replace(f"<td>{number}</td>", f'<td><input type="text" value="{number}"></td>')
    return report(papers.page(page), "附件4.html")

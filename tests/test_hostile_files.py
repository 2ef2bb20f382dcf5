"""Files that name something elsewhere: nobody is asked for it, on the network or the disk, by whatever reads them."""

import io
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.model.mail import Attachment
from bot.reading.documents import document
from bot.reading.guard import Reader
from tests import books, papers
from tests.books import MERGES, RULES, official
from tests.test_mail_unwrap import opened

SECRET = "only-who-opened-the-file-knows-this"
RELS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def asked() -> Iterator[tuple[str, list[bytes]]]:
    """A server's address, and what it was asked for."""
    heard: list[bytes] = []

    def listen() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(200))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def doctype(url: str, root: str = "x") -> str:
    """Everything by which XML can ask for something else: a DTD, a general and a parameter entity."""
    inside = f'<!ENTITY a SYSTEM "{url}"><!ENTITY % p SYSTEM "{url}/p"> %p;'
    return f'<?xml-stylesheet href="{url}/s"?><!DOCTYPE {root} SYSTEM "{url}/d" [{inside}]>'


def relation(url: str, kind: str, number: int) -> str:
    return f'<Relationship Id="r{number}" Type="{OFFICE}/{kind}" Target="{url}/{kind}" TargetMode="External"/>'


def xlsx(url: str) -> bytes:
    head = f'<?xml version="1.0"?>{doctype(url)}'.encode()
    sheet = "xl/worksheets/sheet1.xml"
    return books.patched(books.good(), {sheet: lambda x: head + x.replace(b"<t>", b"<t>&a;", 1)})


def linked_xlsx(url: str) -> bytes:
    more = "".join(
        relation(url, kind, n) for n, kind in enumerate(("externalLink", "image", "oleObject", "connections"))
    )
    formula = f'<c r="Z1"><f>WEBSERVICE("{url}")</f></c>'.encode()
    return books.patched(
        books.good(),
        {
            "xl/_rels/workbook.xml.rels": lambda x: x.replace(b"</Relationships>", more.encode() + b"</Relationships>"),
            "xl/worksheets/sheet1.xml": lambda x: x.replace(b"</row>", formula + b"</row>", 1),
        },
    )


def docx(url: str) -> bytes:
    return papers.word(papers.para("&a;") + papers.report_body(), head=doctype(url, "w:document"))


def linked_docx(url: str) -> bytes:
    more = RELS % "".join(relation(url, kind, n) for n, kind in enumerate(("attachedTemplate", "image", "frame")))
    out = io.BytesIO(papers.word(papers.report_body()))
    with zipfile.ZipFile(out, "a") as archive:
        for part in ("document", "settings"):
            archive.writestr(f"word/_rels/{part}.xml.rels", more)
    return out.getvalue()


def ods(url: str) -> bytes:
    cell = "<table:table-row><table:table-cell><text:p>&a;</text:p></table:table-cell></table:table-row>"
    head = f'<?xml version="1.0"?>{doctype(url)}'.encode()
    return books.patched(books.ods(cell), {"content.xml": lambda x: head + x.removeprefix(b'<?xml version="1.0"?>')})


def page(url: str) -> bytes:
    head = f'<base href="{url}/"><link rel=stylesheet href="{url}/c"><meta http-equiv=refresh content="0;url={url}/m">'
    body = f'<img src="{url}/i"><iframe src="{url}/f"></iframe><script src="{url}/j"></script><object data="{url}/o">'
    return papers.page(papers.report_html() + body, head)


def spreadsheetml(url: str) -> bytes:
    whole = papers.spreadsheetml([["&a;"], *official()], MERGES)
    return whole.replace(b"&amp;a;", b"&a;").replace(b"<Workbook", doctype(url, "Workbook").encode() + b"<Workbook", 1)


FILES = [xlsx, linked_xlsx, docx, linked_docx, ods, page, spreadsheetml]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.__name__)
def test_no_file_asks_the_network(reader: Reader, asked: tuple[str, list[bytes]], file: Callable[[str], bytes]) -> None:
    url, heard = asked
    document(Attachment("附件4", file(url)), reader, RULES)
    assert heard == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.__name__)
def test_no_file_brings_in_another_one(reader: Reader, tmp_path: Path, file: Callable[[str], bytes]) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET, encoding="utf-8")
    assert SECRET not in repr(document(Attachment("附件4", file(secret.as_uri())), reader, RULES))


def test_no_mail_asks_the_network(asked: tuple[str, list[bytes]]) -> None:
    # given a page as the mail's own text, a part that lies elsewhere (RFC 2017), and a large attachment that is a link
    url, heard = asked
    body = page(url).decode()
    elsewhere = f'message/external-body; access-type=URL; URL="{url}/x"'
    head = b"From: li@demo.test\r\nContent-Type: "
    link = f'<div id="QQMailBigAttach"><a href="{url}/附件4.xlsx">附件4.xlsx</a></div>'
    assert opened(head + b"text/html; charset=utf-8\r\n\r\n" + f"{link}{body}".encode()).refused
    opened(head + elsewhere.encode() + b"\r\n\r\nContent-Type: application/vnd.ms-excel\r\n\r\n")
    assert heard == []

"""Letters as bytes: what a stranger wrote ends no header, and what comes out is what was put in."""

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.letters.mime import build, one_line
from tests.letters.values import BEIJING, SENDER, TOKEN, XLSX
from tests.letters.wire import HEADING, NAMES, WORKBOOK, own_headers, parsed


def test_a_receipt_carries_every_header() -> None:
    # when a receipt is built
    message = parsed(build(HEADING, "正文\n", "<p>正文</p>\n"))
    # then it says who, to whom, what it answers, and that a machine wrote it
    assert own_headers(message) == NAMES
    assert message["From"] == SENDER
    assert message["To"] == "liming@wutu.example"
    assert message["Subject"] == HEADING.subject
    assert message["Date"].datetime == HEADING.date
    assert message["Date"].endswith("+0800")
    assert message["Message-ID"] == HEADING.message_id
    assert message["In-Reply-To"] == message["References"] == "<1@wutu.example>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Bot-Token"] == TOKEN
    assert message["X-Bot-Key"] == "receipt:4711"
    assert message["X-Loop"] == "clawhbgs@163.com"


def test_a_letter_that_answers_nothing_says_so() -> None:
    message = parsed(build(replace(HEADING, reply_to=None, answer=False), "正文\n", "<p>正文</p>\n"))
    assert message["Auto-Submitted"] == "auto-generated"
    assert "In-Reply-To" not in message and "References" not in message


def test_text_comes_before_html_and_both_come_back() -> None:
    message = parsed(build(HEADING, "甲\n乙\n", "<p>甲</p>\n"))
    assert message.get_content_type() == "multipart/alternative"
    text, html = cast(list[EmailMessage], list(message.iter_parts()))
    assert (text.get_content_type(), text.get_content()) == ("text/plain", "甲\r\n乙\r\n")
    assert (html.get_content_type(), html.get_content()) == ("text/html", "<p>甲</p>\r\n")
    assert text["Content-Transfer-Encoding"] == html["Content-Transfer-Encoding"] == "base64"
    assert text.get_content_charset() == "utf-8"


def test_a_file_comes_back_by_the_new_name_and_by_the_old() -> None:
    data = build(HEADING, "甲\n", "<p>甲</p>\n", (WORKBOOK,))
    message = parsed(data)
    assert message.get_content_type() == "multipart/mixed"
    body, file = cast(list[EmailMessage], list(message.iter_parts()))
    assert body.get_content_type() == "multipart/alternative"
    assert file.get_filename() == WORKBOOK.name
    assert file.get_content_type() == XLSX
    assert file.get_content() == WORKBOOK.data
    assert file.get_content_disposition() == "attachment"
    # a client that knows only RFC 2047 takes the name from Content-Type
    raw = cast("Message[str, str]", message_from_bytes(data).get_payload(1))
    assert str(make_header(decode_header(cast(str, raw.get_param("name"))))) == WORKBOOK.name


@settings(max_examples=60)
@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=120))
def test_any_text_gives_short_ascii_lines_that_a_reader_understands(subject: str, body: str, name: str) -> None:
    data = build(replace(HEADING, subject=subject), body, body, (replace(WORKBOOK, name=name),))
    assert data.isascii() and data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    message = parsed(data)
    assert own_headers(message) == NAMES
    assert str(make_header(decode_header(message_from_bytes(data)["Subject"]))) == one_line(subject)


def test_the_same_input_gives_the_same_bytes() -> None:
    assert build(HEADING, "甲\n", "<p>甲</p>\n", (WORKBOOK,)) == build(HEADING, "甲\n", "<p>甲</p>\n", (WORKBOOK,))
    other = build(replace(HEADING, token="OTHER234"), "甲\n", "<p>甲</p>\n", (WORKBOOK,))
    assert other.count(b"=_") and b"K7M3Q9TD" not in other.replace(b"k7m3q9td", b"").split(b"X-Bot-Token")[1]


def test_the_date_is_the_offices() -> None:
    assert HEADING.date.tzinfo is BEIJING
    assert b"Date: Mon, 03 Jul 2017 10:06:00 +0800\r\n" in build(HEADING, "甲\n", "<p>甲</p>\n")

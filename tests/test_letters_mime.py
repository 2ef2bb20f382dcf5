"""Letters as bytes: what a stranger wrote ends no header, and what comes out is what was put in."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.letters.mime import Heading, build, file_name, one_line, plain_address
from bot.model.deciding import LetterFile
from tests.letters.cases import BEIJING, SENDER, TOKEN, XLSX, at

HEADING = Heading(
    sender=SENDER,
    to="liming@wutu.example",
    subject="【已登记】五图街道附件4（截至2017年6月）〔编号 K7M3Q9TD〕",
    message_id="<k7m3q9td@clawhbgs.163.com>",
    token=TOKEN,
    key="receipt:4711",
    date=at(7, 3, 10, 6),
    reply_to="<1@wutu.example>",
    answer=True,
)
NAMES = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Bot-Token",
    "X-Bot-Key",
    "X-Loop",
]
BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\udcd0", "\ud800"]
WORKBOOK = LetterFile("附件4 五图街道 2017年6月.xlsx", b"PK\x03\x04\x00\xff\r\n", XLSX)


def parsed(data: bytes) -> EmailMessage:
    """As a strict reader sees it: no defect, but the encoded word in ``name="…"`` that old clients need."""
    message = message_from_bytes(data, policy=policy.default)
    for part in message.walk():
        assert part.defects == []
        assert all(
            value.defects == () for name, value in part.items() if name != "Content-Type" or not part.get_filename()
        )
    return message


def own_headers(message: EmailMessage) -> list[str]:
    return [name for name in message if name not in ("Content-Type", "MIME-Version")]


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


@pytest.mark.parametrize(
    "name", ["a.xlsx", 'a"b.xlsx', "长" * 200 + ".xlsx", "../../etc/x", "a\r\nBcc: x@y.example.xlsx", ""]
)
def test_odd_file_names_break_nothing(name: str) -> None:
    data = build(HEADING, "甲\n", "<p>甲</p>\n", (replace(WORKBOOK, name=name),))
    file = cast(list[EmailMessage], list(parsed(data).iter_parts()))[1]
    assert file.get_filename() == file_name(name)
    assert file.get_content() == WORKBOOK.data
    assert b"\nBcc" not in data


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("附件4.xlsx", "附件4.xlsx"),
        ("../../x.xlsx", "_.._x.xlsx"),
        ("a\u202excod.exe", "axcod.exe"),
        ("\u200b.htaccess", "htaccess"),
        ("a\0b.xls", "a b.xls"),
        ("", "_"),
    ],
)
def test_file_names_are_cleaned(name: str, clean: str) -> None:
    assert file_name(name) == clean


def test_a_long_file_name_keeps_its_ending() -> None:
    name = file_name("长" * 500 + ".xlsx")
    assert name.endswith("长.xlsx") and len(name.encode()) <= 120


@pytest.mark.parametrize("breaking", BREAKS)
def test_no_text_ends_a_header(breaking: str) -> None:
    # given a break and a forged header in every text that comes from outside
    forged = f"附件4{breaking}Bcc: boss@company.example{breaking}{breaking}<script>"
    heading = replace(HEADING, subject=forged, key=forged, reply_to=f"<1@a>{breaking}Bcc: x@y.example")
    # when the letter is built
    data = build(heading, f"甲{breaking}乙\n", f"<p>甲{breaking}乙</p>\n", (replace(WORKBOOK, name=forged),))
    # then there is no new header, and a Message-ID that cannot be repeated is left out
    message = parsed(data)
    assert own_headers(message) == [n for n in NAMES if n not in ("In-Reply-To", "References")]
    assert message["Subject"].startswith("附件4") and "Bcc: boss@company.example" in message["Subject"]
    assert b"\r\nBcc" not in data and b"\0" not in data


@pytest.mark.parametrize("sender", ["甲\r\nBcc: x@y.example <a@b.example>", "甲\u2028乙 <a@b.example>"])
def test_the_name_of_the_sender_is_cleaned_too(sender: str) -> None:
    message = parsed(build(replace(HEADING, sender=sender), "甲\n", "<p>甲</p>\n"))
    assert own_headers(message) == NAMES
    assert message["From"].addresses[0].addr_spec == "a@b.example"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "boss",
        "boss@",
        "@company.example",
        "李明@company.example",
        "boss@公司.example",
        "boss@company.example\r\nBcc: x@y.example",
        "boss@company.example\n",
        "boss@company.example, x@y.example",
        "Boss <boss@company.example>",
        "<boss@company.example>",
        '"boss@company.example"@evil.example',
        "boss@company.example.",
        "boss..x@company.example",
        "boss@company.ex\udcd0\udcb0mple",
        "boss@company.example\0",
        "boss@[127.0.0.1]",
        "b" * 250 + "@a.example",
    ],
)
def test_an_address_that_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not a plain address"):
        build(replace(HEADING, to=address), "甲\n", "<p>甲</p>\n")


@pytest.mark.parametrize("address", ["a@b", "wang.fang+1@qiao-guan.example", "O'Neil_1@163.com"])
def test_a_plain_address_is_taken(address: str) -> None:
    assert plain_address(address) == address


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": ""}, "not a token"),
        ({"token": "a b\r\n"}, "not a token"),
        ({"message_id": "<a b@c>"}, "not a Message-ID"),
        ({"message_id": "<>"}, "not a Message-ID"),
        ({"message_id": "<a@b>\r\nBcc: x@y.example"}, "not a Message-ID"),
    ],
)
def test_what_is_our_own_must_be_right(change: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(replace(HEADING, **change), "甲\n", "<p>甲</p>\n")  # type: ignore[arg-type]


def test_a_media_type_cannot_carry_a_header() -> None:
    with pytest.raises(ValueError, match="not a media type"):
        build(HEADING, "甲\n", "<p>甲</p>\n", (replace(WORKBOOK, media_type="a/b\r\nBcc: x"),))


@pytest.mark.parametrize("reply_to", ["[no-brackets]", "<a b@c>", "<" + "x" * 1000 + "@y>", "<一@b>", " "])
def test_a_foreign_message_id_that_is_none_is_left_out(reply_to: str) -> None:
    assert "In-Reply-To" not in parsed(build(replace(HEADING, reply_to=reply_to), "甲\n", "<p>甲</p>\n"))


def test_a_long_foreign_message_id_stays_whole() -> None:
    reply_to = f"<{'x' * 800}@town.example>"
    assert f": {reply_to}\r\n".encode() in build(replace(HEADING, reply_to=reply_to), "甲\n", "<p>甲</p>\n")


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


@given(st.text())
def test_one_line_is_one_clean_line(text: str) -> None:
    line = one_line(text)
    assert line == one_line(line)
    assert len(line.splitlines()) <= 1 and "\0" not in line
    line.encode("utf-8")

"""What may stand in a header of a letter: no break, no second address, no odd file name, no foreign Message-ID."""

from dataclasses import replace
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.letters.mime import build, file_name, one_line, plain_address
from tests.letters.wire import HEADING, NAMES, WORKBOOK, own_headers, parsed

BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\udcd0", "\ud800"]


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


@given(st.text())
def test_one_line_is_one_clean_line(text: str) -> None:
    line = one_line(text)
    assert line == one_line(line)
    assert len(line.splitlines()) <= 1 and "\0" not in line
    line.encode("utf-8")

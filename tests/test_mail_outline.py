"""What a mail says of itself, without the parser: of any bytes, in time that is linear in them."""

import random

import pytest

from bot.mail import outline as module
from bot.mail.outline import FILES, Outline, outline
from tests.mails import report

PARTS = b"""From: =?gb2312?B?wO7D9w==?= <li@wutu.test>\r
Subject: =?utf-8?B?Nuac\r
 iOaKpeihqA==?=\r
Message-ID: <1@x>\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: application/octet-stream;\r
 name="=?gb18030?B?uL28/jQueGxz?="\r
\r
x\r
--b\r
Content-Disposition: attachment; filename*=UTF-8''%E9%99%84%E4%BB%B62.xlsx\r
\r
x\r
--b\r
content-disposition: attachment; filename*0="long"; filename*1=" name.pdf"\r
\r
"""


def test_sender_subject_and_files_are_told() -> None:
    assert outline(PARTS) == Outline(
        "li@wutu.test", "李明 <li@wutu.test>", "6月报表", "<1@x>", ("附件4.xls", "附件2.xlsx", "long name.pdf")
    )


def test_of_a_mail_as_liaisons_write_it() -> None:
    found = outline(report("li@wutu.test"))
    assert (found.sender, found.files) == ("li@wutu.test", ("附件4.xlsx",))


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 1000, b"From:", b"Subject: =?x?B?" + b"A" * 100_000, b"From: a@b\r\nFrom: c@d\r\n\r\n"]
)
def test_nothing_is_known_of_what_says_nothing(data: bytes) -> None:
    assert outline(data).sender is None


def test_any_bytes_are_taken() -> None:
    dice = random.Random(1)
    for _ in range(300):
        data = bytearray(PARTS)
        for _ in range(dice.randrange(1, 40)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        found = outline(bytes(data))
        assert all("\n" not in text and "\r" not in text for text in (found.shown_from, found.subject, *found.files))


def test_what_breaks_the_parser_breaks_nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sender_of", lambda _: 1 / 0)
    assert outline(PARTS).subject == "6月报表"


def test_a_flood_of_parts_is_cut() -> None:
    data = b"From: a@b.cn\r\n\r\n" + b"".join(b"Content-Type: x; name=f%d.xls\r\n" % n for n in range(50_000))
    assert len(outline(data).files) == FILES

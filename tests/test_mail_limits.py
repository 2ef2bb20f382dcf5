"""Mail made to cost time: refused, or read, in a bounded time. The bounds are generous: each took under 0.4 s."""

import time

import pytest

from bot.errors import TooComplex
from tests.test_mail_unwrap import opened

HEAD = b"From: a@town.example\r\nSubject: x\r\n"
MIXED = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
SECONDS = 3.0


def levels(count: int) -> bytes:
    return b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(count))


TOO_COMPLEX = {
    "deep_multiparts": HEAD + levels(50_000),
    "deep_mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 100_000,
    "twenty_one_levels": HEAD + levels(21) + b"\r\nx",
    "many_parts": HEAD + MIXED + b"--b\r\n\r\nsome text that makes the part long enough\r\n" * 60_000,
    "parts_without_headers": HEAD + MIXED + b"--b\r\n" * 3 + b"\r\nx\r\n--b\r\n" * 400,
    "one_long_header": HEAD + b"X-A: " + b"a" * 3_000_000 + b"\r\n\r\nx",
    "one_long_folded_header": HEAD
    + b"X-A: a"
    + b"\r\n aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 50_000
    + b"\r\n\r\nx",
    "header_without_end": HEAD + b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 60_000,
    "long_header_of_a_part": HEAD + MIXED + b"--b\r\nX-A: " + b"a" * 3_000_000 + b"\r\n\r\nx",
    "many_headers_of_a_part": HEAD
    + MIXED
    + b"--b\r\n"
    + b"X-Aaaaaaaaaaaaaa: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 60_000,
    "empty_lines": HEAD + b"\r\n" + b"\n" * 5_000_000,
    "lone_carriage_returns": HEAD + b"\r\n" + b"\r" * 5_000_000,
    "lines_under_many_boundaries": HEAD + levels(19) + b"\r\n" + (b"x" * 41 + b"\n") * 400_000,
}

READABLE = {
    "twenty_levels": HEAD + levels(20) + b"\r\nx",
    "long_body": HEAD + b"\r\n" + (b"x" * 76 + b"\n") * 50_000,
    "quotation_marks_in_a_type": HEAD + b"Content-Type: text/plain" + b';"' * 100_000 + b"\r\n\r\nx",
    "escapes_in_a_name": HEAD + b'Content-Type: text/plain; name="' + b'\\"' * 100_000 + b"\r\n\r\nx",
    "pieces_of_a_name": HEAD + b"Content-Disposition: attachment" + b"; filename*0*=a" * 15_000 + b"\r\n\r\nx",
    "parentheses_in_from": b"From: " + b"(" * 200_000 + b" a@b.c\r\n\r\nx",
    "encoded_words_without_end": b"From: a@b.c\r\nSubject: " + b"=?a?b?" * 40_000 + b"\r\n\r\nx",
    "references_without_end": b"From: a@b.c\r\nReferences: " + b"<" * 200_000 + b"\r\n\r\nx",
    "deep_html": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 300_000,
    "cells_of_html": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<td><br>&nbsp;" * 100_000,
    "links": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a href='https://u.163.com/x" * 30_000,
    "rule_of_dashes": HEAD + b"\r\n" + b"-" * 2_000_000,
    "introductions": HEAD + b"\r\n" + b"On 1 2017-07-03 and more words to make it longer\n" * 20_000,
    "greeting_without_end": HEAD + b"\r\n" + ("这是" + "我的" * 300_000).encode(),
    "comments_in_results": b"Received: from x by m (Coremail) with SMTP id 1; x\r\nX-CM-TRANSID: 1\r\nFrom: a@b.c\r\n"
    b"Authentication-Results: m; " + b"(" * 200_000 + b"\r\n\r\nx",
}


@pytest.mark.parametrize("form", TOO_COMPLEX)
def test_a_mail_beyond_the_limits_is_refused_at_once(form: str) -> None:
    began = time.process_time()
    with pytest.raises(TooComplex):
        opened(TOO_COMPLEX[form])
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("form", READABLE)
def test_a_mail_within_the_limits_is_read_in_time(form: str) -> None:
    began = time.process_time()
    opened(READABLE[form])
    assert time.process_time() - began < SECONDS


def test_two_hundred_parts_are_read() -> None:
    # 199 files and the multipart around them
    part = b"--b\r\nContent-Type: application/octet-stream; name=a.bin\r\n\r\nx\r\n"
    assert len(opened(HEAD + MIXED + part * 199 + b"--b--").attachments) == 199
    with pytest.raises(TooComplex):
        opened(HEAD + MIXED + part * 200 + b"--b--")

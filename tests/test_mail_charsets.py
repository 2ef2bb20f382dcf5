"""Bytes to text: labels that lie, say nothing, or are none; and what "clean" means."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.charsets import clean_line, clean_text, decode
from bot.mail.names import decode_words


def test_utf8_with_one_broken_byte_stays_utf8() -> None:
    # given a text cut inside its last character: gb18030 would also "succeed", with rubbish
    data = "各单位安全生产标准化".encode()[:-1]
    assert decode(data, "utf-8").startswith("各单位安全生产标准")


@pytest.mark.parametrize(
    "label", ["iso-8859-1", "us-ascii", "unknown-8bit", "", None, "zlib", "punycode", "\udc80", "x" * 500]
)
def test_a_label_that_says_nothing_does_not_spoil_the_text(label: str | None) -> None:
    assert decode("附件四".encode("gb18030"), label) == "附件四"
    assert decode("附件四".encode(), label) == "附件四"


@given(
    st.binary(max_size=300),
    st.sampled_from(["utf-8", "gb2312", "utf-7", "utf-16", "hz", "big5", "iso-2022-jp", "rot13", None]),
)
def test_any_bytes_become_clean_text(data: bytes, label: str | None) -> None:
    text = clean_text(decode(data, label))
    assert text.encode("utf-8").decode() == text  # no lone surrogate
    assert not [c for c in text if (ord(c) < 32 and c not in "\t\n") or c == "\x7f"]


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_any_header_becomes_one_clean_line(raw: str) -> None:
    line = clean_line(decode_words(raw))
    assert len(line.splitlines()) <= 1
    assert line.encode("utf-8").decode() == line


@pytest.mark.parametrize("label", ["gb2312", "GBK", "cp936", "x-gbk", "GB18030", "gb_2312-80", "EUC-CN", "chinese"])
def test_all_spellings_of_the_chinese_charset_mean_gb18030(label: str) -> None:
    # 郚 is not in gb2312
    assert decode("昌乐县鄌郚镇".encode("gb18030"), label) == "昌乐县鄌郚镇"
    word = base64.b64encode("鄌郚".encode("gb18030")).decode()
    assert decode_words(f"=?{label}?B?{word}?=") == "鄌郚"

"""Header values and file names, from the raw bytes of every form that is known from Chinese mail."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.mime import Budget, Part, parse
from bot.mail.names import clean_name, decode_header

NAME = "东沟镇项目进度表.xlsx"
GBK = NAME.encode("gb18030")


def part(*headers: bytes) -> Part:
    return parse(b"\r\n".join(headers) + b"\r\n\r\nx", Budget())


def b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def percent(data: bytes) -> bytes:
    return b"".join(b"%%%02X" % octet for octet in data)


SPLIT = GBK[:9], GBK[9:]  # the fifth character has its two bytes in different words
B64, B64_HALVES = b64(GBK), (b64(SPLIT[0]), b64(SPLIT[1]))
OCTETS, OCTET_HALVES = percent(GBK), (percent(SPLIT[0]), percent(SPLIT[1]))
UTF8 = percent(NAME.encode())
FORMS = {
    "rfc2047_quoted": b'filename="=?GBK?B?%s?="' % B64,
    "rfc2047_unquoted": b"filename==?gb18030?B?%s?=" % B64,
    "rfc2047_labelled_gb2312": b'filename="=?gb2312?B?%s?="' % B64,
    "rfc2047_quoted_printable": b'filename="=?utf-8?Q?%s?="' % UTF8.replace(b"%", b"="),
    "two_words_split_a_character": b'filename="=?GBK?B?%s?= =?gbk?B?%s?="' % B64_HALVES,
    "two_words_folded": b'\r\n filename="=?GBK?B?%s?=\r\n\t=?GBK?B?%s?="' % B64_HALVES,
    "two_words_touching": b'filename="=?x-gbk?B?%s?==?cp936?B?%s?="' % B64_HALVES,
    "raw_gbk": b'filename="%s"' % GBK,
    "raw_gbk_unquoted": b"filename=" + GBK,
    "raw_utf8": b'filename="%s"' % NAME.encode(),
    "rfc2231_utf8": b"filename*=UTF-8''" + UTF8,
    "rfc2231_gbk": b"filename*=gbk''" + OCTETS,
    "rfc2231_gb2312_quoted": b"filename*=\"gb2312'zh-cn'%s\"" % OCTETS,
    "rfc2231_pieces": b"filename*0*=utf-8''%s;\r\n filename*1*=%s" % (UTF8[:36], UTF8[36:]),
    "rfc2231_split_in_a_character": b"filename*0*=gbk''%s; filename*1*=%s" % OCTET_HALVES,
    "rfc2231_pieces_out_of_order": b"filename*1*=%s; filename*0*=gbk''%s" % OCTET_HALVES[::-1],
    "rfc2231_pieces_of_a_word": b'filename*0="=?GBK?B?%s"; filename*1="%s?="' % (B64[:10], B64[10:]),
    "rfc2231_wins_over_plain": b"filename=\"??????.xlsx\"; filename*=gbk''" + OCTETS,
    "percent_without_star": b'filename="%s"' % UTF8,
    "upper_case": b'FILENAME="%s"' % GBK,
    "rfc2231_split_in_a_percent": b"filename*0*=utf-8''%s; filename*1*=%s" % (UTF8[:4], UTF8[4:]),
    "rfc2231_split_after_a_percent": b"filename*0*=utf-8''%s;\r\n filename*1*=%s" % (UTF8[:10], UTF8[10:]),
    "rfc2231_gbk_split_in_a_percent": b"filename*0*=gbk''%s; filename*1*=%s" % (OCTETS[:14], OCTETS[14:]),
    "rfc2231_pieces_of_both_kinds": b"filename*0*=utf-8''%s; filename*1=.xlsx" % UTF8[: -len(percent(b".xlsx"))],
    "percent_in_pieces_without_star": b'filename*0="%s"; filename*1="%s"' % (UTF8[:10], UTF8[10:]),
    "windows_path": b'filename="C:\\fakepath\\%s"' % GBK,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_file_name_is_read(form: str) -> None:
    # given a part with that Content-Disposition, and a wrong name in Content-Type
    disposition = b"Content-Disposition: attachment; " + FORMS[form]
    given_part = part(b"Content-Type: application/octet-stream; name=wrong.bin", disposition)
    # then it is named as the sender named it
    assert given_part.file_name() == NAME


@pytest.mark.parametrize(
    "content_type",
    [
        b'application/octet-stream; name="=?GBK?B?' + b64(GBK) + b'?="',
        b"application/octet-stream; name=" + GBK,
        b"application/octet-stream;\r\n\tname*=utf-8''" + percent(NAME.encode()),
    ],
)
def test_a_name_in_the_content_type_serves_when_the_disposition_has_none(content_type: bytes) -> None:
    assert part(b"Content-Type: " + content_type, b"Content-Disposition: attachment").file_name() == NAME


def test_gbk_whose_second_byte_is_a_backslash_does_not_end_the_quotation() -> None:
    # given a character whose second byte is 0x5C, before the closing quotation mark
    name = "誠.xls誠"
    assert name.encode("gbk").endswith(b"\\")
    # then the name is whole
    assert part(b'Content-Disposition: attachment; filename="' + name.encode("gbk") + b'"; size=3').file_name() == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b'attachment; filename="50%.xlsx"', "50%.xlsx"),  # a percent sign is no encoding
        (b'attachment; filename="%B8%BD.xlsx"', "%B8%BD.xlsx"),  # not UTF-8: left as it is
        (b"attachment filename=" + NAME.encode(), NAME),  # the semicolon is missing
        (b"attachment; filename=", ""),
        (b"attachment", ""),
        (b'attachment; filename="=?no-such-charset?B?' + b64(NAME.encode()) + b'?="', NAME),
        (b'attachment; filename="=?utf-8\x00?B?' + b64(NAME.encode()) + b'?="', NAME),
        (b"attachment; filename*=utf-8\x00''" + percent(NAME.encode()), NAME),
        (b"attachment; filename*" + b"9" * 5000 + b"=x.xls", ""),
        (b'attachment; filename="a.xls', "a.xls"),  # the quotation never ends
        (b'attachment; filename="say \\"a\\".xls"', "say a.xls"),
    ],
)
def test_broken_and_odd_names(header: bytes, name: str) -> None:
    assert part(b"Content-Disposition: " + header).file_name() == name


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("../../etc/x.xlsx", "x.xlsx"),
        ("..\\..\\附件4.xlsx", "附件4.xlsx"),
        ("附件\u200b4.xlsx", "附件4.xlsx"),
        ("\u202exslx.4", "xslx.4"),
        ("a\x00b\x07.xls", "ab.xls"),
        ("a\r\nBcc: x@y.z", "a  Bcc x@y.z"),
        ('<img src=x onerror="a">.xls', "img src=x onerror=a.xls"),
        ("\u200b.htaccess", "htaccess"),
        ("e\u0301.xls", "é.xls"),
        ("附件4.2017.12.XLSX", "附件4.2017.12.XLSX"),
        ("a\ud800b.xls", "ab.xls"),
        ("..", ""),
        ("", ""),
    ],
)
def test_a_name_is_cleaned(written: str, wanted: str) -> None:
    assert clean_name(written) == wanted


def test_a_long_name_keeps_its_extension_within_120_bytes() -> None:
    # 38 characters of three bytes and five of the extension: one more would be 122
    assert clean_name("附件" * 2500 + ".xlsx") == "附件" * 19 + ".xlsx"


@given(st.text())
def test_any_name_comes_out_harmless(name: str) -> None:
    cleaned = clean_name(name)
    assert len(cleaned.encode("utf-8")) <= 120
    assert not set(cleaned) & set('/\\:*?"<>|\0\r\n')
    assert cleaned not in (".", "..")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?gb2312?B?z7XNs83L0MU=?=", "系统退信"),
        (b"=?gb2312?B?" + b64("朱镕基、喆".encode("gb18030")) + b"?=", "朱镕基、喆"),  # outside gb2312 proper
        (b"=?utf-8?q?=E6=8A=A5=E9=80=81?= 4", "报送 4"),
        (b"=?gbk?B?" + b64(SPLIT[0]) + b"?=\r\n =?gbk?B?" + b64(SPLIT[1]) + b"?=", NAME),
        (b"=?gbk?B?" + b64("附件".encode("gbk")) + b"?= =?utf-8?B?" + b64("四".encode()) + b"?=", "附件四"),
        ("报送五图街道附件4".encode("gb18030"), "报送五图街道附件4"),
        ("报送五图街道附件4".encode(), "报送五图街道附件4"),
        (b"Re: =?GBK?B?" + b64("附件".encode("gbk")).rstrip(b"=") + b"?=", "Re: 附件"),  # padding forgotten
        (b"=?utf-8*zh-cn?B?" + b64("附件".encode()) + b"?=", "附件"),
        (b"plain\r\n folded", "plain folded"),
        (b"=?utf-8?q?x=0D=0AA1_DELETE_Victim=0D=0A?=", "x A1 DELETE Victim"),
        (b"=?utf-8?q?a=00b=E2=80=A8c=0Bd?=", "a b c d"),
        (b"=?utf-8?B?A?= =?x", "=?x"),  # one digit of base64 is no byte
        (b"=?idna?B?" + b64("附件".encode()) + b"?=", "附件"),  # a codec that is no charset
        (b"", ""),
    ],
)
def test_a_subject_is_decoded_to_one_clean_line(raw: bytes, text: str) -> None:
    assert part(b"Subject: " + raw).text("subject") == text


def test_a_missing_header_is_empty() -> None:
    assert decode_header(None) == ""


CUT_NAMES = {
    "at_the_end": "东沟镇项目进度".encode()[:-1],
    "before_the_extension": "东沟镇项目进度".encode()[:-1] + b".xlsx",
    "at_both_ends": b"6" + "进东沟镇项目进度度".encode()[1:-2] + b".xlsx",
    "in_gbk": "东沟镇项目进度".encode("gbk")[:-1],
}


@pytest.mark.parametrize("form", CUT_NAMES)
def test_a_name_cut_inside_a_character_loses_that_character_only(form: str) -> None:
    # given a program that cuts names after so many bytes
    whole = {"at_both_ends": "6东沟镇项目进度"}.get(form, "东沟镇项目进")
    name = part(b'Content-Disposition: attachment; filename="%s"' % CUT_NAMES[form]).file_name()
    assert name == whole + (".xlsx" if CUT_NAMES[form].endswith(b".xlsx") else "")


@pytest.mark.parametrize("dropped", [1, 2, 3, 4, 5, 7, 8])
@pytest.mark.parametrize("written", ["filename*=utf-8''", "filename*=", "filename="])
def test_a_percent_encoded_name_may_be_cut_anywhere(written: str, dropped: int) -> None:
    octets = percent("东沟镇项目进度".encode())[:-dropped]
    name = part(b"Content-Disposition: attachment; " + written.encode() + octets).file_name()
    assert name == "东沟镇项目进"


@pytest.mark.parametrize("text", ["关于报送六月份附件4的报告", "中国", "“附件4”报告"])
def test_a_raw_subject_cut_inside_a_character_keeps_what_is_whole(text: str) -> None:
    for dropped in (1, 2):
        assert decode_header(text.encode()[:-dropped].decode("utf-8", "surrogateescape")) == text[:-1]


@pytest.mark.parametrize("text", ["联通", "关于报送六月份附件4的报告", "镕基", "涓涓细流", "组长", "规划", "年，"])
def test_raw_gbk_is_not_taken_for_utf8_that_was_cut(text: str) -> None:
    assert decode_header(text.encode("gbk").decode("ascii", "surrogateescape")) == text

"""The one believed From: the tricky examples, each as raw bytes."""

import pytest

from bot.mail.mime import Budget, header_block, parse
from bot.mail.sender import believed_sender

BOSS, ATTACKER = "boss@company.example", "attacker@evil.example"


def sender_of(head: bytes) -> str | None:
    data = head + b"\r\nSubject: x\r\n\r\nbody\r\nFrom: someone@else.example\r\n"
    return believed_sender(parse(data, Budget()), header_block(data))


REFUSED = {
    "angle_after_address": b"From: boss@company.example <attacker@evil.example>",
    "address_after_angle": b"From: <boss@company.example>attacker@evil.example",
    "parenthesis_between": b"From: boss@company.example)attacker@evil.example",
    "angle_in_comment": b"From: boss@company.example (<attacker@evil.example>)",
    "folded": b"From:\r\n boss@company.example\r\n <attacker@evil.example>",
    "two_addresses": b"From: boss@company.example, attacker@evil.example",
    "group": b"From: g: boss@company.example, attacker@evil.example;",
    "two_headers_boss_first": b"From: boss@company.example\r\nFrom: attacker@evil.example",
    "two_headers_attacker_first": b"From: attacker@evil.example\r\nFrom: boss@company.example",
    "blank_before_colon": b"From : boss@company.example\r\nFrom: attacker@evil.example",
    "cyrillic_letter": "From: boss@company.exаmple".encode(),
    "quoted_local_part": b'From: "boss@company.example"@evil.example',
    "two_at_signs": b"From: boss@company.example@evil.example",
    "nul": b"From: boss@company.example\0@evil.example",
    "route": b"From: @company.example:attacker@evil.example",
    "route_in_angle": b"From: <@company.example,@x:attacker@evil.example>",
    "trailing_dot": b"From: boss@company.example.",
    "nul_in_encoded_name": b"From: =?utf-8?q?boss=40company=2Eexample=00?= <attacker@evil.example>",
    "empty": b"From:",
    "none": b"To: boss@company.example",
    # and some more of the same kinds
    "upper_case_twice": b"From: boss@company.example\r\nFROM: attacker@evil.example",
    "tab_before_colon": b"From: boss@company.example\r\nFrom\t: attacker@evil.example",
    "blank_before_colon_last": b"From: boss@company.example\r\nFrom : attacker@evil.example",
    "lone_cr": b"Subject: a\rFrom: boss@company.example\r\nFrom: attacker@evil.example",
    "control_before_name": b"From: boss@company.example\r\n\x0bFrom: attacker@evil.example",
    "after_a_line_without_colon": b"From: boss@company.example\r\ngarbage\r\nFrom: attacker@evil.example",
    "encoded_address": b"From: =?utf-8?q?boss?=@company.example",
    "encoded_line_break_in_name": b"From: =?utf-8?q?a=0D=0ABcc:_x?= <boss@company.example>",
    "comment_in_domain": b"From: boss@company.example(x).evil.example",
    "domain_literal": b"From: boss@[10.0.0.1]",
    "double_dot": b"From: boss@company..example",
    "only_a_name": b"From: boss",
    "angle_twice": b"From: <<boss@company.example>>",
    "long": b"From: " + b"a" * 3000 + b" <boss@company.example>",
    "another_address_as_the_name": b"From: boss@company.example <attacker@evil.example>",
    "another_address_in_single_quotes": b"From: 'boss@company.example' <attacker@evil.example>",
    "an_address_that_begins_alike": b"From: attacker@evil.example.boss@company.example <attacker@evil.example>",
    "the_same_address_and_more": b"From: boss@company.example <boss@company.example> <attacker@evil.example>",
    "the_same_address_and_another": b"From: boss@company.example, attacker@evil.example <attacker@evil.example>",
    "a_cut_character_in_the_address": b"From: boss\xe5@company.example",
    "full_width_at": "From: boss＠company.example".encode(),
}

BELIEVED = {
    "quoted_name": (b'From: "boss@company.example" <attacker@evil.example>', ATTACKER),
    "encoded_name": (b"From: =?utf-8?q?=3Cboss=40company=2Eexample=3E?= <attacker@evil.example>", ATTACKER),
    "upper_case": (b"From: BOSS@Company.Example", BOSS),
    "bare": (b"From: boss@company.example", BOSS),
    "angle": (b"From: <boss@company.example>", BOSS),
    "the_address_as_its_own_name": (b"From: boss@company.example <boss@company.example>", BOSS),
    "the_same_in_another_case": (b"From: Boss@Company.example<BOSS@company.example>", BOSS),
    "the_same_in_single_quotes": (b"From: 'boss@company.example' <boss@company.example>", BOSS),
    "the_same_folded": (b"From: boss@company.example\r\n\t<boss@company.example>", BOSS),
    "no_blank": (b"From:boss@company.example", BOSS),
    "name_of_the_header_in_lower_case": (b"from: boss@company.example", BOSS),
    "chinese_name_folded": (b"From: =?gb18030?B?wO7D9w==?=\r\n <boss@company.example>", BOSS),
    "quoted_encoded_name": (b'From: "=?gb18030?B?wO7D9w==?=" <boss@company.example>', BOSS),
    "raw_gbk_name": (b"From: " + "五图街道安监办".encode("gbk") + b" <boss@company.example>", BOSS),
    "raw_gbk_with_at_as_second_byte": (b"From: \x81\x40\x81\x5c <boss@company.example>", BOSS),
    "raw_utf8_quoted_name": ('From: "李明（五图）" <boss@company.example>'.encode(), BOSS),
    "numeric_qq": (b"From: =?utf-8?B?5p2O?= <123456789@qq.com>", "123456789@qq.com"),
    "folded_line_that_looks_like_from": (
        b"X-Note: a\r\n From: attacker@evil.example\r\nFrom: boss@company.example",
        BOSS,
    ),
    "resent_from_is_another_header": (b"Resent-From: attacker@evil.example\r\nFrom: boss@company.example", BOSS),
    "mbox_line": (b"From attacker@evil.example Mon Jul  3 10:00:00 2017\r\nFrom: boss@company.example", BOSS),
}


@pytest.mark.parametrize("form", REFUSED)
def test_an_ambiguous_from_names_nobody(form: str) -> None:
    assert sender_of(REFUSED[form]) is None


@pytest.mark.parametrize("form", BELIEVED)
def test_a_plain_from_is_believed_in_lower_case(form: str) -> None:
    header, wanted = BELIEVED[form]
    assert sender_of(header) == wanted

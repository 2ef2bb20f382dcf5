"""What needs no server: which folders are read, how bodies are portioned, what an answer says."""

import imaplib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.answers import fetched_rows, found_uids, internal_date
from bot.mail.batches import Headline, batches
from bot.mail.folders import Listed, folders_to_read

NETEASE: list[Listed] = [
    ((), "/", "INBOX"),
    ((b"\\Drafts",), "/", "草稿箱"),
    ((b"\\Sent",), "/", "已发送"),
    ((b"\\Trash",), "/", "已删除"),
    ((b"\\Junk",), "/", "垃圾邮件"),
    ((), "/", "病毒邮件"),
    ((), "/", "广告邮件"),
    ((), "/", "订阅邮件"),
    ((), "/", "工作"),
]


def test_netease_junk_is_read_by_flag_and_by_name_after_the_configured_folder() -> None:
    assert folders_to_read(NETEASE, "INBOX") == ["INBOX", "垃圾邮件", "病毒邮件", "广告邮件", "订阅邮件"]
    assert folders_to_read(NETEASE, "工作") == ["工作", "垃圾邮件", "病毒邮件", "广告邮件", "订阅邮件"]


@pytest.mark.parametrize(
    ("listed", "read"),
    [
        (((b"\\HasNoChildren", b"\\JUNK"), ".", "INBOX.Verdacht"), True),
        (((b"\\Spam",), "/", "[Gmail]/x"), True),
        (((), ".", "INBOX.Junk"), True),
        (((), "/", "[Gmail]/Spam"), True),
        (((), "", "SPAM"), True),
        (((), "/", "病毒文件夹"), True),
        (((), "/", "Junkyard"), False),
        (((), "/", "垃圾邮件/2017"), False),
        (((b"\\Noselect",), "/", "Junk"), False),
        (((b"\\NonExistent",), "/", "Junk"), False),
        (((b"\\Trash",), "/", "Junk"), False),
        (((b"\\Junk", b"\\Sent"), "/", "Junk"), False),
        (((b"\\Drafts",), "/", "Spam"), False),
        (((), "/", "Deleted Messages"), False),
    ],
)
def test_only_junk_that_can_be_opened_is_added(listed: Listed, read: bool) -> None:
    assert folders_to_read([listed], "INBOX") == (["INBOX", listed[2]] if read else ["INBOX"])


def test_each_folder_once_and_never_where_done_mail_is_filed() -> None:
    twice: list[Listed] = [((b"\\Junk",), "/", "Junk"), ((), "/", "Junk"), ((), "/", "Spam")]
    assert folders_to_read(twice, "inbox") == ["INBOX", "Junk", "Spam"]
    assert folders_to_read(twice, "Junk", filed="Spam") == ["Junk"]


def headlines(*sizes: int) -> dict[int, Headline]:
    return {uid: Headline(size, None) for uid, size in enumerate(sizes, 1)}


def test_batches_are_bounded_by_count_and_by_bytes() -> None:
    assert batches(headlines(*[10] * 5), max_count=2, max_bytes=100) == [[1, 2], [3, 4], [5]]
    assert batches(headlines(40, 60, 1, 99, 2), max_count=50, max_bytes=100) == [[1, 2], [3, 4], [5]]
    assert batches(headlines(5, 500, 5), max_count=50, max_bytes=100) == [[1], [2], [3]]
    assert batches({}) == []


@given(st.dictionaries(st.integers(1, 2**32), st.integers(0, 300)), st.integers(1, 7), st.integers(1, 400))
def test_batches_lose_nothing_and_hold_the_bounds(sizes: dict[int, int], count: int, weight: int) -> None:
    portions = batches({uid: Headline(size, None) for uid, size in sizes.items()}, count, weight)
    assert [uid for portion in portions for uid in portion] == sorted(sizes)
    for portion in portions:
        assert 1 <= len(portion) <= count
        assert len(portion) == 1 or sum(sizes[uid] for uid in portion) <= weight


@pytest.mark.parametrize(
    ("data", "uids"),
    [([None], set()), ([b""], set()), ([b"3 1 2"], {1, 2, 3}), ([b"1", b"2 1433920980"], {1, 2, 1433920980}),
     ([b"0 5 (MODSEQ 7)"], {5})],
)  # fmt: skip
def test_search_answers_of_all_shapes(data: list[bytes | None], uids: set[int]) -> None:
    assert found_uids(data) == uids


def test_a_row_without_uid_is_not_taken_for_the_mail_of_that_number() -> None:
    data = [(b"5 (BODY[] {5}", b"wrong"), b")", (b"1 (uid 5 body[] {5}", b"right"), b" FLAGS (\\Seen))", b"2 (UID 0)"]
    assert fetched_rows(data) == {5: {b"UID": 5, b"BODY[]": b"right", b"FLAGS": (b"\\Seen",)}}
    assert fetched_rows([None]) == {}


@pytest.mark.parametrize("data", [[b'1 (UID 5 BODY[] "open)'], [b"1 (UID 5"], [b"1 ((("]])
def test_a_malformed_row_is_an_error_that_is_known(data: list[bytes]) -> None:
    with pytest.raises((ValueError, imaplib.IMAP4.error)):
        fetched_rows(data)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b"05-Jul-2017 23:59:59 +0800", datetime(2017, 7, 5, 15, 59, 59, tzinfo=UTC)),
        (b" 6-Jul-2017 00:00:00 +0800", datetime(2017, 7, 5, 16, tzinfo=UTC)),
        (b"05-Jul-2017 23:59:59 -0330", datetime(2017, 7, 6, 3, 29, 59, tzinfo=UTC)),
        (b"05-Jul-2017 08:00:00 -0000", datetime(2017, 7, 5, 8, tzinfo=UTC)),
        (b"31-Feb-2017 08:00:00 +0800", None),
        (b"31-Dec-9999 23:59:59 -0800", None),
        (b"yesterday", None),
        (b"", None),
        (None, None),
    ],
)
def test_internal_date_is_utc_or_nothing(text: bytes | None, moment: datetime | None) -> None:
    assert internal_date(text) == moment

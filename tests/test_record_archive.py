"""The archive: bytes are kept once, each place is known, each attempt is counted, each fate is given once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from bot.model.mail import Mail, Place, RawMail
from bot.record import archive, claims, schema
from bot.record.archive import FolderState
from bot.record.claims import CLAIM
from bot.record.database import Record
from tests.bots import at, database_url

NOW = at("2017-07-03T10:00")
LATER = NOW + timedelta(minutes=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    with Record.open(database_url(request, tmp_path)) as opened:
        yield opened


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    """A transaction on SQLite, for what both databases do by the same statement."""
    with Record.open(f"sqlite:///{tmp_path / 'bot.db'}") as record, record.begin() as conn:
        yield conn


def raw(text: str = "mail", when: datetime = NOW) -> RawMail:
    return RawMail(text.encode(), when)


def opened() -> Mail:
    return some_mail("<1@x>", "a@town.test", "李明 <a@town.test>", "主题")


def some_mail(message_id: str, sender: str | None, shown_from: str, subject: str) -> Mail:
    return Mail("", NOW, message_id, sender, shown_from, subject, "", "", (), None, "unknown", None, (), ())


def test_the_same_bytes_twice_are_one_mail_at_two_places(record: Record) -> None:
    with record.begin() as conn:
        first = archive.store(conn, raw(), Place("INBOX", 7, 1), NOW)
        second = archive.store(conn, raw(), Place("垃圾邮件", 9, 4_000_000_000), NOW)
        again = archive.store(conn, raw(), Place("INBOX", 7, 1), NOW)
        assert (first, second, again) == (1, None, None)
        assert archive.known_uids(conn, "INBOX", 7, [1, 2]) == {1}
        assert archive.known_uids(conn, "垃圾邮件", 9, [4_000_000_000]) == {4_000_000_000}
        assert archive.known_uids(conn, "INBOX", 8, [1]) == set()
        assert archive.counts(conn) == {"new": 1}
        assert [e.what for e in conn.execute(schema.event.select())] == ["mail.archived"]


def test_bytes_and_times_come_back_as_they_were(record: Record) -> None:
    data = bytes(range(256)) * 5000 + b"\r\n\0"
    arrived = datetime(2017, 7, 5, 15, 59, 59, 123456, tzinfo=UTC)
    with record.begin() as conn:
        archive.store(conn, RawMail(data, arrived), None, NOW)
    with record.begin() as conn:
        claimed = claims.claim(conn, NOW)
    assert claimed == claims.Claimed(1, RawMail(data, arrived), 1)


def test_an_attempt_is_counted_and_committed_before_the_mail_is_opened(record: Record) -> None:
    with record.begin() as conn:
        archive.store(conn, raw(), None, NOW)
    for attempt in (1, 2, 3, 4):
        with record.begin() as conn:
            claimed = claims.claim(conn, NOW)
        # the process dies here; its successor frees what it held
        assert claimed is not None
        assert claimed.attempts == attempt
        with record.begin() as conn:
            claims.unclaim_all(conn)


def test_a_claimed_mail_is_nobody_elses_until_the_claim_is_over(record: Record) -> None:
    with record.begin() as conn:
        archive.store(conn, raw(), None, NOW)
        assert claims.claim(conn, NOW) is not None
        assert claims.claim(conn, NOW + CLAIM - timedelta(seconds=1)) is None
        taken_over = claims.claim(conn, NOW + CLAIM)
    assert taken_over is not None
    assert taken_over.attempts == 2


def test_two_workers_take_two_mails(postgres_url: str) -> None:
    with Record.open(postgres_url) as record:
        with record.begin() as conn:
            archive.store(conn, raw("one"), None, NOW)
            archive.store(conn, raw("two"), None, NOW)
        with record.begin() as one, record.begin() as two, record.begin() as three:
            mails = [claims.claim(conn, NOW) for conn in (one, two, three)]
    assert [m.raw.data if m and m.raw else None for m in mails] == [b"one", b"two", None]


def test_the_oldest_mail_comes_first(conn: Connection) -> None:
    for text, when in (("late", LATER), ("early", NOW - timedelta(days=1)), ("now", NOW)):
        archive.store(conn, raw(text, when), None, NOW)
    claimed = [claims.claim(conn, NOW) for _ in range(3)]
    assert [c.raw.data for c in claimed if c and c.raw] == [b"early", b"now", b"late"]


def test_a_released_mail_waits_for_its_time(conn: Connection) -> None:
    archive.store(conn, raw(), None, NOW)
    claims.claim(conn, NOW)
    claims.release(conn, 1, LATER)
    assert claims.claim(conn, LATER - timedelta(seconds=1)) is None
    claimed = claims.claim(conn, LATER)
    assert claimed is not None
    assert claimed.attempts == 2


def test_a_mail_has_one_fate(record: Record) -> None:
    with record.begin() as conn:
        archive.store(conn, raw(), None, NOW)
        claims.claim(conn, NOW)
        assert claims.finish(conn, 1, NOW, "accepted", "receipt", opened())
        assert not claims.finish(conn, 1, LATER, "returned", "returned", opened())
        assert not claims.set_aside(conn, 1, LATER, "set_aside")
        claims.release(conn, 1, NOW)
        claims.unclaim_all(conn)
        assert claims.claim(conn, LATER + CLAIM) is None
        row = conn.execute(schema.mail.select()).one()
        assert archive.raw_of(conn, 1) == raw()
    assert (row.state, row.outcome, row.why, row.sender, row.subject) == (
        "done",
        "accepted",
        "receipt",
        "a@town.test",
        "主题",
    )
    assert row.done_at == NOW


def test_a_mail_that_is_set_aside_keeps_its_bytes_and_comes_no_more(conn: Connection) -> None:
    archive.store(conn, raw(), None, NOW)
    assert claims.set_aside(conn, 1, NOW, "set_aside")
    assert not claims.finish(conn, 1, NOW, "accepted", "", None)
    assert claims.claim(conn, LATER + CLAIM) is None
    row = conn.execute(schema.mail.select()).one()
    assert (row.state, row.outcome, row.why) == ("aside", None, "set_aside")
    assert archive.raw_of(conn, 1) == raw()


def test_a_mail_that_is_too_large_is_known_without_its_bytes(conn: Connection) -> None:
    where = Place("INBOX", 7, 3)
    assert archive.store_too_large(conn, 90_000_000, NOW, where, NOW) == 1
    assert archive.known_uids(conn, "INBOX", 7, [3]) == {3}
    claimed = claims.claim(conn, NOW)
    assert claimed is not None
    assert claimed.raw is None


def test_the_same_large_mail_at_another_place_is_the_same_mail(conn: Connection) -> None:
    archive.store_too_large(conn, 90_000_000, NOW, Place("INBOX", 7, 3), NOW)
    assert archive.store_too_large(conn, 90_000_000, NOW, Place("INBOX", 8, 1), LATER) is None
    assert archive.store_too_large(conn, 90_000_001, NOW, Place("INBOX", 8, 2), LATER) == 2
    assert archive.store_too_large(conn, 90_000_000, LATER, Place("INBOX", 8, 4), LATER) == 3
    assert archive.known_uids(conn, "INBOX", 8, [1, 2, 4]) == {1, 2, 4}


def test_thousands_of_uids_are_compared(conn: Connection) -> None:
    for uid in range(1, 1202, 2):
        archive.store(conn, raw(str(uid)), Place("INBOX", 7, uid), NOW)
    known = archive.known_uids(conn, "INBOX", 7, iter(range(1, 5000)))
    assert known == set(range(1, 1202, 2))
    assert archive.known_uids(conn, "INBOX", 7, []) == set()


def test_a_folder_is_remembered_with_its_largest_numbers(record: Record) -> None:
    largest = 2**32 - 1  # RFC 3501: UID and UIDVALIDITY are 32 bits
    with record.begin() as conn:
        assert archive.folder_state(conn, "已处理") is None
        archive.set_folder_state(conn, "已处理", FolderState(largest, largest, NOW))
        archive.set_folder_state(conn, "已处理", FolderState(largest, largest - 1, LATER))
        assert archive.folder_state(conn, "已处理") == FolderState(largest, largest - 1, LATER)


def test_only_what_is_done_is_filed_and_once(conn: Connection) -> None:
    for uid in (1, 2, 3):
        archive.store(conn, raw(str(uid)), Place("INBOX", 7, uid), NOW)
    claims.finish(conn, 1, NOW, "accepted", "", None)
    claims.set_aside(conn, 2, NOW, "set_aside")  # a person looks for it where it came in
    assert archive.unfiled(conn, "INBOX", 7) == [1]
    archive.mark_filed(conn, "INBOX", 7, [1])
    assert archive.unfiled(conn, "INBOX", 7) == []
    assert archive.unfiled(conn, "INBOX", 8) == []


def test_a_backlog_of_years_is_filed_at_once(record: Record) -> None:
    """More mails than fit into one statement: SQLite takes 32,766 values, PostgreSQL 65,535; ours takes 500."""
    most = 66_000 if record.is_sqlite else 3 * archive.UIDS_AT_ONCE  # inserting so many takes PostgreSQL minutes
    where = {"folder": "INBOX", "uidvalidity": 7, "mail_id": 1, "filed": False}
    with record.begin() as conn:
        archive.store(conn, raw("1"), Place("INBOX", 7, 1), NOW)
        claims.finish(conn, 1, NOW, "accepted", "", None)
        conn.execute(insert(schema.place), [{**where, "uid": uid} for uid in range(2, most)])
        archive.mark_filed(conn, "INBOX", 7, archive.unfiled(conn, "INBOX", 7))
        assert archive.unfiled(conn, "INBOX", 7) == []


def test_text_with_what_a_database_hates(record: Record) -> None:
    mail = some_mail("<'; DROP TABLE mail; --@x>", None, "🀄 \\%_'\"", "鄌郚镇" * 5000)
    with record.begin() as conn:
        archive.store(conn, raw(), None, NOW)
        claims.finish(conn, 1, NOW, "ignored", "no_report", mail)
    with record.read() as conn:
        row = conn.execute(schema.mail.select()).one()
    assert (row.message_id, row.sender, row.shown_from, row.subject) == (
        mail.message_id,
        None,
        mail.shown_from,
        mail.subject,
    )

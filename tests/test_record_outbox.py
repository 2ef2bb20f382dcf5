"""The outbox as rows: once by its key, claimed one by one, every change of state an event."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.model.deciding import Obligation
from bot.model.letters import Letter
from bot.model.mail import RawMail
from bot.record import archive, correspondence, outbox, schema, unproven
from bot.record.database import Record
from bot.record.outbox import Due
from tests.bots import at, database_url

NOW = at("2017-07-06T09:00")
LATER = NOW + timedelta(minutes=1)
OWED = Obligation("五图街道", "annex4", "2017-06", at("2017-07-05T23:59:59"))


@pytest.fixture(params=["sqlite", "postgresql"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    with Record.open(database_url(request, tmp_path)) as opened:
        yield opened


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    with Record.open(f"sqlite:///{tmp_path / 'bot.db'}") as record, record.begin() as conn:
        yield conn


def letter(number: int = 1, **changes: Any) -> Letter:
    made = Letter(
        key=f"receipt:{number}", letter="receipt", to="a@town.test", subject=f"【回执】{number}", mime=b"m\0" * number,
        token=f"TOKEN{number:03}", message_id=f"<{number}@demo.test>", obligations=(OWED,),
    )  # fmt: skip
    return replace(made, **changes)


def claimed(conn: Connection, when: Any = NOW) -> Due:
    due = outbox.claim(conn, when)
    assert due is not None
    return due


def row(conn: Connection, number: int = 1) -> Any:
    return conn.execute(select(schema.letter).where(schema.letter.c.id == number)).one()


def happened(conn: Connection) -> list[str]:
    return [e.what for e in conn.execute(select(schema.event).order_by(schema.event.c.id))]


def test_a_key_is_queued_once_whatever_became_of_it(record: Record) -> None:
    with record.begin() as conn:
        assert outbox.enqueue(conn, letter(), NOW) == 1
        assert outbox.enqueue(conn, letter(token="OTHER"), LATER) is None
        outbox.mark_ended(conn, claimed(conn), NOW, "cancelled", "reported in the meantime")
        assert outbox.enqueue(conn, letter(), LATER) is None
        assert [r.key for r in correspondence.listing(conn)] == ["receipt:1"]
        assert happened(conn) == ["letter.queued", "letter.cancelled"]


def test_a_letter_comes_back_as_it_was(record: Record) -> None:
    with record.begin() as conn:
        mail_id = archive.store(conn, RawMail(b"mail", NOW), None, NOW)
        outbox.enqueue(conn, letter(3, only_while_owed=True), NOW, mail_id=mail_id)
    with record.begin() as conn:
        due = claimed(conn)
    assert due == Due(
        1,
        "receipt:3",
        "receipt",
        "a@town.test",
        b"m\0" * 3,
        1,
        NOW,
        NOW,
        mail_id,
        (OWED,),
        True,
        "TOKEN003",
        "<3@demo.test>",
    )
    with record.read() as conn:
        assert row(conn).state == "sending"
        assert correspondence.bytes_of(conn, "receipt:3") == b"m\0" * 3
        assert correspondence.bytes_of(conn, "no such key") is None


def test_letters_leave_in_the_order_in_which_they_were_queued(conn: Connection) -> None:
    outbox.enqueue(conn, letter(1), LATER)
    outbox.enqueue(conn, letter(2), NOW)
    outbox.enqueue(conn, letter(3), NOW)
    outbox.enqueue(conn, letter(4, held=True), NOW)
    assert [claimed(conn, LATER).letter_id for _ in range(3)] == [2, 3, 1]
    assert outbox.claim(conn, LATER) is None


def test_a_letter_whose_time_has_not_come_stays(conn: Connection) -> None:
    outbox.enqueue(conn, letter(), LATER)
    assert outbox.claim(conn, NOW) is None


def test_workers_never_take_the_same_letter(postgres_url: str) -> None:
    with Record.open(postgres_url) as record:
        with record.begin() as conn:
            outbox.enqueue(conn, letter(1), NOW)
            outbox.enqueue(conn, letter(2), NOW)
        with record.begin() as one, record.begin() as two, record.begin() as three:
            taken = [outbox.claim(conn, NOW) for conn in (one, two, three)]
    assert [due.letter_id if due else None for due in taken] == [1, 2, None]


def test_sent_is_marked_with_time_and_answer(conn: Connection) -> None:
    outbox.enqueue(conn, letter(), NOW)
    outbox.mark_sent(conn, claimed(conn), LATER, "250 queued as 7")
    sent = row(conn)
    assert (sent.state, sent.sent_at, sent.attempts, sent.answer) == ("sent", LATER, 1, "250 queued as 7")
    assert happened(conn) == ["letter.queued", "letter.sent"]
    assert outbox.claim(conn, LATER + timedelta(days=9)) is None


def test_attempts_are_counted_unless_nothing_was_tried(conn: Connection) -> None:
    outbox.enqueue(conn, letter(), NOW)
    outbox.mark_retry(conn, claimed(conn), NOW, LATER, "450 later")
    assert outbox.claim(conn, NOW) is None
    second = claimed(conn, LATER)
    assert second.attempts == 2
    outbox.unclaim(conn, second)
    third = claimed(conn, LATER)
    assert third.attempts == 2
    outbox.put_off(conn, third, LATER + timedelta(hours=1))
    assert outbox.claim(conn, LATER) is None
    assert (row(conn).attempts, row(conn).state, row(conn).due_at) == (1, "queued", LATER + timedelta(hours=1))


def test_held_letters_go_or_are_dropped_by_hand(record: Record) -> None:
    with record.begin() as conn:
        for number in (1, 2, 3, 4):
            outbox.enqueue(conn, letter(number, held=number < 4), NOW)
        assert outbox.claim(conn, NOW) == claimed_number(conn, 4)
        assert outbox.release(conn, ["receipt:1", "receipt:4", "no such key"], LATER) == ["receipt:1"]
        assert outbox.drop(conn, ["receipt:2"], LATER) == ["receipt:2"]
        assert outbox.drop(conn, ["receipt:1", "receipt:2"], LATER) == []
        assert outbox.release(conn, None, LATER) == ["receipt:3"]
        assert outbox.release(conn, None, LATER) == []
        assert correspondence.counts(conn) == {"queued": 2, "cancelled": 1, "sending": 1}
        assert happened(conn)[4:] == ["letter.released", "letter.cancelled", "letter.released"]


def claimed_number(conn: Connection, number: int) -> Due:
    """The letter as it is once it has been claimed."""
    made, mime = row(conn, number), letter(number).mime
    about = (None, (OWED,), False, made.token, made.message_id)
    return Due(number, made.key, made.letter, made.to, mime, 1, NOW, NOW, *about)


def test_where_everything_is_held_only_what_a_person_released_is_taken(conn: Connection) -> None:
    outbox.enqueue(conn, letter(1), NOW)  # queued before the office said "hold"
    outbox.enqueue(conn, letter(2, held=True), NOW)
    assert outbox.claim(conn, NOW, released_only=True) is None
    outbox.release(conn, ["receipt:2"], NOW)
    due = outbox.claim(conn, NOW, released_only=True)
    assert due is not None
    assert due.key == "receipt:2"
    assert outbox.claim(conn, NOW, released_only=True) is None
    assert claimed(conn).key == "receipt:1"


def test_what_was_handed_over_counts_against_the_rates(conn: Connection) -> None:
    for number in range(1, 5):
        outbox.enqueue(conn, letter(number), NOW)
    outbox.mark_sent(conn, claimed(conn), NOW, "250")
    claimed(conn)  # under way
    outbox.mark_retry(conn, claimed(conn), NOW, LATER, "450")
    assert correspondence.sent_since(conn, NOW - timedelta(minutes=1), NOW) == 2
    assert correspondence.sent_since(conn, NOW, NOW) == 0


def test_answers_to_an_address_are_counted_not_reminders(conn: Connection) -> None:
    mail_id = archive.store(conn, RawMail(b"mail", NOW), None, NOW)
    outbox.enqueue(conn, letter(1), NOW, mail_id=mail_id)
    outbox.enqueue(conn, letter(2), NOW)
    outbox.enqueue(conn, letter(3, to="b@town.test"), NOW, mail_id=mail_id)
    assert correspondence.letters_to(conn, "a@town.test", NOW - timedelta(seconds=1), NOW) == {"receipt": 1}
    assert correspondence.letters_to(conn, "a@town.test", NOW, NOW) == {}


def test_a_reply_is_recognised_by_token_first(conn: Connection) -> None:
    outbox.enqueue(conn, letter(1), NOW)
    outbox.enqueue(conn, letter(2), NOW)
    found = correspondence.by_token_or_id(conn, ["ABSENT22", "TOKEN001"], ["<2@demo.test>"])
    assert found is not None
    assert found.key == "receipt:1"
    assert outbox.obligations_of(found) == (OWED,)
    by_id = correspondence.by_token_or_id(conn, ["ABSENT22"], ["<x@y>", "<2@demo.test>"])
    assert by_id is not None
    assert by_id.key == "receipt:2"
    assert correspondence.by_token_or_id(conn, [], []) is None
    assert correspondence.by_token_or_id(conn, ["ABSENT22"], ["<x@y>"]) is None


def test_a_letter_that_was_being_handed_over_is_found_again(conn: Connection) -> None:
    outbox.enqueue(conn, letter(), NOW)
    claimed(conn)
    never = LATER + timedelta(days=30)
    assert unproven.letters(conn, NOW, never) == []
    assert [r.id for r in unproven.letters(conn, NOW, NOW - timedelta(days=1))] == [1]  # a clock that was ahead
    (row,) = unproven.letters(conn, LATER, never)
    assert unproven.settle(conn, row, LATER, "queued", "letter.unproven")
    assert not unproven.settle(conn, row, LATER, "queued", "letter.unproven")
    assert unproven.letters(conn, LATER + timedelta(days=1), never) == []
    assert claimed(conn, LATER).attempts == 2
    assert happened(conn) == ["letter.queued", "letter.unproven"]

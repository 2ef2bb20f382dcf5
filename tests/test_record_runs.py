"""What timed jobs have done, facts about the record, events: once, whoever asks first."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.record import runs, schema
from bot.record.database import Record
from tests.bots import at, database_url

NOW, LATER = at("2017-07-06T08:30"), at("2017-07-07T08:30")


@pytest.fixture(params=["sqlite", "postgresql"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    with Record.open(database_url(request, tmp_path)) as opened:
        yield opened


def test_a_run_is_claimed_once(record: Record) -> None:
    with record.begin() as conn:
        assert runs.claim_run(conn, "digest", "2017-W27", NOW)
        assert not runs.claim_run(conn, "digest", "2017-W27", LATER)
        assert runs.claim_run(conn, "digest", "2017-W28", LATER)
        assert runs.claim_run(conn, "other", "2017-W27", NOW)
        assert runs.runs(conn, "digest") == {"2017-W27": NOW, "2017-W28": LATER}
        assert runs.latest_run(conn, "digest", LATER) == LATER
        assert runs.latest_run(conn, "never", LATER) is None


def test_a_claim_that_is_rolled_back_was_none(record: Record) -> None:
    with pytest.raises(ZeroDivisionError), record.begin() as conn:
        assert runs.claim_run(conn, "digest", "2017-W27", NOW)
        raise ZeroDivisionError
    with record.begin() as conn:
        assert runs.claim_run(conn, "digest", "2017-W27", NOW)


def test_workers_that_claim_together_do_it_once(record: Record) -> None:
    gate, wins = threading.Barrier(6), []

    def claim() -> None:
        gate.wait()
        with record.begin() as conn:
            if runs.claim_run(conn, "digest", "2017-W27", NOW):
                wins.append(1)

    _together(claim, 6)
    assert wins == [1]


def test_workers_that_put_a_fact_together_all_succeed(record: Record) -> None:
    gate = threading.Barrier(6)

    def put() -> None:
        gate.wait()
        with record.begin() as conn:
            runs.put(conn, "last_good_poll", NOW.isoformat())

    _together(put, 6)
    with record.read() as conn:
        assert runs.moment(conn, "last_good_poll") == NOW


def _together(work: object, count: int) -> None:
    failures: list[BaseException] = []

    def fenced() -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=fenced) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_keys_are_found_by_their_beginning_alone(record: Record) -> None:
    # _ and % mean something to LIKE; a unit's id may hold the first
    with record.begin() as conn:
        for key in ("wu_tu:annex4:2017-06:due", "wuxtu:annex4:2017-06:due", "wu%tu:annex4:2017-06:due"):
            runs.claim_run(conn, "reminder", key, NOW)
        assert runs.runs_starting(conn, "reminder", ["wu_tu:"], NOW) == {"wu_tu:annex4:2017-06:due"}
        assert runs.runs_starting(conn, "reminder", ["wu%tu:"], NOW) == {"wu%tu:annex4:2017-06:due"}
        assert runs.runs_starting(conn, "digest", ["wu"], NOW) == set()


def test_the_first_run_and_the_secret_are_made_once(record: Record) -> None:
    with record.begin() as conn:
        assert runs.first_run(conn, NOW) == NOW
        secret = runs.token_secret(conn)
        assert len(secret) == 32
    with record.begin() as conn:
        assert runs.first_run(conn, LATER) == NOW
        assert runs.token_secret(conn) == secret


def test_facts_are_put_and_changed(record: Record) -> None:
    with record.begin() as conn:
        assert runs.get(conn, "x") is None
        assert runs.moment(conn, "x") is None
        runs.put(conn, "x", "1")
        runs.put(conn, "x", "2")
        assert runs.get(conn, "x") == "2"


def test_events_are_appended_with_their_detail(record: Record) -> None:
    with record.begin() as conn:
        runs.note(conn, NOW, "letter.retry", at="x", reason="450 稍后再试")
        runs.note(conn, LATER, "letter.retry")
    with record.read() as conn:
        rows = conn.execute(schema.event.select().order_by(schema.event.c.id)).all()
    assert [(r.at, r.what, r.detail) for r in rows] == [
        (NOW, "letter.retry", {"at": "x", "reason": "450 稍后再试"}),
        (LATER, "letter.retry", {}),
    ]

"""``copy-database``: the whole record into another database, from either kind into either, to go on there."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.errors import BotError, RecordError, UsageError
from bot.record import correspondence, moving, runs, schema
from bot.record.database import Record
from bot.record.migrate import upgrade
from bot.record.working import begin_work, only_worker
from tests import plausible
from tests.bots import at

NOW = at("2017-07-06T09:00")
KINDS = ["sqlite", "postgresql"]


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'office' / 'bot.db'}"


def filled(url: str) -> str:
    with Record.bare(url) as record, record.begin() as conn:
        upgrade(conn)
        plausible.fill(conn)
        runs.token_secret(conn)
    return url


def contents(url: str) -> dict[str, Any]:
    with Record.bare(url) as record, record.read() as conn:
        return plausible.contents(conn)


def copied(source: str, target: str) -> int:
    return moving.copy(source, target, NOW, reading=lambda *_: None, writing=lambda *_: None).rows


@pytest.fixture(params=KINDS)
def both(request: pytest.FixtureRequest, sqlite: str) -> tuple[str, str]:
    """A filled record and an empty place: SQLite and PostgreSQL, or the other way round."""
    postgres: str = request.getfixturevalue("postgres_url")
    source, target = (sqlite, postgres) if request.param == "sqlite" else (postgres, sqlite)
    return filled(source), target


def test_every_row_of_every_table_is_there_and_what_was_copied_stays(both: tuple[str, str]) -> None:
    source, target = both
    before = contents(source)
    assert set(before) == set(schema.metadata.tables)
    assert all(before.values())  # plausible.fill leaves no table out
    assert copied(source, target) == sum(map(len, before.values()))
    assert contents(target) == before
    assert contents(source) == before


def test_there_and_back_it_is_the_same(sqlite: str, postgres_url: str, tmp_path: Path) -> None:
    before = contents(filled(sqlite))
    copied(sqlite, postgres_url)
    again = f"sqlite:///{tmp_path / 'again.db'}"
    copied(postgres_url, again)
    assert contents(again) == before


def test_the_bot_goes_on_there_and_takes_it_for_no_restore(both: tuple[str, str]) -> None:
    source, target = both
    copied(source, target)
    with Record.open(target) as record:
        begin_work(record)
        with record.begin() as conn:
            highest = conn.execute(select(schema.event.c.id).order_by(schema.event.c.id.desc()).limit(1)).scalar_one()
            runs.note(conn, NOW, "test")
            assert conn.execute(select(schema.event.c.id).where(schema.event.c.what == "test")).scalar_one() > highest
            row = {"sha256": "new", "size": 1, "received_at": NOW, "archived_at": NOW, "state": "new"}
            conn.execute(insert(schema.mail).values(row))
            assert runs.restored(conn) is None
            assert runs.token_secret(conn) == secret_of(source)
            assert correspondence.counts(conn)


def secret_of(url: str) -> bytes:
    with Record.bare(url) as record, record.begin() as conn:
        return runs.token_secret(conn)


def test_a_place_that_holds_something_is_left_alone(both: tuple[str, str]) -> None:
    source, target = both
    with Record.open(target) as record, record.begin() as conn:
        runs.put(conn, "here", "what was there")
    with pytest.raises(RecordError, match=r"give an empty one$"):
        copied(source, target)
    with Record.open(target) as record, record.read() as conn:
        assert runs.get(conn, "here") == "what was there"


def test_itself_is_no_place(sqlite: str) -> None:
    filled(sqlite)
    with pytest.raises(RecordError, match="is there already"):
        copied(sqlite, sqlite)


def test_a_worker_is_not_disturbed(both: tuple[str, str]) -> None:
    source, target = both
    with only_worker(source), Record.open(source) as record:
        begin_work(record)
        with pytest.raises(RecordError, match="stop it first"):
            copied(source, target)
    assert copied(source, target) > 0


def test_nothing_to_copy_is_told(sqlite: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to copy"):
        copied(sqlite, f"sqlite:///{tmp_path / 'other.db'}")
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("target", ["no url", "oracle://x", "sqlite://"])
def test_what_is_no_database_is_told(sqlite: str, target: str) -> None:
    filled(sqlite)
    with pytest.raises(BotError):
        copied(sqlite, target)


def test_what_cannot_be_held_changes_nothing(postgres_url: str, sqlite: str) -> None:
    """PostgreSQL's text has no NUL; SQLite's may. All or nothing."""
    filled(sqlite)
    with Record.open(sqlite) as record, record.begin() as conn:
        runs.put(conn, "odd", "a\0b")
    with pytest.raises(RecordError):
        copied(sqlite, postgres_url)
    with Record.bare(postgres_url) as record, record.read() as conn:
        assert not conn.dialect.has_table(conn, "mail")

"""``copy-database``: the whole record into another database, from either kind into either, to go on there."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from bot.errors import BotError, RecordError, UsageError
from bot.record import correspondence, database, moving, runs, schema
from bot.record.database import Record
from bot.record.migrate import upgrade
from bot.record.working import begin_work, only_worker
from tests import plausible
from tests.bots import at
from tests.faults.dying import KILLED, run, spread
from tests.faults.keeping import do_copy
from tests.figures import count

NOW = at("2017-07-06T09:00")
KINDS = ["sqlite", "postgresql"]
SOAK = os.environ.get("BOT_SOAK") == "1"


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


@pytest.mark.soak
@pytest.mark.parametrize("both", KINDS if SOAK else KINDS[:1], indirect=True)
def test_one_that_is_killed_has_done_all_or_nothing(both: tuple[str, str], tmp_path: Path) -> None:
    source, target = both
    before = contents(source)
    points = run(do_copy, source, target, trace=tmp_path / "points").points
    whole = contents(target)
    done = set()
    for number in spread(points, 4):
        emptied(target)
        # when
        assert run(do_copy, source, target, trace=tmp_path / "points", die_at=number).status == KILLED
        # then what was copied is as it was, and the other place empty, so that it can be done again; or whole
        where = f"{number}: {points[number - 1]}"
        assert contents(source) == before, where
        if begun := holds(target):
            assert contents(target) == whole, where
            with pytest.raises(RecordError, match=r"^[^\n]*(give an empty one|is there already)[^\n]*$"):
                copied(source, target)
        else:
            again(source, target)
            assert contents(target) == whole, where
        done.add(begun)
        count("copy-database killed", lost=int(contents(target) != whole))
    assert done == {True, False}
    assert not list(tmp_path.rglob("*.restoring*"))


def holds(url: str) -> bool:
    """Whether there is a record at all."""
    return database.exists(url)


def emptied(url: str) -> None:
    file = database.sqlite_file(url)
    if file is not None:
        for path in file.parent.glob(f"{file.name}*"):
            path.unlink()
        return
    with Record.bare(url) as record, record.engine.begin() as conn:
        conn.execute(text("DROP SCHEMA public CASCADE"))
        conn.execute(text("CREATE SCHEMA public"))


def again(source: str, target: str) -> None:
    """PostgreSQL needs a moment to see that the other end of a connection is dead."""
    for attempt in range(100):
        try:
            copied(source, target)
            return
        except RecordError as error:
            if attempt == 99 or "stop it first" not in str(error):
                raise
            threading.Event().wait(0.1)

"""One file that holds the record as it was at one moment, whole or not at all, whichever database it came from."""

import json
import os
import sqlite3
import stat
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, text, update

from bot.errors import RecordError
from bot.record import backup, copying, files, runs, schema
from bot.record.backup import Backup
from bot.record.database import Record, version_of
from bot.record.migrate import upgrade
from tests import plausible
from tests.bots import at
from tests.faults.dying import KILLED, chosen, run
from tests.faults.keeping import NOW, do_backup

SOAK = os.environ.get("BOT_SOAK") == "1"
NAME = "备份 7月 100%?#.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A record full of rows."""
    kind = request.param
    made = f"sqlite:///{tmp_path / 'bot.db'}" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    with Record.open(made) as record, record.begin() as conn:
        plausible.fill(conn)
    return made


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path / 'bot.db'}"
    with Record.open(made) as record, record.begin() as conn:
        plausible.fill(conn)
    return made


def written(url: str, path: Path, progress: Any = lambda *_: None) -> Backup:
    with Record.bare(url) as record:
        return backup.write(record, path, at(NOW), progress)


def held(url: str) -> dict[str, Any]:
    with Record.bare(url) as record, record.read() as conn:
        return plausible.contents(conn)


def inside(path: Path) -> dict[str, Any]:
    with backup.opened(path) as (conn, _):
        found = plausible.contents(conn)
    del found["backup_facts"]
    return found


def test_it_holds_every_row_and_says_from_when_it_is(url: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    made = written(url, path)
    assert inside(path) == held(url)
    assert made.rows == sum(map(len, held(url).values())) == 5 * len(schema.metadata.tables)
    with backup.opened(path) as (_, read):
        assert (read.state_of, read.schema) == (at(NOW), schema.HEAD)
        assert read == made


def test_it_is_one_file_for_its_owner_alone(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "夹"
    folder.mkdir()
    (folder / NAME).write_bytes(b"")
    (folder / NAME).chmod(0o644)
    written(url, folder / NAME)
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    # and stays one when it is read, from wherever
    (folder / NAME).chmod(0o400)
    with backup.opened(folder / NAME):
        assert [path.name for path in folder.iterdir()] == [NAME]


def test_json_and_what_is_empty_are_told_apart(url: str, tmp_path: Path) -> None:
    with Record.bare(url) as record, record.begin() as conn:
        conn.execute(update(schema.report).values(numbers=None))  # JSON's null, where SQL's is not allowed
        conn.execute(update(schema.act).values(undo=None))  # none_as_null
    path = tmp_path / NAME
    written(url, path)
    with closing(sqlite3.connect(path)) as connection:
        assert set(connection.execute("SELECT numbers FROM report")) == {("null",)}
        assert set(connection.execute("SELECT undo FROM act")) == {(None,)}


def test_an_older_record_is_left_as_it_is(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with Record.bare(url) as record:
        with record.begin() as conn:
            schema.metadata.drop_all(conn)
            conn.execute(text("DROP TABLE alembic_version"))
            upgrade(conn, "0002")
            plausible.fill(conn)
        written(url, tmp_path / NAME)
        with record.read() as conn:
            assert version_of(conn) == "0002"
    with backup.opened(tmp_path / NAME) as (_, made):
        assert made.schema == "0002"
    assert inside(tmp_path / NAME) == held(url)


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction moves one from a to b, and writes a mail with its event: ten in all, one event a mail."""
    monkeypatch.setattr(copying, "BATCH_ROWS", 2)
    stop, commits = threading.Event(), threading.Semaphore(0)
    with Record.bare(url) as record, record.begin() as conn:
        conn.execute(schema.event.delete())
        conn.execute(update(schema.attention).values(mail_id=None))
        runs.put(conn, "a", "1000")
        runs.put(conn, "b", "0")
        mails = conn.execute(select(func.count()).select_from(schema.mail)).scalar_one()

    def work() -> None:
        with Record.bare(url) as record:
            number = 0
            while not stop.is_set():
                number += 1
                with record.begin() as conn:
                    runs.put(conn, "a", str(1000 - number))
                    row = {"sha256": f"{number}", "size": 1, "received_at": at(NOW), "archived_at": at(NOW)}
                    made = conn.execute(insert(schema.mail).values(row | {"state": "new"}).returning(schema.mail.c.id))
                    runs.note(conn, at(NOW), "mail.archived", mail_id=made.scalar_one())
                    runs.put(conn, "b", str(number))
                commits.release()

    seen: list[int] = []

    def wait_for_a_commit(done: int, total: int) -> None:
        if len(seen) < 30:  # between any two batches somebody has written
            assert commits.acquire(timeout=30)
        seen.append(done)

    writer = threading.Thread(target=work)
    writer.start()
    try:
        for name in ("first", "second"):
            seen.clear()
            assert commits.acquire(timeout=30)
            written(url, tmp_path / name, wait_for_a_commit)
            assert len(seen) > 30
    finally:
        stop.set()
        writer.join()
    amounts = []
    for name in ("first", "second"):
        found = inside(tmp_path / name)
        facts = {row["key"]: row["value"] for row in found["meta"]}
        moved = int(facts["b"])
        assert int(facts["a"]) + moved == 1000
        assert len(found["event"]) == len(found["mail"]) - mails == moved
        amounts.append(moved)
    assert 1 <= amounts[0] < amounts[1]


def test_a_migration_waits_for_it_and_it_for_a_migration(postgres_url: str, tmp_path: Path) -> None:
    """What PostgreSQL shows of a table that was rebuilt meanwhile would not be one moment."""
    with Record.open(postgres_url) as record, record.still(), record.begin() as other:
        free = select(func.pg_try_advisory_xact_lock(20_170_605))
        assert other.execute(free).scalar_one() is False
    with Record.open(postgres_url) as record, record.begin() as other:
        assert other.execute(free).scalar_one() is True


def test_it_goes_on_in_small_pieces(sqlite: str, tmp_path: Path) -> None:
    with Record.bare(sqlite) as record, record.begin() as conn:
        row = {"size": 1, "received_at": at(NOW), "archived_at": at(NOW), "state": "done", "attempts": 1}
        for number in range(30):
            made = insert(schema.mail).values(row | {"sha256": f"large {number}"}).returning(schema.mail.c.id)
            large = {"mail_id": conn.execute(made).scalar_one(), "data": bytes(2_000_000)}
            conn.execute(insert(schema.raw).values(large))
    tracemalloc.start()
    try:
        written(sqlite, tmp_path / NAME)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000
    assert (tmp_path / NAME).stat().st_size > 60_000_000


def test_progress_is_told_to_the_end(url: str, tmp_path: Path) -> None:
    said: list[tuple[int, int]] = []
    made = written(url, tmp_path / NAME, lambda *both: said.append(both))
    assert [done for done, _ in said] == sorted({done for done, _ in said})
    assert said[-1] == (made.rows, made.rows)


# What goes wrong


def test_a_disk_that_gets_full_leaves_the_old_file(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "夹"
    folder.mkdir()
    path = folder / NAME
    written(url, path)
    before = path.read_bytes()
    monkeypatch.setattr(files, "WRITING", (*files.WRITING, "PRAGMA max_page_count=40"))
    with pytest.raises(RecordError) as caught:
        written(url, path)
    assert str(caught.value) == f"{path}: database or disk is full"
    assert [p.name for p in folder.iterdir()] == [NAME]
    assert path.read_bytes() == before


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_so_does_one_that_fails_at_the_end(
    sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / NAME
    written(sqlite, path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        with pytest.raises(RecordError) as caught:
            written(sqlite, path)
    assert str(caught.value) == f"{path}: No space left on device"
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_read(sqlite: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        written(sqlite, tmp_path / "nowhere" / NAME)


def test_a_row_that_points_nowhere_is_told_and_the_old_file_kept(sqlite: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    written(sqlite, path)
    before = path.read_bytes()
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection, connection:
        connection.execute("UPDATE place SET mail_id = 4711")
    with pytest.raises(RecordError, match=r"damaged: row \d+ of 'place' points to a lost one of 'mail'$"):
        written(sqlite, path)
    assert path.read_bytes() == before


def test_a_time_that_is_none_is_told(sqlite: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection, connection:
        connection.execute("UPDATE event SET at = 'soon'")
    with pytest.raises(RecordError, match=r"^database: table 'event' is damaged: .*"):
        written(sqlite, tmp_path / NAME)


def test_a_torn_record_is_told(sqlite: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'letter'").fetchone()
    data = bytearray((tmp_path / "bot.db").read_bytes())
    data[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    (tmp_path / "bot.db").write_bytes(data)
    with pytest.raises(RecordError, match=r"^database: database disk image is malformed$"):
        written(sqlite, tmp_path / NAME)


@pytest.mark.soak
@pytest.mark.parametrize("url", ["sqlite", "postgresql"] if SOAK else ["sqlite"], indirect=True)
def test_one_that_is_killed_leaves_the_old_file_and_the_next_tidies_up(url: str, tmp_path: Path) -> None:
    # given
    folder = tmp_path / "夹[1]"
    folder.mkdir()
    path = folder / NAME
    first = written(url, path)
    points = run(do_backup, url, path, trace=tmp_path / "points").points
    left = 0
    for number in chosen(points, 3):
        # when
        assert run(do_backup, url, path, trace=tmp_path / "points", die_at=number).status == KILLED
        # then
        with backup.opened(path) as (_, made):
            assert made == first
        found = [p for p in folder.iterdir() if p != path]
        assert len(found) <= 1, "what the one before left is gone"
        assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in found)
        left += len(found)
    assert run(do_backup, url, path, trace=tmp_path / "points").status == 0
    assert left > 3
    assert [p.name for p in folder.iterdir()] == [NAME]


def test_two_to_the_same_place_do_not_meet(sqlite: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    met: list[Backup] = []

    def another(done: int, total: int) -> None:
        if not met:
            met.append(written(sqlite, path))

    first = written(sqlite, path, another)
    assert met == [first]
    with backup.opened(path) as (_, read):
        assert read == first


# What is no backup


def facts(path: Path, **changes: str | None) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for key, value in changes.items():
            connection.execute("UPDATE backup_facts SET value = ? WHERE key = ?", (value, key))


def statement(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for one in statements:
            connection.execute(one)


def flip(path: Path) -> None:
    """One bit of a letter that no page notices."""
    data = path.read_bytes()
    place = data.rindex(bytes(range(100, 140)))
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])


def tear(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


NONE = "not a backup made by `python -m bot backup`"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda p: p.write_bytes(b""), NONE),
        (lambda p: p.write_bytes(b"PK\x03\x04 a workbook"), NONE),
        (lambda p: statement(p, "PRAGMA application_id=0"), NONE),
        (lambda p: p.unlink(), "No such file or directory"),
        (lambda p: statement(p, "PRAGMA user_version=2"), "has format 2, newer than this program's 1: update"),
        (lambda p: statement(p, "UPDATE alembic_version SET version_num='9999'"), "has schema 9999, newer than"),
        (lambda p: statement(p, "UPDATE alembic_version SET version_num='0000'"), "has no schema of this program"),
        (lambda p: statement(p, "DELETE FROM alembic_version"), "has no schema of this program"),
        (lambda p: statement(p, "DROP TABLE alembic_version"), "has no schema of this program"),
        (lambda p: statement(p, "DROP TABLE backup_facts"), "no such table: backup_facts"),
        (lambda p: facts(p, tallies="[]"), "damaged: it does not say what is in it"),
        (lambda p: facts(p, state_of="soon"), "damaged: it does not say what is in it"),
        (lambda p: facts(p, state_of=None), "damaged: it does not say what is in it"),
        (lambda p: statement(p, "UPDATE place SET mail_id=4711"), "points to a lost one of 'mail'"),
        (tear, "malformed"),
    ],
)  # fmt: skip
def test_what_is_no_good_is_told_in_one_line(sqlite: str, tmp_path: Path, damage: Any, says: str) -> None:
    path = tmp_path / NAME
    written(sqlite, path)
    damage(path)
    with pytest.raises(RecordError) as caught, backup.opened(path):
        pass
    assert str(caught.value).startswith(f"{path}: ") and says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (flip, "damaged: table 'mime' is not what was written"),
        (lambda p: statement(p, "DELETE FROM job_run WHERE job LIKE '1%'"), "damaged: table 'job_run' is not what"),
        (lambda p: statement(p, "DROP TABLE job_run"), "there is no table 'job_run'"),
        (lambda p: statement(p, "ALTER TABLE job_run ADD COLUMN more"), "table 'job_run' has other columns than"),
    ],
)  # fmt: skip
def test_what_no_integrity_check_sees_is_seen_when_it_is_read(
    sqlite: str, tmp_path: Path, damage: Any, says: str
) -> None:
    path = tmp_path / NAME
    with Record.bare(sqlite) as record, record.begin() as conn:
        conn.execute(delete(schema.raw))  # so that the bytes are those of letters
    written(sqlite, path)
    damage(path)
    with (
        pytest.raises(RecordError) as caught,
        backup.opened(path) as (conn, made),
        files.fresh(tmp_path / "new", "new") as target,
    ):
        upgrade(target, made.schema)
        backup.copy(conn, made, target, path, lambda *_: None)
    assert str(caught.value).startswith(f"{path}: ") and says in str(caught.value)


def test_what_was_read_back_is_compared(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A medium that keeps other bytes than it was given."""
    real = files.fresh

    @contextmanager
    def fresh(path: Path, name: str) -> Iterator[Connection]:
        with real(path, name) as conn:
            yield conn
        statement(path, "UPDATE letter SET subject = 'x' WHERE id = 1")

    monkeypatch.setattr(files, "fresh", fresh)
    with pytest.raises(RecordError, match=r"damaged: table 'letter' is not what was written$"):
        written(sqlite, tmp_path / NAME)
    assert not (tmp_path / NAME).exists()
    assert not list(tmp_path.glob(".*"))


def test_tallies_do_not_depend_on_the_kind_of_database(sqlite: str, postgres_url: str, tmp_path: Path) -> None:
    with Record.open(postgres_url) as record, record.begin() as conn:
        plausible.fill(conn)
    one, other = written(sqlite, tmp_path / "one"), written(postgres_url, tmp_path / "other")
    assert one == other
    assert len({tally.digest for tally in one.tallies.values()}) == len(one.tallies)
    assert json.dumps(sorted(one.tallies)) == json.dumps(sorted(schema.metadata.tables))


@pytest.fixture(autouse=True)
def _no_leftovers(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list(tmp_path.rglob("*.part"))

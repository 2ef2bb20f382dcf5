"""A backup put back: everything or nothing, from either database into either, and what was there is kept."""

import os
import shutil
import sqlite3
import stat
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, inspect, select, text, update

from bot.errors import RecordError, UsageError
from bot.record import backup, database, moving, replacing, restoring, runs, schema
from bot.record.database import Record, schema_version
from bot.record.migrate import upgrade
from bot.record.restoring import Outcome, restore
from bot.record.runs import Restored
from bot.record.working import begin_work, only_worker
from tests import plausible
from tests.bots import at
from tests.faults.dying import KILLED, chosen, run
from tests.faults.keeping import NOW, do_restore
from tests.servers.postgres import PostgresServer

MADE, LATER = at("2017-07-03T10:00"), at(NOW)
KINDS = ["sqlite", "postgresql"]
STAMP = "20170706_010000"


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a record can be, but is not yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'office' / 'bot.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A record with rows in every table, which nobody changes."""
    return f"sqlite:///{tmp_path_factory.mktemp('elsewhere') / 'bot.db'}"


@pytest.fixture(scope="module")
def kept_file(elsewhere: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_from(elsewhere, tmp_path_factory.mktemp("kept") / "file")


@pytest.fixture
def file(kept_file: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    return Path(shutil.copy(kept_file, tmp_path / "备份.db"))


def made_from(url: str, path: Path, revision: str = "head") -> Path:
    with Record.bare(url) as record:
        with record.begin() as conn:
            upgrade(conn, revision)
            plausible.fill(conn)
        backup.write(record, path, MADE, lambda *_: None)
    return path


def put_back(url: str, path: Path, force: bool = False) -> Outcome:
    return restore(url, path, LATER, force=force, progress=lambda *_: None)


def held(url: str) -> dict[str, Any]:
    """Every row, without the mark of a restore."""
    with Record.bare(url) as record, record.read() as conn:
        found = plausible.contents(conn)
    found["meta"] = [row for row in found["meta"] if not row["key"].startswith("restored_")]
    found["event"] = [row for row in found["event"] if row["what"] != "record.restored"]
    return found


def beginning(url: str, value: str = "what was there") -> None:
    """A record with something in it."""
    with Record.open(url) as record, record.begin() as conn:
        runs.put(conn, "here", value)


def here(url: str) -> str | None:
    with Record.open(url) as record, record.read() as conn:
        return runs.get(conn, "here")


# What it does


def test_an_empty_place_is_filled_and_marked(url: str, file: Path, elsewhere: str, tmp_path: Path) -> None:
    outcome = put_back(url, file)
    assert outcome.kept is None
    assert held(url) == held(elsewhere)
    with Record.open(url) as record, record.read() as conn:
        assert runs.restored(conn) == Restored(at=LATER, state_of=MADE)
        told = conn.execute(select(schema.event).where(schema.event.c.what == "record.restored")).one()
        assert (told.at, told.detail) == (LATER, {"state_of": MADE.isoformat()})


def test_a_record_that_never_was_restored_says_so(url: str) -> None:
    beginning(url)
    with Record.open(url) as record, record.read() as conn:
        assert runs.restored(conn) is None


def test_each_restore_is_an_event_and_the_last_counts(url: str, file: Path, tmp_path: Path) -> None:
    put_back(url, file)
    with Record.bare(url) as record:
        backup.write(record, tmp_path / "second", at("2017-07-10T10:00"), lambda *_: None)
    outcome = restore(url, tmp_path / "second", at("2017-07-11T10:00"), force=True, progress=lambda *_: None)
    assert outcome.kept is not None
    with Record.open(url) as record, record.read() as conn:
        assert runs.restored(conn) == Restored(at("2017-07-11T10:00"), at("2017-07-10T10:00"))
        events = conn.execute(select(schema.event.c.at).where(schema.event.c.what == "record.restored"))
        assert list(events.scalars()) == [LATER, at("2017-07-11T10:00")]


@pytest.mark.parametrize("revision", ["0001", "0004"])
def test_an_older_backup_is_migrated(url: str, tmp_path: Path, revision: str) -> None:
    old = f"sqlite:///{tmp_path / 'old.db'}"
    file = made_from(old, tmp_path / "old.backup", revision)
    put_back(url, file)
    with Record.bare(url) as record:
        assert schema_version(record.engine) == schema.HEAD
    plausible.carried(held(old), held(url))


def test_new_rows_get_numbers_behind_those_that_came(url: str, file: Path) -> None:
    put_back(url, file)
    with Record.open(url) as record, record.begin() as conn:
        for table, row in (
            (schema.event, {"at": LATER, "what": "test", "detail": {}}),
            (schema.mail, {"sha256": "new", "size": 1, "received_at": LATER, "archived_at": LATER, "state": "new"}),
        ):
            highest = max(conn.execute(select(table.c.id)).scalars())
            assert conn.execute(insert(table).values(row).returning(table.c.id)).scalar_one() == highest + 1


def test_there_and_back_again(file: Path, elsewhere: str, postgres_url: str, tmp_path: Path) -> None:
    """SQLite, PostgreSQL, SQLite: the same rows, and the same digests."""
    back = f"sqlite:///{tmp_path / 'back.db'}"
    put_back(postgres_url, file)
    with Record.bare(postgres_url) as record:
        second = backup.write(record, tmp_path / "second", MADE, lambda *_: None)
    put_back(back, tmp_path / "second")
    assert held(back) == held(postgres_url) == held(elsewhere)
    with backup.opened(file) as (_, first):
        same = {name for name, tally in first.tallies.items() if second.tallies[name] == tally}
    assert set(first.tallies) - same == {"meta", "event"}  # where the mark stands


@pytest.mark.parametrize("table", sorted(schema.metadata.tables))
def test_no_table_of_the_schema_is_left_out(table: str, carried_through: list[plausible.Contents]) -> None:
    """Table by table of what the code uses, so that one which comes later is asked for by itself."""
    first, *others = carried_through
    assert first[table]
    for other in others:
        assert other[table] == first[table]


@pytest.fixture(scope="module")
def carried_through(
    elsewhere: str, kept_file: Path, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> list[plausible.Contents]:
    """A record; its backup put back on PostgreSQL; that one copied to SQLite, and from there to PostgreSQL."""
    folder = tmp_path_factory.mktemp("carried")
    second = f"sqlite:///{folder / 'copy.db'}"
    with postgres_server.database() as first, postgres_server.database() as third:
        put_back(first, kept_file)
        for source, target in ((first, second), (second, third)):
            moving.copy(source, target, LATER, reading=lambda *_: None, writing=lambda *_: None)
        return [held(url) for url in (elsewhere, first, second, third)]


def test_what_was_there_is_kept(url: str, file: Path, tmp_path: Path) -> None:
    beginning(url)
    outcome = put_back(url, file, force=True)
    assert here(url) is None
    if url.startswith("sqlite"):
        assert outcome.kept == str(tmp_path / "office" / f"bot.before-restore-{STAMP}.db")
        assert here(f"sqlite:///{outcome.kept}") == "what was there"
        return
    assert outcome.kept == f"before_restore_{STAMP}"
    with Record.bare(url) as record, record.read() as conn:
        rows = conn.execute(text(f"SELECT value FROM {outcome.kept}.meta WHERE key = 'here'"))
        assert rows.scalar_one() == "what was there"
        # all of it: tables, and the counters of their ids
        assert {*inspect(conn).get_table_names(schema=outcome.kept)} == {*schema.metadata.tables, "alembic_version"}
        assert "event_id_seq" in inspect(conn).get_sequence_names(schema=outcome.kept)


def test_what_was_there_is_kept_each_time(tmp_path: Path, file: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    beginning(url, "first")
    first = put_back(url, file).kept
    beginning(url, "second")
    second = put_back(url, file).kept
    assert (here(f"sqlite:///{first}"), here(f"sqlite:///{second}")) == ("first", "second")


def test_the_file_keeps_its_owner_and_mode(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "bot.db"
    beginning(f"sqlite:///{path}")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    was = path.stat()
    put_back(f"sqlite:///{path}", file)
    now = path.stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)
    assert now.st_ino != was.st_ino


def test_a_new_file_is_its_owner_s_alone(tmp_path: Path, file: Path) -> None:
    put_back(f"sqlite:///{tmp_path / 'new' / 'bot.db'}", file)
    assert stat.S_IMODE((tmp_path / "new" / "bot.db").stat().st_mode) == 0o600


def test_a_file_system_without_second_names(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    beginning(url)
    assert here(f"sqlite:///{put_back(url, file).kept}") == "what was there"
    assert here(url) is None


@pytest.mark.parametrize("damage", ["junk", "torn", "newer", "empty"])
def test_a_record_that_is_no_good_any_more_is_replaced_and_kept(
    tmp_path: Path, file: Path, elsewhere: str, damage: str
) -> None:
    path = tmp_path / "bot.db"
    url = f"sqlite:///{path}"
    beginning(url)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    data = path.read_bytes()
    if damage == "newer":  # the way back to an older program
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
    else:
        path.write_bytes({"junk": b"no database" * 999, "torn": data[:4096] + bytes(8192), "empty": b""}[damage])
    bytes_before = path.read_bytes()
    kept = put_back(url, file).kept
    assert held(url) == held(elsewhere)
    assert kept is not None
    assert Path(kept).read_bytes() == bytes_before


def test_a_wal_beside_the_old_file_is_not_played_into_the_new_one(tmp_path: Path, file: Path, elsewhere: str) -> None:
    # given a record whose last transactions stand in its WAL only, as kill -9 leaves it
    living, path = tmp_path / "living.db", tmp_path / "bot.db"
    with Record.open(f"sqlite:///{living}") as record:
        with record.begin() as conn:
            runs.put(conn, "here", "in the WAL")
        for suffix in ("", "-wal"):
            shutil.copy(f"{living}{suffix}", f"{path}{suffix}")
    assert (tmp_path / "bot.db-wal").stat().st_size > 0
    # when
    kept = put_back(f"sqlite:///{path}", file).kept
    # then
    assert here(f"sqlite:///{kept}") == "in the WAL"
    assert held(f"sqlite:///{path}") == held(elsewhere)


def test_nor_one_that_belongs_to_a_damaged_file_or_to_none(tmp_path: Path, file: Path) -> None:
    path, wal = tmp_path / "bot.db", tmp_path / "bot.db-wal"
    for there in (b"no database" * 999, None):
        path.unlink(missing_ok=True)
        if there:
            path.write_bytes(there)
        wal.write_bytes(b"what stood in the WAL")
        put_back(f"sqlite:///{path}", file)
        assert not wal.exists()
        assert b"what stood in the WAL" in [p.read_bytes() for p in tmp_path.glob("*before-restore*-wal")]
        for left in tmp_path.glob("*before-restore*"):
            left.unlink()


# What it refuses, and then nothing is changed


def test_a_record_that_holds_something_is_left_alone_on_postgresql(postgres_url: str, file: Path) -> None:
    beginning(postgres_url)
    with pytest.raises(RecordError, match=r"^the database is not empty: .* --force"):
        put_back(postgres_url, file)
    assert here(postgres_url) == "what was there"


def test_tables_of_another_program_are_never_touched(postgres_url: str, file: Path) -> None:
    with Record.bare(postgres_url) as record, record.begin() as conn:
        conn.execute(text("CREATE TABLE letter (id int)"))
    with pytest.raises(RecordError, match=r"^the database has tables of another program, such as 'letter'"):
        put_back(postgres_url, file, force=True)
    with Record.bare(postgres_url) as record, record.read() as conn:
        assert inspect(conn).get_table_names() == ["letter"]


def test_other_tables_are_no_obstacle(postgres_url: str, file: Path) -> None:
    with Record.bare(postgres_url) as record, record.begin() as conn:
        conn.execute(text("CREATE TABLE others (id int)"))
    put_back(postgres_url, file)
    with Record.bare(postgres_url) as record, record.read() as conn:
        assert "others" in inspect(conn).get_table_names()


def test_a_newer_record_on_postgresql_is_refused(postgres_url: str, file: Path) -> None:
    with Record.open(postgres_url) as record, record.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordError, match=r"schema 9999, newer than this program's"):
        put_back(postgres_url, file, force=True)


@pytest.mark.parametrize("damage", ["flip", "tear", "newer", "none"])
def test_a_backup_that_is_no_good_changes_nothing(url: str, file: Path, tmp_path: Path, damage: str) -> None:
    beginning(url)
    data = file.read_bytes()
    if damage == "flip":  # a bit of a letter
        place = data.rindex(bytes(range(100, 140)))
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    elif damage == "newer":
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
    else:
        file.write_bytes(data[: len(data) // 2] if damage == "tear" else b"")
    with pytest.raises(RecordError) as caught:
        put_back(url, file, force=True)
    assert str(caught.value).startswith(f"{file}: ")
    assert here(url) == "what was there"
    assert not list(tmp_path.rglob("*before-restore*"))
    assert not list(tmp_path.rglob("*.restoring"))


def test_what_one_database_cannot_hold_is_told(postgres_url: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    with Record.open(url) as record:
        with record.begin() as conn:
            plausible.fill(conn)
            conn.execute(update(schema.mail).values(outcome="longer than sixteen characters"))
        backup.write(record, tmp_path / "file", MADE, lambda *_: None)
    with pytest.raises(RecordError, match=r"file: table 'mail' cannot be taken over: value too long for type [^\n]*$"):
        put_back(postgres_url, tmp_path / "file")
    with Record.bare(postgres_url) as record:
        assert schema_version(record.engine) is None


def test_a_disk_that_gets_full_changes_nothing(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bot.db"
    beginning(f"sqlite:///{path}")
    monkeypatch.setattr("bot.record.files.WRITING", ("PRAGMA max_page_count=40",))
    with pytest.raises(RecordError) as caught:
        put_back(f"sqlite:///{path}", file)
    assert str(caught.value) == f"{path}: database or disk is full"
    assert here(f"sqlite:///{path}") == "what was there"
    assert not list(tmp_path.glob("*restor*"))


def test_a_worker_is_not_disturbed(url: str, file: Path) -> None:
    beginning(url)
    with ExitStack() as stack:
        stack.enter_context(only_worker(url))
        worker = stack.enter_context(Record.open(url))
        begin_work(worker)
        with pytest.raises(RecordError, match=r"^a worker is running on .*: stop it first( \(process .*\))?$"):
            put_back(url, file, force=True)
        with worker.begin() as conn:
            assert runs.get(conn, "here") == "what was there"
    put_back(url, file, force=True)
    assert here(url) is None


def test_a_worker_that_idles_is_seen_too(postgres_url: str, file: Path) -> None:
    """By a connection that it keeps, and by each that it opens later."""
    beginning(postgres_url)
    with Record.open(postgres_url) as worker:
        begin_work(worker)
        begin_work(worker)
        for _ in range(2):
            with pytest.raises(RecordError, match="a worker is running"):
                put_back(postgres_url, file, force=True)
            with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:  # a server's restart
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            with worker.read() as conn:
                assert runs.get(conn, "here") == "what was there"


def test_a_worker_that_lost_the_record_during_a_restore_does_not_go_on(
    postgres_url: str, file: Path, postgres_server: PostgresServer
) -> None:
    """What it knew by number is another thing now."""
    beginning(postgres_url)
    with Record.open(postgres_url) as worker, Record.open(postgres_url) as young:
        begin_work(worker)
        worker.engine.dispose()
        put_back(postgres_url, file, force=True)
        for _ in range(2):
            with pytest.raises(RecordError, match=r"start the worker again$"), worker.begin():
                raise AssertionError("it went on")
        begin_work(young)  # one that starts now does
        with young.read() as conn:
            assert runs.restored(conn) is not None


def test_a_worker_does_not_begin_under_a_restore(postgres_url: str, file: Path) -> None:
    beginning(postgres_url)
    refused: list[str] = []
    with Record.open(postgres_url) as worker:

        def begin(done: int, total: int) -> None:
            if done == total:
                worker.at_work = False  # as if it had read the mark before the tables were moved
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(runs, "get", lambda *_: None)
                    try:
                        begin_work(worker)
                    except RecordError as error:
                        refused.append(str(error))

        restore(postgres_url, file, LATER, force=True, progress=begin)
    assert refused == ["database: it is being restored; start again when that is done"]


def test_two_restores_do_not_meet(url: str, file: Path) -> None:
    beginning(url)
    met: list[str] = []

    def another(done: int, total: int) -> None:
        if not met:
            try:
                put_back(url, file, force=True)
            except RecordError as error:
                met.append(str(error))

    restore(url, file, LATER, force=True, progress=another)
    assert len(met) == 1 and "stop it first" in met[0]


def test_whoever_has_the_record_open_is_waited_for(url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "PATIENCE", 0.2)
    monkeypatch.setattr(restoring, "PATIENCE_SECONDS", 1)
    beginning(url)
    with Record.open(url) as other:
        with other.read() as conn, pytest.raises(RecordError, match=r"^(.*is open in another program|.* is in use, )"):
            runs.get(conn, "here")
            put_back(url, file, force=True)
        with other.begin() as conn:
            assert runs.get(conn, "here") == "what was there"
    put_back(url, file, force=True)


def test_a_backup_is_not_disturbed_by_a_restore(url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "PATIENCE", 0.2)
    monkeypatch.setattr(restoring, "PATIENCE_SECONDS", 1)
    beginning(url)
    with Record.open(url) as record, record.still(), pytest.raises(RecordError, match=r"in use|is open in"):
        put_back(url, file, force=True)


def test_who_comes_in_the_moment_of_the_change_writes_into_neither(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that opened the old file while it was exchanged must not write into it, nor beside the new one."""
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    beginning(url)
    said: list[object] = []
    opened = threading.Event()
    real_wal, real_replace = database._write_ahead, Path.replace

    def command() -> None:
        try:
            with Record.open(url) as record, record.begin() as conn:
                runs.put(conn, "here", "written by the command")
            said.append("written")
        except RecordError as error:
            said.append(str(error))

    thread = threading.Thread(target=command)

    def write_ahead(cursor: Any) -> None:
        if threading.current_thread() is thread:
            cursor.execute("PRAGMA busy_timeout=0")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                cursor.execute("SELECT 1 FROM meta")  # the file is open from here on
            opened.set()
        real_wal(cursor)

    def replace(self: Path, target: Any) -> Path:
        if self.suffix == ".restoring":
            thread.start()
            assert opened.wait(20)
        return real_replace(self, target)

    monkeypatch.setattr(database, "_write_ahead", write_ahead)
    monkeypatch.setattr(Path, "replace", replace)
    kept = put_back(url, file).kept
    thread.join()
    monkeypatch.undo()
    # either it was refused, or what it wrote is where the record is now
    assert said in (["database: attempt to write a readonly database"], ["written"])
    assert here(url) == (None if said != ["written"] else "written by the command")
    assert here(f"sqlite:///{kept}") == "what was there"
    for path in (tmp_path / "bot.db", kept):
        with closing(sqlite3.connect(str(path))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_database_in_memory_is_none(file: Path) -> None:
    with pytest.raises(UsageError, match="in memory"):
        put_back("sqlite://", file)


# Killed


@pytest.mark.soak
def test_one_that_is_killed_has_done_all_or_nothing(url: str, file: Path, elsewhere: str, tmp_path: Path) -> None:
    trace, office, wanted = tmp_path / "points", tmp_path / "office", held(elsewhere)
    put_back(url, file)
    beginning(url)
    if office.exists():
        shutil.copytree(office, tmp_path / "as it was")
    # given
    points = run(do_restore, url, file, trace=trace).points
    seen = set()
    for number in chosen(points, 4):
        if office.exists():
            shutil.rmtree(office)
            shutil.copytree(tmp_path / "as it was", office)
        else:
            beginning(url)
        # when
        assert run(do_restore, url, file, trace=trace, die_at=number).status == KILLED
        # then
        where = f"{number}: {points[number - 1]}"
        done = here(url) is None
        seen.add(done)
        mark = [] if done else [{"key": "here", "value": "what was there"}]
        found = held(url)
        found["meta"] = [row for row in found["meta"] if row not in mark]
        assert found == wanted, where
        left = {path.name for path in tmp_path.rglob("*.restoring*")}
        assert left <= {"bot.db.restoring"}, where
    # and it can be done again, and tidies up
    put_back_at_last(url, file)
    assert held(url) == wanted
    assert not list(tmp_path.rglob("*.restoring*"))
    assert seen == {True, False}


def put_back_at_last(url: str, file: Path) -> None:
    """PostgreSQL needs a moment to see that the other end of a connection is dead."""
    for attempt in range(100):
        try:
            put_back(url, file, force=True)
            return
        except RecordError as error:
            if attempt == 99 or "stop it first" not in str(error):
                raise
            threading.Event().wait(0.1)

"""From an empty database to the newest schema, on both kinds; what is newer, broken or absent is one clear line."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bot.errors import ConfigError, RecordError
from bot.record import archive, database, schema
from bot.record.database import Record, exists, schema_version
from bot.record.migrate import MIGRATIONS
from tests.bots import at


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database can be, but is not yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'bot.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def record(url: str) -> Iterator[Record]:
    with Record.open(url) as opened:
        yield opened


def test_an_empty_database_is_brought_to_head(record: Record) -> None:
    assert schema_version(record.engine) == schema.HEAD


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == schema.HEAD


def test_the_migrated_schema_is_the_one_that_the_code_uses(record: Record) -> None:
    with record.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_opening_again_keeps_what_is_there(url: str) -> None:
    with Record.open(url) as first, first.begin() as conn:
        archive.set_folder_state(conn, "INBOX", archive.FolderState(7, 12, at("2017-07-03T10:00")))
    with Record.open(url) as second, second.read() as conn:
        state = archive.folder_state(conn, "INBOX")
    assert state == archive.FolderState(7, 12, at("2017-07-03T10:00"))


def test_a_newer_schema_is_refused_in_one_line(url: str) -> None:
    with Record.open(url) as record, record.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordError, match=r"^the database has schema 9999, newer than this program's \d+.*$"):
        Record.open(url)


def test_processes_that_open_an_empty_database_together_all_succeed(url: str) -> None:
    _open_together(url)


def test_on_sqlite_they_do_so_every_time(tmp_path: Path) -> None:
    for number in range(6):  # what goes wrong here goes wrong seldom
        _open_together(f"sqlite:///{tmp_path / f'{number}.db'}")


def _open_together(url: str) -> None:
    """Four that start at the same moment."""
    failures: list[BaseException] = []
    gate = threading.Barrier(4)

    def open_it() -> None:
        gate.wait()
        try:
            Record.open(url).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Record.open(url) as record:
        assert schema_version(record.engine) == schema.HEAD


def test_whether_a_record_exists_is_told_without_making_one(url: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert not exists(url)
    assert sorted(tmp_path.rglob("*")) == before
    Record.open(url).close()
    assert exists(url)


def test_sqlite_is_durable_and_strict(tmp_path: Path) -> None:
    with Record.open(f"sqlite:///{tmp_path / 'bot.db'}") as record:
        with record.begin() as conn:
            pragmas = {
                name: conn.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15_000}


def test_a_row_that_points_nowhere_is_refused(record: Record) -> None:
    row = {"folder": "INBOX", "uidvalidity": 1, "uid": 1, "mail_id": 4711, "filed": False}
    with pytest.raises(IntegrityError), record.begin() as conn:
        conn.execute(schema.place.insert().values(row))


def test_an_error_shows_nobody_and_no_mail(record: Record) -> None:
    row = {"unit": "五图街道", "name": "李明", "mobile": "13812345678", "email": None, "since": at("2017-07-03T10:00")}
    with pytest.raises(IntegrityError) as caught, record.begin() as conn:
        conn.execute(schema.liaison.insert().values(row))
    said = str(caught.value).partition("DETAIL")[0]  # PostgreSQL's own lines name the row that it refused
    assert "13812345678" not in said
    assert "hide_parameters" in str(caught.value)


def test_a_transaction_that_fails_leaves_nothing(record: Record) -> None:
    with pytest.raises(KeyError), record.begin() as conn:
        archive.set_folder_state(conn, "INBOX", archive.FolderState(1, 1, at("2017-07-03T10:00")))
        raise KeyError("a bug in the middle")
    with record.read() as conn:
        assert archive.folder_state(conn, "INBOX") is None


def test_a_reader_sees_one_state_while_others_write(record: Record) -> None:
    with record.read() as reading:
        assert archive.folder_state(reading, "INBOX") is None
        with record.begin() as writing:
            archive.set_folder_state(writing, "INBOX", archive.FolderState(1, 1, at("2017-07-03T10:00")))
        assert archive.folder_state(reading, "INBOX") is None
    with record.read() as reading:
        assert archive.folder_state(reading, "INBOX") is not None


def test_a_locked_database_is_an_error_of_the_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)
    file = tmp_path / "bot.db"
    with Record.open(f"sqlite:///{file}") as record:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(RecordError, match=r"^database: database is locked$"), record.begin():
                raise AssertionError("the lock was not respected")
        finally:
            other.close()
        with record.begin() as conn:  # and it is over with the lock
            archive.counts(conn)


def test_a_server_that_goes_away_in_the_middle(postgres_url: str) -> None:
    with Record.open(postgres_url) as record:
        with pytest.raises(RecordError, match=r"^database: .+"), record.begin() as conn:
            pid = conn.execute(text("SELECT pg_backend_pid()")).scalar()
            with record.engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            archive.counts(conn)
        with record.read() as conn:  # the next one is fresh
            assert archive.counts(conn) == {}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////proc/bot.db", "unable to open database file"),
        ("postgresql+psycopg://nobody@/x?host=/nowhere", "nowhere"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/x", "refused"),
    ],
)
def test_a_database_that_cannot_be_reached(url: str, says: str) -> None:
    with pytest.raises(RecordError) as caught:
        Record.open(url)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="file"):
        Record.open(f"sqlite:///{tmp_path / 'file' / 'deep' / 'bot.db'}")


@pytest.mark.parametrize("damage", ["junk", "torn"])
def test_a_damaged_file_is_an_error_of_the_world(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "bot.db"
    if damage == "junk":
        file.write_bytes(b"this is no database" * 1000)
    else:
        Record.open(f"sqlite:///{file}").close()
        data = bytearray(file.read_bytes())
        data[4096:] = b"\xff" * (len(data) - 4096)  # every page but the first
        file.write_bytes(data)
    with (
        pytest.raises(RecordError, match=r"^database: ") as caught,
        Record.open(f"sqlite:///{file}") as record,
        record.begin() as conn,
    ):
        conn.execute(schema.mail.select())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["nonsense", "", "sqlite", "oracle+nothing://x", "mysql://root@127.0.0.1/x", "postgres://x/y"]
)
def test_a_wrong_url_is_a_wrong_setting(url: str) -> None:
    for look in (Record.open, exists):
        with pytest.raises(ConfigError, match=r"^database\.url: ") as caught:
            look(url)
        assert "\n" not in str(caught.value)


def test_a_copy_of_the_file_opens(tmp_path: Path) -> None:
    Record.open(f"sqlite:///{tmp_path / 'bot.db'}").close()
    shutil.copy(tmp_path / "bot.db", tmp_path / "copy %41 名.db")
    with Record.open(f"sqlite:///{tmp_path / 'copy %41 名.db'}") as record:
        assert schema_version(record.engine) == schema.HEAD

"""Every schema that ever was, full of rows, comes to the newest: nothing is lost, nothing of the old one is left."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect, text

from bot.record import schema
from bot.record.database import Record, schema_version
from bot.record.migrate import MIGRATIONS, upgrade
from tests import plausible
from tests.bots import at
from tests.faults.dying import KILLED, run
from tests.faults.keeping import do_migrate

SOAK = os.environ.get("BOT_SOAK") == "1"
REVISIONS = sorted(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bot.db'}"
    return str(request.getfixturevalue("postgres_url"))


def full(url: str, revision: str) -> None:
    """A record of that schema, with rows in every table."""
    with Record.bare(url) as record, record.begin() as conn:
        upgrade(conn, revision)
        plausible.fill(conn)


def shape(conn: Connection) -> dict[str, Any]:
    """All that a database says of its tables; the order of columns apart, which no statement relies on."""
    found = inspect(conn)

    def sorted_by_name(items: Any) -> list[Any]:
        return sorted(({k: v for k, v in item.items() if k != "dialect_options"} for item in items), key=repr)

    return {
        table: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(table)},
            "key": found.get_pk_constraint(table),
            "references": sorted_by_name(found.get_foreign_keys(table)),
            "unique": sorted_by_name(found.get_unique_constraints(table)),
            "indexes": sorted_by_name(found.get_indexes(table)),
            "checks": sorted_by_name(found.get_check_constraints(table)),
        }
        for table in found.get_table_names()
    }


@pytest.fixture
def fresh(url: str) -> Iterator[dict[str, Any]]:
    """The shape of a record that was made today, at ``url``, where it is not any more."""
    with Record.open(url) as record, record.engine.connect() as conn, conn.begin():
        found = shape(conn)
        schema.metadata.drop_all(conn)
        conn.execute(text("DROP TABLE alembic_version"))
    yield found


def test_every_released_schema_is_tried() -> None:
    assert REVISIONS[0] == "0001"
    assert REVISIONS[-1] == schema.HEAD
    assert len(REVISIONS) == len(list((MIGRATIONS / "versions").glob("r*.py")))


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_stood_in_an_older_schema_is_carried_to_the_newest(url: str, revision: str, fresh: dict[str, Any]) -> None:
    # given
    full(url, revision)
    with Record.bare(url) as record, record.read() as conn:
        before = plausible.contents(conn)
    # when
    with Record.open(url) as record, record.read() as conn:
        # then
        after = plausible.contents(conn)
        assert schema_version(record.engine) == schema.HEAD
        assert shape(conn) == fresh
    came = plausible.carried(before, after)
    assert not any(after[table] for table in set(after) - came)


def test_the_migrations_make_what_the_code_describes(url: str, fresh: dict[str, Any]) -> None:
    with Record.bare(url) as record, record.begin() as conn:
        schema.metadata.create_all(conn)
        made = shape(conn)
    assert {name: table for name, table in fresh.items() if name != "alembic_version"} == made


def test_a_second_upgrade_does_nothing(url: str) -> None:
    full(url, REVISIONS[0])
    Record.open(url).close()
    said: list[str] = []
    with Record.open(url) as record, record.begin() as conn:
        before = plausible.contents(conn)
        event.listen(conn, "before_cursor_execute", lambda *args: said.append(args[2].split()[0].upper()))
        upgrade(conn)
        assert plausible.contents(conn) == before
    assert set(said) <= {"SELECT", "PRAGMA"}


def test_rows_that_are_new_go_on_behind_those_that_were_migrated(url: str) -> None:
    full(url, REVISIONS[0])
    with Record.open(url) as record, record.begin() as conn:
        row = {"at": at("2017-07-06T09:00"), "what": "test", "detail": {}}
        highest = max(r["id"] for r in plausible.contents(conn)["event"])
        assert conn.execute(schema.event.insert().returning(schema.event.c.id), row).scalar_one() > highest


@pytest.mark.soak
@pytest.mark.parametrize("revision", REVISIONS[:-1] if SOAK else REVISIONS[:1])
def test_a_migration_that_is_killed_leaves_what_was(url: str, revision: str, tmp_path: Path) -> None:
    """At every statement and commit in turn; by default at some of those of the longest way."""
    full(url, revision)
    with Record.bare(url) as record, record.read() as conn:
        before, was = plausible.contents(conn), shape(conn)
    number = 1
    while True:
        # when
        died = run(do_migrate, url, trace=tmp_path / "points", die_at=number)
        # then
        with Record.bare(url) as record, record.read() as conn:
            if died.status == 0 or died.points[-1] == "after commit":
                assert number > 10
                assert schema_version(record.engine) == schema.HEAD
                return
            assert died.status == KILLED
            assert schema_version(record.engine) == revision
            assert (plausible.contents(conn), shape(conn)) == (before, was), died.points[-1]
        number += 1 if SOAK else 17 if url.startswith("sqlite") else 6

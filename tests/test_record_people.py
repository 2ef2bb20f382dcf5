"""Liaisons with their history, registered bases, dead addresses."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.model.people import Liaison
from bot.record import people, schema
from bot.record.database import Record
from tests.bots import at, database_url

EVER, JUNE, JULY = date(2017, 6, 1), date(2017, 6, 20), date(2017, 7, 10)
LI, WANG = Liaison("五图街道", "李明", "138", "li@town.test"), Liaison("五图街道", "王芳", "139", "wang@town.test")
NOW = at("2017-07-03T10:00")


@pytest.fixture(params=["sqlite", "postgresql"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    with Record.open(database_url(request, tmp_path)) as opened:
        yield opened


def test_the_first_liaisons_of_a_unit_count_from_the_beginning(record: Record) -> None:
    with record.begin() as conn:
        assert people.appoint(conn, "五图街道", [LI, WANG], JUNE, EVER)
        assert people.liaisons(conn, EVER) == [LI, WANG]
        assert people.liaisons(conn, date(2017, 5, 31)) == []


def test_a_successor_takes_over_on_the_day_and_the_past_stays(record: Record) -> None:
    with record.begin() as conn:
        people.appoint(conn, "五图街道", [LI], JUNE, EVER)
        assert people.appoint(conn, "五图街道", [WANG], JULY, EVER)
        assert people.liaisons(conn, date(2017, 7, 9)) == [LI]
        assert people.liaisons(conn, JULY) == [WANG]
        assert people.at_address(conn, "li@town.test", JULY) == []
        assert people.at_address(conn, "li@town.test", JUNE) == [LI]


def test_the_same_list_again_changes_nothing(record: Record) -> None:
    with record.begin() as conn:
        people.appoint(conn, "五图街道", [LI, WANG], JUNE, EVER)
        assert not people.appoint(conn, "五图街道", [WANG, LI], JULY, EVER)
        assert len(conn.execute(select(schema.liaison)).all()) == 2


def test_a_new_telephone_keeps_the_person_without_a_gap(record: Record) -> None:
    moved = Liaison("五图街道", "李明", "150", "li@town.test")
    with record.begin() as conn:
        people.appoint(conn, "五图街道", [LI, WANG], JUNE, EVER)
        assert people.appoint(conn, "五图街道", [moved, WANG], JULY, EVER)
        assert set(people.liaisons(conn, JULY)) == {moved, WANG}
        assert set(people.liaisons(conn, date(2017, 7, 9))) == {LI, WANG}


def test_an_address_may_hold_two_posts_and_none_is_nobodys(record: Record) -> None:
    nobody, other = Liaison("乔官镇", "赵", "", ""), Liaison("乔官镇", "李明", "138", "li@town.test")
    with record.begin() as conn:
        people.appoint(conn, "五图街道", [LI], JUNE, EVER)
        people.appoint(conn, "乔官镇", [nobody, other], JUNE, EVER)
        assert people.at_address(conn, "li@town.test", JUNE) == [LI, other]
        assert people.at_address(conn, "", JUNE) == []


def test_a_base_is_set_and_changed_by_category(record: Record) -> None:
    with record.begin() as conn:
        people.register_base(conn, "五图街道", "annex4", {"above_scale": 10, "other": 200}, NOW)
        people.register_base(conn, "五图街道", "annex4", {"other": 210}, NOW)
        people.register_base(conn, "乔官镇", "annex9", {"other": 1}, NOW)
        assert people.bases(conn, "annex4") == {"五图街道": {"above_scale": 10, "other": 210}}


def test_an_address_dies_once_and_lives_again_with_a_new_appointment(record: Record) -> None:
    with record.begin() as conn:
        people.appoint(conn, "五图街道", [LI], JUNE, EVER)
        assert people.mark_dead(conn, "li@town.test", NOW, "550 User not found")
        assert not people.mark_dead(conn, "li@town.test", NOW, "550 again")
        assert people.dead(conn) == {"li@town.test"}
        people.appoint(conn, "五图街道", [Liaison("五图街道", "李明", "150", "li@town.test")], JULY, EVER)
        assert people.dead(conn) == set()

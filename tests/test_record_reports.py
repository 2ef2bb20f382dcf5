"""Reports as versions: none is erased, the newest accepted one is in force; and what waits for a person."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bot.jobs.parts import Bot
from bot.jobs.standing import lines
from bot.model.deciding import Attention
from bot.record import attention, reports, schema, versions
from tests.bots import NUMBERS, archived, at, build, built, config, events, reported, rows

WUTU, QIAOGUAN = "五图街道", "乔官镇"


@pytest.fixture(params=["sqlite", "postgresql"])
def bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    yield from built(request, tmp_path)


def test_the_newest_accepted_version_is_in_force(bot: Bot) -> None:
    # given
    first = reported(bot, WUTU, when="2017-07-03T10:00")
    second = reported(bot, WUTU, when="2017-07-07T10:00", numbers={"other": {"level_1": 3}})
    reported(bot, WUTU, when="2017-07-08T10:00", outcome="returned", why="error")
    reported(bot, WUTU, "2017-07", "2017-08-01T10:00")
    # when
    with bot.record.read() as conn:
        found = versions.accepted(conn, "annex4", WUTU, "2017-06")
        force = versions.in_force(conn, "annex4", "2017-06")
        uncounted = reports.not_counted(conn, "annex4", "2017-06", "2017-06")
    # then
    assert found is not None
    assert (found.report_id, found.version, found.numbers) == (second, 2, {"other": {"level_1": 3}})
    assert (found.received_at, found.first_received_at) == (at("2017-07-07T10:00"), at("2017-07-03T10:00"))
    assert {unit: row.id for unit, row in force.items()} == {WUTU: second}
    assert [(row.unit, row.outcome, row.version) for row in uncounted] == [(WUTU, "returned", None)]
    kept = {row.id: row for row in rows(bot, schema.report)}
    assert kept[first].numbers == NUMBERS
    assert (kept[first].on_time, kept[second].on_time) == (True, True)  # a corrected one stays on time


def test_the_last_report_before_a_month_is_found_over_a_gap(bot: Bot) -> None:
    reported(bot, WUTU, "2017-06", "2017-07-03T10:00")
    reported(bot, WUTU, "2017-09", "2017-10-03T10:00")
    reported(bot, WUTU, "2017-12", "2018-01-03T10:00")
    with bot.record.read() as conn:
        assert versions.accepted_before(conn, "annex4", WUTU, "2017-06") is None
        for period, wanted in (("2017-07", "2017-06"), ("2017-10", "2017-09"), ("2018-01", "2017-12")):
            earlier = versions.accepted_before(conn, "annex4", WUTU, period)
            assert earlier is not None
            assert earlier.period == wanted
        carried = versions.in_force_until(conn, "annex4", "2017-11")
        assert {unit: row.period for unit, row in carried.items()} == {WUTU: "2017-09"}


def test_a_version_exists_once(bot: Bot) -> None:
    reported(bot, WUTU)
    row = dict(rows(bot, schema.report)[0]._mapping)
    row.pop("id")
    with pytest.raises(IntegrityError), bot.record.begin() as conn:
        conn.execute(schema.report.insert().values(row))


def test_what_was_recorded_between_two_digests(bot: Bot) -> None:
    for unit, when in ((WUTU, "2017-07-03T08:30"), (QIAOGUAN, "2017-07-10T08:30"), ("红河镇", "2017-07-10T08:31")):
        reported(bot, unit, when=when)
    reported(bot, "营丘镇", when="2017-07-05T10:00", outcome="returned")
    with bot.record.read() as conn:
        between = versions.recorded_between(conn, at("2017-07-03T08:30"), at("2017-07-10T08:30"))
    assert [row.unit for row in between] == [QIAOGUAN]


def test_every_report_leaves_an_event(bot: Bot) -> None:
    reported(bot, WUTU)
    reported(bot, QIAOGUAN, outcome="returned", why="x")
    assert events(bot, "report.") == ["report.accepted", "report.returned"]


def test_what_needs_a_person_is_told_once(bot: Bot) -> None:
    # given
    mail_id = archived(bot, b"mail", at("2017-07-03T10:00"))
    now = at("2017-07-03T11:00")
    with bot.record.begin() as conn:
        attention.open_items(conn, [Attention("set_aside", "KeyError"), Attention("capped")], now, mail_id)
        attention.open_items(conn, [Attention("letter_failed", "a@town.test", WUTU)], now)
    # when
    with bot.record.begin() as conn:
        first = attention.untold(conn)
        attention.told(conn, [row.id for row in first[:2]], now, "slot")
    # then
    assert [(row.kind, row.detail, row.received_at) for row in first] == [
        ("set_aside", "KeyError", at("2017-07-03T10:00")),
        ("capped", "", at("2017-07-03T10:00")),
        ("letter_failed", "a@town.test", None),
    ]
    with bot.record.read() as conn:
        assert [row.kind for row in attention.untold(conn)] == ["letter_failed"]
        assert len(attention.since(conn, at("2017-07-03T10:59"))) == 3
        assert attention.since(conn, now) == []


def test_two_workers_never_tell_the_same(postgres_url: str, tmp_path: Path) -> None:
    with build(config(tmp_path, database={"url": postgres_url})) as bot:
        with bot.record.begin() as conn:
            attention.open_items(conn, [Attention("capped")], at("2017-07-03T11:00"))
        with bot.record.begin() as one, bot.record.begin() as two:
            assert len(attention.untold(one)) == 1
            assert attention.untold(two) == []


def test_a_waiting_report_waits_until_the_unit_has_an_accepted_one(bot: Bot) -> None:
    def units(period: str) -> list[str | None]:
        with bot.record.read() as conn:
            return [row.unit for row in reports.waiting(conn) if (row.form, row.about) == ("annex4", period)]

    # given
    reported(bot, WUTU, when="2017-07-03T11:00", outcome="waiting", why="unknown_sender")
    assert (units("2017-06"), units("2017-07")) == ([WUTU], [])
    # when the unit itself reports
    reported(bot, WUTU, when="2017-07-03T12:00")
    # then
    assert units("2017-06") == []


def test_a_report_in_the_name_of_another_unit_waits_until_its_sender_has_reported(bot: Bot) -> None:
    # given one that names Wutu and came from Qiaoguan, after Wutu's own
    reported(bot, WUTU, when="2017-07-03T10:00")
    reported(bot, WUTU, when="2017-07-03T11:00", outcome="waiting", why="unit_mismatch", sender_unit=QIAOGUAN)
    with bot.record.read() as conn:
        assert [row.sender_unit for row in reports.waiting(conn)] == [QIAOGUAN]
        assert {r.unit.name: r.state for r in lines(bot, conn, "annex4", "2017-06", at("2017-07-04T10:00"))}[
            QIAOGUAN
        ] == "waiting"
    # when
    reported(bot, QIAOGUAN, when="2017-07-03T12:00")
    # then
    with bot.record.read() as conn:
        assert reports.waiting(conn) == []

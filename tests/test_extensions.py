"""A deadline that the office has put off is the unit's deadline everywhere.

June's report is due on Wednesday 2017-07-05. After-1 has gone to all on 07-06; then 五图街道 is given until 07-12.
Its own stages are before-3 on 07-07, due on 07-12, after-1 on 07-13, after-3 on 07-17.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.deciding.bulletin_view import document_context
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.jobs.reporting.assessing import assessed
from bot.jobs.reporting.board import board_context
from bot.jobs.reporting.bulletins import draft, edition
from bot.jobs.reporting.digesting import digest
from bot.jobs.standing import lines
from bot.record import acts
from bot.record.acts import Dispensation
from tests.bots import appoint, at, built, first_run, flat, header, letters, read_mailbox, reported

WUTU, QIAOGUAN = "五图街道", "乔官镇"
LI, WANG, STAFF = "li@wutu.test", "wang@qiaoguan.test", "staff@demo.test"


@pytest.fixture(params=["sqlite", "postgresql"])
def bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    """Both have had after-1, and one was given a week more."""
    for made in built(request, tmp_path):
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG))
        for unit in made.rules.units.units:
            if unit.name not in (WUTU, QIAOGUAN):
                reported(made, unit.name, when="2017-07-03T10:00")
        passes(made, "2017-07-06T09:00")
        extend(made, date(2017, 7, 12), "2017-07-06T10:00")
        yield made


def extend(bot: Bot, until: date, when: str) -> None:
    with bot.record.begin() as conn:
        acts.dispense(conn, Dispensation(WUTU, "annex4", "2017-06", until, "汛期"), at(when))


def passes(bot: Bot, when: str) -> None:
    read_mailbox(bot, at(when))
    remind(bot, at(when))


def to(bot: Bot, address: str) -> list[tuple[str, str, str]]:
    """Day, kind and flat text of every letter to an address, but for the first day's."""
    return [
        (row.queued_at.astimezone(bot.zone).strftime("%m-%d"), row.letter, flat(row.mime))
        for row in letters(bot)
        if row.to == address
    ]


def test_the_ladder_begins_anew_for_the_new_day_though_after_1_of_the_old_one_has_gone(bot: Bot) -> None:
    day = at("2017-07-06T11:00")
    while day < at("2017-07-19T18:00"):
        passes(bot, day.strftime("%Y-%m-%dT%H:%M"))
        day += timedelta(hours=6)
    told = [(when, letter) for when, letter, _ in to(bot, LI) if letter.startswith("reminder")]
    assert told == [
        ("07-06", "reminder_overdue"),
        ("07-07", "reminder_before"),
        ("07-12", "reminder_due"),
        ("07-13", "reminder_overdue"),
        ("07-17", "reminder_overdue"),
    ]
    texts = [text for _, letter, text in to(bot, LI) if letter.startswith("reminder")]
    assert "7月12日" in texts[1]
    assert "逾期1天" in texts[3]
    assert "逾期5天" in texts[4]
    # and the other goes on as if nothing had been
    assert [when for when, letter, _ in to(bot, WANG)] == ["07-06", "07-10", "07-14"]


def test_the_notice_names_each_unit_by_its_own_day(bot: Bot) -> None:
    for day in ("07", "10", "13"):
        passes(bot, f"2017-07-{day}T09:00")
    notices = [(when, text) for when, letter, text in to(bot, STAFF) if letter == "overdue_notice"]
    assert [when for when, _ in notices] == ["07-06", "07-10", "07-13"]
    of_all, own = notices[1][1], notices[2][1]
    assert "逾期未报1个：乔官镇。" in of_all
    assert "另有1个单位报送期限不同：五图街道（期限7月12日，未到期限）。" in of_all
    assert "1.五图街道" not in of_all
    assert "报送期限为2017年7月12日，现已逾期1天" in own
    assert "逾期未报1个：五图街道。" in own
    assert "乔官镇（期限7月5日，逾期8天）" in own
    assert "1.乔官镇" not in own


def test_what_comes_in_time_is_on_time_everywhere(bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-12T23:00")
    now = at("2017-07-20T09:00")
    with bot.record.read() as conn:
        line = next(x for x in lines(bot, conn, "annex4", "2017-06", now) if x.unit.name == WUTU)
        year = assessed(bot, conn, 2017, at("2017-06-20T09:00"), now)
    assert (line.state, line.late_by_days, line.on_time) == ("accepted", 0, True)
    evidence = next(a for a in year if a.unit == WUTU).evidence
    assert [(e.outcome, e.late_days) for e in evidence if e.form == "annex4"] == [("on_time", 0)]


def test_two_days_after_the_new_day_are_two_days_late(bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-14T09:00")
    now = at("2017-07-20T09:00")
    with bot.record.read() as conn:
        line = next(x for x in lines(bot, conn, "annex4", "2017-06", now) if x.unit.name == WUTU)
        year = assessed(bot, conn, 2017, at("2017-06-20T09:00"), now)
    assert (line.state, line.late_by_days) == ("late", 2)
    evidence = next(a for a in year if a.unit == WUTU).evidence
    assert [(e.outcome, e.late_days) for e in evidence if e.form == "annex4"] == [("late", 2)]


def test_while_it_runs_bulletin_digest_and_board_do_not_call_the_unit_late(bot: Bot) -> None:
    now = at("2017-07-10T09:00")
    read_mailbox(bot, now)
    assert draft(bot, now)
    assert digest(bot, now)
    letter = next(row for row in letters(bot) if row.letter == "bulletin")
    said = flat(letter.mime)
    assert "未报1个：乔官镇" in said
    assert "经同意延期、期限未到1个：五图街道" in said
    assert "未报1" in header(letter.mime, "Subject")
    with bot.record.read() as conn:
        made = edition(bot, conn, "2017-06", now).bulletin
    shown = document_context(made, bot.rules, None)
    assert [row["unit"] for row in shown["missing"]] == [QIAOGUAN]
    assert [(row["unit"], row["remark"].split("，")[:2]) for row in shown["extended"]] == [
        (WUTU, ["经同意延期", "期限未到"])
    ]
    week = flat(next(row for row in letters(bot) if row.letter == "digest").mime)
    assert "尚未报送（未到期限）】1.五图街道：李明，13800000000，延期至7月12日" in week
    assert "逾期未报1个单位：乔官镇" in week
    unit = next(u for u in board_context(bot, now)["forms"][0]["units"] if u["unit"] == WUTU)
    assert (unit["state"], unit["days"]) == ("open", 0)
    # and once it is over, it is late by its own days
    with bot.record.read() as conn:
        later = edition(bot, conn, "2017-06", at("2017-07-14T09:00")).bulletin
    line = next(x for x in later.lines if x.unit == WUTU)
    assert (line.state, line.late_days) == ("missing", 2)
    assert document_context(later, bot.rules, None)["extended"] == []


def test_a_second_extension_and_one_that_is_taken_back(bot: Bot) -> None:
    passes(bot, "2017-07-07T09:00")
    extend(bot, date(2017, 7, 14), "2017-07-07T10:00")
    passes(bot, "2017-07-12T09:00")
    with bot.record.begin() as conn:
        acts.withdraw(conn, WUTU, "annex4", "2017-06", at("2017-07-12T10:00"))
    passes(bot, "2017-07-12T11:00")
    passes(bot, "2017-07-14T11:00")
    told = [(when, letter) for when, letter, _ in to(bot, LI) if letter.startswith("reminder")]
    # 07-12 09:00 is before-3 of 07-14 (reached on 07-11); at 11:00 the old day holds again, and after-3 was not sent
    assert told == [
        ("07-06", "reminder_overdue"),
        ("07-07", "reminder_before"),
        ("07-12", "reminder_before"),
        ("07-12", "reminder_overdue"),
        ("07-14", "reminder_overdue"),
    ]

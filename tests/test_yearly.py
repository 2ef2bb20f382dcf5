"""The January letter, hour by hour: once to each person, in working hours, after an outage too, and not in February."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from bot.jobs import enqueuing
from bot.jobs.parts import Bot
from bot.jobs.reporting.yearly import send_year_plan
from bot.jobs.tick import Report, begin, watch_the_clock
from bot.record import people, schema
from tests.bots import (
    ROOT,
    appoint,
    at,
    build,
    built,
    config,
    files_of,
    first_run,
    flat,
    header,
    letters,
    never,
    rows,
    text_of,
)  # fmt: skip

WUTU, QIAOGUAN, EDUCATION = "五图街道", "乔官镇", "教育局"
LI, WANG, STAFF = "li@wutu.test", "wang@qiaoguan.test", "staff@demo.test"
LONG = {"first_period": "2017-06", "last_period": "2019-12"}
JANUARY = at("2018-01-02T08:30")


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path, campaign=LONG)) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (WUTU, "李明", LI))
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path, campaign=LONG):
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (WUTU, "李明", LI))
        yield made


def keys(bot: Bot) -> list[str]:
    return [row.key for row in letters(bot) if row.letter == "year_plan"]


def events(mime: bytes) -> list[str]:
    ((_, data),) = files_of(mime)
    return [str(e.decoded("dtstart")) for e in Calendar.from_ical(data).walk("VEVENT")]


def test_january_hour_by_hour(any_bot: Bot) -> None:
    # given a bot that runs since June
    written: dict[str, list[str]] = {}
    moment = at("2017-12-28T00:00")
    # when every hour of five weeks passes
    while moment < at("2018-02-03T00:00"):
        before = len(keys(any_bot))
        send_year_plan(any_bot, moment)
        if new := keys(any_bot)[before:]:
            written[f"{moment:%m-%d %H:%M}"] = new
        moment += timedelta(hours=1)
    # then each has one letter, on the first working day after New Year
    assert written == {"01-02 09:00": [f"year_plan:2018:{LI}", f"year_plan:2018:{STAFF}"]}


@pytest.mark.parametrize(
    ("now", "count"),
    [
        ("2017-12-31T10:00", 0),
        ("2018-01-01T10:00", 0),  # New Year
        ("2018-01-02T08:29:59", 0),
        ("2018-01-02T08:30", 2),
        ("2018-01-02T17:29:59", 2),
        ("2018-01-02T17:30", 0),
        ("2018-01-06T10:00", 0),  # a Saturday
        ("2018-01-31T17:29", 2),  # after an outage
        ("2018-02-01T08:30", 0),
        ("2018-05-02T10:00", 0),
    ],
)
def test_it_is_due_in_january_s_working_hours(bot: Bot, now: str, count: int) -> None:
    assert send_year_plan(bot, at(now)) == count
    assert len(keys(bot)) == count


def test_runs_and_restarts_write_it_once_and_every_year_anew(any_bot: Bot) -> None:
    assert [send_year_plan(any_bot, JANUARY) for _ in range(3)] == [2, 0, 0]
    begin(any_bot, JANUARY + timedelta(days=1))
    assert send_year_plan(any_bot, JANUARY + timedelta(days=1)) == 0
    assert send_year_plan(any_bot, at("2019-01-02T09:00")) == 2
    assert keys(any_bot)[2:] == [f"year_plan:2019:{LI}", f"year_plan:2019:{STAFF}"]


def test_letters_and_their_mark_are_one_transaction(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a process that dies at the second letter
    enqueue, asked = enqueuing.enqueue, []

    def dying(*args: object) -> object:
        asked.append(1)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return enqueue(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr("bot.jobs.reporting.yearly.enqueue", dying)
        with pytest.raises(KeyboardInterrupt):
            send_year_plan(bot, JANUARY)
    # then neither is there, and the next run writes both
    assert (keys(bot), [r for r in rows(bot, schema.job_run) if r.job == "year_plan"]) == ([], [])
    assert send_year_plan(bot, JANUARY) == 2


def test_one_letter_a_person_even_with_two_units(bot: Bot) -> None:
    appoint(bot, (QIAOGUAN, "李明", LI), (EDUCATION, "王芳", WANG))
    assert send_year_plan(bot, JANUARY) == 3
    (first, *_) = letters(bot)
    assert "五图街道、乔官镇联络员李明同志：" in flat(first.mime)
    assert [row.to for row in letters(bot)] == [LI, WANG, STAFF]


def test_a_liaison_who_comes_later_in_january_gets_it_alone(bot: Bot) -> None:
    send_year_plan(bot, JANUARY)
    appoint(bot, (QIAOGUAN, "王芳", WANG), on="2018-01-15")
    assert send_year_plan(bot, at("2018-01-15T10:00")) == 1
    assert keys(bot)[2:] == [f"year_plan:2018:{WANG}"]


def test_a_dead_address_gets_none_until_it_lives_again(bot: Bot) -> None:
    with bot.record.begin() as conn:
        people.mark_dead(conn, LI, at("2017-12-01T10:00"), "550 User not found")
    assert send_year_plan(bot, JANUARY) == 1
    assert keys(bot) == [f"year_plan:2018:{STAFF}"]
    with bot.record.begin() as conn:
        conn.execute(schema.dead_address.delete())
    assert send_year_plan(bot, JANUARY + timedelta(days=1)) == 1


def test_a_staff_member_who_is_a_liaison_too_gets_one_letter(tmp_path: Path) -> None:
    with build(config(tmp_path, campaign=LONG, office={"staff": ["Li@wutu.test"]})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI))
        assert send_year_plan(bot, JANUARY) == 1
        assert "联络员李明同志" in flat(letters(bot)[0].mime)


def test_the_letter_tells_every_deadline_and_brings_the_calendar(bot: Bot) -> None:
    send_year_plan(bot, JANUARY)
    liaison, staff = letters(bot)
    said = flat(liaison.mime)
    assert header(liaison.mime, "Subject").startswith("【报送日程】2018年各项报送期限（共12项）")
    assert "附件4（截至2017年12月）：2018年1月5日（星期五）" in said
    assert "附件4（截至2018年3月）：2018年4月5日（星期四，休息日）" in said
    assert "国务院办公厅" not in said
    assert [name for name, _ in files_of(liaison.mime)] == ["2018年报送日程.ics"]
    days = events(liaison.mime)
    assert (len(days), days[0], days[-1]) == (12, "2018-01-05", "2018-12-05")
    assert b"text/calendar" in liaison.mime
    assert "已拟发各单位联络员" in flat(staff.mime)


def test_after_an_outage_only_what_is_still_to_come_is_told(bot: Bot) -> None:
    send_year_plan(bot, at("2018-01-25T10:00"))
    assert events(letters(bot)[0].mime)[0] == "2018-02-05"
    assert "共11项" in flat(letters(bot)[0].mime)


@pytest.mark.parametrize(
    ("now", "count"),
    [
        ("2017-06-20T09:00", 2),  # at once: the rest of the year
        ("2017-07-20T10:00", 2),  # off for a month
        ("2017-07-24T10:00", 0),
    ],
)
def test_a_bot_that_begins_in_mid_year_tells_the_rest_of_it(bot: Bot, now: str, count: int) -> None:
    assert send_year_plan(bot, at(now)) == count
    if count:
        assert "2017年其余各项" in flat(letters(bot)[0].mime)
        assert events(letters(bot)[0].mime)[-1] == "2017-12-05"


def test_an_old_installation_that_learns_this_in_mid_year_waits_for_january(bot: Bot) -> None:
    assert send_year_plan(bot, at("2018-06-20T10:00")) == 0


def test_when_the_campaign_is_over_there_is_nothing_to_tell(bot: Bot) -> None:
    assert send_year_plan(bot, at("2020-01-02T10:00")) == 2  # December's report
    assert "共1项" in flat(letters(bot)[0].mime)
    assert send_year_plan(bot, at("2021-01-04T10:00")) == 0
    assert not [r for r in rows(bot, schema.job_run) if r.period_key.startswith("2021:")]


def test_a_guessed_year_says_that_days_may_move(tmp_path: Path) -> None:
    with build(config(tmp_path, campaign={"first_period": "2026-06", "last_period": "2027-12"})) as bot:
        first_run(bot, at("2026-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI))
        send_year_plan(bot, at("2027-01-04T09:00"))
        said = flat(letters(bot)[0].mime)
    assert "2027年放假安排尚未公布" in said
    assert "以国务院办公厅通知为准" in said


def test_only_what_a_unit_owes_is_told(bot: Bot, tmp_path: Path) -> None:
    # given a second form that only towns owe
    annex9 = (ROOT / "rules" / "annex4.toml").read_text(encoding="utf-8").replace('id = "annex4"', 'id = "annex9"')
    annex9 = annex9.replace('name = "附件4"', 'name = "附件9"').replace(
        'by = ["town", "department"]', 'by = ["town"]\nfirst = "2017-06"'
    )
    appoint(bot, (EDUCATION, "王芳", WANG))
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    (folder / "annex9.toml").write_text(annex9, encoding="utf-8")
    with build(config(tmp_path, campaign=LONG, paths={"rules": str(folder)})) as again:
        send_year_plan(again, JANUARY)
        told = {row.to: flat(row.mime) for row in letters(again)}
    assert "附件9" in told[LI] and "附件9" in told[STAFF]
    assert "附件9" not in told[WANG]
    assert "共24项" in told[LI]


def test_the_tick_sends_it(bot: Bot) -> None:
    watch_the_clock(bot, JANUARY, never, Report())
    assert len(keys(bot)) == 2
    assert "郭忠亮" in text_of(letters(bot)[0].mime)

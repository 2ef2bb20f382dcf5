"""What the office hears after an outage of the program, and after the campaign; and that silence follows.

Working hours 08:30 to 17:30. June's report is due on 2017-07-05, July's on Saturday 08-05; July is the last month here.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.deciding.calendar import WorkCalendar
from bot.deciding.outages import Missed, stages, working_time
from bot.jobs.parts import Bot
from bot.jobs.reporting.closing import end_of
from bot.jobs.reporting.digesting import digest
from bot.jobs.tick import Report, watch_the_clock
from tests.books import RULES
from tests.bots import ZONE, appoint, at, attentions, build, config, first_run, flat, letters, read_mailbox, reported

CALENDAR = WorkCalendar(RULES.calendar)
JUNE, JULY = at("2017-07-05T23:59:59"), at("2017-08-05T23:59:59")


@pytest.mark.parametrize(
    ("gone", "back", "hours"),
    [
        ("2017-07-03T17:30", "2017-07-04T08:30", 0),  # a night
        ("2017-07-07T17:30", "2017-07-10T08:30", 0),  # a weekend
        ("2017-07-03T12:00", "2017-07-03T14:00", 2),
        ("2017-07-03T16:30", "2017-07-04T09:30", 2),
        ("2017-07-03T08:00", "2017-07-05T18:00", 27),
    ],
)
def test_only_working_time_is_lost(gone: str, back: str, hours: int) -> None:
    assert working_time(at(gone), at(back), RULES.reminders.hours, CALENDAR, ZONE) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("deadline", "gone", "back", "expected"),
    [
        (JUNE, "2017-07-03T12:00", "2017-08-15T10:00", Missed(("after-7",), ("due", "after-1", "after-3"))),
        (JUNE, "2017-06-29T12:00", "2017-07-05T10:00", Missed(("due",), ("before-3",))),
        (JUNE, "2017-07-04T12:00", "2017-07-05T10:00", Missed(("due",))),
        (JUNE, "2017-07-04T12:00", "2017-07-06T08:00", Missed((), ("due",))),  # past, and after-1 is not reached yet
        (JUNE, "2017-07-14T12:00", "2017-08-15T10:00", Missed()),
    ],
)
def test_of_the_ladder_the_last_stage_that_makes_sense_is_made_up(
    deadline: datetime, gone: str, back: str, expected: Missed
) -> None:
    assert stages(RULES.reminders, deadline, at(gone), at(back), CALENDAR, ZONE) == expected


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path, campaign={"last_period": "2017-07"}, watch={"outage_hours": 4})) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, ("五图街道", "李明", "li@demo.test"))
        yield made


def ticks(bot: Bot, when: str, *, read: bool = True) -> None:
    if read:
        read_mailbox(bot, at(when))
    watch_the_clock(bot, at(when), lambda: True, Report())  # nothing leaves: there is no server


def of_kind(bot: Bot, kind: str) -> list[str]:
    return [flat(row.mime) for row in letters(bot) if row.letter == kind]


def test_one_letter_after_an_outage_says_what_is_late_and_what_was_left_out(bot: Bot) -> None:
    reported(bot, "五图街道", when="2017-07-02T10:00")
    ticks(bot, "2017-07-03T12:00")
    ticks(bot, "2017-08-15T10:00", read=False)
    assert of_kind(bot, "outage") == []  # the mailbox was not read since
    ticks(bot, "2017-08-15T10:01")
    ticks(bot, "2017-08-15T10:10")
    [said] = of_kind(bot, "outage")
    assert "自2017年7月3日12:00起停止运行，2017年8月15日10:00恢复" in said
    late, skipped = said.split("不再补办的事项")
    assert "附件4通报送审稿（截至2017年7月）" in late
    assert "附件4催报（截至2017年6月）1次" in late
    assert "附件4催报（截至2017年6月）3次" in skipped
    assert "附件4通报送审稿（截至2017年6月）" in skipped
    assert "报送周报5次" in skipped
    assert "“通报2017年6月”" in skipped
    assert len(of_kind(bot, "bulletin")) == 1


@pytest.mark.parametrize(
    ("gone", "back"),
    [("2017-07-03T17:20", "2017-07-04T08:40"), ("2017-07-03T12:00", "2017-07-03T15:50")],
)
def test_a_night_or_a_blip_is_no_outage(bot: Bot, gone: str, back: str) -> None:
    ticks(bot, gone)
    ticks(bot, back)
    assert of_kind(bot, "outage") == []


def test_after_the_campaign_one_closing_letter_then_silence(bot: Bot) -> None:
    reported(bot, "五图街道", "2017-06", when="2017-07-02T10:00")
    with bot.record.read() as conn:
        end = end_of(bot, conn)
    assert end == at("2017-08-18T08:30")  # escalate-10 of July, due on a Saturday
    day = at("2017-08-07T09:00")
    while day < at("2018-12-31T09:00"):
        digest(bot, day)
        day += timedelta(days=7)
    assert len(of_kind(bot, "digest")) == 2  # 08-07 and 08-14
    [said] = of_kind(bot, "closing")
    count = len(bot.rules.units.units)
    assert f"2个月应报共{2 * count}份，已报1份，其中按时1份" in said
    assert "五图街道：2017年7月" in said
    assert "不再发送周报和催报" in said


def test_nothing_is_asked_of_the_calendar_after_the_end(bot: Bot) -> None:
    for when in ("2017-08-21T09:00", "2029-11-15T09:00"):
        ticks(bot, when)
    assert not any(kind == "calendar_unknown" for kind, _ in attentions(bot))


def test_a_target_whose_day_has_passed_is_called_so() -> None:
    pace = RULES.targets.pace
    assert pace is not None
    end = RULES.targets.end
    assert end is not None
    assert pace.called("far_behind", end, end) == pace.words.far_behind
    assert pace.called("far_behind", end, end + timedelta(days=1)) == pace.words.past
    assert pace.called("on_pace", end, end + timedelta(days=1)) == pace.words.on_pace

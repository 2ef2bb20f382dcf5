"""Reminders by state: one letter a person and stage, none to who has reported, caught up after any outage.

Deadline of June: Wednesday 2017-07-05. Stages: before-3 on 06-30, due on 07-05, after-1 on 07-06, after-3 on
07-10, after-7 on 07-14.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.reminders import reminding
from bot.jobs.reminders.addressing import Reminder
from bot.jobs.reminders.reminding import remind
from bot.jobs.tick import begin
from bot.model.forms import Form
from bot.model.letters import RetryAt
from bot.model.mail import Attachment
from bot.reading.documents import documents
from bot.reading.guard import Reader
from bot.record import claims, people, schema
from tests.books import RULES
from tests.bots import (
    NUMBERS,
    ROOT,
    FakeSender,
    appoint,
    archived,
    at,
    build,
    built,
    config,
    files_of,
    first_run,
    header,
    letters,
    never,
    read_mailbox,
    reported,
    rows,
    text_of,
)

WUTU, QIAOGUAN, HONGHE = "五图街道", "乔官镇", "红河镇"
LI, WANG, ZHAO = "li@wutu.test", "wang@qiaoguan.test", "zhao@honghe.test"
BEFORE, DUE, AFTER = at("2017-06-30T09:00"), at("2017-07-05T09:00"), at("2017-07-06T09:00")


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, at("2017-06-20T09:00"))
        yield made


def run(bot: Bot, now: datetime) -> int:
    """One tick after a good poll."""
    read_mailbox(bot, now)
    return remind(bot, now)


def keys(bot: Bot, letter: str = "reminder") -> list[str]:
    return [row.key for row in letters(bot) if row.letter.startswith(letter)]


def states(bot: Bot) -> dict[str, str]:
    return {row.key: row.state for row in letters(bot) if row.letter.startswith("reminder")}


def all_but(*owing: str) -> tuple[str, ...]:
    """Every unit that is not in ``owing``."""
    return tuple(u.name for u in RULES.units.units if u.name not in owing)


def test_each_stage_is_reached_once_and_each_letter_written_once(any_bot: Bot) -> None:
    appoint(any_bot, (WUTU, "李明", LI))
    written = {}
    for hours in range(8, 24 * 20, 9):
        before = len(keys(any_bot))
        moment = at("2017-06-28T00:00") + timedelta(hours=hours)
        run(any_bot, moment)
        if new := keys(any_bot)[before:]:
            written[moment.date().isoformat()] = new
    assert written == {
        "2017-06-30": ["reminder:wutu:annex4:2017-06:before-3"],
        "2017-07-05": ["reminder:wutu:annex4:2017-06:due"],
        "2017-07-06": ["reminder:wutu:annex4:2017-06:after-1"],
        "2017-07-10": ["reminder:wutu:annex4:2017-06:after-3"],
        "2017-07-14": ["reminder:wutu:annex4:2017-06:after-7"],
    }
    assert keys(any_bot, "overdue") == [f"overdue_notice:annex4:2017-06:after-{n}:staff@demo.test" for n in (1, 3, 7)]


def test_five_runs_write_one_letter(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    assert [run(bot, AFTER) for _ in range(5)] == [1, 0, 0, 0, 0]
    begin(bot, AFTER)
    assert run(bot, AFTER + timedelta(hours=1)) == 0
    assert len(letters(bot)) == 2  # and one notice


def test_a_worker_that_saw_half_of_what_another_wrote_reminds_nobody_again(
    any_bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two workers at the same moment: one has written its letter, the other looked while it wrote
    appoint(any_bot, (WUTU, "李明", LI), (QIAOGUAN, "李明", LI))
    seen: list[Reminder] = []
    look = reminding._due

    def looking(bot: Bot, conn: Connection, now: datetime) -> list[Reminder]:
        seen.extend(look(bot, conn, now))
        return seen

    monkeypatch.setattr(reminding, "_due", looking)
    assert run(any_bot, AFTER) == 1
    # when
    monkeypatch.setattr(reminding, "_due", lambda *_: [r for r in seen if r.obligation.unit == WUTU])
    # then
    assert run(any_bot, AFTER) == 0
    assert len(keys(any_bot)) == 1


def test_after_an_outage_there_is_one_letter_and_one_notice(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    assert run(bot, at("2017-07-18T10:00")) == 1
    assert keys(bot) == ["reminder:wutu:annex4:2017-06:after-7"]
    assert keys(bot, "overdue") == ["overdue_notice:annex4:2017-06:after-7:staff@demo.test"]
    assert "逾期13天" in text_of(letters(bot)[0].mime)


def test_who_has_reported_or_waits_for_the_office_gets_none(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG), (HONGHE, "赵云", ZHAO))
    reported(bot, WUTU)
    reported(bot, QIAOGUAN, outcome="waiting", why="unknown_sender")
    assert run(bot, AFTER) == 1
    assert [row.to for row in letters(bot) if row.letter == "reminder_overdue"] == [ZHAO]


def test_a_returned_report_is_still_owed_and_the_letter_says_so(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    reported(bot, WUTU, outcome="returned")
    assert run(bot, AFTER) == 1
    assert "更正" in text_of(letters(bot)[0].mime)


def test_a_forged_report_does_not_stop_a_reminder(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    reported(bot, WUTU, outcome="waiting", why="authentication")
    assert run(bot, AFTER) == 1


@pytest.mark.parametrize("when", ["2017-07-06T08:29:59", "2017-07-06T17:30", "2017-07-08T10:00", "2017-07-06T00:00"])
def test_outside_working_hours_nothing_is_written(bot: Bot, when: str) -> None:
    appoint(bot, (WUTU, "李明", LI))
    assert run(bot, at(when)) == 0
    assert letters(bot) == []
    assert runs_of(bot) == []


def runs_of(bot: Bot) -> list[str]:
    return [row.period_key for row in rows(bot, schema.job_run)]


def test_a_working_saturday_is_a_working_day(bot: Bot) -> None:
    # 10-05 lies in the holidays, so that "on the day" is the last working day before: a Saturday, made one
    appoint(bot, (WUTU, "李明", LI))
    for period, when in (("2017-06", "2017-07-03"), ("2017-07", "2017-08-03"), ("2017-08", "2017-09-03")):
        reported(bot, WUTU, period, f"{when}T10:00")
    assert run(bot, at("2017-09-30T10:00")) == 1
    assert keys(bot) == ["reminder:wutu:annex4:2017-09:due"]


def test_nobody_is_reminded_while_the_mailbox_is_not_read(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    assert remind(bot, AFTER) == 0  # never read
    read_mailbox(bot, AFTER - timedelta(minutes=61))
    assert remind(bot, AFTER) == 0
    read_mailbox(bot, AFTER - timedelta(minutes=60))
    assert remind(bot, AFTER) == 1


def test_a_poll_of_the_future_proves_nothing(bot: Bot) -> None:
    # somebody tried --now, or the clock was wrong
    appoint(bot, (WUTU, "李明", LI))
    read_mailbox(bot, AFTER + timedelta(days=400))
    assert remind(bot, AFTER) == 0


def test_nobody_is_reminded_while_a_mail_lies_unopened(bot: Bot) -> None:
    # given a poll that has just archived what may be the report
    appoint(bot, (WUTU, "李明", LI))
    archived(bot, b"not opened yet", AFTER)
    assert run(bot, AFTER) == 0
    # when it is opened
    with bot.record.begin() as conn:
        claims.set_aside(conn, 1, AFTER, "set_aside")
    # then
    assert run(bot, AFTER) == 1


def test_one_letter_for_two_units_of_one_person_with_two_workbooks(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "李明", LI))
    assert run(bot, AFTER) == 1
    (letter,) = [row for row in letters(bot) if row.letter == "reminder_overdue"]
    assert (letter.key, letter.to) == ("reminder:wutu+qiaoguan:annex4:2017-06:after-1", LI)
    assert [WUTU in name or QIAOGUAN in name for name, _ in files_of(letter.mime)] == [True, True]
    text = text_of(letter.mime)
    assert WUTU in text
    assert QIAOGUAN in text


def test_a_second_liaison_gets_a_letter_too(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI), (WUTU, "王芳", WANG))
    assert run(bot, AFTER) == 2
    reminders = [row for row in letters(bot) if row.letter == "reminder_overdue"]
    assert {row.to for row in reminders} == {LI, WANG}
    assert [row.key for row in reminders] == [
        "reminder:wutu:annex4:2017-06:after-1",
        f"reminder:wutu:annex4:2017-06:after-1:{WANG}",
    ]
    assert run(bot, AFTER) == 0


def test_a_unit_without_an_address_stands_in_the_notice_alone(bot: Bot) -> None:
    # given one unit with an address, one with a telephone, one whose address is dead, one with nobody
    appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", ""), (HONGHE, "赵云", ZHAO))
    with bot.record.begin() as conn:
        people.mark_dead(conn, ZHAO, AFTER, "550 User not found")
    for unit in all_but(WUTU, QIAOGUAN, HONGHE, "营丘镇"):
        reported(bot, unit)
    # when
    assert run(bot, AFTER) == 1
    # then
    reminder, notice = letters(bot)
    assert reminder.to == LI
    text = text_of(notice.mime)
    for unit in (WUTU, QIAOGUAN, HONGHE, "营丘镇"):
        assert unit in text
    for word in ("王芳", "赵云", "13800000000", "第五组", "第七组", "第六组"):
        assert word in text
    assert "宝都街道" not in text


def test_the_notice_is_not_written_when_everybody_has_reported(bot: Bot) -> None:
    for unit in all_but():
        reported(bot, unit)
    assert run(bot, AFTER) == 0
    assert letters(bot) == []


def test_what_fell_due_before_the_first_run_is_never_chased(tmp_path: Path) -> None:
    with build(config(tmp_path)) as bot:
        first_run(bot, at("2017-07-06T08:00"))
        appoint(bot, (WUTU, "李明", LI))
        for day in range(25):
            run(bot, at("2017-07-06T10:00") + timedelta(days=day))
        assert keys(bot) == []
        assert keys(bot, "overdue") == []
        run(bot, at("2017-07-31T10:00"))
        assert keys(bot) == []
        run(bot, at("2017-08-02T10:00"))  # July is another matter
        assert keys(bot) == ["reminder:wutu:annex4:2017-07:before-3"]


def test_a_draft_stage_waits_for_the_office(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    file = folder / "reminders.toml"
    text = file.read_text(encoding="utf-8")
    head, _, tail = text.partition('id = "after-1"')
    file.write_text(head + 'id = "after-1"' + tail.replace("draft = false", "draft = true", 1), encoding="utf-8")
    made = config(tmp_path, paths={"rules": str(folder)})
    with build(made) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI))
        assert run(bot, AFTER) == 1
        assert [(row.letter, row.state) for row in letters(bot)] == [
            ("reminder_overdue", "held"),
            ("overdue_notice", "queued"),
        ]
        sender = FakeSender()
        send_due(bot, sender.open, AFTER, never)
        assert sender.addresses() == ["staff@demo.test"]


# In the moment of sending


def sent(bot: Bot, now: datetime, sender: FakeSender | None = None) -> list[str]:
    """What leaves at ``now``, after a good poll: the addresses of liaisons."""
    sender = sender or FakeSender()
    read_mailbox(bot, now)
    send_due(bot, sender.open, now, never)
    return [to for to in sender.addresses() if to != "staff@demo.test"]


def test_reported_between_queueing_and_sending_is_cancelled(any_bot: Bot) -> None:
    appoint(any_bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG))
    run(any_bot, AFTER)
    reported(any_bot, WUTU, when="2017-07-06T09:01")
    assert sent(any_bot, AFTER + timedelta(minutes=2)) == [WANG]
    assert states(any_bot) == {
        "reminder:wutu:annex4:2017-06:after-1": "cancelled",
        "reminder:qiaoguan:annex4:2017-06:after-1": "sent",
    }


def test_a_report_that_waits_for_the_office_stops_it_too(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    run(bot, AFTER)
    reported(bot, WUTU, when="2017-07-06T09:01", outcome="waiting", why="unit_mismatch")
    assert sent(bot, AFTER + timedelta(minutes=2)) == []


def test_when_part_is_reported_the_rest_is_asked_for_once_in_a_new_letter(any_bot: Bot) -> None:
    # given one person for two units, and a colleague at one of them
    appoint(any_bot, (WUTU, "李明", LI), (QIAOGUAN, "李明", LI), (QIAOGUAN, "王芳", WANG))
    assert run(any_bot, AFTER) == 2
    reported(any_bot, WUTU, when="2017-07-06T09:01")
    # when
    sender = FakeSender()
    for minute in (2, 3, 4):
        sent(any_bot, AFTER + timedelta(minutes=minute), sender)
        run(any_bot, AFTER + timedelta(minutes=minute))
    # then
    liaisons = [(to, mime) for to, mime, _ in sender.sent if to != "staff@demo.test"]
    assert sorted(to for to, _ in liaisons) == [LI, WANG]
    for _, mime in liaisons:
        assert WUTU not in text_of(mime)
        assert [QIAOGUAN in name for name, _ in files_of(mime)] == [True]
    assert states(any_bot)["reminder:wutu+qiaoguan:annex4:2017-06:after-1"] == "cancelled"


def test_after_days_without_smtp_each_person_gets_the_last_letter_alone(bot: Bot) -> None:
    # given stages that were queued while nothing could leave
    appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG))
    for moment in (BEFORE, DUE, AFTER):
        run(bot, moment)
    reported(bot, QIAOGUAN, when="2017-07-06T10:00")
    # when
    sender = FakeSender()
    assert sent(bot, AFTER + timedelta(hours=2), sender) == [LI]
    # then
    (mime,) = [mime for to, mime, _ in sender.sent if to == LI]
    assert "逾期" in header(mime, "Subject")
    assert states(bot) == {
        "reminder:wutu:annex4:2017-06:before-3": "cancelled",
        "reminder:qiaoguan:annex4:2017-06:before-3": "cancelled",
        "reminder:wutu:annex4:2017-06:due": "cancelled",
        "reminder:qiaoguan:annex4:2017-06:due": "cancelled",
        "reminder:wutu:annex4:2017-06:after-1": "sent",
        "reminder:qiaoguan:annex4:2017-06:after-1": "cancelled",
    }


def test_a_reminder_that_is_late_by_evening_waits_for_the_morning(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    run(bot, at("2017-07-06T17:29"))
    assert sent(bot, at("2017-07-06T17:31")) == []
    assert letters(bot)[0].due_at == at("2017-07-07T08:30")
    assert letters(bot)[0].attempts == 0
    assert sent(bot, at("2017-07-07T08:30")) == [LI]


def test_a_reminder_does_not_leave_while_the_mailbox_is_not_read(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    run(bot, AFTER)
    sender = FakeSender()
    send_due(bot, sender.open, AFTER + timedelta(minutes=61), never)
    assert sender.addresses() == ["staff@demo.test"]  # the office's notice is no reminder
    assert sent(bot, AFTER + timedelta(minutes=70)) == [LI]


def test_a_reminder_that_could_not_leave_is_looked_at_again(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI))
    run(bot, AFTER)
    assert sent(bot, AFTER, FakeSender(RetryAt(60, "450 later"))) == [LI]
    reported(bot, WUTU, when="2017-07-06T09:30")
    assert sent(bot, AFTER + timedelta(hours=1)) == []
    assert states(bot) == {"reminder:wutu:annex4:2017-06:after-1": "cancelled"}


# What goes with the letter


def test_the_workbook_reads_back_with_unit_month_and_last_numbers(bot: Bot) -> None:
    # given
    appoint(bot, (WUTU, "李明", LI))
    reported(bot, WUTU, "2017-06", "2017-07-03T10:00")
    run(bot, at("2017-08-02T10:00"))
    (letter,) = [row for row in letters(bot) if row.letter == "reminder_before"]
    # when
    ((name, data),) = files_of(letter.mime)
    with Reader() as reader:
        (document,) = documents((Attachment(name, data),), reader, bot.rules)
    # then
    (form,) = document.forms
    assert isinstance(form, Form)
    assert bot.rules.units.resolve(form.fields["unit"].text) == bot.rules.units.by_name[WUTU]
    assert "7" in form.fields["period"].text
    assert form.fields["reporter"].text == "李明"
    assert form.fields["phone"].text == "13800000000"
    assert {g: {c: n.value for c, n in row.items()} for g, row in form.counts.items()} == NUMBERS
    assert name.endswith(".xlsx")
    assert WUTU in name

"""A letter that cannot be made never undoes what it is about: it waits, the office is told, it is made by itself."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.jobs import tick
from bot.jobs.attending import bundle
from bot.jobs.enqueuing import enqueue
from bot.jobs.intake import work
from bot.jobs.making import make_up
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.letters.kept import kept, unkept
from bot.model.deciding import LetterDraft, LetterFile, Obligation
from bot.reading.guard import Reader
from bot.record import outbox, schema
from tests.bots import (
    ROOT,
    FakeSender,
    appoint,
    archived,
    at,
    attentions,
    built,
    config,
    files_of,
    first_run,
    flat,
    header,
    letters,
    never,
    read_mailbox,
    reported,
    rows,
    text_of,
)
from tests.letters.cases import CASES, written_at
from tests.mails import report

NOW = at("2017-07-03T10:00")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LI, WANG = "li@wutu.test", "wang@qiaoguan.test"
FAULT = "{{ unitt }}"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, templates: Path, reader: Reader) -> Iterator[Bot]:
    with Bot.build(config(tmp_path, paths={"templates": str(templates)})) as made:
        yield begun(replace(made, reader=reader))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path, templates: Path, reader: Reader) -> Iterator[Bot]:
    for _ in built(request, tmp_path):  # an empty database
        url = _.config.database.url
        with Bot.build(config(tmp_path, paths={"templates": str(templates)}, database={"url": url})) as made:
            yield begun(replace(made, reader=reader))


def begun(bot: Bot) -> Bot:
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG))
    return bot


def spoil(templates: Path, letter: str, part: str = "body.txt") -> str:
    """A misspelt name at the end of a template's last block; what stood there before."""
    file = templates / letter / part
    before = file.read_text(encoding="utf-8")
    head, end, tail = before.rpartition("{% endblock %}")
    file.write_text(head + FAULT + end + tail, encoding="utf-8")
    return before


def mend(templates: Path, letter: str, before: str, part: str = "body.txt") -> None:
    (templates / letter / part).write_text(before, encoding="utf-8")


def states(bot: Bot) -> list[tuple[str, str, str]]:
    return [(row.letter, row.to, row.state) for row in letters(bot)]


def test_a_report_counts_though_its_receipt_cannot_be_made_and_is_answered_when_it_can(
    any_bot: Bot, templates: Path
) -> None:
    # given
    before = spoil(templates, "receipt")
    archived(any_bot, report(LI), at("2017-07-03T09:00"))
    # when
    tally = work(any_bot, NOW, never)
    # then the report, its findings and its fate are recorded
    assert (tally.worked, tally.failed) == (1, 0)
    (kept_report,) = rows(any_bot, schema.report)
    assert (kept_report.unit, kept_report.outcome, kept_report.on_time) == ("五图街道", "accepted", True)
    assert [(row.state, row.outcome) for row in rows(any_bot, schema.mail)] == [("done", "accepted")]
    assert states(any_bot) == [("receipt", LI, "unmade")]
    # and the office is told once, with whom and what about, and where the fault stands
    (item,) = attentions(any_bot)
    assert item == ("letter_unmade", f"{templates}/receipt/body.txt:3: unknown name 'unitt'")
    assert bundle(any_bot, NOW) == 1
    told = flat(letters(any_bot)[-1].mime)
    for words in ("未能生成", LI, "五图街道", "2017年6月", "receipt/body.txt:3:unknownname'unitt'"):
        assert words in told, told
    # when nothing has changed, nothing is said again, and nothing is lost
    for minute in range(1, 200, 10):
        assert make_up(any_bot, NOW + minute * MINUTE, never) == 0
    assert len(attentions(any_bot)) == 1
    # when the template is mended, while the process runs
    mend(templates, "receipt", before)
    assert make_up(any_bot, NOW + 4 * HOUR, never) == 1
    # then the receipt is what it would have been, and leaves
    receipt = letters(any_bot)[0]
    assert (receipt.state, receipt.mail_id) == ("queued", 1)
    assert header(receipt.mime, "In-Reply-To") == header(report(LI), "Message-ID")
    assert receipt.token in header(receipt.mime, "Subject") and "32" in text_of(receipt.mime)
    sender = FakeSender()
    assert send_due(any_bot, sender.open, NOW + 4 * HOUR, never) == 2
    assert sender.addresses() == ["staff@demo.test", LI]
    assert make_up(any_bot, NOW + 5 * HOUR, never) == 0


def test_a_fault_in_what_all_letters_share_undoes_no_report(bot: Bot, templates: Path) -> None:
    layout = templates / "_base" / "layout.txt"
    before = layout.read_text(encoding="utf-8")
    layout.write_text(before + FAULT, encoding="utf-8")
    for number, unit in enumerate((LI, WANG)):
        archived(bot, report(unit, unit="乔官镇" if number else "五图街道"), NOW)
    work(bot, NOW, never)
    assert [row.outcome for row in rows(bot, schema.report)] == ["accepted", "accepted"]
    assert {state for _, _, state in states(bot)} == {"unmade"}
    bundle(bot, NOW)  # what tells the office of it cannot be made either, nor the alarm in its place
    assert {(letter, state) for letter, _, state in states(bot)} >= {("attention", "unmade"), ("alarm", "unmade")}
    number = len(letters(bot))
    for hour in range(1, 12):  # and this makes no more and more letters
        bundle(bot, NOW + hour * HOUR)
        make_up(bot, NOW + hour * HOUR, never)
    assert len(letters(bot)) <= number + 1  # what was to be told of the alarm itself
    mend(templates, "_base", before, "layout.txt")
    make_up(bot, NOW + 13 * HOUR, never)
    assert {state for _, _, state in states(bot)} == {"queued"}


def test_where_the_letter_to_the_office_is_at_fault_the_plain_alarm_tells_it(bot: Bot, templates: Path) -> None:
    spoil(templates, "attention", "body.html")
    spoil(templates, "receipt")
    archived(bot, report(LI), NOW)
    work(bot, NOW, never)
    bundle(bot, NOW)
    assert [row[::2] for row in states(bot)] == [("receipt", "unmade"), ("attention", "unmade"), ("alarm", "queued")]
    assert "attention/body.html" in flat(letters(bot)[-1].mime)


def test_a_letter_held_by_the_settings_is_held_when_it_is_made(tmp_path: Path, templates: Path, bot: Bot) -> None:
    before = spoil(templates, "receipt")
    archived(bot, report(LI), NOW)
    work(bot, NOW, never)
    mend(templates, "receipt", before)
    holding = replace(bot, config=config(tmp_path, smtp={"deliver": "hold"}))
    assert make_up(holding, NOW + MINUTE, never) == 1
    assert states(bot) == [("receipt", LI, "held")]


def test_an_unmade_letter_can_be_dropped_by_name_and_not_with_all(bot: Bot, templates: Path) -> None:
    spoil(templates, "receipt")
    archived(bot, report(LI), NOW)
    work(bot, NOW, never)
    (row,) = letters(bot)
    with bot.record.begin() as conn:
        assert outbox.drop(conn, None, NOW) == []
        assert outbox.release(conn, [row.key], NOW) == []
        assert outbox.drop(conn, [row.key], NOW) == [row.key]
    assert states(bot) == [("receipt", LI, "cancelled")]
    assert make_up(bot, NOW, never) == 0


def test_a_fault_that_is_no_templates_is_tried_again_in_an_hour(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(bot, report(LI), NOW)
    with monkeypatch.context() as patched:
        patched.setattr(type(bot.renderer), "render", lambda *_, **__: 1 / 0)
        work(bot, NOW, never)
        make_up(bot, NOW, never)
    assert attentions(bot) == [("letter_unmade", "ZeroDivisionError")]  # what a bug says may quote a mail
    assert make_up(bot, NOW + 59 * MINUTE, never) == 0
    assert make_up(bot, NOW + 61 * MINUTE, never) == 1


def test_what_was_mended_before_the_office_was_told_is_not_told(bot: Bot, templates: Path) -> None:
    before = spoil(templates, "receipt")
    archived(bot, report(LI), NOW)
    work(bot, NOW, never)
    mend(templates, "receipt", before)
    make_up(bot, NOW + MINUTE, never)
    assert bundle(bot, NOW + MINUTE) == 0


def test_a_reminder_is_written_anew_for_whoever_owes_on_the_day_it_can_be_made(bot: Bot, templates: Path) -> None:
    # given two reminders that cannot be made, three working days before the deadline
    before = spoil(templates, "reminder_before", "body.html")
    day = at("2017-06-30T09:00")
    read_mailbox(bot, day)
    assert remind(bot, day) == 2
    assert sorted(row[1:] for row in states(bot) if row[0] == "reminder_before") == [(LI, "unmade"), (WANG, "unmade")]
    # when one of the two has reported, and the template is mended some days later
    reported(bot, "五图街道", when="2017-07-01T10:00")
    mend(templates, "reminder_before", before, "body.html")
    later = at("2017-07-04T09:00")
    read_mailbox(bot, later)
    make_up(bot, later, never)
    # then only the other is reminded, with the days that are left by then, and with the workbook
    by_address = {row.to: row for row in letters(bot) if row.letter == "reminder_before"}
    assert (by_address[LI].state, by_address[WANG].state) == ("cancelled", "queued")
    assert "1天" in flat(by_address[WANG].mime) and "5天" not in flat(by_address[WANG].mime)
    assert files_of(by_address[WANG].mime)
    sender = FakeSender()
    send_due(bot, sender.open, later, never)
    assert WANG in sender.addresses() and LI not in sender.addresses()


def test_a_whole_tick_with_a_template_at_fault_does_all_else(bot: Bot, templates: Path) -> None:
    before = spoil(templates, "reminder_due")
    day = at("2017-07-05T09:00")
    read_mailbox(bot, day)
    done = tick.Report()
    tick.watch_the_clock(bot, day, never, done)
    assert (done.failed, [type(e).__name__ for e in done.broken if "reminder" in str(e)]) == (0, [])
    assert {row[2] for row in states(bot) if row[0] == "reminder_due"} == {"unmade"}
    assert ("attention", "staff@demo.test") in {row[:2] for row in states(bot)}
    mend(templates, "reminder_due", before)
    read_mailbox(bot, day + MINUTE)
    tick.watch_the_clock(bot, day + MINUTE, never, tick.Report())
    assert {row[2] for row in states(bot) if row[0] == "reminder_due"} == {"queued"}


def test_a_kept_draft_says_the_same(bot: Bot) -> None:
    for draft in CASES.values():
        now = written_at(draft)
        said = [bot.renderer.words(each, token="T", now=now) for each in (draft, unkept(kept(draft)))]
        assert said[0] == said[1], draft.key


def test_a_kept_draft_keeps_its_files_its_days_and_what_it_is_about() -> None:
    about = (Obligation("五图街道", "annex4", "2017-06", NOW),)
    files = (LetterFile("附件4.xlsx", b"\x00\xff", "application/x"),)
    context = {"day": date(2017, 7, 5), "moment": NOW, "none": None, "list": [{"n": 1.5, "odd": "\ud800"}]}
    draft = LetterDraft("k", "note", LI, context, "<1@x>", "月报", about, True, files, True)
    assert unkept(kept(draft)) == draft
    with pytest.raises(TypeError, match="no value of a letter"):
        kept(replace(draft, context={"x": object()}))


def test_a_letter_comes_once_though_it_is_asked_for_again_while_it_waits(bot: Bot, templates: Path) -> None:
    spoil(templates, "alarm")
    draft = LetterDraft("alarm:1", "alarm", LI, {"sentence": "好", "since": NOW, "detail": ""})
    with bot.record.begin() as conn:
        assert enqueue(bot, conn, draft, NOW) is not None
        assert enqueue(bot, conn, draft, NOW) is None
    assert len(letters(bot)) == 1 and len(attentions(bot)) == 1

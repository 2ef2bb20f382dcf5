"""The bulletin at work: drafted once, at its moment, after any outage; released once; and a month that was announced
changes only with the office's yes, and never in its own bulletin.

Deadline of June: Wednesday 2017-07-05; the third working day after it is Monday 2017-07-10.
"""

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest

from bot.errors import ConfigError, UsageError
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.reporting.bulletins import document_of, draft, due_at, edition, latest_past, release, summary_of
from bot.jobs.standing import lines
from bot.jobs.tick import Report, watch_the_clock
from bot.model.deciding import Numbers
from bot.record import bulletins, people, questions, runs, schema
from tests.books import RULES
from tests.bots import (
    NUMBERS,
    ROOT,
    appoint,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    events,
    files_of,
    first_run,
    flat,
    header,
    letters,
    never,
    read_mailbox,
    reported,
    rows,
    settled,
)
from tests.mails import report

WUTU, QIAOGUAN, HONGHE = "五图街道", "乔官镇", "红河镇"
LI = "li@wutu.test"
DRAFTED = at("2017-07-10T08:30")
MORE: Numbers = {**NUMBERS, "other": {**NUMBERS["other"], "ungraded": 17}}  # 42 in place of 32


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (WUTU, "李明", LI))
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (WUTU, "李明", LI))
        yield made


def run(bot: Bot, now: datetime) -> bool:
    """One tick after a good poll."""
    read_mailbox(bot, now)
    return draft(bot, now)


def drafts(bot: Bot) -> list[Any]:
    return [row for row in letters(bot) if row.letter == "bulletin"]


def released(bot: Bot, period: str = "2017-06", when: str = "2017-07-11T09:00") -> None:
    with bot.record.begin() as conn:
        release(bot, conn, period, at(when))


def shown(bot: Bot, period: str, when: str) -> Any:
    with bot.record.read() as conn:
        return edition(bot, conn, period, at(when))


def totals(bot: Bot, period: str, when: str) -> dict[str, int | None]:
    return {x.unit: x.total for x in shown(bot, period, when).bulletin.lines if x.total is not None}


def arrives(bot: Bot, when: str, *, month: str = "2017年6", extra: int = 0, total: int = 32) -> None:
    """WUTU's report by mail: 32 in all, and ``extra``; another ``total`` is a wrong sum."""
    archived(bot, report(LI, WUTU, month, extra=extra, total=total, subject=f"附件4 {when}"), at(when))
    work(bot, at(when), never)


# When the draft goes.


def test_it_is_drafted_once_at_its_moment(any_bot: Bot) -> None:
    reported(any_bot, WUTU)
    written = []
    moment = at("2017-06-28T00:30")
    while moment < at("2017-08-12T00:00"):
        if run(any_bot, moment):
            written.append(moment)
        moment += timedelta(hours=1)
    # July's deadline is Saturday the 5th of August: three working days after it is Wednesday
    assert written == [at("2017-07-10T08:30"), at("2017-08-09T08:30")]
    assert [row.key for row in drafts(any_bot)] == [
        "bulletin:annex4:2017-06:staff@demo.test",
        "bulletin:annex4:2017-07:staff@demo.test",
    ]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2017-07-10T08:29", False),
        ("2017-07-10T08:30", True),
        ("2017-07-10T17:30", False),  # after hours: it goes the next morning
        ("2017-07-11T08:30", True),
        ("2017-07-15T10:00", False),  # a Saturday
    ],
)
def test_the_due_moment(bot: Bot, now: str, due: bool) -> None:
    assert run(bot, at(now)) is due


def test_the_number_of_days_is_a_setting(bot: Bot) -> None:
    soon = RULES.model_copy(update={"bulletin": RULES.bulletin.model_copy(update={"working_days": 1})})
    assert due_at(replace(bot, rules=soon), "2017-06") == at("2017-07-06T08:30")


def test_after_an_outage_only_the_latest_month_is_drafted(any_bot: Bot) -> None:
    assert run(any_bot, at("2017-11-20T10:00"))
    assert not run(any_bot, at("2017-11-20T10:05"))
    assert [row.key for row in drafts(any_bot)] == ["bulletin:annex4:2017-10:staff@demo.test"]


def test_nothing_for_a_month_that_fell_due_before_the_first_run(tmp_path: Path) -> None:
    with build(config(tmp_path)) as bot:
        first_run(bot, at("2017-07-06T09:00"))
        assert not run(bot, DRAFTED)
        assert run(bot, at("2017-08-09T08:30"))


def test_not_while_the_mailbox_cannot_be_read(bot: Bot) -> None:
    assert not draft(bot, DRAFTED)
    read_mailbox(bot, DRAFTED - timedelta(minutes=61))
    assert not draft(bot, DRAFTED)
    read_mailbox(bot, DRAFTED - timedelta(minutes=59))
    assert draft(bot, DRAFTED)


def test_without_staff_it_waits_until_there_is_somebody(tmp_path: Path) -> None:
    with build(config(tmp_path, office={"staff": []})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        assert not run(bot, DRAFTED)
        with bot.record.read() as conn:
            assert runs.runs(conn, "bulletin") == {}


def test_one_letter_for_each_of_the_staff_with_both_documents(tmp_path: Path) -> None:
    with build(config(tmp_path, office={"staff": ["one@demo.test", "two@demo.test"]})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        run(bot, DRAFTED)
        assert [row.to for row in drafts(bot)] == ["one@demo.test", "two@demo.test"]


def test_a_month_that_was_released_already_needs_no_draft(bot: Bot) -> None:
    released(bot, when="2017-07-07T09:00")
    assert not run(bot, DRAFTED)
    assert not run(bot, DRAFTED + timedelta(days=1))
    assert drafts(bot) == []


def test_the_tick_calls_it(bot: Bot) -> None:
    read_mailbox(bot, DRAFTED)
    watch_the_clock(bot, DRAFTED, lambda: True, Report())
    assert len(drafts(bot)) == 1


def test_when_it_cannot_be_made_the_month_is_not_lost(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    (tmp_path / "templates" / "bulletin.docx").write_bytes(b"broken")
    with build(config(tmp_path, paths={"templates": str(tmp_path / "templates")})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        with pytest.raises(ConfigError, match=r"bulletin\.docx: "):
            run(bot, DRAFTED)
        (tmp_path / "templates" / "bulletin.docx").unlink()
        with pytest.raises(ConfigError, match=r"bulletin\.docx: No such file"):
            run(bot, DRAFTED)
        assert rows(bot, schema.bulletin) == []
        shutil.copy(ROOT / "templates" / "bulletin.docx", tmp_path / "templates")
        assert run(bot, DRAFTED)


def test_what_the_letter_brings(any_bot: Bot) -> None:
    reported(any_bot, WUTU, when="2017-07-04T10:00")
    reported(any_bot, QIAOGUAN, when="2017-07-07T10:00")
    reported(any_bot, HONGHE, when="2017-07-06T10:00", outcome="waiting", why="unknown_sender")
    run(any_bot, DRAFTED)
    (letter,) = drafts(any_bot)
    silent = len(RULES.units.units) - 3
    subject = f"【通报送审】附件4（截至2017年6月）：应报{len(RULES.units.units)}，已报2，未报{silent}"
    assert header(letter.mime, "Subject").startswith(subject)
    said = flat(letter.mime)
    for sentence in (
        "其中按时1个、逾期1个",
        "规模以上企业：已达标16家",
        "红河镇：发件邮箱未登记",
        "乔官镇（逾期2天）",
        "请直接回复本邮件，在正文第一行写“同意”",
    ):
        assert sentence in said
    (document, paper), (workbook, sheets) = files_of(letter.mime)
    assert (document, workbook) == (
        "安全生产标准化达标情况通报（截至2017年6月，送审稿）.docx",
        "全县安全生产标准化达标情况汇总表（截至2017年6月）.xlsx",
    )
    assert "已报送2个" in "".join(p.text for p in docx.Document(io.BytesIO(paper)).paragraphs)
    assert openpyxl.load_workbook(io.BytesIO(sheets))["汇总"]["B9"].value == WUTU
    (row,) = rows(any_bot, schema.bulletin)
    assert (row.form, row.period, row.drafted_at, row.released_at) == ("annex4", "2017-06", DRAFTED, None)


# The release.


def test_a_release_is_frozen_and_happens_once(any_bot: Bot) -> None:
    reported(any_bot, WUTU, when="2017-07-04T10:00")
    run(any_bot, DRAFTED)
    reported(any_bot, WUTU, when="2017-07-10T15:00", numbers=MORE)  # after the draft, before the release
    released(any_bot)
    with pytest.raises(UsageError, match=r"^2017-06 was released at 2017-07-11T09:00\+08:00; what"):
        released(any_bot, when="2017-07-12T09:00")
    (row,) = rows(any_bot, schema.bulletin)
    assert (row.drafted_at, row.released_at) == (DRAFTED, at("2017-07-11T09:00"))
    assert totals(any_bot, "2017-06", "2017-07-13T09:00") == {WUTU: 42}
    assert events(any_bot, "bulletin") == ["bulletin.drafted", "bulletin.released"]


def test_what_is_kept_names_each_report(any_bot: Bot) -> None:
    reported(any_bot, QIAOGUAN)
    first = reported(any_bot, WUTU, when="2017-07-04T10:00")
    second = reported(any_bot, WUTU, when="2017-07-05T10:00", numbers=MORE)
    released(any_bot)
    (row,) = rows(any_bot, schema.bulletin)
    (kept,) = [x for x in row.content["lines"] if x["unit"] == WUTU]
    assert (kept["report_id"], kept["version"], kept["numbers"]) == (second, 2, MORE)
    assert first != second


def test_after_the_release_everything_comes_from_the_copy(any_bot: Bot) -> None:
    reported(any_bot, WUTU, when="2017-07-04T10:00")
    released(any_bot)
    before = document_of(any_bot, shown(any_bot, "2017-06", "2017-07-12T09:00"))
    # when numbers, bases and even the rules change
    reported(any_bot, WUTU, when="2017-07-20T10:00", numbers=MORE)
    with any_bot.record.begin() as conn:
        for unit in RULES.units.units:
            people.register_base(conn, unit.name, "annex4", dict.fromkeys(NUMBERS, 99), at("2017-07-20T10:00"))
    group = RULES.forms["annex4"].groups[0].model_copy(update={"label": "新类别"})
    form = RULES.forms["annex4"].model_copy(update={"groups": (group, *RULES.forms["annex4"].groups[1:])})
    later = replace(any_bot, rules=RULES.model_copy(update={"forms": {"annex4": form}}))
    after = document_of(later, shown(later, "2017-06", "2017-08-01T09:00"))

    def content(data: bytes) -> list[Any]:
        made = docx.Document(io.BytesIO(data))
        return [[p.text for p in made.paragraphs], [[c.text for r in t.rows for c in r.cells] for t in made.tables]]

    assert content(after) == content(before)
    assert "2017年7月11日" in content(after)[0]


def test_the_latest_month_that_is_past(bot: Bot) -> None:
    moments = ("2017-07-05T23:59:59", "2017-07-06T00:00", "2017-08-05T12:00", "2017-08-06T00:00", "2020-01-01T00:00")
    assert [latest_past(bot, at(m)) for m in moments] == [None, "2017-06", "2017-06", "2017-07", "2017-12"]


# The lock.


def outcomes(bot: Bot) -> list[tuple[str, str]]:
    return [(row.outcome, row.why) for row in rows(bot, schema.report)]


def state(bot: Bot, unit: str, when: str) -> tuple[str, int | None]:
    with bot.record.read() as conn:
        (line,) = [x for x in lines(bot, conn, "annex4", "2017-06", at(when)) if x.unit.name == unit]
    return line.state, line.total


def test_a_new_version_of_an_announced_month_waits_for_the_office(any_bot: Bot) -> None:
    arrives(any_bot, "2017-07-04T10:00")
    released(any_bot)
    arrives(any_bot, "2017-07-12T10:00", extra=10)
    assert outcomes(any_bot) == [("accepted", ""), ("waiting", "locked")]
    # the unit has reported, with the numbers that were announced
    assert state(any_bot, WUTU, "2017-07-12T11:00") == ("accepted", 32)
    assert ("locked", "附件4.xlsx") in attentions(any_bot)
    assert [row.letter for row in letters(any_bot)] == ["receipt", "waiting"]
    assert "该月数据已经通报，改动须经同意" in flat(letters(any_bot)[-1].mime)


def test_the_same_again_is_a_duplicate_locked_or_not(any_bot: Bot) -> None:
    arrives(any_bot, "2017-07-04T10:00")
    released(any_bot)
    arrives(any_bot, "2017-07-12T10:00")
    assert outcomes(any_bot) == [("accepted", "")]
    assert [row.letter for row in letters(any_bot)][-1] == "duplicate"


def test_before_the_release_and_in_other_months_nothing_is_locked(any_bot: Bot) -> None:
    arrives(any_bot, "2017-07-04T10:00")
    run(any_bot, DRAFTED)  # a draft locks nothing
    arrives(any_bot, "2017-07-10T10:00", extra=10)
    released(any_bot)
    arrives(any_bot, "2017-08-01T10:00", month="2017年7", extra=10)
    arrives(any_bot, "2017-08-02T10:00", month="2017年7", extra=20)
    assert outcomes(any_bot) == [("accepted", "")] * 4


def test_a_first_report_after_the_release_is_taken_and_marked(any_bot: Bot) -> None:
    reported(any_bot, QIAOGUAN)
    released(any_bot)
    arrives(any_bot, "2017-07-12T10:00")
    assert outcomes(any_bot)[-1] == ("accepted", "")
    assert state(any_bot, WUTU, "2017-07-12T11:00")[0] == "late"
    # it is no part of what was announced, stands beside it, and in the next bulletin
    assert totals(any_bot, "2017-06", "2017-07-13T09:00") == {QIAOGUAN: 32}
    (mark,) = shown(any_bot, "2017-06", "2017-07-13T09:00").later
    assert (mark.unit, mark.kind, mark.announced, mark.now) == (WUTU, "added", None, 32)
    (told,) = shown(any_bot, "2017-07", "2017-08-09T09:00").bulletin.changes
    assert told == mark
    # a correction of it is one of an announced month, and waits
    arrives(any_bot, "2017-07-14T10:00", extra=10)
    assert outcomes(any_bot)[-1] == ("waiting", "locked")


def test_a_change_that_the_office_agreed_to_is_marked_once(any_bot: Bot) -> None:
    # given June announced with 32, and 42 accepted afterwards
    reported(any_bot, WUTU, when="2017-07-04T10:00")
    released(any_bot)
    reported(any_bot, WUTU, when="2017-07-20T10:00", numbers=MORE)
    # then June stays as it was announced, with the change beside it in the workbook
    old = shown(any_bot, "2017-06", "2017-08-09T09:00")
    assert [(c.kind, c.announced, c.now, c.version) for c in old.later] == [("corrected", 32, 42, 2)]
    sheet = openpyxl.load_workbook(io.BytesIO(summary_of(any_bot, old)))["通报后变动"]
    assert [c.value for c in sheet[5]][1:6] == [WUTU, "2017年6月", "通报后更正", 32, 42]
    # and July's bulletin tells of it, and counts from the corrected number
    reported(any_bot, WUTU, "2017-07", when="2017-08-03T10:00", numbers=MORE)
    july = shown(any_bot, "2017-07", "2017-08-09T09:00").bulletin
    assert [(c.period, c.announced, c.now) for c in july.changes] == [("2017-06", 32, 42)]
    assert (july.whole.previous, july.whole.reached) == (42, 42)
    # and August's does not repeat it
    released(any_bot, "2017-07", "2017-08-10T09:00")
    assert shown(any_bot, "2017-08", "2017-09-11T09:00").bulletin.changes == ()
    # but a later one it does
    reported(any_bot, WUTU, when="2017-08-20T10:00", numbers=NUMBERS)
    august = shown(any_bot, "2017-08", "2017-09-11T09:00").bulletin
    assert [(c.period, c.announced, c.now, c.version) for c in august.changes] == [("2017-06", 32, 32, 3)]


def test_the_office_s_yes_opens_the_lock_for_one_report_and_marks_it(any_bot: Bot) -> None:
    arrives(any_bot, "2017-07-04T10:00")
    released(any_bot)
    arrives(any_bot, "2017-07-12T10:00", extra=10)
    with any_bot.record.read() as conn:
        (question,) = questions.open_ones(conn)
    assert settled(any_bot, question.report_id, at("2017-07-13T10:00")) == "accepted"
    assert state(any_bot, WUTU, "2017-07-13T11:00") == ("accepted", 42)
    assert totals(any_bot, "2017-06", "2017-07-13T11:00") == {WUTU: 32}  # what was announced stays
    (told,) = shown(any_bot, "2017-06", "2017-07-13T11:00").later
    assert (told.kind, told.announced, told.now) == ("corrected", 32, 42)
    # and the next one waits again
    arrives(any_bot, "2017-07-14T10:00", extra=20)
    assert outcomes(any_bot)[-1] == ("waiting", "locked")


def test_reports_with_errors_are_returned_as_ever(any_bot: Bot) -> None:
    arrives(any_bot, "2017-07-04T10:00")
    released(any_bot)
    arrives(any_bot, "2017-07-12T10:00", total=99)
    assert outcomes(any_bot)[-1][0] == "returned"
    assert state(any_bot, WUTU, "2017-07-12T11:00") == ("accepted", 32)


def test_a_form_that_is_not_the_bulletin_s_is_never_locked(bot: Bot) -> None:
    released(bot)
    with bot.record.read() as conn:
        assert bulletins.is_released(conn, "annex4", "2017-06")
        assert not bulletins.is_released(conn, "annex4", "2017-07")
        assert not bulletins.is_released(conn, "annex9", "2017-06")

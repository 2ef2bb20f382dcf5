"""The page for the screen in the office: current, whole, harmless, and no reason to stop anything."""

import errno
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.config import Office
from bot.jobs import tick
from bot.jobs.parts import Bot
from bot.jobs.reporting.board import _form, board, board_context, page, write
from bot.letters.render import Renderer
from bot.record import people
from tests.books import RULES
from tests.bots import (
    appoint,
    at,
    build,
    built,
    config,
    first_run,
    never,
    read_mailbox,
    reported,
    statements,
    with_units,
)
from tests.letters.page import Page

UNITS = [unit.name for unit in RULES.units.units]
WUTU, QIAOGUAN, HONGHE, YINGQIU, BAODU = "五图街道", "乔官镇", "红河镇", "营丘镇", "宝都街道"
NOW = at("2017-07-10T08:30")


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


def path_of(bot: Bot) -> Path:
    return bot.config.paths.data / "board.html"


def source(bot: Bot) -> str:
    return path_of(bot).read_text(encoding="utf-8")


def seen(bot: Bot) -> str:
    """What stands on the page, without blanks."""
    return "".join(Page(source(bot)).text.split())


def july(bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    reported(bot, QIAOGUAN, when="2017-07-07T10:00")
    reported(bot, YINGQIU, when="2017-07-06T11:00", outcome="returned")
    reported(bot, BAODU, when="2017-07-06T12:00", outcome="waiting", why="unknown_sender")


def test_who_has_reported_and_who_has_not_since_when_with_what_numbers(any_bot: Bot) -> None:
    july(any_bot)
    assert board(any_bot, NOW)
    said = seen(any_bot)
    for sentence in (
        "附件4（截至2017年6月）报送情况报送期限2017年7月5日，2017年7月10日08:30更新",
        f"应报{len(UNITS)}已报2其中按时1待更正1待核实1逾期未报{len(UNITS) - 4}",
        "红河镇未报，已逾期5天",
        "营丘镇7月6日退回，待更正",
        "宝都街道7月6日来表，待核实",
        "五图街道7月4日32家8/4/20",
        "乔官镇逾期2天报32家8/4/20",
        "规模以上企业已达标16家基础数尚未登记，暂不能计算达标率",
        "其后依次为规模以上企业/高危企业/其他生产经营单位",
    ):
        assert sentence in said
    places = [said.index(unit + what) for unit, what in ((HONGHE, "未"), (YINGQIU, "7"), (BAODU, "7"), (WUTU, "7"))]
    assert places == sorted(places)  # what somebody must do something about comes first


def test_before_the_deadline_nobody_is_late(bot: Bot) -> None:
    board(bot, at("2017-07-03T09:00"))
    assert f"未到期{len(UNITS)}" in seen(bot)
    assert "红河镇未报，未到期限" in seen(bot)
    assert "逾期" not in seen(bot)


def test_numbers_of_an_earlier_month_are_not_shown_as_this_one_s(bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    board(bot, at("2017-08-10T08:30"))
    assert "五图街道未报，已逾期5天" in seen(bot)
    assert "规模以上企业已达标8家" in seen(bot)  # they count all the same


def test_the_distance_to_the_targets(bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    with bot.record.begin() as conn:
        for unit in UNITS:
            people.register_base(conn, unit, "annex4", {"above_scale": 2, "high_risk": 2, "other": 60}, NOW)
    board(bot, NOW)
    # of ten towns one has said something: 32 of 64, and all of the two and the two
    assert "规模以上企业已达标8家" in seen(bot)
    assert "基础数64家，达标率50%" in seen(bot)
    assert "2017年底前达到50%，已达到目标" in seen(bot)
    assert "第四组50%" in seen(bot)
    assert "第一组尚未报送" in seen(bot)
    assert 'style="left:50' in source(bot)  # where the target lies


def test_a_bar_is_coloured_by_the_pace(bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    with bot.record.begin() as conn:
        people.register_base(conn, WUTU, "annex4", {"above_scale": 8, "high_risk": 400, "other": 60}, NOW)
    board(bot, NOW)
    # 8 of 8: reached; 4 of 400 where 14.4 % should be: behind; of all 32 of 468, where 7.2 % should be: 0.4 short
    assert source(bot).count('class="full done"') == 4  # 第四组 too; 其他 is on pace
    assert source(bot).count('class="full behind"') == 1
    assert "进度滞后" in seen(bot)


def test_who_comes_by_learns_no_name_and_no_number_to_dial(bot: Bot) -> None:
    appoint(bot, (HONGHE, "赵云", "zhao@honghe.test"))
    board(bot, NOW)
    assert not any(secret in source(bot) for secret in ("赵云", "13800000000", "zhao@"))


def test_it_is_written_when_something_changed_and_else_once_an_hour(bot: Bot) -> None:
    assert board(bot, NOW)
    assert not board(bot, at("2017-07-10T08:31"))
    reported(bot, WUTU, when="2017-07-10T08:31")
    assert board(bot, at("2017-07-10T08:32"))
    assert not board(bot, at("2017-07-10T09:31"))
    assert board(bot, at("2017-07-10T09:32"))
    assert not board(bot, at("2017-07-10T09:33"))
    assert board(bot, at("2017-07-11T00:00"))  # another day late
    assert board(bot, at("2017-07-10T23:00"))  # the clock was set back


@pytest.mark.parametrize(
    "there", [b"", b"\xff\xfe", b'name="contents" content="00"> <meta name="written" content="x">']
)
def test_what_is_no_page_of_ours_is_replaced(there: bytes, bot: Bot) -> None:
    path_of(bot).write_bytes(there)
    assert board(bot, NOW)
    assert "附件4" in seen(bot)


def test_a_mailbox_that_cannot_be_read_is_told(bot: Bot) -> None:
    read_mailbox(bot, at("2017-07-10T08:00"))
    board(bot, NOW)
    assert "未能读取" not in seen(bot)
    board(bot, at("2017-07-10T09:01"))
    assert "邮箱自2017年7月10日08:00以来未能读取" in seen(bot)


def test_nothing_is_owed_yet(tmp_path: Path) -> None:
    with build(config(tmp_path, campaign={"first_period": "2017-09"})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        board(bot, NOW)
        assert "目前没有应当报送的报表" in seen(bot)


def test_a_page_of_one_file_without_script(bot: Bot) -> None:
    july(bot)
    board(bot, NOW)
    made = Page(source(bot))
    assert made.open == []
    assert not made.tags & {"script", "img", "link", "a", "iframe", "object", "form", "input", "svg"}
    assert not re.search(r"https?:|url\(|@import|javascript:", source(bot))
    assert not [name for name, _ in made.attributes if name.startswith("on") or name in ("src", "href")]
    assert ("http-equiv", "refresh") in made.attributes
    assert source(bot).startswith("<!DOCTYPE html>")  # else a browser falls back to the ways of the nineties


def test_a_hostile_name_is_only_a_name(bot: Bot) -> None:
    # given whatever a name can be made of
    evil = "</strong><script>alert(1)</script>{{ 7*7 }}\"'&\u202e\r\n<b"
    context = board_context(bot, NOW)
    for form in context["forms"]:
        form["units"][0]["unit"] = form["name"] = form["labels"][0] = form["targets"][0]["label"] = evil
    office = Office(name=evil, contact=evil, phone=evil)
    hostile = replace(bot, renderer=Renderer(bot.config.paths.templates, office, bot.config.smtp.sender))
    # when
    made = Page(text := page(hostile, context, NOW))
    # then
    assert made.open == []
    assert "<script" not in text
    assert "{{ 7*7 }}" in made.text


@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_a_full_disk_is_a_warning_and_the_old_page_stays(
    step: str, bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    board(bot, NOW)
    before = source(bot)
    files = set(path_of(bot).parent.iterdir())
    reported(bot, WUTU, when="2017-07-10T08:31")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr(Path, step, full)
        assert not board(bot, at("2017-07-10T08:32"))
    assert "No space left on device" in caplog.text
    assert source(bot) == before
    assert set(path_of(bot).parent.iterdir()) == files
    assert board(bot, at("2017-07-10T08:33"))


def test_a_place_that_is_no_folder_stops_no_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with build(config(tmp_path, paths={"data": str(tmp_path / "taken")})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        monkeypatch.setattr(tick, "send_due", lambda *_: 3)
        report = tick.Report()
        tick.watch_the_clock(bot, NOW, never, report)
        assert (report.sent, report.failed, report.broken) == (3, 0, [])
    assert "the board was not written" in caplog.text


def test_each_run_keeps_it_current(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick, "send_due", lambda *_: 0)
    tick.watch_the_clock(bot, NOW, never, tick.Report())
    reported(bot, WUTU, when="2017-07-10T08:31")
    tick.watch_the_clock(bot, at("2017-07-10T08:32"), never, tick.Report())
    assert "五图街道逾期5天报32家" in seen(bot)


def test_a_reader_sees_the_whole_old_page_or_the_whole_new_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "board.html"
    write(path, "一" * 100_000)
    with path.open(encoding="utf-8") as reading:
        write(path, "二")
        assert reading.read() == "一" * 100_000
    assert path.read_text(encoding="utf-8") == "二"
    assert [p.name for p in path.parent.iterdir()] == ["board.html"]


def test_one_question_is_one_statement_however_many_units_there_are(bot: Bot) -> None:
    bot = with_units(bot, 50)
    with bot.record.read() as conn:
        few = statements(conn, lambda: _form(bot, conn, "annex4", NOW))
    for n, unit in enumerate(bot.rules.units.units):
        reported(bot, unit.name, outcome=("accepted", "returned", "waiting")[n % 3], why="conflict")
    with bot.record.read() as conn:
        many = statements(conn, lambda: _form(bot, conn, "annex4", NOW))
    assert few == many <= 12

"""Liaisons and registered numbers from workbooks as people make them, and back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from bot.errors import UsageError
from bot.jobs.parts import Bot
from bot.jobs.roster import Outcome, take_base, take_roster, write_roster
from bot.model.people import Liaison
from bot.reading.guard import Reader
from bot.record import people
from tests.books import Rows, xls, xlsx
from tests.bots import at, build, config, events, first_run

EVER, TODAY, LATER = date(2017, 6, 1), date(2017, 6, 20), date(2017, 7, 10)
HEAD = ["单位", "姓名", "手机", "邮箱"]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield replace(made, reader=reader)


def workbook(folder: Path, rows: Rows, head: list[str] | None = None) -> Path:
    path = folder / "名单.xlsx"
    path.write_bytes(xlsx(([[*(head or HEAD)], *rows], ())))
    return path


def take(bot: Bot, file: Path, today: date = TODAY) -> Outcome:
    return take_roster(bot, file, today, EVER)


def liaisons(bot: Bot, on: date = TODAY) -> list[Liaison]:
    with bot.record.read() as conn:
        return people.liaisons(conn, on)


def test_every_row_becomes_a_liaison(bot: Bot, tmp_path: Path) -> None:
    rows: Rows = [
        ["五图街道", "李明", 13800000000, "LI@Wutu.test "],
        ["昌乐县乔官镇人民政府", " 王芳 ", "138 0000 0001", "wang@qiaoguan.test"],
        ["五图街道", "赵云", "0536-6221234", "zhao@wutu.test"],
    ]
    assert take(bot, workbook(tmp_path, rows)) == Outcome(2, 0, [])
    assert liaisons(bot) == [
        Liaison("五图街道", "李明", "13800000000", "li@wutu.test"),
        Liaison("五图街道", "赵云", "0536-6221234", "zhao@wutu.test"),
        Liaison("乔官镇", "王芳", "138 0000 0001", "wang@qiaoguan.test"),
    ]
    assert take(bot, tmp_path / "名单.xlsx", LATER) == Outcome(0, 2, [])


def test_headings_may_be_called_and_placed_otherwise(bot: Bot, tmp_path: Path) -> None:
    path = tmp_path / "名单.xls"
    table: Rows = [
        ["昌乐县联络员名单"], [], ["序号", "电子邮箱", "联络员姓名", "单位名称", "备注", "手机号码"],
        [1, "li@wutu.test", "李明", "五图", "新任", "13800000000"],
    ]  # fmt: skip
    path.write_bytes(xls(table))
    assert take(bot, path).changed == 1
    assert liaisons(bot) == [Liaison("五图街道", "李明", "13800000000", "li@wutu.test")]


def test_each_bad_row_is_told_with_its_place_and_the_others_are_taken(bot: Bot, tmp_path: Path) -> None:
    rows: Rows = [
        ["五图街道", "李明", "13800000000", "li@wutu.test"],
        ["月球街道", "吴刚", "1", "wu@moon.test"],
        ["乔官镇", "王芳", "13800000001", None],
        ["红河镇", "赵云", "13800000002", "zhao at honghe"],
        ["营丘镇", "孙权", "13800000003", "sun@yingqiu.test\nBcc: all@x.test"],
        [None, None, None, None],
        ["宝都街道", None, None, None],
        ["朱刘街道", "周瑜", "13800000004", "zhou..yu@zhuliu.test"],
        [None, "无主", "1", "x@y.test"],
    ]
    outcome = take(bot, workbook(tmp_path, rows))
    assert outcome.changed == 5
    places = [f"Sheet1!{n}" for n in (3, 4, 5, 6, 8, 9)]
    for place, line in zip(places, outcome.problems, strict=True):
        assert line.startswith(f"{place}: ")
        assert "\n" not in line
    assert "月球街道" in outcome.problems[0]
    assert {p.unit: p.email for p in liaisons(bot)} == {
        "五图街道": "li@wutu.test", "乔官镇": "", "红河镇": "", "营丘镇": "", "朱刘街道": "",
    }  # fmt: skip


def test_a_list_put_right_before_the_first_run_has_always_been_so(bot: Bot, tmp_path: Path) -> None:
    take(bot, workbook(tmp_path, [["五图街道", "李明", "13800000000", "li@wutu.tset"]]), LATER)
    take(bot, workbook(tmp_path, [["五图街道", "李明", "13800000000", "li@wutu.test"]]), LATER)
    assert [person.email for person in liaisons(bot, EVER)] == ["li@wutu.test"]
    # but once the bot has written to people, a new one counts from the day on which he is named
    first_run(bot, at("2017-07-11T09:00"))
    take(bot, workbook(tmp_path, [["五图街道", "赵云", "13800000001", "zhao@wutu.test"]]), date(2017, 7, 12))
    assert [person.name for person in liaisons(bot, LATER)] == ["李明"]
    assert [person.name for person in liaisons(bot, date(2017, 7, 12))] == ["赵云"]


def test_units_that_are_not_in_the_file_keep_theirs(bot: Bot, tmp_path: Path) -> None:
    take(
        bot, workbook(tmp_path, [["五图街道", "李明", "1380", "li@wutu.test"], ["乔官镇", "王芳", "1381", "w@q.test"]])
    )
    first_run(bot, at("2017-06-21T09:00"))
    outcome = take(bot, workbook(tmp_path, [["五图街道", "赵云", "1382", "zhao@wutu.test"]]), LATER)
    assert outcome == Outcome(1, 0, [])
    assert {p.unit: p.name for p in liaisons(bot, LATER)} == {"五图街道": "赵云", "乔官镇": "王芳"}
    assert {p.name for p in liaisons(bot, TODAY)} == {"李明", "王芳"}


def test_a_unit_that_stands_without_a_name_keeps_its_liaison(bot: Bot, tmp_path: Path) -> None:
    take(bot, workbook(tmp_path, [["五图街道", "李明", "1380", "li@wutu.test"]]))
    outcome = take(bot, workbook(tmp_path, [["五图街道", None, None, None]]), LATER)
    assert (outcome.changed, len(outcome.problems)) == (0, 1)
    assert [p.name for p in liaisons(bot, LATER)] == ["李明"]


@pytest.mark.parametrize(
    "content", [b"", b"junk", xlsx(([["单位", "姓名"], ["五图街道", "李明"]], ())), xlsx(([[None]], ()))]
)
def test_a_file_that_is_no_roster_is_wrong_usage(bot: Bot, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "名单.xlsx"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="单位"):
        take(bot, path)
    assert liaisons(bot) == []


NASTY = [
    '=HYPERLINK("http://evil.test","李明")', "+1-1", "-1", "@SUM(A1)", "=1+1", "'李明", "李\t明", " =cmd|' /C calc'!A0",
]  # fmt: skip


def test_what_goes_out_comes_back_and_names_stay_text(bot: Bot, tmp_path: Path) -> None:
    # given
    rows: Rows = [["五图街道", name, "13800000000", f"a{n}@wutu.test"] for n, name in enumerate(NASTY)]
    source = workbook(tmp_path, rows)
    book = openpyxl.load_workbook(source)
    for (cell,) in book["Sheet1"].iter_rows(min_row=2, min_col=2, max_col=2):
        cell.data_type = "s"  # openpyxl has just made formulas of some
    book.save(source)
    take(bot, source)
    before = liaisons(bot)
    assert [p.name for p in before] == [name.strip() for name in NASTY]
    # when
    out = tmp_path / "out.xlsx"
    assert write_roster(bot, out, TODAY) == len(NASTY)
    # then no cell is a formula
    sheet = openpyxl.load_workbook(out).worksheets[0]
    cells = [cell for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells if str(cell.value).lstrip()[0] in "=+-@")
    assert [cell.value for cell in sheet[1]] == HEAD
    # and all units are there, so that the office sees who is missing
    units = [cell.value for (cell,) in sheet.iter_rows(min_row=2, max_col=1)]
    assert set(units) == {u.name for u in bot.rules.units.units}
    # and the same file changes nothing
    outcome = take(bot, out, LATER)
    assert (outcome.changed, outcome.unchanged) == (0, 1)
    assert liaisons(bot, LATER) == before
    assert len(outcome.problems) == len(bot.rules.units.units) - 1  # units that have nobody are told


def test_registered_numbers_are_taken_by_category(bot: Bot, tmp_path: Path) -> None:
    head = ["单位", "规模以上企业", "高危企业", "其他生产经营单位"]
    rows: Rows = [
        ["五图街道", 10, "3家", "２００"],
        ["乔官镇", 1, None, 5],
        ["月球街道", 1, 2, 3],
        ["红河镇", 1, -2, 5],
    ]
    file = workbook(tmp_path, rows, head)
    outcome = take_base(bot, file, "annex4", at("2017-06-20T09:00"))
    assert (outcome.changed, outcome.unchanged) == (1, 0)
    assert [line.split(":")[0] for line in outcome.problems] == ["Sheet1!3", "Sheet1!4", "Sheet1!5"]
    with bot.record.read() as conn:
        assert people.bases(conn, "annex4") == {"五图街道": {"above_scale": 10, "high_risk": 3, "other": 200}}
    assert take_base(bot, file, "annex4", at("2017-06-21T09:00")).unchanged == 1
    assert events(bot, "base") == ["base.registered"]

"""The workbook that goes back with a returned report: what was right is kept, what was not is coloured and explained,
and mended it is accepted."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.record import versions
from tests.books import MERGES, official, xlsx
from tests.bots import appoint, archived, at, build, config, files_of, first_run, flat, header, letters, never
from tests.mails import mail

RED, YELLOW = "00FFC7CE", "00FFEB9C"
LI = "li@wutu.test"


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-01T09:00"))
        appoint(made, ("五图街道", "李明", LI))
        yield made


def sends(bot: Bot, rows: Any, when: str) -> None:
    """Li's mail with one workbook, worked off."""
    data = rows if isinstance(rows, bytes) else xlsx((rows, MERGES))
    archived(bot, mail(LI, "附件4", ("表.xlsx", data), text=when), at(when))
    work(bot, at(when), never)


def went_back(bot: Bot) -> tuple[str, Any]:
    """The name and the opened workbook of the last letter's only file."""
    ((name, data),) = files_of(letters(bot)[-1].mime)
    return name, openpyxl.load_workbook(io.BytesIO(data))


def test_wrong_cells_are_coloured_and_explained_and_the_rest_is_kept(bot: Bot) -> None:
    # given a doubtful count, a missing one, a wrong sum and no telephone
    rows = official([0, 2, "约5", 1, 1, None, 3, 0, 0, 1, 12, 7], sums=(8, None, 21), total=32)
    rows[-1] = ["填报人：李明"]
    sends(bot, rows, "2017-07-03T10:00")
    # then
    assert [letter.letter for letter in letters(bot)] == ["returned"]
    name, book = went_back(bot)
    assert name == "请更正-附件4-五图街道-2017年6月.xlsx"
    sheet = book.worksheets[0]
    assert [sheet.cell(7, column).value for column in range(2, 14)] == [0, 2, "约5", 1, 1, None, 3, 0, 0, 1, 12, 7]
    colours = {cell.coordinate: cell.fill.fgColor.rgb for line in sheet.iter_rows() for cell in line if cell.comment}
    assert colours == {"D7": RED, "G7": RED, "J8": RED, "J10": YELLOW}
    assert "“规模以上企业·三级”一栏写的是“约5”" in sheet["D7"].comment.text
    assert "写的是21" in sheet["J8"].comment.text and "相加为20" in sheet["J8"].comment.text
    assert sheet["J8"].value == 21 and str(sheet["F8"].value).startswith("=SUM(")  # what he wrote, and not ours
    assert sheet["B3"].value == "五图街道" and sheet["B10"].value == "李明"
    assert not any(sheet[cell].protection.locked for cell in ("D7", "J8", "M8"))  # the merged cell as a whole
    assert sheet["F8"].protection.locked


def test_mended_and_sent_back_it_is_accepted(bot: Bot) -> None:
    # given
    sends(bot, official([0, 2, "约5", 1, 1, None, 3, 0, 0, 1, 12, 7], sums=(8, None, 20)), "2017-07-03T10:00")
    _, book = went_back(bot)
    # when its two cells are filled in
    book.worksheets[0]["D7"], book.worksheets[0]["G7"] = 5, 0
    data = io.BytesIO()
    book.save(data)
    sends(bot, data.getvalue(), "2017-07-03T11:00")
    # then
    assert letters(bot)[-1].letter == "receipt"
    with bot.record.read() as conn:
        found = versions.accepted(conn, "annex4", "五图街道", "2017-06")
    assert found and sum(sum(columns.values()) for columns in found.numbers.values()) == 32


def test_sent_back_untouched_it_is_as_wrong_as_before(bot: Bot) -> None:
    # given one total that does not agree
    sends(bot, official(total=29), "2017-07-03T10:00")
    _, book = went_back(bot)
    data = io.BytesIO()
    book.save(data)
    # when
    sends(bot, data.getvalue(), "2017-07-03T11:00")
    # then
    assert [letter.letter for letter in letters(bot)] == ["returned", "returned"]
    assert "来表写29，相加得32" in flat(letters(bot)[-1].mime)


def test_the_wrong_month_is_marked_as_it_was_written_and_can_be_changed(bot: Bot) -> None:
    sends(bot, official(period="（截至  5 月）"), "2017-07-03T10:00")
    _, book = went_back(bot)
    line = book.worksheets[0]["A2"]
    assert line.value == "（截至5 月）" and "2017年6月" in line.comment.text and line.fill.fgColor.rgb == RED
    assert not line.protection.locked


def test_an_unknown_unit_can_be_written_over(bot: Bot) -> None:
    appoint(bot, ("乔官镇", "李明", LI))  # two posts: nobody can tell which is meant
    sends(bot, official(unit="某某局"), "2017-07-03T10:00")
    name, book = went_back(bot)
    cell = book.worksheets[0]["B3"]
    assert cell.value == "某某局" and not cell.protection.locked and cell.fill.fgColor.rgb == RED
    assert "--" not in name


def test_formulas_of_the_sender_stay_text(bot: Bot) -> None:
    rows = official(["=1+1", *[0] * 11], sums=("", "", ""), total="")
    rows[-1] = ['填报人：=HYPERLINK("http://x.test")    联系电话：+1']
    sends(bot, rows, "2017-07-03T10:00")
    sheet = went_back(bot)[1].worksheets[0]
    formulas = {c.coordinate for line in sheet.iter_rows() for c in line if c.data_type == "f"}
    assert formulas == {"B8", "F8", "J8", "B9"}  # our own sums


def test_a_receipt_carries_no_workbook(bot: Bot) -> None:
    sends(bot, official(), "2017-07-03T10:00")
    assert files_of(letters(bot)[-1].mime) == []


def test_a_number_with_a_rival_counts_when_its_sender_confirms_it(bot: Bot) -> None:
    # given last month's row below this month's, and nothing that tells them apart
    rows = official()
    rows.insert(7, [None, 0, 1, 4, 1, 1, 0, 2, 0, 0, 0, 10, 6])
    sends(bot, xlsx((rows, ())), "2017-07-03T10:00")
    asked = letters(bot)[-1]
    assert asked.letter == "confirm"
    assert "单元格C7至M7：“规模以上企业·二级等6个数”读作“2、5、3、1、12、7”，而C8至M8写的是“1、4、2、0、10、6”" in flat(
        asked.mime
    )
    with bot.record.read() as conn:
        assert versions.accepted(conn, "annex4", "五图街道", "2017-06") is None
    # when
    subject = f"回复：{header(asked.mime, 'Subject')}"
    archived(bot, mail(LI, subject, text="确认"), at("2017-07-03T11:00"))
    work(bot, at("2017-07-03T11:00"), never)
    # then
    assert letters(bot)[-1].letter == "receipt"
    with bot.record.read() as conn:
        found = versions.accepted(conn, "annex4", "五图街道", "2017-06")
    assert found and found.numbers["other"] == {"level_1": 0, "level_2": 1, "level_3": 12, "ungraded": 7}
    assert found.received_at == at("2017-07-03T10:00")

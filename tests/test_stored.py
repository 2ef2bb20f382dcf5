"""What was written down years ago is read today: one stored sample of every shape, read and shown."""

import io
from typing import Any

import docx
import openpyxl
import pytest

from bot.deciding.bulletin import changes_since
from bot.errors import RecordError
from bot.letters.summary import Source, summary
from bot.model.bulletin import Kept
from bot.record import undoing
from bot.record.bulletins import SHAPE, bulletin_in, content_of
from bot.record.naming import UnitNames
from tests.samples import FOLDER, NAMES, UNDO, sample
from tests.test_bulletin import COUNTY, NOW, QIAOGUAN, WUTU, n, report
from tests.test_bulletin_papers import RENDERER, WORDS, filled

BULLETINS = range(1, SHAPE + 1)


def test_every_shape_has_its_sample() -> None:
    assert {p.name for p in FOLDER.glob("bulletin-*.json")} == {f"bulletin-{n}.json" for n in BULLETINS}


def test_todays_shape_is_the_newest_sample() -> None:
    """Whoever changes a field of the bulletin comes by here: see ``bot.record.bulletins``."""
    assert content_of(bulletin_in(sample("bulletin", SHAPE))) == sample("bulletin", SHAPE)


@pytest.mark.parametrize("shape", BULLETINS)
def test_an_announced_bulletin_says_the_same_for_ever(shape: int) -> None:
    kept = bulletin_in(sample("bulletin", shape))
    assert [(x.unit, x.total, x.state) for x in kept.lines][:3] == [
        (WUTU, 10, "accepted"),
        (QIAOGUAN, 8, "returned"),
        ("营丘镇", 1, "waiting"),
    ]
    # up to shape 2 all units were added up, and first numbers were growth; then the towns alone
    county = (32, 11, 0.266) if shape < 3 else (29, 2, 0.363)
    assert (kept.whole.reached, kept.whole.change, kept.whole.rate) == county
    assert (kept.expected, [c.unit for c in kept.changes]) == (6, [WUTU, QIAOGUAN])
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(filled(kept, NOW))).paragraphs)
    assert "截至2017年7月" in text
    book = openpyxl.load_workbook(io.BytesIO(summary(Source(kept, COUNTY, WORDS, RENDERER.filters, NOW, kept.changes))))
    assert any(WUTU in row for sheet in book for row in sheet.iter_rows(values_only=True))


@pytest.mark.parametrize("shape", BULLETINS)
def test_a_unit_that_was_renamed_since_is_held_against_its_own_line(shape: int) -> None:
    # given: 五图街道 has become 五图镇, and keeps its old name beside it
    def named(unit: Any) -> Any:
        new = {"name": "五图镇", "full_name": "昌乐县五图镇人民政府", "aliases": ("五图街道", *unit.aliases)}
        return unit.model_copy(update=new) if unit.name == WUTU else unit

    units = type(COUNTY.units)(affixes=COUNTY.units.affixes, units=tuple(map(named, COUNTY.units.units)))
    kept = Kept(bulletin_in(sample("bulletin", shape)), NOW, NOW)
    # when
    told = changes_since(kept, {"五图镇": report("五图镇", n(12), id_=120)}, units)
    # then
    assert [(c.unit, c.announced, c.now) for c in told] == [("五图镇", 10, 12)]


def test_a_newer_program_s_bulletin_is_one_clear_line() -> None:
    with pytest.raises(RecordError, match=f"shape {SHAPE + 1}, newer than this program's {SHAPE}"):
        bulletin_in({**sample("bulletin", SHAPE), "shape": SHAPE + 1})


def test_every_shape_of_what_takes_an_order_back_has_its_sample() -> None:
    assert {p.name for p in FOLDER.glob("undo-*.json")} == {f"undo-{n}.json" for n in range(1, undoing.SHAPE + 1)}
    assert [undoing.stored(item, NAMES) for item in UNDO] == sample("undo", undoing.SHAPE)


@pytest.mark.parametrize("shape", range(1, undoing.SHAPE + 1))
def test_an_order_of_long_ago_is_taken_back_of_the_unit_by_its_name_today(shape: int) -> None:
    """五图街道 has become 五图镇 since."""
    names = UnitNames({"五图镇": "wutu"}, {"wutu": "五图镇"}, called={"五图街道": "五图镇", "五图镇": "五图镇"})
    found = [undoing.read(item, names) for item in sample("undo", shape)]
    assert found[:4] == [
        {"reopen": 7},
        {"withdraw": ["五图镇", "annex4", "2017-07"]},
        {"stopped": "2017-07-03T10:00:00+08:00"},
        {"liaisons": ["五图镇", [["李明", "13800000000", "li@wutu.test"]]]},
    ]

"""The past stays: forms and units that come and go in the middle of a year, and what was before them.

Campaign from 2017-06. June's report is due on Wednesday 07-05, July's on Saturday 08-05, August's on Tuesday 09-05.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.deciding.deadlines import owed_periods
from bot.jobs.parts import Bot
from bot.jobs.reporting.assessing import assessed
from bot.jobs.reporting.board import board_context
from bot.jobs.reporting.bulletins import edition
from bot.jobs.reporting.digest_letters import period_in_view
from bot.jobs.standing import lines, owing
from bot.rules.units import Unit, Units
from tests.books import ANNEX4, RULES
from tests.bots import ZONE, at, built, first_run, reported

WUTU, NEW = "五图街道", "新区管委会"
ANNEX = "annex4"


@pytest.fixture(params=["sqlite", "postgresql"])
def bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, at("2017-06-20T09:00"))
        yield made


def with_unit(bot: Bot, unit: Unit) -> Bot:
    """The same county with one more unit, or with this one in the place of the one of its id."""
    units = bot.rules.units
    others = [unit if u.id == unit.id else u for u in units.units]
    every = others if unit in others else [*others, unit]
    changed = Units(affixes=units.affixes, units=tuple(every), groups=units.groups)
    return replace(bot, rules=bot.rules.model_copy(update={"units": changed}))


def with_owed(bot: Bot, **owed: Any) -> Bot:
    """The same county with other terms for Annex 4."""
    rule = ANNEX4.model_copy(update={"owed": type(ANNEX4.owed).model_validate({**ANNEX4.owed.model_dump(), **owed})})
    parts = {name: getattr(bot.rules, name) for name in type(bot.rules).model_fields}
    rules = type(bot.rules).model_validate({**parts, "forms": {**bot.rules.forms, ANNEX: rule}})
    return replace(bot, rules=rules)


def states(bot: Bot, period: str, now: str) -> dict[str, str]:
    with bot.record.read() as conn:
        return {line.unit.name: line.state for line in lines(bot, conn, ANNEX, period, at(now))}


def owed(bot: Bot, unit: str, now: str) -> list[str]:
    """The months for which a unit owes Annex 4 at a moment."""
    with bot.record.read() as conn:
        every = [item.obligation for item in owing(bot, conn, at(now))]
    return [o.period for o in every if (o.unit, o.form) == (unit, ANNEX)]


# What the rules say.


@pytest.mark.parametrize(
    ("since", "until", "there"),
    [
        (None, None, [6, 7, 8, 9]),
        ("2017-08", None, [8, 9]),
        (date(2017, 8, 31), None, [8, 9]),
        (date(2017, 9, 1), None, [9]),
        (None, "2017-07", [6, 7]),
        (None, date(2017, 7, 30), [6]),
        ("2017-07", "2017-08", [7, 8]),
    ],
)
def test_a_unit_owes_what_it_is_there_for_on_the_last_day(since: Any, until: Any, there: list[int]) -> None:
    unit = Unit.model_validate({"id": "a", "name": "甲镇", "kind": "town", "since": since, "until": until})
    assert [m for m in (6, 7, 8, 9) if ANNEX4.owed_by(unit, f"2017-{m:02}")] == there


@pytest.mark.parametrize("wrong", ["2017-13", "2017", "六月"])
def test_a_day_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="since"):
        Unit.model_validate({"id": "a", "name": "甲镇", "kind": "town", "since": wrong})


def test_a_unit_that_comes_later_owes_nothing_of_before(bot: Bot) -> None:
    # given
    bot = with_unit(bot, Unit(id="xinqu", name=NEW, kind="town", since="2017-08"))
    now = "2017-09-20T10:00"
    # then it is nowhere: not owed, not missing, not counted, not assessed
    assert owed(bot, WUTU, now) == ["2017-06", "2017-07", "2017-08"]
    assert owed(bot, NEW, now) == ["2017-08"]
    assert NEW not in states(bot, "2017-07", now)
    assert states(bot, "2017-08", now)[NEW] == "missing"
    with bot.record.read() as conn:
        of_year = {
            a.unit: [e.period for e in a.evidence if e.form == ANNEX]
            for a in assessed(bot, conn, 2017, at("2017-06-20T09:00"), at(now))
        }
        july, august = (edition(bot, conn, period, at(now)).bulletin for period in ("2017-07", "2017-08"))
    assert (of_year[WUTU], of_year[NEW]) == (["2017-06", "2017-07", "2017-08"], ["2017-08"])
    assert (july.expected, august.expected) == (45, 46)


def test_a_unit_that_ended_owes_nothing_of_after_and_its_past_stays(bot: Bot) -> None:
    reported(bot, WUTU, "2017-06")
    known = bot.rules.units.by_name[WUTU]
    bot = with_unit(bot, known.model_copy(update={"until": date(2017, 7, 31)}))
    now = "2017-09-20T10:00"
    assert owed(bot, WUTU, now) == ["2017-07"]
    assert states(bot, "2017-06", now)[WUTU] == "accepted"
    assert WUTU not in states(bot, "2017-08", now)
    assert WUTU not in [unit["unit"] for unit in board_context(bot, at(now))["forms"][0]["units"]]


def test_a_form_is_owed_from_its_first_to_its_last_period(bot: Bot) -> None:
    bot = with_owed(bot, first="2017-07", last="2017-08")
    rule = bot.rules.forms[ANNEX]
    assert owed_periods(rule, "2017-06", "2017-12", at("2017-11-20T10:00"), ZONE) == ("2017-07", "2017-08")
    assert owed(bot, WUTU, "2017-11-20T10:00") == ["2017-07", "2017-08"]
    assert states(bot, "2017-06", "2017-11-20T10:00") == {}
    # a digest and the board speak of it until a period after its last would be in view
    seen = [
        period_in_view(bot, ANNEX, at(f"2017-{day}T10:00")) for day in ("07-01", "08-01", "09-27", "09-30", "12-01")
    ]
    assert seen == [None, "2017-07", "2017-08", None, None]


def test_a_group_that_still_uses_the_old_name_means_the_same_unit() -> None:
    # given: the block alone was edited, as the file says
    known = RULES.units.by_name[WUTU]
    new = known.model_copy(update={"name": "五图镇", "aliases": (WUTU, *known.aliases)})
    units = tuple(new if u is known else u for u in RULES.units.units)
    # when
    made = Units(affixes=RULES.units.affixes, units=units, groups=RULES.units.groups)
    # then
    before, after = ([g for g in u.groups if name in g.areas] for u, name in ((RULES.units, WUTU), (made, "五图镇")))
    assert [g.number for g in before] == [g.number for g in after] != []
    assert (made.inspecting("五图镇"), made.resolve(WUTU)) == (after[0], new)

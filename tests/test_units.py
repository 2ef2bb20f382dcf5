"""Names of units: every spelling that people use leads to one unit, and never to another."""

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.rules.base import even
from bot.rules.units import Unit, Units
from tests.books import RULES

UNITS = RULES.units
PREFIXES = ("", *UNITS.affixes.prefixes)
SUFFIXES = ("", *UNITS.affixes.suffixes)
WRITTEN = [(name, unit.name) for unit in UNITS.units for name in (unit.name, unit.full_name, *unit.aliases) if name]


def named(text: str) -> str | None:
    unit = UNITS.resolve(text)
    return unit.name if unit else None


@pytest.mark.parametrize(("name", "unit"), WRITTEN)
def test_every_name_full_name_and_alias_means_its_own_unit(name: str, unit: str) -> None:
    assert named(name) == unit


@pytest.mark.parametrize(("name", "unit"), WRITTEN)
def test_the_county_before_and_the_authority_behind_change_nothing(name: str, unit: str) -> None:
    bare = next((name.removeprefix(p) for p in PREFIXES[1:] if name.startswith(p) and len(name) > len(p) + 1), name)
    found = {named(prefix + bare + suffix) for prefix in PREFIXES for suffix in SUFFIXES}
    assert found == {unit}


@pytest.mark.parametrize(("name", "unit"), WRITTEN)
def test_blanks_width_and_punctuation_change_nothing(name: str, unit: str) -> None:
    spread = [gap.join(name) for gap in (" ", "\u3000", "\u00a0", "\u200b", "  \t")]
    around = [f"（{name}）", f"“{name}”", f"{name}：", f"  {name}\t", f"{name}（）", f"《{name}》", f"{name}。"]
    assert {named(written) for written in spread + around} == {unit}


@pytest.mark.parametrize(
    "written",
    [
        *("五图街道", "五图街道办事处", "昌乐县五图街道", "昌乐县五图街道办事处", "潍坊市昌乐县五图街道办事处"),
        *(
            "五图",
            "五图街办",
            "五图办事处",
            "县五图街道",
            "五图街道安监办",
            "五图街道办事处安监办",
            "五图街道办事处管委会",
        ),
        *("五 图 街 道", "昌乐县 五图街道 办事处", "昌乐五图街道", "山东省潍坊市昌乐县五图街道办事处"),
    ],
)
def test_the_names_of_one_street(written: str) -> None:
    assert named(written) == "五图街道"


def test_two_kinds_of_authority_may_stand_behind_one_another() -> None:
    assert named("昌乐县乔官镇人民政府安监办") == "乔官镇"
    assert named("首阳山旅游度假区管委会安全生产监督管理办公室") == "首阳山旅游度假区"


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "：", "昌乐县", "县", "昌乐", "办事处", "人民政府", "管委会", "安监办", "县安监办", "昌乐县安监办"),
        *("某某街道", "五图街道五图街道", "五图乔官", "五图街道、乔官镇", "五图街道经贸办", "潍坊市", "寿光市五图街道"),
        *("王图街道", "五图镇", "安全", "局", "县局", "镇", "朱刘宝都", "公安局旅游局"),
        *("昌乐县昌乐县五图街道", "办事处五图街道", "0", "A", "五图街道2017"),
    ],
)
def test_nothing_else_is_guessed(written: str) -> None:
    # given a name that stands nowhere in rules/units.toml, however near
    # then nobody is meant
    assert named(written) is None


def test_offices_with_like_names_stay_apart() -> None:
    assert (named("公安局"), named("县公安消防大队"), named("消防大队")) == ("公安局", "公安消防大队", "公安消防大队")
    assert (named("昌乐县安监局"), named("昌乐县安全生产监督管理局")) == ("安监局", "安监局")
    assert (named("文广新局"), named("文化执法局"), named("广播电视台")) == ("文广新局", "文化执法局", "广播电视台")
    assert (named("规划局"), named("发改局"), named("旅游局"), named("市政局")) == (
        "规划局",
        "发改局",
        "旅游局",
        "市政局",
    )


NAMES = st.sampled_from(WRITTEN)
NOISE = st.lists(st.sampled_from(" \t\u3000\u00a0\u200b\ufeff：:，,。.、（）()【】“”*_"), max_size=6).map("".join)


@settings(max_examples=100, deadline=None)
@given(NAMES, st.data())
def test_noise_between_characters_never_leads_elsewhere(pair: tuple[str, str], data: st.DataObject) -> None:
    name, unit = pair
    spelt = "".join(character + data.draw(NOISE) for character in name)
    assert named(spelt) == unit


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=12) | st.text("五图街道乔官镇县局安监办公室人民政府", max_size=12))
def test_whatever_is_meant_was_written(text: str) -> None:
    """No prefix match, no likeness: one of the unit's names stands in the text."""
    unit = UNITS.resolve(text)
    if unit is not None:
        names = {even(n) for n in (unit.name, unit.full_name, *unit.aliases) if n}
        assert any(UNITS._bare(n) in even(text) for n in names)


def test_names_are_as_unicode_compares_them() -> None:
    assert named(unicodedata.normalize("NFD", "鄌郚镇")) == "鄌郚镇"
    assert named("Ａ") is None


# What the notice names.

AREAS = [
    "经济开发区",
    "朱刘街道",
    "宝都街道",
    "五图街道",
    "乔官镇",
    "营丘镇",
    "红河镇",
    "鄌郚镇",
    "首阳山旅游度假区",
    "高崖水库库区",
]
LEADING_GROUP = (
    "安监、财政、公安、住建、商务、经信、市政、质监、交通、工商、药监、水利、农业、供销、旅游、粮食、人社、国土、卫生、文广新、"
    "文化市场综合执法、广播电视台"
)
ANNEX_1 = """
第一组：县公安局牵头，县旅游局、民政局参与，负责督查县经济开发区。
第二组：县安监局牵头，公安消防大队、县气象局参与，负责督查朱刘街道。
第三组：县建设局牵头，县房产管理办公室、县文化执法局参与，负责督查宝都街道。
第四组：县经信局牵头，县发改局、县规划局参与，负责督查五图街道。
第五组：县市场监管局牵头，县商务局、县卫生和计划生育局参与，负责督查乔官镇。
第六组：县教育局牵头，县总工会、县文广新局参与，负责督查营丘镇。
第七组：县交通运输局牵头，县人社局、县粮食局参与，负责督查红河镇。
第八组：县环保局牵头，县林业局、县畜牧局参与，负责督查鄌郚镇。
第九组：县水利局牵头，县农机局、农业局参与，负责督查首阳山旅游度假区、高崖水库库区。
"""


def test_the_towns_are_the_ten_areas_of_annex_1() -> None:
    assert [u.name for u in UNITS.units if u.kind == "town"] == AREAS


@pytest.mark.parametrize("short", LEADING_GROUP.split("、"))
def test_the_departments_of_the_leading_group_are_known_by_their_short_names(short: str) -> None:
    unit = UNITS.resolve(short)
    assert unit is not None
    assert unit.kind == "department"


def test_the_departments_of_the_leading_group_are_different_ones() -> None:
    assert len({named(short) for short in LEADING_GROUP.split("、")}) == 22


def test_the_inspection_groups_are_those_of_annex_1() -> None:
    lines = re.findall("(第.组)：(.+?)牵头，(.+?)参与，负责督查(.+?)。", ANNEX_1)
    as_printed = [(n, named(lead), [named(m) for m in ms.split("、")], [named(a) for a in areas.split("、")])
                  for n, lead, ms, areas in lines]  # fmt: skip
    assert [(g.name, g.lead, list(g.members), list(g.areas)) for g in UNITS.groups] == as_printed
    assert [g.number for g in UNITS.groups] == list(range(1, 10))


def test_the_group_of_an_area_and_of_a_department() -> None:
    def group(unit: str) -> str | None:
        found = UNITS.group_of(unit)
        return found.name if found else None

    assert [group(a) for a in ("五图街道", "高崖水库库区")] == ["第四组", "第九组"]
    assert [group(d) for d in ("经信局", "规划局", "财政局", "没有这个单位")] == ["第四组", "第四组", None, None]


# A wrong file.


def units(*items: dict[str, Any], **more: Any) -> Units:
    affixes = {"prefixes": ["昌乐县"], "suffixes": ["办事处", "人民政府"]}
    return Units.model_validate({"affixes": affixes, "units": list(items), **more})


WUTU = {"id": "wutu", "name": "五图街道", "kind": "town", "aliases": ["五图"]}
QIAOGUAN = {"id": "qiaoguan", "name": "乔官镇", "kind": "town"}


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        ({**QIAOGUAN, "aliases": ["五图"]}, "'五图' means both 五图街道 and 乔官镇"),
        ({**QIAOGUAN, "aliases": ["昌乐县五图街道办事处"]}, "means both"),
        ({**QIAOGUAN, "full_name": "五 图"}, "means both"),
        ({**QIAOGUAN, "id": "wutu"}, "a unit's id stands twice"),
        ({**WUTU, "id": "other"}, "a unit's name stands twice"),
        ({**QIAOGUAN, "id": "Qiao Guan"}, "id"),
        ({**QIAOGUAN, "kind": "village"}, "kind"),
        ({**QIAOGUAN, "alias": ["x"]}, "alias"),
    ],
)
def test_a_file_in_which_a_name_means_two_units_is_refused(second: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        units(WUTU, second)


def test_a_department_is_inspected_by_no_group() -> None:
    def numbers(*names: str) -> list[int | None]:
        return [group.number if (group := UNITS.inspecting(name)) else None for name in names]

    assert numbers("朱刘街道", "首阳山旅游度假区", "高崖水库库区") == [2, 9, 9]
    assert numbers("安监局", "气象局", "财政局", "没有这个单位") == [None] * 4


def test_two_groups_of_one_number_are_refused() -> None:
    group = {"number": 1, "name": "第一组", "lead": "五图街道", "members": [], "areas": ["五图街道"]}
    with pytest.raises(ValidationError, match="a number stands twice"):
        units(WUTU, groups=[group, {**group, "name": "第二组"}])


def test_a_group_of_a_unit_that_does_not_exist_is_refused() -> None:
    group = {"number": 1, "name": "第一组", "lead": "公安局", "members": [], "areas": ["五图街道"]}
    with pytest.raises(ValidationError, match="group 1 names '公安局', which is no unit"):
        units(WUTU, groups=[group])


def test_no_unit_at_all_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1"):
        units()


def test_a_unit_needs_no_aliases() -> None:
    assert units(QIAOGUAN).resolve("昌乐县乔官镇人民政府") == Unit.model_validate(QIAOGUAN)


def test_ids_fit_into_keys_of_letters() -> None:
    assert all(re.fullmatch("[a-z][a-z0-9_]*", u.id) for u in UNITS.units)

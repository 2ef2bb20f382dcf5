"""What the own words of a reply mean, taken as a whole."""

import pytest

from bot.reading.replies import reply_in
from bot.rules.load import load_rules
from tests.bots import ROOT

RULES = load_rules(ROOT / "rules")
NAMES = ("李明", "五图街道", "五图", "五图街办", "昌乐县五图街道办事处")


def kind(text: str) -> str:
    return reply_in(text, RULES.forms["annex4"], RULES, NAMES).kind


@pytest.mark.parametrize(
    "text",
    [
        "无变化",
        "无变化。",
        "本月无变化",
        "您好！本月无变化，谢谢！",
        "您好：\n    五图街道6月份无变化。\n\n李明\n13800000001",
        "无变化\n\n昌乐县五图街道办事处\n联系人：李明 电话：0536-6221234\nli@wutu.example",
        "与上月一致",
        "收到，无变化",
        "無变化".replace("無", "无"),
        "无 变 化",
    ],
)
def test_no_change(text: str) -> None:
    assert kind(text) == "unchanged"


@pytest.mark.parametrize("text", ["确认", "确认。", "确认无误，谢谢", "您好，数字正确。\n李明", "确认\n\n2017年7月4日"])
def test_a_confirmation(text: str) -> None:
    assert kind(text) == "confirm"


@pytest.mark.parametrize("text", ["收到，谢谢！", "好的\n李明 13800000001", "您好！收到。\n五图街道 李明"])
def test_courtesy_means_nothing(text: str) -> None:
    assert kind(text) == "courtesy"


@pytest.mark.parametrize("text", ["", " \n\u3000"])
def test_nothing_is_not_a_courtesy(text: str) -> None:
    assert kind(text) == "nothing"


@pytest.mark.parametrize(
    "text",
    [
        "无变化，但高危增加1家",
        "除高危外无变化",
        "高危无变化",
        "规上无变化，高危增加1家",
        "确认无误后再报",
        "尚未确认无误",
        "规上 0 2 5，高危 1 0 3",
        "规上一级约5家，二级3家，三级1家",
        "0 2 5 1 1 0 3 0 0 1 12 7 左右",
    ],
)
def test_what_looks_like_a_report_and_is_not_clear_is_not_passed_over(text: str) -> None:
    assert kind(text) == "unclear"


@pytest.mark.parametrize(
    "text", ["因两家企业注销", "有2家企业搬迁至外县，已核实。", "李明：原上报数含已关停企业，本次剔除。"]
)
def test_a_sentence_may_be_a_reason(text: str) -> None:
    assert kind(text) == "words"


@pytest.mark.parametrize("text", ["请问哪里错了", "这个怎么改？", "数字有误，稍后重新报"])
def test_a_question_is_no_reason(text: str) -> None:
    assert kind(text) == "question"


@pytest.mark.parametrize("text", ["正在核实，明天再报", "收到，谢谢！月初统计好后报送。", "我们尽快上报"])
def test_a_promise_is_no_reason_and_nothing_to_do(text: str) -> None:
    assert kind(text) == "promise"


def test_the_month_and_the_unit_that_are_named_are_told() -> None:
    reply = reply_in("五图街道5月份无变化", RULES.forms["annex4"], RULES, NAMES)
    assert (reply.kind, reply.month, reply.unit) == ("unchanged", "5月", "五图街道")
    assert reply_in("六月无变化", RULES.forms["annex4"], RULES, NAMES).month == "六月"


def test_numbers_with_a_signature_below() -> None:
    reply = reply_in(
        "您好，6月数据如下：\n0 2 5 1 1 0 3 0 0 1 12 7\n\n五图街道 李明\n手机：13800000001\n2017年7月3日",
        RULES.forms["annex4"],
        RULES,
        NAMES,
    )
    assert reply.kind == "numbers"
    assert reply.numbers is not None
    assert reply.numbers.counts["other"]["level_3"].value == 12


def test_a_long_reply_is_cut_and_costs_little() -> None:
    assert len(reply_in("无变化" * 100_000, RULES.forms["annex4"], RULES, NAMES).text) <= 500

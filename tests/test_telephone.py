"""What units say by telephone, registered by order; and reports that the office takes out of force again."""

import pytest

from bot.jobs.replaying import replay
from bot.jobs.standing import lines
from bot.record import history, versions
from tests.bots import at
from tests.mails import report
from tests.towns import CHEN, GUO, LI, QIAOGUAN, WANG, WUTU, Town, town

__all__ = ["town"]
TWELVE = "0 2 5 1 1 0 3 0 0 1 12 7"
RIGHT = {
    "above_scale": {"level_1": 0, "level_2": 2, "level_3": 5, "ungraded": 1},
    "high_risk": {"level_1": 1, "level_2": 0, "level_3": 3, "ungraded": 0},
    "other": {"level_1": 0, "level_2": 1, "level_3": 12, "ungraded": 7},
}


def in_force(town: Town, period: str = "2017-06", unit: str = WUTU) -> tuple[int, dict[str, dict[str, int]]] | None:
    with town.bot.record.read() as conn:
        found = versions.accepted(conn, "annex4", unit, period)
    return (found.version, found.numbers) if found else None


def state(town: Town, when: str, unit: str = WUTU, period: str = "2017-06") -> str:
    with town.bot.record.read() as conn:
        return next(x.state for x in lines(town.bot, conn, "annex4", period, at(when)) if x.unit.name == unit)


@pytest.mark.parametrize(
    "words",
    [
        f"登记 五图 6月 {TWELVE}",
        "登记 五图街道 6月：0、2、5、1、1、0、3、0、0、1、12、7",
        "电话登记 昌乐县五图街道 2017年6月 规上 0 2 5 1，高危 1 0 3 0，其他 0 1 12 7",
        "登记 五图 6月\n规上：一级0，二级2，三级5，其他1\n高危：一级1，二级0，三级3，其他0\n"
        "其他：一级0，二级1，三级12，其他7",
        "登记 五图 6月 规模以上企业 0 2 5 1\n高危企业 1 0 3 0\n\n其他生产经营单位 0 1 12 7",
        "1. 登记 五图 6月份 ０ ２ ５ １ １ ０ ３ ０ ０ １ １２ ７",
    ],
)
def test_numbers_by_telephone_are_registered_once_they_are_confirmed(town: Town, words: str) -> None:
    asked = town.says(GUO, f"{words}\n\n郭忠亮\n6228071", "2017-07-05T16:00")
    assert [(came.to, came.kind) for came in asked] == [(GUO, "confirm_order")]
    assert "报送数字：规模以上企业0251（8）；高危企业1030（4）；其他生产经营单位01127（20）；共32" in asked[0].text
    assert in_force(town) is None
    # the yes comes after the deadline: what counts is when the office wrote it down
    done = town.says(GUO, "确认", "2017-07-06T09:00", town.reply_to(GUO, "confirm_order"))
    assert in_force(town) == (1, RIGHT)
    assert state(town, "2017-07-06T10:00") == "accepted"
    told = {(came.to, came.kind) for came in done}
    assert {(LI, "receipt"), (GUO, "orders"), (CHEN, "orders")} <= told
    receipt = town.last(LI, "receipt").text
    assert "贵单位以电话等方式报送的情况，我办已于2017年7月5日16:00收悉" in receipt
    assert "由我办代为登记，请核对下列各数，如有出入请直接回复本邮件更正" in receipt
    assert "按时报送" in receipt
    assert "发来的邮件" not in receipt
    town.says(GUO, "历史 五图", "2017-07-06T09:30")
    assert "第1版，2017年7月5日16:00收到，按时，32家，电话报送" in town.last(GUO, "orders").text
    with town.bot.record.read() as conn:
        numbers = history.ids_of_mails(conn)
    assert {found.result for number in numbers if (found := replay(town.bot, number))} <= {"same", "skipped"}


def test_no_change_by_telephone_is_last_months_and_the_liaison_may_answer_the_receipt(town: Town) -> None:
    town.arrives(report(LI), "2017-07-03T10:00")
    town.orders("登记 五图 7月 无变化", "2017-08-02T10:00")
    assert in_force(town, "2017-07") == (1, RIGHT)
    assert "（与截至2017年6月的数字相同）" in town.last(LI, "receipt").text
    town.says(LI, "0 2 5 1 1 0 3 0 0 1 12 8", "2017-08-02T14:00", town.reply_to(LI, "receipt"))
    version, numbers = in_force(town, "2017-07") or (0, {})
    assert (version, numbers["other"]["ungraded"]) == (2, 8)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("登记 乔官镇 6月 无变化", "未登记：此前没有已登记的数字，无法按“无变化”登记"),
        ("登记 乔官镇 6月 1 2 3", "未登记：其中的数字或说明未能读懂"),
        ("登记 乔官镇 6月", "未写明数字"),
        ("登记 乔官镇 6月 0 2 5 1 1 0 3 0 0 1 12", "未登记"),
        (f"登记 乔官镇 2017年9月 {TWELVE}", "未登记，请与报送单位核对后重新下达"),
        (f"登记 乔官镇 2017年1月 {TWELVE}", "未写明月份，或月份不在报送范围内"),
        (f"登记 五图 6月 {TWELVE}", "未登记：所报数字与五图街道2017年6月已登记的相同"),
        ("撤回 乔官镇 6月", "未办理：乔官镇附件4（2017年6月）没有已登记的报表"),
        ("撤回 乔官镇", "未写明月份"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once_and_changes_nothing(town: Town, words: str, why: str) -> None:
    town.arrives(report(LI), "2017-07-03T10:00")
    came = town.says(GUO, words, "2017-07-04T10:00")
    assert [(letter.to, letter.kind) for letter in came] == [(GUO, "orders")]
    assert why in came[0].text
    assert (in_force(town), in_force(town, unit=QIAOGUAN)) == ((1, RIGHT), None)


def test_a_withdrawn_report_gives_way_to_the_one_before_and_may_come_back(town: Town) -> None:
    town.arrives(report(LI), "2017-07-03T10:00")
    town.arrives(report(LI, extra=1, subject="更正"), "2017-07-03T11:00")
    asked = town.says(GUO, "撤回 五图 6月 报错了", "2017-07-04T09:00")
    assert "共33" in asked[0].text
    assert "与现登记数相比：其他生产经营单位·其他：原为8，现为7撤回后以第1版为准。" in asked[0].text
    town.says(GUO, "确认", "2017-07-04T09:10", town.reply_to(GUO, "confirm_order"))
    assert in_force(town) == (1, RIGHT)
    told = town.last(LI, "decided")
    assert told.subject.startswith("【登记已撤回】五图街道附件4（截至2017年6月）")
    assert "第2版的登记已由我办撤回，不再作数。现以此前登记的第1版为准" in told.text
    assert "理由：报错了。" in told.text
    # 撤销 names the act, and puts it back
    asked = town.says(GUO, "撤销", "2017-07-04T09:20")
    assert "最近一次操作：2017年7月4日09:11办理的“撤回五图街道2017年6月报错了”" in asked[0].text
    town.says(GUO, "确认", "2017-07-04T09:30", town.reply_to(GUO, "confirm_order"))
    assert (in_force(town) or (0,))[0] == 2
    assert "第2版的登记已恢复" in town.last(LI, "decided").text


def test_a_unit_without_a_report_owes_again_and_the_next_one_is_a_new_version(town: Town) -> None:
    town.arrives(report(LI), "2017-07-03T10:00")
    town.orders("撤回 五图 6月", "2017-07-04T09:00")
    assert in_force(town) is None
    assert state(town, "2017-07-04T10:00") == "open"
    told = town.last(LI, "decided").text
    assert "该报表现无登记的数字，请重新报送，报送期限为2017年7月5日" in told
    assert "按未报处理" in town.last(GUO, "orders").text
    town.arrives(report(LI, subject="重报"), "2017-07-05T10:00")
    assert in_force(town) == (2, RIGHT)
    # what was taken back is not put back over a newer one
    refused = town.says(GUO, "撤销", "2017-07-05T11:00")
    town.says(GUO, "确认", "2017-07-05T11:10", town.reply_to(GUO, refused[0].kind))
    assert "五图街道该月此后另有登记" in town.last(GUO, "orders").text
    assert (in_force(town) or (0,))[0] == 2
    town.says(GUO, "历史 五图", "2017-07-05T12:00")
    text = town.last(GUO, "orders").text
    assert "第2版，2017年7月5日10:00收到" in text
    assert "第1版，2017年7月3日10:00收到，按时，32家，已撤回" in text


def test_an_undone_call_leaves_what_was_before(town: Town) -> None:
    town.orders(f"登记 乔官镇 6月 {TWELVE}", "2017-07-04T09:00")
    assert in_force(town, unit=QIAOGUAN) == (1, RIGHT)
    town.orders("撤销", "2017-07-04T10:00")
    assert in_force(town, unit=QIAOGUAN) is None
    assert "请重新报送" in town.last(WANG, "decided").text

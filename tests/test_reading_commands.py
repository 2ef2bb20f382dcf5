"""Commands as people write them."""

from datetime import date
from typing import Any

import pytest

from bot.model.commands import Command, Misunderstood
from bot.reading import commands
from bot.reading.commands import commands_in
from tests.books import RULES

TODAY = date(2017, 7, 6)
STAFF = RULES.commands.of("staff")


def read(text: str, expected: bool = True) -> list[Any]:
    return list(commands_in(text, STAFF, RULES, TODAY, expected=expected))


def one(text: str) -> Command:
    found = read(text)
    assert isinstance(found[0], Command), found
    return found[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("通过", None),
        ("3 通过", 3),
        ("3通过", 3),
        ("３、通过。", 3),
        ("第3项 通过", 3),
        ("3：通 过", 3),
        ("请通过", None),
    ],
)
def test_an_answer_with_its_number(text: str, number: int | None) -> None:
    command = one(text)
    assert (command.rule.id, command.number) == ("accept", number)


@pytest.mark.parametrize(
    "text",
    [
        "延期 五图街道 6月 至 7月10日 联络员住院",
        "延期　五图街道　６月　至　７月１０日　联络员住院",
        "延期五图街道办事处6月至7月10日联络员住院",
        "延期：五图街道，2017-06，到2017-07-10，联络员住院",
        "您好\n延期 五图 六月份 至7.10 联络员住院\n\n郭忠亮\n6228071",
    ],
)
def test_an_extension_however_written(text: str) -> None:
    command = one(text)
    a = command.arguments
    assert command.rule.id == "extend"
    assert (a.unit, a.period, a.until, a.reason) == ("五图街道", "2017-06", date(2017, 7, 10), "联络员住院")


def test_arguments_of_the_others() -> None:
    a = one("联络员 乔官镇 王小芳 13800000009 Wang@Qiaoguan.example").arguments
    assert (a.unit, a.name, a.mobile, a.email) == ("乔官镇", "王小芳", "13800000009", "wang@qiaoguan.example")
    a = one("免报 教育局 6月 无监管企业").arguments
    assert (a.unit, a.period, a.reason) == ("教育局", "2017-06", "无监管企业")
    assert one("退回 不是６月的表，请重报。").arguments.reason == "不是６月的表，请重报"
    assert one("改为 乔官镇").arguments.unit == "乔官镇"
    assert one("改为 2017-05").arguments.period == "2017-05"
    assert one("改为 乔官镇 5月").arguments.period == "2017-05"
    assert one("状态").arguments.period is None
    assert one("状态 12月").arguments.period == "2016-12"
    assert one("催报 乔官").arguments.unit == "乔官镇"
    assert one("催报").arguments.unit is None


def test_several_answers_and_then_a_signature() -> None:
    found = read("3 通过\n4 退回 数字不全\n5 忽略\n郭忠亮\n电话6228071")
    assert [(c.rule.id, c.number) for c in found] == [("accept", 3), ("reject", 4), ("dismiss", 5)]


def test_the_longest_word_counts() -> None:
    assert one("不同意").rule.id == "drop"
    assert one("同意").rule.id == "send"
    assert one("同意登记").rule.id == "accept"
    assert one("不通过 表不对").rule.id == "reject"


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("延期 五图街道 6月", "no_until"),
        ("延期 王家镇 6月 至 7月10日 住院", "no_unit"),
        ("延期 五图街道 至 7月10日 住院", "no_period"),
        ("延期 五图街道 6月 至 7月10日", "no_reason"),
        ("联络员 乔官镇 王小芳 13800000009", "no_email"),
        ("退回", "no_reason"),
    ],
)
def test_what_a_command_lacks_is_told(text: str, lacks: str) -> None:
    (found,) = read(text)
    assert isinstance(found, Misunderstood)
    assert (found.lacks, found.nearest[0].words[0]) == (lacks, text.split(maxsplit=1)[0])


@pytest.mark.parametrize(
    "text", ["停发通知已收到", "通过了会议纪要", "催报报 乔官镇", "恢复供水的报告", "状态 6月 怎么样了"]
)
def test_a_sentence_that_begins_like_a_command_is_none(text: str) -> None:
    (found,) = read(text)
    assert isinstance(found, Misunderstood)
    assert found.nearest


def test_courtesy_behind_a_command_is_none_of_it() -> None:
    assert one("3 通过，谢谢！").number == 3
    assert one("恢复。麻烦了").rule.id == "resume"


def test_what_is_not_understood_names_the_nearest() -> None:
    (found,) = read("报送状况 6月", expected=False)
    assert [rule.id for rule in found.nearest] == ["status"]
    (found,) = read("这是什么意思")
    assert isinstance(found, Misunderstood)
    assert found.nearest == ()


def test_ordinary_mail_of_the_office_is_no_order() -> None:
    assert read("各镇街区：现将有关事项通知如下……", expected=False) == []
    assert read("", expected=False) == []


def test_of_a_mail_without_end_so_many_characters_are_read_as_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, seen = commands._read, []

    def counted(line: str, *rest: Any) -> Any:
        seen.append(line)
        return reading(line, *rest)

    monkeypatch.setattr(commands, "_read", counted)
    lines = [f"{n} 通过" for n in range(10_000, 12_000)] + ["x" * commands.LONGEST] * 200
    found = read("\n".join(lines))
    # then the orders are read, and of the rest equal lines once, and it is said how many were not
    assert len(seen) == 2_000
    assert [c.number for c in found[:-1]] == list(range(10_000, 12_000))
    assert (found[-1].lacks, found[-1].rest) == ("unread", "200")
    seen.clear()
    long = [f"{n} {'请' * 280}" for n in range(2_000)]
    read("\n".join(["3 通过", *long]))
    assert sum(map(len, seen)) <= commands.MOST

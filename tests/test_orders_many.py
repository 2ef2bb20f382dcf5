"""Orders as people write them: lists, one bad line, other orders of the parts, pictures, quotations, colleagues."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.mail.body import own_words
from bot.reading.guard import Reader
from bot.record import people, versions
from tests.bots import appoint, at, build, config, header, read_mailbox, reported, text_of
from tests.mails import book, mail, report
from tests.test_orders import (
    CHEN,
    GUO,
    HONGHE,
    LI,
    QIAOGUAN,
    STAFF,
    STRANGER,
    WUTU,
    acts,
    arrives,
    asked,
    begun,
    last,
    numbers,
    says,
    states,
    subject_of,
    to,
)

# The smallest picture.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path, **STAFF)) as made:
        yield begun(replace(made, reader=reader))


def five(bot: Bot) -> tuple[str, list[int]]:
    """Five questions in one letter; the subject of a reply, and their numbers."""
    for n, unit in enumerate((WUTU, QIAOGUAN, HONGHE, "营丘镇", "朱刘街道")):
        arrives(bot, report(f"unknown{n}@mail.test", unit, extra=n, subject=f"附件4 {n}"))
    subject = asked(bot)
    found = numbers(bot)
    assert len(found) == 5
    return subject, found


def counted(bot: Bot) -> set[str]:
    return {unit for unit, state in states(bot).items() if state == "accepted"}


# Many orders in one mail.


@pytest.mark.parametrize(
    "words",
    [
        "{0}-{4} 通过",
        "{0}、{1}、{2}、{3}、{4} 通过",
        "{0}，{1}，{2}-{4}通过，谢谢",
        "第{0}项至第{4}项均通过",
        "全部通过",
        "都通过",
        "以上各项都通过，请登记",
        "{0}通过，{1}通过，其余通过",
        "{0} 通过\n\n{1} 通过\n\n\n{2} 通过\n\n{3} 通过\n\n{4} 通过",
        "请将{0}～{4}通过",
    ],
)
def test_a_list_is_understood_and_answered_by_one_line_each(bot: Bot, words: str) -> None:
    subject, found = five(bot)
    says(bot, words.format(*found), subject)
    assert numbers(bot) == []
    assert len(counted(bot)) == 5
    letter, text = last(bot)
    assert letter == "orders"
    assert [f"第{number}项已通过" in text for number in found] == [True] * 5
    assert len([row for row in to(bot, GUO) if row.letter == "orders"]) == 1


def test_thirty_four_liaisons_are_approved_in_one_mail(bot: Bot) -> None:
    units = [unit.name for unit in bot.rules.units.units if unit.name not in (WUTU, QIAOGUAN)][:34]
    for n, unit in enumerate(units):
        appoint(bot, (unit, "旧人", f"old{n}@u.test"))
        arrives(bot, mail(f"old{n}@u.test", "移交", text=f"移交 张三 1380000{n:04d} new{n}@u.test"))
    subject = asked(bot)
    found = numbers(bot)
    assert len(found) == 34
    says(bot, "\n\n".join(f"{number} 通过" for number in found) + "\n\n郭忠亮\n6228071", subject)
    assert numbers(bot) == []
    with bot.record.read() as conn:
        day = at("2017-07-05T10:00").date()
        assert [people.liaisons_of(conn, unit, day)[0].name for unit in units] == ["张三"] * 34
    assert last(bot)[1].count("已通过") == 34


def test_one_bad_line_drops_no_other(bot: Bot) -> None:
    subject, (a, b, c, d, e) = five(bot)
    says(bot, f"{a} 通过\n{b} 通国\n{c} 退回 数字不对\n{d} 通过\n{e}通过，请登记\n9999 通过", subject)
    text = last(bot)[1]
    assert numbers(bot) == [b]
    assert f"“{b}通国”：“{b}通国”未能识别，未作任何处理" in text
    assert "通过：按来表登记" in text
    assert f"第{c}项已退回" in text
    assert "没有序号为9999的待处理事项" in text
    assert [command for _, command in acts(bot)] == ["accept", "reject", "accept", "accept"]


def test_different_answers_in_one_line(bot: Bot) -> None:
    subject, (a, b, c, d, e) = five(bot)
    says(bot, f"{a}通过，{b}退回 数字不对，请重报；{c}、{d}忽略。{e}同意登记", subject)
    assert numbers(bot) == []
    assert [command for _, command in acts(bot)] == ["accept", "reject", "dismiss", "dismiss", "accept"]
    assert "理由：数字不对，请重报" in last(bot)[1]


def test_all_but_those_that_are_named(bot: Bot) -> None:
    subject, found = five(bot)
    says(bot, f"其余通过\n{found[2]} 退回 请用本单位邮箱报送", subject)
    assert numbers(bot) == []
    assert len(counted(bot)) == 4
    says(bot, "全部通过", subject, when=at("2017-07-04T11:00"))
    assert "各项已经处理" in last(bot)[1]
    says(bot, "全部通过", "指令", when=at("2017-07-04T12:00"))
    assert "只能在回复" in last(bot)[1]


def test_an_answer_that_does_not_fit_names_those_that_do(bot: Bot) -> None:
    subject, found = five(bot)
    says(bot, f"{found[0]} 不发", subject)
    assert f"第{found[0]}项不能用这条指令处理，可以用：通过、登记、改为、退回、忽略" in last(bot)[1]


def test_one_question_needs_no_number_in_whatever_letter(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    asked(bot)
    (number,) = numbers(bot)
    says(bot, "通过", "指令")
    assert f"{number}通过" in last(bot)[1]
    says(bot, "确认", subject_of(bot, "confirm_order"))
    assert numbers(bot) == []


# Pictures, quotations, subjects.


def test_attachments_never_unmake_an_order(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    arrives(bot, mail(GUO, asked(bot), ("logo.png", PNG), text="通过\n\n郭忠亮"))
    assert counted(bot) == {WUTU}


def test_a_form_beside_an_order_is_read_and_both_are_answered(bot: Bot) -> None:
    arrives(bot, mail(GUO, "附件4", ("附件4.xlsx", book()), text="状态 6月"))
    kinds = {row.letter for row in to(bot, GUO)}
    assert {"orders", "waiting"} <= kinds
    assert len(numbers(bot)) == 1


HEAD = "发件人: 安委会办公室<bot@demo.test>\n发送时间: 2017年7月4日 10:00\n收件人: guo\n主题: {subject}\n\n{letter}"
QUOTES = {
    "qq": "------------------ 原始邮件 ------------------\n" + HEAD + "\n\n{words}",
    "netease": '{words}\n\nAt 2017-07-04 10:00:00, "安委会办公室" <bot@demo.test> wrote:\n>{quoted}',
    "foxmail": "{words}\n\n" + HEAD.replace(": ", "： "),
    "outlook": "{words}\n\n-----邮件原件-----\n" + HEAD,
    "iphone": "{words}\n\n发自我的 iPhone\n\n> 在 2017年7月4日，10:00，安委会 <bot@demo.test> 写道：\n> \n> {quoted}",
    "unmarked": "{words}\n\n\n{letter}",
    "between": "-----原始邮件-----\n" + HEAD + "\n{words}\n联系人：郭忠亮",
}


def quoting(style: str, words: str, subject: str, letter: str) -> str:
    quoted = letter.replace("\n", "\n>")
    return QUOTES[style].format(words=words, subject=subject, letter=letter, quoted=quoted)


@pytest.mark.parametrize("style", QUOTES)
def test_the_answer_stands_above_below_or_between_what_is_quoted(bot: Bot, style: str) -> None:
    subject, found = five(bot)
    letter = text_of(to(bot, GUO)[-1].mime)
    says(bot, quoting(style, f"{found[0]} 通过\n{found[1]} 退回 数字不对", subject, letter), subject)
    assert acts(bot) == [(GUO, "accept"), (GUO, "reject")], own_words(letter)
    assert numbers(bot) == found[2:]


@pytest.mark.parametrize("style", QUOTES)
@pytest.mark.parametrize("yes", ["确认，请办理", "是"])
def test_a_confirmation_below_the_quotation(bot: Bot, style: str, yes: str) -> None:
    says(bot, "停发")
    subject, letter = subject_of(bot, "confirm_order"), text_of(to(bot, GUO)[-1].mime)
    says(bot, quoting(style, yes, subject, letter), subject)
    assert acts(bot) == [(GUO, "hold")]


@pytest.mark.parametrize(
    "yes",
    [
        "确认",
        "确认，请办理",
        "是",
        "对",
        "同意",
        "ok",
        "OK!",
        "确认执行",
        "ok\n李明\n0536-6221234",
        "好的，确认",
        "是的，请执行。",
        "确认\n郭忠亮\n6228071",
        "没错，办理吧",
    ],
)
def test_a_yes_in_any_dress(bot: Bot, yes: str) -> None:
    says(bot, "停发")
    says(bot, yes, subject_of(bot, "confirm_order"))
    assert acts(bot) == [(GUO, "hold")]


@pytest.mark.parametrize("no", ["取消", "不", "不是", "不执行。", "先不办"])
def test_a_no_drops_what_was_asked(bot: Bot, no: str) -> None:
    says(bot, "停发")
    subject = subject_of(bot, "confirm_order")
    says(bot, no, subject)
    assert "已取消，所列指令未执行" in last(bot)[1]
    says(bot, "确认", subject, when=at("2017-07-04T11:00"))
    assert acts(bot) == []


@pytest.mark.parametrize("words", ["收到", "我问一下再说", "确认不了", "是否停发请主任定", "同意的话怎么办"])
def test_what_is_no_yes_carries_nothing_out(bot: Bot, words: str) -> None:
    says(bot, "停发")
    says(bot, words, subject_of(bot, "confirm_order"))
    assert acts(bot) == []


def test_a_colleague_cannot_confirm_and_is_told(bot: Bot) -> None:
    says(bot, "停发")
    subject = subject_of(bot, "confirm_order")
    says(bot, "确认", subject, sender=CHEN)
    assert "须由下达指令的本人回复确认" in last(bot, CHEN)[1]
    says(bot, "确认", subject, when=at("2017-07-20T10:00"))
    assert "超过7天未确认" in last(bot)[1]
    assert acts(bot) == []


def test_an_order_in_the_subject_over_a_signature(bot: Bot) -> None:
    says(bot, "郭忠亮\n昌乐县安委会办公室\n6228071", "状态 6月")
    assert last(bot)[0] == "orders"
    assert "应报45个单位" in last(bot)[1]


def test_an_order_that_is_passed_on_is_asked_back(bot: Bot) -> None:
    forwarded = (
        "---------- 转发邮件 ----------\n发件人: 陈\n日期: 2017年7月4日\n主题: 请办理\n\n免报 五图街道 6月 机构撤并\n"
    )
    says(bot, forwarded, "Fw: 请办理")
    letter, text = last(bot)
    assert letter == "confirm_order"
    assert "免报五图街道2017年6月机构撤并" in text
    assert acts(bot) == []


# Other orders of the parts.


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("给五图街道延期到10号", "延期五图街道2017年6月至2017年7月10日办公室决定"),
        ("五图街道 免报 6月", "免报五图街道2017年6月办公室决定"),
        ("五图街道6月免报，机构撤并", "免报五图街道2017年6月机构撤并"),
        ("因联络员住院，请将五图街道6月延期到7月12日", "延期五图街道2017年6月至2017年7月12日联络员住院"),
        ("五图街道 联络员 周八 zhou@wutu.test 13900000001", "联络员五图街道周八13900000001zhou@wutu.test"),
    ],
)
def test_a_loose_order_is_asked_back_once_and_then_done(bot: Bot, words: str, shown: str) -> None:
    arrives(bot, report(STRANGER, HONGHE))
    subject = asked(bot)
    says(bot, words, subject)  # also where the letter's token would do
    letter, text = last(bot)
    assert letter == "confirm_order"
    assert shown in text
    assert acts(bot) == []
    says(bot, "确认", subject_of(bot, "confirm_order"))
    assert len(acts(bot)) == 1


def test_an_exact_order_is_done_beside_one_that_is_asked_back(bot: Bot) -> None:
    subject, found = five(bot)
    says(bot, f"{found[0]} 通过\n给五图街道延期到10号\n{found[1]} 通国", subject)
    letter, text = last(bot)
    assert letter == "orders"
    assert acts(bot) == [(GUO, "accept")]
    assert "延期五图街道2017年6月至2017年7月10日" in text
    assert "只写“确认”两字" in text
    says(bot, "确认", subject_of(bot, "orders"))
    # 五图街道 has reported meanwhile: refused aloud, nothing lost
    assert "已经登记" in last(bot)[1]


def test_a_misspelt_order_is_answered_with_the_nearest(bot: Bot) -> None:
    says(bot, "免抱 五图街道 6月 无监管企业", "请办理")
    letter, text = last(bot)
    assert letter == "orders"
    assert "未能识别" in text
    assert "免报单位月份理由" in text


def test_who_has_not_reported_is_a_question_like_any(bot: Bot) -> None:
    says(bot, "这个月还有谁没报", "问一下")
    assert "应报45个单位" in last(bot)[1]


@pytest.mark.parametrize(
    "words",
    [
        "五图街道问能否延期到10号",
        "五图街道免报7月的事我们再研究",
        "不要停发",
        "请不要给五图街道延期到10号",
        "会上通过了五图街道6月的整改方案",
    ],
)
def test_a_sentence_that_mentions_an_order_is_not_obeyed(bot: Bot, words: str) -> None:
    arrives(bot, report(STRANGER, HONGHE))
    subject = asked(bot)
    says(bot, words, subject)
    assert last(bot)[0] == "orders"
    assert "未能识别" in last(bot)[1]
    assert acts(bot) == []
    assert len(numbers(bot)) == 1


# Colleagues, and one's own acts.


def test_the_staff_may_order_as_often_as_it_likes(bot: Bot) -> None:
    for n in range(12):
        says(bot, f"历史 {bot.rules.units.units[n].name}", f"指令{n}", when=at(f"2017-07-04T11:{n:02d}"))
    assert [row.letter for row in to(bot, GUO)] == ["orders"] * 12
    for n in range(12):
        says(bot, f"免报 {bot.rules.units.units[n].name} 6月 撤并", f"又{n}", when=at(f"2017-07-04T12:{n:02d}"))
    assert [row.letter for row in to(bot, GUO)][12:] == ["confirm_order"] * 12


def test_two_of_the_staff_who_disagree_are_both_told(bot: Bot) -> None:
    subject, found = five(bot)
    theirs = subject_of(bot, "attention", CHEN)
    says(bot, f"{found[0]} 通过", subject)
    says(bot, f"{found[0]} 退回 数字不对", theirs, sender=CHEN, when=at("2017-07-04T11:00"))
    assert f"第{found[0]}项已由{GUO}于2017年7月4日10:00办理（“{found[0]}通过”）" in last(bot, CHEN)[1]
    letter, text = last(bot)
    assert letter == "orders"
    assert f"另有工作人员来信要求“{found[0]}退回数字不对”，未予执行" in text
    # who says the same again hears that it is done, and troubles nobody
    before = len(to(bot, GUO))
    says(bot, f"{found[0]} 通过", theirs, sender=CHEN, when=at("2017-07-04T12:00"))
    assert len(to(bot, GUO)) == before


def test_undo_takes_back_ones_own_last_act_or_says_why_not(bot: Bot) -> None:
    subject, found = five(bot)
    theirs = subject_of(bot, "attention", CHEN)
    says(bot, "免报 乔官镇 6月 机构撤并", subject)
    says(bot, f"{found[0]} 通过", subject, when=at("2017-07-04T10:10"))
    says(bot, "撤销", "指令", when=at("2017-07-04T10:20"))
    assert f"您最近一次操作是2017年7月4日10:10办理的“{found[0]}通过”，不能撤销" in last(bot)[1]
    assert states(bot)[QIAOGUAN] == "exempt"
    # and a colleague's act is never taken back with one's own
    says(bot, "免报 红河镇 6月 机构撤并", theirs, sender=CHEN, when=at("2017-07-04T10:30"))
    says(bot, "延期 红河镇 6月 至 7月20日 住院", "指令", when=at("2017-07-04T10:40"))
    says(bot, "确认", subject_of(bot, "confirm_order"), when=at("2017-07-04T10:41"))
    says(bot, "撤销", "指令", sender=CHEN, when=at("2017-07-04T10:50"))
    assert f"此后{GUO}已就同一事项另行办理，未予撤销" in last(bot, CHEN)[1]


def test_as_says_for_whom_and_what_becomes_of_the_other(bot: Bot) -> None:
    arrives(bot, report(LI, QIAOGUAN))
    says(bot, "改为 五图街道", asked(bot))
    text = last(bot)[1]
    assert "已按“五图街道附件42017年6月”办理：已登记（来表原写：乔官镇附件42017年6月）" in text
    assert "来表原写乔官镇（2017年6月），该单位该月现为：尚未报送（未到期限）" in text


def test_who_is_on_the_staff_too_answers_a_liaisons_letter_as_one(bot: Bot) -> None:
    appoint(bot, ("教育局", "郭忠亮", GUO))
    reported(bot, "教育局", "2017-06")
    late = at("2017-08-07T09:00")
    read_mailbox(bot, late)
    remind(bot, late)
    (reminder,) = [row for row in to(bot, GUO) if row.letter.startswith("reminder")]
    subject = "Re: " + header(reminder.mime, "Subject")
    says(bot, "无变化", subject, when=late)
    assert to(bot, GUO)[-1].letter == "receipt"
    with bot.record.read() as conn:
        assert versions.accepted(conn, "annex4", "教育局", "2017-07") is not None
    says(bot, "查询", subject, when=at("2017-08-07T09:10"))
    assert "报送记录如下" in last(bot)[1]
    assert "停发" not in last(bot)[1]

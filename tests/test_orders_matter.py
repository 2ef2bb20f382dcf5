"""The matter stands in the question, each with its answers; 回复 relays; 通报 and 考核 of any month and year."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.jobs.orders.relaying import RELAYED
from bot.jobs.parts import Bot
from bot.jobs.reporting.digesting import digest
from bot.reading.guard import Reader
from bot.record import bulletins, questions
from tests.bots import at, attentions, build, config, files_of, flat, read_mailbox, reported, text_of
from tests.mails import mail, report
from tests.test_orders import (
    CHEN,
    GUO,
    LI,
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


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path, **STAFF)) as made:
        yield begun(replace(made, reader=reader))


def of_words(bot: Bot) -> list[int]:
    with bot.record.read() as conn:
        return [row.number for row in questions.about_words(conn)]


def test_a_question_shows_words_numbers_and_what_would_change(bot: Bot) -> None:
    arrives(bot, report(LI))
    arrives(bot, mail(STRANGER, "更正", ("附件4.xlsx", files_book(2)), text="领导好，原邮箱登不上，高危的数改了。"))
    asked(bot)
    (number,) = numbers(bot)
    text = last(bot)[1]
    assert "来信内容：领导好，原邮箱登不上，高危的数改了。" in text
    assert "共34" in text
    assert "原为7，现为9" in text
    for line in (
        f"“{number}通过”",
        f"“{number}退回（理由）”",
        f"“{number}改为（单位或月份）”",
        f"“{number}回复（要转告的话）”",
    ):
        assert line in text


def files_book(extra: int) -> bytes:
    from tests.mails import book

    return book(total=32, extra=extra)


def test_a_successor_stands_in_the_question_with_mobile_and_address(bot: Bot) -> None:
    arrives(bot, mail(LI, "移交", text="移交 周八 13900000001 zhou@wutu.test"))
    asked(bot)
    assert "拟任联络员：周八，13900000001，zhou@wutu.test" in last(bot)[1]


def test_a_word_of_the_office_is_relayed_and_the_question_stays_until_then(bot: Bot) -> None:
    # given a liaison who asks, in reply to a letter of ours
    arrives(bot, report(LI))
    says(bot, "能否晚两天再报更正的数？", subject_of(bot, "receipt", LI), sender=LI)
    (number,) = of_words(bot)
    subject = asked(bot)
    assert "能否晚两天再报更正的数？" in last(bot)[1]
    # then it stands in every digest
    monday = at("2017-07-10T09:00")
    read_mailbox(bot, monday)
    assert digest(bot, monday)
    text = flat([row for row in to(bot, GUO) if row.letter == "digest"][-1].mime)
    assert f"序号{number}" in text
    # when
    says(bot, f"{number} 回复 可以晚两天，请于7日前报送", subject, when=monday)
    # then
    letter, text = to(bot, LI)[-1].letter, flat(to(bot, LI)[-1].mime)
    assert letter == RELAYED
    assert "可以晚两天，请于7日前报送。" in text
    assert "县安委会办公室" in text
    assert of_words(bot) == []
    assert acts(bot) == [(GUO, "reply")]
    says(bot, f"{number} 回复 不行", subject_of(bot, "attention", CHEN), sender=CHEN, when=monday)
    assert f"已由{GUO}" in last(bot, CHEN)[1]


def test_a_report_goes_on_waiting_when_its_sender_is_written_to(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    says(bot, "回复 请用本单位邮箱报送", asked(bot))
    assert to(bot, STRANGER)[-1].letter == RELAYED
    assert "来信所附报表仍在核实" in flat(to(bot, STRANGER)[-1].mime)
    assert len(numbers(bot)) == 1


def test_what_stands_in_our_letter_orders_nothing_when_it_is_quoted_without_a_mark(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    arrives(bot, report("zhang@mail.test", "乔官镇", subject="附件四"))
    subject = asked(bot)
    first, second = numbers(bot)
    says(bot, f"{first} 通过\n\n\n" + text_of(to(bot, GUO)[-1].mime), subject)
    assert acts(bot) == [(GUO, "accept")]
    assert numbers(bot) == [second]


def test_a_rejection_says_where_the_unit_stands(bot: Bot) -> None:
    arrives(bot, report(LI))
    arrives(bot, report(STRANGER, extra=2, subject="更正"))
    says(bot, "退回 请用本单位邮箱报送", asked(bot))
    text = last(bot)[1]
    assert f"{WUTU}（2017年6月）现为：已报" in text
    assert "仍为未报" not in text


def test_the_bulletin_of_any_month_can_be_asked_for_and_released(bot: Bot) -> None:
    reported(bot, WUTU)
    later = at("2017-09-20T10:00")
    says(bot, "通报 2017年6月", "要通报", when=later)
    row = to(bot, GUO)[-1]
    assert row.letter == "bulletin"
    assert len(files_of(row.mime)) == 2
    says(bot, "同意", subject_of(bot, "bulletin"), when=later)
    assert "2017年6月附件4通报予以印发" in last(bot)[1]
    with bot.record.read() as conn:
        assert bulletins.is_released(conn, "annex4", "2017-06")
    says(bot, "6月通报", "再要", when=at("2017-09-20T11:00"))
    assert last(bot)[0] == "orders"
    assert len(files_of(to(bot, GUO)[-1].mime)) == 2


def test_the_assessment_of_a_year_can_be_asked_for(bot: Bot) -> None:
    reported(bot, WUTU)
    says(bot, "考核 2017年", "要考核", when=at("2017-12-20T10:00"))
    ((name, _),) = files_of(to(bot, GUO)[-1].mime)
    assert name == "各单位报送情况考核表（2017年度）.xlsx"
    says(bot, "考核 2019", "要考核", when=at("2017-12-20T10:10"))
    assert "没有应报的报表" in last(bot)[1]


def test_an_order_that_grants_what_a_liaison_asked_for_closes_his_question(bot: Bot) -> None:
    says(bot, "能否晚两天报送？", "申请", sender=LI)
    (number,) = of_words(bot)
    subject = asked(bot)
    says(bot, f"{number} 延期 五图街道 6月 至 7月7日 联络员住院", subject)
    letter, text = last(bot)
    assert letter == "orders"
    assert f"第{number}项（来信“申请”）一并办结" in text
    assert of_words(bot) == []
    assert to(bot, LI)[-1].letter == "decided"
    # and the digest asks no more
    monday = at("2017-07-10T09:00")
    read_mailbox(bot, monday)
    assert digest(bot, monday)
    assert f"序号{number} " not in flat([row for row in to(bot, GUO) if row.letter == "digest"][-1].mime)
    says(bot, f"{number} 回复 不行", subject_of(bot, "attention", CHEN), sender=CHEN, when=monday)
    assert f"第{number}项已由{GUO}" in last(bot, CHEN)[1]


def test_two_questions_of_a_unit_both_stay_open(bot: Bot) -> None:
    says(bot, "能否晚两天报送？", "申请", sender=LI)
    says(bot, "申请免报本月", "再申请", sender=LI)
    assert len(of_words(bot)) == 2
    says(bot, "延期 五图街道 6月 至 7月7日 联络员住院", asked(bot))
    assert len(of_words(bot)) == 2


def test_a_report_with_the_mark_of_a_machine_is_decided_by_the_office(bot: Bot) -> None:
    arrives(bot, report(LI, headers={"Precedence": "bulk"}))
    subject = asked(bot)
    assert "可答复：通过、改为、忽略、回复" in last(bot)[1]
    assert states(bot)[WUTU] == "waiting"
    says(bot, "通过", subject)
    assert states(bot)[WUTU] == "accepted"
    assert to(bot, LI)[-1].letter == "receipt"


@pytest.mark.parametrize("words", ["初稿，请勿登记。", "表中高危企业三级应为4家，没来得及改。"])
def test_what_was_held_back_by_its_words_is_decided_by_the_office(bot: Bot, words: str) -> None:
    arrives(bot, mail(LI, "附件4", ("附件4.xlsx", files_book(0)), text=words))
    says(bot, "通过", asked(bot))
    assert states(bot)[WUTU] == "accepted"


def test_yes_alone_is_about_the_one_question_of_its_letter_whatever_else_is_open(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    asked(bot)
    arrives(bot, report("zhang@mail.test", "乔官镇", subject="附件四"))
    second = asked(bot, at("2017-07-04T14:00"))
    says(bot, "通过", second, when=at("2017-07-04T15:00"))
    assert (states(bot)["乔官镇"], states(bot)[WUTU]) == ("accepted", "waiting")
    assert "不止一项" not in last(bot)[1]


@pytest.mark.parametrize(
    ("answer", "period"), [("7月无变化", "2017-07"), ("7月份与6月一致，无变化", "2017-07"), ("无变化", "")]
)
def test_no_change_under_an_old_month_is_asked_and_its_answer_understood(bot: Bot, answer: str, period: str) -> None:
    arrives(bot, report(LI))
    august = at("2017-08-02T10:00")
    says(bot, "无变化", subject_of(bot, "receipt", LI), sender=LI, when=august)
    assert to(bot, LI)[-1].letter == "unclear"
    assert "请写明月份，例如“7月无变化”" in flat(to(bot, LI)[-1].mime)
    later = at("2017-08-02T14:00")
    says(bot, answer, subject_of(bot, "unclear", LI), sender=LI, when=later)
    assert (states(bot, "2017-07", later)[WUTU] == "accepted") == bool(period)
    if not period:  # not asked a third time: a person looks
        assert [kind for kind, _ in attentions(bot)][-1] == "reply_unclear"

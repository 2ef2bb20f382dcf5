"""Whatever lines an order is made of: each is answered once, nothing is done twice, and a bad one drops no other.

The generator writes as people do: several lines with numbers in all their dresses, typing errors, a greeting, a
signature, and the quotation of the letter that is answered as six mail programs write it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.mail.body import own_words
from bot.model.commands import Command
from bot.reading.commands import commands_in
from bot.reading.guard import Reader
from bot.record import schema
from tests.books import RULES
from tests.bots import at, build, config, rows
from tests.mails import report
from tests.test_orders import GUO, STAFF, acts, arrives, asked, begun, last, numbers, says, to

OUR_LETTER = "以下事项需要人工处理。\n1 通过\n"
QUOTES = {
    "NetEase": '\n\nAt 2017-07-03 12:00:00, "县安委会办公室" <bot@demo.test> wrote:\n'
    ">以下事项需要人工处理。\n>1 通过\n",
    "QQ": '\n\n------------------ 原始邮件 ------------------\n发件人: "县安委会办公室"<bot@demo.test>;\n'
    f'发送时间: 2017年7月3日(星期一) 中午12:00\n收件人: "郭"<guo@office.test>;\n主题: 请处理\n\n{OUR_LETTER}',
    "Foxmail": "\n\n \n发件人： 县安委会办公室\n发送时间： 2017-07-03 12:00\n收件人： guo\n主题： 请处理\n"
    f"{OUR_LETTER}",
    "Outlook": "\n\n-----邮件原件-----\n发件人: 县安委会办公室 [mailto:bot@demo.test]\n发送时间: 2017年7月3日 12:00\n"
    f"收件人: guo@office.test\n主题: 请处理\n\n{OUR_LETTER}",
    "iPhone": "\n\n发自我的 iPhone\n\n> 在 2017年7月3日，12:00，县安委会办公室 <bot@demo.test> 写道：\n> \n"
    "> 以下事项需要人工处理。\n> 1 通过\n",
    "WPS": "",
}
SIGNATURES = ["", "\n\n郭忠亮\n6228071", "\n\n--\n县安委会办公室 郭忠亮", "\n\n此复。\n郭忠亮\n2017年7月4日"]
GREETINGS = ["", "您好：\n", "你好，\n\n", "小李：\n", "请办理以下事项：\n"]
GAPS = ["\n", "\n\n", "\n \n", "\r\n"]
# How an answer to a question may be written, and what it does.
DRESSES = [
    ("{n} 通过", "accept"),
    ("{n}、通过", "accept"),
    ("{n}.通过。", "accept"),
    ("第{n}项 通过，请登记", "accept"),
    ("（{n}）通过", "accept"),
    ("{n}通过", "accept"),
    ("{n} 退回 数字不对，请重报", "reject"),
    ("{n}退回：请用本单位邮箱报送", "reject"),
    ("第{n}项忽略", "dismiss"),
    ("{n} 忽略", "dismiss"),
]
# Lines with a typing error, and what they must be answered with.
SLIPS = ["{n} 通国", "{n} 退会 数字不对", "{n} 同过", "{n} 忽略掉它吧好不好"]


@dataclass(frozen=True)
class Written:
    """A mail, and what it must come to: number -> the command; the slips, each answered, and nothing done."""

    text: str
    meant: dict[int, str]
    slips: tuple[int, ...]


def written(chance: random.Random, numbers_: list[int]) -> Written:
    left = numbers_[:]
    chance.shuffle(left)
    lines: list[str] = []
    meant: dict[int, str] = {}
    slips: list[int] = []
    for number in left[: chance.randint(1, len(left))]:
        if meant and chance.random() < 0.3:
            lines.append(chance.choice(SLIPS).format(n=number))
            slips.append(number)
        else:
            dress, command = chance.choice(DRESSES)
            lines.append(dress.format(n=number))
            meant[number] = command
    if slips and lines[-1].startswith(str(slips[-1])):
        number = next(iter(meant))  # a slip at the very end reads as a remark; the same again: done once
        lines.append(f"{number} 通过")
    body = chance.choice(GAPS).join(lines)
    quote = chance.choice(list(QUOTES.values()))
    return Written(f"{chance.choice(GREETINGS)}{body}{chance.choice(SIGNATURES)}{quote}", meant, tuple(slips))


@pytest.mark.parametrize("seed", range(60))
def test_every_line_is_read_as_it_is_meant(seed: int) -> None:
    chance = random.Random(seed)
    mail = written(chance, list(range(11, 11 + chance.randint(1, 8))))
    known = RULES.commands.of("staff")
    said = commands_in(
        own_words(mail.text.replace("\r\n", "\n")), known, RULES, at("2017-07-04T10:00").date(), expected=True
    )
    read = {c.number: c.rule.id for c in reversed(said) if isinstance(c, Command)}
    assert read == mail.meant, mail.text
    slipped = [s.text for s in said if not isinstance(s, Command)]
    assert len(slipped) == len(mail.slips), mail.text


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.mark.parametrize("seed", range(4))
def test_every_line_is_answered_once_and_done_once(tmp_path: Path, reader: Reader, seed: int) -> None:
    chance = random.Random(1000 + seed)
    units = ("五图街道", "乔官镇", "红河镇", "营丘镇", "朱刘街道")
    with build(config(tmp_path, **STAFF)) as made:
        bot = begun(replace(made, reader=reader))
        for n, unit in enumerate(units):
            arrives(bot, report(f"unknown{n}@mail.test", unit, extra=n, subject=f"附件4 {n}"))
        subject = asked(bot)
        before = numbers(bot)
        mail = written(chance, before)
        says(bot, mail.text, subject)
        assert sorted(command for _, command in acts(bot)) == sorted(mail.meant.values()), mail.text
        assert set(numbers(bot)) == set(before) - mail.meant.keys()
        answers = [row for row in to(bot, GUO) if row.letter == "orders"]
        assert len(answers) == 1
        text = last(bot)[1]
        for number, command in mail.meant.items():
            words = {"accept": "已通过", "reject": "已退回", "dismiss": "已忽略"}[command]
            assert text.count(f"第{number}项{words}") == 1, mail.text
        assert text.count("未能识别，未作任何处理") == len(mail.slips), mail.text
        # the very same mail once more, with another Message-ID: nothing is done again
        done = len(rows(bot, schema.act))
        says(bot, mail.text, subject, when=at("2017-07-04T12:00"), message_id="<again@office.test>")
        assert len(rows(bot, schema.act)) == done

"""Nobody is left in silence: who hears of a mail, scene by scene, and over generated mails of liaisons."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.deciding.heard import FILED, QUOTING
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.reporting.digesting import digest
from bot.jobs.understand import intent_of, open_mail
from bot.model.deciding import Intent
from bot.model.mail import RawMail
from bot.reading.guard import Reader
from bot.record import schema
from tests.bots import (
    appoint,
    archived,
    at,
    attentions,
    build,
    config,
    first_run,
    flat,
    letters,
    never,
    reported,
    rows,
)
from tests.mails import CLIENTS, FORWARDS, book, mail, report

WUTU, LI, STAFF = "五图街道", "li@wutu.test", "staff@demo.test"
BEGAN, NOW = at("2017-06-26T09:00"), at("2017-08-02T10:00")  # July is open, and due on August 5th
TWELVE = "规上 0 2 5 1\n高危 1 0 3 0\n其他 0 1 12 9"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        ready = replace(made, reader=reader)
        first_run(ready, BEGAN)
        appoint(ready, (WUTU, "李明", LI))
        reported(ready, WUTU)
        yield ready


def heard_of(bot: Bot, data: bytes) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """The letters to its sender, the lines for the office, and the reports with what became of them."""
    before = len(letters(bot)), len(attentions(bot)), len(rows(bot, schema.report))
    archived(bot, data, NOW)
    work(bot, NOW, never)
    reports = [f"{r.outcome} {r.why}".strip() for r in rows(bot, schema.report)[before[2] :]]
    return [r.letter for r in letters(bot)[before[0] :]], attentions(bot)[before[1] :], reports


@pytest.mark.parametrize(
    ("subject", "words", "letter", "kind"),
    [
        ("7月月报", TWELVE, "receipt", ""),
        ("五图街道7月份报送情况", "我街道7月份无变化。", "receipt", ""),
        ("报送", "经统计，截至7月底我街道各项数据与上月持平，无新增达标企业。", "receipt", ""),
        ("7月月报", "零报告", "unclear", ""),
        ("申请免报", "我街道正在合并，申请7月免报。", "noted", "liaison_request"),
        ("邮箱变更", "我的邮箱已换，请更新。", "noted", "liaison_request"),
        ("移交", "请查收。", "noted", "liaison_request"),
        ("咨询", "请问表格打不开怎么办", "noted", "liaison_question"),
        ("催报", "我们已经报过为什么还催？", "noted", "liaison_question"),
        ("延期", "能否晚两天", "noted", "liaison_request"),
        ("撤回: 五图街道附件4", "李明 将撤回邮件。", "noted", "liaison_recall"),
        ("7月份报表", "您好，7月份报表已填好，请查收。", "no_attachment", "missing_attachment"),
        ("7月份报表", "请打开 https://abc.feishu.cn/sheets/shtcnAbCdEf 查看", "unreadable", "unreadable"),
        ("关于召开会议的通知", "请于周五九时参加会议。", None, "liaison_words"),
        ("意见", "你们的催报态度太差了。", None, "liaison_words"),
    ],
)
def test_a_mail_of_one_s_own(bot: Bot, subject: str, words: str, letter: str | None, kind: str) -> None:
    written, told, _ = heard_of(bot, mail(LI, subject, text=words))
    assert written == ([letter] if letter else [])
    assert [k for k, _ in told] == ([kind] if kind else [])
    if kind:
        assert words.split("\n", maxsplit=1)[0] in told[0][1] or subject in told[0][1]


def test_a_recall_that_its_subject_tells_is_answered_with_what_is_on_record(bot: Bot) -> None:
    heard_of(bot, report(LI, month="2017年7"))
    written, _, _ = heard_of(bot, mail(LI, "撤回: 五图街道附件4", text="李明 将撤回邮件。"))
    assert written == ["noted"]
    told = flat(letters(bot)[-1].mime)
    assert "目前登记情况" in told
    assert "2017年7月" in told
    assert "第1版" in told


@pytest.mark.parametrize("words", ["收到，谢谢！", "好的，统计好后报送。"])
def test_thanks_and_promises_are_filed(bot: Bot, words: str) -> None:
    assert heard_of(bot, mail(LI, "Re: 通知", text=words))[:2] == ([], [])
    assert rows(bot, schema.mail)[-1].why in FILED
    # and counted where the office reads of the week
    assert digest(bot, at("2017-08-07T09:31"))
    said = next(flat(row.mime) for row in letters(bot) if row.letter == "digest")
    assert "仅存档、未回复的来信（致谢、稍后报送、自动回复）1封" in said and "Re:通知" in said


@pytest.mark.parametrize(
    "mark",
    [
        {"Precedence": "bulk"},
        {"List-Id": "<a.town.test>"},
        {"Auto-Submitted": "auto-generated"},
        {"X-Loop": "li@wutu.test"},
        {"Return-Path": "<>"},
        {"X-QQ-Auto-Reply": "1"},
    ],
)
def test_a_liaison_s_report_with_the_mark_of_a_machine_waits_for_the_office(bot: Bot, mark: dict[str, str]) -> None:
    written, told, reports = heard_of(bot, report(LI, month="2017年7", headers=mark))
    assert (written, [kind for kind, _ in told], reports) == ([], ["machine"], ["waiting machine"])


@pytest.mark.parametrize(
    ("words", "reports", "kinds"),
    [
        ("报送五图街道7月份附件4，请查收。", ["accepted"], []),
        ("初稿，请勿登记。", ["waiting held_back"], ["held_back"]),
        ("表中高危企业三级应为4家，没来得及改。", ["waiting corrected_in_words"], ["corrected_in_words"]),
        ("请问附件3还要报吗？", ["accepted"], ["liaison_question"]),
        ("以后由张三负责此项工作，特此移交。", ["accepted"], ["liaison_request"]),
        ("我街道今年新成立了安监中队。", ["accepted"], ["words_beside"]),
    ],
)
def test_words_beside_a_form(bot: Bot, words: str, reports: list[str], kinds: list[str]) -> None:
    data = mail(LI, "报送附件4", ("附件4.xlsx", book(month="2017年7")), text=words)
    written, told, found = heard_of(bot, data)
    assert found == reports
    assert [kind for kind, _ in told] == kinds
    assert len(written) == 1


def test_a_reason_beside_the_form_is_taken_and_not_asked_for(bot: Bot) -> None:
    data = mail(LI, "报送附件4", ("附件4.xlsx", book(month="2017年7", extra=-2)), text="其他类减少2家，因企业注销。")
    written, told, found = heard_of(bot, data)
    assert (written, told, found) == (["receipt"], [], ["accepted"])
    (kept,) = rows(bot, schema.explanation)
    assert "企业注销" in kept.reason
    assert all(f.explanation_id == kept.id for f in rows(bot, schema.finding) if f.check_id == "decreased")


def test_new_numbers_under_last_month_s_head_are_not_called_the_end_of_it(bot: Bot) -> None:
    assert heard_of(bot, report(LI, month="2017年6", extra=3))[0] == ["receipt"]
    told = flat(letters(bot)[-1].mime)
    assert "截至2017年7月的报表尚未收到，仍请报送" in told
    assert "无需再次发送" not in told
    heard_of(bot, report(LI, month="2017年7", extra=3))
    assert "无需再次发送" in flat(letters(bot)[-1].mime)


def test_both_months_in_one_mail_leave_nothing_missing(bot: Bot) -> None:
    both = (("6.xlsx", book(month="2017年6", extra=4)), ("7.xlsx", book(month="2017年7", extra=4)))
    assert heard_of(bot, mail(LI, "报送附件4", *both))[2] == ["accepted", "accepted"]
    told = flat(letters(bot)[-1].mime)
    assert "尚未收到" not in told
    assert "无需再次发送" in told


@pytest.mark.parametrize(("signed", "kinds"), [("李明", []), ("赵六", ["words_beside"])])
def test_whoever_filled_the_form_in_may_sign(bot: Bot, signed: str, kinds: list[str]) -> None:
    appoint(bot, (WUTU, "王芳", LI))
    data = mail(LI, "报送附件4", ("附件4.xlsx", book(month="2017年7")), text=f"请查收。\n\n{signed}\n0536-6221234")
    written, told, found = heard_of(bot, data)
    assert ([kind for kind, _ in told], written, found) == (kinds, ["receipt"], ["accepted"])


def test_a_stranger_who_names_a_unit_or_a_person_is_shown(bot: Bot) -> None:
    assert heard_of(bot, mail("new@mail.test", "联络员", text="我接替李明的工作。"))[1][0][0] == "stranger_words"
    assert heard_of(bot, mail("new@mail.test", "你好", text="五图街道有事相商。"))[1][0][0] == "stranger_words"
    assert heard_of(bot, mail("shop@spam.test", "发票", text="代开发票"))[:2] == ([], [])


# Whatever a liaison or the staff writes, somebody hears of it, or it is filed as what nobody need hear of; and what a
# stranger writes who names a unit, a form or a person. One who names none is nobody's matter.

SUBJECTS = (
    "",
    "7月月报",
    "Re: 【报送提醒】〔编号 AAAAAAAA〕",
    "自动回复：您好",
    "会议通知",
    "附件4",
    "撤回: 附件4",
    "移交",
    "转发: 有关事项",
)
WORDS = (
    "",
    "请查收",
    "收到",
    "无变化",
    "零报告",
    "1 2 3",
    "为什么还催？",
    "请撤回",
    "已读",
    "初稿，请勿登记",
    "免抱 五图街道",
    "通国",
    "会议改期",
)
NAMING = (
    "五图街道换人了",
    "我接替李明的工作",
    "附件4怎么填",
    "五图本月无变化",
    "县商务局的联系人换了",
    "达标情况表请查收",
)
SPAM = (
    "代开发票",
    "商务合作请来电",
    "教育培训优惠",
    "消防器材批发",
    "附件是报价单",
    "点击领取",
    "环保设备与建设规划方案",
)
LETTER = "五图街道：\n请于8月5日前报送附件4。\n数字与上次相同的，只写“无变化”。\n0 2 5 1"
SIGNED = "\n\n--\n李明\n五图街道安监办\n电话：0536-6221234 13800000001"
SOLD = "\n\n--\n某某商务有限公司\n电话：0536-6220000"
MARKS: tuple[dict[str, str], ...] = (
    {},
    {"Precedence": "bulk"},
    {"Auto-Submitted": "auto-replied"},
    {"Return-Path": "<>"},
    {"X-Auto-Response-Suppress": "All"},
)
BOTH, STRANGER = "both@demo.test", "new@mail.test"  # on the staff and a liaison; nobody
FILES: dict[str, tuple[tuple[str, bytes], ...]] = {
    "": (),
    "form": (("附件4.xlsx", book(month="2017年7")),),
    "other": (("照片.txt", b"x"),),
    "named": (("五图街道材料.txt", b"x"),),
}


def generated(number: int) -> Iterator[dict[str, Any]]:
    """So many mails of those whom the office knows, the same in each run."""
    chance = random.Random(20170705)
    for _ in range(number):
        own = "\n".join(chance.choices(WORDS, k=chance.randrange(3)))
        own += chance.choice(("", "\n\n--\n李明\n13800000001", SIGNED, "\n\n李明\n13800000001"))
        passed_on = chance.choice(("", "", *WORDS))
        way = chance.choice(FORWARDS if passed_on else CLIENTS)
        below = passed_on or chance.choice(("", LETTER))
        yield {
            "sender": chance.choice((LI, STAFF, BOTH)),
            "subject": chance.choice(SUBJECTS),
            "said": own.split("\n\n")[0],
            "passed_on": passed_on,
            "text": way(own, below) if below else own,
            "file": chance.choice(list(FILES)),
            "mark": chance.choice(MARKS),
        }


def of_strangers(number: int) -> Iterator[dict[str, Any]]:
    """So many of others, and whether they name somebody or something that is ours: anywhere in the mail."""
    chance = random.Random(20170706)
    for _ in range(number):
        place = chance.choice(("", "", "subject", "words", "signature", "passed on", "quoted", "file"))
        said, told = chance.choice(SPAM), chance.choice(NAMING)
        own = (told if place == "words" else said) + (SIGNED if place == "signature" else chance.choice(("", SOLD)))
        below, way = "", chance.choice(CLIENTS)
        if place == "passed on":
            below, way, own = told, chance.choice(FORWARDS), chance.choice(("", "请阅", said))
        elif place == "quoted":
            below = LETTER
        elif chance.random() < 0.3:
            below = chance.choice(SPAM)
        text = way(own, below) if below else own
        yield {
            "sender": STRANGER,
            "subject": told if place == "subject" else chance.choice(("", "您好", "Re: 询价", "转发: 有关事项", said)),
            "text": text if place else _elsewhere(text),
            "file": chance.choice(("form", "named")) if place == "file" else chance.choice(("", "other")),
            "names_us": bool(place),
        }


def _elsewhere(text: str) -> str:
    """A mail as it is quoted among people who have never heard of us."""
    return text.replace("县安委会办公室", "某公司").replace("李明", "赵六")


def decided(bot: Bot, made: dict[str, Any]) -> Intent:
    """What a generated mail would lead to."""
    data = mail(made["sender"], made["subject"], *FILES[made["file"]], text=made["text"], headers=made.get("mark"))
    with bot.record.begin() as conn:
        return intent_of(open_mail(RawMail(data, NOW), bot), bot, conn, NOW)


def test_every_mail_of_a_liaison_or_of_the_staff_is_heard_of(tmp_path: Path, reader: Reader) -> None:
    office = {"staff": [STAFF, BOTH]}
    with build(config(tmp_path, office=office)) as made_bot:
        bot = replace(made_bot, reader=reader)
        first_run(bot, BEGAN)
        appoint(bot, (WUTU, "李明", LI), (WUTU, "王芳", BOTH))
        reported(bot, WUTU)
        for made in generated(300):
            intent = decided(bot, made)
            heard = bool(intent.letters or intent.attention or intent.orders)
            assert heard or intent.why in FILED, made
            quoting = [item.detail for item in intent.attention if item.kind in QUOTING]
            lines = [line for line in f"{made['said']}\n{made['passed_on']}".split("\n") if line]
            assert not quoting or not lines or any(line in detail for detail in quoting for line in lines), made


def test_a_stranger_is_heard_of_where_he_names_what_is_ours_and_nowhere_else(bot: Bot) -> None:
    for made in of_strangers(200):
        intent = decided(bot, made)
        assert bool(intent.letters or intent.attention) == made["names_us"], (made, intent)

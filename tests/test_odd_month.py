"""A month in which everything odd happens, on a real Dovecot and a real SMTP server, decided by mails alone.

Two unknown senders, a hand-over, an extension, an exemption, a wrong unit, a locked month, a forged staff address, and
a robot that answers every letter. Nobody touches a command line.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.jobs.parts import Bot
from bot.jobs.standing import lines
from bot.jobs.tick import run_once
from bot.record import people, questions, schema
from tests.bots import appoint, at, build, config, first_run
from tests.mails import mail, report
from tests.servers.dovecot import DovecotOffice

GUO, CHEN = "guo@demo.test", "chen@demo.test"
WUTU, QIAOGUAN, HONGHE, YINGQIU, BAODU, ZHULIU = "五图街道", "乔官镇", "红河镇", "营丘镇", "宝都街道", "朱刘街道"
LI, WANG, ZHOU, ZHAO = "li@demo.test", "wang@demo.test", "zhou@demo.test", "zhao@demo.test"
ONE, TWO, ROBOT = "baodu1983@demo.test", "zhuliu-an@demo.test", "robot@demo.test"
PROVIDER = "mx.demo.test"


class Month:
    """The office's mailbox and everybody around it; time passes by the bot's runs."""

    def __init__(self, bot: Bot, office: DovecotOffice) -> None:
        self.bot, self.office = bot, office

    def passes(self, when: str) -> None:
        report_ = run_once(self.bot, at(when), lambda: False)
        assert (report_.broken, report_.failed) == ([], 0)

    def arrives(self, data: bytes, when: str) -> None:
        """A mail is delivered, and the bot looks a minute later."""
        moment = at(when)
        self.office.deliver(self.office.username, data, moment)
        self.passes((moment + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M"))

    def says(self, sender: str, text: str, when: str, subject: str = "指令", **headers: str) -> None:
        self.arrives(mail(sender, subject, text=text, headers=headers, message_id=f"<{when}.{sender}>"), when)

    def letters(self, address: str) -> list[tuple[str, str, str]]:
        """kind, subject and text of what arrived at an address; the plan of the year, which all get, left out."""
        found = []
        for data in self.office.letters_to(address):
            message = message_from_bytes(data, policy=policy.default)
            body = message.get_body(("plain",))
            text = "".join(body.get_content().split()) if body else ""
            found.append((str(message["X-Bot-Key"]).split(":")[0], str(message["Subject"]), text))
        return [letter for letter in found if letter[0] != "year_plan"]

    def kinds(self, address: str) -> list[str]:
        return [kind for kind, _, _ in self.letters(address)]

    def reply_to(self, address: str, kind: str) -> str:
        """The subject of a reply to the last letter of a kind."""
        return "Re: " + [subject for k, subject, _ in self.letters(address) if k == kind][-1]

    def number(self, word: str) -> int:
        """The number of the one open question whose mail or unit is ``word``, as the office reads it in a letter."""
        with self.bot.record.read() as conn:
            rows = [r for r in questions.open_ones(conn) if word in (r.sender, r.unit, r.kind)]
        assert len(rows) == 1, (word, rows)
        told = [message_from_bytes(data, policy=policy.default) for data in self.office.letters_to(GUO)]
        lines_ = [line for m in told if (body := m.get_body(("plain",))) for line in body.get_content().splitlines()]
        assert any(line.startswith(f"{rows[0].number}. ") for line in lines_)
        return int(rows[0].number)

    def states(self, period: str, when: str) -> dict[str, str]:
        with self.bot.record.read() as conn:
            return {x.unit.name: x.state for x in lines(self.bot, conn, "annex4", period, at(when))}

    def rows(self, table: sa.Table) -> list[Any]:
        with self.bot.record.read() as conn:
            return list(conn.execute(sa.select(table).order_by(*table.primary_key.columns)))


@pytest.fixture
def month(dovecot: DovecotOffice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Month]:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", dovecot.password)
    monkeypatch.setenv("BOT_SMTP_PASSWORD", dovecot.password)
    server = {"host": dovecot.host, "security": "none", "username": dovecot.username}
    made = config(
        tmp_path,
        office={"staff": [GUO, CHEN]},
        mailbox={**server, "port": dovecot.imap_port, "authserv_id": PROVIDER},
        smtp={**server, "port": dovecot.smtp_port, "from": f"安委会办公室 <{dovecot.username}>", "deliver": "send"},
        campaign={"answer_from": "2017-06-20T00:00"},
    )
    with build(made) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG), (HONGHE, "周晓燕", ZHOU), (YINGQIU, "赵永强", ZHAO))
        yield Month(bot, dovecot)


@pytest.mark.timeout(300)
def test_everything_odd_is_decided_by_mail_and_ends_well(month: Month) -> None:
    strangers_and_a_hand_over(month)
    more_time_and_no_report_at_all(month)
    a_wrong_unit(month)
    a_forged_order(month)
    a_robot(month)
    a_locked_month(month)
    every_mail_and_act_is_accounted_for(month)


def strangers_and_a_hand_over(month: Month) -> None:
    # given
    month.arrives(report(ONE, BAODU), "2017-07-03T09:00")
    month.arrives(report(TWO, ZHULIU), "2017-07-03T09:20")
    month.says(ZHAO, "移交 钱进 13900000002 qian@demo.test\n赵永强", "2017-07-03T09:40", "工作调动")
    assert (month.kinds(ONE), month.kinds(TWO)) == (["waiting"], ["waiting"])
    month.passes("2017-07-03T13:00")
    # when the office answers all three in one mail
    one, two, three = month.number(ONE), month.number(TWO), month.number(YINGQIU)
    month.says(
        GUO,
        f"{one} 登记\n{two} 通过，谢谢\n{three}、通过\n\n郭忠亮\n6228071",
        "2017-07-03T14:00",
        month.reply_to(GUO, "attention"),
    )
    # then the two that are exact are done, and the one that makes a stranger a liaison is asked back in the same letter
    month.says(GUO, "确认", "2017-07-03T14:01", month.reply_to(GUO, "orders"))
    states = month.states("2017-06", "2017-07-03T14:02")
    assert (states[BAODU], states[ZHULIU], states[YINGQIU]) == ("accepted", "accepted", "open")
    assert (month.kinds(ONE)[-1], month.kinds(TWO)[-1]) == ("receipt", "receipt")
    with month.bot.record.read() as conn:
        today = at("2017-07-04T09:00").date()
        assert [p.email for p in people.liaisons_of(conn, BAODU, today)] == [ONE]
        assert [p.email for p in people.liaisons_of(conn, ZHULIU, today)] == []
        assert [(p.name, p.email) for p in people.liaisons_of(conn, YINGQIU, today)] == [("钱进", "qian@demo.test")]
    # and the successor is believed at once
    month.arrives(report("qian@demo.test", YINGQIU), "2017-07-04T09:00")
    assert month.kinds("qian@demo.test")[-1] == "receipt"


def more_time_and_no_report_at_all(month: Month) -> None:
    month.says(GUO, "延期 乔官镇 6月 至 7月12日 联络员住院", "2017-07-04T09:30", "请办理")
    assert month.kinds(GUO)[-1] == "confirm_order"
    month.says(GUO, "确认", "2017-07-04T09:35", month.reply_to(GUO, "confirm_order"))
    assert "报送期限延至2017年7月12日" in month.letters(GUO)[-1][2]
    assert "报送期限延至2017年7月12日" in month.letters(CHEN)[-1][2]
    month.says(CHEN, "免报 教育局 6月 无监管企业", "2017-07-04T09:50", "请办理")
    month.says(CHEN, "确认。", "2017-07-04T09:55", month.reply_to(CHEN, "confirm_order"))
    month.passes("2017-07-06T08:40")  # the first reminder after the deadline
    states = month.states("2017-06", "2017-07-06T08:41")
    assert (states[QIAOGUAN], states["教育局"], states[HONGHE]) == ("open", "exempt", "missing")
    assert "reminder" in month.kinds(ZHOU)
    assert not any("逾期" in subject for _, subject, _ in month.letters(WANG))
    month.arrives(report(WANG, QIAOGUAN), "2017-07-11T10:00")
    assert "按时报送" in month.letters(WANG)[-1][2]
    month.arrives(report(ZHOU, HONGHE), "2017-07-11T10:20")
    assert "逾期6天报送" in month.letters(ZHOU)[-1][2]


def a_wrong_unit(month: Month) -> None:
    month.arrives(report(LI, HONGHE, subject="五图街道附件4"), "2017-07-11T10:40")
    assert month.kinds(LI)[-1] == "waiting"
    month.passes("2017-07-11T14:00")
    number = month.number(LI)
    month.says(GUO, f"{number} 改为 五图街道", "2017-07-11T14:10", month.reply_to(GUO, "attention"))
    states = month.states("2017-06", "2017-07-11T14:12")
    assert (states[WUTU], month.kinds(LI)[-1]) == ("late", "receipt")


def a_forged_order(month: Month) -> None:
    def answers() -> tuple[int, int]:
        answered = [kind for kind in month.kinds(GUO) if kind in ("orders", "confirm_order")]
        return len(answered), len(month.rows(schema.act))

    before = answers()
    forged = {"Authentication-Results": f"{PROVIDER}; spf=fail smtp.mailfrom={GUO}"}
    month.says(GUO, "停发", "2017-07-11T14:30", month.reply_to(GUO, "attention"), **forged)
    assert answers() == before
    month.passes("2017-07-11T17:00")
    assert any("冒用本办公室人员邮箱" in text for _, _, text in month.letters(CHEN))


def a_robot(month: Month) -> None:
    """It answers each letter within a minute, with words that no rule knows for a machine's."""
    month.arrives(report(ROBOT, HONGHE, subject="红河镇报表"), "2017-07-11T17:10")
    for minute in range(11, 41):
        subject = "Re: " + month.letters(ROBOT)[-1][1]
        month.says(ROBOT, "您的来信我们已经收悉，工作人员会与您联系。", f"2017-07-11T17:{minute}", subject)
    assert month.kinds(ROBOT) == ["waiting"]


def a_locked_month(month: Month) -> None:
    # given the bulletin's draft, some working days after the deadline, and the office's yes
    month.passes("2017-07-12T09:00")
    assert "bulletin" in month.kinds(GUO)
    month.says(CHEN, "同意", "2017-07-12T09:30", month.reply_to(CHEN, "bulletin"))
    assert "通报予以印发" in month.letters(CHEN)[-1][2]
    # when a number that was announced is to change
    month.arrives(report(WANG, QIAOGUAN, extra=3, subject="更正附件4"), "2017-07-13T09:00")
    assert month.kinds(WANG)[-1] == "waiting"
    assert "已经通报" in month.letters(WANG)[-1][2]
    month.passes("2017-07-13T12:00")
    number = month.number(WANG)
    month.says(GUO, f"{number} 退回 已经通报，请在下月更正", "2017-07-13T12:10", month.reply_to(GUO, "attention"))
    # then it does not
    assert month.kinds(WANG)[-1] == "rejected"
    assert "已经通报，请在下月更正" in month.letters(WANG)[-1][2]


def every_mail_and_act_is_accounted_for(month: Month) -> None:
    acts = [(row.actor.partition("@")[0], row.command) for row in month.rows(schema.act)]
    assert acts == [
        ("guo", "accept"),
        ("guo", "accept"),
        ("guo", "register"),
        ("guo", "extend"),
        ("chen", "exempt"),
        ("guo", "as"),
        ("chen", "send"),
        ("guo", "reject"),
    ]
    assert all(row.mail_id is not None for row in month.rows(schema.act))
    mails = month.rows(schema.mail)
    assert {row.state for row in mails} == {"done"}
    assert all(row.outcome for row in mails)
    # what is still open is the robot's report, which is the office's to see
    with month.bot.record.read() as conn:
        assert [row.sender for row in questions.open_ones(conn)] == [ROBOT]
    keys = [row.key for row in month.rows(schema.letter)]
    assert len(keys) == len(set(keys))
    assert {row.state for row in month.rows(schema.letter)} == {"sent"}
    late = datetime(2017, 7, 14, 9, tzinfo=month.bot.zone)
    run_once(month.bot, late, lambda: False)
    assert [row.key for row in month.rows(schema.letter)][: len(keys)] == keys

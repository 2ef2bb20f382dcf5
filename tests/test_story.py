"""The main job, end to end: a month in the county on a real Dovecot and a real SMTP server, every letter counted.

Who gets what, and why, stands in tables here, reasoned out from bot/demo/story.toml, not copied from a run.
2017-07-05 is a Wednesday. Reminders: 06-30 (three working days before), 07-05, 07-06, 07-10, 07-14; to the leads of
groups 07-12 (their areas) and 07-19 (who is late).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.demo.county import County, numbers_of
from bot.demo.player import Step, appoint, play, settings
from bot.demo.servers import PostOffice
from bot.demo.story import Act, load_story
from bot.demo.telling import key_of
from bot.jobs.parts import Bot
from bot.jobs.standing import lines
from bot.jobs.tick import run_once
from bot.model.deciding import Numbers
from bot.record import schema
from tests.servers.dovecot import DovecotOffice

STORY = load_story()
END = date(2017, 7, 28)
STAFF = ["guozhongliang@demo.test", "zhiban@demo.test"]

# Every address and its letters, in the order in which they arrive. A reminder is called by its stage.
LETTERS = {
    # reported on 06-29, before any reminder
    **dict.fromkeys(["anjian", "xiaofang"], "receipt"),
    # reported between the first and the second reminder
    **dict.fromkeys(
        ["baodu", "jingxin", "fagai", "guihua", "jianshe", "weiji", "tangwu", "jiaotong", "renshe", "wenhuazhifa",
         "fangguan", "gonghui", "shichangjianguan", "shangwu", "xumu", "gongshang", "nongye"],
        "before-3 receipt",
    ),
    "yingqiu": "before-3 receipt duplicate",  # sent the same file again
    "zhuliu": "before-3 returned receipt",  # a wrong total on 07-03, corrected within the hour or so
    "liangshi": "before-3 unreadable receipt",  # a broken file, then a good one
    "jiaoyu": "before-3 returned receipt",  # July written for June
    "jingkaiqu": "before-3 receipt receipt",  # two versions, the second on 07-05
    "wutu": "before-3 receipt receipt",  # June, and on 07-27 July
    "gongxiao": "before-3",  # its report came from a stranger's address and waits: no reminder while it does
    "xueguilan1975": "waiting",  # the stranger
    # reported on the 5th, after the reminder of that morning
    **dict.fromkeys(
        ["qiaoguan", "yaojian", "guotu", "shizheng", "shuili", "minzheng", "gongan"], "before-3 due receipt"
    ),
    "shouyangshan": "before-3 receipt due receipt",  # one letter for two units; the second unit on the 5th
    "zhijian": "before-3 returned due receipt",  # May written: that is no report of June, which is still owed
    "caizheng": "before-3 due receipt receipt",  # a second version on 07-12
    # late
    "huanbao": "before-3 due receipt",  # 07-06 at 00:06, before anyone is reminded
    "honghe": "before-3 due returned after-1 receipt",
    "linye": "before-3 due after-1 receipt",
    "wenguangxin": "before-3 waiting receipt",  # the neighbour's name on the form: told to wait, not reminded
    "lvyou": "before-3 due after-1 after-3 receipt",  # three automatic replies between them, none answered
    # never
    "nongji": "before-3 due returned after-1 after-3 after-7",
    "guangdian": "before-3 due after-1 after-3 after-7",
    # The office: the plan that a wrong address refused; the broken file; the stranger; sender and form that
    # disagree, told two hours after the last. On 07-19 three departments are still missing, which no group inspects:
    # the notice says so, and no lead is written to.
    **dict.fromkeys(
        ["guozhongliang", "zhiban"],
        "attention digest-W27 attention attention attention"
        " notice-after-1 notice-after-3 digest-W28 bulletin notice-after-7 digest-W29 notice-escalate-10"
        " digest-W30",
    ),
}  # fmt: skip
# Annex 1: on 07-12, five working days after the deadline, each lead is told of the areas that its group inspects.
for lead in ("gongan", "anjian", "jianshe", "jingxin", "shichangjianguan", "jiaoyu", "jiaotong", "huanbao", "shuili"):
    LETTERS[lead] += " group_report"
# A bot that begins on 06-29 first tells everybody the rest of the year's deadlines; not a stranger, who is nobody's.
LETTERS = {who: names if who == "xueguilan1975" else f"year_plan {names}" for who, names in LETTERS.items()}
# These get nothing at all: the wrong address in the roster is refused by the server, the stranger's invitation is
# none of the bot's business, and letters to oneself there are none.
SILENT = ["qixiang@demo.tset", "gaoya@demo.test", "xianwei@demo.test"]

LATE_BY = {"环保局": 1, "红河镇": 1, "林业局": 1, "文广新局": 2, "旅游局": 5}
UNSETTLED = {"农机局": "returned", "供销社": "waiting", "气象局": "missing", "广播电视台": "missing"}
VERSIONS = {"经济开发区": 2, "财政局": 2}


@dataclass
class Told:
    """A story that has been told, with the bot still there."""

    bot: Bot
    office: PostOffice
    steps: list[Step]

    @property
    def now(self) -> datetime:
        return self.steps[-1].now

    def letters(self) -> dict[str, list[str]]:
        """Address without its domain -> what arrived there, in order."""
        found: dict[str, list[str]] = {}
        for posted in self.office.sent:
            found.setdefault(posted.to.removesuffix("@demo.test"), []).append(name_of(key_of(posted)))
        return found

    def standing(self) -> list[tuple[str, str, int | None, int]]:
        """unit, state, version, days late."""
        with self.bot.record.read() as conn:
            rows = lines(self.bot, conn, "annex4", "2017-06", self.now)
        return [(r.unit.name, r.state, r.version, r.late_by_days) for r in rows]

    def in_force(self, period: str) -> dict[str, Numbers]:
        """unit -> the numbers of the accepted version with the highest number."""
        report = schema.report
        query = sa.select(report).where(report.c.period == period, report.c.outcome == "accepted")
        with self.bot.record.read() as conn:
            return {r.unit: r.numbers for r in conn.execute(query.order_by(report.c.version))}

    def rows(self) -> dict[str, int]:
        """How many mails, reports, letters and events there are."""
        tables = (schema.mail, schema.report, schema.letter, schema.event, schema.attention, schema.job_run)
        with self.bot.record.read() as conn:
            return {t.name: conn.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in tables}


def name_of(key: str) -> str:
    """The letter as the table above calls it."""
    kind, *rest = key.split(":")
    if kind == "reminder":
        return rest[-1]
    if kind == "digest":
        return rest[0].replace("2017-", "digest-")
    return f"notice-{rest[2]}" if kind == "overdue_notice" else kind


@contextmanager
def told(office: PostOffice, database: str, data: Path, until: date) -> Iterator[Told]:
    steps: list[Step] = []
    with Bot.build(settings(STORY, office, database, data)) as bot:
        assert appoint(bot, STORY) == []
        play(bot, office, STORY, until=until, on_step=steps.append)
        yield Told(bot, office, steps)


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch, dovecot: DovecotOffice) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", dovecot.password)
    monkeypatch.setenv("BOT_SMTP_PASSWORD", dovecot.password)


@pytest.mark.timeout(300)
def test_the_month_on_dovecot_with_every_letter_counted(
    dovecot: DovecotOffice, passwords: None, tmp_path: Path
) -> None:
    # given the story; when it is told until 07-28
    with told(dovecot, f"sqlite:///{tmp_path}/bot.db", tmp_path, END) as month:
        # then everybody got exactly the letters of the table, in that order, and nobody else got any
        assert month.letters() == {who: names.split() for who, names in LETTERS.items()}
        assert not {posted.to for posted in dovecot.sent} & set(SILENT)
        letters_say_what_they_should(month)
        the_record_is_what_the_liaisons_meant(month)
        nobody_is_reminded_of_what_arrived(month)
        # when the last moment comes again, then nothing changes
        before, sent = (month.standing(), month.rows()), len(dovecot.sent)
        run_once(month.bot, month.now, lambda: False)
        assert ((month.standing(), month.rows()), len(dovecot.sent)) == (before, sent)
        # when the server has forgotten its UIDs, then everything is looked at again, and nothing changes
        places = count_places(month)
        dovecot.renumber()
        report = run_once(month.bot, month.now, lambda: False)
        assert (report.broken, report.archived, report.worked, report.sent) == ([], 0, 0, 0)
        assert ((month.standing(), month.rows()), len(dovecot.sent)) == (before, sent)
        mails_in_inbox = sum(1 for step in month.steps if step.act and step.act.folder == "INBOX")
        assert count_places(month) == places + mails_in_inbox


def count_places(month: Told) -> int:
    with month.bot.record.read() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(schema.place)).scalar_one()


def the_record_is_what_the_liaisons_meant(month: Told) -> None:
    names = {u.id: u.name for u in month.bot.rules.units.units}
    rule = month.bot.rules.forms["annex4"]
    meant = {names[p.unit]: numbers_of(rule, p.numbers) for p in STORY.people if names[p.unit] not in UNSETTLED}
    assert month.in_force("2017-06") == meant
    assert month.in_force("2017-07") == {"五图街道": numbers_of(rule, (0, 10, 13, 5, 0, 0, 9, 0, 0, 1, 25, 15))}
    # 23 days after the deadline, on 07-28
    expected: list[tuple[str, str, int | None, int]] = []
    for unit in names.values():
        if unit in UNSETTLED:
            expected.append((unit, UNSETTLED[unit], None, 23))
        else:
            late = LATE_BY.get(unit, 0)
            expected.append((unit, "late" if late else "accepted", VERSIONS.get(unit, 1), late))
    assert month.standing() == expected


def nobody_is_reminded_of_what_arrived(month: Told) -> None:
    """No reminder names a unit whose accepted report of June was received before."""
    report = schema.report
    query = sa.select(report).where(report.c.period == "2017-06", report.c.outcome == "accepted")
    with month.bot.record.read() as conn:
        arrived = {r.unit: r.first_received_at for r in conn.execute(query.order_by(report.c.version))}
    units = {u.id: u.name for u in month.bot.rules.units.units}
    looked_at = 0
    for step in month.steps:
        for key in map(key_of, step.letters):
            if key.startswith("reminder:"):
                for unit in key.split(":")[1].split("+"):
                    looked_at += 1
                    assert step.now < arrived.get(units[unit], datetime.max.replace(tzinfo=UTC)), key
    assert looked_at == 42 + 16 + 5 + 3 + 2


def opened(data: bytes) -> tuple[EmailMessage, str]:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return message, "".join(body.get_content().split())


def letter(month: Told, address: str, name: str) -> tuple[EmailMessage, str]:
    """The last letter of that name to an address, and its plain text without blanks."""
    posted = [p for p in month.office.sent if p.to == f"{address}@demo.test" and name_of(key_of(p)) == name]
    return opened(posted[-1].data)


def letters_say_what_they_should(month: Told) -> None:
    every_letter_is_well_made(month)
    answers_go_to_the_mail_that_they_answer(month)
    _, notice = letter(month, "zhiban", "notice-after-1")
    # then the office learns who is late, with telephone and group; who waits for the office is not chased
    for unit in ("红河镇", "农机局", "林业局", "旅游局", "广播电视台", "气象局"):
        assert unit in notice
    assert "逾期未报6个" in notice
    assert "周晓燕" in notice and "13800010007" in notice and "第七组" in notice
    assert "供销社" in notice.partition("核实")[2]
    assert "公安局" not in notice and "环保局" not in notice
    _, notice = letter(month, "zhiban", "notice-after-7")
    assert "逾期未报3个" in notice
    _, notice = letter(month, "zhiban", "notice-escalate-10")
    assert "气象局、农机局、广播电视台不属督查组督查的区域" in notice and "催报邮件" not in notice
    # then the leads learn of their areas, and of nothing else: 红河镇 was a day late, both areas of 水利局 were on time
    _, told = letter(month, "jiaotong", "group_report")
    assert "应报1个单位，已报1个，其中按时0个。" in told and "逾期1天报送" in told and "达标率" in told
    assert "周晓燕，13800010007" in told
    _, told = letter(month, "shuili", "group_report")
    assert "应报2个单位，已报2个，其中按时2个。" in told
    _, digest = letter(month, "guozhongliang", "digest-W28")
    # on Monday 07-10 at 08:35: 45 less the four that never report and 旅游局
    assert "应报45个单位，已报40个，其中按时36个" in digest
    _, answer = letter(month, "zhuliu", "returned")
    assert "29" in answer and "92" in answer
    _, answer = letter(month, "jingkaiqu", "receipt")
    assert "第2版" in answer and "原为44，现为47" in answer and "按时报送" in answer
    _, answer = letter(month, "caizheng", "receipt")
    assert "第2版" in answer and "按时报送" in answer  # the correction of an on-time report stays on time
    _, answer = letter(month, "gongan", "receipt")
    assert "2017年7月5日23:58" in answer and "按时报送" in answer
    _, answer = letter(month, "huanbao", "receipt")
    assert "2017年7月6日00:06" in answer and "逾期1天报送" in answer
    _, answer = letter(month, "shichangjianguan", "receipt")
    assert "累计达标7家，超过登记的基础数6家" in answer
    _, answer = letter(month, "jiaoyu", "returned")
    assert "2017年7月" in answer and "2017年6月" in answer
    _, answer = letter(month, "xueguilan1975", "waiting")
    assert "薛桂兰" not in answer  # a stranger learns nothing that he did not write in the mail's form
    both, _ = letter(month, "shouyangshan", "before-3")
    assert [part.get_filename() for part in both.iter_attachments()] == [
        "附件4-首阳山旅游度假区-2017年6月.xlsx",
        "附件4-高崖水库库区-2017年6月.xlsx",
    ]


def every_letter_is_well_made(month: Told) -> None:
    keys, ids = set(), set()
    for posted in month.office.sent:
        message, text = opened(posted.data)
        assert message["To"] == posted.to
        assert message["Auto-Submitted"] in ("auto-generated", "auto-replied")
        assert message["Date"].datetime.year == 2017
        assert "郭忠亮" in text and "6228071" in text
        keys.add(message["X-Bot-Key"])
        ids.add(message["Message-ID"])
    assert len(keys) == len(ids) == len(month.office.sent)


def answers_go_to_the_mail_that_they_answer(month: Told) -> None:
    """At most one letter for a mail, to its sender, naming it; none for a machine's, for thanks, for a copy."""
    silence = {
        ("lvyou", "auto_replies"),
        ("minzheng", "writes"),
        ("xianwei@demo.test", "writes"),
        ("jianshe", "redelivers"),
    }
    unanswered = set()
    for step in month.steps:
        if not step.act or not step.posting:
            continue
        message_id = message_from_bytes(step.posting.data)["Message-ID"]
        answers = [p for p in step.letters if message_from_bytes(p.data)["In-Reply-To"]]
        assert [(p.to, message_from_bytes(p.data)["In-Reply-To"]) for p in answers] == (
            [(step.posting.sender, message_id)] if answers else []
        )
        if not answers:
            unanswered.add((step.act.who, step.act.does))
    assert unanswered == silence


@pytest.mark.timeout(300)
def test_the_first_week_on_postgresql(
    dovecot: DovecotOffice, passwords: None, postgres_url: str, tmp_path: Path
) -> None:
    # given the same story on the other database; when it is told until 07-07
    with told(dovecot, postgres_url, tmp_path, date(2017, 7, 7)) as month:
        # then everybody has got the first part of the letters of the table
        shorter = {who: of_first_week(who, names) for who, names in LETTERS.items()}
        assert month.letters() == shorter


def of_first_week(who: str, names: str) -> list[str]:
    """Without what arrives after 07-07: later reminders, notices and digests, the bulletin, the last reports of three
    units."""
    later = {"after-3", "after-7", "notice-after-3", "notice-after-7", "digest-W28", "digest-W29", "digest-W30"}
    later |= {"bulletin", "group_report", "notice-escalate-10"}
    kept = [name for name in names.split() if name not in later]
    return kept[:-1] if who in ("lvyou", "caizheng", "wutu") else kept


def test_a_reminder_that_still_waits_is_not_sent_once_the_report_has_come(
    passwords: None, dovecot: DovecotOffice, tmp_path: Path
) -> None:
    # given a provider that takes one letter a minute, and everybody's reminder on its way
    quick = settings(STORY, dovecot, f"sqlite:///{tmp_path}/bot.db", tmp_path)
    slow = quick.model_copy(update={"smtp": quick.smtp.model_copy(update={"per_minute": 1})})
    at = partial(datetime, 2017, 6, 30, tzinfo=quick.office.zone)
    with Bot.build(slow) as bot:
        appoint(bot, STORY)
        run_once(bot, at(8, 0), lambda: False)
        assert run_once(bot, at(8, 35), lambda: False).sent == 1
        # when a unit reports, and one of the two units of one person
        county = County(STORY, bot.rules, dovecot)
        for who in ("zhuliu", "gaoya"):
            act = Act.model_validate({"at": at(8, 36), "who": who, "does": "types"})
            dovecot.deliver(dovecot.username, county.posting(act, at(8, 36)).data, at(8, 36))
    with Bot.build(quick) as bot:
        run_once(bot, at(8, 40), lambda: False)
    # then neither is reminded of what has come; of the other unit, in a letter of its own
    got = {who: [what_for(d) for d in dovecot.letters_to(f"{who}@demo.test")] for who in ("zhuliu", "shouyangshan")}
    assert got == {
        "zhuliu": [PLAN, ("receipt", [])],
        "shouyangshan": [PLAN, ("receipt", []), ("reminder", ["附件4-首阳山旅游度假区-2017年6月.xlsx"])],
    }
    # the plan to 43 people with an address that works and two of the staff; one of the 43 has two more letters
    assert len(dovecot.sent) == 45 + 44


PLAN = ("year_plan", ["2017年报送日程.ics"])


def what_for(data: bytes) -> tuple[str, list[str | None]]:
    """The kind of a letter, and the names of its files."""
    message, _ = opened(data)
    return message["X-Bot-Key"].partition(":")[0], [part.get_filename() for part in message.iter_attachments()]

"""The weekly digest: once a week, only the latest after an outage, and every number in it true."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.jobs.parts import Bot
from bot.jobs.reporting.digesting import _drafts, digest
from bot.model.deciding import Attention
from bot.record import attention, explanations, people, schema
from tests.books import RULES
from tests.bots import (
    NUMBERS,
    appoint,
    archived,
    at,
    build,
    built,
    config,
    first_run,
    flat,
    header,
    letters,
    reported,
    rows,
    statements,
    with_units,
)

UNITS = [unit.name for unit in RULES.units.units]
WUTU, QIAOGUAN, HONGHE, YINGQIU, BAODU = "五图街道", "乔官镇", "红河镇", "营丘镇", "宝都街道"
DAY_ONE = at("2017-06-21T09:00")


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, at("2017-06-20T09:00"))
        yield made


def weeks(bot: Bot) -> list[str]:
    return [row.period_key for row in rows(bot, schema.job_run) if row.job == "digest"]


def text(bot: Bot, number: int = -1) -> str:
    return flat([row for row in letters(bot) if row.letter == "digest"][number].mime)


def test_a_month_that_opens_in_mid_week_is_told_of_on_the_next_monday(tmp_path: Path) -> None:
    with build(config(tmp_path)) as bot:
        first_run(bot, at("2017-05-31T09:00"))
        # June's reports are welcome from Saturday 06-24 on; nothing was owed on the Monday before
        assert not digest(bot, at("2017-06-24T08:35"))
        assert digest(bot, at("2017-06-26T08:35"))
        assert weeks(bot) == ["2017-W26"]


def test_it_is_written_once_a_week_on_its_day_and_hour(any_bot: Bot) -> None:
    written = []
    moment = at("2017-06-25T08:00")
    while moment < at("2017-07-19T00:00"):
        if digest(any_bot, moment):
            written.append(moment)
        moment += timedelta(minutes=90)
    assert written == [at("2017-06-26T09:30"), at("2017-07-03T09:30"), at("2017-07-10T09:30"), at("2017-07-17T09:30")]
    assert [row.key for row in letters(any_bot)] == [f"digest:2017-W{n}:staff@demo.test" for n in (26, 27, 28, 29)]


def test_after_an_outage_only_the_latest_is_written(bot: Bot) -> None:
    assert digest(bot, at("2017-06-26T09:00"))
    assert digest(bot, at("2017-08-09T15:00"))
    assert not digest(bot, at("2017-08-09T15:01"))
    assert weeks(bot) == ["2017-W26", "2017-W32"]


def test_another_day_and_hour_by_setting(tmp_path: Path) -> None:
    schedule = {"digest_weekday": 5, "digest_time": "16:00"}
    with build(config(tmp_path, schedule=schedule)) as bot:
        first_run(bot, at("2017-06-26T09:00"))
        moments = ("06-30T15:59", "06-30T16:00", "07-03T09:00", "07-07T15:59", "07-07T16:00")
        assert [digest(bot, at(f"2017-{moment}")) for moment in moments] == [False, True, False, False, True]


def test_not_for_the_week_in_which_the_bot_was_not_born(tmp_path: Path) -> None:
    with build(config(tmp_path)) as bot:
        first_run(bot, at("2017-07-05T09:00"))  # a Wednesday
        assert not digest(bot, at("2017-07-05T10:00"))
        assert digest(bot, at("2017-07-10T08:30"))


def test_not_while_nothing_is_owed(tmp_path: Path) -> None:
    with build(config(tmp_path, campaign={"first_period": "2017-09"})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        assert not digest(bot, at("2017-07-10T09:00"))
        assert weeks(bot) == []


def monday_of_july(bot: Bot) -> None:
    """One on time, one late, one returned, one waiting for the office, one mail that nobody could read."""
    appoint(bot, (HONGHE, "赵云", "zhao@honghe.test"))
    reported(bot, WUTU, when="2017-07-04T10:00")
    reported(bot, QIAOGUAN, when="2017-07-07T10:00")
    reported(bot, YINGQIU, when="2017-07-06T11:00", outcome="returned")
    waiting = reported(bot, BAODU, when="2017-07-06T12:00", outcome="waiting", why="unknown_sender")
    its_mail = select(schema.report.c.mail_id).where(schema.report.c.id == waiting).scalar_subquery()
    mail_id = archived(bot, b"unreadable", at("2017-07-06T12:00"))
    with bot.record.begin() as conn:
        conn.execute(schema.mail.update().where(schema.mail.c.id == mail_id).values(subject="打不开的附件"))
        conn.execute(schema.mail.update().where(schema.mail.c.id == its_mail).values(subject="宝都的报表"))
        attention.open_items(conn, [Attention("unreadable")], at("2017-07-06T12:00"), mail_id)


def test_what_it_says_of_a_week(any_bot: Bot) -> None:
    monday_of_july(any_bot)
    assert digest(any_bot, at("2017-07-10T08:30"))
    said = text(any_bot)
    for sentence in (
        f"应报{len(UNITS)}个单位，已报2个，其中按时1个。",
        f"退回待更正1个，待核实1份，逾期未报{len(UNITS) - 4}个。",
        "逾期报送：乔官镇（逾期2天）。",
        "红河镇：赵云，13800000000，逾期5天未报",
        "公安局：联络员未登记，电话未登记，逾期5天未报；未登记邮箱，收不到催报邮件",
        "营丘镇：联络员未登记，电话未登记，7月6日退回，已4天未更正；未登记邮箱",
        "宝都街道：发件邮箱未登记在任何报送单位名下。来信“宝都的报表”",
        "规模以上企业：已达标16家",  # twice 0 + 2 + 5 + 1
        "五图街道（截至2017年6月）：首次报送，总计32家，2017年7月4日",
        "“打不开的附件”，发件人不明",
    ):
        assert sentence in said
    (letter,) = letters(any_bot)
    assert header(letter.mime, "Subject").startswith("【报送周报】2017年第27周")
    first_line = said.partition("各位同志")[0]  # who is silent
    assert HONGHE in first_line
    assert not any(unit in first_line for unit in (WUTU, QIAOGUAN, BAODU))
    assert YINGQIU in first_line.partition("退回后尚未更正1个单位")[2]


def test_a_returned_report_of_late_is_no_reason_to_call(bot: Bot) -> None:
    appoint(bot, (YINGQIU, "张伟", "zhang@yingqiu.test"))
    reported(bot, YINGQIU, when="2017-07-09T11:00", outcome="returned")
    digest(bot, at("2017-07-10T08:30"))
    call, _, returned = text(bot).partition("【退回待更正】")
    assert "1.营丘镇：张伟，13800000000，2017年7月9日11:00退回" in returned
    assert YINGQIU not in call.partition("【需要电话联系】")[2]


def test_a_dead_address_wants_a_call_in_a_week_in_which_all_have_reported(bot: Bot) -> None:
    appoint(bot, (HONGHE, "赵云", "zhao@honghe.test"))
    for unit in UNITS:
        reported(bot, unit, when="2017-07-04T10:00")
    digest(bot, at("2017-07-10T08:30"))
    with bot.record.begin() as conn:
        people.mark_dead(conn, "zhao@honghe.test", at("2017-07-12T10:00"), "550")
    digest(bot, at("2017-07-17T08:30"))
    assert "1.红河镇：赵云，13800000000，邮箱zhao@honghe.test无法送达，请索取新的邮箱" in text(bot)


def test_the_reasons_of_the_week(bot: Bot) -> None:
    report_id = reported(bot, WUTU, when="2017-07-04T10:00")
    finding = {"report_id": report_id, "check_id": "decreased", "severity": "warning", "place": "F8", "details": {}}
    mail_id = archived(bot, b"why", DAY_ONE)
    with bot.record.begin() as conn:
        row = {**finding, "case_id": "", "message": "比上次减少2家"}
        id_ = conn.execute(schema.finding.insert().values(row).returning(schema.finding.c.id)).scalar_one()
        explanations.keep(conn, mail_id, "两家企业注销", [id_], at("2017-07-05T10:00"))
    digest(bot, at("2017-07-10T08:30"))
    digest(bot, at("2017-07-17T08:30"))
    assert "五图街道（截至2017年6月）比上次减少2家说明：两家企业注销" in text(bot, 0)
    assert "两家企业注销" not in text(bot, 1)


def test_what_waits_of_another_month_has_its_number_too(bot: Bot) -> None:
    for unit in UNITS:
        reported(bot, unit, when="2017-07-04T10:00")
    digest(bot, at("2017-07-10T08:30"))
    number = reported(bot, WUTU, "2017-07", "2017-07-12T10:00", outcome="waiting", why="conflict")
    with bot.record.begin() as conn:
        asked = [Attention("bounced", "a@b.test"), Attention("conflict", "", WUTU, report_id=number)]
        attention.open_items(conn, asked, at("2017-07-12T10:00"))
    digest(bot, at("2017-07-17T08:30"))
    # then it is the number by which the office answers, not that of the report
    assert "序号2五图街道（附件4（截至2017年7月））：" in text(bot)
    assert "例如“2通过”。可用的答复：通过、退回、忽略、回复。" in text(bot)


def test_the_pace_is_counted_in_reports_that_can_still_be_made(bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    with bot.record.begin() as conn:
        for unit in UNITS:
            people.register_base(conn, unit, "annex4", {"above_scale": 20, "high_risk": 0, "other": 0}, DAY_ONE)
    digest(bot, at("2017-07-10T08:30"))
    assert "还差12家，每月需新增2家，进度正常" in text(bot)  # of 20: July to December are six months
    assert "第四组（五图街道）：已达标32家，基础数20家，达标率160%，已达到目标" in text(bot)


def test_one_question_is_one_statement_however_many_units_there_are(bot: Bot) -> None:
    # given fifty units with everything that a digest tells of
    bot, now = with_units(bot, 50), at("2017-07-10T08:30")
    with bot.record.begin() as conn:
        few = statements(conn, lambda: _drafts(bot, conn, now, DAY_ONE, now))
    units = [unit.name for unit in bot.rules.units.units]
    appoint(bot, *((unit, "赵云", f"{n}@demo.test") for n, unit in enumerate(units)))
    for n, unit in enumerate(units):
        reported(bot, unit, "2017-05", "2017-06-22T10:00")
        reported(bot, unit, when="2017-07-04T10:00", outcome=("accepted", "returned", "waiting")[n % 3], why="conflict")
    # when, then
    with bot.record.begin() as conn:
        many = statements(conn, lambda: _drafts(bot, conn, now, DAY_ONE, now))
    assert few <= many <= few + 1  # what units had reported before is asked for when any has reported


def test_the_base_makes_a_rate_and_a_distance_to_the_target(bot: Bot) -> None:
    reported(bot, WUTU, when="2017-07-04T10:00")
    with bot.record.begin() as conn:
        for unit in UNITS:
            people.register_base(conn, unit, "annex4", {"above_scale": 20, "high_risk": 20, "other": 40}, DAY_ONE)
    digest(bot, at("2017-07-10T08:30"))
    # the one town that has said something: 100 % above scale by the end of 2017, half of all together
    assert "以下各数为已报送的1个镇（街、区）合计，尚未报送的" in text(bot)
    assert "已达标8家，基础数20家，达标率40%" in text(bot)
    assert "还差12家" in text(bot)
    assert "已达标32家，基础数80家，达标率40%，目标为2017年12月31日前达到50%，还差8家" in text(bot)


def test_the_next_digest_tells_only_what_is_new(bot: Bot) -> None:
    monday_of_july(bot)
    digest(bot, at("2017-07-10T08:30"))
    changed = {**NUMBERS, "other": {**NUMBERS["other"], "ungraded": 17}}
    reported(bot, WUTU, when="2017-07-12T10:00", numbers=changed)
    digest(bot, at("2017-07-17T08:30"))
    news = text(bot).partition("本周登记")[2]
    assert "五图街道（截至2017年6月）：第2版，总计42家" in news
    assert "乔官镇（截至" not in news
    assert "打不开的附件" not in text(bot)


def test_a_quiet_week_is_one_line(bot: Bot) -> None:
    for unit in UNITS:
        reported(bot, unit, when="2017-07-04T10:00")
    digest(bot, at("2017-07-10T08:30"))
    digest(bot, at("2017-07-17T08:30"))
    loud, quiet = text(bot, 0), text(bot, 1)
    assert "报送情况" in loud
    assert "报送情况" not in quiet
    assert len(quiet) < len(loud) / 3
    assert "没有新的报送" in quiet


def test_one_letter_for_each_of_the_staff(tmp_path: Path) -> None:
    staff = ["one@demo.test", "two@demo.test"]
    with build(config(tmp_path, office={"staff": staff})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        digest(bot, at("2017-07-10T08:30"))
        assert [row.to for row in letters(bot)] == staff


def test_when_it_cannot_be_made_the_week_is_not_lost(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr("bot.record.outbox.enqueue", lambda *_, **__: 1 // 0)
        digest(bot, at("2017-07-10T08:30"))
    assert weeks(bot) == []
    assert digest(bot, at("2017-07-10T08:31"))


@pytest.mark.parametrize(
    ("now", "period"),
    [
        ("2017-06-26T09:00", "2017-06"),  # nothing is due yet: what comes first
        ("2017-07-24T09:00", "2017-06"),  # long past, and July is far
        ("2017-07-31T09:00", "2017-07"),  # the coming deadline is near
        ("2018-01-15T09:00", "2017-12"),  # after the last deadline; once all is over there is none (test_ending)
    ],
)
def test_it_is_about_the_month_that_matters(bot: Bot, now: str, period: str) -> None:
    digest(bot, at(now))
    month = int(period[5:])
    assert f"（截至2017年{month}月" in text(bot)

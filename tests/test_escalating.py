"""After the overdue reminders the lead of the group that inspects a town is asked to press it: a draft, released by
the office, and looked at again when it leaves.

Deadline of June: Wednesday 2017-07-05. The last reminder is after-7 on 07-14; escalate-10 is reached on 07-19. 安监局
inspects 朱刘街道, 水利局 inspects 首阳山旅游度假区 and 高崖水库库区.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.deciding.escalation import escalated, lead_of
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.model.people import Liaison
from bot.record import outbox, people, schema
from tests.books import RULES
from tests.bots import (
    ROOT,
    FakeSender,
    appoint,
    archived,
    attentions,
    build,
    built,
    config,
    first_run,
    flat,
    header,
    letters,
    never,
    read_mailbox,
    reported,
    rows,
    text_of,
)
from tests.bots import at as moment
from tests.mails import mail, report

ZHULIU, SHOUYANG, GAOYA = "朱刘街道", "首阳山旅游度假区", "高崖水库库区"
ANJIAN, SHUILI, CAIZHENG = "安监局", "水利局", "财政局"
LIU, SUN, CHEN, QIAN = "liu@anjian.test", "sun@shuili.test", "chen@zhuliu.test", "qian@caizheng.test"
STAFF = "staff@demo.test"
TEN = moment("2017-07-19T09:00")
ZHULIU_KEY = "escalation:zhuliu:annex4:2017-06:escalate-10"
NINTH_KEY = "escalation:shouyangshan+gaoya:annex4:2017-06:escalate-10"


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, moment("2017-06-20T09:00"))
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, moment("2017-06-20T09:00"))
        yield made


def run(bot: Bot, now: datetime) -> int:
    """One tick after a good poll."""
    read_mailbox(bot, now)
    return remind(bot, now)


def owed_by(bot: Bot, *owing: str) -> None:
    """All the others have reported June."""
    for unit in RULES.units.units:
        if unit.name not in owing:
            reported(bot, unit.name)


def states(bot: Bot) -> dict[str, str]:
    return {row.key: row.state for row in letters(bot) if row.letter == "escalation"}


def release(bot: Bot, now: datetime, *keys: str) -> None:
    with bot.record.begin() as conn:
        assert outbox.release(conn, keys or None, now)


def sent(bot: Bot, now: datetime) -> list[str]:
    """Who gets a letter at ``now``, after a good poll, but for the staff."""
    sender = FakeSender()
    read_mailbox(bot, now)
    send_due(bot, sender.open, now, never)
    return [to for to in sender.addresses() if to != STAFF]


def notice(bot: Bot, stage: str = "escalate-10") -> str:
    (row,) = [r for r in letters(bot) if r.key == f"overdue_notice:annex4:2017-06:{stage}:{STAFF}"]
    return flat(row.mime)


def test_one_draft_for_each_lead_and_one_notice_that_they_wait(any_bot: Bot) -> None:
    # given three areas of two groups that are late, hour by hour
    appoint(any_bot, (ANJIAN, "刘洋", LIU), (SHUILI, "孙丽", SUN))
    owed_by(any_bot, ZHULIU, SHOUYANG, GAOYA)
    written = {}
    for hours in range(24 * 12):
        before, now = set(states(any_bot)), moment("2017-07-14T00:00") + timedelta(hours=hours)
        run(any_bot, now)
        if new := set(states(any_bot)) - before:
            written[now.isoformat()[:13]] = new
    # then there is a draft for each lead at the first hour that is worked, and nothing leaves by itself
    assert written == {"2017-07-19T09": {ZHULIU_KEY, NINTH_KEY}}
    assert states(any_bot) == {ZHULIU_KEY: "held", NINTH_KEY: "held"}
    assert sent(any_bot, TEN) == []
    # and the office knows which drafts wait
    said = notice(any_bot)
    assert (
        "已经拟好，函稿另行报您审定，您同意后才会发出：安监局（朱刘街道）、水利局（首阳山旅游度假区、高崖水库库区）"
        in said
    )
    assert "催报邮件" not in said


def test_released_it_leaves_with_what_the_lead_must_know(any_bot: Bot) -> None:
    # given
    appoint(any_bot, (ANJIAN, "刘洋", LIU), (ZHULIU, "陈刚", ""))
    owed_by(any_bot, ZHULIU)
    run(any_bot, TEN)
    # when
    release(any_bot, TEN + timedelta(days=1))
    # then
    assert sent(any_bot, TEN + timedelta(days=1)) == [LIU]
    assert states(any_bot) == {ZHULIU_KEY: "sent"}
    (row,) = [r for r in letters(any_bot) if r.letter == "escalation"]
    said = flat(row.mime)
    for words in ("安监局联络员刘洋同志", "安监局牵头第二组", "陈刚", "13800000000", "截至2017年7月19日", "已逾期14天"):
        assert words in said
    assert header(row.mime, "Subject").startswith("【协助督促】朱刘街道附件4（截至2017年6月）逾期未报")


def test_what_reported_before_the_release_is_not_pressed(any_bot: Bot) -> None:
    appoint(any_bot, (ANJIAN, "刘洋", LIU))
    owed_by(any_bot, ZHULIU)
    run(any_bot, TEN)
    reported(any_bot, ZHULIU, when="2017-07-20T08:00")
    release(any_bot, TEN + timedelta(days=1))
    assert sent(any_bot, TEN + timedelta(days=1)) == []
    assert states(any_bot) == {ZHULIU_KEY: "cancelled"}


def test_what_is_left_after_the_release_is_a_new_draft_and_the_office_is_told(any_bot: Bot) -> None:
    # given a draft about two areas, one of which reports before it is released
    appoint(any_bot, (SHUILI, "孙丽", SUN))
    owed_by(any_bot, SHOUYANG, GAOYA)
    run(any_bot, TEN)
    reported(any_bot, GAOYA, when="2017-07-20T08:00")
    release(any_bot, TEN + timedelta(days=1), NINTH_KEY)
    # when it is to leave, again and again
    left = f"escalation:shouyangshan:annex4:2017-06:escalate-10:{SUN}"
    for minute in range(3):
        assert sent(any_bot, TEN + timedelta(days=1, minutes=minute)) == []
        run(any_bot, TEN + timedelta(days=1, minutes=minute))
    # then there is one new draft about the other, which is put before the office as the first one was
    assert states(any_bot) == {NINTH_KEY: "cancelled", left: "held"}
    assert attentions(any_bot) == [("draft", SUN)] * 2
    release(any_bot, TEN + timedelta(days=2), left)
    assert sent(any_bot, TEN + timedelta(days=2)) == [SUN]
    (row,) = [r for r in letters(any_bot) if r.key == left]
    assert SHOUYANG in header(row.mime, "Subject")
    assert GAOYA not in header(row.mime, "Subject")
    assert f"【{GAOYA}】" not in text_of(row.mime)


def test_a_release_at_night_leaves_in_the_morning_once_the_mailbox_is_read(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    owed_by(bot, ZHULIU)
    run(bot, TEN)
    night = moment("2017-07-21T22:00")  # a Friday
    release(bot, night)
    assert sent(bot, night) == []
    monday, sender = moment("2017-07-24T08:30"), FakeSender()
    send_due(bot, sender.open, monday, never)  # nobody has read the mailbox since Friday
    assert sender.addresses() == []
    assert sent(bot, monday + timedelta(minutes=5)) == [LIU]


def test_a_draft_that_the_office_drops_does_not_come_back(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    owed_by(bot, ZHULIU)
    run(bot, TEN)
    with bot.record.begin() as conn:
        outbox.drop(conn, [ZHULIU_KEY], TEN)
    run(bot, TEN + timedelta(days=1))
    assert states(bot) == {ZHULIU_KEY: "cancelled"}


def test_after_an_outage_the_unit_gets_its_last_reminder_and_the_lead_a_draft(any_bot: Bot) -> None:
    # given an installation that was off from the deadline on
    appoint(any_bot, (ANJIAN, "刘洋", LIU), (ZHULIU, "陈刚", CHEN))
    owed_by(any_bot, ZHULIU)
    now = moment("2017-07-21T10:00")
    assert run(any_bot, now) == 2
    # then each has one letter, and the office one notice, which tells of both
    found = [(row.key, row.state) for row in letters(any_bot)]
    assert found == [
        ("reminder:zhuliu:annex4:2017-06:after-7", "queued"),
        (ZHULIU_KEY, "held"),
        (f"overdue_notice:annex4:2017-06:escalate-10:{STAFF}", "queued"),
    ]
    assert "催报邮件（附预填好的表格）同时发往" in notice(any_bot)
    assert "安监局（朱刘街道）" in notice(any_bot)
    assert run(any_bot, now + timedelta(hours=1)) == 0
    # and neither takes the other's place
    assert sent(any_bot, now) == [CHEN]
    release(any_bot, now, ZHULIU_KEY)
    assert sent(any_bot, now + timedelta(hours=1)) == [LIU]


def test_one_who_is_liaison_of_the_area_and_of_its_lead_gets_both_letters(any_bot: Bot) -> None:
    # given one address at both, and both late
    appoint(any_bot, (ANJIAN, "刘洋", LIU), (ZHULIU, "刘洋", LIU))
    owed_by(any_bot, ZHULIU, ANJIAN)
    assert run(any_bot, moment("2017-07-21T10:00")) == 2
    release(any_bot, moment("2017-07-21T10:00"), ZHULIU_KEY)
    # then the one that was written later does not cancel the other
    assert sent(any_bot, moment("2017-07-21T10:01")) == [LIU, LIU]
    assert [(row.key, row.state) for row in letters(any_bot) if row.to == LIU] == [
        ("reminder:zhuliu+anjian:annex4:2017-06:after-7", "sent"),
        (ZHULIU_KEY, "sent"),
    ]


def test_a_lead_of_two_groups_gets_one_letter(tmp_path: Path) -> None:
    # given a county where 水利局 leads the second group too
    with build(
        config(tmp_path, paths={"rules": str(changed(tmp_path, "units", 'lead = "安监局"', 'lead = "水利局"'))})
    ) as bot:
        first_run(bot, moment("2017-06-20T09:00"))
        appoint(bot, (SHUILI, "孙丽", SUN))
        owed_by(bot, ZHULIU, GAOYA)
        assert run(bot, TEN) == 1
        # then
        (row,) = [r for r in letters(bot) if r.letter == "escalation"]
        assert row.key == "escalation:zhuliu+gaoya:annex4:2017-06:escalate-10"
        assert "水利局牵头第二组，负责督查朱刘街道；水利局牵头第九组，负责督查首阳山旅游度假区、高崖水库库区" in flat(
            row.mime
        )


def test_a_second_liaison_of_the_lead_gets_a_draft_too(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU), (ANJIAN, "孙丽", SUN))
    owed_by(bot, ZHULIU)
    assert run(bot, TEN) == 2
    assert states(bot) == {ZHULIU_KEY: "held", f"{ZHULIU_KEY}:{SUN}": "held"}


@pytest.mark.parametrize("address", ["", LIU])
def test_a_lead_without_an_address_that_works_is_put_before_the_office(any_bot: Bot, address: str) -> None:
    # given no address, or one that mail comes back from
    appoint(any_bot, (ANJIAN, "刘洋", address))
    owed_by(any_bot, ZHULIU)
    with any_bot.record.begin() as conn:
        people.mark_dead(conn, LIU, TEN, "550 User not found")
    # when
    assert [run(any_bot, TEN + timedelta(hours=n)) for n in range(3)] == [0, 0, 0]
    # then the office is told once, and the notice names lead and area
    assert states(any_bot) == {}
    assert attentions(any_bot) == [("lead_unreachable", "")]
    assert "未能拟函，请电话联系：安监局（朱刘街道）" in notice(any_bot)


def test_nobody_is_asked_to_press_a_department_and_the_notice_says_so(any_bot: Bot) -> None:
    # given one that is a member of a group, which inspects a town and not it, and one that is in none
    appoint(any_bot, (ANJIAN, "刘洋", LIU), (CAIZHENG, "钱伟", QIAN))
    owed_by(any_bot, "气象局", CAIZHENG)
    run(any_bot, TEN)
    assert states(any_bot) == {}
    assert attentions(any_bot) == []
    said = notice(any_bot)
    assert "气象局、财政局不属督查组督查的区域，未拟协助督促函，请视情电话催办" in said
    assert "协助督促函已经拟好" not in said


def test_who_waits_for_the_office_is_not_pressed(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    owed_by(bot, ZHULIU)
    reported(bot, ZHULIU, outcome="waiting", why="unknown_sender")
    run(bot, TEN)
    assert states(bot) == {}


def test_what_is_owed_once_is_pressed_too(tmp_path: Path) -> None:
    # given the plan, due on 06-05, and annex 2, due on 06-08: ten working days after that are 06-22
    with build(config(tmp_path)) as bot:
        first_run(bot, moment("2017-06-01T09:00"))
        appoint(bot, (SHUILI, "孙丽", SUN))
        run(bot, moment("2017-06-22T09:00"))
        # then one letter has all that the two areas owe
        keys = [row.key for row in letters(bot) if row.letter == "escalation"]
        assert len(keys) == 1
        assert "shouyangshan+gaoya:annex2:once:escalate-10" in keys[0]
        assert "shouyangshan+gaoya:plan:once:escalate-10" in keys[0]
        (row,) = [r for r in letters(bot) if r.letter == "escalation"]
        text = flat(row.mime)
        assert "报送期限为2017年6月8日，至6月22日已逾期14天" in text
        assert "None" not in text
        assert {o[2] for o in row.obligations} == {"once"}


def test_an_escalation_without_draft_leaves_at_once(tmp_path: Path) -> None:
    folder = changed(tmp_path, "reminders", "draft = true", "draft = false")
    with build(config(tmp_path, paths={"rules": str(folder)})) as bot:
        first_run(bot, moment("2017-06-20T09:00"))
        appoint(bot, (ANJIAN, "刘洋", LIU))
        owed_by(bot, ZHULIU)
        run(bot, TEN)
        assert "致督查组牵头单位的协助督促函同时发出：安监局（朱刘街道）。" in notice(bot)
        assert sent(bot, TEN) == [LIU]


# What the lead answers


def answered(bot: Bot, mail_of: Callable[[str], bytes]) -> tuple[str, str]:
    """A mail with the subject of the reply arrives and is worked off; what became of it."""
    (row,) = [r for r in letters(bot) if r.key == ZHULIU_KEY]
    archived(bot, mail_of(f"Re: {header(row.mime, 'Subject')}"), TEN + timedelta(hours=5))
    assert work(bot, TEN + timedelta(hours=5), never).failed == 0
    last = rows(bot, schema.mail)[-1]
    return last.outcome, last.why


def test_a_lead_who_answers_with_its_own_report_has_reported(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    owed_by(bot, ZHULIU, ANJIAN)
    run(bot, TEN)
    assert answered(bot, lambda subject: report(LIU, ANJIAN, subject=subject)) == ("accepted", "receipt")
    assert rows(bot, schema.report)[-1].unit == ANJIAN


def test_what_a_lead_answers_in_words_is_read_by_a_person(bot: Bot) -> None:
    appoint(bot, (ANJIAN, "刘洋", LIU))
    owed_by(bot, ZHULIU)
    run(bot, TEN)
    before = len(letters(bot))
    text = "朱刘街道联络员已经换人，请与张主任联系。"
    assert answered(bot, lambda subject: mail(LIU, subject, text=text)) == ("ignored", "noted")
    assert attentions(bot) == [("draft", LIU), ("reply_words", text)]
    assert [(row.letter, row.to) for row in letters(bot)[before:]] == [("noted", LIU)]


def changed(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """The rules with one thing changed."""
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    path = folder / f"{file}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


# Without a record


def test_the_lead_of_an_area_and_of_a_department() -> None:
    assert [lead_of(u, RULES.units) for u in (ZHULIU, GAOYA, ANJIAN, "气象局")] == [ANJIAN, SHUILI, None, None]


def test_who_is_written_to_who_cannot_be_and_whom_nobody_inspects() -> None:
    liaisons = {SHUILI: [Liaison(SHUILI, "孙丽", "", SUN)], ANJIAN: [Liaison(ANJIAN, "刘洋", "", LIU)]}
    found = escalated([ZHULIU, SHOUYANG, GAOYA, CAIZHENG], liaisons, RULES.units, dead={LIU}, draft=True)
    assert found == {
        "draft": True,
        "letters": [{"lead": SHUILI, "areas": [SHOUYANG, GAOYA]}],
        "unreachable": [{"lead": ANJIAN, "areas": [ZHULIU]}],
        "outside": [CAIZHENG],
    }

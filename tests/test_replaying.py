"""``replay``: archived mails decided again. The same rules decide the same, whatever has come since."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.config import load_config
from bot.deciding.comparing import Decided, Decision, differences
from bot.errors import MailboxError, MailEnded, TooComplex
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.replaying import replay
from bot.model.mail import Place
from bot.record import archive, claims, history, schema
from tests.bots import (
    ROOT,
    appoint,
    archived,
    at,
    build,
    built,
    config_file,
    first_run,
    letters,
    never,
    reported,
    rows,
    settled,
)
from tests.mails import mail, report

WUTU, QIAOGUAN = "五图街道", "乔官镇"
LI, WANG = "li@wutu.test", "wang@qiaoguan.test"
START = at("2017-07-03T10:00")
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        started(made)
        yield made


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation with rules of its own, which may change."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    return config_file(tmp_path / "office", paths={"rules": str(tmp_path / "rules")})


@pytest.fixture
def bot(config: Path) -> Iterator[Bot]:
    with build(load_config(config)) as made:
        started(made)
        yield made


@pytest.fixture
def call(config: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.setenv("BOT_CONFIG", str(config))

    def calling(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bot", "replay", *args])
        capfd.readouterr()
        try:
            code: Any = main()
        except SystemExit as ended:
            code = ended.code
        said = capfd.readouterr()
        assert "Traceback" not in said.err, said.err
        return int(code or 0), said.out, said.err

    return calling


def started(bot: Bot) -> None:
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG))


MAILS = [
    report(LI),  # accepted
    report(LI, subject="再发"),  # a repetition
    report(LI, extra=1, subject="更正"),  # the second version
    report(WANG, "乔官镇", total=33),  # returned
    report(WANG, "乔官镇", subject="更正"),
    report(LI, "乔官镇", subject="代报"),  # another unit's form
    report("stranger@x.test", subject="报表"),
    mail(LI, "报送附件4"),  # nothing attached
    mail(LI, "报送附件4", ("附件4.xlsx", b"broken")),
    mail(LI, "周五开会"),
    report(LI, subject="自动回复", headers={"Auto-Submitted": "auto-replied"}),
    report(LI, month=7, extra=-3, subject="七月"),  # less than in June
]


def arrive(bot: Bot, mails: list[bytes], *, at_once: bool) -> list[int]:
    """The mails, an hour apart; worked off one by one, or all in one run after an outage."""
    ids = []
    for number, data in enumerate(mails):
        moment = START + timedelta(hours=number)
        ids.append(archived(bot, data, moment))
        if not at_once:
            work(bot, moment, never)
    work(bot, START + timedelta(days=40), never)
    return ids


def everything(bot: Bot) -> dict[str, list[Any]]:
    return {table.name: rows(bot, table) for table in schema.metadata.sorted_tables}


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one run"])
def test_the_same_rules_decide_the_same_and_nothing_is_written(any_bot: Bot, at_once: bool) -> None:
    # given mails of every kind, each with a history of its own
    ids = arrive(any_bot, MAILS, at_once=at_once)
    # and what came after them
    reported(any_bot, WUTU, "2017-06", "2017-09-01T10:00", numbers={"other": {"level_1": 1}})
    reported(any_bot, WUTU, "2017-05", "2017-09-01T10:00")
    before = everything(any_bot)
    # when
    found = [replay(any_bot, mail_id) for mail_id in ids]
    # then
    assert [(item and item.result, item and item.differences) for item in found] == [("same", ())] * len(MAILS)
    outcomes = [item.was.outcome for item in found if item]
    assert set(outcomes) == {"accepted", "duplicate", "returned", "waiting", "unreadable", "ignored"}
    assert everything(any_bot) == before


def test_a_liaison_who_has_gone_is_known_on_his_day(bot: Bot) -> None:
    (mail_id,) = arrive(bot, [report(LI)], at_once=False)
    appoint(bot, (WUTU, "赵强", "zhao@wutu.test"), on="2017-08-01")
    item = replay(bot, mail_id)
    assert item is not None
    assert (item.result, item.was.outcome) == ("same", "accepted")


def test_what_the_office_decided_later_is_not_compared(bot: Bot) -> None:
    (mail_id,) = arrive(bot, [report("stranger@x.test")], at_once=False)
    (row,) = rows(bot, schema.report)
    assert settled(bot, row.id, START + timedelta(days=1)) == "accepted"
    item = replay(bot, mail_id)
    assert item is not None
    assert (item.result, [f.outcome for f in item.was.forms]) == ("same", ["waiting"])


def test_changed_rules_show_where_they_differ(bot: Bot, call: Call, tmp_path: Path) -> None:
    # given a report that came back for its sum, and one that was good
    wrong, good = arrive(bot, [report(WANG, "乔官镇", total=33), report(LI)], at_once=False)
    assert call("--all")[0] == 0
    # when the office takes a wrong sum more lightly
    rule = tmp_path / "rules" / "annex4.toml"
    lines = rule.read_text(encoding="utf-8").split("[[checks]]")
    lines = [x.replace('severity = "error"', 'severity = "warning"') if 'id = "total"' in x else x for x in lines]
    rule.write_text("[[checks]]".join(lines), encoding="utf-8")
    # then
    code, out, _ = call("--all", "--json")
    assert code == 1
    first, second = json.loads(out)
    assert (first["mail"], first["result"], second["mail"], second["result"]) == (wrong, "differs", good, "same")
    assert first["was"]["outcome"] == "returned"
    assert first["would"]["outcome"] == "accepted"
    assert "outcome: returned -> accepted" in first["differences"]
    assert any("finding gone: total error B9" in line for line in first["differences"])
    assert any("finding new: total warning B9" in line for line in first["differences"])
    # and for people, only what is not the same
    code, out, err = call("--all")
    assert code == 1
    assert "outcome: returned -> accepted" in out
    assert "same=1 differs=1 skipped=0" in out
    assert err == ""  # no bar where nobody looks
    # one mail alone, by its id or by the number of its answer
    assert call(str(good))[0] == 0
    assert call(str(wrong))[0] == 1
    number = next(row.token for row in letters(bot) if row.mail_id == wrong)
    assert json.loads(call(number, "--json")[1])[0]["mail"] == wrong
    # since a moment
    assert [item["mail"] for item in json.loads(call("--all", "--json", "--since", "2017-07-03T10:30")[1])] == [good]


def test_what_cannot_be_decided_again_is_skipped(bot: Bot) -> None:
    # given a reply in words, a mail that was too large, and one that is not worked off yet
    (first,) = arrive(bot, [report(LI)], at_once=False)
    subject = f"Re: 〔编号 {letters(bot)[0].token}〕"
    (words,) = arrive(bot, [mail(LI, subject, text="无变化")], at_once=False)
    with bot.record.begin() as conn:
        large = archive.store_too_large(conn, 10**9, START, Place("INBOX", 7, 1), START)
    work(bot, START, never)
    new = archived(bot, mail(LI, "周五开会"), START)
    # then
    assert large is not None
    items = [replay(bot, mail_id) for mail_id in (words, large)]
    assert [(i and i.result, i and i.why) for i in items] == [
        ("skipped", "it is a reply in words"),
        ("skipped", "it was too large to keep"),
    ]
    assert replay(bot, new) is None
    assert replay(bot, 999) is None
    with bot.record.read() as conn:
        assert history.ids_of_mails(conn) == [first, words, large]


@pytest.mark.parametrize(("error", "would"), [(TooComplex("deep"), "aside"), (MailEnded("ZeroDivisionError"), "aside")])
def test_a_mail_that_cannot_be_opened_any_more_differs(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, error: Exception, would: str
) -> None:
    (mail_id,) = arrive(bot, [report(LI)], at_once=False)

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(type(bot.opener), "open", broken)
    item = replay(bot, mail_id)
    assert item is not None
    assert item.differences[0] == f"outcome: accepted -> {would}"


def test_a_mail_that_was_set_aside_and_can_be_read_by_now_differs(bot: Bot) -> None:
    mail_id = archived(bot, report(LI), START)
    with bot.record.begin() as conn:
        claims.set_aside(conn, mail_id, START, "set_aside")
    item = replay(bot, mail_id)
    assert item is not None
    assert item.differences[0] == "outcome: aside -> accepted"


def test_a_broken_world_is_no_difference(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    (mail_id,) = arrive(bot, [report(LI)], at_once=False)

    def broken(*_: object) -> None:
        raise MailboxError("the world")

    monkeypatch.setattr(type(bot.opener), "open", broken)
    with pytest.raises(MailboxError):
        replay(bot, mail_id)


@pytest.mark.parametrize(
    "words", [[], ["1", "--all"], ["1", "--since", "2017-07-01"], ["--all", "--since", "x"], ["999"], ["AAAAAAAA"]]
)
def test_wrong_usage(bot: Bot, call: Call, words: list[str]) -> None:
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")


def test_without_a_record_nothing_is_made(call: Call, config: Path) -> None:
    code, _, err = call("--all")
    assert (code, "no record" in err) == (2, True)
    assert not (config.parent / "data").exists()


# What differs

FORM = Decided(
    "annex4", "附件4.xlsx", "Sheet1", "accepted", "", WUTU, "2017-06", True, {"other": {"level_1": 1}}, [], ()
)
TOTAL = ("total", "", "error", "B9")


@pytest.mark.parametrize(
    ("was", "would", "lines"),
    [
        (Decision("accepted", (FORM,)), Decision("accepted", (FORM,)), []),
        (Decision("duplicate", (), 1), Decision("duplicate", (), 1), []),
        (Decision("ignored"), Decision("unreadable"), ["outcome: ignored -> unreadable"]),
        (
            Decision("accepted", (FORM,)),
            Decision("accepted", (replace(FORM, numbers={"other": {"level_1": 2}}),)),
            ["annex4 附件4.xlsx [Sheet1]: other level_1: 1 -> 2"],
        ),
        (
            Decision("accepted", (FORM,)),
            Decision("accepted", (replace(FORM, numbers={}, on_time=False, period="2017-07"),)),
            [
                "annex4 附件4.xlsx [Sheet1]: period: 2017-06 -> 2017-07",
                "annex4 附件4.xlsx [Sheet1]: on_time: True -> False",
                "annex4 附件4.xlsx [Sheet1]: other level_1: 1 -> None",
            ],
        ),
        (
            Decision("accepted", (FORM,)),
            Decision("accepted", (replace(FORM, content=[{"name": "x"}], findings=(TOTAL,)),)),
            [
                "annex4 附件4.xlsx [Sheet1]: rows: 0 -> 1, not the same",
                "annex4 附件4.xlsx [Sheet1]: finding new: total error B9",
            ],
        ),
        (
            Decision("accepted", (FORM,)),
            Decision("duplicate", (), 1),
            ["outcome: accepted -> duplicate", "repeats: 0 -> 1", "annex4 附件4.xlsx [Sheet1]: accepted -> -"],
        ),
        # two forms of one name are told apart by their order
        (
            Decision("accepted", (FORM, FORM)),
            Decision("accepted", (FORM, replace(FORM, unit=QIAOGUAN), FORM)),
            ["annex4 附件4.xlsx [Sheet1]: unit: 五图街道 -> 乔官镇", "annex4 附件4.xlsx [Sheet1]: - -> accepted"],
        ),
    ],
)
def test_each_difference_is_a_line(was: Decision, would: Decision, lines: list[str]) -> None:
    assert differences(was, would) == lines

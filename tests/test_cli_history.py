"""``explain NUMBER``: everything that is known about one report, and nothing of it changed by asking."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.config import load_config
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.model.mail import Place, RawMail
from bot.record import archive
from tests.books import VALUES
from tests.bots import FakeSender, appoint, at, build, config_file, first_run, letters, never, read_mailbox
from tests.mails import mail, report

WUTU, QIAOGUAN = "五图街道", "乔官镇"
LI = "li@wutu.test"
FIRST, SECOND = "2017-07-03T10:00", "2017-07-07T10:00"
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return config_file(tmp_path / "office")


@pytest.fixture
def call(config: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """The command in this process: exit status, what it printed, what it complained of."""
    monkeypatch.setenv("BOT_CONFIG", str(config))

    def calling(*args: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bot", *map(str, args)])
        capfd.readouterr()
        try:
            code: Any = main()
        except SystemExit as ended:
            code = ended.code
        said = capfd.readouterr()
        assert "Traceback" not in said.err, said.err
        return int(code or 0), said.out, said.err

    return calling


@pytest.fixture
def bot(config: Path) -> Iterator[Bot]:
    with build(load_config(config)) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, (WUTU, "李明", LI))
        yield made


def told(bot: Bot, data: bytes, when: str, uid: int) -> str:
    """A mail that is archived, worked off and answered; the number of the answer."""
    with bot.record.begin() as conn:
        archive.store(conn, RawMail(data, at(when)), Place("INBOX", 7, uid), at(when))
    work(bot, at(when), never)
    send_due(bot, FakeSender().open, at(when), never)
    return str(letters(bot)[-1].token)


@pytest.fixture
def numbers(bot: Bot) -> tuple[str, str]:
    """A report on time with a wrong sum, and its correction after the deadline."""
    wrong = told(bot, report(LI, total=33, subject="报送附件4"), FIRST, 1)
    return wrong, told(bot, report(LI, subject="更正"), SECOND, 2)


def test_explain_says_everything_about_a_receipt(call: Call, bot: Bot, numbers: tuple[str, str]) -> None:
    code, out, _ = call("explain", numbers[1], "--json")
    found = json.loads(out)
    assert code == 0
    # the letter, and the mail that it answers
    assert (found["number"], found["letter"]["letter"], found["letter"]["to"]) == (numbers[1], "receipt", LI)
    assert (found["letter"]["state"], found["letter"]["sent_at"]) == ("sent", "2017-07-07T10:00:00+08:00")
    came = found["mail"]
    assert (came["sender"], came["subject"], came["outcome"], came["attempts"]) == (LI, "更正", "accepted", 1)
    assert came["received_at"] == "2017-07-07T10:00:00+08:00"
    assert came["places"] == [{"folder": "INBOX", "uidvalidity": 7, "uid": 2, "filed": False}]
    assert len(came["sha256"]) == 64
    assert came["size"] > 1000
    # the report, and the other version of it
    (one,) = found["reports"]
    assert (one["form"], one["unit"], one["period"], one["version"]) == ("annex4", WUTU, "2017-06", 1)
    assert (one["outcome"], one["on_time"], one["numbers"]) == ("accepted", False, VALUES)
    assert (one["reporter"], one["phone"], one["superseded_by"], one["findings"]) == ("李明", "0536-6221234", None, [])
    assert [(o["outcome"], o["version"]) for o in one["others"]] == [("returned", None)]
    # every letter about it, and what happened, in order
    assert [letter["letter"] for letter in found["letters"]] == ["returned", "receipt"]
    happened = [event["what"] for event in found["events"]]
    for what in ("mail.archived", "report.accepted", "mail.accepted", "letter.queued", "letter.sent"):
        assert what in happened
    assert [e["at"] for e in found["events"]] == sorted(e["at"] for e in found["events"])


def test_explain_says_what_superseded_a_report_and_why_it_came_back(call: Call, numbers: tuple[str, str]) -> None:
    found = json.loads(call("explain", numbers[0], "--json")[1])
    (one,) = found["reports"]
    assert one["outcome"] == "returned"
    assert [(f["check_id"], f["severity"], f["place"]) for f in one["findings"]] == [("total", "error", "B9")]
    assert (one["superseded_by"]["outcome"], one["superseded_by"]["version"]) == ("accepted", 1)


def test_explain_of_a_reminder_tells_what_came_of_it(call: Call, bot: Bot) -> None:
    read_mailbox(bot, at("2017-07-05T09:00"))
    remind(bot, at("2017-07-05T09:00"))
    (reminder,) = (row for row in letters(bot) if row.letter.startswith("reminder"))
    told(bot, report(LI), SECOND, 1)
    found = json.loads(call("explain", reminder.token.lower(), "--json")[1])
    assert found["mail"] is None
    assert [(r["unit"], r["outcome"]) for r in found["reports"]] == [(WUTU, "accepted")]
    assert [letter["letter"] for letter in found["letters"]] == ["reminder_due", "receipt"]


def test_explain_of_a_report_that_waits_says_why_in_words(call: Call, bot: Bot) -> None:
    number = told(bot, report("stranger@x.test"), FIRST, 1)
    found = json.loads(call("explain", number, "--json")[1])
    assert found["reports"][0]["why"] == bot.rules.reasons.waiting["unknown_sender"]
    assert [item["kind"] for item in found["attention"]] == ["unknown_sender"]


def test_explain_of_a_letter_without_a_report(call: Call, bot: Bot) -> None:
    number = told(bot, mail(LI, "报送附件4"), FIRST, 1)
    found = json.loads(call("explain", number, "--json")[1])
    assert (found["letter"]["letter"], found["reports"]) == ("no_attachment", [])


def test_explain_shows_tables_to_people(call: Call, numbers: tuple[str, str]) -> None:
    code, out, _ = call("explain", numbers[0])
    assert code == 0
    for word in (numbers[0], "INBOX 7/1", "returned", "version 1", "B9", "letter.sent", "0536-6221234"):
        assert word in out


def test_explain_changes_nothing(call: Call, bot: Bot, numbers: tuple[str, str]) -> None:
    bot.record.close()
    folder = bot.config.paths.data
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert call("explain", numbers[0])[0] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("what", ["AAAAAAAA", "aaaaaaaa", "absent.eml", "AAAAAAAAA"])
def test_explain_of_what_does_not_exist(call: Call, config: Path, what: str) -> None:
    code, out, err = call("explain", what)
    assert (code, out) == (2, "")
    assert "no such file" in err
    assert not (config.parent / "data").exists()


def test_a_file_goes_before_a_number(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "AAAAAAAA").write_bytes(report(LI))
    code, out, _ = call("explain", "AAAAAAAA", "--json")
    assert (code, json.loads(out)["from"]) == (0, LI)


def test_no_log_line_says_what_explain_says(
    call: Call, numbers: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    call("explain", numbers[0])
    assert "0536-6221234" not in caplog.text
